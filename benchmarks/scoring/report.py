"""What the rounds come to: CPU per request, how it compares, a table."""

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from rich.table import Table

from benchmarks.scoring.load import WORKLOADS
from benchmarks.scoring.servers import Server


def result_of(servers: Sequence[Server]) -> dict[str, Any]:
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


def table(result: dict[str, Any]) -> Table:
    shown = Table(title="CPU per request, median of the rounds, one client")
    for column in ("server: workload", "ms"):
        shown.add_column(column)
    for name, value in result["cpu_ms_per_request"].items():
        shown.add_row(name, f"{value:.2f}")
    return shown
