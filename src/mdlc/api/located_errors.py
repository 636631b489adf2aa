"""An error about a part of the file gets the file's name and line, as the command line shows it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from mdlc.core.errors import MdlcError
from mdlc.core.spec.load import locate

P = ParamSpec("P")
R = TypeVar("R")


class _HasFile(Protocol):
    @property
    def file(self) -> Path | None: ...


S = TypeVar("S", bound=_HasFile)


@contextlib.contextmanager
def located(file: Path | None) -> Iterator[None]:
    """Add file and line to an error of the block that is about a part of `file`."""
    try:
        yield
    except MdlcError as error:
        if file is not None and file.is_file():
            locate(error, file)
        raise


def locates_errors(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Do the same for a method of something that has a `file`."""

    @functools.wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with located(self.file):
            return method(self, *args, **kwargs)

    return call
