"""What can be wrong with an order file as a whole; what is wrong with single rows goes to `order_reject`."""

from collections.abc import Iterable
from pathlib import Path

from customer.errors import CustomerError


class OrderFileError(CustomerError):
    """A file cannot be read as orders at all."""


class OrderFileNotFoundError(OrderFileError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"no file {str(path)!r}; give the path of a CSV, CSV.gz or Parquet file")


class UnknownFormatError(OrderFileError):
    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot tell the format of {path.name!r}: expected a name ending in .csv, .csv.gz or .parquet; "
            "convert or rename the file"
        )


class UnreadableFileError(OrderFileError):
    """The content does not match the format that the name promises."""

    def __init__(self, path: Path, *, problem: str) -> None:
        super().__init__(f"cannot read {path.name!r}: {problem}")


class EmptyFileError(OrderFileError):
    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name!r} holds no rows; expected a header and at least one order")


class MissingColumnError(OrderFileError):
    def __init__(self, path: Path, *, missing: Iterable[str], found: Iterable[str]) -> None:
        names = ", ".join(missing)
        super().__init__(
            f"{path.name!r} has no column {names}; found {', '.join(found)}; "
            f"rename it, or name its equivalent with --map theirs={names.split(', ')[0]}"
        )


class MappingError(OrderFileError):
    def __init__(self, *, problem: str) -> None:
        super().__init__(
            f"cannot use the column mapping: {problem}; expected theirs=ours, as in --map client=customer_id"
        )
