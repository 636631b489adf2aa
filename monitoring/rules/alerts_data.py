"""Alerts on incoming labels and rows, on the rows' schema, and on too few data to judge."""

from __future__ import annotations

from datetime import timedelta

from mdlc.core.profile import MISSING_BIN, OTHER_BIN
from mdlc.monitoring.alert_conditions import MIN_DUE
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.alert_rule import (
    AT_ONCE,
    VALUE,
    AlertRule,
    JudgedSignal,
    serving,
    unless_unknown,
)
from mdlc.monitoring.rules.alerts_drift import watched
from mdlc.monitoring.rules.increment_rules import increments
from mdlc.monitoring.rules.promql import (
    Rule,
    Scope,
    duration,
    number,
    offset,
    on,
    rename,
    sum_by,
    within,
    zero_where_absent,
)
from mdlc.monitoring.rules.series_names import FEATURE_LEVEL, JUDGED, SHORT, VERSION_LEVEL, Window
from mdlc.monitoring.rules.window_rules import due, recent, total
from mdlc.services import metric_families as metrics

FEATURE, VERSION = on(FEATURE_LEVEL), on(VERSION_LEVEL)
RECENT = timedelta(hours=1)
"""The span over which a changed schema is judged; a whole window would report it too late."""
MIN_REFUSED, REFUSED_RATIO = 10, 0.01
MIN_ROWS, MORE_BROKEN = 100, 0.2
"""Fewest rows of which a share is judged; by how much it may exceed the share in training."""


def rules(scope: Scope) -> list[Rule]:
    """Return the rules; DataLate is among them only if the file says when rows are late."""
    found = [_late(scope), _missing(scope), *_few(scope), _blind(scope)]
    found += [_refused(scope), _broken(scope)]
    if scope.monitor.data_within is not None:
        found.append(_no_rows(scope, scope.monitor.data_within))
    return found


def _late(scope: Scope) -> Rule:
    least = number(scope.monitor.min_label_ratio)
    alert = AlertRule(
        name="LabelsLate",
        severity="warning",
        summary="labels come late",
        description="Version {{ $labels.version }}: {{ $value | humanizePercentage }} of the"
        f" predictions that are {duration(scope.monitor.labels_within)} old have a label,"
        f" at least {least}.",
    )
    ratio = scope.select(series_names.of_version("labels:ratio", SHORT))
    came = f"{VERSION} {total(scope, 'labels', SHORT)} > 0"
    owed = f"{VERSION} {due(scope, SHORT)} >= {MIN_DUE}"
    expr = unless_unknown(
        alert,
        scope=scope,
        judged=JudgedSignal(
            met=f"{ratio} < {least} and {owed} and {came}",
            signal=ratio,
            known=f"{ratio} and {owed}",
        ),
    )
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _missing(scope: Scope) -> Rule:
    alert = AlertRule(
        name="FeedbackMissing",
        severity="warning",
        summary="no label comes",
        description=f"Version {{{{ $labels.version }}}}: {VALUE} predictions are"
        f" {duration(scope.monitor.labels_within)} old and none of the window has a label:"
        " quality and money are not known.",
    )
    owed, labels = due(scope, SHORT), total(scope, "labels", SHORT)
    expr = serving(scope, f"{owed} >= {MIN_DUE} unless {VERSION} {labels} > 0")
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _few(scope: Scope) -> list[Rule]:
    found = [_unknown(scope)]
    for counted, least, window, unjudged in (
        ("predictions", scope.monitor.drift.min_predictions, SHORT, "drift"),
        ("labels", scope.monitor.quality.min_labels, JUDGED, "quality"),
    ):
        alert = AlertRule(
            name="NotEnoughData",
            severity="info",
            subject=counted,
            summary=f"too few {counted}: {unjudged} is not judged",
            description=f"Version {{{{ $labels.version }}}}: {VALUE} {counted}"
            f" in the window, {number(least)} needed.",
        )
        count = _count(scope, counted, window)
        expr = serving(scope, f"{count} < {number(least)}")
        found.append(alert.rule(scope, expr, hold=scope.monitor.hold))
    return found


def _unknown(scope: Scope) -> Rule:
    """Return the alert on a version that has served for the long window and was never judged."""
    least, long = number(scope.monitor.quality.min_labels), scope.monitor.long_window
    alert = AlertRule(
        name="QualityUnknown",
        severity="warning",
        summary="quality has not been judged for weeks: too few labels",
        description=f"Version {{{{ $labels.version }}}}: {VALUE} labels in {duration(long)},"
        f" {least} needed.",
    )
    counted = scope.select(series_names.STATE, 'is="last"', f'of="{metrics.PREDICTIONS.series}"')
    before = f"last_over_time({counted}{within(scope.monitor.window)}{offset(long)})"
    expr = f"{_count(scope, 'labels', JUDGED)} < {least} and {VERSION} {before}"
    return alert.rule(scope, serving(scope, expr), hold=scope.monitor.hold)


def _count(scope: Scope, counted: str, window: Window) -> str:
    return zero_where_absent(total(scope, counted, window), scope.select(series_names.SERVING))


def _blind(scope: Scope) -> Rule:
    alert = AlertRule(
        name="NotEnoughData",
        severity="info",
        subject="reference",
        summary="features have no training counts to compare with",
        description=f"Version {{{{ $labels.version }}}}: {VALUE} features are counted"
        " and have no training counts.",
    )
    rows = scope.select(series_names.of_feature("rows:sum", SHORT), watched(scope, prediction=True))
    least = number(scope.monitor.drift.min_predictions)
    trained = f"{scope.select(series_names.REFERENCE_ROWS)} > 0"
    blind = f"{rows} >= {least} unless {FEATURE} {trained}"
    expr = serving(scope, f"count by ({', '.join(VERSION_LEVEL)}) ({blind})")
    return alert.rule(scope, expr, hold=scope.monitor.hold)


def _refused(scope: Scope) -> Rule:
    span = duration(RECENT)
    alert = AlertRule(
        name="SchemaChanged",
        severity="warning",
        subject="requests",
        page="serving",
        summary="requests are refused: rows no longer look as the model was trained on",
        description="{{ $value | humanizePercentage }} of the requests of an hour were refused as"
        f" invalid_input, bound {number(REFUSED_RATIO)}.",
    )
    errors = scope.select(metrics.REQUEST_ERRORS.series, 'reason="invalid_input"')
    refused = sum_by(("model",), f"increase({errors}[{span}])")
    requests = sum_by(
        ("model",),
        f"increase({scope.select(metrics.REQUEST_SECONDS.count_series)}[{span}])",
    )
    met = f"{refused} / ({requests} > 0) > {number(REFUSED_RATIO)}"
    return alert.rule(scope, f"{met} and on (model) {refused} >= {MIN_REFUSED}", hold=AT_ONCE)


def _broken(scope: Scope) -> Rule:
    """Return the rule on features with many more missing or unseen values than in training."""
    alert = AlertRule(
        name="SchemaChanged",
        severity="warning",
        summary="feature {{ $labels.subject }} is often missing, or a category not seen before",
        description="Version {{ $labels.version }}: {{ $value | humanizePercentage }} of the rows"
        f" of an hour, more than {number(MORE_BROKEN)} above training's share.",
    )
    features, bins = watched(scope), f'bin=~"{MISSING_BIN}|{OTHER_BIN}"'
    rows = recent(scope, series_names.ROWS, min(RECENT, scope.monitor.window), features)
    all_rows = sum_by(FEATURE_LEVEL, rows)

    def share(part: str, whole: str) -> str:
        return f"{part} / {FEATURE} group_left () ({sum_by(FEATURE_LEVEL, whole)} > 0)"

    few = recent(scope, series_names.ROWS, min(RECENT, scope.monitor.window), features, bins)
    reference = scope.select(series_names.REFERENCE, features)
    trained = share(scope.select(series_names.REFERENCE, features, bins), reference)
    more = f"{share(few, rows)} > {on(series_names.BIN_LEVEL)} ({trained} + {number(MORE_BROKEN)})"
    met = f"{more} and {FEATURE} {all_rows} >= {MIN_ROWS}"
    subject = f"max by ({', '.join(VERSION_LEVEL)}, subject) ({rename(met, 'feature', 'subject')})"
    return alert.rule(scope, serving(scope, subject), hold=min(scope.monitor.hold, RECENT / 4))


def _no_rows(scope: Scope, span: timedelta) -> Rule:
    alert = AlertRule(
        name="DataLate",
        severity="warning",
        page="serving",
        summary=f"no rows to predict came for {duration(span)}",
        description=f"{VALUE} predictions within {duration(span)}.",
    )
    # A span shorter than two evaluations may hold none of them.
    seen = within(max(span, 2 * scope.step))
    rose = sum_by(("model",), f"sum_over_time({increments(scope, 'predictions')}{seen})")
    return alert.rule(scope, f"{rose} == 0", hold=AT_ONCE)
