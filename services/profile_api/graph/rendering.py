"""How JSON text is put together in SQL: the pieces of an object, and each kind of value as JSON.

Text is joined with `||` rather than built with `json_build_object`: a third of the time, no limit of 50 pairs, and
numbers keep every digit. (`concat` calls the output function of each argument: twice the time.) Pieces are never
null. What JSON or the schema cannot represent is written as a *marked* string; one search of the finished bytes tells
whether there is any, and only then does the full finisher look at the answer.
"""

import json as json_text
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from profile_api.graph.sources import Kind

# Drawn anew in every process, so that no stored text can pass for a mark.
MARK = "\x01" + secrets.token_hex(6) + ":"
MARK_IN_JSON = "\\u0001" + MARK[1:]
NULL_MARK = "null"
FLOAT_MARK = "float"
FORBIDDEN_MARK = "forbidden"
TYPE_KEY = ""  # under which the type of an object travels to the full finisher: no response key is empty


@dataclass(frozen=True, slots=True)
class Constant:
    """Text known when the plan is made."""

    text: str


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL of type text that yields a piece of JSON text, never null. It must bind as tightly as a call or a `case`."""

    sql: str


Part = Constant | Expression


def quoted(text: str) -> str:
    """A SQL string literal. Only ever text of the schema and response keys, never a value of the request."""
    if "\\" in text:
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


def marked(reason: str) -> str:
    """A marked JSON string, as JSON text."""
    return f'"{MARK_IN_JSON}{reason}"'


def _merged(parts: Iterable[Part]) -> list[Part]:
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, Constant) and merged and isinstance(merged[-1], Constant):
            merged[-1] = Constant(merged[-1].text + part.text)
        else:
            merged.append(part)
    return merged


def concatenated(parts: Sequence[Part]) -> str:
    """One SQL text expression for all the parts."""
    return _joined([quoted(part.text) if isinstance(part, Constant) else part.sql for part in _merged(parts)])


def _joined(pieces: Sequence[str]) -> str:
    """By halves: from left to right each step would copy all that came before."""
    if len(pieces) == 1:
        return pieces[0]
    middle = len(pieces) // 2
    return f"({_joined(pieces[:middle])} || {_joined(pieces[middle:])})"


def listed_parts(listed: str) -> list[Part]:
    """A JSON array of what an aggregate listed, commas between; it is null without any."""
    return [Constant("["), Expression(f"coalesce({listed}, '')"), Constant("]")]


def object_parts(pairs: Sequence[tuple[str, Sequence[Part]]]) -> list[Part]:
    """`{"key": value, …}`; keys are response keys, which GraphQL limits to names."""
    parts: list[Part] = []
    for position, (key, value) in enumerate(pairs):
        parts.append(Constant(f'{"," if position else "{"}"{key}":'))
        parts.extend(value)
    parts.append(Constant("}" if pairs else "{}"))
    return parts


def constant_part(value: Any) -> Constant:
    return Constant(json_text.dumps(value, ensure_ascii=False, separators=(",", ":")))


def value_part(sql: str, kind: Kind, *, nullable: bool) -> Expression:
    """One leaf as JSON text. A null where the schema allows none is marked."""
    absent = quoted("null" if nullable else marked(NULL_MARK))
    match kind:
        case Kind.WORD:
            return Expression(f"coalesce('\"' || ({sql}) || '\"', {absent})")
        case Kind.NUMBER | Kind.BOOLEAN | Kind.JSON:
            return Expression(f"coalesce(({sql})::text, {absent})")
        case Kind.FLOAT:
            unrepresentable = quoted(marked(FLOAT_MARK))
            return Expression(
                f"coalesce(case when ({sql}) in ('NaN', 'Infinity', '-Infinity') then {unrepresentable}"
                f" else ({sql})::text end, {absent})"
            )
        case Kind.TEXT | Kind.INSTANT | Kind.DATE:
            # Unlike `to_json`, it looks up the type's output when the plan is made, not for each value.
            return Expression(f"coalesce(json_scalar({sql})::text, {absent})")
