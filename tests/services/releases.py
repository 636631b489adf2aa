"""What a retraining leaves to be released, and who answers what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mdlc.life.releases import begin_canary, promote, release, rollback
from mdlc.serving import sample_bundles
from mdlc.state.release_documents import Pointer
from mdlc.state.workspace import Workspace
from tests.services.predictor import ROW, V1, Server
from tests.winners import deployed

RATIO = 0.2
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def first_release(folder: Path) -> Releases:
    """Release version 1 into a new workspace."""
    made = Releases(Workspace("flights", folder / ".mdlc", folder))
    made.release(1)
    return made


@dataclass
class Releases:
    """What a retraining leaves to be released: odd versions say rebook, even ones wait."""

    workspace: Workspace

    def _made(self, version: int, fault: sample_bundles.Fault) -> dict[str, Any]:
        out = self.workspace.root / f"deployment-{version}"
        slope = 1 if version % 2 else -1
        manifest = sample_bundles.bundle(
            out / "bundle", classes=["no", "yes"], slope=slope + version / 1000, fault=fault
        )
        evaluation = deployed(
            out,
            name="flights",
            version=str(version),
            digest=manifest.digest,
            money=1,
            created=NOW,
        )
        return {"deployment": out, "evaluation": evaluation, "time": datetime.now(UTC), "why": "x"}

    def release(self, version: int) -> Pointer:
        return release(self.workspace, **self._made(version, ""))

    def canary(
        self, version: int, *, fault: sample_bundles.Fault = "", ratio: float = RATIO
    ) -> Pointer:
        return begin_canary(self.workspace, **self._made(version, fault), ratio=ratio)

    def promote(self) -> Pointer:
        return promote(self.workspace, time=datetime.now(UTC), why="x")

    def rollback(self) -> Pointer:
        return rollback(self.workspace, time=datetime.now(UTC), why="x")


def versions(server: Server, ids: list[str], row: dict[str, Any] = ROW) -> list[str]:
    """Ask in requests of 50 rows; return the version of each."""
    found: list[str] = []
    for start in range(0, len(ids), 50):
        some = ids[start : start + 50]
        answer = server.client.post(V1, json={"instances": [row] * len(some), "ids": some})
        assert answer.status_code == 200, answer.text
        found += [one["version"] for one in answer.json()["predictions"]]
    return found


def has_canary(server: Server, version: int) -> bool:
    return f'mdlc_canary_ratio{{model="flights",version="{version}"}}' in metrics(server)


def metrics(server: Server) -> str:
    return server.client.get("/metrics").text
