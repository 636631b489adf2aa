"""The last step of a run with a canary: `python -m mdlc.cluster.gate_step`.

It waits until the canary has been judged by the counts in Prometheus, and writes the result as the
run's outcome. `mdlc.canary` judges it and promotes it or rolls it back in the artifact root.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from mdlc.canary.canary_judge import CanaryState, CanaryTerms, by_prometheus
from mdlc.canary.canary_watch import LookTimes, await_end
from mdlc.cluster.state_mirror import mirrored
from mdlc.core.errors import SpecError
from mdlc.core.files import Document, read_document, write_document
from mdlc.core.spec.base import format_duration
from mdlc.core.spec.cluster import PROMETHEUS
from mdlc.core.steps import reporting
from mdlc.monitoring.prometheus_api import Prometheus
from mdlc.pipelines.kubeflow.failure_records import recording_failure
from mdlc.pipelines.kubeflow.step_settings import GateTerms, RunOutcome, StepSettings
from mdlc.state import remote_files


class GateRequest(Document):
    """The input of this program, as JSON on standard input."""

    settings: StepSettings
    run: str
    terms: GateTerms
    outcome: str
    """The folder that the release step wrote."""
    out: str


def perform(asked: GateRequest, *, sleep: Callable[[float], None] = time.sleep) -> RunOutcome:
    """Wait for the judgement; write outcome.json and runs/RUN.json.

    Raises:
        SpecError: the address of Prometheus is not set.
    """
    begun = read_document(Path(asked.outcome) / "outcome.json", RunOutcome)
    url = os.environ.get(PROMETHEUS, "")
    if not url:
        raise SpecError(f"{PROMETHEUS} does not say where Prometheus is", where="spec.cluster.env")
    settings, terms = asked.settings, asked.terms
    with closing(Prometheus(url)) as prometheus:
        state = await_end(
            begun.digest,
            workspace=partial(mirrored, settings.artifacts, name=settings.name),
            terms=CanaryTerms(terms.canary, terms.drift, terms.quality),
            counts=by_prometheus(prometheus, model=settings.name),
            times=LookTimes(terms.poll_seconds, terms.timeout_seconds),
            tell=partial(_tell, begun.version),
            sleep=sleep,
        )
    ended = _outcome(begun, state, waited=timedelta(seconds=terms.timeout_seconds))
    remote_files.put_document(
        remote_files.join(settings.artifacts, "runs", f"{asked.run}.json"), ended
    )
    write_document(Path(asked.out) / "outcome.json", ended)
    return ended


def _outcome(begun: RunOutcome, state: CanaryState, *, waited: timedelta) -> RunOutcome:
    """Return the run's outcome, updated by the state of its canary."""
    if state.state == "on_trial":
        late = f"After {format_duration(waited)} its trial still goes on: {state.why}."
        return begun.model_copy(update={"reasons": [*begun.reasons, late]})
    promoted = state.state == "promoted"
    update = {
        "outcome": "promoted" if promoted else "refused",
        "replaced": begun.replaced if promoted else "",
        "reasons": [*begun.reasons, state.why],
        "ended": datetime.now(UTC),
    }
    return begun.model_copy(update=update)


def _tell(version: str, why: str) -> None:
    sys.stdout.write(f"version {version}: {why}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the request and perform it."""
    asked = GateRequest.model_validate_json(sys.stdin.read())
    with reporting("gate"), recording_failure("gate", artifacts=asked.settings.artifacts):
        perform(asked)


if __name__ == "__main__":
    main()
