"""Files that others see whole or not at all: they are written beside their place and then take it in one move."""

import os
import shutil
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


@contextmanager
def whole_files(folder: Path) -> Iterator[Path]:
    """A folder to write several files to instead; each takes its place in `folder` when all have been written.

    After an error nothing of them is left, and what was in `folder` stays.
    """
    draft = folder.resolve() / f".{uuid4().hex}.part"
    draft.mkdir(parents=True)
    try:
        yield draft
        for file in sorted(draft.iterdir()):
            os.replace(file, draft.parent / file.name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
