"""How a policy document is read field by field, gathering problems instead of stopping at the first."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
Part = Callable[[Mapping[str, Any]], tuple[T, list[str]]]


class Checked:
    """One JSON object being read: a wrong field yields a harmless value, and a problem that `finish` returns."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._read: set[str] = set()
        self._problems: list[str] = []

    def finish(self) -> list[str]:
        """Every problem so far, fields that nobody asked for included (they are misspellings)."""
        unknown = sorted(set(self._document) - self._read)
        return [*self._problems, *(f"{key}: unknown field, remove it or correct its name" for key in unknown)]

    def whole_number(self, key: str, *, least: int, most: int | None = None, default: int | None = None) -> int:
        value = self._value(key, default)
        bound = f"at least {least}" if most is None else f"from {least} to {most}"
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or value < least
            or (most is not None and value > most)
        ):
            return self._problem(key, value, f"a whole number {bound}", least)
        return value

    def number(self, key: str, *, optional: bool = False) -> float | None:
        value = self._value(key, None)
        if value is None and optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self._problem(key, value, "a number", 0.0)
        return float(value)

    def text(self, key: str, *, optional: bool = False) -> str:
        value = self._value(key, None)
        if value is None and optional:
            return ""
        if not isinstance(value, str) or not value.strip():
            return self._problem(key, value, "a text that is not empty", "?")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._value(key, None)
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            return self._problem(key, value, "a list of texts", ())
        return tuple(value)

    def each(self, key: str, part: Part[T]) -> tuple[T, ...]:
        value = self._value(key, None)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            return self._problem(key, value, "a list of objects", ())
        items = []
        for position, item in enumerate(value):
            read, problems = part(item)
            items.append(read)
            self._problems.extend(f"{key}[{position}].{problem}" for problem in problems)
        return tuple(items)

    def part(self, key: str, part: Part[T], harmless: T) -> T:
        value = self._value(key, None)
        if not isinstance(value, dict):
            return self._problem(key, value, "an object", harmless)
        read, problems = part(value)
        self._problems.extend(f"{key}.{problem}" for problem in problems)
        return read

    def _value(self, key: str, default: Any) -> Any:
        self._read.add(key)
        return self._document.get(key, default)

    def _problem(self, key: str, found: Any, expected: str, harmless: T) -> T:
        shown = "nothing" if found is None else repr(found)
        self._problems.append(f"{key}: found {shown}, expected {expected}")
        return harmless
