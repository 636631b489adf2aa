"""From the bytes of a lifecycle file to a YAML document that is safe to look at.

Whoever writes a file may be careless or hostile, and the trigger and the controller read it, too.
So a file has bounds in bytes, values and depth, and so has what its aliases unfold to; a document
that holds itself is refused; and the two halves of a character that JSON escapes
(`\\ud83d\\ude00`) become one.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.scanner import RoundTripScanner

from mdlc.core.errors import SpecError

MAX_BYTES = 250_000
"""The longest example has four thousand."""
MAX_DEPTH = 50
"""Of values in values: the parser's time grows with its square, and a lifecycle needs ten."""
MAX_WRITTEN = 20_000
"""Values in a file: the parser takes a second for ten thousand."""
MAX_VALUES = 100_000
"""That aliases may unfold to."""
HALVES = re.compile("[\ud800-\udfff]")


def content_of(path: Path) -> bytes:
    """Return what a lifecycle file holds.

    Raises:
        SpecError: it cannot be read, is no plain file, or is larger than MAX_BYTES.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SpecError(f"cannot read {path}: it is not a file", hint="name the lifecycle file")
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(
            f"cannot read {path}: {error.strerror}", hint="make a new one with mdlc init"
        ) from error
    if len(content) > MAX_BYTES:
        raise SpecError(f"the file has too many bytes; at most {MAX_BYTES}", file=str(path))
    return content


def parse(path: Path) -> CommentedMap:
    """Return the document in a file, with line numbers.

    Raises:
        SpecError: it cannot be read, is not YAML or JSON, or unfolds to too much.
    """
    content = content_of(path)
    yaml = YAML(typ="rt", pure=True)
    yaml.Composer, yaml.Scanner = _Composer, _Scanner
    try:
        document = yaml.load(content.decode())
        _measure(document, at_most=MAX_VALUES)
    except UnicodeDecodeError as error:
        raise SpecError("the file is not UTF-8 text", file=str(path)) from error
    except SpecError as error:
        error.file = str(path)
        raise
    except Exception as error:
        # Beside its own errors the parser has KeyError, AttributeError ... for texts such as
        # `!!bool x`; whatever it is, the file is not one that can be read.
        raise _not_yaml(error, path=path) from error
    if not isinstance(document, CommentedMap):
        raise SpecError("the file is not a mapping with apiVersion, kind, ...", file=str(path))
    return document


class _Scanner(RoundTripScanner):
    """Stops where brackets or indentation are nested too deeply."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: str) -> None:  # noqa: N803
        super().fetch_flow_collection_start(TokenClass, to_push)
        self._bounded(len(self.flow_context))

    def add_indent(self, column: int) -> bool:
        added: bool = super().add_indent(column)
        self._bounded(len(self.indents))
        return added

    def _bounded(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            line = self.reader.get_mark().line + 1
            raise SpecError(f"not YAML: it is nested more than {MAX_DEPTH} deep", line=line)


class _Composer(Composer):
    """Counts values, and joins the halves of characters that JSON escapes one by one."""

    written = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.written += 1
        if self.written > MAX_WRITTEN:
            raise SpecError(f"the file has more than {MAX_WRITTEN} values")
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> Any:
        node = super().compose_scalar_node(anchor)
        if isinstance(node.value, str) and HALVES.search(node.value):
            try:
                node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError as error:
                line = node.start_mark.line + 1
                raise SpecError("a text has half a character (a surrogate)", line=line) from error
        return node


def _measure(document: Any, *, at_most: int) -> None:
    """Refuse a document that holds itself, or is too large once its aliases are unfolded."""
    sizes: dict[int, int] = {}
    opened: set[int] = set()

    def size(node: Any) -> int:
        children = _children(node)
        if children is None:
            return 1
        if id(node) in opened:
            raise SpecError("not YAML: a value holds itself")
        if id(node) not in sizes:
            opened.add(id(node))
            sizes[id(node)] = 1 + sum(map(size, children))
            opened.discard(id(node))
        return sizes[id(node)]

    if size(document) > at_most:
        raise SpecError(
            f"the file's aliases unfold to more than {at_most} values", hint="write them out"
        )


def _children(node: Any) -> list[Any] | None:
    if isinstance(node, dict):
        return [part for pair in node.items() for part in pair]
    return list(node) if isinstance(node, list | tuple | set) else None


def _not_yaml(error: Exception, *, path: Path) -> SpecError:
    """Explain what the parser met: a mark names a line; a date that does not exist has none."""
    line, hint = 0, ""
    problem = (str(error) or type(error).__name__).splitlines()[0]
    if isinstance(error, MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        problem = (error.problem or problem).splitlines()[0]
    elif isinstance(error, RecursionError):
        problem = "it is nested too deeply"
    elif isinstance(error, ValueError):
        hint = "is each date one that exists?"
    return SpecError(f"not YAML: {problem}", hint=hint, file=str(path), line=line)
