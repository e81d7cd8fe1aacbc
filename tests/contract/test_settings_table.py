"""The documented settings are those the code reads."""

from tests.contract.settings_table import FILE, settings_table


def test_the_table_of_settings_is_that_of_the_code() -> None:
    assert FILE.read_text() == settings_table(), "run `python -m tests.contract.settings_table`"


def test_every_setting_is_described() -> None:
    rows = [line.split("|") for line in settings_table().splitlines() if line.startswith("| `")]
    assert [row[1].strip() for row in rows if not row[3].strip()] == []
