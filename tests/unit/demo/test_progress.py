"""What a second start may skip."""

from pathlib import Path

import pytest

from demo.errors import OtherDataLoadedError
from demo.home import DemoSettings, Home, open_home
from demo.options import DemoOptions, UnknownDatasetError, validated
from demo.progress import Progress


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(DemoSettings(home=tmp_path))


def test_a_step_that_succeeded_is_done_at_the_next_start(home: Home) -> None:
    with Progress(home, data_key="a").once("load"):
        pass
    assert Progress(home, data_key="a").is_done("load")


def test_a_step_that_failed_is_not_done_but_its_facts_are_kept(home: Home) -> None:
    progress = Progress(home, data_key="a")
    progress.facts["moved_by_weeks"] = 3
    with pytest.raises(RuntimeError), progress.once("load"):
        raise RuntimeError
    again = Progress(home, data_key="a")
    assert not again.is_done("load")
    assert again.facts["moved_by_weeks"] == 3


def test_other_options_on_loaded_data_are_refused_with_a_way_out(home: Home) -> None:
    with Progress(home, data_key=DemoOptions().data_key).once("load"):
        pass
    wanted = DemoOptions(limit_customers=100).data_key
    with pytest.raises(OtherDataLoadedError, match="--fresh"):
        Progress(home, data_key=wanted)


def test_a_file_in_the_state_folder_that_was_cut_off_counts_as_absent(home: Home) -> None:
    home.progress_file.write_text('{"data": "a", "do')
    assert not Progress(home, data_key="b").is_done("load")


def test_private_files_are_readable_by_their_owner_only(home: Home) -> None:
    Progress(home, data_key="a").save()
    assert home.progress_file.stat().st_mode & 0o777 == 0o600


def test_a_data_set_that_is_neither_known_nor_a_file_is_refused() -> None:
    with pytest.raises(UnknownDatasetError, match="complete-journey"):
        validated(DemoOptions(dataset="complet-journey"))


def test_the_detached_process_is_asked_for_the_same_options() -> None:
    options = DemoOptions(limit_customers=100, keep_dates=True, as_json=True, port_base=9000)
    assert options.arguments() == [
        *("demo", "--dataset", "complete-journey", "--port-base", "9000", "--limit-customers", "100"),
        *("--keep-dates", "--json"),
    ]
