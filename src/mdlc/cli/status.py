"""mdlc status: which version serves, what ran, what was decided."""

from __future__ import annotations

from pathlib import Path

import mdlc
from mdlc.cli.cluster_options import Experiment, Host, Namespace
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

EPILOG = "Example: mdlc status lifecycle.yaml --json"


def status(
    file: File = DEFAULT_FILE,
    host: Host = None,
    namespace: Namespace = None,
    experiment: Experiment = None,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show which version serves, what ran, and what was decided.

    On this machine or, with --host, on the cluster.
    """
    if host is not None:
        _on_cluster(file, host, namespace, experiment, as_json=as_json, verbose=verbose)
        return
    with handle_errors(verbose=verbose):
        state = mdlc.load(file, home=home).status()
    if as_json:
        print_json(state)
        return
    out = console()
    serving = state.serving
    out.print(
        f"serving: version {serving.version} ({state.candidate}), {serving.since:%Y-%m-%d %H:%M}"
        if serving
        else "serving: nothing yet; make a model with mdlc run"
    )
    if serving and serving.instead:
        out.print(f"withdrawn: it scores, and the action is {serving.instead} whatever it says")
    if serving and serving.canary:
        trial = serving.canary
        share = f"{trial.ratio:.0%} of the predictions since {trial.since:%Y-%m-%d %H:%M}"
        out.print(
            f"canary: version {trial.version} ({state.canary_candidate}), {share}",
            markup=False,
            soft_wrap=True,
        )
    for run in state.runs:
        stages = sum(s.state == "finished" for s in run.stages.values())
        line = f"run {run.id}: {run.kind} {run.state}, {stages} stages, {run.seconds:.0f} s"
        out.print(f"{line} {run.error}".rstrip(), markup=False, soft_wrap=True)
    for verdict in state.verdicts:
        out.print(
            f"trigger {verdict.time:%Y-%m-%d}: {verdict.decision}: {verdict.why} {verdict.outcome}",
            markup=False,
            soft_wrap=True,
        )


def _on_cluster(
    file: Path,
    host: str,
    namespace: str | None,
    experiment: str | None,
    *,
    as_json: bool,
    verbose: bool,
) -> None:
    with handle_errors(verbose=verbose):
        there = mdlc.load(file).cluster(host, namespace=namespace, experiment=experiment)
        state = there.status()
    if as_json:
        print_json(state)
        return
    out = console()
    serving = state.serving
    out.print(
        f"serving: version {serving.version}, {serving.since:%Y-%m-%d %H:%M}"
        if serving
        else "serving: nothing yet; make a model with mdlc submit"
    )
    if serving and serving.instead:
        out.print(f"withdrawn: it scores, and the action is {serving.instead} whatever it says")
    if serving and serving.canary:
        out.print(f"canary: version {serving.canary.version}, {serving.canary.ratio:.0%}")
    for run in state.runs:
        line = f"run {run.run_id}: {run.name} {run.state}"
        outcome = run.outcome
        if outcome and outcome.outcome != "failed":
            line += f" {outcome.outcome} {outcome.version}"
        elif why := "; ".join(outcome.reasons) if outcome else run.error:
            line += f": {why}"
        out.print(line.rstrip(), markup=False, soft_wrap=True)
