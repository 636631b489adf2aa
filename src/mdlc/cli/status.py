"""mdlc status: which model serves, what runs, what is wrong."""

from __future__ import annotations

from pathlib import Path

from mdlc.cli.cluster_options import Experiment, Host, Namespace, connect
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    open_lifecycle,
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
    """Show what serves, ran and was decided.

    Here or, with --host, on the cluster.
    """
    if host is not None:
        _on_cluster(file, host, namespace, experiment, as_json=as_json, verbose=verbose)
        return
    with handle_errors(file, verbose=verbose):
        from mdlc.life.local_status import status_of

        lifecycle, workspace = open_lifecycle(file, home)
        state = status_of(lifecycle, workspace=workspace)
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
    with handle_errors(file, verbose=verbose):
        from mdlc.cluster.cluster_status import cluster_status
        from mdlc.core.spec import load

        state = cluster_status(load(file), client=connect(host, namespace, experiment))
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
