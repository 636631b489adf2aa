"""mdlc story: everything about one prediction."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mdlc
from mdlc.cli.verb_support import (
    Home,
    Json,
    Verbose,
    console,
    handle_errors,
    print_json,
)

if TYPE_CHECKING:
    from mdlc.api.returned_types import PredictionTrace

EPILOG = "Example: mdlc story lifecycle.yaml 2013-05-01-UA-15"


def story(
    file: Annotated[Path, typer.Argument(help="The lifecycle file.", metavar="FILE")],
    id: Annotated[str, typer.Argument(help="The prediction's id.", metavar="ID")],
    replay: Annotated[
        bool, typer.Option("--replay", help="A prediction of the last replay, not of real serving.")
    ] = False,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Show everything about one prediction.

    The answer, what it earned, the model and its data, and the retrainings that learned from it.
    """
    with handle_errors(verbose=verbose):
        told = mdlc.load(file, home=home).trace(id, replay=replay)
    if as_json:
        print_json(told)
        return
    for line in _lines(told):
        console().print(line, markup=False, soft_wrap=True)


def _lines(told: PredictionTrace) -> list[str]:
    """Return a prediction's trace as lines of text."""
    answer, truth, origin = told.answer, told.truth, told.origin
    said = (
        f"{answer.action}; "
        + ", ".join(f"{name} {score:.1%}" for name, score in answer.scores.items())
        if answer.scores
        else f"{answer.value:,.4g}"
    )
    lines = [
        f"{told.id}: answered {answer.time:%Y-%m-%d %H:%M} by version {answer.version}, "
        f"then {answer.role}",
        f"answer: {said}",
        "asked: " + ", ".join(f"{name} {value}" for name, value in answer.features.items()),
    ]
    if answer.expected is not None:
        lines.insert(2, f"expected: {answer.expected:.2f} {told.currency}")
    if truth is None:
        lines.append("label: none has come")
    else:
        earned = "" if truth.earned is None else f"; earned {truth.earned:.2f} {told.currency}"
        lines.append(
            f"label: {truth.label}, known {truth.known:%Y-%m-%d %H:%M}, "
            f"came {truth.received:%Y-%m-%d %H:%M}{earned}"
        )
    rows = "" if origin.trained_rows is None else f" on {origin.trained_rows} rows"
    trained = "" if origin.trained_until is None else f" known by {origin.trained_until:%Y-%m-%d}"
    lines.append(
        f"version {answer.version}: {origin.candidate}{rows}{trained}, {origin.digest[:12]}"
    )
    lines.append(
        f"made by: {origin.kind} {origin.run}, sources {origin.snapshot[:12]}, "
        f"table {origin.table[:12]}, until {_day(origin.until)}"
        if origin.run
        else "made by: a run that is not kept any more"
    )
    began = f"promoted {_day(origin.promoted)}"
    if origin.tried:
        served = began if origin.promoted else "not promoted"
        began = f"on trial from {_day(origin.tried)}, {served}"
    lines.append(f"{began}: {origin.why}")
    for item in told.learnt:
        became = {True: f"version {item.version} promoted", False: "refused", None: item.state}
        lines.append(
            f"learnt: run {item.run} had it as {item.use}, until {_day(item.until)}; "
            f"{became[item.promoted]}"
        )
    return lines if told.learnt else [*lines, "learnt: by no retraining yet"]


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "unknown"
