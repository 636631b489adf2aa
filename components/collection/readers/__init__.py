"""Readers of sources, one file each. A new kind of source is one new file and one line here."""

from __future__ import annotations

from mdlc.components.collection.readers import csv, json, parquet
from mdlc.components.collection.readers._base import Names, Opened, ReadRequest, SourceReader

READERS: dict[str, SourceReader] = {
    "csv": csv.Delimited(","),
    "tsv": csv.Delimited("\t"),
    "json": json.Json(),
    "parquet": parquet.Parquet(),
}

__all__ = ["READERS", "Names", "Opened", "ReadRequest", "SourceReader"]
