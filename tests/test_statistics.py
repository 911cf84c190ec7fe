"""Bootstrap over people against numpy on the rows themselves, and what must hold of intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from bp_research.accuracy.scores import _named, bootstrap_ci, ceiling, interval_text, paired_difference
from bp_research.errors import BadSettingError, BadTableError

ONE = {"mean": np.mean, "median": np.median, "sd": lambda v: np.std(v, ddof=1)}
TWO = {
    "correlation": lambda v: np.corrcoef(v.T)[0, 1],
    "slope": lambda v: np.polyfit(v[:, 0], v[:, 1], 1)[0],
    "mae": lambda v: np.abs(v[:, 0] - v[:, 1]).mean(),
}


def _data(seed, n=60, people=17):
    rng = np.random.default_rng(seed)
    groups = rng.integers(people, size=n)
    true = rng.normal(size=n) + 0.5 * groups
    return np.column_stack([true, 0.4 * true + rng.normal(size=n)]), groups


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_the_estimate_is_numpys(name):
    values, groups = _data(0)
    values = values[:, 0] if name in ONE else values
    assert bootstrap_ci(values, groups, name, n=10)[0] == pytest.approx({**ONE, **TWO}[name](values))


@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_each_vectorised_draw_equals_the_statistic_of_the_drawn_rows(name):
    values, groups = _data(1)
    values = values[:, 0] if name in ONE else values
    groups = np.unique(groups, return_inverse=True)[1]
    people = groups.max() + 1
    counts = np.random.default_rng(0).multinomial(people, np.full(people, 1 / people), size=40)
    direct = [{**ONE, **TWO}[name](np.repeat(values, row[groups], axis=0)) for row in counts]
    np.testing.assert_allclose(_named(values, groups, counts, name), direct, atol=1e-9)


@pytest.mark.parametrize("name", ["mean", "median", "slope"])
def test_named_and_function_statistics_give_the_same_interval_but_for_chance(name):
    values, groups = _data(2)
    values = values[:, 0] if name in ONE else values
    named = bootstrap_ci(values, groups, name, n=3000)
    function = bootstrap_ci(values, groups, {**ONE, **TWO}[name], n=3000)
    width = named[2] - named[1]
    np.testing.assert_allclose(named, function, atol=0.08 * width)


def test_the_interval_of_a_mean_of_independent_people_is_the_textbooks():
    values = np.random.default_rng(3).normal(10, 2, size=400)
    _, low, high = bootstrap_ci(values, np.arange(400), n=4000)
    half = 1.96 * values.std(ddof=1) / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_repeating_each_persons_row_does_not_narrow_the_interval():
    values = np.random.default_rng(4).normal(size=50)
    once = bootstrap_ci(values, np.arange(50))
    ten_times = bootstrap_ci(np.repeat(values, 10), np.repeat(np.arange(50), 10))
    np.testing.assert_allclose(once, ten_times)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        person = rng.normal(size=40)
        values = np.repeat(person, 4) + 0.3 * rng.normal(size=160)
        _, low, high = bootstrap_ci(values, np.repeat(np.arange(40), 4), level=0.9, n=400)
        hits += low <= 0 <= high
    assert 0.82 <= hits / 200 <= 0.95


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(-5, 5), st.floats(0.1, 10))
def test_moving_and_scaling_the_values_moves_and_scales_the_interval(seed, shift, scale):
    values, groups = _data(seed, n=20, people=6)
    plain = np.array(bootstrap_ci(values[:, 0], groups, "median", n=100))
    moved = bootstrap_ci(values[:, 0] * scale + shift, groups, "median", n=100)
    np.testing.assert_allclose(moved, plain * scale + shift, atol=1e-9)


def test_same_seed_same_numbers_and_row_order_does_not_matter_to_the_estimate():
    values, groups = _data(6)
    assert bootstrap_ci(values, groups, "slope") == bootstrap_ci(values, groups, "slope")
    assert bootstrap_ci(values, groups, "slope") != bootstrap_ci(values, groups, "slope", seed=1)
    order = np.random.default_rng(0).permutation(len(values))
    shuffled = bootstrap_ci(values[order], groups[order], "slope")
    np.testing.assert_allclose(shuffled, bootstrap_ci(values, groups, "slope"))


def test_paired_difference_of_a_constant_shift_has_no_width():
    values, groups = _data(7)
    shifted = values[:, 0] + 0.25
    np.testing.assert_allclose(paired_difference(shifted, values[:, 0], groups), 0.25)


def test_paired_difference_is_narrower_than_the_intervals_apart():
    rng = np.random.default_rng(8)
    person = np.repeat(rng.normal(size=40), 3)
    first, second = (person + 0.1 * rng.normal(size=120) for _ in range(2))
    groups = np.repeat(np.arange(40), 3)
    _, low, high = paired_difference(first, second, groups)
    _, low_alone, high_alone = bootstrap_ci(first, groups)
    assert high - low < 0.3 * (high_alone - low_alone)


def test_paired_difference_of_slopes():
    values, groups = _data(9)
    halved = values * [1, 0.5]
    difference, low, high = paired_difference(values, halved, groups, "slope")
    assert difference == pytest.approx(bootstrap_ci(values, groups, "slope")[0] / 2)
    assert low <= difference <= high


def test_functions_may_return_arrays():
    values, groups = _data(10)
    estimate, low, high = bootstrap_ci(values, groups, lambda v: v.mean(axis=0), n=200)
    assert estimate.shape == low.shape == high.shape == (2,)
    assert (low < estimate).all() and (estimate < high).all()


def test_one_person_gives_an_estimate_without_interval():
    estimate, low, high = bootstrap_ci([1.0, 2.0], ["a", "a"])
    assert estimate == 1.5
    assert np.isnan([low, high]).all()


def test_a_share_of_nothing_has_the_exact_upper_bound():
    """Clopper and Pearson 1934, as scipy has it, with people as the units."""
    groups = np.repeat(np.arange(61), 3)
    expected = binomtest(0, 61).proportion_ci(0.95, method="exact")
    assert bootstrap_ci(np.zeros(183), groups, "share") == pytest.approx((0, 0, expected.high))
    assert bootstrap_ci(np.ones(183), groups, "share") == pytest.approx((1, 1 - expected.high, 1))
    some = np.arange(183) % 4 == 0
    assert bootstrap_ci(some, groups, "share") == bootstrap_ci(some, groups, "mean")
    with pytest.raises(BadTableError, match="zeros and ones"):
        bootstrap_ci([0.0, 0.5], ["a", "b"], "share")


def test_a_failure_may_count_as_infinitely_wrong_in_a_median():
    values = [1.0, 2.0, 3.0, np.inf, 2.5]
    estimate, low, high = bootstrap_ci(values, range(5), "median")
    assert estimate == 2.5 and low < 2.5 and high == np.inf


def test_no_correlation_is_made_of_rounding():
    true = np.random.default_rng(11).normal(size=30)
    detected = np.random.default_rng(12).normal(size=30) * 1e-16
    pairs = np.column_stack([true, detected])
    assert np.isnan(bootstrap_ci(pairs, np.arange(30), "correlation")[0])


@pytest.mark.parametrize(
    ("values", "groups", "arguments", "error"),
    [
        ([], [], {}, BadTableError),
        ([1.0, 2.0], ["a"], {}, BadTableError),
        ([1.0, np.nan], ["a", "b"], {}, BadTableError),
        ([1.0, 2.0], ["a", "b"], {"statistic": "slope"}, BadTableError),
        ([1.0, 2.0], ["a", "b"], {"statistic": "mode"}, BadSettingError),
        ([1.0, 2.0], ["a", "b"], {"level": 95}, BadSettingError),
    ],
)
def test_bad_input_is_named(values, groups, arguments, error):
    with pytest.raises(error):
        bootstrap_ci(values, groups, **arguments)


def test_interval_text():
    assert interval_text(0.554, 0.411, 0.66) == "0.55 [0.41,\N{NO-BREAK SPACE}0.66]"


def test_the_ceiling_of_a_truth_with_known_errors():
    rng = np.random.default_rng(0)
    true = rng.normal(size=20_000)
    values = np.stack([scale * true + rng.normal(0, sd, true.size) for scale, sd in ((1, 0.5), (0.3, 0.2), (2, 3))], axis=1)
    annotated, first, second = (scale / np.hypot(scale, sd) for scale, sd in ((1, 0.5), (0.3, 0.2), (2, 3)))
    np.testing.assert_allclose(ceiling(values), [annotated**2, annotated, first, second], atol=0.03)
