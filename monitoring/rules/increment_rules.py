"""What each counter rose by since the last evaluation, exactly: nothing is extrapolated.

    L   what a counter stands at, at its last scrape, even if its target has just gone
    P   what it stood at when the rule was evaluated last, as that evaluation recorded it

    L - P       where that is not negative
    L           where it is: the counter began again from 0
    L           where P is missing because the series is new: another series of the same counter
                and target has a P, or the process is younger than P's memory, or not P's
    nothing     where P is missing and the process is old: the count is of unknown age (first
                sight, or Prometheus was away for longer than P's memory)

Increments and the new P are written by one rule, so in one commit: a server that is killed or
reloaded between two rules would count twice, or not at all. The increments are then copied to
series with the names that others read.
"""

from __future__ import annotations

from mdlc.core.profile import PREDICTION
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import Rule, Scope, duration, label, quote, rule, sum_by

OWN = ("version", "feature", "bin", "class", "action", "le", "currency")
"""A counter's own labels; the others are its target's."""
COUNTERS = {
    **series_names.COUNTS,
    **series_names.CLASS_COUNTS,
    series_names.ACTIONS: "mdlc_actions_total",
    series_names.LAG_BUCKET: "mdlc_label_lag_seconds_bucket",
    series_names.ROWS: "mdlc_feature_bin_total|mdlc_prediction_bin_total",
}
"""What is counted -> the predictor's counters, as a pattern."""
RAW = "|".join(COUNTERS.values())
STARTED = "process_start_time_seconds"
OF_STARTED = 'of="started"'
PROCESS = "on (job, instance)"
YOUNG, REPLACED = "instance:mdlc_process:young", "instance:mdlc_process:replaced"
NOW = "[500ms]"
"""Only what was recorded by this very evaluation; the shortest step is a second."""


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
    """Select the increments of something counted, or of what `matchers` leave of it."""
    counter = COUNTERS[counted]
    return scope.select(series_names.STATE, 'is="increase"', f"of=~{quote(counter)}", *matchers)


def _state(scope: Scope) -> str:
    """Return increments by their own labels, and what is remembered for the next evaluation."""
    last, known = _named(_last(scope)), _known(scope)
    # By process and own labels: a target that was only given other labels is the same one.
    same = f"on (job, instance, of, {', '.join(OWN)})"
    # Young and replaced processes are few; what they show is picked before it is named.
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
    # A change of currency changes what money means; it is not two kinds of money.
    own = ("of", "model", *(name for name in OWN if name != "currency"))
    # Bins of the prediction are those of one more feature.
    which = '"of", "mdlc_prediction_bin_total"'
    increase = f'label_replace({sum_by(own, rise)}, "feature", "{PREDICTION}", {which})'
    return "\n".join(
        [
            label(increase, "is", "increase"),
            "or",
            label(f"{last} or {_started(scope)}", "is", "last"),
        ]
    )


def _last(scope: Scope) -> str:
    """Return L, under the counters' names."""
    return f"last_over_time({_raw(scope)}[{duration(scope.latest)}])"


def _raw(scope: Scope) -> str:
    return scope.select("", f'__name__=~"{RAW}"')


def _this_time(scope: Scope, which: str) -> str:
    """Return what this very evaluation recorded: not a series that has just ended."""
    return f"last_over_time({scope.select(which)}{NOW})"


def _named(counters: str) -> str:
    """Keep the counters' names, as the label `of`: a record has only one name."""
    return f'label_replace({counters}, "of", "$1", "__name__", "(.*)")'


def _remembered(scope: Scope, *matchers: str) -> str:
    """Return P. The rule that reads it has not written yet, so it is the evaluation before."""
    state = scope.select(series_names.STATE, 'is="last"', *matchers)
    return f"last_over_time({state}[{duration(scope.memory)}])"


def _known(scope: Scope) -> str:
    """Return P but for counters that another process shows now: those began again from 0.

    The value alone does not tell, where the new process has already counted more than the old.
    Counters that only the old process showed keep their P.
    """
    shown = f"{_raw(scope)} and {PROCESS} {_this_time(scope, REPLACED)}"
    return f"{_remembered(scope)} unless ignoring (is) {_named(shown)}"


def _started(scope: Scope) -> str:
    """Return when each process that shows this model's counters began."""
    latest = f"[{duration(scope.latest)}]"
    shows = f"last_over_time({scope.select('mdlc_predictions_total')}{latest})"
    named = label(label(f"last_over_time({STARTED}{latest})", "of", "started"), "model", scope.name)
    return f"{named} and {PROCESS} {shows}"


def _process(expr: str) -> str:
    """Return one value a process, whatever other labels its target has or had."""
    return f"max by (job, instance) ({expr})"


def _young(scope: Scope) -> str:
    """Return processes all of whose life P's memory covers: a series without P is a new one."""
    return f"{_process(_started(scope))} > time() - {round(scope.memory.total_seconds())}"


def _replaced(scope: Scope) -> str:
    """Return targets whose process is not the one that P is of."""
    before = _process(_remembered(scope, OF_STARTED))
    return f"{_process(_started(scope))} != {PROCESS} {before}"
