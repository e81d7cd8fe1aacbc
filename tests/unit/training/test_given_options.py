"""What is typed on the command line is understood before any work begins, or refused in a sentence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from customer.errors import ParcoursError
from customer.local_time import UnknownTimeZoneError, read_instant
from parcours.cli import build_app
from scoring.engine.plug_ins import PlugKind
from training.given import (
    UsageError,
    new_folder,
    read_as_of,
    read_customer,
    read_day,
    read_kind,
    read_mapping,
    read_recipe,
)
from training.recipe import FULL, QUICK

NOW = datetime(2026, 11, 22, 17, tzinfo=UTC)


def test_a_date_is_its_midnight_where_the_brand_is() -> None:
    assert read_instant("2026-06-01", "America/New_York") == datetime(2026, 6, 1, 4, tzinfo=UTC)
    assert read_instant("2026-06-01T00:00:00Z", "America/New_York") == datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(UnknownTimeZoneError, match="Mars/Base"):
        read_instant("2026-06-01", "Mars/Base")


def test_nothing_is_predicted_from_a_day_that_lies_ahead() -> None:
    midnight = datetime(2026, 11, 23, tzinfo=UTC)  # that ends today
    assert read_as_of("2026-11-23", "UTC", now=NOW) == midnight
    with pytest.raises(UsageError, match="'2026-11-24', which lies ahead"):
        read_as_of("2026-11-24", "UTC", now=NOW)


def test_a_folder_that_cannot_be_written_to_is_refused_at_once(tmp_path: Path) -> None:
    assert new_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    for impossible in (tmp_path / "file", Path("/proc/models")):
        with pytest.raises(UsageError, match="cannot write to the folder"):
            new_folder(impossible)


def test_nothing_is_tuned_unless_asked_for() -> None:
    assert read_recipe(None, quick=False, tune_seconds=None) == (FULL, 0.0)
    assert read_recipe(None, quick=True, tune_seconds=9.0) == (QUICK, 9.0)


def test_the_recipe_of_an_earlier_run_is_trained_by(tmp_path: Path) -> None:
    file = tmp_path / "recipe.json"
    file.write_text('{"num_leaves": 7}')
    recipe, tune_s = read_recipe(file, quick=False, tune_seconds=None)
    assert (recipe.overrides, tune_s) == ({"num_leaves": 7}, 0.0)
    assert replace(recipe, overrides={}) == FULL


@pytest.mark.parametrize(
    ("content", "said"), [("[]", "is no recipe"), ('{"a": "b"}', "is no recipe"), ("{", "cannot be read as a recipe")]
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "recipe.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=said):
        read_recipe(file, quick=False, tune_seconds=None)


def test_words_are_read_as_what_they_stand_for() -> None:
    assert read_customer("cus_17") == read_customer("17") == 17
    assert read_day("2026-11-15") == date(2026, 11, 15)
    assert read_kind("churn") is PlugKind.CHURN
    assert read_mapping(["client=customer_id", "a=b=c"]) == {"client": "customer_id", "a": "b=c"}


@pytest.mark.parametrize(
    ("read", "word"), [(read_customer, "ord_17"), (read_day, "tomorrow"), (read_kind, "luck"), (read_instant, "soon")]
)
def test_words_that_stand_for_nothing_are_refused_with_an_example(read: Callable[..., object], word: str) -> None:
    with pytest.raises(ParcoursError, match=rf"found '{word}', expected"):
        read(*([word, "UTC"] if read is read_instant else [word]))


@pytest.mark.parametrize("entry", ["client", "=customer_id", "client="])
def test_a_mapping_needs_both_names(entry: str) -> None:
    with pytest.raises(UsageError, match=f"found --map '{entry}', expected theirs=ours"):
        read_mapping(["a=b", entry])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["train", "--out", "models"], "found --out, of no effect without --orders"),
        (
            ["train", "--orders", "o.csv", "--as-of", "2026-01-01", "--out", "m", "--force"],
            "found --force, of no effect",
        ),
        (["evaluate", "--models", "m", "--horizon", "30", "--full"], "found --horizon and --full, of no effect"),
        (["evaluate", "--folds", "3"], "found --folds, of no effect without --backtest"),
        (["evaluate", "--backtest", "--map", "a=b"], "found --map, of no effect without --orders"),
        (["evaluate", "--backtest", "--time-zone", "Asia/Tokyo"], "found --time-zone, of no effect but for a backtest"),
        (["evaluate", "--orders", "o", "--models", "m", "--time-zone", "UTC"], "found --time-zone, of no effect but"),
        (["train", "--time-zone", "Asia/Tokyo"], "found --time-zone, of no effect without --orders"),
        (["train", "--recipe", "r.json", "--tune-seconds", "9"], "found --recipe and --tune-seconds"),
        (["evaluate", "--orders", "o"], "give one of --models FOLDER or --model-set NAME"),
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
