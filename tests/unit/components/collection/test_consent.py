"""A note of what files of a folder may read beside it is the person's own, and exact."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.components.collection.consent import consent, consented
from mdlc.core.errors import SpecError
from mdlc.core.spec.data import Data
from tests.source_schemas import schemas


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    return tmp_path / "settings/mdlc/reads"


@pytest.fixture
def elsewhere(tmp_path: Path, settings: Path) -> Path:
    """A data file that files of `mine` may read."""
    for name in ("mine", "theirs", "data"):
        (tmp_path / name).mkdir()
    for name in ("rows.csv", "salaries.csv"):
        (tmp_path / "data" / name).write_text("a,b\n1,x\n2,y\n")
    consent(tmp_path / "mine", tmp_path / "data/rows.csv")
    return tmp_path / "data/rows.csv"


def read(location: Path | str, *, root: Path) -> dict[str, dict[str, str]]:
    data = Data.model_validate({"sources": {"s": {"csv": str(location)}}, "target": "a"})
    return schemas(data, root=root)


def test_files_of_the_folder_read_what_was_named_and_nothing_beside_it(elsewhere: Path) -> None:
    mine = elsewhere.parents[1] / "mine"
    assert read(elsewhere, root=mine)
    assert read("../data/rows.csv", root=mine)
    for outside in (elsewhere.with_name("salaries.csv"), elsewhere.with_name("*.csv")):
        with pytest.raises(SpecError, match="outside of the file's folder"):
            read(outside, root=mine)


def test_files_of_another_folder_do_not(elsewhere: Path) -> None:
    with pytest.raises(SpecError, match="outside of the file's folder"):
        read(elsewhere, root=elsewhere.parents[1] / "theirs")


def test_it_is_not_handed_on_with_the_folder(elsewhere: Path) -> None:
    mine = elsewhere.parents[1] / "mine"
    assert list(mine.iterdir()) == []
    copy = mine.rename(mine.with_name("copied"))
    with pytest.raises(SpecError, match="outside of the file's folder"):
        read(elsewhere, root=copy)


def test_a_folder_is_read_with_all_that_is_in_it(elsewhere: Path) -> None:
    mine = elsewhere.parents[1] / "mine"
    consent(mine, elsewhere.parent)
    assert read(elsewhere.with_name("*.csv"), root=mine)
    assert consented(mine) == [elsewhere.parent, elsewhere]


def test_what_lies_in_the_folder_needs_no_note(tmp_path: Path, settings: Path) -> None:
    consent(tmp_path, tmp_path / "rows.csv")
    assert not settings.exists()


def test_a_note_that_others_may_write_allows_nothing(elsewhere: Path, settings: Path) -> None:
    (note,) = settings.iterdir()
    assert note.stat().st_mode & 0o777 == 0o600
    note.chmod(0o620)
    with pytest.raises(SpecError, match="not yours alone to write"):
        read(elsewhere, root=elsewhere.parents[1] / "mine")


def test_notes_of_folders_that_are_gone_are_removed(elsewhere: Path, settings: Path) -> None:
    mine, theirs = (elsewhere.parents[1] / name for name in ("mine", "theirs"))
    mine.rmdir()
    consent(theirs, elsewhere)
    (note,) = settings.iterdir()
    assert str(theirs) in note.read_text()


def test_the_kernels_files_cannot_be_noted_into_data(elsewhere: Path) -> None:
    mine = elsewhere.parents[1] / "mine"
    consent(mine, Path("/proc"))
    with pytest.raises(SpecError, match="made up by the kernel"):
        read("/proc/self/environ", root=mine)
