"""`make bench-scoring`: our scoring service beside other model servers, same models, same rows, rounds interleaved.

Every server runs two workers with one LightGBM thread each and answers all models in one request. Answers are proven
equal first; rows differ between requests. CPU per request is that of the server's whole process tree. Peers live in
environments of their own under `.parcours/bench/`, made by this program; one that cannot be installed is left out and
said so.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.scoring_peers.batch import make_vectors
from benchmarks.scoring_peers.mlflow_model import save as save_mlflow_model
from customer.features.definitions import FEATURE_NAMES, FEATURE_SET
from tests.small_models import AS_OF, SmallModels, train_bench_models

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".parcours" / "bench"
RESULTS = ROOT / "benchmarks" / "results" / "scoring.json"
PEER_PACKAGES = {
    "mlserver": ["mlserver", "mlserver-lightgbm", "uvloop<0.22", "numba", "scipy"],
    "bentoml": ["bentoml", "lightgbm", "pandas", "numba", "scipy"],
}
Encode = Callable[[SmallModels, Sequence[int], int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """How many rows a request has, how many drivers it asks for, and how many requests make a round."""

    name: str
    rows: int
    drivers: int
    requests: int
    clients: tuple[int, ...] = (1,)


WORKLOADS = (
    Workload(name="one_row", rows=1, drivers=0, requests=300, clients=(1, 16, 64)),
    Workload(name="drivers", rows=1, drivers=5, requests=80),
    Workload(name="hundred_rows", rows=100, drivers=0, requests=30),
)


@dataclass(slots=True, kw_only=True)
class Server:
    """A running server: where to post, how to word a request, how to read churn probabilities from the answer."""

    name: str
    url: str
    encode: Encode
    read: Callable[[Any], list[float]]
    process: psutil.Process
    rounds: list[dict[str, Any]] = field(default_factory=list)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--quick", action="store_true", help="one round, a tenth of the batch: under three minutes")
    arguments.add_argument("--batch-rows", type=int, default=1_000_000, help="0 leaves the batch out")
    arguments.add_argument("--without", default="", help="peers to leave out, comma-separated")
    arguments.add_argument("--port-base", type=int, default=18600)
    chosen = arguments.parse_args()
    rounds, batch_rows = (1, chosen.batch_rows // 10) if chosen.quick else (chosen.rounds, chosen.batch_rows)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="bench-scoring-") as scratch, ExitStack() as stack:
        console.print("training the models that every server serves")
        models = train_bench_models(Path(scratch))
        servers = []
        for number, start in enumerate((_ours, _mlflow, _fastapi, _mlserver, _bentoml)):
            if start.__name__[1:] in chosen.without.split(","):
                continue
            server = stack.enter_context(start(models, chosen.port_base + 10 * number, Path(scratch)))
            if server is None:
                console.print(f"[yellow]{start.__name__[1:]} could not be installed or started; left out")
            else:
                servers.append(server)
        _prove_equal(servers, models)
        for number in range(rounds):
            for workload in WORKLOADS:
                for server in servers:
                    _run(server, models, workload, number)
                console.print(f"round {number + 1}: {workload.name}")
        batch = _batch(models, Path(scratch), batch_rows) if batch_rows else None
    result = _result(servers) | {"batch": batch}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    console.print(_table(result))


def _prove_equal(servers: Sequence[Server], models: SmallModels) -> None:
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


def _run(server: Server, models: SmallModels, workload: Workload, number: int) -> None:
    for clients in workload.clients:
        bodies = _bodies(server, models, workload, number)
        before, began = _cpu_s(server.process), time.perf_counter()
        latencies = _load(server.url, bodies, clients)
        seconds, cpu = time.perf_counter() - began, _cpu_s(server.process) - before
        server.rounds.append(
            {
                "workload": workload.name, "round": number, "clients": clients, "requests": len(bodies),
                "rps": len(bodies) / seconds, "cpu_ms": 1000 * cpu / len(bodies),
                "p50_ms": 1000 * statistics.median(latencies),
                "p99_ms": 1000 * sorted(latencies)[int(0.99 * len(latencies))],
            }
        )  # fmt: skip


def _bodies(server: Server, models: SmallModels, workload: Workload, number: int) -> list[bytes]:
    total = len(models.rows)
    return [
        server.encode(
            models,
            [(number * 7919 + request * workload.rows + row) % total for row in range(workload.rows)],
            workload.drivers,
        )
        for request in range(workload.requests)
    ]


def _load(url: str, bodies: list[bytes], clients: int) -> list[float]:
    """Latencies of all requests by so many clients, each with one connection."""
    waiting, latencies = iter(bodies), []
    lock = threading.Lock()

    def work() -> None:
        with httpx.Client(timeout=60, trust_env=False) as client:
            while True:
                with lock:
                    body = next(waiting, None)
                if body is None:
                    return
                began = time.perf_counter()
                client.post(url, content=body, headers={"content-type": "application/json"}).raise_for_status()
                latencies.append(time.perf_counter() - began)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies


def _cpu_s(process: psutil.Process) -> float:
    """User and system time of the process and all it started."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def _batch(models: SmallModels, scratch: Path, rows: int) -> dict[str, Any]:
    """CPU per row and memory of scoring Parquet files: ours the whole one, the usual way a tenth of it."""
    found: dict[str, Any] = {}
    for how, size in (("ours", rows), ("usual", max(rows // 10, 1))):
        source = scratch / f"{how}.parquet"
        make_vectors(models.matrix, list(FEATURE_NAMES), size, source)
        command = [sys.executable, "-m", "benchmarks.scoring_peers.batch", how, str(models.folder), str(source)]
        finished = subprocess.run(
            [*command, str(scratch / f"{how}-out.parquet")], check=True, capture_output=True, text=True, timeout=3600,
            env={**os.environ, "OMP_NUM_THREADS": "1"}, cwd=ROOT,
        )  # fmt: skip
        found[how] = {"rows": size, **json.loads(finished.stdout)}
        found[how]["cpu_us_per_row"] = round(1e6 * found[how]["cpu_s"] / size, 1)
    mean = {how: one["churn_sum"] / one["rows"] for how, one in found.items()}
    whole = all(one["rows"] % len(models.matrix) == 0 for one in found.values())  # the same customers equally often
    if whole and abs(mean["ours"] - mean["usual"]) > 1e-9:
        raise SystemExit(f"the batches answer differently: {mean}")
    found["ratio"] = round(found["usual"]["cpu_us_per_row"] / found["ours"]["cpu_us_per_row"], 2)
    return found


@contextmanager
def _running(command: list[str], health: str, **environment: str) -> Iterator[psutil.Process | None]:
    """The process, once it answers; None when it does not within two minutes."""
    own = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'services'}",
        "PATH": f"{Path(command[0]).parent}:{os.environ['PATH']}",  # MLflow starts uvicorn by name
        **environment,
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=own, stdout=log, stderr=log, cwd=ROOT)
        try:
            yield psutil.Process(process.pid) if _answers(health, process) else None
        finally:
            for one in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
                one.kill()
            process.kill()
            process.wait(timeout=20)


def _answers(url: str, process: "subprocess.Popen[bytes]") -> bool:
    for _ in range(240):
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code < 500:
                time.sleep(3)  # the other worker
                return True
        except httpx.HTTPError:
            if process.poll() is not None:
                return False
        time.sleep(0.5)
    return False


@contextmanager
def _ours(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    def encode(models: SmallModels, rows: Sequence[int], drivers: int) -> bytes:
        return msgspec.json.encode(
            {
                "feature_set": FEATURE_SET, "as_of": AS_OF, "columns": FEATURE_NAMES,
                "rows": [models.rows[row] for row in rows], "drivers": drivers,
            }
        )  # fmt: skip

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
    with _running([*command, "--processes", "2"], f"http://127.0.0.1:{port}/v2/health/ready") as process:
        yield process and Server(
            name="parcours",
            url=f"http://127.0.0.1:{port}/v1/score",
            encode=encode,
            read=lambda answer: [one["churn"]["probability"] for one in answer["predictions"]],
            process=process,
        )


def _frame(form: str) -> Encode:
    def encode(models: SmallModels, rows: Sequence[int], drivers: int) -> bytes:
        data = [[None if value != value else value for value in models.matrix[row].tolist()] for row in rows]
        frame = {"columns": FEATURE_NAMES, "data": data}
        if form == "mlflow":
            return msgspec.json.encode({"dataframe_split": frame, "params": {"drivers": drivers}})
        return msgspec.json.encode({**frame, "drivers": drivers})

    return encode


def _read_records(answer: Any) -> list[float]:
    return [one["churn_probability"] for one in answer["predictions"]]


@contextmanager
def _mlflow(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    save_mlflow_model(models.folder, scratch / "mlflow")
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(scratch / "mlflow"), "-p", str(port)]
    with _running([*command, "--env-manager", "local", "--workers", "2"], f"http://127.0.0.1:{port}/ping") as process:
        url = f"http://127.0.0.1:{port}/invocations"
        yield process and Server(name="mlflow", url=url, encode=_frame("mlflow"), read=_read_records, process=process)


@contextmanager
def _fastapi(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    command = [sys.executable, "-m", "uvicorn", "benchmarks.scoring_peers.fastapi_app:app", "--port", str(port)]
    health = f"http://127.0.0.1:{port}/docs"
    with _running([*command, "--workers", "2"], health, BENCH_MODELS=str(models.folder)) as process:
        url = f"http://127.0.0.1:{port}/predict"
        yield process and Server(name="fastapi", url=url, encode=_frame("plain"), read=_read_records, process=process)


@contextmanager
def _bentoml(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    python = _environment("bentoml")
    if python is None:
        yield None
        return
    command = [str(python), "-m", "bentoml", "serve", "benchmarks.scoring_peers.bentoml_service:Scoring"]
    health = f"http://127.0.0.1:{port}/readyz"
    with _running([*command, "-p", str(port)], health, BENCH_MODELS=str(models.folder)) as process:
        url = f"http://127.0.0.1:{port}/predict"
        yield process and Server(name="bentoml", url=url, encode=_frame("plain"), read=_read_records, process=process)


@contextmanager
def _mlserver(models: SmallModels, port: int, scratch: Path) -> Iterator[Server | None]:
    python = _environment("mlserver")
    if python is None:
        yield None
        return
    folder = scratch / "mlserver"
    folder.mkdir()
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2}
    settings = {**ports, "parallel_workers": 2, "host": "127.0.0.1", "metrics_dir": str(folder / "metrics")}
    (folder / "settings.json").write_text(json.dumps(settings))
    runtime = "benchmarks.scoring_peers.mlserver_runtime.Runtime"
    model = {"name": "all", "implementation": runtime, "parameters": {"uri": str(models.folder)}}
    (folder / "model-settings.json").write_text(json.dumps(model))
    command = [str(python.parent / "mlserver"), "start", str(folder)]
    with _running(command, f"http://127.0.0.1:{port}/v2/models/all/ready") as process:
        yield process and Server(
            name="mlserver",
            url=f"http://127.0.0.1:{port}/v2/models/all/infer",
            encode=_tensors,
            read=lambda answer: [json.loads(one)["churn_probability"] for one in answer["outputs"][0]["data"]],
            process=process,
        )


def _tensors(models: SmallModels, rows: Sequence[int], drivers: int) -> bytes:
    columns = models.matrix[list(rows)].T.tolist()
    inputs = [
        {
            "name": name, "shape": [len(rows), 1], "datatype": "FP64",
            "data": [None if value != value else value for value in column],
        }
        for name, column in zip(FEATURE_NAMES, columns, strict=True)
    ]  # fmt: skip
    body = {"inputs": inputs, "parameters": {"content_type": "pd", "drivers": drivers}}
    return json.dumps(body).encode()


def _environment(peer: str) -> Path | None:
    """The Python of a peer's own environment, made when absent; None when its packages cannot be installed."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        install = [str(python), "-m", "pip", "install", "--quiet"]
        try:
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=120)
            subprocess.run([*install, *PEER_PACKAGES[peer]], check=True, timeout=1800)
        except (subprocess.SubprocessError, OSError):
            return None
        (folder / "installed").touch()
    return python


def _result(servers: Sequence[Server]) -> dict[str, Any]:
    cpu = {
        (server.name, workload.name): statistics.median(
            one["cpu_ms"] for one in server.rounds if one["workload"] == workload.name and one["clients"] == 1
        )
        for server in servers
        for workload in WORKLOADS
    }
    ratios = {
        f"{workload.name}_vs_{server.name}": round(cpu[server.name, workload.name] / cpu["parcours", workload.name], 2)
        for server in servers
        if server.name != "parcours"
        for workload in WORKLOADS
    }
    return {
        "machine": {"cpus": os.cpu_count(), "processor": platform.machine(), "load": os.getloadavg()},
        "versions": {name: version(name) for name in ("parcours", "lightgbm", "mlflow", "fastapi", "numpy")},
        "cpu_ms_per_request": {f"{name}: {workload}": round(value, 3) for (name, workload), value in cpu.items()},
        "ratios": ratios,
        "rounds": {server.name: server.rounds for server in servers},
    }


def _table(result: dict[str, Any]) -> Table:
    table = Table(title="CPU per request, median of the rounds, one client")
    for column in ("server: workload", "ms"):
        table.add_column(column)
    for name, value in result["cpu_ms_per_request"].items():
        table.add_row(name, f"{value:.2f}")
    return table


if __name__ == "__main__":
    main()
