"""Recovery: dated photos are read as they lie, changes are called detectable as seldom as the level says."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from bp_research.demo.cohort import make_person, simulate
from bp_research.errors import BadSettingError, BadTableError
from bp_research.face.geometry import asymmetry
from bp_research.face.schemes import EXPRESSIONS, REGIONS
from bp_research.people.recovery import (
    changes,
    check_on_stable,
    copies_error,
    course_table,
    healthy_band,
    load_series,
    measurement_error,
    scores,
    smallest_detectable_change,
    standard_error,
)


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"the pictures themselves are not read here")
    return path


def test_csv_and_folder_of_the_same_photos_agree(tmp_path):
    rows = []
    for when in ("2024-03-31", "2024-01-08"):
        for i, expression in enumerate(EXPRESSIONS, 1):
            path = photo(tmp_path / "anna" / when / f"anna_{when}_{i}.jpg")
            rows.append({"date": when, "expression": expression, "path": path.relative_to(tmp_path).as_posix()})
    pd.DataFrame(rows).to_csv(tmp_path / "anna.csv", index=False)
    for series in (load_series(tmp_path / "anna.csv"), load_series(tmp_path / "anna")):
        assert [p.task for p in series] == ["2024-01-08"] * 8 + ["2024-03-31"] * 8
        assert [p.expression for p in series][:8] == list(EXPRESSIONS)
        assert series.people == ["anna"] and not series.simulated


def test_folder_takes_dates_and_expressions_from_names(tmp_path):
    for name in ("2024-01-08 open smile.jpg", "IMG_2023-12-01_brow-raise.jpg", "2024-02-30_2024-02-29.jpg"):
        photo(tmp_path / name)
    found = [(p.task, p.expression) for p in load_series(tmp_path)]
    assert found == [("2023-12-01", "brow raise"), ("2024-01-08", "open smile"), ("2024-02-29", None)]


def test_simulated_series_say_so(tmp_path):
    photo(tmp_path / "bob" / "2024-01-08.jpg")
    (tmp_path / "SIMULATED.txt").write_text("made up")
    series = load_series(tmp_path / "bob")
    assert series.simulated and "simulated" in series.name


@pytest.mark.parametrize(
    "text, message",
    [
        ("date,path\n2024-01-08,a.jpg\n", "expression"),
        ("date,expression,path\n8 January,,a.jpg\n", "date like.*line 2"),
        ("date,expression,path\n2024-01-08,,b.jpg\n", "no such photo in line 2"),
        ("date,expression,path\n", "no photo"),
    ],
)
def test_bad_lists_are_refused_with_the_line(tmp_path, text, message):
    photo(tmp_path / "a.jpg")
    (tmp_path / "series.csv").write_text(text)
    with pytest.raises(BadTableError, match=message):
        load_series(tmp_path / "series.csv")


def test_folder_without_dates_is_refused(tmp_path):
    photo(tmp_path / "a.jpg")
    with pytest.raises(BadTableError, match="1 of 1 photos have no date"):
        load_series(tmp_path)


def table_of(values, expressions=("a", "b"), person="P", group=None):
    """A measured table from (dates, expressions, 3) signed asymmetries."""
    rows = []
    for d, day in enumerate(values):
        for expression, value in zip(expressions, day, strict=True):
            about = {"patient_id": person, "group": group, "task": f"2024-01-{d + 1:02d}", "expression": expression}
            rows.append(about | dict(zip(REGIONS, value, strict=True)))
    return pd.DataFrame(rows)


def test_score_is_the_mean_size_over_expressions_measured_each_time():
    values = np.array([[[0.1, 0, 0], [-0.3, 0, 0]], [[0.2, 0, 0], [-0.2, 0, 0]]])
    np.testing.assert_allclose(scores(table_of(values))["mouth"], [0.2, 0.2])
    table = table_of(values)
    table.loc[3, list(REGIONS)] = np.nan
    found = scores(table)
    assert found.attrs["expressions"] == ["a"]
    np.testing.assert_allclose(found["mouth"], [0.1, 0.2])
    with pytest.raises(BadTableError, match="every date"):
        scores(table.drop(index=0))


def test_medians_of_changed_copies_count_where_there_are_any():
    table = table_of(np.full((2, 2, 3), 0.1)).assign(mouth_median=-0.2)
    found = scores(table)
    np.testing.assert_allclose(found, [[0.2, 0.1, 0.1]] * 2)


def test_healthy_band_holds_the_level_of_people():
    people = [table_of(np.full((1, 2, 3), i / 100), person=f"N{i}", group="Normal") for i in range(1, 40)]
    band = healthy_band(pd.concat(people), ["a", "b"])
    assert band.loc["mouth", "n"] == 39
    assert band.loc["mouth", "limit"] == pytest.approx(0.38)
    with pytest.raises(BadTableError, match="no healthy person"):
        healthy_band(pd.concat(people), ["c"])


def test_smallest_detectable_change_is_the_published_formula():
    # Weir 2005: 1.96 * sqrt(2) * SEM
    assert smallest_detectable_change(0.5) == pytest.approx(1.96 * np.sqrt(2) * 0.5, rel=1e-4)
    assert smallest_detectable_change(1, freedom=8) == pytest.approx(2.306 * np.sqrt(2), rel=1e-3)  # tabled t
    with pytest.raises(BadSettingError):
        smallest_detectable_change(1, level=95)


@given(st.integers(1, 50), st.floats(0.5, 0.99), st.floats(1, 100))
def test_more_comparisons_and_fewer_repeats_ask_for_larger_changes(comparisons, level, freedom):
    one = smallest_detectable_change(1, level)
    assert smallest_detectable_change(1, level, freedom) >= one - 1e-9
    assert smallest_detectable_change(1, level, comparisons=comparisons) >= one - 1e-9


def test_standard_error_is_the_deviation_of_repeats():
    values = np.random.default_rng(0).normal(size=(2000, 3)) * (1, 2, 3)
    error, freedom = standard_error(values)
    np.testing.assert_allclose(error, (1, 2, 3), rtol=0.05)
    assert freedom == 1999
    single, _ = standard_error([1.0, 2.0, 4.0, 1.0])  # mean 2, squares 1 + 0 + 4 + 1
    assert single == pytest.approx(np.sqrt(6 / 3))
    with pytest.raises(BadTableError, match="two measurements"):
        standard_error(values[:1])


@pytest.mark.parametrize("together", [True, False])
def test_noise_passes_for_change_as_seldom_as_the_level_says(together):
    """Faces that do not change, on five dates, with the noise known from nine repeats only."""
    rng = np.random.default_rng(1)
    alarms = []
    for _ in range(400):
        error, freedom = standard_error(rng.normal(size=(9, 3)))
        days = pd.date_range("2024-01-01", periods=5, name="date")
        found = changes(pd.DataFrame(rng.normal(size=(5, 3)), days, REGIONS), error, freedom=freedom, together=together)
        alarms.append(found["detectable"].any() if together else found["detectable"].mean())
    assert np.mean(alarms) < 0.07


def test_a_course_in_a_line_has_its_first_detectable_change():
    days = pd.date_range("2024-01-01", periods=4, name="date")
    found = pd.DataFrame({"mouth": [0.5, 0.45, 0.1, 0.2], "brows": 0.1, "eyes": 0.1}, days)
    band = pd.DataFrame({"limit": [0.05, 0.06, 0.07]}, list(REGIONS))
    lines = course_table(found, changes(found, 0.02), band)
    assert lines.loc["mouth", "changed since"] == days[2].date() and lines["changed since"].isna().sum() == 2
    assert lines.loc["mouth", ["first", "last", "change"]].tolist() == pytest.approx([0.5, 0.2, -0.3])
    assert lines["healthy limit"].tolist() == [0.05, 0.06, 0.07]
    assert course_table(found, changes(found, 1.0))["changed since"].isna().all()


def test_the_noise_is_from_a_stable_person_if_there_is_one():
    rng = np.random.default_rng(0)
    table = table_of(np.zeros((2, 2, 3))).assign(**{f"{r}_{end}": 0.0 for r in REGIONS for end in ("low", "high")})
    assert measurement_error(table, ["a", "b"])[1] == np.inf
    stable = table_of(rng.uniform(0, 1, (5, 2, 3)))
    error, freedom = measurement_error(table, ["a", "b"], stable)
    np.testing.assert_allclose(error, scores(stable).std(ddof=1))
    assert freedom == 4


def simulated_scores(number, severities, expressions=EXPRESSIONS, seed=0):
    """Scores of one simulated person, one visit per severity, from the true landmarks: (visits, 3)."""
    person = make_person(number, seed, "flaccid", severities[0])
    points = [
        [simulate(person, e, severity=s, visit=v, picture=False)[1] for e in expressions]
        for v, s in enumerate(severities)
    ]
    table = table_of(asymmetry(np.array(points)), expressions)
    return scores(table)


def test_200_stable_simulated_people_show_no_detectable_change():
    together, alone = check_on_stable(200)
    assert together >= 0.93
    assert 0.93 <= alone <= 0.97


def test_noise_of_copies_is_their_deviation_over_the_root_of_the_expressions():
    rng = np.random.default_rng(0)
    table = table_of(np.zeros((20, 2, 3)))
    low, high = np.quantile(rng.normal(size=(100_000, 3)) * (1, 2, 3), [0.05, 0.95], axis=0)
    for name, ends in zip(REGIONS, zip(low, high, strict=True), strict=True):
        table[f"{name}_low"], table[f"{name}_high"] = ends
    np.testing.assert_allclose(copies_error(table, ["a", "b"]), np.array([1, 2, 3]) / np.sqrt(2), rtol=0.02)
    with pytest.raises(BadTableError, match="_low"):
        copies_error(table_of(np.zeros((20, 2, 3))), ["a", "b"])


def test_the_score_follows_a_simulated_recovery():
    severities = [5.6, 5.3, 5.0, 4.3, 3.6, 2.8, 2.1, 1.6, 1.3]
    found = simulated_scores(2000, severities)
    for region in REGIONS:
        assert spearmanr(found[region], severities).statistic >= 0.9
    stable = simulated_scores(2001, [3.4] * 9)
    error, freedom = standard_error(stable)
    detected = changes(found, error, freedom=freedom).set_index(["date", "region"])["detectable"].unstack()
    assert detected.iloc[-1].all()
    assert not changes(stable, error, freedom=freedom)["detectable"].any()
