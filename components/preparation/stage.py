"""Preparation: a snapshot becomes one table, tested and split, point-in-time correct."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mdlc.components.preparation import features as shaping
from mdlc.components.preparation import feedback as returned
from mdlc.components.preparation import rows as rules
from mdlc.components.preparation import splits, target, testing, times
from mdlc.components.preparation.assemble import assemble
from mdlc.components.preparation.checks import builtin
from mdlc.components.preparation.columns import check_columns
from mdlc.core import engine
from mdlc.core.columns import KEY, LABEL_TIME, SPLIT, TARGET, TIME, Feature
from mdlc.core.documents.data import CheckResult, Prepared, Snapshot
from mdlc.core.errors import DataError, SpecError, StorageError, closest
from mdlc.core.files import digest_path, read_document, storage_errors, write_document
from mdlc.core.spec.data import Data
from mdlc.core.spec.model import Model, Task

__all__ = ["check_columns", "prepare"]


@dataclass(frozen=True)
class _Work:
    """What the steps share."""

    connection: Any
    scratch: Path
    data: Data
    model: Model

    def stored(self, table: Any, name: str) -> Any:
        """Compute a table once, onto disk: what follows reads columns instead of joining again."""
        path = self.scratch / f"{name}.parquet"
        table.to_parquet(path, compression="snappy")
        return self.connection.read_parquet(path)


@dataclass(frozen=True)
class _Shaped:
    """The table as models get it, not split yet."""

    table: Any
    features: list[Feature]
    task: Task
    removed_null_target: int
    results: list[CheckResult]


def prepare(  # noqa: PLR0913 - a stage's entry: what it reads, where it writes, what retraining adds
    data: Data,
    *,
    model: Model,
    snapshot: Path,
    out: Path,
    feedback: Path | None = None,
    until: datetime | None = None,
) -> Prepared:
    """Make table.parquet and prepared.json out of a snapshot and, in retraining, of feedback.

    `until` wins over the file's; rows from it on are `later`. checks.json is there even on failure.

    Raises:
        SpecError: the file names a column that the data lack, or an expression is wrong.
        DataError: a join would multiply rows, a key occurs twice, a split is empty, a test fails.
    """
    found = read_document(snapshot / "snapshot.json", Snapshot)
    check_columns(data, {name: source.columns for name, source in found.sources.items()})
    with storage_errors(out), _engine(out) as (connection, scratch):
        work = _Work(connection, scratch, data, model)
        table = assemble(connection, data=data, snapshot=found, folder=snapshot)
        wide = work.stored(table, "wide")
        _check_slices(model, known=wide.columns)
        nulls, wide = rules.without_missing(wide, target=data.target)
        rules.refuse_missing_times(wide, data=data)
        if data.table.time:
            first, last = rules.span(wide)
            splits.windows(model.split, until=until, first=first, last=last)  # refuses early
        features = shaping.choose(data, schema=dict(wide.schema()))
        known = _before(wide, until or model.split.until, data=data)
        task = target.task_of(known, target=data.target, wanted=model.task)
        table = _shape(wide, work=work, features=features, task=task)
        results = _user_tests(work, wide)
        if feedback is not None:
            back = returned.read(connection, feedback, features=features, task=task)
            results += _feedback_tests(work, back, features=features)
            table = returned.merge(_before(table, model.split.until, data=data), back)
        rules.refuse_duplicate_keys(table, data=data)
        shaped = _Shaped(table, features, task, removed_null_target=nulls, results=results)
        return _finish(work, shaped, until=until, out=out)


def _finish(work: _Work, shaped: _Shaped, *, until: datetime | None, out: Path) -> Prepared:
    """Split, test and write the table; return the document."""
    table, features, task = shaped.table, shaped.features, shaped.task
    first, last = rules.span(table)
    split, windows = work.model.split, None
    if work.data.table.time:
        windows = splits.windows(split, until=until, first=first, last=last)
        table = splits.by_time(table, windows)
    else:
        table = splits.by_key(table, split)
    table = work.stored(table, "split")
    rows = rules.count_by_split(table)
    unknown = rows.pop("unknown", 0)
    # A NULL split, before the training window, is not different from "unknown" and goes too.
    table = table.filter(table[SPLIT] != "unknown")
    tests = builtin.findings(table, features=features, task=task)
    results = shaped.results + testing.run(table, tests, sensitive=_hidden(work.data, features))
    testing.write(results, out=out)
    splits.refuse_empty(rows, found=windows, first=first, last=last)
    testing.enforce(results)
    path = out / "table.parquet"
    table.order_by([TIME, KEY]).to_parquet(path, compression="zstd")
    document = Prepared(
        task=task,
        classes=[] if task == "regression" else target.classes(table),
        features=features,
        slices=list(work.model.slices),
        has_time=windows is not None,
        until=windows.until if windows else None,
        rows=rows,
        boundaries=rules.boundaries(windows, first=first),
        removed_null_target=shaped.removed_null_target,
        removed_unknown_label=unknown,
        target_by_split=target.by_split(table, task=task),
        checks=results,
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
    table, found = testing.findings(work.connection, wide, checks=work.data.checks)
    return testing.run(table, found, sensitive=work.data.sensitive)


def _feedback_tests(work: _Work, table: Any, *, features: list[Feature]) -> list[CheckResult]:
    """Run on feedback those tests that are about one feature: it has no other columns."""
    names = {feature.name for feature in features}
    checks = {
        index: check
        for index, check in enumerate(work.data.checks)
        if check.column in names and check.expression is None
    }
    table, found = testing.findings(
        work.connection, table, checks=list(checks.values()), numbers=list(checks), of="feedback "
    )
    return testing.run(table, found, sensitive=work.data.sensitive)


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


@contextlib.contextmanager
def _engine(out: Path) -> Iterator[tuple[Any, Path]]:
    """Open the engine with a folder for what does not fit into memory, on the disk of `out`."""
    import duckdb

    with tempfile.TemporaryDirectory(dir=out) as folder:
        connection = engine.connect(scratch=Path(folder))
        try:
            yield connection, Path(folder)
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise StorageError(f"cannot write {out}: no space left on the disk") from error
            message = f"the table cannot be computed: {engine.first_line(error)}"
            raise DataError(message, where="spec.data.table") from error
        finally:
            connection.disconnect()
