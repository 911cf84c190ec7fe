"""One person against healthy people: percentiles as counted, findings as defined, sides as clinicians say them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_research.errors import BadTableError
from bp_research.face.geometry import asymmetry, eye_frame, mirror_difference
from bp_research.face.schemes import FEATURES, MIRROR_68, REGIONS
from bp_research.people.one_person import (
    ABNORMAL,
    HEALTHY,
    NOISE,
    by_region,
    compare,
    left_out,
    mirror_distance,
    most_affected,
    percentile,
)

numbers = st.lists(st.integers(-5, 5), min_size=1, max_size=30)


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=8), numbers)
def test_percentile_is_the_share_below_with_ties_counted_half(values, reference):
    expected = [100 * sum((r < v) + (r == v) / 2 for r in reference) / len(reference) for v in values]
    np.testing.assert_allclose(percentile(values, reference), expected, atol=1e-9)


def test_percentile_refuses_an_empty_reference_and_passes_nan_on():
    assert np.isnan(percentile([np.nan], [1.0])).all()
    with pytest.raises(BadTableError):
        percentile([1.0], [])


def cohort(n=39, seed=0):
    """A table of healthy people with the values 1..n in every feature and of small asymmetries, in random order."""
    rng = np.random.default_rng(seed)
    values = {name: rng.permutation(np.arange(1.0, n + 1)) for name in FEATURES}
    values |= {name: rng.permutation(np.linspace(-0.02, 0.02, n)) for name in REGIONS}
    about = {"patient_id": [f"N{i}" for i in range(n)], "photo_id": [f"N{i}_1" for i in range(n)]}
    return pd.DataFrame({**about, "group": "Normal", "expression": "at rest", **values})


def patient(value, region=0.0, **intervals):
    row = {"patient_id": "P", "photo_id": "P_1", "group": "Flaccid", "expression": "at rest"}
    return pd.DataFrame([{**row, **dict.fromkeys(FEATURES, value), **dict.fromkeys(REGIONS, region), **intervals}])


def finding(found, name):
    return found.set_index("quantity").loc[name, "finding"]


def test_abnormal_noise_and_healthy_follow_their_definitions():
    # of 39 healthy people the 95 % limit is the 38th value, which one newcomer in 20 exceeds
    for value, low, expected in [(20, 15, HEALTHY), (38, 37, HEALTHY), (45, 30, NOISE), (45, 42, ABNORMAL)]:
        found = compare(patient(value, f14_low=low, f14_high=50), cohort())
        assert found.set_index("quantity").loc["f14", "limit_high"] == pytest.approx(38)
        assert finding(found, "f14") == expected
    assert finding(compare(patient(45), cohort()), "f14") == ABNORMAL


def test_proportions_can_be_too_small_and_asymmetries_cannot():
    found = compare(patient(0.0), cohort())
    assert finding(found, "f28") == ABNORMAL
    assert finding(found, "f14") == HEALTHY


def test_regions_count_by_size_and_say_which_side_is_higher():
    for sign, side in ((1, "left"), (-1, "right")):
        found = compare(patient(20, region=0.1 * sign), cohort()).set_index("quantity").loc["mouth"]
        assert (found["higher"], found["percentile"], found["finding"]) == (side, 100, ABNORMAL)
        assert (found["side"], found["how"]) == ("right" if side == "left" else "left", "lower")
    crossing = compare(patient(20, region=0.03, mouth_low=-0.01, mouth_high=0.06), cohort())
    assert finding(crossing, "mouth") == NOISE


def test_regions_are_summed_up_by_their_largest_difference():
    photos = [patient(20, region=r).assign(photo_id=f"P_{i}", expression="at rest") for i, r in enumerate((0.0, 0.1, -0.3))]
    found = by_region(compare(pd.concat(photos), cohort()))
    assert found.index.tolist() == list(REGIONS)
    assert (found[ABNORMAL] == 2).all() and (found[NOISE] == 0).all()
    assert (found["value"] == 0.3).all() and found["how"].tolist() == ["lower", "lower", "less open"]
    assert (found["side"] == "left").all()


def test_the_most_affected_is_of_the_highest_severity_and_was_measured():
    healthy = cohort(3).assign(severity=1.0)
    table = pd.concat([healthy, patient(1).assign(severity=3.0)])
    worse = patient(1).assign(severity=5.0, patient_id="Q")
    assert most_affected(pd.concat([table, worse])) == "Q"
    assert most_affected(pd.concat([table, patient(np.nan).assign(severity=5.0, patient_id="Q")])) == "P"
    assert most_affected(table.assign(severity=np.nan)) == "P"
    assert most_affected(healthy) == "N0"
    with pytest.raises(BadTableError, match="could be measured"):
        most_affected(patient(np.nan))


def test_an_eye_that_does_not_close_is_marked_and_not_its_healthy_fellow():
    for expression, side, how in (("open smile", "right", "less open"), ("gentle eye closure", "left", "less closed")):
        found = compare(patient(20, region=0.1).assign(expression=expression), cohort()).set_index("quantity").loc["eyes"]
        assert (found["higher"], found["side"], found["how"]) == ("left", side, how)


def test_healthy_newcomers_are_found_abnormal_as_often_as_the_level_says():
    rng = np.random.default_rng(1)
    table = cohort(80)
    table[[*FEATURES, *REGIONS]] = rng.normal(size=(80, len(FEATURES) + 3))
    outside = left_out(table)
    assert len(outside) == 80
    assert outside.mean() == pytest.approx(0.05, abs=0.015)


def test_a_healthy_person_is_not_compared_with_own_photos_and_expressions_are_kept_apart():
    table = cohort()
    others = table.assign(expression="brow raise", patient_id="B" + table["patient_id"])
    found = compare(table.iloc[:1], pd.concat([table, others]))
    assert set(found["n"]) == {38}
    unknown = compare(table.iloc[:1].assign(expression="whistle"), pd.concat([table, others]))
    assert set(unknown["n"]) == {77}


def test_nobody_to_compare_with_is_said():
    with pytest.raises(BadTableError, match="healthy"):
        compare(patient(1), cohort().assign(group="Flaccid"))


def test_arrows_to_the_mirror_image():
    rng = np.random.default_rng(2)
    points = rng.normal(size=(5, 68, 2)) * 10
    points[:, 36, 0], points[:, 45, 0] = -50, 50
    arrows = mirror_difference(points)
    framed = eye_frame(points)
    # a face less its mirror image, taken off by half, is symmetric: its arrows vanish
    symmetric = framed - arrows / 2
    np.testing.assert_allclose(symmetric, symmetric[:, MIRROR_68] * (-1, 1), atol=1e-12)
    np.testing.assert_allclose(mirror_difference(symmetric), 0, atol=1e-12)
    np.testing.assert_allclose(mirror_distance(symmetric), 0, atol=1e-12)
    lopsided = symmetric[0].copy()
    lopsided[30] += (0.255, 0)  # the nose's tip, a point of the midline, is twice as far from its mirror image
    assert mirror_distance(lopsided) == pytest.approx(2 * 0.255 / 51)
    # at the mouth's corner the arrow's height is the signed asymmetry that the tables hold
    np.testing.assert_allclose(-arrows[:, 54, 1], asymmetry(points)[:, 0], atol=1e-12)
    np.testing.assert_allclose(arrows[:, 48, 1], asymmetry(points)[:, 0], atol=1e-12)
