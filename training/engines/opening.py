"""How an engine is opened by its name, and what it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from customer.errors import ParcoursError
from training.data.engine import LOCAL, Engine
from training.engines.names import EngineName

_NEEDED: dict[EngineName, tuple[str, ...]] = {
    EngineName.LOCAL: (),
    EngineName.DASK: ("dask", "distributed"),
    EngineName.SPARK: ("pyspark", "sqlglot"),
}


class EngineMissingError(ParcoursError):
    """An engine was asked for whose packages are not installed."""

    def __init__(self, engine: EngineName, missing: list[str]) -> None:
        super().__init__(
            f"--engine {engine} needs {' and '.join(missing)}, which are not installed here; "
            f"install them with `pip install 'parcours[training,{engine}]'`, or leave --engine out"
        )


@contextmanager
def open_engine(name: EngineName) -> Iterator[Engine]:
    """The engine until the end of the block; then its processes are gone. Errors: EngineMissingError."""
    missing = [package for package in _NEEDED[name] if find_spec(package) is None]
    if missing:
        raise EngineMissingError(name, missing)
    if name is EngineName.DASK:
        from training.engines.dask_engine import open_dask

        with open_dask() as engine:
            yield engine
    elif name is EngineName.SPARK:
        from training.engines.spark_engine import open_spark

        with open_spark() as engine:
            yield engine
    else:
        yield LOCAL
