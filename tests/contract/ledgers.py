"""What every ledger keeps to, whichever database it is on. Not a test file: suites inherit it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mdlc.core.errors import RefusedError
from mdlc.core.spec.retrain import Retrain
from mdlc.monitoring.fake_predictor import DAY, START
from mdlc.retraining.ledger import Ledger
from mdlc.retraining.standing_alerts import STANDS, StandingAlert
from mdlc.state.watch_documents import Verdict

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def decide(book: Ledger, *reasons: str, at: timedelta = timedelta(), **more: Any) -> Verdict:
    fields = {"evidence": {}, "new_labels": 10_000, **more}
    return book.decide(time=START + at, reasons=reasons or ["skill"], **fields)


def alert(key: str = "a", reason: str = "skill") -> StandingAlert:
    return StandingAlert(fingerprint=key, name="SkillLow", reason=reason)


class LedgerContract:
    """Tests over the fixture `url`."""

    @pytest.fixture
    def book(self, url: str) -> Callable[..., Ledger]:
        def made(**policy: Any) -> Ledger:
            retrain = Retrain.model_validate({"cooldown": "14d", "attempts": 2, **policy})
            return Ledger(url, retrain=retrain, model="m")

        return made

    def test_a_hundred_threads_that_ask_at_once_start_one_run(self, book) -> None:
        books = [book(), book()]
        found: list[Verdict] = []
        threads = [
            threading.Thread(target=lambda n=n: found.append(decide(books[n % 2])))
            for n in range(100)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [verdict.decision for verdict in found].count("run") == 1
        assert len(book().all()) == 2
        assert sum(1 + v.evidence["repeats"] for v in book().all()) == 100

    def test_the_rule_is_recorded(self, book) -> None:
        decide(book())
        decide(book(), "money")
        assert [verdict.rule for verdict in book().all()] == ["ok", "running"]

    def test_a_run_is_claimed_by_one_and_taken_over_when_its_lease_ran_out(self, book) -> None:
        made = decide(book(), owner="a", lease=MINUTE)
        assert (made.owner, made.lease) == ("a", START + MINUTE)
        assert book().claim("b", START, lease=MINUTE) is None
        assert book().claim("a", START, lease=MINUTE).attempts == 1
        kept = book().extend(made.id, owner="a", now=START + MINUTE, lease=MINUTE, backend_run="k")
        assert (kept.lease, kept.backend_run) == (START + 2 * MINUTE, "k")
        assert book().claim("b", START + 1.9 * MINUTE, lease=MINUTE) is None
        taken = book().claim("b", START + 2 * MINUTE, lease=MINUTE)
        assert (taken.owner, taken.attempts, taken.backend_run) == ("b", 2, "k")
        with pytest.raises(RefusedError, match="another process"):
            book().extend(made.id, owner="a", now=START, lease=MINUTE)

    def test_attempts_have_a_bound_and_the_last_fails_the_run(self, book) -> None:
        made = decide(book())
        for minute in range(2):
            assert book().claim("a", START + minute * MINUTE, lease=MINUTE).outcome == ""
        spared = book().claim("b", START + 5 * MINUTE, lease=MINUTE, spare=True)
        assert (spared.outcome, spared.attempts) == ("", 3)
        ended = book().claim("b", START + 9 * MINUTE, lease=MINUTE)
        assert (ended.id, ended.outcome) == (made.id, "failed")
        assert "3 attempts ended without a result" in ended.detail
        assert book().claim("b", START + 9 * MINUTE, lease=MINUTE) is None

    def test_a_stop_costs_no_attempt_and_a_failure_waits(self, book) -> None:
        made = decide(book())
        for _ in range(3):
            book().claim("a", START, lease=MINUTE)
            book().release_lease(made.id, owner="a", stopped=True)
        book().claim("a", START, lease=MINUTE)
        book().release_lease(made.id, owner="a", until=START + MINUTE, detail="away")
        assert book().claim("b", START, lease=MINUTE) is None
        again = book().claim("b", START + MINUTE, lease=MINUTE)
        assert (again.attempts, again.detail, again.outcome) == (5, "away", "")

    def test_an_end_clears_the_lease_and_names_the_version(self, book) -> None:
        made = decide(book(), owner="a", lease=MINUTE)
        ended = book().finish(made.id, time=START, outcome="canary", detail="d", version="7")
        assert (ended.version, ended.owner, ended.lease) == ("7", "", None)
        assert book().finish(made.id, time=START, outcome="canary", detail="x") == ended
        with pytest.raises(RefusedError):
            book().finish(made.id, time=START, outcome="failed", detail="")

    def test_what_somebody_follows_is_not_abandoned(self, book) -> None:
        decide(book(), owner="a", lease=MINUTE)
        assert book().abandon_stale(START, timedelta()) == []
        assert len(book().abandon_stale(START + MINUTE, timedelta())) == 1

    def test_asking_itself_again_is_not_recorded(self, book) -> None:
        decide(book())
        for hour in range(48):
            decide(book(), again=True, at=timedelta(hours=hour))
        assert [v.decision for v in book().all()] == ["run", "skip"]
        assert book().all()[1].evidence["repeats"] == 0

    def test_a_decision_is_never_before_the_one_before(self, book) -> None:
        decide(book(), at=DAY)
        stepped = decide(book(), "money")
        assert (stepped.decision, stepped.time) == ("defer", START + DAY)
        (run,) = [v for v in book().all() if v.decision == "run"]
        ended = book().finish(run.id, time=START, outcome="refused", detail="")
        assert ended.finished == START + DAY
        assert decide(book(), "money", at=-400 * DAY).decision == "defer"

    def test_a_lease_far_ahead_is_void_and_what_follows_is_not_locked(self, book) -> None:
        """A trigger whose clock ran 400 days ahead was killed in a run; then the clock is right."""
        decide(book(), owner="wrong", lease=MINUTE, at=400 * DAY)
        taken = book().claim("right", START, lease=MINUTE)
        assert (taken.owner, taken.lease) == ("right", START + MINUTE)
        assert book().claim("other", START, lease=MINUTE) is None  # this lease is not void
        ended = book().finish(taken.id, time=START + HOUR, outcome="refused", detail="")
        assert ended.finished == START + HOUR
        assert decide(book(), "money", at=2 * HOUR).rule == "cooldown"
        later = decide(book(), "money", at=20 * DAY, owner="right", lease=MINUTE)
        assert (later.decision, later.time) == ("run", START + 20 * DAY)
        assert later.lease == START + 20 * DAY + MINUTE

    def test_a_person_need_not_wait_for_a_run_of_a_wrong_clock(self, book) -> None:
        decide(book(), owner="wrong", lease=MINUTE, at=400 * DAY)
        assert len(book().abandon_stale(START, timedelta())) == 1
        assert decide(book(), "manual", at=MINUTE).decision == "run"

    def test_alerts_stand_until_resolved_answered_or_silent(self, book) -> None:
        names = lambda at: [a.fingerprint for a in book().standing(START + at)]  # noqa: E731
        book().receive(time=START, firing=[alert("a"), alert("b", "money")], resolved=[])
        assert names(timedelta()) == ["a", "b"]
        assert names(STANDS + MINUTE) == []
        book().receive(time=START + MINUTE, firing=[], resolved=["a", "unknown"])
        assert names(MINUTE) == ["b"]
        made = decide(book(), "skill")
        book().finish(made.id, time=START, outcome="refused", detail="")
        assert names(MINUTE) == ["b"]  # of another reason: it waits for the cooldown
        last = decide(book(), "money", at=20 * DAY)
        book().receive(time=START + 20 * DAY, firing=[alert("c"), alert("d")], resolved=[])
        book().finish(last.id, time=START + 20 * DAY, outcome="promoted", detail="")
        assert names(20 * DAY) == []

    def test_alerts_from_a_wrong_clock_are_bounded(self, book) -> None:
        many = [alert(str(number)) for number in range(1500)]
        book().receive(time=START + 365 * DAY, firing=many, resolved=[])
        assert len(book().standing(START)) == 1000
