"""Locations: the same promises for a path and for an object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import ArtifactError, ServiceError, StorageError
from mdlc.state import object_storage, remote_files
from tests.services.s3_standin import object_store


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-ours")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with object_store() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        object_storage.client.cache_clear()
        yield running
    object_storage.client.cache_clear()


@pytest.fixture(params=["path", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "path":
        return str(tmp_path / "store")
    request.getfixturevalue("store")
    return "s3://bucket/some/where"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "a.txt").write_text("a")
    (tmp_path / "folder" / "deep" / "b c.bin").write_bytes(bytes(range(256)))
    return tmp_path / "folder"


def test_small_files(root: str) -> None:
    place = remote_files.join(root, "x.json")
    assert remote_files.read_bytes(place) is None
    remote_files.put_bytes(place, b"one")
    remote_files.put_bytes(place, b"two")
    assert remote_files.read_bytes(place) == b"two"
    assert remote_files.digest_of(place)
    assert remote_files.digest_of(remote_files.join(root, "y")) == ""


def test_a_folder_comes_back_as_it_was(root: str, folder: Path, tmp_path: Path) -> None:
    remote_files.put_folder(folder, remote_files.join(root, "f"))
    remote_files.get_folder(remote_files.join(root, "f"), tmp_path / "back")
    assert (tmp_path / "back" / "deep" / "b c.bin").read_bytes() == bytes(range(256))
    assert sorted(p.name for p in (tmp_path / "back").iterdir()) == ["a.txt", "deep"]


def test_a_folder_without_its_index_is_not_there(root: str, folder: Path, tmp_path: Path) -> None:
    remote_files.put_file(folder / "a.txt", remote_files.join(root, "f", "a.txt"))
    with pytest.raises(ArtifactError, match="never written whole"):
        remote_files.get_folder(remote_files.join(root, "f"), tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_an_altered_object_is_refused(root: str, folder: Path, tmp_path: Path) -> None:
    remote_files.put_folder(folder, remote_files.join(root, "f"))
    remote_files.put_bytes(remote_files.join(root, "f", "a.txt"), b"b")
    with pytest.raises(ArtifactError, match="altered"):
        remote_files.get_folder(remote_files.join(root, "f"), tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a/../../out", "a\\..\\b"])
def test_an_index_cannot_lead_out(root: str, name: str, tmp_path: Path) -> None:
    index = remote_files.FolderIndex(files={name: remote_files.IndexItem(size=1, digest="0")})
    remote_files.put_document(remote_files.join(root, "f", remote_files.INDEX), index)
    with pytest.raises(ArtifactError, match="outside"):
        remote_files.get_folder(remote_files.join(root, "f"), tmp_path / "back" / "deep")
    assert not list(tmp_path.rglob("out"))


def test_what_is_missing_is_named(root: str, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"nothing.bin is missing"):
        remote_files.get_file(remote_files.join(root, "nothing.bin"), tmp_path / "x")


def test_a_listing_and_its_fingerprint(root: str, folder: Path) -> None:
    remote_files.put_file(folder / "a.txt", remote_files.join(root, "d", "x", "1"))
    remote_files.put_file(folder / "a.txt", remote_files.join(root, "dd", "2"))
    place = remote_files.join(root, "d")
    assert [item.name for item in remote_files.listed(place)] == ["x/1"]
    before = remote_files.fingerprint(place)
    assert remote_files.fingerprint(place) == before
    remote_files.put_bytes(remote_files.join(root, "d", "x", "1"), b"other")
    assert remote_files.fingerprint(place) != before


def test_a_large_document_is_not_read(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_files, "MAX_DOCUMENT", 3)
    remote_files.put_bytes(remote_files.join(root, "x"), b"four")
    with pytest.raises(ArtifactError, match="at most 3"):
        remote_files.read_bytes(remote_files.join(root, "x"))


def test_a_store_that_refuses_says_so_without_keys(store: Any) -> None:
    store.limit[0] = 0
    with pytest.raises(ServiceError) as caught:
        remote_files.put_bytes("s3://bucket/x", b"x")
    assert "QuotaExceeded" in str(caught.value)
    assert "secret-of-ours" not in str(caught.value)


def test_a_killed_upload_leaves_nothing_that_looks_whole(
    store: Any, folder: Path, tmp_path: Path
) -> None:
    store.limit[0] = 1
    with pytest.raises((ServiceError, StorageError)):
        remote_files.put_folder(folder, "s3://bucket/f")
    store.limit[0] = 100
    with pytest.raises(ArtifactError, match="never written whole"):
        remote_files.get_folder("s3://bucket/f", tmp_path / "back")
    remote_files.put_folder(folder, "s3://bucket/f")
    remote_files.get_folder("s3://bucket/f", tmp_path / "back")


def test_a_store_that_is_away_is_named(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(object_storage, "ATTEMPTS", 1)
    object_storage.client.cache_clear()
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9"):
        remote_files.read_bytes("s3://bucket/x")
