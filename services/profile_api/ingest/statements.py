"""The import's named SQL, loaded once; each file opens with what it promises."""

from functools import cache
from pathlib import Path

_FOLDERS = (Path(__file__).parent / "sql", Path(__file__).parents[1] / "store" / "sql")


@cache
def statement(name: str) -> str:
    """The text of `name.sql`."""
    return next(path for folder in _FOLDERS if (path := folder / f"{name}.sql").exists()).read_text()
