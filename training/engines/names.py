"""Which engines there are."""

from enum import StrEnum


class EngineName(StrEnum):
    LOCAL = "local"
    DASK = "dask"
    SPARK = "spark"
