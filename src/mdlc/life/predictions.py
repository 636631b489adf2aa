"""Predictions for rows in a file, by the released model in this process or by a server."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from mdlc.core.columns import from_values, read_table
from mdlc.core.documents.prepared_data import Prepared
from mdlc.core.errors import DataError, ServiceError, closest
from mdlc.core.files import read_document
from mdlc.core.scorer import Scorer
from mdlc.core.spec import Lifecycle
from mdlc.life.releases import bundle_of, require
from mdlc.life.serve_here import token_of
from mdlc.life.train import TrainingArtifacts, artifacts_path
from mdlc.state.workspace import Workspace

Rows = list[dict[str, Any]]


def read_rows(path: Path) -> Rows:
    """Read rows from JSON (a V1 request, a list, or "-" for stdin), CSV, TSV or Parquet.

    Raises:
        DataError: the file cannot be read as rows, or it has none.
    """
    if str(path) != "-" and not path.exists():
        raise DataError(f"{path} does not exist", hint="give a JSON or CSV file with --rows")
    table = path.suffix in {".csv", ".tsv", ".parquet"}
    rows = _table_rows(path) if table else _json_rows(path)
    if not rows:
        raise DataError(f"{path} has no rows")
    return rows


def _table_rows(path: Path) -> Rows:
    import duckdb

    try:
        with duckdb.connect() as connection:
            table = connection.sql("FROM query_table(?)", params=[str(path)]).to_arrow_table()
    except duckdb.Error as error:
        raise DataError(f"{path}: {str(error).splitlines()[0]}") from error
    rows: Rows = table.to_pylist()
    return rows


def _json_rows(path: Path) -> Rows:
    try:
        parsed = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text("utf-8"))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if isinstance(parsed, dict):
        parsed = parsed.get("instances", [parsed])
    if not isinstance(parsed, list) or not all(isinstance(row, dict) for row in parsed):
        raise DataError(f"{path}: wanted a list of rows, each a mapping of feature to value")
    return parsed


def answer_here(workspace: Workspace, instances: Rows) -> dict[str, Any]:
    """Answer in this process as the server would, without writing to the payload log.

    A feature that a row leaves out counts as a missing value.

    Raises:
        DataError: a feature is unknown, or a value has the wrong type.
    """
    pointer = require(workspace)
    scorer = Scorer.load(bundle_of(workspace, pointer))
    manifest = scorer.manifest
    names = [feature.name for feature in manifest.features]
    for number, row in enumerate(instances):
        for name in row:
            if name not in names:
                hint = closest(name, names)
                raise DataError(f"row {number}: {name} is not a feature", hint=hint)
    batch = {
        f.name: from_values(f, [row.get(f.name) for row in instances]) for f in manifest.features
    }
    answers = scorer.answer(batch)
    predictions: Rows = []
    for index in range(len(instances)):
        if manifest.task == "regression":
            predictions.append({"value": float(answers.values[index])})
            continue
        scores = dict(zip(manifest.classes, map(float, answers.scores[index]), strict=True))
        action, expected = answers.actions[index], float(answers.expected[index])
        predictions.append({"scores": scores, "action": action, "expected": expected})
    return {"predictions": predictions, "model_version": pointer.version}


def ask(name: str, instances: Rows, *, url: str, token_env: str | None) -> dict[str, Any]:
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
    row: dict[str, Any] = {}
    for feature in features:
        value = batch[feature.name][0]
        if feature.sensitive:
            row[feature.name] = None
        elif feature.kind == "image":
            row[feature.name] = (value * feature.scale).tolist()
        elif feature.kind == "number":
            row[feature.name] = None if np.isnan(value) else float(value)
        else:
            row[feature.name] = value or None
    return {"instances": [row]}
