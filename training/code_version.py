"""Which code is running: the released version, and, from a checkout, its commit and whether it was changed since."""

import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

_TIMEOUT_S = 10


@cache
def code_version() -> str:
    """Such as `0.1.0`, `0.1.0+g3586d78` or `0.1.0+g3586d78.dirty`, in the form of PEP 440.

    The first form is that of an installed package, which has no history. A run from changed sources says so: nobody can
    repeat it from the commit alone.
    """
    released = version("parcours")
    commit = _git("rev-parse", "--short=12", "HEAD")
    if commit is None or _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return released
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return f"{released}+g{commit}{'.dirty' if changed is None or changed else ''}"


def _git(*arguments: str) -> str | None:
    """What git says of the folder this file is in; None when there is no git, or this is no checkout."""
    try:
        found = subprocess.run(  # noqa: S603 - a fixed program with fixed words
            ["git", *arguments],  # noqa: S607 - the user's own, as on their path
            cwd=Path(__file__).parent, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
