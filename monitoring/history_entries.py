"""Interprets a history: which version serves, which is on trial, and what was rolled back.

`version_history` stores the lines; the functions here say what they mean. The last line does not
always name the serving version: it may be about a canary. The kinds of lines:

    promotion         the version serves from then on; it may have been the canary until then
    canary            the version is on trial beside the one that serves, in place of any other
    canary_rollback   the canary (`replaced`) was dropped; the line's version serves as before
    rollback          the version, which served before, serves again in place of `replaced`
    withdrawal        the version goes on scoring, and no longer decides: it earned too little
    restoration       the version that was withdrawn decides again
    restoration       the version that was withdrawn decides again

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
    """Return the entry with which the serving version began to serve; None for an empty history.

    Its time is when that version began to serve. Later entries about canaries do not change it.
    """
    return next((e for e in reversed(entries) if e.kind in {"promotion", "rollback"}), None)


def standing_canary(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the entry of the canary on trial, which is the last line; None if there is none."""
    return entries[-1] if entries and entries[-1].kind == "canary" else None


def withdrawn(entries: Sequence[HistoryEntry]) -> bool:
    """Say whether the version that serves is withdrawn: another action is taken than its own."""
    deciding = {"promotion", "rollback", "withdrawal", "restoration"}
    kinds = [entry.kind for entry in entries if entry.kind in deciding]
    return bool(kinds) and kinds[-1] == "withdrawal"


def promotion_of(entries: Sequence[HistoryEntry], digest: str) -> HistoryEntry | None:
    """Return the newest promotion of the model with this digest; None if there is none."""
    promotions = (e for e in reversed(entries) if e.kind == "promotion" and e.digest == digest)
    return next(promotions, None)


def end_of_canary(entries: Sequence[HistoryEntry], digest: str) -> HistoryEntry | None:
    """Return the entry that ended the newest trial of the model with this digest.

    That is its promotion, a canary_rollback, or the entry of another version that replaced it.
    None: it was never on trial, or it still is.
    """
    ended = None
    for before, after in itertools.pairwise(entries):
        if before.kind == "canary" and before.digest == digest:
            ended = after
    standing = standing_canary(entries)
    return None if standing and standing.digest == digest else ended


def role_at(entries: Sequence[HistoryEntry], *, version: str, time: datetime) -> Role:
    """Return the role of a version when it answered at `time` (UTC, with or without a zone).

    A predictor takes some seconds to follow the pointer, so a champion that was just replaced may
    still answer; it is called the champion. An answer from just before the version's first line
    (clocks differ) gets that line's role. "unknown": the history has no line of the version.
    """
    moment = _utc(time)
    own = [entry for entry in entries if entry.version == version]
    then = [entry for entry in own if _utc(entry.time) <= moment]
    if not own:
        return "unknown"
    entry = then[-1] if then else own[0]
    return "canary" if entry.kind == "canary" else "champion"


def version_before(entries: Sequence[HistoryEntry]) -> HistoryEntry | None:
    """Return the entry of the version that a rollback goes back to; None if there is none.

    A version that was itself rolled back from is skipped, unless it was promoted again since.
    """
    chain, undone = _read(entries)
    current = chain[-1].digest if chain else ""
    return next((e for e in reversed(chain) if e.digest not in undone | {current}), None)


def serving_chain(entries: Sequence[HistoryEntry]) -> list[HistoryEntry]:
    """Return the promotions that are still in effect, oldest first; the last one serves.

    Promotions that a rollback undid are left out.
    """
    return _read(entries)[0]


def _read(entries: Sequence[HistoryEntry]) -> tuple[list[HistoryEntry], set[str]]:
    """Return the serving chain, and the digests of versions that were rolled back from."""
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
