"""Adds the file's name and line to errors about a part of the file, for every public method."""

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
    """Add file and line to errors of the block that are about a part of `file`."""
    try:
        yield
    except MdlcError as error:
        if file is not None and file.is_file():
            locate(error, file)
        raise


def locates_errors(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Decorate a method of an object with a `file`, so that its errors get file and line."""

    @functools.wraps(method)
    def call(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with located(self.file):
            return method(self, *args, **kwargs)

    return call
