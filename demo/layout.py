"""Which services make up the system on one machine, at which ports and URLs, with which environment."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from demo.home import Home
from demo.processes import Service

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Consecutive ports from a base."""

    api: int
    scoring: int
    mlflow: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        return cls(api=base, scoring=base + 1, mlflow=base + 2)

    def by_number(self) -> dict[int, str]:
        return {self.api: "profile API", self.scoring: "scoring", self.mlflow: "MLflow"}


def environment(home: Home, ports: Ports, *, database_url: str) -> dict[str, str]:
    """What every service and every command of the demo is told."""
    return {
        "PARCOURS_HOME": str(home.folder),
        "DATABASE_URL": database_url,
        "MLFLOW_TRACKING_URI": f"http://{_HOST}:{ports.mlflow}",
        "PARCOURS_SCORING_URL": f"http://{_HOST}:{ports.scoring}",
        # This machine's own traffic stays on this machine, and MLflow reports nothing to its makers.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "DO_NOT_TRACK": "true",
    }


def mlflow_service(home: Home, ports: Ports, shared: Mapping[str, str]) -> Service:
    """The registry: MLflow's own server, one process, on SQLite and a local folder.

    This is what `mlflow server --workers 1` starts, with the environment it gives to it. The command itself is a second
    process that imports all of MLflow again: seconds of every start, and a quarter of a gigabyte.
    """
    command = (
        *(
            sys.executable,
            "-m",
            "uvicorn",
            "mlflow.server.fastapi_app:app",
            "--host",
            _HOST,
            "--port",
            str(ports.mlflow),
        ),
        *("--log-level", "warning", "--no-access-log"),
    )
    own = {
        **shared,
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{home.mlflow / 'mlflow.db'}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(home.mlflow / "artifacts"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SGI_NAME": "uvicorn",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # The server must not take itself for a client of itself.
        "MLFLOW_TRACKING_URI": "",
    }
    return Service(
        name="mlflow",
        command=command,
        environment=own,
        port=ports.mlflow,
        health_url=f"http://{_HOST}:{ports.mlflow}/health",
    )


def scoring_service(ports: Ports, shared: Mapping[str, str]) -> Service:
    """Models in memory, predictions out."""
    return Service(
        name="scoring",
        command=_parcours("serve", "scoring", "--host", _HOST, "--port", str(ports.scoring)),
        environment=shared,
        port=ports.scoring,
        health_url=f"http://{_HOST}:{ports.scoring}/v2/health/ready",
    )


def api_service(ports: Ports, shared: Mapping[str, str]) -> Service:
    """The GraphQL API."""
    return Service(
        name="api",
        command=_parcours("serve", "api", "--host", _HOST, "--port", str(ports.api)),
        environment=shared,
        port=ports.api,
        health_url=f"http://{_HOST}:{ports.api}/readyz",
    )


def worker_service(shared: Mapping[str, str]) -> Service:
    """Keeps stored predictions fresh when customers change."""
    return Service(name="worker", command=_parcours("serve", "worker"), environment=shared)


def urls(ports: Ports) -> dict[str, str]:
    """Where to reach what, by the names of `services.json`."""
    api = f"http://{_HOST}:{ports.api}"
    return {
        "graphql": f"{api}/graphql",
        "graphql_ws": f"ws://{_HOST}:{ports.api}/graphql",
        "graphql_sse": f"{api}/graphql/stream",
        "metrics": f"{api}/metrics",
        "scoring": f"http://{_HOST}:{ports.scoring}",
        "mlflow": f"http://{_HOST}:{ports.mlflow}",
    }


def _parcours(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "parcours", *arguments)
