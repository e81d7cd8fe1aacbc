"""A line of the log is JSON, and an error in it gives no value away."""

import json
import logging
import sys

from machine.log_lines import JsonLines


def _line(*, is_error: bool = False) -> dict[str, object]:
    arguments = ("parcours.http", logging.WARNING, __file__, 1, "%s took %d ms", ("r1", 7))
    record = logging.LogRecord(*arguments, sys.exc_info() if is_error else None)
    record.created = 1_700_000_000.25
    found: dict[str, object] = json.loads(JsonLines().format(record))
    return found


def test_a_line_tells_when_how_grave_who_and_what() -> None:
    assert _line() == {
        "at": "2023-11-14T22:13:20.250+00:00",
        "level": "WARNING",
        "logger": "parcours.http",
        "message": "r1 took 7 ms",
    }


def test_an_error_is_told_by_kind_and_place_and_not_by_its_message() -> None:
    try:
        try:
            int("zoe@example.com")
        except ValueError as error:
            raise RuntimeError("cannot take zoe@example.com") from error
    except RuntimeError:
        line = _line(is_error=True)
    assert line["errors"] == ["RuntimeError", "ValueError"]
    assert "test_an_error_is_told" in str(line["raised_in"])
    assert "zoe" not in str(line)
