"""mdlc submit: a run on Kubeflow Pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

import mdlc
from mdlc.cli.cluster_options import DataRoot, Experiment, Fuse, Host, Namespace, Upload
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Json,
    StderrLines,
    Verbose,
    console,
    handle_errors,
    print_json,
)

if TYPE_CHECKING:
    from mdlc import SubmittedRun

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
    again: Annotated[bool, typer.Option("--again", help="Start the same run again.")] = False,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Train and release on Kubeflow Pipelines.

    Pipeline, version, experiment and run are created if they do not exist yet.
    """
    with handle_errors(verbose=verbose):
        there = mdlc.load(file).cluster(host, namespace=namespace, experiment=experiment)
        made = there.submit(
            upload=upload,
            data_root=data_root,
            fuse=fuse,
            again=again,
            follow=follow,
            progress=StderrLines(),
        )
    _print(made, as_json=as_json)


def _print(made: SubmittedRun, *, as_json: bool) -> None:
    state = made.state
    if as_json:
        outcome = state.outcome.model_dump(mode="json") if state.outcome else None
        print_json(
            {
                "run": made.run,
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
