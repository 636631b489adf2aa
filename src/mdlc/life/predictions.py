"""Predictions for rows in a file, by the released model in this process or by a server."""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.components.collection.rows_file import RowsFile, open_rows
from mdlc.core import engine
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.columns import Batch, Feature, read_table
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.errors import DataError, ServiceError
from mdlc.core.files import read_document
from mdlc.core.scorer import Scorer, probe
from mdlc.core.spec import Data, Lifecycle
from mdlc.life.answer_tables import Answered
from mdlc.life.feature_rows import batches, plan
from mdlc.life.releases import bundle_of, require
from mdlc.life.serve_here import token_of
from mdlc.life.train import TrainingArtifacts, artifacts_path
from mdlc.state.workspace import Workspace

Instances = list[dict[str, Any]]
MOST_JSON_BYTES = 64_000_000
"""A JSON file up to this size may be a V1 request, which is read whole."""
NUMERIC = ("int", "uint", "float", "decimal", "boolean")
"""How Ibis' types of numbers begin."""
AT_ONCE = 1000
"""Rows of one request to a server."""


@dataclass(frozen=True)
class OpenedRows:
    """Rows to predict, open for reading."""

    path: Path
    rows: RowsFile
    connection: Any


@contextmanager
def opened_rows(path: Path, *, data: Data) -> Iterator[OpenedRows]:
    """Open rows: JSON (a V1 request, a list, objects a line, "-" for stdin), CSV, TSV, Parquet.

    They are read with the options of the table's source.

    Raises:
        DataError: the file cannot be read as rows, or it has none.
    """
    with tempfile.TemporaryDirectory(prefix="mdlc-") as folder:
        scratch = Path(folder)
        instances = read_instances(path)
        file = path if instances is None else _as_lines(instances, folder=scratch)
        connection = engine.connect(scratch=scratch, reads=[file])
        try:
            rows = open_rows(file, data=data, connection=connection, scratch=scratch)
            query = f"SELECT count(*) FROM {rows.relation}"  # noqa: S608
            if not connection.raw_sql(query).fetchall()[0][0]:
                raise DataError(f"{path} has no rows")
            yield OpenedRows(path, rows, connection)
        finally:
            connection.disconnect()


def _as_lines(instances: Instances, *, folder: Path) -> Path:
    """Write rows that were read whole as JSON lines, for the reader of all rows."""
    file = folder / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in instances), "utf-8")
    return file


def read_instances(path: Path) -> Instances | None:
    """Return the rows of a JSON file that fits into memory; None of any other file.

    Raises:
        DataError: there is no such file, or it is not JSON with rows.
    """
    standard = str(path) == "-"
    if not standard and not path.exists():
        raise DataError(f"{path} does not exist", hint="give a JSON or CSV file with --rows")
    if not standard and path.suffix.lower() != ".json":
        return None
    try:
        if not standard and path.stat().st_size > MOST_JSON_BYTES:
            return None
        text = sys.stdin.read() if standard else path.read_text("utf-8-sig")
        parsed = json.loads(text, parse_constant=_no_constant)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text") from error
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and not standard:
            return None  # an object a line
        raise DataError(f"{path}: not JSON: {error}") from error
    except RecursionError as error:
        raise DataError(f"{path}: not JSON: it is nested too deeply") from error
    if isinstance(parsed, dict):
        parsed = parsed.get("instances", [parsed])
    if not isinstance(parsed, list) or not all(isinstance(row, dict) for row in parsed):
        raise DataError(f"{path}: wanted a list of rows, each a mapping of feature to value")
    if not parsed:
        raise DataError(f"{path} has no rows")
    return parsed


def _no_constant(name: str) -> Any:
    raise json.JSONDecodeError(f"{name} is not JSON; a missing value is null", "", 0)


def answer_here(
    lifecycle: Lifecycle, workspace: Workspace, asked: OpenedRows, *, say: Callable[[str], None]
) -> Iterator[Answered]:
    """Answer in this process, as the server would, without a log: a chunk of rows at a time.

    `say` is told what of the file is left out, and what is missing.

    Raises:
        DataError: a value is of a wrong type, or no column is a feature.
        ArtifactError: the model is altered, another one than is released, or does not answer.
    """
    pointer = require(workspace)
    scorer = Scorer.load(bundle_of(workspace, pointer), digest=pointer.digest)
    scorer = scorer.taking(pointer.instead)
    probe(scorer)
    manifest = scorer.manifest
    for ids, batch in _batches(lifecycle, workspace, asked, features=manifest.features, say=say):
        yield Answered(ids, scorer.answer(batch), manifest.classes, pointer.version)


def _numeric(lifecycle: Lifecycle, *, workspace: Workspace) -> set[str]:
    """Return the columns that the newest training read as numbers or booleans."""
    made = artifacts_path(workspace)
    if not made.exists():
        return set()
    path = read_document(made, TrainingArtifacts).folder("collection") / "snapshot.json"
    if not path.exists():
        return set()
    found: set[str] = set()
    for name, source in read_document(path, Snapshot).sources.items():
        spec = lifecycle.spec.data.sources.get(name)
        rename = spec.rename if spec else {}
        plain = (n for n, kind in source.columns.items() if kind.startswith(NUMERIC))
        found.update(rename.get(column, column) for column in plain)
    return found


@dataclass(frozen=True)
class PredictionServer:
    """A server, and the variable that holds its token."""

    name: str
    """The lifecycle's."""
    url: str
    token_env: str | None

    def ask_all(self, instances: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Ask about rows, AT_ONCE in a request; yield the answers.

        Raises:
            ServiceError: it does not answer, or refuses.
        """
        rows = iter(instances)
        while some := list(itertools.islice(rows, AT_ONCE)):
            yield ask(self.name, some, url=self.url, token_env=self.token_env)


def features_of_rows(
    lifecycle: Lifecycle, workspace: Workspace, asked: OpenedRows, *, say: Callable[[str], None]
) -> Iterator[dict[str, Any]]:
    """Yield the features of each row, as a request has them.

    Raises:
        DataError: a value is of a wrong type, or no column is a feature.
    """
    manifest = read_document(bundle_of(workspace, require(workspace)) / MANIFEST, Manifest)
    for _, batch in _batches(lifecycle, workspace, asked, features=manifest.features, say=say):
        columns = {f.name: raw_values(f, batch[f.name]) for f in manifest.features}
        for row in zip(*columns.values(), strict=True):
            yield dict(zip(columns, row, strict=True))


def _batches(
    lifecycle: Lifecycle,
    workspace: Workspace,
    asked: OpenedRows,
    *,
    features: list[Feature],
    say: Callable[[str], None],
) -> Iterator[tuple[list[str], Batch]]:
    """Yield ids and features of the next rows; `say` is told what is left out, and missing."""
    reading = plan(
        asked.rows,
        features=features,
        data=lifecycle.spec.data,
        numeric=_numeric(lifecycle, workspace=workspace),
        path=asked.path,
    )
    for line in reading.lines(asked.path):
        say(line)
    yield from batches(asked.connection, reading)


def raw_values(feature: Feature, column: Any) -> list[Any]:
    """Return a feature's array as the values of a request: None for missing."""
    if feature.kind == "image":
        return [(value * feature.scale).tolist() for value in column]
    if feature.kind == "number":
        return [None if np.isnan(value) else float(value) for value in column]
    return [value or None for value in column]


def ask(name: str, instances: Instances, *, url: str, token_env: str | None) -> dict[str, Any]:
    """Ask a server by KServe's V1 protocol.

    Raises:
        ServiceError: the server does not answer, or refuses the request.
    """
    import httpx

    token = token_of(token_env)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    target = f"{url.rstrip('/')}/v1/models/{name}:predict"
    try:
        response = httpx.post(target, json={"instances": instances}, headers=headers, timeout=60)
    except httpx.HTTPError as error:
        raise ServiceError(f"{target}: {error}", hint="start it with mdlc serve") from error
    if response.status_code != 200:
        raise ServiceError(f"{target}: {response.status_code}: {response.text[:300]}")
    parsed: dict[str, Any] = response.json()
    return parsed


def example(lifecycle: Lifecycle, *, workspace: Workspace) -> dict[str, Any]:
    """Return an example request with a row of the test set; sensitive values are left empty.

    Raises:
        DataError: nothing has been trained yet.
    """
    made = artifacts_path(workspace)
    if not made.exists():
        raise DataError(f"{lifecycle.name} has no data yet", hint="make a model with mdlc run")
    folder = read_document(made, TrainingArtifacts).folder("preparation")
    features = read_document(folder / "prepared.json", Prepared).features
    batch, _ = read_table(folder / "table.parquet", features=features, where="__split = 'test'")
    row = {
        feature.name: None if feature.sensitive else raw_values(feature, batch[feature.name][:1])[0]
        for feature in features
    }
    return {"instances": [row]}
