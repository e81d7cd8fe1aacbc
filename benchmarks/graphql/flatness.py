"""How answer times grow with the company: `python -m benchmarks.graphql.flatness` writes `graphql_flatness.json`.

One client asks our server each operation, companies taking turns; what counts is the ratio of the medians.
"""

import argparse
import json
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import median
from typing import Any

from benchmarks.graphql.__main__ import bodies_file, pinned_database, write_all_bodies
from benchmarks.graphql.company import agent_token, prepared_company
from benchmarks.graphql.load import measure, required_tool
from benchmarks.graphql.operations import OPERATIONS
from benchmarks.graphql.servers import ROOT, Server, servers

RESULTS = ROOT / "benchmarks" / "results" / "graphql_flatness.json"


def run(sizes: list[int], rounds: int, seconds: int, port: int) -> dict[str, Any]:
    """The medians of every size and operation, and how the largest compares with the smallest."""
    urls = {size: prepared_company(size) for size in sizes}
    database_pid, server_core, cores = pinned_database(apart=False)
    found: dict[str, dict[int, list[float]]] = {name: {size: [] for size in sizes} for name in OPERATIONS}
    with ExitStack() as stack:
        started: dict[int, Server] = {}
        for place, (size, url) in enumerate(urls.items()):
            token = agent_token(url)
            [server] = stack.enter_context(servers(url, port + place, server_core, token, frozenset()))
            started[size] = server
        for number in range(-1, rounds):  # the first round warms up
            for operation, by_size in found.items():
                for size, server in started.items():
                    write_all_bodies(server, size)
                    load = measure(
                        server, bodies_file(server, operation), clients=1, seconds=seconds,
                        database_pid=database_pid, cores=cores, start=(number + 1) * 1009,
                    )  # fmt: skip
                    if number >= 0:
                        by_size[size].append(load.p50_ms)
    p50_ms = {name: {size: round(median(all_), 3) for size, all_ in by_size.items()} for name, by_size in found.items()}
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        "seconds": seconds,
        "p50_ms": p50_ms,
        "largest_to_smallest": {
            name: round(by_size[max(sizes)] / by_size[min(sizes)], 2) for name, by_size in p50_ms.items()
        },
    }


def main() -> None:
    required_tool()
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graphql.flatness")
    parser.add_argument("--sizes", default="10000,200000,1000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--port", type=int, default=21500)
    given = parser.parse_args()
    result = run([int(size) for size in given.sizes.split(",")], given.rounds, given.seconds, given.port)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
