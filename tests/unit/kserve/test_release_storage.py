"""A release's folder is whole or not there, by S3, a mounted claim, or an upload."""

from __future__ import annotations

import hashlib
import io
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.errors import MdlcError, StorageError
from mdlc.kserve import volume_upload
from mdlc.kserve.release_storage import claim_of, put
from mdlc.kubernetes.object_client import conflict
from mdlc.state import object_storage as store
from mdlc.state import remote_files
from tests.services.s3_standin import object_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "release"
    (made / "models/1").mkdir(parents=True)
    (made / "serving.json").write_text("{}")
    (made / "models/1/model.onnx").write_bytes(b"network")
    return made


def receive(
    archive: bytes, target: Path, *, digest: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """Run what the upload's pod runs."""
    digest = digest or hashlib.sha256(archive).hexdigest()
    command = [sys.executable, "-c", volume_upload.RECEIVE, str(len(archive)), digest, str(target)]
    return subprocess.run(command, input=archive, capture_output=True, check=False, timeout=30)


def test_an_upload_arrives_whole_and_readable(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "claim/flights/releases/1-a"
    done = receive(volume_upload.packed(folder), target)
    assert (done.returncode, done.stdout.strip()) == (0, b"MDLC_WRITTEN")
    assert remote_files.index_of(target) == remote_files.index_of(folder)
    assert stat.S_IMODE((target / "models/1/model.onnx").stat().st_mode) == 0o644
    assert list(target.parent.iterdir()) == [target]


def test_what_is_there_is_never_written_again(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "claim/1-a"
    receive(volume_upload.packed(folder), target)
    (folder / "serving.json").write_text('{"another": 1}')
    done = receive(volume_upload.packed(folder), target)
    assert done.stdout.strip() == b"MDLC_THERE"
    assert (target / "serving.json").read_text() == "{}"


def test_an_empty_folder_of_the_kubelets_is_filled(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "claim/1-a"
    target.mkdir(parents=True)
    assert receive(volume_upload.packed(folder), target).returncode == 0
    assert (target / "serving.json").is_file()


def test_an_altered_or_torn_archive_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    target, archive = tmp_path / "claim/1-a", volume_upload.packed(folder)
    digest = hashlib.sha256(archive).hexdigest()
    altered = receive(b"x" + archive[1:], target, digest=digest)
    assert b"was altered on its way" in altered.stderr
    command = [sys.executable, "-c", volume_upload.RECEIVE, str(len(archive)), digest, str(target)]
    torn = subprocess.run(command, input=archive[:99], capture_output=True, check=False, timeout=30)
    assert b"the archive ended early" in torn.stderr
    assert list(target.parent.iterdir()) == []


def test_an_archive_that_leads_out_is_refused(tmp_path: Path) -> None:
    buffer, target = io.BytesIO(), tmp_path / "claim/1-a"
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        item = tarfile.TarInfo("../../out")
        item.size = 1
        archive.addfile(item, io.BytesIO(b"x"))
    assert b"leads out" in receive(buffer.getvalue(), target).stderr
    assert not (tmp_path / "out").exists()
    assert list(target.parent.iterdir()) == []


def test_the_same_folder_is_the_same_archive(folder: Path) -> None:
    first = volume_upload.packed(folder)
    (folder / "serving.json").touch()
    assert volume_upload.packed(folder) == first


def test_a_release_that_is_too_large_for_an_upload_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_upload, "MAX_BYTES", 8)
    with pytest.raises(StorageError, match="--storage-path"):
        volume_upload.packed(folder)


def test_a_mounted_claim_gets_the_folder_once(folder: Path, tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    kind: Any = {"objects": None, "mounted": mount, "image": ""}
    assert put(folder, "pvc://c/a/1-a", **kind)
    assert not put(folder, "pvc://c/a/1-a", **kind)
    assert remote_files.index_of(mount / "a/1-a") == remote_files.index_of(folder)


def test_a_claim_that_is_not_mounted_there_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="mount the claim c there"):
        put(folder, "pvc://c/a", objects=None, mounted=tmp_path / "no", image="")


@pytest.mark.parametrize("location", ["pvc://", "pvc://c/../d"])
def test_a_location_that_is_none_is_refused(location: str) -> None:
    with pytest.raises(StorageError):
        claim_of(location)


def test_several_conflicts_are_said_in_words() -> None:
    said = (
        'Apply failed with 2 conflicts: conflicts with "a": - .spec.predictor.minReplicas '
        '- .spec.predictor.maxReplicas conflicts with "b" using v1: - .metadata.labels'
    )
    assert conflict(said) == (
        "a manages .spec.predictor.minReplicas, .spec.predictor.maxReplicas; "
        "b manages .metadata.labels"
    )


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with object_store() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        store.client.cache_clear()
        yield running
    store.client.cache_clear()


def test_s3_gets_the_folder_once_and_whole(folder: Path, bucket: Any) -> None:
    kind: Any = {"objects": None, "mounted": None, "image": ""}
    bucket.limit[0] = 1  # the store fills up in between
    with pytest.raises(MdlcError):
        put(folder, "s3://b/a/1-a", **kind)
    bucket.limit[0] = 99
    assert put(folder, "s3://b/a/1-a", **kind)
    assert bucket.objects["b/a/1-a/models/1/model.onnx"] == b"network"
    (folder / "serving.json").write_text("another")
    assert not put(folder, "s3://b/a/1-a", **kind)
    assert bucket.objects["b/a/1-a/serving.json"] == b"{}"
