"""Reads the payload log in bulk: as arrays for analysis, as Parquet for the next training."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from mdlc.core.bundle import Manifest
from mdlc.core.columns import KEY, LABEL_TIME, SCORES, TARGET, TIME
from mdlc.core.files import storage_errors
from mdlc.services.json_logs import log
from mdlc.serving.payload_tables import LABELS, PREDICTIONS
from mdlc.serving.request_clock import utc

CHUNK = 5000
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class LabelledPredictions:
    """Predictions with their labels, ordered by time and id; all arrays are (rows,) except scores.

    Times are datetime64[us], UTC. `scores` is (rows, classes) in the order of `classes`, with NaN
    for a class that a version did not know, and (rows, 0) for regression. `value` and `expected`
    (money that the action was expected to earn) are NaN if there is none. `label` is text.
    """

    id: npt.NDArray[np.object_]
    time: npt.NDArray[np.datetime64]
    label_time: npt.NDArray[np.datetime64]
    version: npt.NDArray[np.object_]
    label: npt.NDArray[np.object_]
    action: npt.NDArray[np.object_]
    value: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]
    classes: list[str]


def between(since: datetime | None, until: datetime | None) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions since <= label time < until."""
    if since is not None:
        yield LABELS.c.time >= utc(since)
    if until is not None:
        yield LABELS.c.time < utc(until)


def _chunks(
    engine: sa.Engine,
    columns: Sequence[sa.ColumnElement[Any]],
    *,
    since: datetime | None,
    until: datetime | None,
) -> Iterator[Sequence[Any]]:
    query = sa.select(*columns).join_from(PREDICTIONS, LABELS, PREDICTIONS.c.id == LABELS.c.id)
    query = query.where(*between(since, until)).order_by(PREDICTIONS.c.time, PREDICTIONS.c.id)
    with engine.connect().execution_options(yield_per=CHUNK) as connection:
        yield from connection.execute(query).partitions()


def labelled(
    engine: sa.Engine, since: datetime | None, until: datetime | None
) -> LabelledPredictions:
    """Read the predictions with since <= label time < until."""
    made, label = PREDICTIONS.c, LABELS.c
    columns = [
        made.id,
        made.time,
        label.time.label("label_time"),
        made.version,
        label.label,
        made.action,
        made.value,
        made.expected,
        made.scores,
    ]
    rows = [row for rows in _chunks(engine, columns, since=since, until=until) for row in rows]
    classes = list(dict.fromkeys(name for row in rows for name in row.scores))
    scores = [[row.scores.get(name, np.nan) for name in classes] for row in rows]
    return LabelledPredictions(
        id=np.array([row.id for row in rows], object),
        time=np.array([row.time for row in rows], "datetime64[us]"),
        label_time=np.array([row.label_time for row in rows], "datetime64[us]"),
        version=np.array([row.version for row in rows], object),
        label=np.array([row.label for row in rows], object),
        action=np.array([row.action for row in rows], object),
        value=np.array([row.value for row in rows], float),
        expected=np.array([row.expected for row in rows], float),
        scores=np.array(scores, float).reshape(len(rows), len(classes)),
        classes=classes,
    )


def export(
    engine: sa.Engine,
    out: Path,
    *,
    manifest: Manifest,
    until: datetime,
    since: datetime | None = None,
) -> int:
    """Write the predictions with since <= label time < until as rows of preparation's table.

    Columns: the features (number double, category text, image list<float> in model scale), __key
    (the id), __time, __label_time (UTC without zone), __target (text, or double for regression),
    __scores (the prediction: class -> probability, or a number), for tests of the labels.
    A feature that a row lacks, because an older version did not ask for it, is a missing value; a
    row that lacks an image is left out. The file is written atomically.

    Returns:
        The number of rows.

    Raises:
        StorageError: the file cannot be written.
    """
    import pyarrow.parquet

    made, label = PREDICTIONS.c, LABELS.c
    # The features stay text, because Arrow parses a chunk of JSON lines at once, faster than
    # Python row by row.
    text = sa.cast(made.features, sa.Text).label("features")
    scores = sa.cast(made.scores, sa.Text).label("scores")
    columns = [made.id, made.time, label.time.label("label_time"), label.label, text]
    columns += [made.value, scores]
    schema, count = _schema(manifest), 0
    with storage_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            whole = Path(folder) / out.name
            with pyarrow.parquet.ParquetWriter(whole, schema, compression="zstd") as writer:
                for rows in _chunks(engine, columns, since=since, until=until):
                    table = _table(rows, manifest=manifest, schema=schema)
                    writer.write_table(table)
                    count += table.num_rows
            whole.replace(out)
    return count


def _schema(manifest: Manifest) -> Any:
    import pyarrow as pa

    kinds = {"number": pa.float64(), "category": pa.string(), "image": pa.list_(pa.float32())}
    target = pa.float64() if manifest.task == "regression" else pa.string()
    scores = pa.struct([(name, pa.float64()) for name in manifest.classes])
    return pa.schema(
        [
            *((feature.name, kinds[feature.kind]) for feature in manifest.features),
            (KEY, pa.string()),
            (TIME, pa.timestamp("us")),
            (LABEL_TIME, pa.timestamp("us")),
            (TARGET, target),
            (SCORES, scores if manifest.classes else pa.float64()),
        ]
    )


def _table(rows: Sequence[Any], *, manifest: Manifest, schema: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.json

    asked = pa.schema([schema.field(feature.name) for feature in manifest.features])
    rows, parsed = _readable(rows, asked)
    columns = {name: parsed.column(name) for name in asked.names}
    for feature in manifest.features:
        if feature.kind == "category":
            column = columns[feature.name]
            columns[feature.name] = pc.if_else(pc.equal(column, ""), None, column)
    number = manifest.task == "regression"
    columns[KEY] = pa.array([row.id for row in rows], schema.field(KEY).type)
    columns[TIME] = pa.array([row.time for row in rows], schema.field(TIME).type)
    columns[LABEL_TIME] = pa.array([row.label_time for row in rows], schema.field(LABEL_TIME).type)
    labels = [float(row.label) if number else row.label for row in rows]
    columns[TARGET] = pa.array(labels, schema.field(TARGET).type)
    columns[SCORES] = _scores(rows, schema.field(SCORES).type)
    table = pa.table(columns, schema=schema)
    for feature in manifest.features:
        if feature.kind == "image":
            table = table.filter(pc.greater(pc.list_value_length(table.column(feature.name)), 0))
    return table


def _scores(rows: Sequence[Any], kind: Any) -> Any:
    """Return the predictions of the rows; a class that a version did not know is null."""
    import pyarrow as pa

    if not pa.types.is_struct(kind):
        return pa.array([row.value for row in rows], kind)
    table = _parsed([row.scores for row in rows], pa.schema(list(kind)))
    columns = [table.column(field.name).combine_chunks() for field in kind]
    return pa.StructArray.from_arrays(columns, fields=list(kind))


def _readable(rows: Sequence[Any], schema: Any) -> tuple[Sequence[Any], Any]:
    """Return the rows whose features fit the schema, and these features as a table.

    Rows that were logged when a feature was of another kind are left out; their number is logged.
    """
    import pyarrow as pa

    try:
        return rows, _parsed([row.features for row in rows], schema)
    except pa.ArrowInvalid:
        kept = [row for row in rows if _is_readable(row.features, schema)]
        log(
            "labelled_rows_set_aside",
            level=logging.WARNING,
            rows=len(rows) - len(kept),
            why="their features are not of the kinds that the model asks for",
        )
        parsed = _parsed([row.features for row in kept], schema) if kept else schema.empty_table()
        return kept, parsed


def _is_readable(line: str, schema: Any) -> bool:
    import pyarrow as pa

    try:
        _parsed([line], schema)
    except pa.ArrowInvalid:
        return False
    return True


def _parsed(lines: list[str], schema: Any) -> Any:
    """Read JSON objects, one a row, all at once; keys that the schema lacks are left out."""
    import pyarrow.json

    encoded = [line.encode() for line in lines]
    return pyarrow.json.read_json(
        io.BytesIO(b"\n".join(encoded)),
        # A row must not be longer than two blocks.
        read_options=pyarrow.json.ReadOptions(block_size=max(BLOCK_BYTES, *map(len, encoded)) + 1),
        parse_options=pyarrow.json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="ignore"
        ),
    )
