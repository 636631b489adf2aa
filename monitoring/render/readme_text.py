"""The README.md beside the rendered files: how to use them, with their names."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render import (
    alert_routing,
    operator_notifications,
    operator_objects,
    prometheus_config,
)
from mdlc.monitoring.render.render_options import RenderOptions

PLAIN = """
## Plain Prometheus, Alertmanager and Grafana

    promtool check config plain/prometheus.yaml
    prometheus --config.file=plain/prometheus.yaml --storage.tsdb.retention.time={retention}

    amtool check-config plain/alertmanager.yaml
    alertmanager --config.file=plain/alertmanager.yaml --web.external-url=URL

Prometheus must keep {retention} or more: the long window and the short one before it. With its
default, 15d, long windows are too short and nothing says so. URL is the address that people open
Alertmanager at; links in messages begin with it. The job `prometheus` reads Prometheus at
localhost:9090; RulesFailing needs it. Grafana imports `plain/dashboards/*.json`.

These are whole configurations. Beside others, take the jobs, routes, receivers and inhibitions
over into yours; `templates/mdlc.tmpl` has to lie below Alertmanager's configuration.
"""
OPERATOR = """
## Prometheus operator

    kubectl apply --server-side -f operator/

`--server-side`, since a dashboard may be larger than the annotation that a plain apply keeps. The
operator's Prometheus must select these objects (`ruleSelector`, `podMonitorSelector`), its
Alertmanager the AlertmanagerConfig (`alertmanagerConfigSelector`). Set `retention: {retention}` or
more in the Prometheus. Each alert carries the label `namespace`, by which the operator gives it to
the AlertmanagerConfig of that namespace.

The predictor's container has to declare its port; so has the trigger's (8090), whose pods are
labelled `app.kubernetes.io/name: trigger` and `app.kubernetes.io/part-of: mdlc`.
Where `manifests/components/prometheus-operator` is applied, its ServiceMonitor reads the trigger
already: leave `mdlc-trigger.podmonitor.yaml` out.
Grafana's sidecar reads the ConfigMaps with the label `grafana_dashboard: "1"`.
"""
NO_TRIGGER = """
Nobody is asked to retrain: there was no `--trigger-url`. An alert with a `reason` is only told to
people.
"""
SECRETS = """
### Secrets

No secret is in these files. Alertmanager reads them from Secrets that you make once:
"""


def text(lifecycles: Sequence[Lifecycle], *, options: RenderOptions) -> str:
    """Return the page."""
    keep = prometheus_config.retention(lifecycles)
    names = ", ".join(one.name for one in lifecycles)
    parts = [
        f"# Monitoring of {names}\n\nRendered by `mdlc render monitoring`. Change the lifecycle "
        "files and render again; what is changed here is lost.\n"
    ]
    if options.trigger_url is None:
        parts.append(NO_TRIGGER)
    parts += [_silent(one) for one in lifecycles if not alert_routing.people(one)]
    if options.target in {"plain", "all"}:
        parts.append(PLAIN.format(retention=keep))
        parts.append(_files(lifecycles, options=options))
    if options.target in {"operator", "all"}:
        parts.append(OPERATOR.format(retention=keep))
        parts.append(_secrets(lifecycles, options=options))
    return "".join(parts)


def _silent(lifecycle: Lifecycle) -> str:
    return (
        f"\nNobody is told of alerts of {lifecycle.name}: its `spec.monitor.notify` names nobody.\n"
    )


def _files(lifecycles: Sequence[Lifecycle], *, options: RenderOptions) -> str:
    files = {
        f for one in lifecycles for f in operator_notifications.secret_keys(one, options=options)
    }
    if not files:
        return ""
    listed = "".join(f"- `{file}`\n" for file in sorted(files))
    return f"\nAlertmanager reads secrets from these files, which you make:\n\n{listed}"


def _secrets(lifecycles: Sequence[Lifecycle], *, options: RenderOptions) -> str:
    commands = []
    for one in lifecycles:
        keys = operator_notifications.secret_keys(one, options=options)
        if keys:
            place = operator_objects.namespace(one, options=options)
            name = operator_notifications.secret_name(one)
            flags = [f"--from-file={key}={file}" for file, key in keys.items()]
            words = ["kubectl", "create", "secret", "generic", name, "-n", place, *flags]
            commands.append(f"    {shlex.join(words)}\n")
    return SECRETS + "\n" + "".join(commands) if commands else ""
