"""The rules between keys as CEL, so that the API server refuses a file that breaks them at once.

Each rule repeats a validator of the model. The controller validates with the model again, which
also checks what is not expressed here: different classes in payoff.actions, the spans of
retrain.freeze, time zones, and everything that depends on the columns of sources.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mdlc.core.names import COLUMN, LABEL
from mdlc.core.plugins import READERS, built_in_names
from mdlc.core.spec.base import UNIT_SECONDS, format_duration
from mdlc.core.spec.cluster import SCHEMES
from mdlc.core.spec.deploy import RELEASES
from mdlc.core.spec.monitor import LATENCY_SECONDS, Monitor

Rule = dict[str, Any]
FORMATS = built_in_names(READERS)


def _rule(rule: str, message: str, *, at: str = "") -> Rule:
    made = {"rule": rule, "message": message, "reason": "FieldValueInvalid"}
    return made | ({"fieldPath": at} if at else {})


def _given(*keys: str) -> str:
    """Return a CEL expression of the number of keys that are given."""
    return f"[{', '.join(f'has(self.{key})' for key in keys)}].filter(x, x).size()"


def _starts(value: str, prefixes: Iterable[str]) -> str:
    return "(" + " || ".join(f"{value}.startsWith('{prefix}')" for prefix in prefixes) + ")"


def _needs(reason: str, *keys: str) -> str:
    """Return the rule that a reason of retrain.when needs a key."""
    steps = [".".join(keys[:number]) for number in range(1, len(keys) + 1)]
    there = " && ".join(f"has(self.{step})" for step in steps)
    return f"!has(self.when) || !('{reason}' in self.when) || ({there})"


def _seconds(value: str) -> str:
    """Return a CEL expression of a duration's seconds; CEL's duration() lacks days and weeks."""
    units = ", ".join(f"'{unit}': {size}.0" for unit, size in UNIT_SECONDS.items())
    part = "p.substring(0, p.size() - 1)"
    parts = f"string({value}).replace(' ', '').findAll('[0-9.]+[smhdw]', 9)"
    summed = f"{parts}.map(p, double({part}) * {{{units}}}[p.substring(p.size() - 1)]).sum()"
    return f"(type({value}) == int ? double({value}) : {summed})"


def _windows() -> str:
    """Return the rule that monitor.long_window is not shorter than monitor.window."""
    defaults = {key: format_duration(getattr(Monitor(), key)) for key in ("window", "long_window")}
    said = {
        key: f"(has(self.{key}) ? {_seconds(f'self.{key}')} : {_plain(default)})"
        for key, default in defaults.items()
    }
    return f"{said['long_window']} >= {said['window']}"


def _plain(duration: str) -> str:
    from mdlc.core.spec.base import parse_duration

    return f"{parse_duration(duration).total_seconds()}"


ACCURACY = (
    "!has(self.retrain) || !has(self.retrain.when) || !('accuracy' in self.retrain.when) || "
    "(has(self.monitor) && has(self.monitor.quality) && has(self.monitor.quality.min_accuracy))"
)
REGRESSION = "(has(self.business.payoff.under) || has(self.business.payoff.over))"
TASK = (
    "!has(self.business.payoff) || !has(self.model) || !has(self.model.task) || "
    f"((self.model.task == 'regression') == {REGRESSION})"
)
SHAPES = (
    "[has(self.actions), has(self.right) || has(self.wrong), has(self.under) || has(self.over)]"
    ".filter(x, x).size() == 1"
)
RULES: dict[str, list[Rule]] = {
    "Goal": [
        _rule(f"{_given('at_least', 'at_most')} == 1", "exactly one of at_least and at_most"),
    ],
    "Payoff": [
        _rule(SHAPES, "exactly one shape: actions, right + wrong, or under + over"),
        _rule("has(self.right) == has(self.wrong)", "payoff needs both right and wrong"),
        _rule("has(self.under) == has(self.over)", "payoff needs both under and over"),
        _rule(
            "!has(self.do_nothing) || (has(self.actions) && self.do_nothing in self.actions)",
            "payoff.do_nothing names one of payoff.actions",
        ),
        _rule(
            "!has(self.actions) || self.actions.size() >= 2",
            "payoff.actions needs two or more actions, each with the same classes",
        ),
    ],
    "Business": [
        _rule(
            "has(self.payoff) || !has(self.goals) || "
            "self.goals.all(goal, !goal.metric.startsWith('money'))",
            "goals in money need business.payoff",
        ),
        _rule(
            "has(self.decisions_per_year) || !has(self.goals) || "
            "self.goals.all(goal, goal.metric != 'money_per_year')",
            "money_per_year needs business.decisions_per_year",
        ),
    ],
    "Source": [
        # The definition does not know the keys of plug-ins; the controller counts those.
        _rule(f"{_given(*FORMATS)} <= 1", f"no more than one of {', '.join(FORMATS)}")
    ],
    "Join": [
        _rule(
            "(has(self.match) && self.match.size() > 0) || has(self.as_of)",
            "a join needs match, as_of or both",
        ),
    ],
    "Data": [
        _rule(
            "!has(self.table) || !has(self.table.source) || self.table.source == '' || "
            "self.table.source in self.sources",
            "data.table.source is one of data.sources",
        ),
        _rule(
            "!has(self.table) || !has(self.table.join) || "
            "self.table.join.all(j, j.source in self.sources)",
            "the source of each join is one of data.sources",
        ),
        _rule(
            "!has(self.features) || !(self.target in self.features)",
            "the target cannot be a feature",
        ),
    ],
    "RuleCondition": [
        _rule(
            f"{_given('at_least', 'below', 'one_of')} == 1",
            "exactly one of at_least, below and one_of",
        ),
    ],
    "Autoscaling": [
        _rule(
            "!has(self.metric) || self.metric != 'predictions' || "
            "(has(self.prometheus) && self.prometheus.startsWith('http'))",
            "predictions are counted by Prometheus: say its URL",
        ),
    ],
    "KServe": [
        _rule(
            f"!has(self.releases) || {_starts('self.releases', RELEASES)}",
            "releases is a location such as s3://bucket/folder or pvc://claim",
        ),
        _rule(
            "!has(self.max_replicas) || self.max_replicas >= "
            "(has(self.min_replicas) ? self.min_replicas : 1)",
            "max_replicas is below min_replicas",
        ),
        _rule(
            "!has(self.pod) || (!has(self.pod.retries) && !has(self.pod.timeout))",
            "a predictor runs for as long as it serves: no retries, no timeout",
        ),
    ],
    "Monitor": [
        _rule(_windows(), "monitor.long_window is shorter than monitor.window", at=".long_window"),
    ],
    "Retrain": [
        _rule(_needs("schedule", "every"), "retrain.when has schedule, so retrain.every is needed"),
        _rule(_needs("labels", "labels"), "retrain.when has labels, so retrain.labels is needed"),
    ],
    "Toleration": [
        _rule(
            "!has(self.operator) || self.operator != 'Exists' || !has(self.value)",
            "Exists has no value",
        ),
        _rule(
            "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            "a toleration without key needs operator Exists",
        ),
    ],
    "Secret": [
        _rule(
            "has(self.path) || (has(self.env) && self.env.size() > 0)",
            "a secret needs env, path or both",
        ),
        _rule("!has(self.path) || self.path.startsWith('/')", "path is absolute"),
    ],
    "Cluster": [
        _rule(
            f"!has(self.artifacts) || self.artifacts == '' || {_starts('self.artifacts', SCHEMES)}",
            "artifacts is a location such as s3://bucket/folder",
        ),
    ],
    "Spec": [
        _rule(TASK, "model.task and the shape of business.payoff do not fit"),
        _rule(
            "has(self.business.payoff) || !has(self.deploy) || !has(self.deploy.promote) || "
            "!has(self.deploy.promote.min_gain) || self.deploy.promote.min_gain == 0",
            "min_gain is money, and needs business.payoff",
        ),
        _rule(ACCURACY, "retrain.when has accuracy, so monitor.quality.min_accuracy is needed"),
    ],
}
"""Model -> its rules. In them `has` is false for null as well."""

NAMES = {"maxLength": 63, "pattern": f"^{COLUMN.pattern}$"}
LIMITS: dict[str, dict[str, Any]] = {
    # The API server estimates the cost of a rule from the longest possible lists. So each list that
    # a rule is inside of, or reads, needs a maximum length, far above what real files have.
    "Business.goals": {"maxItems": 100},
    "Cluster.secrets": {"maxItems": 64},
    "Cluster.stages": {"maxProperties": 10},
    "Data.features": {"maxItems": 5000},
    "Data.sources": {"maxProperties": 64},
    "Data.target": NAMES,
    "Join.source": NAMES,
    "KServe.releases": {"maxLength": 1024},
    "Cluster.artifacts": {"maxLength": 1024},
    "Autoscaling.prometheus": {"maxLength": 1024},
    "Objectives.latency_seconds": {"enum": list(LATENCY_SECONDS)},
    "Payoff.actions": {"maxProperties": 100},
    "Pod.tolerations": {"maxItems": 16},
    "Retrain.when": {"maxItems": 16},
    "Rule.when": {"maxItems": 32},
    "Secret.path": {"maxLength": 1024},
    "Table.join": {"maxItems": 64},
    "Table.source": {"maxLength": 63},
    "Metadata.name": {"maxLength": 53, "pattern": f"^{LABEL.pattern}$"},
}
"""Model and key -> bounds to add to the schema."""
