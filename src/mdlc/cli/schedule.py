"""mdlc schedule: train on Kubeflow Pipelines on a schedule."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli.cluster_options import DataRoot, Experiment, Fuse, Host, Namespace, Upload
from mdlc.cli.verb_support import (
    DEFAULT_FILE,
    File,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

EPILOG = 'Example: mdlc schedule lifecycle.yaml --host http://localhost:8888 --cron "0 3 * * 1"'


def schedule(
    file: File = DEFAULT_FILE,
    host: Host = None,
    namespace: Namespace = None,
    experiment: Experiment = None,
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields, in UTC.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="Interval, such as 7d.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Delete its schedules.")] = False,
    fuse: Fuse = None,
    upload: Upload = False,
    data_root: DataRoot = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Have Kubeflow Pipelines train on a schedule.

    A lifecycle has one schedule; a new one replaces it. Missed times are not made up for.
    """
    if sum((cron is not None, every is not None, remove)) != 1:
        raise typer.BadParameter("give one of --cron, --every and --remove")
    with handle_errors(verbose=verbose):
        there = mdlc.load(file).cluster(host, namespace=namespace, experiment=experiment)
        said: dict[str, object]
        if remove:
            said = {"removed": there.unschedule()}
        else:
            made = there.schedule(
                cron=cron, every=every, upload=upload, data_root=data_root, fuse=fuse
            )
            said = {"schedule": made.schedule, "created": made.created, "link": made.link}
    if as_json:
        print_json(said)
        return
    for key, value in said.items():
        console().print(f"{key}: {value}", soft_wrap=True)
