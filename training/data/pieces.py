"""How work over a snapshot is cut into pieces of bounded memory and shared between the cores of this machine."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from training.data.snapshot import Snapshot

ROWS_AT_ONCE = 50_000
"""The features of so many rows take some 500 MB while they are computed, and one core some two seconds."""
FACTS_AT_ONCE = 4_000_000
"""Each row is joined with all facts of its customer: so many of them take some 450 MB. More would be spilled, slower
than in pieces, and where the joins of two pieces cannot be spilled, memory would run out."""


Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive rows of a spine, all of one bucket."""

    bucket: int
    rows: pa.Table


def pieces(snapshot: Snapshot, spine: pa.Table) -> Iterator[Piece]:
    """The spine's rows in its order, in about equal parts of a bucket."""
    rows_at_once = _rows_at_once(snapshot)
    for bucket in range(snapshot.bucket_count):
        rows = spine.filter(pc.equal(spine["bucket"], bucket))
        parts = -(-rows.num_rows // rows_at_once)
        for part in range(parts):
            start, end = (rows.num_rows * number // parts for number in (part, part + 1))
            yield Piece(bucket, rows.slice(start, end - start))


def _rows_at_once(snapshot: Snapshot) -> int:
    facts_of_customer = sum(snapshot.row_counts.values()) / max(snapshot.customer_count, 1)
    return max(min(ROWS_AT_ONCE, int(FACTS_AT_ONCE / max(facts_of_customer, 1.0))), 1)


def usable_cores() -> int:
    """The cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, lanes: int | None = None
) -> Iterator[Result]:
    """The function of each item, in the items' order, as many at once as there are cores.

    Results not yet asked for are bounded too: at most one more than there are lanes.
    """
    lanes = lanes or usable_cores()
    with ThreadPoolExecutor(lanes) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > lanes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
