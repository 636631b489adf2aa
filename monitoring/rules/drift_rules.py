"""The population stability index, its noise, and shares of missing and unseen values.

With a and e the counts of a bin, half a count added, A and E the sums of those over used bins:

    PSI = sum((a/A - e/E) * (ln(a/A) - ln(e/E))) = sum(a * ln(a/e)) / A - sum(e * ln(a/e)) / E

because shares add up to 1, so ln(A/E) cancels. A bin that is empty on both sides adds ln(1) = 0 to
both sums and is not among the used bins, whose number smooths A and E. The result equals
`mdlc.monitoring.population_stability.psi`. In this form no bin has to be joined with its feature's
sum.
"""

from __future__ import annotations

from mdlc.core.profile import MISSING_BIN, OTHER_BIN
from mdlc.monitoring import population_stability
from mdlc.monitoring.rules import series_names
from mdlc.monitoring.rules.promql import Rule, Scope, label, number, on, rule, sum_by
from mdlc.monitoring.rules.series_names import FEATURE_LEVEL, VERSION_LEVEL, WINDOWS, Window
from mdlc.monitoring.rules.window_rules import total

MOST_BINS = 53
"""More bins than any feature has: at most 50 of a number or 30 categories, other and missing."""
BY_FEATURE = on(FEATURE_LEVEL)
HALF = number(population_stability.SMOOTHING)


def rules(scope: Scope) -> list[Rule]:
    """Return the rules; they read the windows of the same evaluation."""
    reference = sum_by(FEATURE_LEVEL, scope.select(series_names.REFERENCE))
    found = [
        rule(series_names.CHI_SQUARE, _quantiles(), model=scope.name),
        rule(series_names.REFERENCE_ROWS, reference),
    ]
    for window in WINDOWS:
        used = f"({_live(scope, window)} + {_trained(scope, window)}) > 0"
        rows = sum_by(FEATURE_LEVEL, _live(scope, window))
        found += [
            rule(series_names.of_feature("rows:sum", window), rows),
            rule(series_names.of_feature("bins:used", window), f"count by ({_joined()}) ({used})"),
            rule(series_names.of_feature("psi:value", window), _psi(scope, window)),
            rule(series_names.of_feature("psi:noise", window), _noise(scope, window)),
            rule(
                series_names.of_feature("missing:ratio", window), _share(scope, window, MISSING_BIN)
            ),
            rule(series_names.of_feature("unseen:ratio", window), _share(scope, window, OTHER_BIN)),
        ]
    return found


def _joined() -> str:
    return ", ".join(FEATURE_LEVEL)


def _live(scope: Scope, window: Window) -> str:
    return total(scope, series_names.ROWS, window)


def _trained(scope: Scope, window: Window) -> str:
    """Return the expression of training counts; 0 for a bin that only live rows have."""
    return f"({scope.select(series_names.REFERENCE)} or 0 * {_live(scope, window)})"


def _quantiles() -> str:
    """Return the chi-square quantiles by number of bins, one series each."""
    # noise = quantile * (1/n + 1/m): with n = 1 and m infinite it is the quantile itself.
    known = (
        (bins, population_stability.noise(bins, n_actual=1, n_expected=float("inf")))
        for bins in range(2, MOST_BINS + 1)
    )
    return "\nor ".join(label(f"vector({number(value)})", "bins", str(b)) for b, value in known)


def _psi(scope: Scope, window: Window) -> str:
    live, trained = _live(scope, window), _trained(scope, window)
    rows = scope.select(series_names.of_feature("rows:sum", window))
    reference = scope.select(series_names.REFERENCE_ROWS)
    smoothing = f"{HALF} * {scope.select(series_names.of_feature('bins:used', window))}"
    log = f"ln(({live} + {HALF}) / ({trained} + {HALF}))"
    psi = f"""{sum_by(FEATURE_LEVEL, f"({live} + {HALF}) * {log}")} / ({rows} + {smoothing})
- {sum_by(FEATURE_LEVEL, f"({trained} + {HALF}) * {log}")} / ({reference} + {smoothing})"""
    return f"({psi})\nand {BY_FEATURE} {reference} > 0\n{_enough(scope, window)}"


def _enough(scope: Scope, window: Window) -> str:
    """Return the end of an expression that drops features with too few rows to judge."""
    rows = scope.select(series_names.of_feature("rows:sum", window))
    return (
        f"and {BY_FEATURE} {rows} >= {number(scope.monitor.drift.min_predictions)}\n"
        f"and {on(VERSION_LEVEL)} {scope.select(series_names.SETTLED)}"
    )


def _noise(scope: Scope, window: Window) -> str:
    """Return the expression of the noise; the quantile is looked up by the number of bins."""
    bins = scope.select(series_names.of_feature("bins:used", window))
    rows = scope.select(series_names.of_feature("rows:sum", window))
    counted = f'count_values by ({_joined()}) ("bins", {bins})'
    constants = scope.select(series_names.CHI_SQUARE)
    chi_square = sum_by(FEATURE_LEVEL, f"{counted} * on (model, bins) group_left () {constants}")
    reference = f"({scope.select(series_names.REFERENCE_ROWS)} or 0 * {rows})"
    return (
        f"({chi_square} or 0 * ({bins} < 2))\n"
        f"* (1 / clamp_min({rows}, 1) + 1 / clamp_min({reference}, 1))"
    )


def _share(scope: Scope, window: Window, name: str) -> str:
    """Return the expression of the share of rows in one bin; absent for features without it."""
    rows = sum_by(FEATURE_LEVEL, total(scope, series_names.ROWS, window, f'bin="{name}"'))
    ratio = f"{rows} / {scope.select(series_names.of_feature('rows:sum', window))}"
    return f"{ratio}\n{_enough(scope, window)}"
