"""Writes YAML and JSON that people read and Go programs parse; equal data give equal bytes.

Go's YAML readers still follow YAML 1.1, in which a bare `on` is true and `12:30` is a number. So
text that is not clearly a word is quoted.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from mdlc.core.errors import SpecError

WORD = re.compile(r"\d+(?:ms|[smhdw])|[A-Za-z/$][^\s:#'\"{}\[\],&*!|>%@`\\]*")
LATER = re.compile(r"[A-Za-z0-9./,()=<>~+*%$_'-]+")
NO_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def to_yaml(value: Any, *, head: str = "") -> bytes:
    """Write plain data as YAML below the comment `head`; text of several lines becomes a block."""
    writer = YAML(typ="rt")
    writer.width = 10_000
    writer.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    writer.dump(_marked(value), stream)
    comment = "".join(f"# {line}".rstrip() + "\n" for line in head.splitlines())
    return (comment + stream.getvalue()).encode()


def to_json(value: Any, *, compact: bool = False) -> str:
    """Write JSON, indented or `compact`; the order of keys is kept."""
    if compact:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def duration(value: timedelta, *, where: str = "") -> str:
    """Write a duration in the syntax of Prometheus and its operator.

    >>> duration(timedelta(days=7)), duration(timedelta(seconds=0.25))
    ('7d', '250ms')
    """
    milliseconds = round(value / timedelta(milliseconds=1))
    if milliseconds <= 0:
        raise SpecError("Prometheus needs a time longer than 0", where=where)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _marked(value: Any) -> Any:
    """Return the data with each text marked as plain word, quoted, or block."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): _marked(part) for key, part in value.items()}
    if isinstance(value, Sequence):
        return [_marked(part) for part in value]
    return value


def _text(text: str) -> str:
    made: str = text
    words = text.split(" ")
    bare = WORD.fullmatch(words[0]) and all(LATER.fullmatch(word) for word in words[1:])
    if "\n" in text and not re.search(r"[^\S\n]\n|^\s|\t|\r", text):
        made = LiteralScalarString(text)
    elif bare and text.lower() not in NO_TEXT:
        made = text
    elif '"' in text and text.isprintable():
        made = SingleQuotedScalarString(text)
    else:
        made = DoubleQuotedScalarString(text)
    return made
