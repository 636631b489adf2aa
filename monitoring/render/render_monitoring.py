"""Renders all files of `mdlc render monitoring` in memory, then writes each one atomically."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mdlc.core.errors import MdlcError, SpecError, StorageError
from mdlc.core.files import Document, write_bytes
from mdlc.core.spec import Lifecycle
from mdlc.monitoring.render import (
    alertmanager_config,
    message_templates,
    operator_objects,
    prometheus_config,
    readme_text,
)
from mdlc.monitoring.render.render_options import RenderOptions, dns_name
from mdlc.monitoring.render.yaml_text import to_json, to_yaml

HEAD = "Rendered by mdlc render monitoring; change the lifecycle file instead, and render again."


class Rendered(Document):
    """The files that were written."""

    folder: str
    files: list[str]
    """Relative to the folder, sorted."""
    left: list[str]
    """Rule files in the folder that are of other lifecycles, from an earlier call; now unused."""
    retention: str
    """Prometheus' minimum retention."""
    namespaces: dict[str, str]


def render(lifecycles: Sequence[Lifecycle], *, options: RenderOptions) -> dict[str, bytes]:
    """Return path -> content; the same lifecycles and options give the same bytes.

    Raises:
        SpecError: two lifecycles have the same name.
        MdlcError: an object is larger than Kubernetes allows.
    """
    lifecycles = sorted(lifecycles, key=lambda one: one.name)
    twice = [n for n, count in Counter(one.name for one in lifecycles).items() if count > 1]
    if twice:
        raise SpecError(
            f"two files name their lifecycle {twice[0]}",
            where="metadata.name",
            hint="a model's name tells its series from others'; rename one",
        )
    rules = {one.name: _rules(one, options=options) for one in lifecycles}
    boards = {one.name: _dashboards(one, options=options) for one in lifecycles}
    found = {"README.md": readme_text.text(lifecycles, options=options).encode()}
    if options.target in {"plain", "all"}:
        _add(found, _plain(lifecycles, rules=rules, boards=boards, options=options))
    if options.target in {"operator", "all"}:
        for one in lifecycles:
            made = operator_objects.objects(
                one, rules=rules[one.name], dashboards=boards[one.name], options=options
            )
            _add(found, {f"operator/{n}": to_yaml(o, head=HEAD) for n, o in made.items()})
        if options.trigger_url is not None:
            place = operator_objects.namespace(lifecycles[0], options=options)
            made = operator_objects.trigger(place=place)
            _add(found, {f"operator/{operator_objects.file_name(made)}": to_yaml(made, head=HEAD)})
    return dict(sorted(found.items()))


def write(lifecycles: Sequence[Lifecycle], *, options: RenderOptions, out: Path) -> Rendered:
    """Render into the folder `out`; nothing is removed from it.

    Raises:
        StorageError: the folder cannot be written; each file in it is then the old or the new one.
    """
    files = render(lifecycles, options=options)
    for name, content in files.items():
        try:
            write_bytes(out / name, content)
        except StorageError as error:
            error.where, error.hint = "option --out", "free space or choose another folder"
            raise
    there = sorted((out / "plain" / "rules").glob("*.rules.yaml"))
    left = [path.relative_to(out).as_posix() for path in there]
    return Rendered(
        folder=str(out),
        files=list(files),
        left=[name for name in left if name not in files],
        retention=prometheus_config.retention(lifecycles),
        namespaces={
            one.name: operator_objects.namespace(one, options=options)
            for one in sorted(lifecycles, key=lambda one: one.name)
        },
    )


def _plain(
    lifecycles: Sequence[Lifecycle],
    *,
    rules: Mapping[str, Mapping[str, Any]],
    boards: Mapping[str, Mapping[str, Mapping[str, Any]]],
    options: RenderOptions,
) -> dict[str, bytes]:
    keep = prometheus_config.retention(lifecycles)
    head = f"{HEAD}\nPrometheus has to keep {keep}: --storage.tsdb.retention.time={keep}"
    configured = prometheus_config.config(lifecycles, options=options)
    routed = alertmanager_config.config(lifecycles, options=options)
    texts = message_templates.templates(trigger=options.trigger_url is not None)
    found = {
        "plain/prometheus.yaml": to_yaml(configured, head=head),
        "plain/alertmanager.yaml": to_yaml(routed, head=HEAD),
        f"plain/{alertmanager_config.TEMPLATE}": texts.encode(),
    }
    for name, content in rules.items():
        found[f"plain/rules/{name}.rules.yaml"] = to_yaml(content, head=HEAD)
    for name, some in boards.items():
        for title, board in some.items():
            parts = (title,) if title.startswith(name) else (name, title)
            _add(found, {f"plain/dashboards/{dns_name(*parts)}.json": to_json(board).encode()})
    return found


def _rules(lifecycle: Lifecycle, *, options: RenderOptions) -> dict[str, Any]:
    """Return the rules; links become absolute if the address of Grafana is known."""
    from mdlc.monitoring.rules.rule_file import rule_file

    content = copy.deepcopy(rule_file(lifecycle, docs_url=options.docs_url))
    if options.trigger_url is None:
        # Without a trigger there is no alert that it is down.
        for group in content["groups"]:
            group["rules"] = [one for one in group["rules"] if one.get("alert") != "TriggerDown"]
    for rule in (rule for group in content["groups"] for rule in group["rules"]):
        notes = rule.get("annotations", {})
        if options.grafana_url is not None and str(notes.get("dashboard", "")).startswith("/"):
            notes["dashboard"] = options.grafana_url + notes["dashboard"]
    return content


def _dashboards(lifecycle: Lifecycle, *, options: RenderOptions) -> Mapping[str, Mapping[str, Any]]:
    from mdlc.monitoring.dashboards.build_dashboards import dashboards

    return dashboards(lifecycle, docs_url=options.docs_url)


def _add(found: dict[str, bytes], more: Mapping[str, bytes]) -> None:
    """Add files; refuse two different ones with the same name."""
    for name, content in more.items():
        if found.get(name, content) != content:
            raise MdlcError(
                f"two lifecycles write {name}", hint="rename one, or render them to two folders"
            )
        found[name] = content
