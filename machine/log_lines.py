"""How services log: one JSON object a line on standard error.

Of an error that ends a request only the kinds and the places are told: messages of databases and libraries repeat the
values they were given, which may name people.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

_MOST_CAUSES = 5


class JsonLines(logging.Formatter):
    """`at` (UTC), `level`, `logger`, `message`; with an error its `errors`, the last first, and `raised_in`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[1]:
            line |= _told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def _told(error: BaseException) -> dict[str, list[str]]:
    errors, cause = [type(error).__qualname__], error.__cause__ or error.__context__
    while cause is not None and len(errors) < _MOST_CAUSES:
        errors.append(type(cause).__qualname__)
        cause = cause.__cause__ or cause.__context__
    frames = traceback.extract_tb(error.__traceback__)
    return {"errors": errors, "raised_in": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]}


LOG_LINES: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "machine.log_lines.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {name: {"level": "INFO"} for name in ("parcours", "profile_api", "scoring", "uvicorn")},
}
"""For `logging.config.dictConfig`, or uvicorn's `log_config`: warnings of everybody, and what our own services tell."""
