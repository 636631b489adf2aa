"""What the lines of a history mean: which version serves, which is on trial, what was undone.

`version_history` keeps the lines and guards them against change; the functions here read them. The
last line is not "what serves": it may be a canary, which answers a share on trial beside the
version that serves, or a canary's end, which changes nothing about it. So whoever asks what serves,
since when, or how a trial ended asks here:

    promotion         the version serves from then on; it may have been the canary until then
    canary            the version is on trial beside the one that serves, in place of any other
    canary_rollback   the canary (`replaced`) was dropped; the line's version serves as before
    rollback          the version, which served before, serves again in place of `replaced`

All functions are pure, and take entries oldest first, as `History.entries` returns them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from mdlc.state.release_documents import HistoryEntry

Role = Literal["champion", "canary", "unknown"]


def serving_entry(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the entry by which the version that serves came to serve; None before the first.

    Its time is when that version began to serve, whatever canaries have come and gone since.
    """
    return next((e for e in reversed(entries) if e.kind in {"promotion", "rollback"}), None)


def standing_canary(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the entry of the canary on trial; None where there is none: any later line ends it."""
    return entries[-1] if entries and entries[-1].kind == "canary" else None


def promotion_of(entries: Sequence[HistoryEntry], digest: str) -> HistoryEntry | None:
    """Return the newest entry by which the model with this digest was promoted."""
    promotions = (e for e in reversed(entries) if e.kind == "promotion" and e.digest == digest)
    return next(promotions, None)


def end_of_canary(entries: Sequence[HistoryEntry], digest: str) -> HistoryEntry | None:
    """Return the entry that ended the newest trial of the model with this digest.

    It is a promotion of that model, a canary_rollback, or whatever else took the canary's place.
    None: it was never on trial, or it still is.
    """
    ended = None
    for before, after in itertools.pairwise(entries):
        if before.kind == "canary" and before.digest == digest:
            ended = after
    standing = standing_canary(entries)
    return None if standing and standing.digest == digest else ended


def role_at(entries: Sequence[HistoryEntry], *, version: str, time: datetime) -> Role:
    """Return what a version was when it answered at `time` (UTC, with or without a zone).

    A predictor follows the pointer within seconds, and a champion that was just replaced may still
    have answered: it is called the champion, which it was when the request came. An answer from
    just before the version's first line (clocks differ) has that line's role. "unknown": the
    history does not have the version.
    """
    moment = _utc(time)
    own = [entry for entry in entries if entry.version == version]
    then = [entry for entry in own if _utc(entry.time) <= moment]
    if not own:
        return "unknown"
    entry = then[-1] if then else own[0]
    return "canary" if entry.kind == "canary" else "champion"


def version_before(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return what a rollback goes back to: never to a model that was itself rolled back from.

    Unless that was promoted again since. None: there is nothing further back.
    """
    chain, undone = _read(entries)
    current = chain[-1].digest if chain else ""
    return next((e for e in reversed(chain) if e.digest not in undone | {current}), None)


def serving_chain(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Return the entries that lead to what serves: those that a rollback undid are not among them.

    The last one is of the version that serves.
    """
    return _read(entries)[0]


def _read(entries: Sequence[HistoryEntry]) -> tuple[list[HistoryEntry], set[str]]:
    """Return the chain, and the digests that were rolled back from."""
    chain: list[HistoryEntry] = []
    undone: set[str] = set()
    for entry in entries:
        if entry.kind == "promotion":
            chain.append(entry)
            undone.discard(entry.digest)
        elif entry.kind == "rollback":
            if chain:
                undone.add(chain[-1].digest)
            while chain and chain[-1].digest != entry.digest:
                chain.pop()
            chain = chain or [entry]
    return chain, undone


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
