"""Preparation of synthetic rows, with and without the memory that they need."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import common

REPEATS = 1
MILLIONS = (1, 4, 8)
LIMITS = {1: [""], 4: [""], 8: ["500MB"]}
"""Millions of rows -> DuckDB's memory_limit; "": its default, 80 % of the machine's memory."""
NUMBERS, DAYS = 8, 200


def measure(repeats: int) -> common.Result:
    """Prepare tables of several sizes, each in a process of its own."""
    result = common.Result(
        "preparing", f"synthetic rows, {NUMBERS} numbers and 2 categories, collected and prepared"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for millions in MILLIONS:
            _write(folder / f"{millions}.parquet", rows=millions * 1_000_000)
            for limit in LIMITS[millions]:
                _lines(result, folder, millions=millions, limit=limit, repeats=repeats)
        sizes = {m: (folder / f"{m}.parquet").stat().st_size / 2**20 for m in MILLIONS}
    result.notes += [
        f"Parquet in: {', '.join(f'{m} million rows, {s:.0f} MiB' for m, s in sizes.items())}.",
        "Memory is the process tree's resident peak, libraries included; pages"
        " of mapped files count. Spilled: the most that lay in DuckDB's temporary files.",
        "What is prepared lies on disk between steps (wide, split), so the disk needs several"
        " times the table.",
    ]
    return result


def _write(path: Path, *, rows: int) -> None:
    import duckdb

    numbers = ", ".join(
        f"CAST(sin(i * {k + 1}.37) * 1000 + (hash(i * {k + 7}) % 1000) / 7.0 AS FLOAT) AS x{k}"
        for k in range(NUMBERS)
    )
    apart = DAYS * 86_400_000_000 // rows
    duckdb.execute(  # only our own numbers and path
        f"""COPY (SELECT i AS id, TIMESTAMP '2024-01-01' + to_microseconds(i * {apart}) AS asked,
        {numbers},
        'c' || (hash(i) % 20) AS carrier, 'a' || (hash(i + 1) % 200) AS airport,
        CASE WHEN hash(i + 3) % 10 < 3 THEN 'yes' ELSE 'no' END AS y
        FROM range({rows}) t(i)) TO '{path}' (FORMAT parquet)"""  # noqa: S608
    )


def _lines(result: common.Result, folder: Path, *, millions: int, limit: str, repeats: int) -> None:
    found: dict[str, list[float]] = {"seconds": [], "rate": [], "memory": [], "spilled": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(dir=folder) as out:
            command = [sys.executable, __file__, str(folder / f"{millions}.parquet"), out, limit]
            wall, _, peak = common.watched(command)
            told = json.loads((Path(out) / "told.json").read_text())
        found["seconds"].append(wall)
        found["rate"].append(millions * 1e6 / told["prepare"])
        found["memory"].append(peak / 2**30)
        found["spilled"].append(told["spilled"] / 2**30)
    case = f"{millions} million rows" + (f", memory_limit {limit}" if limit else "")
    result.add(f"{case}: all", found["seconds"], unit="s")
    result.add(f"{case}: preparation", found["rate"], unit="rows/s")
    result.add(f"{case}: peak memory", found["memory"], unit="GiB")
    if limit:
        result.add(f"{case}: spilled", found["spilled"], unit="GiB")


def _data(source: Path) -> dict[str, Any]:
    features = [*(f"x{k}" for k in range(NUMBERS)), "carrier", "airport"]
    return {
        "sources": {"s": {"parquet": str(source)}},
        "table": {"key": ["id"], "time": "asked"},
        "target": "y",
        "features": features,
    }


def _prepare(source: Path, out: Path, *, limit: str) -> None:
    """Collect and prepare in this process; tell how long preparation took and what it spilled."""
    from mdlc.components.collection.stage import collect
    from mdlc.components.preparation import stage
    from mdlc.core import engine
    from mdlc.core.spec import Data, Model

    plain = engine.connect

    def limited(**options: Any) -> Any:
        connection = plain(**options)
        if limit:
            connection.raw_sql(f"SET memory_limit = '{limit}'")
        return connection

    engine.connect = limited
    data = Data.model_validate(_data(source))
    for name in ("snapshot", "table"):
        (out / name).mkdir()
    collect(data, root=source.parent, out=out / "snapshot")
    ended, most = threading.Event(), [0]

    def look() -> None:
        while not ended.wait(0.2):
            most[0] = max(most[0], _spilled(out / "table"))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    snapshot, table = out / "snapshot", out / "table"
    try:
        took = common.timed(
            lambda: stage.prepare(data, model=Model(), snapshot=snapshot, out=table)
        )
    finally:
        ended.set()
        watcher.join()
    (out / "told.json").write_text(json.dumps({"prepare": took, "spilled": most[0]}))


def _spilled(folder: Path) -> int:
    total = 0
    for path in folder.rglob("duckdb_temp*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # DuckDB was done with it
    return total


if __name__ == "__main__":
    _prepare(Path(sys.argv[1]), Path(sys.argv[2]), limit=sys.argv[3])
