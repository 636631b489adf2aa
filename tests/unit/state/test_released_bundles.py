"""A released bundle is opened in one way: the one that is named, whole, and signed if asked."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from mdlc.api.prediction_frames import answer_table
from mdlc.core import signing
from mdlc.core.bundle import MANIFEST, Manifest, open_bundle, read_manifest, seal
from mdlc.core.errors import ArtifactError, MdlcError, RefusedError, SpecError
from mdlc.core.files import read_document, write_document
from mdlc.core.profile import Profile
from mdlc.core.scorer import Scorer
from mdlc.core.spec.deploy import Serving
from mdlc.core.spec.load import from_mapping
from mdlc.life.answer_tables import Answered
from mdlc.life.local_status import _candidate
from mdlc.life.predictions import answer_here, opened_rows
from mdlc.life.releases import bundle_of, require
from mdlc.serving import active_models, sample_bundles
from mdlc.state.release_documents import HistoryEntry, Pointer
from mdlc.state.released_bundles import checked
from mdlc.state.workspace import Workspace

ROW = {"x0": 1.0, "carrier": "AA"}
FLIGHTS = from_mapping(
    {
        "apiVersion": "mdlc.dev/v1alpha1",
        "kind": "Lifecycle",
        "metadata": {"name": "flights"},
        "spec": {
            "business": {"payoff": {"right": 1, "wrong": -1}},
            "data": {"sources": {"rows": {"csv": "rows.csv"}}, "target": "late"},
        },
    }
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace whose pointer names models/1."""
    made = Workspace("flights", tmp_path, tmp_path)
    folder = made.folder / "models/1"
    manifest = sample_bundles.bundle(folder, classes=["no", "yes"])
    sample_bundles.point(made.pointer, folder=folder, manifest=manifest, version="1")
    return made


def reseal(folder: Path, **changes: object) -> None:
    """Alter the manifest as somebody would who knows the format."""
    document = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps({**document, **changes}))


def predict(workspace: Workspace) -> list[Answered]:
    """Answer a file of rows."""
    file = workspace.folder / "rows.json"
    file.write_text(json.dumps([ROW]))
    with opened_rows(file, data=FLIGHTS.spec.data) as asked:
        return list(answer_here(FLIGHTS, workspace, asked, say=lambda _: None))


OPENINGS = {
    "predict": predict,
    "run": lambda workspace: bundle_of(workspace, require(workspace)),
    "serve": lambda workspace: active_models.load(workspace.pointer, limits=Serving()),
    "status": lambda workspace: _candidate(workspace, require(workspace)),
}


@pytest.mark.parametrize("opening", OPENINGS)
def test_it_opens_as_it_was_released(workspace: Workspace, opening: str) -> None:
    OPENINGS[opening](workspace)


def test_a_champion_that_is_taken_off_does_not_decide_here_either(workspace: Workspace) -> None:
    pointer = require(workspace)
    own = predict(workspace)[0].answers.actions[0]
    (other,) = {"wait", "rebook"} - {own}
    write_document(workspace.pointer, pointer.model_copy(update={"instead": other}))
    assert predict(workspace)[0].answers.actions[0] == other
    assert answer_table(workspace, pd.DataFrame([ROW]))["action"].tolist() == [other]


@pytest.mark.parametrize("opening", OPENINGS)
@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ["yes", "no"]},
        {"payoff": {"actions": {"wait": {"no": 0, "yes": 9}, "rebook": {"no": 9, "yes": 0}}}},
        {"cleaning": []},
        {"offset": 1.0},
        {"description": "another"},
    ],
)
def test_an_altered_manifest_is_refused_wherever_it_is_opened(
    workspace: Workspace, opening: str, changes: dict[str, object]
) -> None:
    reseal(workspace.folder / "models/1", **changes)
    with pytest.raises(ArtifactError, match="altered") as caught:
        OPENINGS[opening](workspace)
    assert caught.value.exit_code == 5


def test_another_whole_bundle_in_its_place_is_refused(workspace: Workspace) -> None:
    shutil.rmtree(workspace.folder / "models/1")
    sample_bundles.bundle(workspace.folder / "models/1", classes=["no", "yes"], slope=-1)
    for opening in OPENINGS.values():
        with pytest.raises(ArtifactError, match="another model"):
            opening(workspace)


def test_a_broken_model_that_is_sealed_again_is_one_line(workspace: Workspace) -> None:
    folder = workspace.folder / "models/1"
    manifest = read_document(folder / MANIFEST, Manifest)
    profile = read_document(folder / "profile.json", Profile)
    for content in (b"", b"not a model", b"\x08\x09" * 500):
        (folder / "model.onnx").write_bytes(content)
        sealed = seal(folder, manifest, profile=profile)
        sample_bundles.point(workspace.pointer, folder=folder, manifest=sealed, version="1")
        for opening in ("predict", "serve"):
            with pytest.raises(ArtifactError, match=r"does not (load|answer)"):
                OPENINGS[opening](workspace)


@pytest.mark.parametrize(
    "bundle", ["/etc", "../../elsewhere", "models/../../x", "..", "", "a\x00b", "models\\..\\x"]
)
def test_a_pointer_does_not_climb_out_of_its_folder(workspace: Workspace, bundle: str) -> None:
    document = json.loads(workspace.pointer.read_text()) | {"bundle": bundle}
    workspace.pointer.write_text(json.dumps(document))
    for opening in OPENINGS.values():
        with pytest.raises(ArtifactError, match="bundle"):
            opening(workspace)


@pytest.mark.parametrize("version", ["../../x", "a/b", "..", "."])
def test_a_version_is_one_step(version: str) -> None:
    with pytest.raises(ValueError, match="not the name of a version"):
        HistoryEntry(
            time=datetime.now(UTC), version=version, digest="d", candidate="c", replaced="",
            why="", money_per_decision=None, previous="",
        )  # fmt: skip


def test_a_pointer_that_is_a_folder_or_no_document_is_one_line(workspace: Workspace) -> None:
    for change in (
        lambda path: path.mkdir(),
        lambda path: path.write_bytes(b"\xff" * 10),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text('{"name": "\\ud800"}'),
        lambda path: path.symlink_to(path),
    ):
        workspace.pointer.unlink(missing_ok=True)
        change(workspace.pointer)
        for opening in OPENINGS.values():
            with pytest.raises(ArtifactError) as caught:
                opening(workspace)
            assert "\n" not in str(caught.value)
        if workspace.pointer.is_dir() and not workspace.pointer.is_symlink():
            workspace.pointer.rmdir()


def test_a_link_that_is_not_in_the_manifest_is_refused(workspace: Workspace) -> None:
    (workspace.folder / "models/1/extra").symlink_to("/etc")
    with pytest.raises(ArtifactError, match="is not in the manifest"):
        open_bundle(workspace.folder / "models/1")


def keys(private: ed25519.Ed25519PrivateKey) -> tuple[str, str]:
    """Return both keys in PEM."""
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()


def signed(workspace: Workspace, **changes: str) -> None:
    folder = workspace.folder / "models/1"
    digest = read_manifest(folder).digest
    assert signing.sign(folder, **{"name": "flights", "version": "1", "digest": digest, **changes})


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    made = keys(ed25519.Ed25519PrivateKey.generate())
    monkeypatch.setenv("MDLC_SIGNING_KEY", made[0])
    monkeypatch.setenv("MDLC_VERIFY_KEYS", made[1])
    return made


def test_with_a_key_what_is_signed_opens(workspace: Workspace, pair: tuple[str, str]) -> None:
    signed(workspace)
    for opening in OPENINGS.values():
        opening(workspace)


def test_with_a_key_what_is_not_signed_does_not_open(
    workspace: Workspace, pair: tuple[str, str]
) -> None:
    for name in ("predict", "run", "serve"):
        with pytest.raises(ArtifactError, match="is not signed"):
            OPENINGS[name](workspace)


@pytest.mark.parametrize("changes", [{"name": "fleet"}, {"version": "2"}, {"digest": "0" * 64}])
def test_a_signature_of_another_release_is_none(
    workspace: Workspace, pair: tuple[str, str], changes: dict[str, str]
) -> None:
    signed(workspace, **changes)
    pointer = require(workspace)
    with pytest.raises(ArtifactError, match="not one of version 1 of flights by a known key"):
        checked(workspace.pointer.parent, pointer, name="flights")


def test_who_writes_bundle_and_pointer_alike_still_cannot_sign(
    workspace: Workspace, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack that digests do not stop: everything in the store is replaced, consistently."""
    folder = workspace.folder / "models/1"
    shutil.rmtree(folder)
    manifest = sample_bundles.bundle(folder, classes=["no", "yes"], slope=-1)
    sample_bundles.point(workspace.pointer, folder=folder, manifest=manifest, version="1")
    theirs = keys(ed25519.Ed25519PrivateKey.generate())
    monkeypatch.setenv("MDLC_SIGNING_KEY", theirs[0])
    signed(workspace)
    for name in ("predict", "run", "serve"):
        with pytest.raises(ArtifactError, match="by a known key"):
            OPENINGS[name](workspace)


def test_two_keys_stand_while_one_takes_the_others_place(
    workspace: Workspace, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    signed(workspace)
    newer = keys(ed25519.Ed25519PrivateKey.generate())
    (tmp_path / "keys.pem").write_text(newer[1] + pair[1])
    monkeypatch.setenv("MDLC_VERIFY_KEYS", str(tmp_path / "keys.pem"))
    OPENINGS["predict"](workspace)


def test_nothing_is_released_that_nobody_may_load(
    workspace: Workspace, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MDLC_SIGNING_KEY")
    with pytest.raises(RefusedError, match="cannot be released unsigned"):
        signing.sign(workspace.folder / "models/1", name="flights", version="1", digest="d")


@pytest.mark.parametrize("text", ["x", "/nowhere.pem", "-----BEGIN PUBLIC KEY-----\nx", "rsa"])
def test_a_key_that_is_none_is_one_line_without_the_key(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    if text == "rsa":
        text = keys(rsa.generate_private_key(65537, 2048))[0]  # type: ignore[arg-type]
    for variable in ("MDLC_SIGNING_KEY", "MDLC_VERIFY_KEYS"):
        monkeypatch.setenv(variable, text)
    with pytest.raises(SpecError, match="MDLC_SIGNING_KEY") as caught:
        signing.sign(workspace.folder / "models/1", name="flights", version="1", digest="d")
    assert "BEGIN" not in str(caught.value)
    with pytest.raises(MdlcError, match="MDLC_VERIFY_KEYS"):
        OPENINGS["predict"](workspace)


def test_a_torn_signature_is_one_line(workspace: Workspace, pair: tuple[str, str]) -> None:
    path = workspace.folder / "models/1" / "signature.json"
    write_document(path, signing.Signature(version="1", signature="!!!"))
    with pytest.raises(ArtifactError, match="is not a signature"):
        OPENINGS["predict"](workspace)


def test_a_model_may_be_loaded_by_its_digest_alone(workspace: Workspace) -> None:
    pointer = read_document(workspace.pointer, Pointer)
    folder = workspace.folder / "models/1"
    assert Scorer.load(folder, digest=pointer.digest).classes == ["no", "yes"]
    with pytest.raises(ArtifactError, match="another model"):
        Scorer.load(folder, digest="0" * 64)
