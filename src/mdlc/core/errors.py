"""Every error mdlc raises on purpose, and what each means to a shell.

    MdlcError
    ├── UsageError       exit 2   an option of the command line breaks a rule
    ├── SpecError        exit 3   the lifecycle file breaks a rule
    ├── DataError        exit 4   the data break a rule (missing column, failed test, empty file)
    ├── ArtifactError    exit 5   a stored artifact is missing, half-written or altered
    ├── StageError       exit 6   a stage failed for another reason
    │   └── KilledError  exit 6   a signal ended its process: killed, out of memory, node drained
    ├── BusyError        exit 7   another process works on the same lifecycle
    ├── RefusedError     exit 8   a policy says no (budget, cooldown, sensitive data)
    ├── ServiceError     exit 9   a service that is needed does not answer
    └── StorageError     exit 10  the disk or object store refuses to write

An error is one line: the object, the rule, the value, the next step. It crosses process borders as
JSON (`to_json`, `from_json`), because stages run in processes of their own, here and on a cluster.
The class and its fields cross with it, so nobody has to read a message to know what happened.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any, ClassVar

MARK = "MDLC_ERROR "
MAX_CHARACTERS = 2_000
"""Of a message: what a file or a request holds may be a megabyte."""
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Characters that would break the one line, drive a terminal, or cannot be written at all."""
USER = re.compile(r"(?<=://)[^\s'\"<>]*@")
"""User and password before the host of a URL; what is kept in the path may have an @, too."""
SECRET = re.compile(
    r"((?:\b|[?&;_-])(?:\w*(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|accesskey|signature))"
    r"\s?=\s?)(?!\s)[^&\s;,'\"]+",
    re.IGNORECASE,
)
"""A parameter of a URL, or of a connection as libpq writes it, whose value is secret."""


class MdlcError(Exception):
    """Base of all errors that are the user's to act upon.

    `where` is the dotted path in the lifecycle file that the error is about (`spec.data.target`),
    `file` and `line` the place in that file once known, and `hint` the next step.
    """

    exit_code = 1
    fields: ClassVar[tuple[str, ...]] = ("message", "where", "hint", "file", "line")
    """What crosses process borders."""

    def __init__(
        self, message: str, *, where: str = "", hint: str = "", file: str = "", line: int = 0
    ) -> None:
        super().__init__(message)
        self.message = shortened(without_secrets(message), MAX_CHARACTERS)
        self.where = shortened(where, MAX_CHARACTERS)
        self.hint = shortened(without_secrets(hint), MAX_CHARACTERS)
        self.file = file
        self.line = line

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        parts = [part for part in (place, self.where) if part]
        text = ": ".join([*parts, self.message])
        return f"{text}; {self.hint}" if self.hint else text

    def to_json(self) -> str:
        """Return the error as one line of JSON that `from_json` reads back."""
        fields = {key: getattr(self, key) for key in self.fields}
        # Another process knows the classes of this module only: a class of elsewhere is its parent.
        kind = next(kind for kind in type(self).__mro__ if kind.__module__ == __name__)
        return json.dumps({"type": kind.__name__, **fields})


class UsageError(MdlcError):
    """An option of the command line breaks a rule; `where` names it."""

    exit_code = 2


class SpecError(MdlcError):
    """The lifecycle file breaks a rule."""

    exit_code = 3


class DataError(MdlcError):
    """The data break a rule."""

    exit_code = 4


class ArtifactError(MdlcError):
    """A stored artifact is missing, half-written or altered."""

    exit_code = 5


class StageError(MdlcError):
    """A stage failed for a reason that no other class names."""

    exit_code = 6


class KilledError(StageError):
    """A signal ended a stage's process; `signal` is its number, 9 where memory ran out.

    The cause may pass, so whoever started the run may try again.
    """

    fields = (*MdlcError.fields, "signal")

    def __init__(self, message: str, *, signal: int = 0, **place: Any) -> None:
        super().__init__(message, **place)
        self.signal = signal


class BusyError(MdlcError):
    """Another process works on the same lifecycle."""

    exit_code = 7


class RefusedError(MdlcError):
    """A policy says no: budget, cooldown, sensitive data."""

    exit_code = 8


class ServiceError(MdlcError):
    """A service that is needed does not answer."""

    exit_code = 9


class StorageError(MdlcError):
    """The disk or object store refuses to write."""

    exit_code = 10


def shortened(text: str, at_most: int = 200) -> str:
    """Return `text` as one line of at most so many characters, the middle left out.

    >>> shortened("x" * 30, 11)
    'xxxx...xxxx'
    """
    if len(text) > at_most:
        kept = (at_most - 3) // 2
        text = f"{text[:kept]}...{text[-kept:]}"
    return CONTROLS.sub(lambda found: repr(found.group())[1:-1], text)


def without_secrets(text: str) -> str:
    """Return a text without users and passwords of URLs, and without values of secret parameters.

    >>> without_secrets("no answer from postgresql://ann:s@cret@db/m?password=x&sslmode=require")
    'no answer from postgresql://...@db/m?password=...&sslmode=require'
    """
    return SECRET.sub(r"\1...", USER.sub("...@", text))


def from_json(text: str) -> MdlcError:
    """Rebuild an error from `MdlcError.to_json`; an unknown type becomes a StageError.

    Fields that the class here does not know, of a newer mdlc, are left out.

    >>> from_json(KilledError("training: killed", signal=9).to_json()).signal
    9
    """
    given: dict[str, Any] = json.loads(text)
    kinds = {kind.__name__: kind for kind in error_classes()}
    kind = kinds.get(given.get("type", ""), StageError)
    place = {key: given[key] for key in kind.fields if key in given and key != "message"}
    return kind(given.get("message", ""), **place)


def error_classes() -> list[type[MdlcError]]:
    """Return every class of the tree above, a parent before its children."""
    found: list[type[MdlcError]] = [MdlcError]
    for kind in found:
        found += [child for child in kind.__subclasses__() if child.__module__ == __name__]
    return found


def closest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the known names nearest to `name`.

    >>> closest("carier", ["carrier", "origin"])
    'did you mean carrier?'
    >>> closest("zzz", ["carrier", "origin"])
    'known are carrier, origin'
    """
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"known are {shown}" if shown else "none are known"
