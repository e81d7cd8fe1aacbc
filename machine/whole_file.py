"""A file that others see whole or not at all: it is written beside its place and then takes it in one move."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write instead. After an error nothing of it is left, and what was at `path` stays.

    Whatever is no file, such as a pipe, is written as it is.
    """
    place = path.resolve()
    if place.exists() and not place.is_file():
        yield place
        return
    draft = place.with_name(f".{place.name}.{uuid4().hex}.part")
    try:
        yield draft
        os.replace(draft, place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
