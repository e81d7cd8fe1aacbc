"""Reads JSON bodies as data science clients write them: Python's `NaN` for a missing number is read as null."""

import json
from typing import Any

import msgspec

from scoring.errors import UnreadableBodyError


def read_json(body: bytes, *, what: str) -> Any:
    """The decoded body; raises UnreadableBodyError saying that it is not `what`."""
    try:
        try:
            return msgspec.json.decode(body)
        except msgspec.DecodeError:
            if b"NaN" not in body:
                raise
            return json.loads(body, parse_constant=_constant)
    except (ValueError, RecursionError) as error:  # msgspec's and json's errors are ValueErrors
        raise UnreadableBodyError(f"the body is not {what}: {error}") from error


def _constant(word: str) -> float | None:
    return None if word == "NaN" else float(word)
