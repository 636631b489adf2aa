"""The preparation stage: makes one table from a snapshot, point-in-time correct, tested, split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from mdlc.components.preparation import data_tests, splits, table_engine, target, times, unsaid
from mdlc.components.preparation import features as shaping
from mdlc.components.preparation import labelled_feedback as returned
from mdlc.components.preparation import row_rules as rules
from mdlc.components.preparation.assemble import assemble
from mdlc.components.preparation.checks import builtin, kinds_of
from mdlc.components.preparation.column_names import check_columns
from mdlc.components.preparation.guard.inspection import Context, Inspected, inspect
from mdlc.core.columns import KEY, LABEL_TIME, SPLIT, TARGET, TIME, Feature
from mdlc.core.documents.prepared_data import CheckResult, LeftOut, Prepared, Remark, Snapshot
from mdlc.core.errors import SpecError, closest
from mdlc.core.files import digest_path, read_document, storage_errors, write_document
from mdlc.core.spec.data import Data
from mdlc.core.spec.model import Model, Split, Task
from mdlc.core.spec.retrain import Guard

__all__ = ["check_columns", "prepare"]


@dataclass(frozen=True)
class _Work:
    """What the steps share."""

    connection: Any
    scratch: Path
    data: Data
    model: Model

    def stored(self, table: Any, name: str) -> Any:
        """Compute a table once and write it to disk, so that later steps need not join again."""
        path = self.scratch / f"{name}.parquet"
        table.to_parquet(path, compression="snappy")
        return self.connection.read_parquet(path)


@dataclass(frozen=True)
class _Shaped:
    """The table as models get it, not split yet."""

    table: Any
    features: list[Feature]
    left_out: list[LeftOut]
    remarks: list[Remark]
    task: Task
    removed_null_target: int
    results: list[CheckResult]
    guarded: Inspected | None = None
    anchor: Any = None
    """Test rows with the sources' labels; None if feedback is not tested against sources."""


@dataclass(frozen=True)
class _Sources:
    """The sources' own rows, with which feedback is compared."""

    known: Any
    """Shaped as the table, those without a target and those after the file's `until` included."""
    windows: splits.Windows | None
    until: datetime | None
    guard: Guard | None


def prepare(  # noqa: PLR0913 - a stage's entry: what it reads, where it writes, what retraining adds
    data: Data,
    *,
    model: Model,
    snapshot: Path,
    out: Path,
    feedback: Path | None = None,
    until: datetime | None = None,
    guard: Guard | None = None,
) -> Prepared:
    """Make table.parquet and prepared.json from a snapshot and, in a retraining, from feedback.

    `until` replaces the file's; rows from it on are `later`. checks.json is written even on
    failure. With `guard` feedback is tested before it is joined, and anchor.parquet has the test
    rows that have a label in the sources.

    Raises:
        SpecError: the file names a column that the data lack, or an expression is wrong.
        DataError: a join would multiply rows, a key occurs twice, a split is empty, a test fails,
            or the feedback is not to be trusted.
    """
    found = read_document(snapshot / "snapshot.json", Snapshot)
    check_columns(data, {name: source.columns for name, source in found.sources.items()})
    reads = [snapshot, *([feedback] if feedback else [])]
    with (
        storage_errors(out),
        table_engine.opened(data, reads=reads, out=out) as (connection, scratch),
    ):
        work = _Work(connection, scratch, data, model)
        table = assemble(connection, data=data, snapshot=found, folder=snapshot)
        wide = work.stored(table, "wide")
        _check_slices(model, known=wide.columns)
        data, wide, remarks = unsaid.in_time(wide, data=data, split=model.split)
        work = replace(work, data=data)
        everything = wide
        nulls, wide = rules.without_missing(wide, target=data.target)
        rules.refuse_missing_times(wide, data=data)
        windows = _windows(model, data, table=wide, until=until)  # refuses early
        features, left_out, said = unsaid.features(wide, data=data)
        known = _before(wide, until or model.split.until, data=data)
        task = target.task_of(known, target=data.target, wanted=model.task)
        table = _shape(wide, work=work, features=features, task=task)
        tested = _user_tests(work, wide)
        shaped = _Shaped(table, features, left_out, [*remarks, *said], task, nulls, tested)
        if feedback is not None:
            known = _shape(everything, work=work, features=features, task=task)
            sources = _Sources(known, windows, until, guard)
            shaped = _with_feedback(work, shaped, path=feedback, sources=sources, out=out)
        rules.refuse_duplicate_keys(shaped.table, data=data)
        return _finish(work, shaped, until=until, out=out)


def _windows(
    model: Model, data: Data, *, table: Any, until: datetime | None
) -> splits.Windows | None:
    if not data.table.time:
        return None
    first, last = rules.span(table)
    newest = partial(rules.newest, table)
    return splits.windows(model.split, until=until, first=first, last=last, newest=newest)


def _with_feedback(
    work: _Work, shaped: _Shaped, *, path: Path, sources: _Sources, out: Path
) -> _Shaped:
    """Test feedback, and use it instead of the base's rows after `until`.

    Raises:
        DataError: it has another schema, or is not to be trusted.
    """
    features, task, guard = shaped.features, shaped.task, sources.guard
    back = work.stored(
        returned.read(work.connection, path, features=features, task=task), "feedback"
    )
    results = shaped.results + _feedback_tests(work, back, features=features)
    guarded, anchor = None, None
    if guard is not None:
        hidden = work.data.target in work.data.sensitive
        slices = list(work.model.slices)
        context = Context(features, slices, sources.windows, sources.until, hidden, work.stored)
        known = work.stored(sources.known, "known")
        guarded = inspect(back, known, path=path, guard=guard, context=context, out=out)
        results += guarded.results()
        if guarded.error:
            data_tests.write(results, out=out)
            raise guarded.error
        back = guarded.table
        anchor = _anchor(known, split=work.model.split, windows=sources.windows)
    base = _before(shaped.table, work.model.split.until, data=work.data)
    return replace(
        shaped, table=returned.merge(base, back), results=results, guarded=guarded, anchor=anchor
    )


def _anchor(known: Any, *, split: Split, windows: splits.Windows | None) -> Any:
    """Return the test rows that have a label of the sources' own, known by then."""
    parted = splits.by_time(known, windows) if windows else splits.by_key(known, split)
    return parted.filter(parted[SPLIT] == "test", parted[TARGET].notnull())


def _write_anchor(anchor: Any, *, classes: list[str], out: Path) -> int:
    """Write anchor.parquet, return its row count; classes that the table lacks are left out."""
    if anchor is None:
        return 0
    if classes:
        anchor = anchor.filter(anchor[TARGET].isin(classes))
    path = out / "anchor.parquet"
    anchor.order_by([TIME, KEY]).to_parquet(path, compression="zstd")
    return int(anchor.get_backend().read_parquet(path).count().to_pyarrow().as_py())


def _finish(work: _Work, shaped: _Shaped, *, until: datetime | None, out: Path) -> Prepared:
    """Split, test and write the table; return the document."""
    table, features, task = shaped.table, shaped.features, shaped.task
    first, last = rules.span(table)
    windows = _windows(work.model, work.data, table=table, until=until)
    copied, remarks = 0, shaped.remarks
    if windows is not None:
        table = splits.by_time(table, windows)
    else:
        merged = work.stored(table, "merged")
        table, copied, said = unsaid.together(merged, features=features, split=work.model.split)
        table, remarks = splits.by_key(table, work.model.split), [*remarks, *said]
    table = work.stored(table, "split")
    rows = rules.count_by_split(table)
    unknown = rows.pop("unknown", 0)
    # `!=` is NULL for a NULL split, so rows before the training window are removed too.
    table = table.filter(table[SPLIT] != "unknown")
    tests = builtin.findings(table, features=features, task=task)
    results = shaped.results + data_tests.run(table, tests, sensitive=_hidden(work.data, features))
    data_tests.write(results, out=out)
    splits.refuse_empty(rows, found=windows, first=first, last=last)
    data_tests.enforce(results)
    path = out / "table.parquet"
    table.order_by([TIME, KEY]).to_parquet(path, compression="zstd")
    classes = [] if task == "regression" else target.classes(table)
    guarded = shaped.guarded
    document = Prepared(
        task=task,
        classes=classes,
        features=features,
        left_out=shaped.left_out,
        slices=list(work.model.slices),
        has_time=windows is not None,
        until=windows.until if windows else None,
        rows=rows,
        boundaries=rules.boundaries(windows, first=first),
        test_ratio=None if windows else work.model.split.test_ratio,
        copies=copied,
        remarks=remarks,
        removed_null_target=shaped.removed_null_target,
        removed_unknown_label=unknown,
        target_by_split=target.by_split(table, task=task),
        checks=results,
        guard=guarded.findings if guarded else [],
        quarantined=guarded.quarantined if guarded else 0,
        anchor=_write_anchor(shaped.anchor, classes=classes, out=out),
        digest=digest_path(path),
    )
    write_document(out / "prepared.json", document)
    return document


def _shape(wide: Any, *, work: _Work, features: list[Feature], task: Task) -> Any:
    """Return the table's own columns, the features, and the slices that are not features."""
    shaped = shaping.shaped(wide, features=features, image=work.data.image)
    slices = {name: shaping.as_text(wide[name]) for name in work.model.slices if name not in shaped}
    answer = {TARGET: target.shaped(wide[work.data.target], task=task)}
    own = {name: wide[name] for name in (KEY, TIME, LABEL_TIME)}
    return wide.select(**own, **answer, **shaped, **slices)


def _user_tests(work: _Work, wide: Any) -> list[CheckResult]:
    """Run the file's tests on the joined table, with its columns as the user knows them."""
    table, found = data_tests.findings(work.connection, wide, checks=work.data.checks)
    return data_tests.run(table, found, sensitive=work.data.sensitive)


def _feedback_tests(work: _Work, table: Any, *, features: list[Feature]) -> list[CheckResult]:
    """Run on feedback those tests that are about one feature: it has no other columns."""
    names = {feature.name for feature in features}
    checks = {
        index: check
        for index, check in enumerate(work.data.checks)
        if check.column in names and all(kind.of_features for _, kind in kinds_of(check))
    }
    table, found = data_tests.findings(
        work.connection, table, checks=list(checks.values()), numbers=list(checks), of="feedback "
    )
    return data_tests.run(table, found, sensitive=work.data.sensitive)


def _before(table: Any, moment: datetime | None, *, data: Data) -> Any:
    """Return the rows before a moment; all without one, or without times."""
    if moment is None or not data.table.time:
        return table
    return table.filter(table[TIME] < times.literal(times.in_utc(moment)))


def _check_slices(model: Model, *, known: tuple[str, ...]) -> None:
    for number, name in enumerate(model.slices):
        if name not in known:
            where = f"spec.model.slices[{number}]"
            raise SpecError(f"no column {name}", where=where, hint=closest(name, known))


def _hidden(data: Data, features: list[Feature]) -> list[str]:
    """Return sensitive columns under the names of the final table."""
    target = [TARGET] if data.target in data.sensitive else []
    return [*data.sensitive, *(f.name for f in features if f.sensitive), *target]
