"""What is typed on the command line is understood before any work begins, or refused in a sentence."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from customer.local_time import UnknownTimeZoneError
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
