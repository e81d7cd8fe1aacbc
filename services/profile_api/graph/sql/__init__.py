"""Named templates of the longer sources. Each says in its first comment which rows it promises."""

import re
from functools import cache
from importlib.resources import files

_INCLUDED = re.compile(r"\{sql:([a-z_]+)\}")


@cache
def template(name: str, **holes: str) -> str:
    """The template in `name.sql`, its comments left out: each `{sql:other}` is the template of that name, `holes` are
    filled; what holes remain are the planner's."""
    lines = (files(__package__) / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--")).strip()
    text = _INCLUDED.sub(lambda other: template(other[1]), text)
    for hole, filling in holes.items():
        text = text.replace(f"{{{hole}}}", filling)
    return text
