"""The ledger: records every decision about retraining and lets at most one run go on at a time.

A process claims a run (`claim`), extends its lease while it follows the run, and records the end
(`finish`). If it dies, its lease runs out and another process may claim the run. All times come
from the caller, not from the database. No decision gets an earlier time than the one before it, so
a clock that was set back delays a retraining and never starts one more. Times far ahead are void.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from mdlc.core.errors import RefusedError
from mdlc.core.spec.base import format_duration
from mdlc.core.spec.retrain import Retrain
from mdlc.retraining import policy, standing_alerts
from mdlc.retraining.ledger_database import Database
from mdlc.retraining.ledger_rows import AHEAD, LedgerRows, VerdictKey, held
from mdlc.state.unix_time import seconds
from mdlc.state.watch_documents import Verdict

REPEATS = "repeats"
"""Key in a verdict's evidence: how often the same question got the same answer again that day."""
STOPS = "stops"
"""Key in a run's evidence: how many of its attempts ended because mdlc was stopped."""
Outcome = Literal["promoted", "canary", "refused", "failed"]


class Ledger:
    """The verdicts about one model, in a database."""

    def __init__(self, url: str, *, retrain: Retrain, model: str) -> None:
        self._database = Database(url, model=model)
        self._retrain = retrain
        self._model = model

    def decide(  # noqa: PLR0913 - what a decision rests on
        self,
        *,
        time: datetime,
        reasons: Sequence[str],
        evidence: dict[str, Any],
        new_labels: int,
        force: bool = False,
        trial: str = "",
        again: bool = False,
        owner: str = "",
        lease: timedelta | None = None,
    ) -> Verdict:
        """Decide whether a retraining starts at `time`, and record the verdict.

        The rules and their order are those of `policy.rule_on`. A verdict "run" counts as running
        until `finish`; it belongs to `owner` for the time of the `lease`. `new_labels` are those
        since the last run; `force` and `trial` are as in `policy.PolicyRequest`. The same question
        with the same answer on the same day (UTC) returns the earlier verdict, whose evidence
        counts the repeats, unless mdlc repeats its own question (`again`).

        Raises:
            DataError: `time` has no time zone.
            ServiceError: the database does not answer.
        """
        seconds(time)
        with self._rows() as rows:
            runs, asked = rows.runs(), time
            time = max([time, *rows.times()])
            request = policy.PolicyRequest(time, frozenset(reasons), new_labels, force, trial)
            ruling = policy.rule_on(request, policy=self._retrain, runs=runs)
            shown = sorted(
                policy.accepted(request.reasons, policy=self._retrain) or request.reasons
            )
            day = time.astimezone(UTC).date().isoformat()
            key = VerdictKey(day, ruling.decision, ruling.rule, json.dumps(shown))
            earlier = None if ruling.decision == "run" else _earlier(rows, key, again=again)
            if earlier is not None:
                return earlier
            mine = owner if ruling.decision == "run" else ""
            verdict = Verdict(
                id="",
                time=time,
                reasons=shown,
                decision=ruling.decision,
                why=ruling.why,
                evidence={**json.loads(json.dumps(evidence, default=str)), REPEATS: 0},
                rule=ruling.rule,
                owner=mine,
                lease=asked + lease if mine and lease else None,
            )
            return rows.insert(key, verdict, cost=self._retrain.cost_per_run)

    def claim(
        self, owner: str, now: datetime, *, lease: timedelta, spare: bool = False
    ) -> Verdict | None:
        """Give the run that nobody follows to `owner` until `now + lease`, and count an attempt.

        A run that was started `retrain.attempts` times without a result is not given away: it is
        ended here as failed. With `spare` it is given away once more; the caller knows that the
        work of the last attempt is done and that only its end was not recorded.

        Returns:
            The claimed run, or the run that was ended as failed; None if there is no such run.
        """
        seconds(now)
        with self._rows() as rows:
            verdict = rows.unfollowed(owner, now=now, longest=lease)
            if verdict is None:
                return None
            if self.spent(verdict) and not spare:
                last = f"; the last one: {verdict.detail}" if verdict.detail else ""
                detail = f"{started(verdict)} attempts ended without a result{last}"
                return self._end(rows, verdict, time=now, outcome="failed", detail=detail)
            mine = {"owner": owner, "lease": now + lease, "attempts": verdict.attempts + 1}
            return rows.store(verdict.model_copy(update=mine))

    def unfollowed(self, owner: str, now: datetime) -> Verdict | None:
        """Return the run that `claim` would give to `owner`; None if there is none."""
        with self._rows() as rows:
            return rows.unfollowed(owner, now=now)

    def spent(self, run: Verdict) -> bool:
        """Return whether a run was started as often as `retrain.attempts` allows."""
        return started(run) >= self._retrain.attempts

    def extend(
        self,
        id: str,
        *,
        owner: str,
        now: datetime,
        lease: timedelta,
        backend_run: str | None = None,
    ) -> Verdict:
        """Extend the lease of a claimed run to `now + lease`; record `backend_run`, if given.

        Raises:
            RefusedError: the run has ended, or another process follows it now.
        """
        with self._rows() as rows:
            verdict = rows.owned(id, owner=owner)
            kept: dict[str, Any] = {"lease": now + lease}
            if backend_run is not None:
                kept["backend_run"] = backend_run
            return rows.store(verdict.model_copy(update=kept))

    def release_lease(
        self,
        id: str,
        *,
        owner: str,
        until: datetime | None = None,
        detail: str = "",
        stopped: bool = False,
    ) -> Verdict:
        """Stop following a run that has no result; from `until` on it may be claimed again.

        `stopped`: the process was asked to end, so this attempt does not count against
        `retrain.attempts`.

        Raises:
            RefusedError: the run has ended, or another process follows it now.
        """
        with self._rows() as rows:
            verdict = rows.owned(id, owner=owner)
            evidence = dict(verdict.evidence)
            if stopped:
                evidence[STOPS] = evidence.get(STOPS, 0) + 1
            freed = {"owner": "", "lease": until, "evidence": evidence}
            freed["detail"] = detail or verdict.detail
            return rows.store(verdict.model_copy(update=freed))

    def finish(
        self, id: str, *, time: datetime, outcome: Outcome, detail: str, version: str = ""
    ) -> Verdict:
        """Record how a run ended, and drop the alerts that it answered; idempotent.

        Raises:
            ArtifactError: no run has this id.
            RefusedError: the run has already ended in another way; for example, it was abandoned.
        """
        seconds(time)
        with self._rows() as rows:
            verdict = rows.run(id)
            if verdict.outcome and verdict.outcome != outcome:
                raise RefusedError(
                    f"run {id} cannot end {outcome}: it ended {verdict.outcome}",
                    hint=verdict.detail or "start a new run",
                )
            if verdict.outcome:
                return verdict
            return self._end(
                rows, verdict, time=time, outcome=outcome, detail=detail, version=version
            )

    def abandon_stale(self, time: datetime, older_than: timedelta) -> list[Verdict]:
        """End as failed each run that nobody follows and that is `older_than` old at `time`."""
        seconds(time)
        detail = f"abandoned: it did not end within {format_duration(older_than)}"
        with self._rows() as rows:
            return [
                self._end(rows, verdict, time=time, outcome="failed", detail=detail)
                for verdict in rows.select(decision="run", running=True)
                if (time - verdict.time >= older_than or verdict.time > time + AHEAD)
                and not held(verdict, now=time)
            ]

    def due(self, time: datetime, *, since: datetime | None = None) -> bool:
        """Return whether "schedule" is a reason at `time`; `since`: when the model was trained."""
        with self._rows() as rows:
            return policy.due(time, policy=self._retrain, runs=rows.runs(), since=since)

    def left(self, time: datetime) -> policy.BudgetLeft:
        """Return what is left of the month's budget at `time`."""
        with self._rows() as rows:
            return policy.budget_left(time, policy=self._retrain, runs=rows.runs())

    def receive(
        self,
        *,
        time: datetime,
        firing: Sequence[standing_alerts.StandingAlert],
        resolved: Sequence[str],
    ) -> None:
        """Store the alerts that fire; drop those whose fingerprints are in `resolved`."""
        with self._database.alone() as connection:
            standing_alerts.receive(
                connection, model=self._model, time=time, firing=firing, resolved=resolved
            )

    def standing(self, time: datetime) -> list[standing_alerts.StandingAlert]:
        """Return the alerts that fire, were repeated lately, and are not answered by a run."""
        with self._database.alone() as connection:
            return standing_alerts.standing(connection, model=self._model, time=time)

    def run(self, id: str) -> Verdict:
        """Return the run with this id.

        Raises:
            ArtifactError: there is none.
        """
        with self._rows() as rows:
            return rows.run(id)

    def all(self) -> list[Verdict]:
        """Return every verdict, oldest first."""
        with self._rows() as rows:
            return rows.select()

    @contextmanager
    def _rows(self) -> Iterator[LedgerRows]:
        """Yield this model's rows in a transaction of their own."""
        with self._database.alone() as connection:
            yield LedgerRows(connection, model=self._model)

    def _end(  # noqa: PLR0913 - what the end of a run says
        self,
        rows: LedgerRows,
        run: Verdict,
        *,
        time: datetime,
        outcome: Outcome,
        detail: str,
        version: str = "",
    ) -> Verdict:
        ended = {
            "outcome": outcome,
            "finished": time if run.time > time + AHEAD else max(time, run.time),
            "detail": detail,
            "version": version,
            "owner": "",
            "lease": None,
        }
        replaced = outcome in {"promoted", "canary"}
        answered = None if replaced else frozenset(run.reasons)
        standing_alerts.answer(rows.connection, model=self._model, reasons=answered)
        return rows.store(run.model_copy(update=ended))


def started(run: Verdict) -> int:
    """Return how often a run was started; attempts that ended with a stop of mdlc do not count."""
    stops: int = run.evidence.get(STOPS, 0)
    return run.attempts - stops


def _earlier(rows: LedgerRows, key: VerdictKey, *, again: bool) -> Verdict | None:
    """Return the earlier verdict that gave the same answer, with one more repeat; None if none did.

    For mdlc's own repeated question (`again`) it is the newest verdict, and no repeat is counted.
    """
    if again:
        told = rows.newest(reasons=key.reasons)
        if told and (told.decision, told.rule) == (key.decision, key.rule):
            return told
    same = rows.select(**key._asdict())
    if not same:
        return None
    evidence = {**same[-1].evidence, REPEATS: same[-1].evidence[REPEATS] + (not again)}
    return rows.store(same[-1].model_copy(update={"evidence": evidence}))
