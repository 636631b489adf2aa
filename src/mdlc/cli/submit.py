"""mdlc submit: a run on Kubeflow Pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mdlc.cli.cluster_options import DataRoot, Experiment, Fuse, Host, Namespace, Upload, connect
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

if TYPE_CHECKING:
    from mdlc.pipelines.kubeflow.kfp_client import Submitted
    from mdlc.pipelines.kubeflow.run_state import RunState

EPILOG = "Example: mdlc submit lifecycle.yaml --host http://localhost:8888 --upload"


def submit(
    file: File = DEFAULT_FILE,
    host: Host = None,
    namespace: Namespace = None,
    experiment: Experiment = None,
    fuse: Fuse = None,
    upload: Upload = False,
    data_root: DataRoot = None,
    follow: Annotated[bool, typer.Option(help="Show progress until the run ends.")] = True,
    again: Annotated[bool, typer.Option("--again", help="A new run, though it is there.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train and release on Kubeflow Pipelines.

    Pipeline, version, experiment and run are made where they are not there yet.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.cluster.submit_run import SourceLocation
        from mdlc.cluster.submit_run import follow as follow_run
        from mdlc.cluster.submit_run import submit as send
        from mdlc.core.spec import load
        from mdlc.pipelines.kubeflow.run_state import TaskState

        lifecycle = load(file)
        client = connect(host, namespace, experiment)
        data = SourceLocation(upload=upload, root=data_root)
        made = send(client, lifecycle, file=file, data=data, fuse=fuse, again=again)
        told = console(stderr=True)
        told.print(f"{'new run' if made.created else 'known run'} {made.run_id}", soft_wrap=True)
        told.print(made.link, soft_wrap=True)

        def show(task: TaskState) -> None:
            told.print(f"{task.name:<14} {task.state.lower():<10} {task.seconds:7.0f} s")

        state = follow_run(client, made.run_id, told=show) if follow else client.state(made.run_id)
    _print(made, state, as_json=as_json)


def _print(made: Submitted, state: RunState, *, as_json: bool) -> None:
    if as_json:
        outcome = state.outcome.model_dump(mode="json") if state.outcome else None
        print_json(
            {
                "run": made.run_id,
                "name": made.name,
                "created": made.created,
                "link": made.link,
                "state": state.state,
                "outcome": outcome,
            }
        )
        return
    out = console()
    if state.outcome is None:
        out.print(f"{made.name}: {state.state}")
        return
    for reason in state.outcome.reasons:
        out.print(reason, markup=False, soft_wrap=True)
    version = f", version {state.outcome.version}" if state.outcome.version else ""
    out.print(f"{made.name}: {state.outcome.outcome}{version}", soft_wrap=True)
