"""Turns found facts into pages: one file each, nothing beside it, light and dark, no script and no network."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from machine.whole_file import whole_file

_TEMPLATES = Path(__file__).parent / "templates"


def write_page(path: Path, template: str, **values: Any) -> Path:
    """Renders `templates/<template>` into `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as draft:
        draft.write_text(render(template, **values), encoding="utf-8")
    return path


def render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(["html"]), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    found.filters["figure"] = _figure
    return found


def _figure(value: float | None) -> str:
    """About four figures; nothing for nothing."""
    if value is None:
        return ""
    size = abs(value)
    if size >= 10 and float(value).is_integer():
        return f"{value:,.0f}"
    decimals = 4 if size < 1 else 3 if size < 10 else 1 if size < 1000 else 0
    return f"{value:,.{decimals}f}"
