"""A released tiny model, and predictions with labels as its server would have logged them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.core.columns import from_values
from mdlc.core.scorer import Scorer
from mdlc.core.spec import Lifecycle, load
from mdlc.life.progress import SilentProgress
from mdlc.life.releases import bundle_of, require
from mdlc.life.retraining_request import RetrainingOutcome, RetrainingRequest, retrain
from mdlc.life.train import train
from mdlc.pipelines.local.local_runner import LocalRunner
from mdlc.pipelines.local.warm_server import WarmServer
from mdlc.serving.payload_labels import Label
from mdlc.serving.payload_log import PayloadLog
from mdlc.state.workspace import Workspace, workspace_of
from tests import tiny

Row = dict[str, Any]
Spoil = Callable[[Row, np.random.Generator], Row]
RETRAIN = "  retrain:\n    max_per_month: 0\n    min_new_labels: 1\n"


def settings(more: str = "") -> tuple[str, str]:
    """Return the edit of tiny's file that lets it retrain; `more` are lines of its section."""
    own = "    max_per_month: 9\n    cooldown: 0s\n    min_new_labels: 1\n"
    own += "    validation: 3d\n    test: 5d\n    trials: 1\n"
    return RETRAIN, f"  retrain:\n{own}{more}"


@dataclass
class Life:
    """A lifecycle that has been trained up to the 31st of January and serves."""

    lifecycle: Lifecycle
    workspace: Workspace
    server: WarmServer
    later: list[Row] = field(default_factory=list)
    """Rows after training, as the CSV has them, with the truth as `answer`."""

    @property
    def ends(self) -> datetime:
        """When the newest label is known."""
        return max(moment(row["known"]) for row in self.later).replace(tzinfo=UTC)

    def serve(self, *, spoil: Spoil | None = None, seed: int = 1) -> None:
        """Answer the later rows by what serves and log them with labels; `spoil` changes a row."""
        random = np.random.default_rng(seed)
        rows = [spoil(dict(row), random) if spoil else dict(row) for row in self.later]
        pointer = require(self.workspace)
        scorer = Scorer.load(bundle_of(self.workspace, pointer))
        features = scorer.manifest.features
        batch = {
            f.name: from_values(f, [_value(f.kind, row[f.name]) for row in rows]) for f in features
        }
        answers = scorer.answer(batch)
        logged = [
            {
                "id": row["id"],
                "time": moment(row["asked"]),
                "version": pointer.version,
                "features": {f.name: _value(f.kind, row[f.name]) for f in features},
                "scores": dict(zip(scorer.classes, map(float, answers.scores[i]), strict=True)),
                "action": str(answers.actions[i]),
                "value": None,
                "expected": float(answers.expected[i]),
            }
            for i, row in enumerate(rows)
        ]
        labels = [Label(row["id"], row["answer"], moment(row["known"])) for row in rows]
        (self.workspace.folder / "store.db").unlink(missing_ok=True)
        with closing(PayloadLog(self.workspace.store, name=self.workspace.name)) as log:
            log.add(logged)
            verdicts = log.label(labels, received=self.ends.replace(tzinfo=None))
        assert {verdict.status for verdict in verdicts} == {"accepted"}

    def retrain(self) -> RetrainingOutcome:
        """Ask for a retraining an hour after the newest label."""
        return retrain(
            self.lifecycle,
            workspace=self.workspace,
            runner=LocalRunner(self.workspace, self.server),
            request=RetrainingRequest(self.ends + timedelta(hours=1), ["manual"], {}, force=True),
            progress=SilentProgress(),
        )

    def edited(self, *edits: tuple[str, str]) -> Life:
        """Return the same life under a file that differs."""
        file = self.workspace.root / "lifecycle.yaml"
        text = file.read_text()
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        other = file.with_name("edited.yaml")
        other.write_text(text)
        return Life(load(other), self.workspace, self.server, self.later)


@contextmanager
def lived(
    folder: Path,
    *edits: tuple[str, str],
    covered: bool,
    shift: Callable[[int], float] = lambda _: -1.0,
    days: int = 42,
    rows_a_day: int = 60,
) -> Iterator[Life]:
    """Train and release tiny's model; `covered`: the source goes on to hold the later rows, too."""
    everything = folder / "all.csv"
    tiny.write_rows(everything, days=days, rows_a_day=rows_a_day, shift=shift)
    with everything.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    first = 30 * rows_a_day
    with (folder / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *(rows if covered else rows[:first])])
    later = [dict(zip(header, row, strict=True)) for row in rows[first:]]
    file_path = tiny.write_file(folder, *edits)
    lifecycle = load(file_path)
    workspace = workspace_of(lifecycle, file=file_path, home=folder / "home")
    with WarmServer() as server, workspace.lock():
        made = train(
            lifecycle,
            workspace=workspace,
            runner=LocalRunner(workspace, server),
            progress=SilentProgress(),
        )
        assert made.released, made.evaluation.reasons
        yield Life(lifecycle, workspace, server, later)


def moment(text: str) -> datetime:
    """Read a time of the CSV, which is UTC, as the payload log keeps times: without a zone."""
    return datetime.fromisoformat(text)


def _value(kind: str, text: str) -> Any:
    return float(text) if kind == "number" else text
