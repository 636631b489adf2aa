"""Sources lie in the file's folder, in a package, or in a folder that the machine's owner names."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from mdlc.components.collection import confinement, unpacking
from mdlc.components.collection.stage import collect, source_digests
from mdlc.core.errors import DataError, MdlcError, SpecError
from mdlc.core.spec.data import Data
from tests.source_schemas import schemas

CSV = "a,b\n1,x\n2,y\n"


def data_of(location: str, kind: str = "csv") -> Data:
    return Data.model_validate({"sources": {"s": {kind: location}}, "target": "a"})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The file's folder; beside it another with data that it may not name."""
    for name in ("mine", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text(CSV)
    return tmp_path / "mine"


def refused(location: str, *, root: Path, kind: str = "csv") -> MdlcError:
    """Return the refusal, which digests, columns and rows meet alike, at once and in one line."""
    errors = []
    (root / "out").mkdir(exist_ok=True)
    for reading in (
        lambda data: source_digests(data, root=root),
        lambda data: schemas(data, root=root),
        lambda data: collect(data, root=root, out=root / "out"),
    ):
        started = time.monotonic()
        with pytest.raises(MdlcError) as caught:
            reading(data_of(location, kind))
        assert time.monotonic() - started < 10
        errors.append(caught.value)
    assert len({str(error) for error in errors}) == 1
    assert "\n" not in str(errors[0])
    assert errors[0].where == f"spec.data.sources.s.{kind}"
    return errors[0]


@pytest.mark.parametrize(
    "location",
    [
        "{other}/rows.csv",
        "../other/rows.csv",
        "../other/*.csv",
        "../**/*.csv",
        "x/../../other/rows.csv",
        "/etc/passwd",
        "/etc/pass*",
        "/**/passwd",
        "link.csv",
        "li*.csv",
        "folder/rows.csv",
        "folder/*.csv",
    ],
)
def test_a_source_outside_is_refused_and_how_to_allow_it_is_said(
    place: Path, location: str
) -> None:
    other = place.parent / "other"
    (place / "link.csv").symlink_to(other / "rows.csv")
    (place / "folder").symlink_to(other)
    error = refused(location.format(other=other), root=place)
    assert isinstance(error, SpecError)
    assert "outside of the file's folder" in str(error)
    assert "MDLC_DATA_ROOTS=" in error.hint


@pytest.mark.parametrize("location", ["*/../../other/rows.csv", "*/x/../../../other/*"])
def test_a_glob_does_not_go_up(place: Path, location: str) -> None:
    assert "goes up after a wildcard" in str(refused(location, root=place))


def test_no_link_to_a_folder_is_followed_by_a_recursive_glob(place: Path) -> None:
    (place / "all").symlink_to("/")
    started = time.monotonic()
    assert source_digests(data_of("**/rows.csv"), root=place)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("location", ["/proc/self/pagemap", "/proc/self/environ", "/sys/kernel"])
@pytest.mark.parametrize("named", ["", "/", "/proc"])
def test_what_the_kernel_makes_up_is_never_data(
    place: Path, location: str, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDLC_DATA_ROOTS", named)
    assert "made up by the kernel" in str(refused(location, root=place))
    (place / "fd").symlink_to(location)
    assert "made up by the kernel" in str(refused("fd", root=place))


def test_a_pipe_and_a_device_are_no_files(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(place / "pipe.csv")
    assert "a pipe, socket or device" in str(refused("pipe.csv", root=place))
    assert "a pipe, socket or device" in str(refused("pi*.csv", root=place))
    monkeypatch.setenv("MDLC_DATA_ROOTS", "/")
    assert "made up by the kernel" in str(refused("/dev/zero", root=place))


def test_the_machines_owner_may_name_folders(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = place.parent / "other"
    monkeypatch.setenv("MDLC_DATA_ROOTS", f"/nowhere{os.pathsep}{other}")
    for location in (f"{other}/rows.csv", "../other/*.csv"):
        assert schemas(data_of(location), root=place) == {"s": {"a": "int64", "b": "string"}}
        out = place / "out"
        out.mkdir(exist_ok=True)
        assert collect(data_of(location), root=place, out=out).sources["s"].rows == 2


def test_a_relative_root_is_nobodys(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place.parent)
    monkeypatch.setenv("MDLC_DATA_ROOTS", "other")
    assert "outside" in str(refused("../other/rows.csv", root=place))


def test_a_link_inside_the_folder_is_fine(place: Path) -> None:
    (place / "newest.csv").symlink_to("rows.csv")
    assert schemas(data_of("newest.csv"), root=place)["s"] == {"a": "int64", "b": "string"}


def test_a_folder_that_is_itself_a_link_is_fine(place: Path) -> None:
    (place.parent / "way").symlink_to(place)
    assert schemas(data_of("rows.csv"), root=place.parent / "way")
    assert schemas(data_of("*.csv"), root=place.parent / "way")


@pytest.mark.parametrize(
    "location",
    [
        "package://sklearn/../../../etc/passwd",
        "package://sklearn//etc/passwd",
        "package://sklearn/datasets/../../x.csv",
        "https://example.org/rows.csv",
        "s3://bucket/rows.csv",
        "file:///etc/passwd",
        "a\x00.csv",
    ],
)
def test_packages_and_schemes_lead_nowhere_else(place: Path, location: str) -> None:
    assert isinstance(refused(location, root=place), SpecError)


@pytest.mark.parametrize("location", ["x" * 5_000, "loop.csv", "a**b.csv", "[", "rows.csv/x"])
def test_an_odd_location_is_one_line(place: Path, location: str) -> None:
    (place / "loop.csv").symlink_to("loop.csv")
    refused(location, root=place)


def test_a_file_that_claims_exabytes_is_not_hashed(place: Path) -> None:
    with (place / "huge.csv").open("wb") as file:
        file.truncate(2**42)
    assert "at most" in str(refused("huge.csv", root=place))


def test_the_owner_bounds_the_bytes_of_a_source(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDLC_MAX_SOURCE_BYTES", "11")
    assert "at most 11" in str(refused("rows.csv", root=place))
    monkeypatch.setenv("MDLC_MAX_SOURCE_BYTES", "12")
    assert source_digests(data_of("rows.csv"), root=place)
    monkeypatch.setenv("MDLC_MAX_SOURCE_BYTES", "many")
    with pytest.raises(SpecError, match="not a number of bytes"):
        source_digests(data_of("rows.csv"), root=place)


def test_a_digest_ends_whatever_a_files_size_says(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MDLC_MAX_SOURCE_BYTES", "5")
    with pytest.raises(DataError, match="at most 5"):
        confinement.digest([place / "rows.csv"], where="")


def bomb(path: Path, size: int) -> None:
    """Write an archive that unpacks to `size` bytes of lines."""
    lines = b"1,1\n" * 2**18
    if path.suffix == ".zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("../../a.csv", "w", force_zip64=True) as member,
        ):
            for _ in range(size // len(lines)):
                member.write(lines)
    else:
        with gzip.open(path, "wb") as packed:
            for _ in range(size // len(lines)):
                packed.write(lines)


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.csv.gz", "BOMB.CSV.GZ", "bomb.csv"])
def test_an_archive_that_unpacks_to_far_more_is_refused_and_leaves_nothing(
    place: Path, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 2**20)
    bomb(place / name, 64 * 2**20)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(DataError, match="unpacks to more than"):
        unpacking.unpack(place / name, scratch=scratch, where="spec.data.sources.s.csv")
    assert [path for path in scratch.rglob("*") if path.is_file()] == []


def test_gzip_is_known_whatever_the_file_is_called(place: Path) -> None:
    (place / "packed.csv").write_bytes(gzip.compress(CSV.encode()))
    assert schemas(data_of("packed.csv"), root=place)["s"] == {"a": "int64", "b": "string"}


@pytest.mark.parametrize("name", ["twice.csv.gz", "twice.zip"])
def test_an_archive_in_an_archive_is_refused(place: Path, name: str) -> None:
    packed = gzip.compress(CSV.encode())
    if name.endswith(".zip"):
        with zipfile.ZipFile(place / name, "w") as archive:
            archive.writestr("rows.csv.gz", packed)
    else:
        (place / name).write_bytes(gzip.compress(packed))
    with pytest.raises(DataError, match="an archive in an archive"):
        schemas(data_of(name), root=place)


def test_a_zip_that_lies_about_its_size_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "FREE_BYTES", 2**20)
    bomb(place / "lies.zip", 8 * 2**20)
    raw = bytearray((place / "lies.zip").read_bytes())
    with zipfile.ZipFile(place / "lies.zip") as archive:
        true = archive.infolist()[0].file_size
    small = (1000).to_bytes(4, "little")
    raw = raw.replace(true.to_bytes(4, "little"), small)
    (place / "lies.zip").write_bytes(bytes(raw))
    with pytest.raises(DataError):
        collect(data_of("lies.zip"), root=place, out=place)


def test_the_member_is_unpacked_inside_whatever_its_name(place: Path, tmp_path: Path) -> None:
    bomb(place / "a.zip", 2**20)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    made = unpacking.unpack(place / "a.zip", scratch=scratch, where="")
    assert made.is_relative_to(scratch)


def test_sigterm_leaves_nothing_behind(place: Path, tmp_path: Path) -> None:
    """A verb that is ended while it unpacks removes what it has unpacked, and exits with 143."""
    bomb(place / "bomb.zip", 512 * 2**20)
    (place / "lifecycle.yaml").write_text(
        "apiVersion: mdlc.dev/v1alpha1\nkind: Lifecycle\nmetadata: {name: a}\nspec:\n"
        "  business: {payoff: {right: 1, wrong: -1}}\n"
        "  data: {sources: {s: {csv: bomb.zip}}, target: a}\n"
    )
    passing = tmp_path / "tmp"
    passing.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "mdlc", "validate", str(place / "lifecycle.yaml")],
        env={**os.environ, "TMPDIR": str(passing)},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not any(path.is_file() for path in passing.rglob("*")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.terminate()
    _, said = process.communicate(timeout=30)
    assert process.returncode == 143
    assert "Traceback" not in said
    assert list(passing.rglob("*")) == []


def test_types_of_a_source_are_not_sql(place: Path) -> None:
    section = {
        "csv": "rows.csv",
        "types": {"a": "INT), (SELECT count(x) FROM range(9999999999) a, range(9999999999) b"},
    }
    data = Data.model_validate({"sources": {"s": section}, "target": "a"})
    with pytest.raises(SpecError, match="is not a DuckDB type") as caught:
        schemas(data, root=place)
    assert caught.value.where == "spec.data.sources.s.types.a"
