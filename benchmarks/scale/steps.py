"""The measured steps, each run alone in a process of its own: `python -m benchmarks.scale.steps STEP ARGUMENTS`."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.scale.synthetic_facts import AS_OF, END

_TIMEOUT_S = 1200


@dataclass(frozen=True, slots=True)
class Effort:
    """What a step took."""

    rows: int
    wall_s: float
    cpu_s: float
    peak_mb: float

    @property
    def rows_per_s(self) -> int:
        return round(self.rows / self.wall_s)


def features(folder: str) -> int:
    """Every feature of every customer of a snapshot at one cutoff."""
    from training.data.engine import LOCAL
    from training.data.snapshot import open_snapshot
    from training.data.spine import build_spine

    snapshot = open_snapshot(Path(folder))
    sources = LOCAL.sources(snapshot, build_spine(snapshot, [AS_OF]))
    return sum(LOCAL.in_order(lambda source: source().num_rows, sources))


def train(orders: str, models: str) -> int:
    """The whole command, by the quick recipe; the rows are those of the file."""
    from pyarrow.parquet import read_metadata

    _parcours("train", "--orders", orders, "--horizon", "90", "--quick", "--out", models)
    return int(read_metadata(orders).num_rows)


def predict(orders: str, models: str, out: str) -> int:
    """The whole command: reads the order file, computes features, scores, writes the predictions file."""
    return int(_parcours("predict", "--orders", orders, "--models", models, "--out", out)["rows"])


def export(database_url: str, folder: str) -> int:
    """A snapshot of a whole database."""
    from training.data.database_snapshot import snapshot_from_database

    snapshot = snapshot_from_database(database_url, Path(folder), known_before=END)
    return sum(snapshot.row_counts.values()) - snapshot.customer_count


_STEPS: dict[str, Callable[..., int]] = {"features": features, "train": train, "predict": predict, "export": export}


def measured(step: str, *arguments: str) -> Effort:
    """Runs the step where nothing else adds to its time and memory."""
    command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, step, *arguments]
    finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=_TIMEOUT_S)
    return Effort(**json.loads(finished.stdout))


def _parcours(command: str, *options: str) -> dict[str, object]:
    words = [sys.executable, "-m", "parcours", command, "--as-of", AS_OF.date().isoformat(), "--json", *options]
    finished = subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found: dict[str, object] = json.loads(finished.stdout)
    return found


def _main(step: str, *arguments: str) -> None:
    started = time.perf_counter()
    rows = _STEPS[step](*arguments)
    wall = time.perf_counter() - started
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    peak = max(_own_peak_kb(own.ru_maxrss), children.ru_maxrss)
    print(json.dumps(asdict(Effort(rows, round(wall, 2), round(cpu, 2), round(peak / 1024, 1)))))


def _own_peak_kb(maximum_kb: int) -> int:
    """The peak of this program alone: Linux hands a parent's own maximum on to the child it starts."""
    status = Path("/proc/self/status")
    if not status.exists():
        return maximum_kb
    [peak] = [int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return peak


if __name__ == "__main__":
    _main(*sys.argv[1:])
