import numpy as np
import pandas as pd
import pytest

from bp_research import LandmarkTester
from bp_research.errors import BadSettingError, BadTableError
from bp_research.measuring.intervals import apply_calibration, calibrate_intervals, coverage, cross_calibrate


def simulated_table(people=200, photos=1, levels=(0.5, 0.9), bias=0.0, error=3.0, seed=0, quantities=("mouth", "f25")):
    """Intervals whose photos differ in how sure they are; the truth is off by ``error`` times the spread, and biased."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        for photo in range(photos):
            for quantity in quantities:
                spread = rng.uniform(0.5, 2)
                value = rng.normal(50, 1)
                truth = value + bias + error * spread * rng.standard_normal()
                for level in levels:
                    half = spread * {0.5: 0.674, 0.9: 1.645, 0.2: 0.253}[level]
                    row = (f"p{person}", f"p{person}-{photo}", quantity, level, value, value - half, value + half)
                    rows.append((*row, spread, truth))
    names = ["patient_id", "photo_id", "quantity", "level", "value", "low", "high", "spread", "truth"]
    return pd.DataFrame(rows, columns=names)


@pytest.mark.parametrize(("bias", "error"), [(0, 3), (0, 0.3), (4, 1)])
def test_after_calibration_new_people_are_covered_as_often_as_said(bias, error):
    calibration = calibrate_intervals(simulated_table(seed=1, bias=bias, error=error))
    new = simulated_table(people=2000, seed=2, bias=bias, error=error)
    before, after = coverage(new)["held"], coverage(apply_calibration(new, calibration))["held"]
    for level in (0.5, 0.9):
        assert abs(before[level] - level) > 0.05
        assert after[level] == pytest.approx(level, abs=0.05)


def test_out_of_fold_covers_as_well_and_keeps_the_order():
    table = simulated_table(people=80, photos=3)
    after = cross_calibrate(table, folds=8)
    unchanged = ["patient_id", "photo_id", "quantity", "level", "value", "spread", "truth"]
    pd.testing.assert_frame_equal(after[unchanged], table[unchanged])
    for level, held in coverage(after)["held"].items():
        assert held == pytest.approx(level, abs=0.05)


def test_out_of_fold_a_person_does_not_calibrate_itself():
    table = simulated_table(people=20, levels=(0.5,))
    odd = table["patient_id"] == "p7"
    changed = table.assign(truth=table["truth"].where(~odd, 1e6))
    same = cross_calibrate(table)[odd], cross_calibrate(changed)[odd]
    assert same[0]["low"].tolist() == same[1]["low"].tolist()
    assert same[0]["high"].tolist() == same[1]["high"].tolist()


def test_factors_are_the_quantiles_of_the_definition():
    # 9 people at scores -4..4, level 0.8: a tail of 1 of 10 ranks on either side, the smallest and the largest score
    scores = np.arange(-4.0, 5)
    table = pd.DataFrame(
        {"patient_id": [f"p{i}" for i in range(9)], "photo_id": [f"p{i}" for i in range(9)], "quantity": "eyes"}
        | {"level": 0.8, "value": 0.0, "low": 0.0, "high": 0.0, "spread": 1.0, "truth": 2 * scores}
    )
    row = calibrate_intervals(table).iloc[0]
    assert (row["floor"], row["low"], row["high"], row["people"]) == (1.0, -4.0, 4.0, 9)
    with pytest.raises(BadTableError, match="39 are needed"):
        calibrate_intervals(table.assign(level=0.95))


def test_many_photos_of_one_person_count_as_one_person():
    one = simulated_table(people=40, levels=(0.5,), quantities=("mouth",))
    repeated = pd.concat([one, *[one[one["patient_id"] == "p3"].assign(photo_id=f"more-{i}") for i in range(50)]])
    a, b = (calibrate_intervals(t).iloc[0] for t in (one, repeated))
    assert b["people"] == 40
    # the floor is a property of photos and may move; the quantiles in units of the spread hardly do
    assert (b["high"] * (b["floor"] + 1), b["low"] * (b["floor"] + 1)) == pytest.approx(
        (a["high"] * (a["floor"] + 1), a["low"] * (a["floor"] + 1)), rel=0.25
    )


def test_calibrated_intervals_nest_and_keep_what_is_possible():
    calibration = calibrate_intervals(
        simulated_table(levels=(0.2, 0.5, 0.9), quantities=("f3", "f0", "mouth"), error=90)
    )
    new = simulated_table(people=50, levels=(0.2, 0.5, 0.9), quantities=("f3", "f0", "mouth"), seed=5)
    wide = apply_calibration(new, calibration).set_index(["photo_id", "quantity", "level"])
    for inner, outer in ((0.2, 0.5), (0.5, 0.9)):
        assert (wide.xs(outer, level="level")["low"] <= wide.xs(inner, level="level")["low"]).all()
        assert (wide.xs(outer, level="level")["high"] >= wide.xs(inner, level="level")["high"]).all()
    least = wide.groupby("quantity")["low"].min()
    assert (least["f3"], least["f0"]) == (1.0, 0.0)
    assert least["mouth"] < 0


def test_coverage_counts_and_measures_widths_in_standard_deviations():
    table = simulated_table(people=50, photos=2, levels=(0.5,), quantities=("mouth",))
    table["low"], table["high"] = table["truth"] - 1, table["truth"] + 1
    table.loc[:24, "low"] = table["truth"] + 0.5
    row = coverage(table).loc[0.5]
    assert row["held"] == 0.75
    widths = np.where(np.arange(100) < 25, 0.5, 2) / table["truth"].std()
    assert row["width"] == pytest.approx(widths.mean())
    assert (row["photos"], row["people"]) == (100, 50)


def test_the_tester_takes_a_calibration():
    from matplotlib.cbook import get_sample_data

    tester = LandmarkTester(get_sample_data("grace_hopper.jpg", asfileobj=False), "iBUG").run(num_test=8)
    plain = tester.feature_intervals(0.5)
    quantities = list(plain.index)
    factors = {"quantity": quantities, "level": 0.5, "floor": 1.0, "low": -2.0, "high": 3.0, "people": 40}
    calibrated = tester.feature_intervals(0.5, calibration=pd.DataFrame(factors))
    assert list(calibrated.columns) == list(plain.columns)
    row, before = calibrated.loc["mouth"], plain.loc["mouth"]
    assert row["high"] == pytest.approx(before["value"] + 3 * (before["spread"] + 1))
    assert row["low"] == pytest.approx(before["value"] - 2 * (before["spread"] + 1))
    with pytest.raises(BadSettingError, match="made for the levels 0.5"):
        tester.feature_intervals(0.9, calibration=pd.DataFrame(factors))


def test_tables_without_rows_or_columns_are_refused():
    table = simulated_table(people=20)
    with pytest.raises(BadTableError, match="truth"):
        calibrate_intervals(table.drop(columns="truth"))
    with pytest.raises(BadTableError, match="no rows"):
        coverage(table[:0])
    with pytest.raises(BadSettingError, match="folds"):
        cross_calibrate(table, folds=21)
