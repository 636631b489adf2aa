"""Small functions that return PromQL, and `Scope`: what all rules need to know of a lifecycle."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mdlc.core.spec import Lifecycle, Monitor
from mdlc.monitoring.rules.series_names import LONG, SHORT, Window

Rule = dict[str, Any]
"""One rule as Prometheus' file has it."""

MILLISECOND = timedelta(milliseconds=1)
UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1))


@dataclass(frozen=True)
class Scope:
    """One lifecycle, and how often its rules are evaluated."""

    lifecycle: Lifecycle
    step: timedelta
    docs_url: str = "docs"
    """Address under which docs/ is published."""

    @property
    def name(self) -> str:
        """The model's name: the value of the label `model`."""
        return self.lifecycle.name

    @property
    def monitor(self) -> Monitor:
        """The thresholds: spec.monitor."""
        return self.lifecycle.spec.monitor

    @property
    def latest(self) -> timedelta:
        """How far back to look for a target's last scrape."""
        return max(self.step, 2 * self.monitor.scrape)

    @property
    def memory(self) -> timedelta:
        """How far back to look for the previous evaluation; a gap up to this loses no counts."""
        return max(timedelta(hours=1), 20 * self.step)

    def span(self, window: Window) -> timedelta:
        """Return the length of a window."""
        return {SHORT: self.monitor.window, LONG: self.monitor.long_window}[window]

    def select(self, metric: str, *matchers: str) -> str:
        """Select this model's series of a metric: m{model="NAME",...}."""
        return f"{metric}{{{','.join([f'model={quote(self.name)}', *matchers])}}}"


def quote(text: str) -> str:
    """Return a PromQL string literal. Its escapes are Go's, which include those of JSON.

    >>> quote('a "b"')
    '"a \\\\"b\\\\""'
    """
    return json.dumps(text, ensure_ascii=False)


def number(value: float) -> str:
    """Write a number so that reading it gives exactly the same number.

    >>> number(1000), number(0.1)
    ('1000', '0.1')
    """
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def money_bound(promised: str, *, ratio: float) -> str:
    """Return the PromQL of `alert_conditions.money_bound`, for the expression `promised`.

    >>> money_bound("promised", ratio=0.5)
    'promised - (1 - 0.5) * abs(promised)'
    """
    return f"{promised} - (1 - {number(ratio)}) * abs({promised})"


def duration(value: timedelta) -> str:
    """Write a duration in PromQL's syntax.

    >>> duration(timedelta(days=7)), duration(timedelta(seconds=1.5))
    ('7d', '1s500ms')
    """
    rest, text = round(value / MILLISECOND), ""
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "1ms"


def within(span: timedelta) -> str:
    """Return the range that holds the evaluations of (t - span, t].

    Prometheus 2 includes a sample exactly `span` back, Prometheus 3 does not. There often is one,
    because a window is a multiple of the step. With a millisecond less, both give the same.

    >>> within(timedelta(minutes=1))
    '[59s999ms]'
    """
    return f"[{duration(span - MILLISECOND)}]"


def offset(back: timedelta) -> str:
    """Return " offset D", or nothing: PromQL refuses an offset of 0."""
    return f" offset {duration(back)}" if back else ""


def rule(name: str, expr: str, **labels: str) -> Rule:
    """Return a recording rule."""
    found: Rule = {"record": name, "expr": expr}
    if labels:
        found["labels"] = labels
    return found


def on(labels: Iterable[str]) -> str:
    """Return "on (a, b)"."""
    return f"on ({', '.join(labels)})"


def sum_by(labels: Iterable[str], expr: str) -> str:
    """Return the sum over all labels except these."""
    return f"sum by ({', '.join(labels)}) ({expr})"


def label(expr: str, name: str, value: str) -> str:
    """Give every series of `expr` a label."""
    return f'label_replace({expr}, "{name}", {quote(value)}, "", "")'


def rename(expr: str, old: str, new: str) -> str:
    """Copy the label `old` to `new`."""
    return f'label_replace({expr}, "{new}", "$1", "{old}", "(.*)")'


def zero_where_absent(expr: str, like: str) -> str:
    """Return `expr`, and 0 for the series of `like` that it lacks."""
    return f"({expr} or 0 * {like})"
