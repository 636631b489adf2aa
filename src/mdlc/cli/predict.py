"""mdlc predict: predictions for rows in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import mdlc
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

EPILOG = (
    "Example: mdlc predict lifecycle.yaml --rows rows.json; rows.json is "
    '{"instances": [{"carrier": "UA", ...}]}, a list of rows, or a CSV file.'
)


def predict(
    file: File = DEFAULT_FILE,
    rows: Annotated[
        Path | None,
        typer.Option("--rows", help="JSON, CSV, TSV or Parquet; - reads JSON from stdin."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write ids, scores and actions to a .csv or .parquet file."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Ask a server, such as http://localhost:8080.")
    ] = None,
    token_env: Annotated[
        str | None, typer.Option(help="Name of the variable that holds the bearer token.")
    ] = None,
    home: Home = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Predict the rows of a file.

    By the released model, or the server at --url; without --rows it shows an example. Columns that
    are no features are left out, and named.
    """
    with handle_errors(verbose=verbose):
        lifecycle = mdlc.load(file, home=home)
        if rows is None:
            print_json(lifecycle.example())
            return
        if out is not None:
            if url:
                raise mdlc.errors.UsageError(
                    "is for the released model here, not for --url", where="--out"
                )
            count = lifecycle.write_predictions(rows, out, progress=True)
            if as_json:
                print_json({"rows": count, "out": str(out)})
            else:
                console().print(f"wrote {count:,} answers to {out}", soft_wrap=True)
            return
        if as_json:
            asked = {"url": url, "token_env": token_env}
            print_json(lifecycle.predict_file(rows, **asked, progress=True))
            return
        screen = console()
        for part in lifecycle.predict_parts(rows, url=url, token_env=token_env, progress=True):
            for answer in part["predictions"]:
                screen.print(in_words(answer), markup=False)


def in_words(answer: dict[str, Any]) -> str:
    """Return one prediction as a line.

    >>> in_words({"scores": {"late": 0.7, "on_time": 0.3}, "action": "warn", "expected": 2.5})
    'warn (late 70 %, on_time 30 %; expected 2.50)'
    """
    if "scores" not in answer:
        return f"{answer['value']:,.4g}"
    best = sorted(answer["scores"].items(), key=lambda pair: -pair[1])[:3]
    shares = ", ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in best)
    return f"{answer['action']} ({shares}; expected {answer['expected']:.2f})"
