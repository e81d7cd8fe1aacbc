"""`make bench-scoring`: our scoring service beside other model servers, same models, same rows, rounds interleaved.

Every server runs two workers with one LightGBM thread each and answers all models in one request. Answers are proven
equal first; rows differ between requests. CPU per request is that of the server's whole process tree. Peers live in
environments of their own under `.parcours/bench/`, made by this program; one that cannot be installed is left out and
said so.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.scoring.load import WORKLOADS, run
from benchmarks.scoring.peers.batch import make_vectors
from benchmarks.scoring.processes import ROOT
from benchmarks.scoring.report import result_of, table
from benchmarks.scoring.servers import SERVERS, prove_equal
from customer.features.definitions import FEATURE_NAMES
from tests.small_models import SmallModels, train_bench_models

RESULTS = ROOT / "benchmarks" / "results" / "scoring.json"


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
        for number, start in enumerate(SERVERS):
            if start.__name__ in chosen.without.split(","):
                continue
            server = stack.enter_context(start(models, chosen.port_base + 10 * number, Path(scratch)))
            if server is None:
                console.print(f"[yellow]{start.__name__} could not be installed or started; left out")
            else:
                servers.append(server)
        prove_equal(servers, models)
        for number in range(rounds):
            for workload in WORKLOADS:
                for server in servers:
                    run(server, models, workload, number)
                console.print(f"round {number + 1}: {workload.name}")
        batch = _batch(models, Path(scratch), batch_rows) if batch_rows else None
    result = result_of(servers) | {"batch": batch}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    console.print(table(result))


def _batch(models: SmallModels, scratch: Path, rows: int) -> dict[str, Any]:
    """CPU per row and memory of scoring Parquet files: ours the whole one, the usual way a tenth of it."""
    found: dict[str, Any] = {}
    for how, size in (("ours", rows), ("usual", max(rows // 10, 1))):
        source = scratch / f"{how}.parquet"
        make_vectors(models.matrix, list(FEATURE_NAMES), size, source)
        command = [sys.executable, "-m", "benchmarks.scoring.peers.batch", how, str(models.folder), str(source)]
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


if __name__ == "__main__":
    main()
