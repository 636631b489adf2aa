"""Assembles the report: sections as data, templates around them, plotly.js once.

The page is one file. Its content security policy forbids loading or sending anything, and only the
two scripts written here may run, identified by their digests. So even a value of the data that was
not escaped correctly could not run a script.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdlc.core.files import write_bytes
from mdlc.monitoring.report import plots
from mdlc.monitoring.report.page_parts import Headline, ReportSection
from mdlc.monitoring.report.report_input import ReportInput
from mdlc.monitoring.report.sections import SECTIONS, headline_section

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parent / "templates"


def build(inputs: ReportInput, *, out: Path) -> None:
    """Write the report of a lifecycle to the file `out`, atomically.

    Raises:
        StorageError: the file cannot be written.
    """
    sections = [section(inputs) for section in SECTIONS]
    write_bytes(out, render(inputs.name, headline_section.build(inputs), sections).encode())


def render(name: str, head: Headline, sections: list[ReportSection]) -> str:
    """Return the whole page."""
    plotly, script = _plotly(), _clean((TEMPLATES / "page.js.j2").read_text("utf-8"))
    numbers = itertools.count(1)
    environment = _environment()
    environment.globals["next_plot"] = lambda: f"plot-{next(numbers)}"
    return environment.get_template("page.html.j2").render(
        name=name,
        head=head,
        sections=sections,
        style=(TEMPLATES / "style.css").read_text("utf-8"),
        plotly=plotly,
        script=script,
        policy=_policy(plotly, script),
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["plot_json"] = plots.to_json
    environment.filters["raw"] = _raw
    return environment


def _raw(text: str) -> Any:
    """Mark text as not to be escaped; only for our style, our scripts, and JSON without `<`."""
    import markupsafe

    return markupsafe.Markup(text)  # noqa: S704 - never given a value from the data


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return _clean(get_plotlyjs())


def _clean(script: str) -> str:
    """Return a script as the browser sees it, so that its digest is right."""
    return script.replace("\r\n", "\n").replace("\r", "\n").replace("</script", "<\\/script")


def _policy(*scripts: str) -> str:
    """Return the content security policy (W3C CSP 3) that runs `scripts` and loads nothing."""
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    # plotly writes style elements and attributes, and uses blob: images when it draws maps.
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
