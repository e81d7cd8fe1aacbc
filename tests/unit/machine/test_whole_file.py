"""Half a file is never seen."""

import os
from pathlib import Path

import pytest

from machine.whole_file import whole_file, whole_files


def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "it").write_text("old")
    with whole_file(tmp_path / "it") as draft:
        draft.write_text("new")
        assert (tmp_path / "it").read_text() == "old"
    assert (tmp_path / "it").read_text() == "new"
    assert os.listdir(tmp_path) == ["it"]


def test_after_an_error_the_old_file_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "it").write_text("old")

    def fail(draft: Path) -> None:
        draft.write_text("ne")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"), whole_file(tmp_path / "it") as draft:
        fail(draft)
    assert (tmp_path / "it").read_text() == "old"
    assert os.listdir(tmp_path) == ["it"]


def test_several_files_take_their_places_together_beside_what_else_lies_there(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with whole_files(folder) as draft:
        (draft / "one").write_text("1")
        assert not (folder / "one").exists()
    (folder / "of somebody else").write_text("kept")
    with whole_files(folder) as draft:
        (draft / "one").write_text("11")
        (draft / "two").write_text("2")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "one": "11", "two": "2", "of somebody else": "kept",
    }  # fmt: skip


def test_after_an_error_none_of_several_files_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("old")

    def fail(draft: Path) -> None:
        (draft / "one").write_text("new")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"), whole_files(tmp_path) as draft:
        fail(draft)
    assert (tmp_path / "one").read_text() == "old"
    assert os.listdir(tmp_path) == ["one"]


def test_a_link_goes_on_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "it")
    with whole_file(tmp_path / "link") as draft:
        draft.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "it").read_text() == "new"


def test_what_is_no_file_is_not_replaced() -> None:
    with whole_file(Path(os.devnull)) as place:
        assert place == Path(os.devnull)
