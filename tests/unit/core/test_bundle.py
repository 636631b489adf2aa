"""Bundles: whole or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.core import bundle
from mdlc.core.bundle import Manifest
from mdlc.core.columns import Feature
from mdlc.core.errors import ArtifactError
from mdlc.core.profile import Profile
from mdlc.core.spec.business import Payoff

MANIFEST = Manifest(
    name="test",
    candidate="rule",
    task="binary",
    format="onnx",
    features=[Feature(name="x", kind="number")],
    cleaning=[],
    classes=["no", "yes"],
    payoff=Payoff(right=1, wrong=-1),
    parity=0,
    trained_rows=1,
)
PROFILE = Profile(rows=1, series=[])


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "weights").write_bytes(b"1")
    bundle.seal(tmp_path, MANIFEST, profile=PROFILE)
    return tmp_path


def test_opens_what_was_sealed(sealed: Path) -> None:
    manifest, profile = bundle.open_bundle(sealed)
    assert set(manifest.files) == {"profile.json", "saved_model/weights"}
    assert profile == PROFILE
    assert bundle.seal(sealed, MANIFEST, profile=PROFILE).digest == manifest.digest


def test_the_digest_is_of_every_file(sealed: Path) -> None:
    before = bundle.open_bundle(sealed)[0].digest
    (sealed / "saved_model" / "weights").write_bytes(b"2")
    assert bundle.seal(sealed, MANIFEST, profile=PROFILE).digest != before


def test_an_altered_file_is_refused(sealed: Path) -> None:
    (sealed / "saved_model" / "weights").write_bytes(b"2")
    with pytest.raises(ArtifactError, match="saved_model/weights has been altered"):
        bundle.open_bundle(sealed)


def test_a_missing_file_is_refused(sealed: Path) -> None:
    (sealed / "saved_model" / "weights").unlink()
    with pytest.raises(ArtifactError, match="saved_model/weights is missing"):
        bundle.open_bundle(sealed)


def test_a_file_that_is_not_listed_is_refused(sealed: Path) -> None:
    (sealed / "extra").write_bytes(b"")
    with pytest.raises(ArtifactError, match="extra is not in the manifest"):
        bundle.open_bundle(sealed)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"manifest.json is missing"):
        bundle.open_bundle(tmp_path)
