"""The mdlc command and its verbs. Verbs import what they need only when they run, for speed."""

from __future__ import annotations

from typing import Annotated

import typer

import mdlc
from mdlc.cli import (
    compile,
    controller,
    deploy,
    doctor,
    history,
    init,
    logs,
    plan,
    predict,
    promote,
    rehearse,
    render,
    replay,
    report,
    retrain,
    rollback,
    run,
    schedule,
    schema,
    serve,
    status,
    story,
    submit,
    trigger,
    validate,
)

app = typer.Typer(
    name="mdlc",
    help="The whole life of a machine-learning model, from one file.",
    epilog="Exit codes: 0 done, 1 wrong state, 2 usage, 3 file, 4 data, 5 stored artifact, "
    "6 stage, 7 busy, 8 refused, 9 service, 10 storage, 130 and 143 stopped.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help, because importing rich would take half of the 0.3 s that --help may take.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    init,
    validate,
    schema,
    plan,
    run,
    status,
    serve,
    predict,
    promote,
    rollback,
    replay,
    rehearse,
    retrain,
    trigger,
    report,
    history,
    story,
    compile,
    submit,
    schedule,
    deploy,
    controller,
    logs,
    doctor,
):
    name = verb.__name__.rpartition(".")[2]
    app.command(name, epilog=verb.EPILOG)(getattr(verb, name))
app.add_typer(render.app, name="render", epilog=render.EPILOG)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"mdlc {mdlc.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run one verb."""


def main() -> None:
    """Run the command line."""
    app()
