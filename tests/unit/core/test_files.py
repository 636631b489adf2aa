"""A file or folder is whole or absent, whatever interrupts its writer."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from mdlc.core import files
from mdlc.core.errors import ArtifactError, StorageError
from mdlc.core.files import Document, digest_path, read_document, whole_folder, write_document

KILLED = """
import os, sys
from pathlib import Path
from mdlc.core import files
os.fsync = lambda handle: os.kill(os.getpid(), 9)
files.write_bytes(Path(sys.argv[1]), b"new" * 1000)
"""


class Note(Document):
    text: str


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    path.write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot write .*No space left.*--home"):
        files.write_bytes(tmp_path / "note.json", b"content")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_other_refusals_of_the_disk_are_storage_errors_too(tmp_path: Path, code: int) -> None:
    with pytest.raises(StorageError), files.storage_errors(tmp_path):
        raise OSError(code, "no")


def test_a_file_where_a_folder_should_be_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        files.write_bytes(tmp_path / "home" / "note.json", b"content")


def test_a_folder_appears_whole_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "out"
    with whole_folder(target) as temporary:
        (temporary / "a").write_text("1")
        assert not target.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert (target / "a").read_text() == "1"


def test_a_folder_that_fails_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "old").write_text("1")
    with contextlib.suppress(StorageError), whole_folder(target) as temporary:
        (temporary / "new").write_text("2")
        full()
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "old"]


@pytest.mark.parametrize("content", ["", "{", '{"text": 1}', '{"text": "a", "more": 1}', "[]"])
def test_a_document_that_is_not_whole_is_an_artifact_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "note.json"
    path.write_text(content)
    with pytest.raises(ArtifactError, match=r"note\.json is not a whole Note"):
        read_document(path, Note)


def test_a_document_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "note.json"
    write_document(path, Note(text="é"))
    assert read_document(path, Note) == Note(text="é")
    with pytest.raises(ArtifactError, match="is missing"):
        read_document(tmp_path / "other.json", Note)


def test_a_folder_has_one_digest_that_names_and_contents_decide(tmp_path: Path) -> None:
    def make(name: str, **contents: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for file, text in contents.items():
            (folder / file).write_text(text)
        return folder

    first = digest_path(make("one", a="1", b="2"))
    assert digest_path(make("two", b="2", a="1")) == first
    assert digest_path(make("three", a="2", b="1")) != first
    assert digest_path(make("four", a="1", c="2")) != first
    with pytest.raises(ArtifactError, match="is missing"):
        digest_path(tmp_path / "nothing")


def test_a_full_disk_is_known_by_its_code_whatever_wraps_it(tmp_path: Path) -> None:
    """SQLite really is full here; SQLAlchemy and MLflow put errors of their own around its."""
    full = pytest.raises(sa.exc.OperationalError)
    engine = sa.create_engine(f"sqlite:///{tmp_path}/small.db")
    with full as caught, engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        connection.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(100000) AS x")
    wrapped = RuntimeError("the store failed")
    wrapped.__cause__ = caught.value
    assert files.disk_full(caught.value)
    assert files.disk_full(wrapped)
    assert not files.disk_full(RuntimeError("disk is full, says a column's name"))
    assert not files.disk_full(OSError(errno.ECONNREFUSED, "refused"))
