"""prometheus.yaml: which targets are scraped, which rules are evaluated, who gets the alerts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render.render_options import RenderOptions
from mdlc.monitoring.render.yaml_text import duration

PREDICTOR_JOB, TRIGGER_JOB = "mdlc-predictor", "mdlc-trigger"
LONGEST_TIMEOUT = timedelta(seconds=10)
TRIGGER_SCRAPE = timedelta(seconds=30)


def config(lifecycles: Sequence[Lifecycle], *, options: RenderOptions) -> dict[str, Any]:
    """Return the configuration of a Prometheus for these lifecycles alone."""
    fastest = min(lifecycles, key=lambda one: one.spec.monitor.scrape).spec.monitor.scrape
    jobs: list[dict[str, Any]] = [
        {
            "job_name": PREDICTOR_JOB,
            **_interval(fastest),
            # Keep the predictor's own label `model`; that of the target is only for `up`.
            "honor_labels": True,
            "static_configs": [
                {"targets": predictors(one, options=options), "labels": {"model": one.name}}
                for one in lifecycles
            ],
        }
    ]
    if options.trigger_url is not None:
        jobs.append(
            {
                "job_name": TRIGGER_JOB,
                **_interval(TRIGGER_SCRAPE),
                "scheme": urlsplit(options.trigger_url).scheme,
                "static_configs": [{"targets": [options.trigger_address]}],
            }
        )
    # The alert RulesFailing uses Prometheus' metrics about itself.
    jobs.append({"job_name": "prometheus", "static_configs": [{"targets": ["localhost:9090"]}]})
    return {
        "global": {"scrape_interval": "30s", "evaluation_interval": "30s"},
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [options.alertmanager]}]}]},
        "rule_files": [f"rules/{one.name}.rules.yaml" for one in lifecycles],
        "scrape_configs": jobs,
    }


def predictors(lifecycle: Lifecycle, *, options: RenderOptions) -> list[str]:
    """Return the addresses of a lifecycle's predictors."""
    default = [f"localhost:{lifecycle.spec.deploy.serving.port}"]
    return options.predictors.get(lifecycle.name, default)


def retention(lifecycles: Sequence[Lifecycle]) -> str:
    """Return Prometheus' minimum retention: the longest two windows plus a day."""
    longest = max(one.spec.monitor.window + one.spec.monitor.long_window for one in lifecycles)
    return f"{math.ceil(longest / timedelta(days=1)) + 1}d"


def _interval(scrape: timedelta) -> dict[str, str]:
    written = duration(scrape, where="spec.monitor.scrape")
    return {
        "scrape_interval": written,
        "scrape_timeout": duration(min(scrape, LONGEST_TIMEOUT)),
    }
