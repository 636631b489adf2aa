"""Checks a file against its data by the run's own stages, as far as they need no training."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from mdlc.core.errors import MdlcError
from mdlc.core.spec import Lifecycle
from mdlc.life.data_remarks import DataRemarks, told_by


def check_data(lifecycle: Lifecycle, *, root: Path, say: Callable[[str], None]) -> DataRemarks:
    """Collect, prepare and explore in a folder that is thrown away; return what they say.

    So the file passes only where a run would come as far as training: its types, expressions,
    joins, data tests, splits, and the payoff's classes. Where a stage stops, `say` is told what the
    earlier ones had to say.

    Raises:
        MdlcError: what a run would stop with.
    """
    with tempfile.TemporaryDirectory(prefix="mdlc-validate-") as scratch:
        names = ("business", "collection", "preparation", "exploration", "selection")
        stages = {name: Path(scratch) / name for name in names}
        for folder in stages.values():
            folder.mkdir()
        try:
            _run(lifecycle, root=root, stages=stages)
        except MdlcError:
            for line in told_by(stages).lines():
                say(line)
            raise
        return told_by(stages)


def _run(lifecycle: Lifecycle, *, root: Path, stages: dict[str, Path]) -> None:
    """Run the stages before training, each into its folder."""
    from mdlc.components.business.stage import assess
    from mdlc.components.collection.stage import collect
    from mdlc.components.exploration.stage import explore
    from mdlc.components.preparation.stage import prepare
    from mdlc.components.selection.stage import select

    spec, data = lifecycle.spec, lifecycle.spec.data
    assess(spec.business, sensitive=data.sensitive, features=data.features, out=stages["business"])
    collect(data, root=root, out=stages["collection"])
    prepared = stages["preparation"]
    prepare(data, model=spec.model, snapshot=stages["collection"], out=prepared)
    explore(spec.explore, prepared=prepared, sensitive=data.sensitive, out=stages["exploration"])
    select(
        spec.model,
        data=data,
        business=spec.business,
        prepared=prepared,
        out=stages["selection"],
    )
