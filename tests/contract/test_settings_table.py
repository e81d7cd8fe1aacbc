"""The documented settings are those the code reads."""

import re
from pathlib import Path

from tests.contract.settings_table import FILE, settings_table

_ROOT = Path(__file__).parents[2]
_HANDED_ON = {"PARCOURS_SCORING_OPTIONS"}
"""What a process tells the workers it starts."""


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert FILE.read_text() == settings_table(), "run `python -m tests.contract.settings_table`"


def test_every_setting_is_described() -> None:
    rows = [line.split("|") for line in settings_table().splitlines() if line.startswith("| `")]
    assert [row[1].strip() for row in rows if not row[3].strip()] == []


def test_every_variable_that_the_code_names_is_in_the_table() -> None:
    sources = [
        file
        for name in ("customer", "machine", "parcours", "services", "training", "demo")
        for file in (_ROOT / name).rglob("*.py")
    ]
    named = {found for file in sources for found in re.findall(r"PARCOURS_[A-Z_]*", file.read_text())}
    shown = set(re.findall(r"PARCOURS_[A-Z_]*", settings_table()))
    unknown = {one for one in named if not any(variable.startswith(one) for variable in shown)}  # or a prefix of some
    assert unknown == _HANDED_ON
