"""Named templates of the longer sources. Each says in its first comment which rows it promises."""

from functools import cache
from importlib.resources import files


@cache
def template(name: str) -> str:
    """The template in `name.sql`, its comments left out."""
    lines = (files(__package__) / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
