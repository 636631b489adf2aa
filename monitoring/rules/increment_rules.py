"""Rules that record what each counter rose by since the last evaluation, without extrapolation.

    L   the counter's value at its last scrape, even if its target has just disappeared
    P   the value at the previous evaluation of the rule, as that evaluation recorded it

The increment is:

    L - P       if that is not negative
    L           if it is negative: the counter began again from 0
    L           if P is missing because the series is new: another series of the same counter and
                target has a P, or the process is younger than P is remembered, or P is of another
                process
    nothing     if P is missing and the process is old: it is unknown when the counts were made
                (first scrape, or Prometheus was away for longer than P is remembered)

One rule writes both the increments and the new P, so both are committed together. With two rules, a
server that is killed or reloaded between them would count twice, or not at all. The increments are
then copied to series with the names that other rules read.
"""

from __future__ import annotations

from mdlc.core.profile import PREDICTION
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import Rule, Scope, duration, label, quote, rule, sum_by
from mdlc.services import metric_families as metrics

OWN = ("version", "feature", "bin", "class", "action", "le", "currency")
"""The labels of the counters themselves; all others come from the target."""
COUNTERS = {
    **series_names.COUNTS,
    **series_names.CLASS_COUNTS,
    series_names.ACTIONS: metrics.ACTIONS.series,
    series_names.LAG_BUCKET: metrics.LABEL_LAG_SECONDS.bucket_series,
    series_names.ROWS: f"{metrics.FEATURE_BIN.series}|{metrics.PREDICTION_BIN.series}",
}
"""What is counted -> a pattern of the predictor's counters."""
RAW = "|".join(COUNTERS.values())
STARTED = "process_start_time_seconds"
OF_STARTED = 'of="started"'
PROCESS = "on (job, instance)"
YOUNG, REPLACED = "instance:mdlc_process:young", "instance:mdlc_process:replaced"
NOW = "[500ms]"
"""A range that contains only this evaluation; the shortest step is a second."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules, in the order in which they have to be evaluated."""
    copies = [
        rule(series_names.increase(counted), sum_by(level, increments(scope, counted)))
        for counted, level in series_names.LEVELS.items()
    ]
    return [
        rule(YOUNG, _young(scope), model=scope.name),
        rule(REPLACED, _replaced(scope), model=scope.name),
        rule(series_names.STATE, _state(scope)),
        *copies,
    ]


def increments(scope: Scope, counted: str, *matchers: str) -> str:
    """Select the increments of something counted, restricted by `matchers`."""
    counter = COUNTERS[counted]
    return scope.select(series_names.STATE, 'is="increase"', f"of=~{quote(counter)}", *matchers)


def _state(scope: Scope) -> str:
    """Return increments by the counters' own labels, and the P of the next evaluation."""
    last, known = _named(_last(scope)), _known(scope)
    # Joined by process and own labels, so a target whose other labels changed stays the same.
    same = f"on (job, instance, of, {', '.join(OWN)})"
    # Young and replaced processes are few, so their series are selected before they are renamed.
    young, replaced = (
        _named(f"{_last(scope)} and {PROCESS} {_this_time(scope, which)}")
        for which in (YOUNG, REPLACED)
    )
    rise = f"""
    ({last} - ignoring (is) ({known})) >= 0
    or {last} and ignoring (is, {", ".join(OWN)}) ({known})
    or {young} unless {same} ({known})
    or {replaced}
  """
    # Without currency: after a change of currency, the sum goes on in the new one.
    own = ("of", "model", *(name for name in OWN if name != "currency"))
    # The bins of the prediction are recorded as those of one more feature.
    which = f'"of", "{metrics.PREDICTION_BIN.series}"'
    increase = f'label_replace({sum_by(own, rise)}, "feature", "{PREDICTION}", {which})'
    return "\n".join(
        [
            label(increase, "is", "increase"),
            "or",
            label(f"{last} or {_started(scope)}", "is", "last"),
        ]
    )


def _last(scope: Scope) -> str:
    """Return L, with the counters' names as label."""
    return f"last_over_time({_raw(scope)}[{duration(scope.latest)}])"


def _raw(scope: Scope) -> str:
    return scope.select("", f'__name__=~"{RAW}"')


def _this_time(scope: Scope, which: str) -> str:
    """Return what this evaluation recorded, without series that have just ended."""
    return f"last_over_time({scope.select(which)}{NOW})"


def _named(counters: str) -> str:
    """Move the counters' names into the label `of`, because a recorded series has one name."""
    return f'label_replace({counters}, "of", "$1", "__name__", "(.*)")'


def _remembered(scope: Scope, *matchers: str) -> str:
    """Return P: the rule that reads it has not written yet, so it finds the previous evaluation."""
    state = scope.select(series_names.STATE, 'is="last"', *matchers)
    return f"last_over_time({state}[{duration(scope.memory)}])"


def _known(scope: Scope) -> str:
    """Return P, except for counters that another process shows now: those began again from 0.

    That cannot be seen from the value if the new process has already counted more than the old one.
    Counters that only the old process showed keep their P.
    """
    shown = f"{_raw(scope)} and {PROCESS} {_this_time(scope, REPLACED)}"
    return f"{_remembered(scope)} unless ignoring (is) {_named(shown)}"


def _started(scope: Scope) -> str:
    """Return the start time of each process that shows this model's counters."""
    latest = f"[{duration(scope.latest)}]"
    shows = f"last_over_time({scope.select(metrics.PREDICTIONS.series)}{latest})"
    named = label(label(f"last_over_time({STARTED}{latest})", "of", "started"), "model", scope.name)
    return f"{named} and {PROCESS} {shows}"


def _process(expr: str) -> str:
    """Return one value for each process, over all other labels of its target."""
    return f"max by (job, instance) ({expr})"


def _young(scope: Scope) -> str:
    """Return processes younger than P is remembered: their series without a P are new."""
    return f"{_process(_started(scope))} > time() - {round(scope.memory.total_seconds())}"


def _replaced(scope: Scope) -> str:
    """Return targets whose process is another than that of P."""
    before = _process(_remembered(scope, OF_STARTED))
    return f"{_process(_started(scope))} != {PROCESS} {before}"
