"""The alerts' conditions: which signal, against which bound, gives which reason to retrain.

    FeatureDrift     warning   PSI > drift.warn                      drift, from drift.retrain on
    PredictionDrift  warning   the same, of the predictions          drift, from drift.retrain on
    CalibrationOff   warning   a class's observed/predicted share    calibration
    SkillLow         critical  skill < quality.min_skill             skill
    AccuracyLow      critical  accuracy < quality.min_accuracy       accuracy
    MoneyLow         critical  money per decision < its bound        money
    LabelsLate       warning   label_ratio < min_label_ratio
    FeedbackMissing  warning   no label at all, though some are due
    NotEnoughData    info      predictions, labels or reference
    QualityUnknown   warning   too few labels for as long as monitor.long_window

A bound on drift is raised to the noise where that is larger. Drift starts a retraining only if
retrain.when lists it, because a shifted feature alone does not mean that the model earns less.
Accuracy is judged only if the file sets a bound. Money is low only if it is further below its bound
than noise explains.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from mdlc.core.profile import PREDICTION
from mdlc.core.spec.monitor import Monitor
from mdlc.monitoring.signals import Signals
from mdlc.state.watch_documents import Baseline, CalibrationSignal, DriftSignal

MAX_Z = 4.0
"""Standard errors by which a class's share must be off; by chance in one of 16,000 windows."""
MIN_Z = 3.0
"""Standard errors by which money must be below its bound; by chance in one of 700 windows."""
MIN_SHARE = 0.05
"""Calibration of rarer classes is not judged: their ratio varies much and little depends on it."""
MIN_DUE = 30
"""With fewer predictions due a label, missing labels are no alert: they may be from a trial."""


class AlertCondition(NamedTuple):
    """One condition at one time. `met` is None if there are too few data to decide."""

    name: str
    met: bool | None
    summary: str
    value: float | None = None
    bound: float | None = None
    severity: Literal["info", "warning", "critical"] = "warning"
    reason: str = ""
    subject: str = ""


def judge(
    signals: Signals, *, monitor: Monitor, baseline: Baseline, ignored: Collection[str]
) -> list[AlertCondition]:
    """Judge every condition; the series in `ignored` (identifiers, drift.ignore) never alert."""
    watched = [signal for signal in signals.drift if signal.name not in ignored]
    return [
        *(_drift(signal, monitor=monitor) for signal in watched),
        _calibration(signals.calibration, bound=monitor.quality.calibration),
        _skill(signals.skill, bound=monitor.quality.min_skill),
        *_accuracy(signals.accuracy, bound=monitor.quality.min_accuracy),
        _money(signals, baseline=baseline, ratio=monitor.quality.money_ratio),
        *_feedback(signals, bound=monitor.min_label_ratio),
        *_lacking(signals, monitor=monitor, watched=watched),
    ]


def money_bound(baseline: float, *, ratio: float) -> float:
    """Return the bound below which money per decision is low.

    For a baseline that is a gain it is `ratio` times the baseline. A baseline may be a loss (of a
    model that loses less than doing nothing); then a further loss of `1 - ratio` of it is allowed.

    >>> money_bound(2.0, ratio=0.5), money_bound(-2.0, ratio=0.5)
    (1.0, -3.0)
    """
    return baseline - (1 - ratio) * abs(baseline)


def _drift(signal: DriftSignal, *, monitor: Monitor) -> AlertCondition:
    prediction = signal.name == PREDICTION
    warn, retrain = (
        max(stated, signal.noise) for stated in (monitor.drift.warn, monitor.drift.retrain)
    )
    what = "the predictions" if prediction else f"feature {signal.name}"
    found = (
        "too few predictions" if signal.psi is None else f"PSI {signal.psi:.3f}, bound {warn:.3f}"
    )
    return AlertCondition(
        "PredictionDrift" if prediction else "FeatureDrift",
        None if signal.psi is None else signal.psi > warn,
        f"{what} moved away from the training data: {found}",
        signal.psi,
        warn,
        reason="drift" if signal.psi is not None and signal.psi > retrain else "",
        subject=signal.name,
    )


def _off(signal: CalibrationSignal) -> float:
    """Return |observed / predicted - 1|; a class never predicted is off by its observed count."""
    return abs(signal.observed - signal.predicted) / max(signal.predicted, 1e-9)


def _calibration(classes: list[CalibrationSignal], *, bound: float) -> AlertCondition:
    common = [item for item in classes if max(item.observed, item.predicted) >= MIN_SHARE]
    if not common:
        return AlertCondition(
            "CalibrationOff", None, "too few labels", bound=bound, reason="calibration"
        )
    worst = max(common, key=lambda item: (abs(item.z) > MAX_Z, _off(item)))
    return AlertCondition(
        "CalibrationOff",
        _off(worst) > bound and abs(worst.z) > MAX_Z,
        f"class {worst.label} was predicted with a share of {worst.predicted:.3f} and observed"
        f" with {worst.observed:.3f} ({worst.z:+.1f} standard errors)",
        _off(worst),
        bound,
        reason="calibration",
    )


def _skill(skill: float | None, *, bound: float) -> AlertCondition:
    found = "too few labels" if skill is None else f"skill {skill:.3f}, at least {bound:g}"
    return AlertCondition(
        "SkillLow",
        None if skill is None else skill < bound,
        f"the scores say too little more than the classes' shares do: {found}",
        skill,
        bound,
        "critical",
        "skill",
    )


def _accuracy(accuracy: float | None, *, bound: float | None) -> list[AlertCondition]:
    if bound is None:
        return []
    found = "too few labels" if accuracy is None else f"{accuracy:.1%}, at least {bound:.1%}"
    return [
        AlertCondition(
            "AccuracyLow",
            None if accuracy is None else accuracy < bound,
            f"the likeliest class is the true one too rarely: {found}",
            accuracy,
            bound,
            "critical",
            "accuracy",
        )
    ]


def _money(signals: Signals, *, baseline: Baseline, ratio: float) -> AlertCondition:
    bound = money_bound(baseline.money_per_decision, ratio=ratio)
    money = signals.money_per_decision
    # A predictor of an old version counts no squares, so the noise is unknown and taken as 0.
    noise = MIN_Z * (signals.money_error or 0.0)
    found = "too few labels" if money is None else f"{money:.4g} per decision, at least {bound:.4g}"
    return AlertCondition(
        "MoneyLow",
        None if money is None else money + noise < bound,
        f"decisions earn less than promised at promotion: {found}",
        money,
        bound,
        "critical",
        "money",
    )


def _feedback(signals: Signals, *, bound: float) -> list[AlertCondition]:
    due = signals.due >= MIN_DUE
    missing = due and signals.labels == 0
    ratio = signals.label_ratio
    late = None if ratio is None or not due else ratio < bound and not missing
    found = (
        "none is due yet" if ratio is None else f"{ratio:.0%} of those due, at least {bound:.0%}"
    )
    return [
        AlertCondition("LabelsLate", late, f"labels come late: {found}", ratio, bound),
        AlertCondition(
            "FeedbackMissing",
            missing if due else None,
            f"no label came, {signals.due} predictions are old enough: quality is unknown",
            float(signals.labels),
            1.0,
        ),
    ]


def _lacking(
    signals: Signals, *, monitor: Monitor, watched: list[DriftSignal]
) -> list[AlertCondition]:
    """Return the NotEnoughData conditions; "reference" means series without training counts."""
    blind = [
        signal.name
        for signal in watched
        if not signal.trained and signal.predictions >= monitor.drift.min_predictions
    ]
    counts = (
        ("predictions", signals.predictions, monitor.drift.min_predictions, "drift"),
        ("labels", signals.judged_labels, monitor.quality.min_labels, "quality"),
    )
    few = [
        AlertCondition(
            "NotEnoughData",
            count < least,
            f"{count} {subject} in the window, {least} needed: {unjudged} is not judged",
            float(count),
            float(least),
            "info",
            subject=subject,
        )
        for subject, count, least, unjudged in counts
    ]
    least, labels = monitor.quality.min_labels, signals.judged_labels
    unknown = AlertCondition(
        "QualityUnknown",
        signals.served_long and labels < least,
        f"{labels} labels in the long window, {least} needed: quality is not judged at all",
        float(labels),
        float(least),
    )
    summary = f"no training counts to compare with for {', '.join(blind)}"
    value = float(len(blind))
    return [
        *few,
        unknown,
        AlertCondition(
            "NotEnoughData", bool(blind), summary, value, 0.0, "info", subject="reference"
        ),
    ]
