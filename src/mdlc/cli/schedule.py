"""mdlc schedule: trainings on Kubeflow Pipelines, again and again."""

from __future__ import annotations

from typing import Annotated

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

EPILOG = 'Example: mdlc schedule lifecycle.yaml --host http://localhost:8888 --cron "0 3 * * 1"'
CRON_FIELDS = 5


def schedule(
    file: File = DEFAULT_FILE,
    host: Host = None,
    namespace: Namespace = None,
    experiment: Experiment = None,
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields, in UTC.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="Such as 7d.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Delete its schedules.")] = False,
    fuse: Fuse = None,
    upload: Upload = False,
    data_root: DataRoot = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Let Kubeflow Pipelines train by itself.

    A lifecycle has one schedule; another one takes its place. Missed times are not made up for.
    """
    if sum((cron is not None, every is not None, remove)) != 1:
        raise typer.BadParameter("give one of --cron, --every and --remove")
    if cron is not None and len(cron.split()) != CRON_FIELDS:
        raise typer.BadParameter(
            f"{cron!r} does not have {CRON_FIELDS} fields", param_hint="--cron"
        )
    with handle_errors(file, verbose=verbose):
        from mdlc.cluster.submit_run import SourceLocation, sources_of
        from mdlc.core.spec import load
        from mdlc.core.spec.base import parse_duration
        from mdlc.pipelines.kubeflow.recurring_runs import RecurringRuns, RunTrigger

        lifecycle = load(file)
        try:
            seconds = int(parse_duration(every).total_seconds()) if every else None
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--every") from error
        schedules = RecurringRuns(connect(host, namespace, experiment))
        if remove:
            said: dict[str, object] = {"removed": schedules.remove(lifecycle.name)}
        else:
            data = SourceLocation(upload=upload, root=data_root)
            made = schedules.add(
                lifecycle,
                trigger=RunTrigger(cron=cron, seconds=seconds),
                sources=sources_of(lifecycle, file=file, data=data),
                fuse=fuse,
            )
            said = {"schedule": made.run_id, "created": made.created, "link": made.link}
    if as_json:
        print_json(said)
        return
    for key, value in said.items():
        console().print(f"{key}: {value}", soft_wrap=True)
