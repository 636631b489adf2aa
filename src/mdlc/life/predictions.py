"""Predictions for rows in a file, by the released model here or by a server."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.components.collection.rows import Rows, open_rows
from mdlc.core import engine
from mdlc.core.bundle import MANIFEST, Manifest
from mdlc.core.columns import Feature, read_table
from mdlc.core.documents.prepared_data import Prepared, Snapshot
from mdlc.core.errors import DataError, ServiceError
from mdlc.core.files import read_document
from mdlc.core.scorer import Scorer
from mdlc.core.spec import Data, Lifecycle
from mdlc.life.answers import Answered
from mdlc.life.releases import bundle_of, require
from mdlc.life.rows import batches, plan
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
class Asked:
    """Rows to predict, open for reading."""

    path: Path
    rows: Rows
    instances: Instances | None
    """The rows of a JSON file that was read whole."""
    connection: Any


@contextmanager
def opened_rows(path: Path, *, data: Data) -> Iterator[Asked]:
    """Open rows: JSON (a V1 request, a list, objects a line, "-" for stdin), CSV, TSV, Parquet.

    They are read with the options of the table's source.

    Raises:
        DataError: the file cannot be read as rows, or has none.
    """
    if str(path) != "-" and not path.exists():
        raise DataError(f"{path} does not exist", hint="give a JSON or CSV file with --rows")
    with tempfile.TemporaryDirectory(prefix="mdlc-") as folder:
        scratch = Path(folder)
        instances = _instances(path)
        file = path if instances is None else _as_lines(instances, folder=scratch)
        connection = engine.connect(scratch=scratch)
        try:
            rows = open_rows(file, data=data, connection=connection, scratch=scratch)
            query = f"SELECT count(*) FROM {rows.relation}"  # noqa: S608
            if not connection.raw_sql(query).fetchall()[0][0]:
                raise DataError(f"{path} has no rows")
            yield Asked(path, rows, instances, connection)
        finally:
            connection.disconnect()


def _as_lines(instances: Instances, *, folder: Path) -> Path:
    """Write rows that were read whole as JSON lines, for the reader of all rows."""
    file = folder / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in instances), "utf-8")
    return file


def _instances(path: Path) -> Instances | None:
    """Return the rows of a JSON file that fits into memory; None of any other file."""
    standard = str(path) == "-"
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
    lifecycle: Lifecycle, workspace: Workspace, asked: Asked, *, say: Callable[[str], None]
) -> Iterator[Answered]:
    """Answer in this process, as the server would, without a log: a chunk of rows at a time.

    `say` is told what of the file is left out, and what is missing.

    Raises:
        DataError: a value is of a wrong type, or no column is a feature.
    """
    pointer = require(workspace)
    scorer = Scorer.load(bundle_of(workspace, pointer))
    manifest = scorer.manifest
    reading = plan(
        asked.rows,
        features=manifest.features,
        data=lifecycle.spec.data,
        numeric=_numeric(lifecycle, workspace=workspace),
        path=asked.path,
    )
    for line in reading.lines(asked.path):
        say(line)
    for ids, batch in batches(asked.connection, reading):
        answers = scorer.answer(batch)
        yield Answered(ids, answers, manifest.classes, pointer.version)


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
class Server:
    """Where a server is, and the variable that holds its token."""

    url: str
    token_env: str | None


def ask_all(
    lifecycle: Lifecycle,
    workspace: Workspace,
    asked: Asked,
    *,
    server: Server,
    say: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """Ask a server about all rows, AT_ONCE in a request; yield its answers.

    Raises:
        ServiceError: it does not answer, or refuses.
    """
    for instances in _requests(lifecycle, workspace, asked, say=say):
        yield ask(lifecycle.name, instances, url=server.url, token_env=server.token_env)


def _requests(
    lifecycle: Lifecycle, workspace: Workspace, asked: Asked, *, say: Callable[[str], None]
) -> Iterator[Instances]:
    if asked.instances is not None:
        for start in range(0, len(asked.instances), AT_ONCE):
            yield asked.instances[start : start + AT_ONCE]
        return
    manifest = read_document(bundle_of(workspace, require(workspace)) / MANIFEST, Manifest)
    numeric = _numeric(lifecycle, workspace=workspace)
    data = lifecycle.spec.data
    reading = plan(
        asked.rows, features=manifest.features, data=data, numeric=numeric, path=asked.path
    )
    for line in reading.lines(asked.path):
        say(line)
    for _, batch in batches(asked.connection, reading):
        columns = {f.name: raw_values(f, batch[f.name]) for f in manifest.features}
        for start in range(0, len(next(iter(columns.values()))), AT_ONCE):
            parts = [column[start : start + AT_ONCE] for column in columns.values()]
            yield [dict(zip(columns, row, strict=True)) for row in zip(*parts, strict=True)]


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
        ServiceError: it does not answer, or refuses.
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
    """Return a request with one real row of the test set; sensitive values are left open.

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
