"""What is typed on the command line is understood before any work begins, or refused in a sentence."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from customer.local_time import UnknownTimeZoneError
from parcours.cli import build_app
from training.given import UsageError, new_folder, read_as_of, read_instant

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)


def test_a_date_is_its_midnight_where_the_brand_is() -> None:
    assert read_instant("2026-06-01", "America/New_York") == datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert read_instant("2026-06-01T00:00:00Z", "America/New_York") == datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(UnknownTimeZoneError, match="Mars/Base"):
        read_instant("2026-06-01", "Mars/Base")


def test_nothing_is_predicted_from_a_day_that_lies_ahead() -> None:
    assert read_as_of("2026-11-23", "UTC", now=NOW) == datetime(
        2026, 11, 23, tzinfo=UTC
    )  # the midnight that ends today
    with pytest.raises(UsageError, match="'2026-11-24', which lies ahead"):
        read_as_of("2026-11-24", "UTC", now=NOW)


def test_a_folder_that_cannot_be_written_to_is_refused_at_once(tmp_path: Path) -> None:
    assert new_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for impossible in (tmp_path / "file", Path("/proc/models")):
        with pytest.raises(UsageError, match="cannot write to the folder"):
            new_folder(impossible)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["train", "--out", "models"], "found --out, of no effect without --orders"),
        (
            ["train", "--orders", "o.csv", "--as-of", "2026-01-01", "--out", "m", "--force"],
            "found --force, of no effect",
        ),
        (["evaluate", "--models", "m", "--horizon", "30", "--full"], "found --horizon and --full, of no effect"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(
    call: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = CliRunner().invoke(build_app(), call)
    assert isinstance(found.exception, UsageError)
    assert said in str(found.exception)
    assert list(tmp_path.iterdir()) == []
