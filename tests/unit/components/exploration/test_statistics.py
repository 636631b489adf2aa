"""Statistics agree with numpy, pandas and scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mdlc.components.exploration import correlation, histograms, normality, sample, strength

RANDOM = np.random.default_rng(7)


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(1)
    rows = 400
    x = random.normal(size=rows)
    gaps = random.exponential(size=rows)
    gaps[::9] = np.nan
    y = np.where(x + random.normal(size=rows) > 0, "yes", "no")
    place = random.choice(["a", "b", "c"], size=rows).astype(object)
    place[:30] = None
    return pd.DataFrame({"x": x, "gaps": gaps, "place": place, "__target": y})


def test_number_columns_agree_with_pandas_and_scipy(explored, frame):
    for column in explored(frame).numbers:
        known = frame[column.name].dropna()
        assert column.nulls == frame[column.name].isna().sum()
        assert column.distinct == known.nunique()
        assert column.mean == pytest.approx(known.mean())
        assert column.std == pytest.approx(known.std())
        assert column.skewness == pytest.approx(stats.skew(known))
        assert column.kurtosis == pytest.approx(stats.kurtosis(known))
        assert column.normality_p == pytest.approx(stats.normaltest(known).pvalue, rel=1e-6)
        assert [column.box.q1, column.box.median, column.box.q3] == pytest.approx(
            np.quantile(known, [0.25, 0.5, 0.75])
        )


def test_a_box_ends_at_the_outermost_values_inside_tukeys_fences(explored, frame):
    box = explored(frame, outlier_whiskers=1.5).numbers[1].box
    known = frame["gaps"].dropna()
    reach = 1.5 * (box.q3 - box.q1)
    inside = known[(known >= box.q1 - reach) & (known <= box.q3 + reach)]
    assert (box.low, box.high) == pytest.approx((inside.min(), inside.max()))
    assert box.outliers == len(known) - len(inside) > 0
    assert box.outlier_ratio == pytest.approx(box.outliers / len(known))


def test_each_class_has_its_own_box(explored, frame):
    by_class = explored(frame).numbers[0].by_class
    assert list(by_class) == ["no", "yes"]
    for name, box in by_class.items():
        assert box.median == pytest.approx(frame["x"][frame["__target"] == name].median())


def test_histograms_counted_in_sql_are_numpys(explored, frame):
    for column in explored(frame).numbers:
        counts, _ = np.histogram(frame[column.name].dropna(), column.histogram_edges)
        assert column.histogram_counts == counts.tolist()
        assert sum(column.histogram_counts) == column.rows - column.nulls


def test_bins_are_freedman_and_diaconis_and_no_more_than_forty():
    values = RANDOM.normal(size=500)
    edges, _ = histograms.of_array(values)
    assert edges == pytest.approx(np.histogram_bin_edges(values, "fd"))
    assert len(histograms.of_array(RANDOM.standard_cauchy(2000))[0]) == 41
    assert len(histograms.of_array(np.array([0.0] * 900 + [1.0]))[0]) == 3


@pytest.mark.parametrize(
    "values",
    [
        RANDOM.normal(size=50),
        RANDOM.exponential(size=30),
        RANDOM.uniform(size=20) * 1e300,
        np.array([0.0, 1.0] * 15),
    ],
)
def test_normality_is_scipys_normaltest(values):
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = stats.normaltest(values / np.abs(values).max()).pvalue
    assert normality.p_value(values) == pytest.approx(wanted)


def test_normality_of_too_few_or_equal_values_is_not_tested():
    assert normality.p_value(RANDOM.normal(size=19)) is None
    assert normality.p_value(np.ones(100)) is None
    assert not normality.is_normal(None)


def test_correlations_are_spearmans(explored, frame):
    frame["falls"] = -(frame["x"] ** 3)
    found = explored(frame.drop(columns="gaps")).correlation
    assert found.names == ["x", "falls"]
    assert found.collinear == [("x", "falls", pytest.approx(-1))]
    values = RANDOM.normal(size=(200, 3)).round(1)
    values[:, 2] += values[:, 0]
    wanted = pd.DataFrame(values).corr("spearman")
    assert correlation.pairwise(sample.rank(values)) == pytest.approx(wanted.to_numpy())


def test_pairs_are_correlated_where_both_are_known():
    values = RANDOM.normal(size=(200, 2))
    values[:50, 0], values[150:, 1] = np.nan, np.nan
    wanted = pd.DataFrame(values).corr().to_numpy()
    assert correlation.pairwise(values) == pytest.approx(wanted)


def test_ranks_are_scipys_average_ranks_and_missing_stays_missing():
    values = RANDOM.integers(0, 9, size=(50, 2)).astype(float)
    values[3, 0] = np.nan
    wanted = stats.rankdata(values, axis=0, nan_policy="omit")
    assert sample.rank(values) == pytest.approx(wanted, nan_ok=True)


def test_variance_inflation_is_that_of_a_regression_on_the_others():
    values = RANDOM.normal(size=(300, 3))
    values[:, 2] += values[:, 0]
    others = np.column_stack([np.ones(300), values[:, 1:]])
    residual = values[:, 0] - others @ np.linalg.lstsq(others, values[:, 0], rcond=None)[0]
    assert correlation.variance_inflation(values)[0] == pytest.approx(
        values[:, 0].var() / residual.var()
    )


def test_variance_inflation_of_a_sum_of_others_is_infinite_and_spares_the_rest():
    values = RANDOM.normal(size=(300, 4))
    values[:, 2] = values[:, 0] + values[:, 1]
    *sums, apart = correlation.variance_inflation(values)
    assert sums == [None, None, None]
    assert apart == pytest.approx(1, abs=0.05)


def test_auc_is_mann_whitneys_u_over_all_pairs_and_is_folded():
    values = RANDOM.integers(0, 20, size=300).astype(float)
    positive = values + RANDOM.normal(size=300) * 9 > 12
    u = stats.mannwhitneyu(values[positive], values[~positive]).statistic
    area = u / (positive.sum() * (~positive).sum())
    for sign in (1, -1):
        ranks = sample.rank(sign * values[:, None])[:, 0]
        assert strength.auc(ranks, positive) == pytest.approx(max(area, 1 - area))
    assert strength.auc(ranks, np.zeros(300, bool)) is None


def test_cramers_v_is_scipys_association_with_bergsmas_correction():
    counts = RANDOM.integers(1, 40, size=(4, 3)).astype(float)
    counts[:, 0] *= 3
    rows = counts.sum()
    phi2 = stats.contingency.association(counts.astype(int), "cramer") ** 2 * 2
    size = min(4 - 9 / (rows - 1), 3 - 4 / (rows - 1)) - 1
    assert strength.cramers_v(counts) == pytest.approx(
        np.sqrt(max(0, phi2 - 6 / (rows - 1)) / size)
    )


def test_cramers_v_of_levels_with_one_row_each_says_nothing():
    assert strength.cramers_v(np.eye(5)) is None
    assert strength.cramers_v(np.array([[3.0, 4.0]])) is None


def test_correlation_ratio_is_the_root_of_an_anovas_r_squared(explored):
    place = RANDOM.choice(["a", "b", "c"], size=200)
    y = RANDOM.normal(size=200) + (place == "a")
    found = explored(pd.DataFrame({"place": place.astype(object), "__target": y})).categories[0]
    groups = [y[place == name] for name in "abc"]
    f = stats.f_oneway(*groups).statistic
    r2 = f * 2 / (f * 2 + 197)
    assert found.target_strength == pytest.approx(np.sqrt(r2))
    assert found.target_by_value["a"] == pytest.approx(groups[0].mean())


def test_strength_for_regression_is_spearmans_r(explored):
    x = RANDOM.normal(size=100)
    y = -np.exp(x) + RANDOM.normal(size=100)
    found = explored(pd.DataFrame({"x": x, "__target": y}))
    assert found.numbers[0].target_strength == pytest.approx(abs(stats.spearmanr(x, y).statistic))
    assert found.target["kind"] == "number"
    assert found.target["mean"] == pytest.approx(y.mean())
