"""Where replays live: a workspace inside the workspace, so that real serving is never touched."""

from __future__ import annotations

import shutil

from mdlc.pipelines.cache.result_store import ResultStore
from mdlc.state.workspace import Workspace

KEPT = {"cache", "artifacts", "lock"}
"""What a new replay may reuse: results by content, and the artifacts that they name."""


def replay_workspace(workspace: Workspace, name: str = "replay") -> Workspace:
    """Return the workspace of replays, or of what else is named, of the lifecycle in `workspace`."""
    return Workspace(workspace.name, workspace.folder / name, workspace.root)


def fresh_replay_workspace(workspace: Workspace, name: str = "replay") -> Workspace:
    """Empty such a workspace but for what may be reused, and lend it the main one's cache."""
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
    # A registration is no result by content: the registry that it was made in is gone.
    ResultStore(cache).forget("deployment")
    return lived
