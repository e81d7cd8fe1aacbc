"""What the rounds say: medians, ratios, and a table for people."""

from statistics import median
from typing import Any

from benchmarks.graphql.servers import PARCOURS

Row = dict[str, Any]
_FIGURES = (
    "rps", "p50_ms", "p99_ms", "server_cpu_us", "database_cpu_us", "load_cpu_us", "bytes_per_answer", "failures"
)  # fmt: skip
_COLUMNS = (("rps", 10), ("p50_ms", 9), ("p99_ms", 9), ("server_cpu_us", 9), ("database_cpu_us", 9), ("load_cpu_us", 9))


def summary(rounds: list[Row]) -> list[Row]:
    """Medians over the rounds."""
    keys = sorted({(row["operation"], row["clients"], row["server"]) for row in rounds})
    lines = []
    for operation, clients, server in keys:
        mine = [
            row for row in rounds if (row["operation"], row["clients"], row["server"]) == (operation, clients, server)
        ]
        line: Row = {"operation": operation, "clients": clients, "server": server}
        for figure in _FIGURES:
            known = [row[figure] for row in mine if figure in row]
            if known:
                line[figure] = round(median(known), 2)
        lines.append(line)
    return lines


def ratios(lines: list[Row]) -> dict[str, float]:
    """How many times the best throughput of each peer; at the most clients, how many times less server CPU per request,
    and how many times shorter the slowest hundredth."""
    found: dict[str, float] = {}
    for operation in sorted({line["operation"] for line in lines}):
        mine = [line for line in lines if line["operation"] == operation and line["rps"] > 0]
        ours = [line for line in mine if line["server"] == PARCOURS]
        for peer in sorted({line["server"] for line in mine} - {PARCOURS}):
            theirs = [line for line in mine if line["server"] == peer]
            found[f"{operation}_rps_vs_{peer}"] = _ratio(max(map(_rps, ours)), max(map(_rps, theirs)))
            busiest, their_busiest = max(ours, key=_clients), max(theirs, key=_clients)
            for name, figure in (("server_cpu", "server_cpu_us"), ("p99", "p99_ms")):
                if figure in their_busiest:
                    found[f"{operation}_{name}_vs_{peer}"] = _ratio(their_busiest[figure], busiest[figure])
    return found


def _ratio(one: float, other: float) -> float:
    return round(one / other, 2)


def _rps(line: Row) -> float:
    return float(line["rps"])


def _clients(line: Row) -> int:
    return int(line["clients"])


def table(lines: list[Row]) -> str:
    """The summary for people."""
    text = [
        f"{'operation':10}{'clients':>8} {'server':16}{'rps':>10}{'p50 ms':>9}{'p99 ms':>9}"
        f"{'cpu µs':>9}{'db µs':>9}{'load µs':>9}"
    ]
    for line in lines:
        cells = "".join(f"{line[name]:>{width}.1f}" if name in line else " " * width for name, width in _COLUMNS)
        text.append(f"{line['operation']:10}{line['clients']:>8} {line['server']:16}{cells}")
    return "\n".join(text)
