"""What the verbs share: the file argument, output for people or machines, errors as one line.

A verb parses options, calls one method of the public API (`import mdlc`), and prints. It imports
nothing else of mdlc (import-linter checks this), so the command line and Python do the same.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
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


class Terminated(KeyboardInterrupt):
    """SIGTERM: what is open is closed, what lies in scratch folders is removed, then we end."""


@contextmanager
def handle_errors(*, verbose: bool = False) -> Iterator[None]:
    """Print an error as one line and exit with its code; `verbose` shows the traceback too.

    An error that is nobody's but ours is one line as well: which, and where in mdlc.
    """
    from mdlc.api.masked_errors import described, trace
    from mdlc.errors import MdlcError

    try:
        with _terminable():
            yield
    except MdlcError as error:
        if verbose:
            sys.stderr.write(trace(error))
        _say(str(error))
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        console(stderr=True).print("stopped: finished stages are kept, run again to go on")
        raise typer.Exit(143 if isinstance(error, Terminated) else 130) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] in {"click", "typer"}:
            raise
        if verbose:
            sys.stderr.write(trace(error))
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}:{last.lineno}"
        _say(f"a fault in mdlc at {place}: {described(error)}; -v shows more, please report it")
        raise typer.Exit(1) from error


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, unless something else waits for it."""
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    ):
        yield
        return

    def end(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _say(text: str) -> None:
    console(stderr=True).print(f"[red]error:[/] {_plain(text)}", soft_wrap=True)


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
