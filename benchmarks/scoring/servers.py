"""The servers compared: two workers each, one LightGBM thread per worker, all models answered in one request."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.scoring.peers.mlflow_model import save as save_mlflow_model
from benchmarks.scoring.processes import environment, running
from benchmarks.scoring.wordings import Encode, frame, read_records, score, tensors
from tests.small_models import SmallModels


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server: where to post, how to word a request, how to read churn probabilities from the answer."""

    name: str
    url: str
    encode: Encode
    read: Callable[[Any], list[float]]
    process: psutil.Process
    rounds: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def ours(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    command = [
        sys.executable,
        "-m",
        "parcours",
        "serve",
        "scoring",
        "--models",
        str(models.folder),
        "--port",
        str(port),
    ]
    with running([*command, "--processes", "2"], f"http://127.0.0.1:{port}/v2/health/ready") as process:
        yield process and Server(
            name="parcours",
            url=f"http://127.0.0.1:{port}/v1/score",
            encode=score,
            read=lambda answer: [one["churn"]["probability"] for one in answer["predictions"]],
            process=process,
        )


@contextmanager
def mlflow(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    save_mlflow_model(models.folder, scratch / "mlflow")
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(scratch / "mlflow"), "-p", str(port)]
    with running([*command, "--env-manager", "local", "--workers", "2"], f"http://127.0.0.1:{port}/ping") as process:
        url = f"http://127.0.0.1:{port}/invocations"
        yield process and Server(name="mlflow", url=url, encode=frame("mlflow"), read=read_records, process=process)


@contextmanager
def fastapi(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    command = [sys.executable, "-m", "uvicorn", "benchmarks.scoring.peers.fastapi_app:app", "--port", str(port)]
    health = f"http://127.0.0.1:{port}/docs"
    with running([*command, "--workers", "2"], health, BENCH_MODELS=str(models.folder)) as process:
        url = f"http://127.0.0.1:{port}/predict"
        yield process and Server(name="fastapi", url=url, encode=frame("plain"), read=read_records, process=process)


@contextmanager
def bentoml(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    python = environment("bentoml")
    if python is None:
        yield None
        return
    command = [str(python), "-m", "bentoml", "serve", "benchmarks.scoring.peers.bentoml_service:Scoring"]
    health = f"http://127.0.0.1:{port}/readyz"
    with running([*command, "-p", str(port)], health, BENCH_MODELS=str(models.folder)) as process:
        url = f"http://127.0.0.1:{port}/predict"
        yield process and Server(name="bentoml", url=url, encode=frame("plain"), read=read_records, process=process)


@contextmanager
def mlserver(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    python = environment("mlserver")
    if python is None:
        yield None
        return
    folder = scratch / "mlserver"
    folder.mkdir()
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    settings = {**ports, "parallel_workers": 2, "host": "127.0.0.1", "metrics_dir": str(folder / "metrics")}
    (folder / "settings.json").write_text(json.dumps(settings))
    runtime = "benchmarks.scoring.peers.mlserver_runtime.Runtime"
    model = {"name": "all", "implementation": runtime, "parameters": {"uri": str(models.folder)}}
    (folder / "model-settings.json").write_text(json.dumps(model))
    command = [str(python.parent / "mlserver"), "start", str(folder)]
    with running(command, f"http://127.0.0.1:{port}/v2/models/all/ready") as process:
        yield process and Server(
            name="mlserver",
            url=f"http://127.0.0.1:{port}/v2/models/all/infer",
            encode=tensors,
            read=lambda answer: [json.loads(one)["churn_probability"] for one in answer["outputs"][0]["data"]],
            process=process,
        )


SERVERS = (ours, mlflow, fastapi, mlserver, bentoml)


def prove_equal(servers: Sequence[Server], models: SmallModels) -> None:
    rows = range(20)
    answers = {server.name: _ask(server, models, rows, 0) for server in servers}
    ours = answers["parcours"]
    for name, found in answers.items():
        worst = max(abs(a - b) for a, b in zip(ours, found, strict=True))
        if worst > 1e-9:
            raise SystemExit(f"{name} answers differently, by up to {worst}")


def _ask(server: Server, models: SmallModels, rows: Sequence[int], drivers: int) -> list[float]:
    with httpx.Client(timeout=60, trust_env=False) as client:
        answer = client.post(
            server.url,
            content=server.encode(models, rows, drivers),
            headers={"content-type": "application/json"},
        )
        answer.raise_for_status()
        return server.read(answer.json())
