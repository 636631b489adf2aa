"""Release, canary, promotion and rollback: each whole or not at all, each told once in history."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mdlc.core.documents.evaluation_result import Evaluation
from mdlc.core.errors import ArtifactError, MdlcError, RefusedError
from mdlc.core.files import digest_bytes
from mdlc.core.spec.deploy import Serving
from mdlc.life import releases, withdrawals
from mdlc.life.release_record import complete, history_of
from mdlc.life.releases import begin_canary, current, promote, release, rollback
from mdlc.monitoring.history_entries import promotion_of
from mdlc.state.release_documents import HistoryEntry, Pointer
from mdlc.state.workspace import Workspace
from tests.unit.bundles import make_bundle
from tests.winners import deployed

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(hour: int) -> datetime:
    return NOON + timedelta(hours=hour)


class World:
    """A workspace, and deployments whose bias is their version."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = Workspace("test", folder / ".mdlc", folder)

    def made(self, version: str, **bundle: Any) -> tuple[Path, Evaluation]:
        out = self.folder / f"deployment-{version}"
        manifest = make_bundle(out / "bundle", **{"bias": float(version), **bundle})
        evaluation = deployed(
            out,
            name="test",
            version=version,
            digest=manifest.digest,
            money=float(version) + 0.5,
            created=NOON,
        )
        return out, evaluation

    def release(self, version: str, hour: int = 0) -> Pointer:
        deployment, evaluation = self.made(version)
        why = f"{version} is better"
        return release(
            self.workspace, deployment=deployment, evaluation=evaluation, time=at(hour), why=why
        )

    def canary(self, version: str, hour: int = 0, **bundle: Any) -> Pointer:
        deployment, evaluation = self.made(version, **bundle)
        return begin_canary(
            self.workspace,
            deployment=deployment,
            evaluation=evaluation,
            time=at(hour),
            why=f"{version} is better",
            ratio=0.2,
        )

    def promote(self, hour: int = 9) -> Pointer:
        return promote(self.workspace, time=at(hour), why="good")

    def rollback(self, hour: int = 9, why: str = "bad") -> Pointer:
        return rollback(self.workspace, time=at(hour), why=why)

    def told(self) -> list[tuple[str, str, str]]:
        entries = history_of(self.workspace).entries()
        return [(entry.kind, entry.version, entry.replaced) for entry in entries]

    def entries(self) -> list[HistoryEntry]:
        return history_of(self.workspace).entries()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_release_says_what_was_promised_and_is_told_once(world: World) -> None:
    pointer = world.release("1")
    assert (pointer.version, pointer.promised, pointer.canary) == ("1", 1.5, None)
    assert world.release("1", hour=5) == pointer == current(world.workspace)
    assert world.told() == [("promotion", "1", "")]


def test_a_canary_stands_beside_the_champion_and_is_told_once(world: World) -> None:
    champion = world.release("1")
    pointer = world.canary("2", hour=1)
    assert world.canary("2", hour=2) == pointer == current(world.workspace)
    assert pointer.model_copy(update={"canary": None}) == champion
    trial = pointer.canary
    assert trial is not None
    assert (trial.version, trial.ratio, trial.promised, trial.since) == ("2", 0.2, 2.5, at(1))
    assert (world.workspace.pointer.parent / trial.bundle / "model.onnx").is_file()
    assert world.told() == [("promotion", "1", ""), ("canary", "2", "")]


def test_a_canary_needs_a_champion_and_its_features(world: World) -> None:
    with pytest.raises(MdlcError, match="no released model"):
        world.canary("1")
    world.release("1")
    before = world.workspace.pointer.read_bytes()
    with pytest.raises(RefusedError, match=r"other classes; leave deploy.canary out"):
        world.canary("2", classes=["bad", "good"])
    assert world.workspace.pointer.read_bytes() == before
    assert not (world.workspace.folder / "models" / "2").exists()
    assert world.told() == [("promotion", "1", "")]


def test_another_canary_takes_its_place(world: World) -> None:
    world.release("1")
    world.canary("2")
    pointer = world.canary("3")
    assert pointer.canary is not None
    assert pointer.canary.version == "3"
    assert world.told()[1:] == [("canary", "2", ""), ("canary", "3", "2")]


def test_a_canary_is_promoted(world: World) -> None:
    world.release("1")
    world.canary("2", hour=1)
    pointer = world.promote(hour=2)
    assert (pointer.version, pointer.promised, pointer.since) == ("2", 2.5, at(2))
    assert pointer.canary is None
    assert world.told() == [("promotion", "1", ""), ("canary", "2", ""), ("promotion", "2", "1")]
    assert world.entries()[-1].why == "good"
    with pytest.raises(MdlcError, match="no canary; version 2 serves alone"):
        world.promote()
    assert len(world.told()) == 3


def test_a_canary_is_dropped_and_the_champion_serves_on(world: World) -> None:
    champion = world.release("1")
    world.canary("2")
    assert world.rollback() == champion == current(world.workspace)
    assert world.told()[-1] == ("canary_rollback", "1", "2")
    assert (world.entries()[-1].why, world.entries()[-1].digest) == ("bad", champion.digest)


def test_rollbacks_go_back_step_by_step_and_never_to_what_was_rolled_back(world: World) -> None:
    for version in "123":
        world.release(version)
    back = world.rollback(hour=4)
    assert (back.version, back.promised, back.since) == ("2", 2.5, at(4))
    assert world.rollback().version == "1"
    with pytest.raises(MdlcError, match="no version before 1 to go back to"):
        world.rollback()
    assert world.told()[3:] == [("rollback", "2", "3"), ("rollback", "1", "2")]
    world.release("4")
    assert world.rollback().version == "1"  # 2 and 3 were rolled back from


def test_what_is_promoted_again_may_be_gone_back_to_again(world: World) -> None:
    world.release("1")
    world.release("2")
    world.rollback()
    world.release("2")
    world.release("3")
    assert world.rollback().version == "2"


def test_a_version_that_served_again_before_it_was_rolled_back_from_is_not_gone_back_to(
    world: World,
) -> None:
    for version in "121":
        world.release(version)
    assert world.rollback().version == "2"
    with pytest.raises(MdlcError, match="no version before"):
        world.rollback()


def test_a_rollback_skips_canaries_that_never_served(world: World) -> None:
    world.release("1")
    world.release("2")
    world.canary("3")
    assert world.rollback().version == "2"
    assert world.rollback().version == "1"


def test_a_release_ends_a_canary(world: World) -> None:
    world.release("1")
    world.canary("2")
    assert world.release("3").canary is None
    assert world.told()[-1] == ("promotion", "3", "1")
    assert world.release("3") == current(world.workspace)
    assert len(world.told()) == 3


@pytest.mark.parametrize("harm", ["gone", "altered", "another"])
def test_a_bundle_that_is_not_what_it_was_is_not_gone_back_to(world: World, harm: str) -> None:
    world.release("1")
    world.release("2")
    bundle = world.workspace.folder / "models" / "1"
    for path in bundle.iterdir():
        path.unlink()
    if harm == "altered":
        make_bundle(bundle, bias=1.0)
        (bundle / "model.onnx").write_bytes(b"x")
    if harm == "another":
        make_bundle(bundle, bias=7.0)
    before = world.workspace.pointer.read_bytes()
    with pytest.raises(ArtifactError):
        world.rollback()
    assert world.workspace.pointer.read_bytes() == before
    assert len(world.told()) == 2


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


Act = Callable[[World], Pointer]
ACTS: dict[str, tuple[Act, tuple[str, str, str]]] = {
    "release": (lambda world: world.release("3", hour=3), ("promotion", "3", "2")),
    "begin": (lambda world: world.canary("3", hour=3), ("canary", "3", "")),
    "promote": (lambda world: world.promote(3), ("promotion", "5", "2")),
    "drop": (lambda world: world.rollback(3), ("canary_rollback", "2", "5")),
    "rollback": (lambda world: world.rollback(3), ("rollback", "1", "2")),
}


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("killed", ["before the pointer", "after the pointer"])
def test_killed_at_any_step_the_next_call_completes_it(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str, killed: str
) -> None:
    act, wanted = ACTS[name]
    world.release("1")
    world.release("2", hour=1)
    if name in {"promote", "drop"}:
        world.canary("5", hour=2)
    told, before = world.told(), current(world.workspace)
    with monkeypatch.context() as patch:
        if killed == "before the pointer":
            patch.setattr(releases, "write_document", _killed)
        else:
            from mdlc.monitoring.version_history import History

            patch.setattr(History, "append", _killed)
        with pytest.raises(KeyboardInterrupt):
            act(world)
    assert world.told() == told
    moved = current(world.workspace) != before
    assert moved == (killed == "after the pointer")
    pointer = act(world)
    assert current(world.workspace) == pointer
    assert world.told() == [*told, wanted]
    assert world.entries()[-1].why == (
        "3 is better" if name in {"release", "begin"} else "good" if name == "promote" else "bad"
    )


def test_what_was_killed_and_not_called_again_is_told_by_the_next_other_call(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mdlc.monitoring.version_history import History

    world.release("1")
    world.canary("2", hour=1)
    with monkeypatch.context() as patch:
        patch.setattr(History, "append", _killed)
        with pytest.raises(KeyboardInterrupt):
            world.promote(hour=2)
    assert world.rollback(hour=3).version == "1"
    told = world.told()[1:]
    assert told == [("canary", "2", ""), ("promotion", "2", "1"), ("rollback", "1", "2")]
    assert "killed before it could say why" in world.entries()[2].why
    assert world.entries()[2].time == at(2)


def test_a_history_from_before_canaries_is_read_and_goes_on(world: World) -> None:
    """Its lines say no kind; their hashes are of the lines as they are, so the chain holds."""
    pointer = world.release("1")
    first = world.entries()[0].model_dump(mode="json")
    first.pop("kind")
    line = json.dumps(first).encode()
    world.workspace.history.write_bytes(line + b"\n")
    head = world.workspace.history.with_name("history.jsonl.head")
    head.write_text(digest_bytes(line))
    old = world.workspace.pointer.read_text()
    # A pointer from then knows of no promise and no canary either.
    fields = {k: v for k, v in json.loads(old).items() if k not in {"promised", "canary"}}
    world.workspace.pointer.write_text(json.dumps(fields))
    assert world.told() == [("promotion", "1", "")]
    assert complete(world.workspace, pointer=pointer, time=at(1)) == []
    world.release("2")
    assert world.rollback().version == "1"
    assert [kind for kind, _, _ in world.told()] == ["promotion", "promotion", "rollback"]
    assert world.workspace.history.read_bytes().startswith(line + b"\n")
    assert world.entries()[1].previous == digest_bytes(line)


def test_a_promotion_is_found_by_its_model_whatever_came_after(world: World) -> None:
    world.release("1")
    champion = world.release("2")
    world.canary("3")
    found = promotion_of(world.entries(), champion.digest)
    assert found is not None
    assert (found.version, found.replaced) == ("2", "1")


def test_a_training_asks_again_what_its_champion_won_whatever_came_after(world: World) -> None:
    from mdlc.life.train import _champions_before

    models = world.workspace.folder / "models"
    assert _champions_before(world.workspace) == []
    world.release("1")
    assert _champions_before(world.workspace) == [None]
    world.release("2")
    assert _champions_before(world.workspace) == [models / "1"]
    world.canary("3")
    assert _champions_before(world.workspace) == [models / "1"]
    world.promote()
    assert _champions_before(world.workspace) == [models / "2"]
    world.rollback()
    assert _champions_before(world.workspace) == [models / "1"]
    world.rollback()
    assert _champions_before(world.workspace) == [None]


def test_a_champion_that_is_taken_off_scores_and_no_longer_decides(tmp_path: Path) -> None:
    from mdlc.core.scorer import made_up
    from mdlc.serving.active_models import load

    world = World(tmp_path)
    world.release("1")

    def said() -> list[str]:
        champion = load(world.workspace.pointer, limits=Serving()).champion.scorer
        return list(champion.answer(made_up(champion.manifest.features, rows=2)).actions)

    assert said() == ["act", "act"]
    for _ in range(2):
        withdrawals.withdraw(world.workspace, action="wait", time=at(3), why="it loses money")
    assert said() == ["wait", "wait"]
    assert world.told() == [("promotion", "1", ""), ("withdrawal", "1", "")]
    for _ in range(2):
        withdrawals.restore(world.workspace, time=at(3), why="it earns again")
    assert said() == ["act", "act"]
    withdrawals.withdraw(world.workspace, action="wait", time=at(3), why="it loses money")
    assert world.told()[2:] == [("restoration", "1", ""), ("withdrawal", "1", "")]
    world.release("2", hour=4)
    assert said() == ["act", "act"]
    assert world.told()[-1] == ("promotion", "2", "1")
