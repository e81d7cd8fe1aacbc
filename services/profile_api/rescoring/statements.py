"""The named SQL of this package."""

from functools import cache
from importlib.resources import files


@cache
def named_sql(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (files("profile_api.rescoring") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
