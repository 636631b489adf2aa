"""Readers of other packages work with the shut engine, and open no more with it than ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdlc.components.collection.stage import collect
from mdlc.core.errors import MdlcError
from mdlc.core.spec.data import Data
from tests.source_schemas import schemas
from tests.unit.conftest import Install

FETCHING = '''
import ibis, pyarrow as pa
from mdlc.components.collection.readers import SourceReader, SpecSection


class Table(SpecSection):
    location: str


class Key(SourceReader):
    """A table of a database, by its URL."""

    value = Table

    def digest(self, request):
        return "d"

    def open(self, connection, request, *, scratch):
        assert request.options.location == "postgresql://db/m"
        return connection.create_view("fetched", ibis.memtable(pa.table({"a": [1, 2]})))
'''
KEEPING = '''
import pyarrow as pa, pyarrow.parquet
from mdlc.components.collection.readers import SourceReader


class Key(SourceReader):
    """Rows that are downloaded first."""

    value = str

    def digest(self, request):
        return "d"

    def open(self, connection, request, *, scratch):
        pyarrow.parquet.write_table(pa.table({"a": [1]}), scratch / "kept.parquet")
        return connection.read_parquet(scratch / "kept.parquet")
'''
READING = '''
from mdlc.components.collection.readers import SourceReader


class Key(SourceReader):
    """Whatever the file names."""

    value = str

    def digest(self, request):
        return "d"

    def open(self, connection, request, *, scratch):
        return connection.read_csv(request.options)
'''


def collected(key: object, *, root: Path) -> int:
    data = Data.model_validate({"sources": {"s": {"mine": key}}, "target": "a"})
    assert schemas(data, root=root)["s"] == {"a": "int64"}
    out = root / "out"
    out.mkdir()
    return collect(data, root=root, out=out).sources["s"].rows


def test_rows_that_a_reader_fetches_itself_are_taken(install: Install, tmp_path: Path) -> None:
    install("foreign-fetching", group="mdlc.readers", entry="mine", code=FETCHING)
    assert collected({"location": "postgresql://db/m"}, root=tmp_path) == 2


def test_a_reader_has_the_scratch_folder(install: Install, tmp_path: Path) -> None:
    install("foreign-keeping", group="mdlc.readers", entry="mine", code=KEEPING)
    assert collected("anything", root=tmp_path) == 1


def test_the_engine_opens_nothing_else_for_it(install: Install, tmp_path: Path) -> None:
    install("foreign-reading", group="mdlc.readers", entry="mine", code=READING)
    for location in ("/etc/passwd", "https://example.org/rows.csv"):
        with pytest.raises(MdlcError) as caught:
            collected(location, root=tmp_path)
        assert "disabled" in str(caught.value) or "Permission" in str(caught.value)
