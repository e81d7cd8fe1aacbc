"""What was typed after a command, understood before any work begins, or refused in a sentence."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from customer.errors import ParcoursError
from customer.local_time import read_instant
from scoring.engine.plug_ins import PlugKind
from training.recipe import FULL, QUICK, Recipe


class UsageError(ParcoursError):
    """Options that cannot be understood or do not fit together."""


def read_as_of(text: str, time_zone: str, *, now: datetime) -> datetime:
    """An instant that is not later than now, but for the rest of the day.

    Errors: UsageError, UnreadableInstantError, UnknownTimeZoneError.
    """
    found = read_instant(text, time_zone)
    if found - now > timedelta(days=1):
        raise UsageError(f"found --as-of {text!r}, which lies ahead: what happens until then cannot be known yet")
    return found


def refuse_idle(options: Mapping[str, object], why: str) -> None:
    """Options that would change nothing were meant for something else: `why` says where they mean nothing.

    Errors: UsageError.
    """
    if idle := [name for name, value in options.items() if value]:
        raise UsageError(f"found {' and '.join(idle)}, of no effect {why}; leave it out")


def new_folder(path: Path) -> Path:
    """Makes the folder, so that hours of work are not lost at the end. Errors: UsageError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return path
    except OSError as error:
        raise UsageError(f"cannot write to the folder {str(path)!r} ({error.strerror}); give another one") from error


def read_day(text: str) -> date:
    """Errors: UsageError."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"found {text!r}, expected a day such as 2026-11-15") from error


def read_customer(text: str) -> int:
    """The number behind a customer's id. Errors: UsageError."""
    number = text.removeprefix("cus_")
    if not number.isdecimal():
        raise UsageError(f"found {text!r}, expected a customer's id such as cus_7")
    return int(number)


def read_kind(text: str) -> PlugKind:
    """Errors: UsageError."""
    try:
        return PlugKind(text)
    except ValueError as error:
        raise UsageError(f"found {text!r}, expected one of {', '.join(PlugKind)}") from error


def read_mapping(entries: list[str]) -> dict[str, str]:
    """`theirs=ours` pairs. Errors: UsageError."""
    pairs = [entry.partition("=") for entry in entries]
    wrong = [entry for entry, (theirs, _, ours) in zip(entries, pairs, strict=True) if not (theirs and ours)]
    if wrong:
        raise UsageError(f"found --map {wrong[0]!r}, expected theirs=ours, such as --map client=customer_id")
    return {theirs: ours for theirs, _, ours in pairs}


def read_recipe(file: Path | None, *, quick: bool, tune_seconds: float | None) -> tuple[Recipe, float]:
    """The recipe to start from and the seconds to tune it for. Errors: UsageError.

    None unless asked for: on Online Retail II recipes that had won on past folds were worse on the next months (0019).
    """
    given, tune_s = QUICK if quick else FULL, tune_seconds or 0.0
    if file is None:
        return given, tune_s
    if tune_seconds:
        raise UsageError("found --recipe and --tune-seconds: train by a recipe, or look for a better one")
    try:
        overrides = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read as a recipe ({error}); expected the recipe.json of a run") from error
    if not isinstance(overrides, dict) or not all(isinstance(value, int | float) for value in overrides.values()):
        raise UsageError(f'{file} is no recipe; expected LightGBM parameters such as {{"num_leaves": 15}}')
    return replace(given, overrides=overrides), tune_s
