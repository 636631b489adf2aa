"""A lifecycle whose weeks pass in seconds: only what is measured on the clock is shortened.

Windows of the data (retrain.window, validation, test) stay as they are: rows keep their own time.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from mdlc.core.spec import Lifecycle

ONE = timedelta(seconds=1)
PATHS = ("csv", "tsv", "json", "parquet")
"""Keys of a source that name a file, relative to the lifecycle's."""


def compress_time(lifecycle: Lifecycle, *, window: timedelta) -> Lifecycle:
    """Return the lifecycle with monitor.window as long as `window`, all else in proportion.

    Each duration is whole seconds, one at least; Prometheus reads the predictor every second.
    """
    spec = lifecycle.spec
    factor = spec.monitor.window / window

    def short(duration: timedelta | None) -> timedelta | None:
        if duration is None:
            return None
        return max(timedelta(seconds=round((duration / factor).total_seconds())), ONE)

    monitor = {
        name: short(getattr(spec.monitor, name))
        for name in ("window", "long_window", "hold", "warm_up", "labels_within", "data_within")
    }
    retrain = {name: short(getattr(spec.retrain, name)) for name in ("cooldown", "every")}
    changes = {
        # Nobody is told of a rehearsal.
        "monitor": spec.monitor.model_copy(
            update={**monitor, "scrape": ONE, "notify": type(spec.monitor.notify)()}
        ),
        "retrain": spec.retrain.model_copy(update={**retrain, "quiet": [], "freeze": []}),
    }
    return lifecycle.model_copy(update={"spec": spec.model_copy(update=changes)})


def write(lifecycle: Lifecycle, path: Path, *, root: Path) -> None:
    """Write a lifecycle as a file in another folder than `root`, where its sources lie."""
    from ruamel.yaml import YAML

    content = lifecycle.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for source in content["spec"]["data"]["sources"].values():
        _make_absolute(source, root=root)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        YAML().dump(content, file)


def _make_absolute(source: dict[str, Any], *, root: Path) -> None:
    for key in PATHS:
        location = source.get(key)
        if isinstance(location, str) and "://" not in location:
            source[key] = str(root / location)
