"""Assigns rows to train, validation and test, so that no label is used before it was known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from mdlc.components.preparation import times
from mdlc.core.columns import COPY, KEY, LABEL_TIME, SPLIT, TIME
from mdlc.core.errors import DataError
from mdlc.core.spec.model import Split

WHERE = "spec.model.split"
HASH_DIGITS = 8
WEEK = timedelta(days=7)


class Newest(Protocol):
    """Returns the time of the n-th newest row before a moment; None if there are fewer."""

    def __call__(  # noqa: D102 - said above
        self, end: datetime, *, rows: int
    ) -> datetime | None: ...


@dataclass(frozen=True)
class Windows:
    """Where each window begins; each ends where the next begins, the test at `until`."""

    train: datetime | None
    """None: training begins with the first row."""
    validation: datetime
    test: datetime
    until: datetime


def windows(
    split: Split, *, until: datetime | None, first: datetime, last: datetime, newest: Newest
) -> Windows:
    """Lay the windows at the end of what is known.

    `until` wins over the file's; without both it is just after the last row. A window whose length
    the file does not say is a share of the time that there is (`Split.test_ratio`), or as long as
    it takes to have `Split.newest_rows`, a week at least and that share at most.

    Raises:
        DataError: `until` leaves no row, or nothing before validation.
    """
    span = f"the data go from {first} to {last}"
    end = until or split.until
    moment = times.in_utc(end) if end else last + timedelta(microseconds=1)
    if moment <= first:
        raise DataError(f"until {moment} leaves no row; {span}", where=f"{WHERE}.until")
    whole = min(split.window, moment - first) if split.window else moment - first
    test = moment - (split.test or _length(split, moment, whole * split.test_ratio, newest))
    if split.test is None and split.fresh_from is not None:
        test = min(max(test, times.in_utc(split.fresh_from)), moment)
    validation = test - (
        split.validation or _length(split, test, whole * split.validation_ratio, newest)
    )
    if validation <= first:
        raise DataError(
            f"validation would begin at {validation} and leave nothing to train on; {span}",
            where=WHERE,
            hint="make validation and test shorter, or until later",
        )
    train = validation - split.window if split.window else None
    return Windows(train=train, validation=validation, test=test, until=moment)


def _length(split: Split, end: datetime, share: timedelta, newest: Newest) -> timedelta:
    """Return how long a window is that ends at `end` and of which the file does not say it."""
    if split.newest_rows is None:
        return share
    begins = newest(end, rows=split.newest_rows)
    needed = share if begins is None else end - begins
    return min(share, max(WEEK, needed))


def by_time(table: Any, found: Windows) -> Any:
    """Add __split: NULL before the training window, `unknown` where the label came too late."""
    import ibis

    time, label = table[TIME], table[LABEL_TIME]
    until, test = times.literal(found.until), times.literal(found.test)
    validation = times.literal(found.validation)
    inside = time >= times.literal(found.train) if found.train else ibis.literal(True)

    def known(name: str, by: Any) -> Any:
        return ibis.ifelse((label <= by).fill_null(False), name, "unknown")

    split = ibis.cases(
        (time >= until, "later"),
        (time >= test, known("test", until)),
        (time >= validation, known("validation", test)),
        (inside, known("train", validation)),
        else_=ibis.null("string"),
    )
    return table.mutate(**{SPLIT: split})


def by_key(table: Any, split: Split) -> Any:
    """Add __split by a hash of the key: a row stays where it is when others come.

    Copies of a row go where the first of them goes: by a hash of what they share.
    """
    import ibis

    name = COPY if COPY in table.columns else KEY
    digits = table[name].hexdigest("md5").substr(0, HASH_DIGITS)
    test, validation = (
        f"{min(round(share * 16**HASH_DIGITS), 16**HASH_DIGITS - 1):0{HASH_DIGITS}x}"
        for share in (split.test_ratio, split.test_ratio + split.validation_ratio)
    )
    cases = ((digits < test, "test"), (digits < validation, "validation"))
    return table.mutate(**{SPLIT: ibis.cases(*cases, else_="train")})


def refuse_empty(rows: dict[str, int], *, found: Windows | None, first: Any, last: Any) -> None:
    """Say which of train, validation and test has no row.

    Raises:
        DataError: names the split, its window, and the dates of the data.
    """
    for name in ("train", "validation", "test"):
        if rows.get(name, 0):
            continue
        if found is None:
            raise DataError(f"no row falls into {name}", where=WHERE, hint="give more rows")
        ends = {"train": found.validation, "validation": found.test, "test": found.until}
        begin = getattr(found, name) or first
        raise DataError(
            f"no row with a label known by {ends[name]} has a time in the {name} window, "
            f"from {begin}; the data go from {first} to {last}",
            where=WHERE,
            hint="move until, or change the windows' lengths",
        )
