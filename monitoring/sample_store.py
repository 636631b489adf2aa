"""Stores scrapes of the predictor: a small time series store on SQLite.

A counter starts again from 0 when its replica restarts. That is corrected when a scrape is
appended: the store keeps the running total of each series since it was first seen (a new point only
when it changed). The increase over a time is then the difference of two totals.

A series that first appears in a later scrape (a new replica, version or bin) is taken to have begun
at 0 since the previous scrape. Values in the very first scrape may be of any age and are not
counted, so scrape once when serving begins.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from mdlc.core.errors import ArtifactError, DataError, ServiceError, StorageError
from mdlc.core.files import storage_errors
from mdlc.services import metric_families as metrics
from mdlc.state.unix_time import seconds

Labels = tuple[tuple[str, str], ...]
"""A series' labels, sorted by name; `instance` distinguishes replicas."""

Named = tuple[str, Labels, bool | None]
"""A series' name, labels, and whether it is a counter; None: neither a counter nor a gauge."""

SCORING = (metrics.SCORING_SECONDS.count_series, metrics.SCORING_SECONDS.sum_series)
"""The only two series of a histogram that are kept: how often a version scored, and the total time.
A canary's times are judged by them."""

SERIES = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})?) ([-+0-9.eE]+|NaN|[-+]Inf)")
"""A line with one value and no timestamp."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, labels TEXT NOT NULL,
    raw REAL NOT NULL, total REAL NOT NULL, seen REAL NOT NULL, UNIQUE (name, labels));
CREATE TABLE IF NOT EXISTS points (
    series INTEGER NOT NULL, time REAL NOT NULL, total REAL NOT NULL,
    PRIMARY KEY (series, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clock (
    one INTEGER PRIMARY KEY CHECK (one = 1), newest REAL, cut REAL NOT NULL);
INSERT OR IGNORE INTO clock VALUES (1, NULL, -1e300);
"""
AT = "(SELECT total FROM points WHERE series = s.id AND time <= ? ORDER BY time DESC LIMIT 1)"


class ExpositionSample(NamedTuple):
    """One line of an exposition."""

    name: str
    labels: Labels
    value: float
    counter: bool
    """Whether its value only rises, apart from restarts at 0; gauges are stored as they are."""


def parse(exposition: str) -> list[ExpositionSample]:
    """Read counters and gauges from Prometheus' text format.

    Histograms (except for SCORING), summaries, and gauges that are not finite are left out, because
    no signal uses them. Scrapes of one server usually differ only in values, so names and labels
    are parsed once and cached.

    Raises:
        ServiceError: the text is not an exposition, or a counter is negative or not finite.
    """
    try:
        layout, texts = _split(exposition)
        values = list(map(float, texts))
        named = _parse_layout(layout, len(values))
        if named is None:
            named, values = _parse_families(exposition)
        samples = []
        for (name, labels, counter), value in zip(named, values, strict=True):
            if counter is None:
                continue
            sample = ExpositionSample(name, labels, value, counter)
            if counter and not 0 <= sample.value < math.inf:
                raise ValueError(f"counter {name}{dict(labels)} is {value}")
            if math.isfinite(sample.value):
                samples.append(sample)
    except (ValueError, KeyError, IndexError) as error:
        raise ServiceError(
            f"the predictor's metrics are not a Prometheus exposition: {error}",
            hint="check the address: it should end in /metrics",
        ) from error
    return samples


def _split(exposition: str) -> tuple[str, list[str]]:
    """Return the text with each value replaced by its position, and the list of values."""
    lines: list[str] = []
    values: list[str] = []
    for line in exposition.split("\n"):
        found = None if line.startswith("#") else SERIES.fullmatch(line)
        if found:
            lines.append(f"{found[1]} {len(values)}")
            values.append(found[2])
        else:
            lines.append(line)
    return "\n".join(lines), values


@functools.lru_cache(maxsize=8)
def _parse_layout(layout: str, count: int) -> list[Named] | None:
    """Return the series of each of a layout's `count` values; None if a line is more complex."""
    named, positions = _parse_families(layout)
    return named if positions == list(range(count)) else None


def _parse_families(exposition: str) -> tuple[list[Named], list[float]]:
    """Read all samples with prometheus_client's parser; return their series and values."""
    from prometheus_client.parser import text_string_to_metric_families

    named: list[Named] = []
    values: list[float] = []
    for family in text_string_to_metric_families(exposition):
        counter = family.type == "counter" if family.type in {"counter", "gauge"} else None
        for name, labels, value, *_ in family.samples:
            kept = True if name in SCORING else counter
            named.append((name, tuple(sorted(labels.items())), kept))
            values.append(float(value))
    return named, values


def by(increases: Mapping[Labels, float], label: str) -> dict[str, float]:
    """Sum over all labels except one; return value of `label` -> increase.

    >>> by({(("bin", "0"), ("instance", "a")): 2.0, (("bin", "0"), ("instance", "b")): 3.0}, "bin")
    {'0': 5.0}
    """
    sums: dict[str, float] = {}
    for labels, value in increases.items():
        key = dict(labels).get(label, "")
        sums[key] = sums.get(key, 0.0) + value
    return sums


class SampleStore:
    """Counters and gauges over time in one SQLite file; safe for several processes.

    `keep`: how far back increases can be asked for. Older points are dropped, and so are series
    that no scrape has shown for that long.
    """

    def __init__(self, path: Path, *, keep: timedelta) -> None:
        self._path, self._keep = path, keep.total_seconds()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn errors of SQLite and the operating system into errors that say what to do."""
        try:
            with storage_errors(self._path):
                yield
        except sqlite3.OperationalError as error:
            hint = "free space, or let only one watch write here"
            raise StorageError(f"cannot write {self._path}: {error}", hint=hint) from error
        except sqlite3.DatabaseError as error:
            hint = "restore it, or delete it: watching then begins anew"
            raise ArtifactError(f"{self._path} was altered: {error}", hint=hint) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors(), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def append(self, time: datetime, samples: Iterable[ExpositionSample]) -> None:
        """Add one scrape in one transaction. Adding the same scrape again changes nothing.

        Raises:
            DataError: `time` is before the newest scrape.
        """
        now = seconds(time)
        with self._transaction() as connection:
            (newest,) = connection.execute("SELECT newest FROM clock").fetchone()
            if newest is not None and now < newest:
                raise DataError(
                    f"scrape of {time.isoformat()} is older than the newest one",
                    hint="scrapes are appended in the order of time",
                )
            known = {
                (name, labels): (key, raw, total)
                for key, name, labels, raw, total in connection.execute(
                    "SELECT id, name, labels, raw, total FROM series"
                )
            }
            following = max((key for key, _, _ in known.values()), default=0) + 1
            series, points = [], []
            for sample in samples:
                labels = json.dumps(sample.labels)
                key, raw, total = known.get((sample.name, labels), (0, 0.0, 0.0))
                rise = _rise(sample, raw=raw, total=total, first=newest is None and not key)
                if not key or rise:
                    points.append((key or following, now, total + rise))
                row = (sample.name, labels, sample.value, total + rise, now)
                series.append((key or following, *row))
                following += not key
            connection.executemany("INSERT OR REPLACE INTO series VALUES (?,?,?,?,?,?)", series)
            connection.executemany("INSERT OR REPLACE INTO points VALUES (?,?,?)", points)
            connection.execute("UPDATE clock SET newest = ?", (now,))
            self._forget(connection, now)

    def _forget(self, connection: sqlite3.Connection, now: float) -> None:
        """Drop points older than `keep`; done once for each tenth of `keep` that has passed."""
        cut = now - self._keep
        (last,) = connection.execute("SELECT cut FROM clock").fetchone()
        if cut < last + self._keep / 10:
            return
        connection.execute("DELETE FROM series WHERE seen < ?", (cut,))
        connection.execute("DELETE FROM points WHERE series NOT IN (SELECT id FROM series)")
        # The newest point before the cut stays, because it is the total at the cut.
        borders = connection.execute(
            "SELECT id, (SELECT max(time) FROM points WHERE series = id AND time <= ?) FROM series",
            (cut,),
        ).fetchall()
        connection.executemany("DELETE FROM points WHERE series = ? AND time < ?", borders)
        connection.execute("UPDATE clock SET cut = ?", (cut,))

    def increase(
        self, name: str, *, match: Mapping[str, str], start: datetime, end: datetime
    ) -> dict[Labels, float]:
        """Return how much each series of counter `name` rose in (start, end], by its labels.

        `match`: labels and the values that they must have. The increase is between the last scrapes
        at or before `start` and `end`; nothing is extrapolated. A series that began after `end` is
        absent, one that did not rise is 0.

        Raises:
            DataError: `start` is older than what the store keeps.
        """
        (cut,) = self._connection.execute("SELECT cut FROM clock").fetchone()
        if seconds(start) < cut:
            raise DataError(f"no samples are kept from {start.isoformat()}", hint="keep more")
        return {
            labels: last - (first or 0.0)
            for labels, first, last in self._totals(name, match, seconds(start), seconds(end))
        }

    def value(self, name: str, *, match: Mapping[str, str], time: datetime) -> dict[Labels, float]:
        """Return the value of each series of gauge `name` at `time`, by its labels."""
        now = seconds(time)
        return {labels: last for labels, _, last in self._totals(name, match, now, now)}

    def _totals(
        self, name: str, match: Mapping[str, str], start: float, end: float
    ) -> Iterator[tuple[Labels, float | None, float]]:
        rows = self._connection.execute(
            f"SELECT s.labels, {AT}, {AT} FROM series s WHERE s.name = ?",  # noqa: S608
            (start, end, name),
        )
        wanted = set(match.items())
        for text, first, last in rows:
            labels: Labels = tuple((key, value) for key, value in json.loads(text))
            if last is not None and wanted <= set(labels):
                yield labels, first, last


def _rise(sample: ExpositionSample, *, raw: float, total: float, first: bool) -> float:
    """Return by how much `sample` raises a series' total.

    Args:
        sample: The new sample.
        raw: The series' previous value.
        total: The total so far.
        first: Whether this is the store's first scrape.
    """
    if not sample.counter:
        return sample.value - total
    if first:
        return 0.0
    return sample.value - raw if sample.value >= raw else sample.value
