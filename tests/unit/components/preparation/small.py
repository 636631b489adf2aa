"""A small snapshot and short ways to prepare it, for the tests beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from mdlc.components.preparation.stage import prepare
from mdlc.core.documents.prepared_data import Prepared, Snapshot, SourceSnapshot
from mdlc.core.spec.data import Data
from mdlc.core.spec.model import Model

# 400 hours from 2024-01-01; x counts them, c is a or b, y follows c, seen is 6 hours later.
EVENTS = """
    SELECT i AS id, TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR AS t, i::DOUBLE AS x,
           CASE WHEN i % 3 = 0 THEN 'a' ELSE 'b' END AS c, i % 2 = 0 AS flag, i % 3 AS n,
           CASE WHEN i % 50 = 49 THEN NULL ELSE i % 3 = 0 END AS y
    FROM range(400) r(i)"""
SPEC: dict[str, Any] = {
    "sources": {"events": {"csv": "e.csv"}},
    "table": {
        "key": ["id"],
        "time": "t",
        "label_time": "seen",
        "derive": {"seen": "t + INTERVAL 6 HOUR"},
    },
    "target": "y",
}
MODEL = {"split": {"validation": "2d", "test": "2d"}}


def snapshot(tmp_path: Path, **queries: str) -> Path:
    folder = tmp_path / "snapshot"
    folder.mkdir(exist_ok=True)
    sources = {}
    for name, query in queries.items():
        path = folder / f"{name}.parquet"
        duckdb.sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        import ibis

        columns = {n: str(k) for n, k in ibis.duckdb.connect().read_parquet(path).schema().items()}
        sources[name] = SourceSnapshot(
            location="", format="csv", rows=1, columns=columns,
            file=path.name, digest="", source_digest=""
        )  # fmt: skip
    (folder / "snapshot.json").write_text(Snapshot(sources=sources, digest="").model_dump_json())
    return folder


def run(
    tmp_path: Path, *, spec: Any = SPEC, model: Any = MODEL, sql: Any = None, **more: Any
) -> Prepared:
    folder = snapshot(tmp_path, **(sql or {"events": EVENTS}))
    out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
    out.mkdir()
    try:
        return prepare(
            Data.model_validate(spec), model=Model.model_validate(model), snapshot=folder, out=out, **more  # noqa: E501
        )  # fmt: skip
    finally:
        (tmp_path / "last").unlink(missing_ok=True)
        (tmp_path / "last").symlink_to(out)


def rows(tmp_path: Path, query: str) -> list[Any]:
    table = f"'{tmp_path}/last/table.parquet'"
    with duckdb.connect() as connection:
        return connection.execute("SELECT " + query.replace("{t}", table)).fetchall()


def spec(**changes: Any) -> dict[str, Any]:
    table = {**SPEC["table"], **changes.pop("table", {})}
    return {**SPEC, "table": table, **changes}
