"""The last step of a run with a canary: `python -m mdlc.cluster.gate_step`.

It waits until the canary is judged by what Prometheus counted, promotes it or rolls it back on the
artifact root, and says so as the run's outcome. A trigger may look after the same canary: whoever
is first acts, the other sees what became of it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mdlc.canary.canary_judge import CanaryTerms, Counting, by_prometheus, judge_and_end
from mdlc.cluster.state_mirror import mirrored
from mdlc.core.errors import BusyError, ServiceError, SpecError
from mdlc.core.files import Document, read_document, write_document
from mdlc.core.spec.base import format_duration
from mdlc.core.spec.cluster import PROMETHEUS
from mdlc.core.steps import reporting
from mdlc.life.release_record import history_of
from mdlc.life.releases import current
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.pipelines.kubeflow.failure_records import recording_failure
from mdlc.pipelines.kubeflow.step_settings import GateTerms, RunOutcome, StepSettings
from mdlc.state import remote_files


class GateRequest(Document):
    """What the gate step gives us on standard input."""

    settings: StepSettings
    run: str
    terms: GateTerms
    outcome: str
    """Folder of what release wrote."""
    out: str


def perform(asked: GateRequest, *, sleep: Callable[[float], None] = time.sleep) -> RunOutcome:
    """Wait for the judgement; write outcome.json and runs/RUN.json.

    Raises:
        SpecError: nothing says where Prometheus is.
    """
    begun = read_document(Path(asked.outcome) / "outcome.json", RunOutcome)
    url = os.environ.get(PROMETHEUS, "")
    if not url:
        raise SpecError(f"{PROMETHEUS} does not say where Prometheus is", where="spec.cluster.env")
    with closing(Prometheus(url)) as prometheus:
        counts = by_prometheus(prometheus, model=asked.settings.name)
        ended = _wait(asked, begun, counts=counts, sleep=sleep)
    location = remote_files.join(asked.settings.artifacts, "runs", f"{asked.run}.json")
    remote_files.put_document(location, ended)
    write_document(Path(asked.out) / "outcome.json", ended)
    return ended


def _wait(
    asked: GateRequest, begun: RunOutcome, *, counts: Counting, sleep: Callable[[float], None]
) -> RunOutcome:
    """Look until the canary is no longer on trial, or the time is spent."""
    spent = time.monotonic() + asked.terms.timeout_seconds
    said = ""
    while True:
        ended, why = _looked(asked, begun, counts=counts)
        if ended is not None:
            return ended
        if why != said:
            said = why
            sys.stdout.write(f"version {begun.version}: {why}\n")
            sys.stdout.flush()
        if time.monotonic() >= spent:
            spent_on = format_duration(timedelta(seconds=asked.terms.timeout_seconds))
            late = f"After {spent_on} its trial still goes on: {why}."
            return begun.model_copy(update={"reasons": [*begun.reasons, late]})
        sleep(asked.terms.poll_seconds)


def _looked(
    asked: GateRequest, begun: RunOutcome, *, counts: Counting
) -> tuple[RunOutcome | None, str]:
    """Look once; return how the trial ended, or None and why it goes on."""
    terms = CanaryTerms(asked.terms.canary, asked.terms.drift, asked.terms.quality)
    now = datetime.now(UTC)
    try:
        with mirrored(asked.settings.artifacts, name=asked.settings.name) as workspace:
            pointer = current(workspace)
            why = "it is no longer on trial"
            if pointer and pointer.canary and pointer.canary.digest == begun.digest:
                why = judge_and_end(workspace, terms, counts=counts, now=now).why
                pointer = current(workspace)
            if pointer and pointer.canary and pointer.canary.digest == begun.digest:
                return None, why
            serves = pointer is not None and pointer.digest == begun.digest
            entries = history_of(workspace).entries()
    except (ServiceError, BusyError) as error:
        # Not known now, or changed by somebody else: the next look tells.
        return None, str(error)
    last = entries[-1].why if entries else why
    update = {
        "outcome": "promoted" if serves else "refused",
        "replaced": begun.replaced if serves else "",
        "reasons": [*begun.reasons, last],
        "ended": now,
    }
    return begun.model_copy(update=update), last


def main() -> None:
    """Read what is asked, do it."""
    asked = GateRequest.model_validate_json(sys.stdin.read())
    with reporting("gate"), recording_failure("gate", artifacts=asked.settings.artifacts):
        perform(asked)


if __name__ == "__main__":
    main()
