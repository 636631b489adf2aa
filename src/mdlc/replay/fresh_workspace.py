"""The workspace of replays, inside the lifecycle's own, so that real serving is not touched."""

from __future__ import annotations

import shutil

from mdlc.pipelines.cache.result_store import ResultStore
from mdlc.state.workspace import Workspace, replay_workspace

KEPT = {"cache", "artifacts", "lock"}
"""What a new replay keeps of the last: the cache, and the artifacts that it names."""


def fresh_replay_workspace(workspace: Workspace, name: str = "replay") -> Workspace:
    """Return the workspace `name`, emptied except for KEPT, with the main cache's entries added."""
    lived = replay_workspace(workspace, name)
    if lived.folder.exists():
        for item in lived.folder.iterdir():
            if item.name in KEPT:
                continue
            if item.is_dir():
                shutil.rmtree(item)
            else:
                item.unlink()
    for registry in lived.home.glob("mlflow.db*"):
        registry.unlink()
    cache = lived.folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for entry in (workspace.folder / "cache").glob("*.json"):
        shutil.copy2(entry, cache / entry.name)
    # Deployment's result is a registration, and the registry that it was made in is gone.
    ResultStore(cache).forget("deployment")
    return lived
