"""Promotions and verdicts that never were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from mdlc.state.release_documents import HistoryEntry
from mdlc.state.watch_documents import Verdict
from tests.unit.monitoring.report.synthetic_base import BEGINS, DIGEST


def history() -> list[HistoryEntry]:
    days = [BEGINS + timedelta(days=d) for d in (90, 170, 262, 334)]
    versions = ["1", "2", "3", "4"]
    entries = [
        HistoryEntry(
            time=days[0],
            version="1",
            digest=DIGEST,
            candidate="lightgbm",
            replaced="",
            why="first model",
            money_per_decision=1.2,
            previous="",
        )
    ]
    for (before, version), day in zip(pairwise(versions), days[1:], strict=True):
        entries.append(
            HistoryEntry(
                time=day,
                version=version,
                digest=DIGEST,
                candidate="lightgbm",
                replaced=before,
                why="calibration was off",
                money_per_decision=None,
                previous=DIGEST,
            )
        )
    return entries


def verdicts() -> list[Verdict]:
    time = datetime(2013, 6, 19, 4, tzinfo=UTC)
    return [
        Verdict(
            id="a",
            time=time,
            reasons=["calibration"],
            decision="run",
            why="no bound holds it back",
            evidence={},
            outcome="promoted",
            detail="version 2",
        ),
        Verdict(
            id="b",
            time=time + timedelta(days=3),
            reasons=["money"],
            decision="skip",
            why="cooldown of 14d ends on 3 Jul",
            evidence={},
        ),
    ]
