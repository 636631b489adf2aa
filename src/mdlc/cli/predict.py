"""mdlc predict: answers for rows in a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

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
    with handle_errors(file, verbose=verbose):
        from mdlc.life import answers
        from mdlc.life import predictions as predicting

        lifecycle, workspace = open_lifecycle(file, home)
        if rows is None:
            print_json(predicting.example(lifecycle, workspace=workspace))
            return
        if out is not None:
            answers.check_out(out, url=url)
        data = lifecycle.spec.data
        with predicting.opened_rows(rows, data=data) as asked:
            if url:
                server = predicting.Server(url, token_env)
                got = predicting.ask_all(lifecycle, workspace, asked, server=server, say=_say)
                _show(got, as_json=as_json)
                return
            found = predicting.answer_here(lifecycle, workspace, asked, say=_say)
            if out is not None:
                count = answers.write(found, out=out)
                if as_json:
                    print_json({"rows": count, "out": str(out)})
                else:
                    console().print(f"wrote {count:,} answers to {out}", soft_wrap=True)
                return
            parts = ({"predictions": a.predictions(), "model_version": a.version} for a in found)
            _show(parts, as_json=as_json)


def _say(line: str) -> None:
    console(stderr=True).print(f"  {line}", markup=False, soft_wrap=True)


def _show(parts: Iterable[dict[str, Any]], *, as_json: bool) -> None:
    """Print answers: as one document for machines, else a line each as they come."""
    from mdlc.life.answers import in_words

    whole: dict[str, Any] = {}
    screen = console()
    for part in parts:
        if as_json:
            whole = {**part, "predictions": whole.get("predictions", []) + part["predictions"]}
            continue
        for answer in part["predictions"]:
            screen.print(in_words(answer), markup=False)
    if as_json:
        print_json(whole)
