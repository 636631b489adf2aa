"""What the verbs share: the file argument, output for people or machines, errors as one line.

A verb parses options, calls one method of the public API (`import mdlc`), and prints. It imports
nothing else of mdlc (import-linter checks this), so the command line and Python do the same.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

File = Annotated[
    Path,
    typer.Argument(help="The lifecycle file.", metavar="FILE", show_default=True),
]
DEFAULT_FILE = Path("lifecycle.yaml")
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Home = Annotated[
    Path | None,
    typer.Option(
        "--home", envvar="MDLC_HOME", help="Folder of local state; default .mdlc beside FILE."
    ),
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show tracebacks.")]


@contextmanager
def handle_errors(*, verbose: bool = False) -> Iterator[None]:
    """Print a known error as one line and exit with its code; `verbose` shows the traceback too."""
    from mdlc.errors import MdlcError

    try:
        yield
    except MdlcError as error:
        if verbose:
            traceback.print_exc()
        console(stderr=True).print(f"[red]error:[/] {_plain(str(error))}", soft_wrap=True)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt:
        console(stderr=True).print("stopped: finished stages are kept, run again to go on")
        raise typer.Exit(130) from None


def console(*, stderr: bool = False) -> Console:
    """Return a console for people."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def print_json(value: Any) -> None:
    """Print JSON to standard output; a pydantic document, or plain data."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json", by_alias=True)
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


class StderrLines:
    """Progress that only prints lines of text, to standard error."""

    def __init__(self) -> None:
        self._console = console(stderr=True)

    def stage(self, stage: str, event: str, seconds: float) -> None:
        """Do nothing."""

    def step(self, done: int, total: int, text: str) -> None:
        """Do nothing."""

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(text, markup=False, soft_wrap=True)


def _plain(text: str) -> str:
    """Escape text that rich would read as markup."""
    from rich.markup import escape

    return escape(text)
