"""Assigns rows to train, validation and test, so that no label is used before it was known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mdlc.components.preparation import times
from mdlc.core.columns import KEY, LABEL_TIME, SPLIT, TIME
from mdlc.core.errors import DataError
from mdlc.core.spec.model import Split

WHERE = "spec.model.split"
HASH_DIGITS = 8


@dataclass(frozen=True)
class Windows:
    """Where each window begins; each ends where the next begins, the test at `until`."""

    train: datetime | None
    """None: training begins with the first row."""
    validation: datetime
    test: datetime
    until: datetime


def windows(split: Split, *, until: datetime | None, first: datetime, last: datetime) -> Windows:
    """Return the windows, of which the last ends at `until`.

    `until` wins over the file's; without both it is just after the last row.

    Raises:
        DataError: `until` leaves no row, or nothing before validation.
    """
    span = f"the data go from {first} to {last}"
    end = until or split.until
    moment = times.in_utc(end) if end else last + timedelta(microseconds=1)
    if moment <= first:
        raise DataError(f"until {moment} leaves no row; {span}", where=f"{WHERE}.until")
    test = moment - split.test
    validation = test - split.validation
    if validation <= first:
        raise DataError(
            f"validation would begin at {validation} and leave nothing to train on; {span}",
            where=WHERE,
            hint="make validation and test shorter, or until later",
        )
    train = validation - split.window if split.window else None
    return Windows(train=train, validation=validation, test=test, until=moment)


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
    """Add __split by a hash of the key: a row stays in its split when others are added."""
    import ibis

    digits = table[KEY].hexdigest("md5").substr(0, HASH_DIGITS)
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
