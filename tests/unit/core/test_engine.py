"""The engine is shut: no file but the stage's, no setting, no end of time or memory, no values."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from mdlc.core import engine
from mdlc.core.errors import SpecError

CANARY = "PIICANARY-0"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder that may be read, with one file, and a scratch folder; beside them a secret."""
    (tmp_path / "secret.txt").write_text("secret")
    for name in ("data", "scratch"):
        (tmp_path / name).mkdir()
    (tmp_path / "data/a.csv").write_text("x\n1\n")
    return tmp_path / "data", tmp_path / "scratch"


def opened(folders: tuple[Path, Path], **bounds):
    return engine.connect(scratch=folders[1], reads=[folders[0]], **bounds)


def test_it_reads_and_writes_in_the_named_folders(folders) -> None:
    connection = opened(folders)
    table = connection.read_csv([str(folders[0] / "a.csv")])
    table.to_parquet(folders[1] / "a.parquet")
    assert connection.read_parquet(folders[1] / "a.parquet").to_pyarrow().to_pylist() == [{"x": 1}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_text('{data}/../secret.txt')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/proc/self/environ')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '{outside}'",
        "ATTACH '{outside}'",
        "EXPORT DATABASE '{outside}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_csv('https://example.org/a.csv')",
        "SET memory_limit = '100GB'",
        "SET max_execution_time = 0",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "SET allowed_directories = ['/']",
        "CREATE PERSISTENT SECRET s (TYPE s3)",
    ],
)
def test_it_does_nothing_else(folders, tmp_path: Path, query: str) -> None:
    connection = opened(folders)
    places = {"secret": tmp_path / "secret.txt", "data": folders[0], "outside": tmp_path / "out"}
    with pytest.raises(duckdb.Error):
        connection.raw_sql(query.format(**places)).fetchall()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "scratch", "secret.txt"]


@pytest.mark.parametrize(
    "query",
    [
        "WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM r) SELECT max(i) FROM r",
        "SELECT count(*) FROM range(9999999) a, range(9999999) b WHERE hash(a.range, b.range) = 1",
    ],
)
def test_a_query_ends(folders, query: str) -> None:
    connection = opened(folders, timeout=timedelta(seconds=0.5))
    started = time.monotonic()
    with pytest.raises(duckdb.Error) as caught:
        connection.raw_sql(query).fetchall()
    assert time.monotonic() - started < 20
    told = engine.exhausted(caught.value, stage="preparation")
    assert told is not None
    assert "longer than it may" in str(told)
    assert told.where == "spec.data.limits.timeout"


def test_memory_has_a_bound(folders) -> None:
    connection = opened(folders, memory="200MB")
    grown = "(SELECT 'aaaaaaaaaaaaaaaa' || range AS x FROM range(3000))"
    for _ in range(16):
        grown = f"(SELECT x || x AS x FROM {grown})"
    with pytest.raises(duckdb.Error) as caught:
        connection.raw_sql(f"SELECT max(length(x)) FROM {grown}").fetchall()
    told = engine.exhausted(caught.value, stage="preparation")
    assert "more memory" in str(told)


def setting(connection, name: str) -> str:
    return connection.raw_sql(f"SELECT current_setting('{name}')").fetchall()[0][0]


def test_the_owners_bounds_win(folders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MDLC_QUERY_SECONDS", "7")
    monkeypatch.setenv("MDLC_QUERY_MEMORY", "300MB")
    connection = opened(folders, timeout=timedelta(days=9), memory="400GB")
    assert int(setting(connection, "max_execution_time")) == 7000
    assert setting(connection, "memory_limit") == "286.1 MiB"
    monkeypatch.setenv("MDLC_QUERY_SECONDS", "for ever")
    with pytest.raises(SpecError, match="not a number of seconds"):
        opened(folders)


@pytest.mark.parametrize(
    "text",
    [
        "CAST(v AS INTEGER)",
        "v::TIMESTAMP",
        "strptime(v, '%Y')",
        "CAST(v AS STRUCT(a INTEGER))",
        "CAST(v AS INTEGER[])",
        "CAST('[' || v AS JSON)",
        "CAST(v AS BOOLEAN)",
        "CAST(v AS UUID)",
        "CAST(v AS DECIMAL(3, 1))",
        "CAST(v AS TIME)",
        "CAST(v AS INTERVAL)",
        "CAST(v AS BIT)",
    ],
)
@pytest.mark.parametrize(
    "value", [CANARY, f"it's {CANARY}", f'"{CANARY}"', f"a\n{CANARY}", f"to INT32 {CANARY}"]
)
def test_no_value_of_a_row_is_in_an_error(folders, text: str, value: str) -> None:
    connection = opened(folders)
    quoted = value.replace("'", "''")
    with pytest.raises(duckdb.Error) as caught:
        connection.raw_sql(f"SELECT {text} FROM (SELECT '{quoted}' AS v)").fetchall()
    line = engine.first_line(caught.value)
    assert "PII" not in line
    assert line
    assert "\n" not in line


def test_no_number_of_a_row_is_in_an_error(folders) -> None:
    connection = opened(folders)
    for text in ("CAST(v AS TINYINT)", "v::INTEGER * v::INTEGER", "CAST(v AS DECIMAL(4, 1))"):
        with pytest.raises(duckdb.Error) as caught:
            connection.raw_sql(f"SELECT {text} FROM (SELECT 987654 AS v)").fetchall()
        assert "987654" not in engine.first_line(caught.value)


def test_what_is_wrong_with_an_expression_is_still_said(folders) -> None:
    with pytest.raises(duckdb.Error) as caught:
        opened(folders).raw_sql("SELECT v + nowhere FROM (SELECT 1 AS v)")
    assert "nowhere" in engine.first_line(caught.value)
