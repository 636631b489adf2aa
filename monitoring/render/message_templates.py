"""The text of messages: Go templates that Alertmanager fills in."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

SHOWN = 5
"""How many alerts of a group a message shows; more do not fit on a phone."""
SUBJECT = '{{ template "mdlc.subject" . }}'
TEXT = '{{ template "mdlc.email.text" . }}'
HTML = '{{ template "mdlc.email.html" . }}'
SLACK_TEXT = '{{ template "mdlc.slack.text" . }}'
SLACK_COLOR = '{{ template "mdlc.slack.color" . }}'
SLACK_TITLE = '{{ template "mdlc.slack.title" . }}'
SLACK_LINK = '{{ template "mdlc.all" . }}'
DEFINITION = re.compile(r"^\{\{ define \"([\w.]+)\"", re.MULTILINE)
USE = re.compile(r"\{\{-? template \"([\w.]+)\"")


def templates(*, trigger: bool) -> str:
    """Return all definitions; `trigger`: whether alerts also go to the trigger."""
    # Go's own braces stay. Nothing is escaped, because no user's value is inserted.
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    text = environment.get_template("mdlc.tmpl.j2").render(trigger=trigger, shown=SHOWN)
    return text.lstrip("\n")


def standalone(use: str, *, trigger: bool) -> str:
    """Return `use` after the definitions that it needs; the operator reads no template files."""
    text = templates(trigger=trigger)
    starts = [match.start() for match in DEFINITION.finditer(text)]
    ends = [*starts[1:], len(text)]
    parts = [text[a:b].strip() for a, b in zip(starts, ends, strict=True)]
    known = {match[1]: part for part in parts if (match := DEFINITION.match(part))}
    needed, waiting = set(), USE.findall(use)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += USE.findall(known[name])
    return "".join(part for name, part in known.items() if name in needed) + use
