"""Feedback rows, joined with the sources' rows and the serving model's scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mdlc.components.preparation import times
from mdlc.components.preparation.splits import Windows
from mdlc.core.columns import KEY, LABEL_TIME, SCORES, TARGET, TIME, Feature

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
CLOSE = 1e-5
"""Relative difference of two numbers that are the same: the payload log holds float32."""
SHARED = 0.05
"""Share of keys that the sources have, from which on the ids of predictions are the sources' keys.
A client that sends no ids is answered under random ones, which no source can have."""


@dataclass(frozen=True)
class FeedbackRows:
    """Feedback rows; all arrays are (rows,) but scores."""

    key: Array
    time: Array
    label: Array
    scores: Array | None
    """(rows, classes) probabilities, or (rows, 1) numbers; NaN where unknown, None without."""
    classes: list[str]
    """Of the scores; [] for regression."""
    known: Mask
    """Whether the sources have the key."""
    covered: Mask
    """Whether the sources should have the key: they have rows before and after its time."""
    differs: Mask
    """Whether a feature is another than in the sources' row."""
    source_label: Array
    """The sources' label that was known by then; None or NaN if there is none."""
    groups: dict[str, Array]
    """Column -> the group of each row, as text."""
    windows: Windows | None
    unit: float
    """Regression: standard deviation of the sources' target."""

    def __len__(self) -> int:
        return len(self.key)

    def slices(self) -> Iterator[tuple[str, Mask]]:
        """Yield all rows, then each window, in words."""
        yield "", np.ones(len(self), bool)
        found = self.windows
        if found is None:
            return
        test, validation = (np.datetime64(t, "us") for t in (found.test, found.validation))
        yield "in the training window", self.time < validation
        yield "in the validation window", (self.time >= validation) & (self.time < test)
        yield "in the test window", self.time >= test

    def parts(self) -> Iterator[tuple[str, Mask]]:
        """Yield all rows, then each group, in words."""
        yield "", np.ones(len(self), bool)
        for column, values in self.groups.items():
            for value in np.unique(values):
                yield f"with {column} {value}", values == value


def read(  # noqa: PLR0913 - the two sides and what says how to lay them side by side
    feedback: Any,
    known: Any,
    *,
    path: Path,
    features: Sequence[Feature],
    by: Sequence[Feature],
    windows: Windows | None,
    until: datetime | None,
    stored: Callable[[Any, str], Any],
) -> tuple[FeedbackRows, dict[str, int]]:
    """Lay feedback (preparation's types) beside the sources' rows; count differences by feature.

    `until` is when the retraining happens: what the sources say later is not looked at. `stored`
    computes a table once.
    """
    side = _joined(_with_scores(feedback, path), known, features=features, until=until)
    side = stored(side, "beside")
    compared = [f.name for f in features if f.kind != "image"]
    flags = {name: side[f"differs_{i}"] for i, name in enumerate(compared)}
    counts = side.aggregate(**{n: c.sum() for n, c in flags.items()}).to_pyarrow().to_pylist()[0]
    hidden = {f.name for f in features if f.sensitive}
    differing = {"a sensitive one" if n in hidden else n: int(c or 0) for n, c in counts.items()}
    differs = _any(list(flags.values()))
    names = [name for name in side.columns if name.startswith("score_")]
    columns = [KEY, TIME, TARGET, "known", "source_label", *names, *(f.name for f in by)]
    table = side.select(*dict.fromkeys(columns), differs=differs).order_by([TIME, KEY])
    arrow = table.to_pyarrow()
    columns_of = {
        name: arrow.column(name).to_numpy(zero_copy_only=False) for name in arrow.schema.names
    }
    # Where the sources have a key twice, which is refused later, the join has its rows twice.
    _, once = np.unique(columns_of[KEY].astype(str), return_index=True)
    found = {name: column[np.sort(once)] for name, column in columns_of.items()}
    return _rows(
        found, names=names, by=by, windows=windows, of=_sources(known, until=until)
    ), differing


def _rows(
    found: dict[str, Array],
    *,
    names: list[str],
    by: Sequence[Feature],
    windows: Windows | None,
    of: dict[str, Any],
) -> FeedbackRows:
    time = found[TIME].astype("datetime64[us]")
    known = found["known"].astype(bool)
    covered = np.zeros(len(time), bool)
    if of["first"] is not None:
        first, last = (np.datetime64(of[name], "us") for name in ("first", "last"))
        covered = (time >= first) & (time <= last)
        if not covered.any() or known[covered].mean() < SHARED:
            covered[:] = False
    classes = [name.removeprefix("score_") for name in names]
    scores = np.stack([found[name].astype(float) for name in names], axis=1) if names else None
    return FeedbackRows(
        key=found[KEY],
        time=time,
        label=found[TARGET],
        scores=scores,
        classes=[] if names == ["score_"] else classes,
        known=known,
        covered=covered,
        differs=found["differs"].astype(bool) & known,
        source_label=found["source_label"],
        groups={f.name: _words(found[f.name], hidden=f.sensitive) for f in by},
        windows=windows,
        unit=float(of["unit"] or 0.0),
    )


def _with_scores(feedback: Any, path: Path) -> Any:
    """Add a column for each class's score, where the export has them."""
    table = feedback.get_backend().read_parquet(path)
    if SCORES not in table.columns:
        return feedback
    kind = table.schema()[SCORES]
    scores = {"score_": table[SCORES]}
    if kind.is_struct():
        scores = {f"score_{name}": table[SCORES][name] for name in kind.names}
    right = table.select(score_key=table[KEY], **scores)
    return feedback.left_join(right, feedback[KEY] == right["score_key"]).drop("score_key")


def _joined(rows: Any, known: Any, *, features: Sequence[Feature], until: datetime | None) -> Any:
    """Join each row with the sources' row of its key: differences, and the label known by then."""
    import ibis

    compared = [feature for feature in features if feature.kind != "image"]
    told = known[TARGET]
    if until is not None:
        by_then = known[LABEL_TIME] <= times.literal(times.in_utc(until))
        # Without a label time in the table, its labels are known as soon as its rows are.
        told = ibis.ifelse(by_then.fill_null(known[TIME].isnull()), told, None)
    right = known.select(
        source_key=known[KEY],
        source_label=told,
        **{f"source_{i}": known[feature.name] for i, feature in enumerate(compared)},
    )
    side = rows.left_join(right, rows[KEY] == right["source_key"])
    differs = {
        f"differs_{i}": _differs(side[feature.name], side[f"source_{i}"], feature)
        for i, feature in enumerate(compared)
    }
    here = side["source_key"].notnull()
    differs = {name: (here & flag).fill_null(False) for name, flag in differs.items()}
    return side.mutate(known=here, **differs)


def _differs(value: Any, other: Any, feature: Feature) -> Any:
    import ibis

    if feature.kind == "category":
        return value.fill_null("") != other.fill_null("")
    far = (value - other).abs() > CLOSE * ibis.greatest(value.abs(), other.abs())
    return ibis.ifelse(value.isnull() | other.isnull(), value.isnull() != other.isnull(), far)


def _any(flags: list[Any]) -> Any:
    import ibis

    found: Any = ibis.literal(False)
    for flag in flags:
        found = found | flag
    return found


def _sources(known: Any, *, until: datetime | None) -> dict[str, Any]:
    """Return first and last time of the sources' rows by `until`, and the target's deviation."""
    import ibis

    if until is not None:
        end = times.literal(times.in_utc(until))
        known = known.filter((known[TIME] < end).fill_null(True))
    target = known[TARGET]
    unit = target.std() if target.type().is_numeric() else ibis.literal(0.0)
    found = known.aggregate(first=known[TIME].min(), last=known[TIME].max(), unit=unit)
    row: dict[str, Any] = found.to_pyarrow().to_pylist()[0]
    return row


def _words(values: Array, *, hidden: bool) -> Array:
    """Return groups as text; those of a sensitive column are numbered."""
    words = np.array(["missing" if v is None else str(v) for v in values], object)
    if not hidden or not len(words):
        return words
    _, numbers = np.unique(words.astype(str), return_inverse=True)
    return np.array([f"no. {number + 1} (sensitive)" for number in numbers], object)
