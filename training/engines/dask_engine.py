"""Dask: pieces of the snapshot are computed and scored by its workers, and LightGBM's Dask interface grows the trees.

The workers read the snapshot and the model set where they are: their folders must be reachable from all of them.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import dask
import dask.array as da
import numpy as np
import numpy.typing as npt
from distributed import Client, Future, KilledWorker, LocalCluster
from distributed.comm import CommClosedError
from lightgbm import Booster, register_logger
from lightgbm.dask import DaskLGBMClassifier, DaskLGBMRegressor

from customer.errors import ParcoursError
from training.data.engine import MAX_BIN, Growth, Item, LocalEngine, Result
from training.data.pieces import usable_cores
from training.engines.started_processes import log_file, words_to

_CONNECT_S = 30


class DaskFailedError(ParcoursError):
    """A cluster could not be reached, or lost its workers."""

    def __init__(self, error: Exception, question: str) -> None:
        super().__init__(f"Dask failed ({type(error).__name__}: {error}); {question}")


class DaskEngine(LocalEngine):
    """The workers of one cluster. The sources of features are those of one machine, computed elsewhere."""

    def __init__(self, client: Client) -> None:
        self._client = client
        log = logging.getLogger("lightgbm")
        log.addFilter(_is_news)
        register_logger(log)  # else its Dask interface prints, among the results
        self._growing = threading.Lock()  # two boosters at once would wait for each other's workers for ever

    def in_order(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        waiting: deque[Future] = deque()
        for item in items:
            waiting.append(self._client.submit(function, item, pure=False))
            if len(waiting) > self._threads():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def grow(self, growth: Growth) -> Booster:
        model = DaskLGBMClassifier if growth.parameters["objective"] == "binary" else DaskLGBMRegressor
        # Dask gives each worker's part of the work the threads of that worker.
        parameters = {name: value for name, value in growth.parameters.items() if name != "num_threads"}
        with self._growing:
            grown = model(client=self._client, n_estimators=growth.trees, max_bin=MAX_BIN, **parameters).fit(
                self._spread(growth.inputs),
                self._spread(growth.label),
                init_score=None if growth.start is None else self._spread(growth.start),
                feature_name=growth.names,
            )
        booster: Booster = grown.booster_
        return booster

    def _spread(self, rows: npt.NDArray[Any]) -> da.Array:
        """Every n-th row on each of n workers, the same ones each time.

        Each worker finds the bins of some of the inputs from its own rows alone, so its rows must be like all rows;
        they come sorted by their age.
        """
        workers = sorted(self._threads_of_workers())
        parts = []
        for number, worker in enumerate(workers):
            part = np.ascontiguousarray(rows[number :: len(workers)])
            future = self._client.scatter(part, workers=[worker], hash=False)
            parts.append(da.from_delayed(dask.delayed(future), shape=part.shape, dtype=part.dtype))
        return da.concatenate(parts)

    def _threads(self) -> int:
        return max(sum(self._threads_of_workers().values()), 1)

    def _threads_of_workers(self) -> dict[str, int]:
        found: dict[str, int] = self._client.nthreads()
        return found


def _is_news(record: logging.LogRecord) -> bool:
    """The interface warns of its own default."""
    return not record.getMessage().startswith("Parameter n_jobs")


@contextmanager
def open_dask() -> Iterator[DaskEngine]:
    """Dask's own setting `scheduler-address` (DASK_SCHEDULER_ADDRESS) names a cluster; without it, one starts here with
    a worker for each core and ends with the block. Errors: DaskFailedError."""
    address = dask.config.get("scheduler-address", None)
    try:
        with _own_cluster() if address is None else _connected(str(address)) as client:
            yield DaskEngine(client)
    except (KilledWorker, CommClosedError) as error:
        raise DaskFailedError(error, "its workers died: do they have too little memory?") from error


def _connected(address: str) -> Client:
    try:
        return Client(address, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise DaskFailedError(error, f"is a scheduler at {address!r} (DASK_SCHEDULER_ADDRESS)?") from error


@contextmanager
def _own_cluster() -> Iterator[Client]:
    with log_file("dask") as log:
        with words_to(log):
            cluster = LocalCluster(
                n_workers=usable_cores(), threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
                silence_logs=logging.ERROR,
            )  # fmt: skip
        with cluster, Client(cluster) as client:
            yield client
