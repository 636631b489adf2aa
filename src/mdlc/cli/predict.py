"""mdlc predict: answers for rows in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
        Path | None, typer.Option("--rows", help="JSON or CSV; - reads JSON from stdin.")
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

    By the released model, or the server at --url; without --rows it shows an example.
    """
    with handle_errors(file, verbose=verbose):
        from mdlc.life import predictions as predicting

        lifecycle, workspace = open_lifecycle(file, home)
        if rows is None:
            print_json(predicting.example(lifecycle, workspace=workspace))
            return
        instances = predicting.read_rows(rows)
        if url:
            answers = predicting.ask(lifecycle.name, instances, url=url, token_env=token_env)
        else:
            answers = predicting.answer_here(workspace, instances)
    if as_json:
        print_json(answers)
        return
    for answer in answers["predictions"]:
        console().print(predicting.in_words(answer), markup=False)
