"""Builds the dashboards of one lifecycle as Grafana's JSON."""

from __future__ import annotations

import hashlib
from typing import Any

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.dashboards import life_page, pipeline_page, serving_page
from mdlc.monitoring.dashboards.panel import Page

MAX_UID = 40
"""Grafana's own limit."""
TAG = "mdlc"


def pages(lifecycle: Lifecycle) -> list[Page]:
    """Return the three pages, before they are turned into Grafana's JSON."""
    return [life_page.page(lifecycle), serving_page.page(lifecycle), pipeline_page.page(lifecycle)]


def dashboards(lifecycle: Lifecycle, *, docs_url: str | None = None) -> dict[str, dict[str, Any]]:
    """Return name -> JSON of each dashboard; the names (NAME-life ...) are safe for files.

    The same lifecycle always gives the same JSON. `docs_url` is the address under which docs/ is
    published; with it, panels link to the runbook.
    """
    from mdlc.monitoring.dashboards import grafana_json

    made = pages(lifecycle)
    uids = {page.name: uid_of(lifecycle, page=page.name) for page in made}
    scrape = lifecycle.spec.monitor.scrape.total_seconds()
    return {
        f"{lifecycle.name}-{page.name}": grafana_json.encode(
            page,
            setting=grafana_json.Setting(
                uid=uids[page.name],
                model=lifecycle.name,
                tags=(TAG, lifecycle.name, page.name),
                others={name: uid for name, uid in uids.items() if name != page.name},
                step=f"{max(round(scrape), 1)}s",
                docs_url=docs_url,
            ),
        )
        for page in made
    }


def uid_of(lifecycle: Lifecycle, *, page: str) -> str:
    """Return a page's uid: mdlc-NAME-PAGE; a long name is cut and gets a digest appended."""
    uid = f"{TAG}-{lifecycle.name}-{page}"
    if len(uid) <= MAX_UID:
        return uid
    digest = hashlib.sha256(lifecycle.name.encode()).hexdigest()[:8]
    room = MAX_UID - len(f"{TAG}--{digest}-{page}")
    return f"{TAG}-{lifecycle.name[:room].rstrip('-')}-{digest}-{page}"
