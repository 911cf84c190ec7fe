"""Measures of constructed faces whose heights are known, scores worked out by hand, one scale per person."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from faces import symmetric_face
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from bp_research import (
    GetLandmarks,
    PersonScale,
    auto_eface,
    clinical_measures,
    fngs,
    measure_cohort,
    movement_score,
    suggest_affected_side,
    sunnybrook,
)
from bp_research.clinical.eface import DYNAMIC, STATIC
from bp_research.datasets import open_dataset
from bp_research.errors import BadLandmarksError, BadSettingError, BadTableError, ScalingError
from bp_research.face.geometry import mirror, rotate
from bp_research.face.measures import DICTIONARY, MEASURES, QUANTITIES
from bp_research.measuring.clinical import in_millimetres
from bp_research.people.healthy_norms import ALL_AGES, COPIES, read_norms

SIDES = ["right", "left"]
SIDED = DICTIONARY.loc[DICTIONARY["column"] == "right", "measure"]
SINGLE = [measure for measure in MEASURES if measure not in set(SIDED)]


def parabola(x, middle, height, bend):
    """Rows of (x, y), y downwards; a line that smoothing must leave as it is."""
    x = np.asarray(x, float)
    return np.stack([x, -(height + bend * (x - middle) ** 2)], axis=1)


def drawn_face():
    """A face whose parts lie on lines and parabolas, in px, and whose irises are 2 x 5.885 px wide: 1 px is 1 mm.

    The eyes' centres lie at (-30, 0) and (30, 0), the midline is x = 0. The subject's left brow and mouth corner hang.
    """
    face = symmetric_face()
    face[17:22] = parabola([-45, -38, -30, -22, -15], -30, 24, -0.01)
    face[22:27] = parabola([15, 22, 30, 38, 45], 30, 20, -0.01)
    for points, middle, upper, lower in (([36, 37, 38, 39, 40, 41], -30, 5, 6), ([42, 43, 44, 45, 46, 47], 30, 4, 7)):
        x = middle + np.array([-15, -5, 5, 15])
        face[points[:4]] = parabola(x, middle, upper, -upper / 225)
        face[[points[0], points[5], points[4], points[3]]] = parabola(x, middle, -lower, lower / 225)
        face[points[0], 1] = face[points[3], 1] = 0
    x = np.array([-25, -16, -8, 0, 8, 16, 25])
    face[48:55] = (
        parabola(x, 0, -55, -0.01) + np.array([0, 0.1]) * (x + 25)[:, None]
    )  # 5 px lower on the subject's left
    lower_lip = [48, 59, 58, 57, 56, 55, 54]
    face[lower_lip] = parabola(x, 0, -75, 0.022) + np.array([0, 0.1]) * (x + 25)[:, None]
    face[[48, 54], 1] = [61.25, 66.25]
    x = np.array([-22, -10, 0, 10, 22])
    face[60:65] = parabola(x, 0, -60, 0)
    face[[60, 67, 66, 65, 64]] = parabola(x, 0, -68, 8 / 22**2)
    return face


IRISES = {"right_iris": (-30, 0, 5.885), "left_iris": (30, 0, 5.885)}


def half_way(corner, slope):
    """Where the drawn upper lip is 12.5 px from a mouth corner at (+-25, ...), by another way than the package's."""

    def lip(x):
        return 55 + 0.01 * x**2 + 0.1 * (x + 25)

    x = brentq(lambda x: np.hypot(x - corner, lip(x) - lip(corner)) - 12.5, corner, 0)
    return x, lip(x)


def test_a_drawn_face_is_measured_as_it_was_drawn():
    table = clinical_measures(drawn_face(), **IRISES)
    assert list(table.index) == [
        *("brow height", "margin reflex distance 1", "margin reflex distance 2", "palpebral fissure height"),
        *("commissure excursion", "smile angle", "dental show", "mouth opening", "commissure height"),
        *("upper lip height", "lower lip height", "philtrum deviation", "eye area", "dental area"),
    ]
    assert list(table) == ["right", "left", "difference", "percent", "unit"]

    def sides(measure):
        return table.loc[measure, SIDES].tolist()

    assert sides("brow height") == pytest.approx([24, 20])
    assert sides("margin reflex distance 1") == pytest.approx([5, 4])
    assert sides("margin reflex distance 2") == pytest.approx([6, 7])
    assert sides("palpebral fissure height") == pytest.approx([11, 11])
    # the lower lip crosses the midline at 75 + 0.1 * 25 px; the corners lie 25 px to either side, at 61.25 and 66.25 px
    crossing = 77.5
    runs = np.array([[25, crossing - 61.25], [25, crossing - 66.25]])
    assert sides("commissure excursion") == pytest.approx(np.hypot(*runs.T), rel=1e-3)
    assert sides("smile angle") == pytest.approx(90 + np.degrees(np.arcsin(runs[:, 1] / np.hypot(*runs.T))), rel=1e-3)
    places = [half_way(-25, 0.1), half_way(25, 0.1)]
    assert sides("dental show") == pytest.approx([8 - 8 / 22**2 * x**2 for x, _ in places])
    lower = [75 - 0.022 * x**2 + 0.1 * (x + 25) for x, _ in places]
    assert sides("mouth opening") == pytest.approx(
        [low - up for low, (_, up) in zip(lower, places, strict=True)], abs=0.01
    )
    assert table.loc["commissure height", "difference"] == pytest.approx(5)
    assert table.loc["upper lip height", "difference"] == pytest.approx(abs(places[0][1] - places[1][1]))
    assert table.loc["lower lip height", "difference"] == pytest.approx(abs(lower[0] - lower[1]), abs=0.01)
    assert table.loc["philtrum deviation", "difference"] == pytest.approx(0)
    # half the area between two parabolas of the depth 8 over 44 px
    assert sides("dental area") == pytest.approx([2 / 3 * 8 * 22] * 2, rel=1e-3)
    eye = [(-45, 0), (-35, -5 + 5 / 9), (-25, -5 + 5 / 9), (-15, 0), (-25, 6 - 6 / 9), (-35, 6 - 6 / 9)]
    upper, lower = 5 - 5 / 9, 6 - 6 / 9  # trapezia of the widths 30 and 10
    assert table.loc["eye area", "right"] == pytest.approx((30 + 10) / 2 * (upper + lower)) and len(eye) == 6
    assert table.loc["smile angle", "unit"] == "degrees" and table.loc["eye area", "unit"] == "mm²"


def test_differences_and_percentages():
    table = clinical_measures(drawn_face(), **IRISES)
    assert table.loc["brow height", "difference"] == pytest.approx(-4)  # left - right
    assert table.loc["brow height", "percent"] == pytest.approx(100 * 20 / 24)
    assert table.loc["margin reflex distance 2", "percent"] == pytest.approx(100 * 6 / 7)
    assert table.loc[list(SINGLE), [*SIDES, "percent"]].isna().all(axis=None)
    assert set(SIDED) | set(SINGLE) == set(MEASURES) and table.drop(columns=["percent"]).loc[list(SIDED)].notna().all(
        axis=None
    )


def test_a_lid_below_the_iris_centre_counts_negative():
    face = drawn_face()
    face[[43, 44], 1] += 8
    table = clinical_measures(face, **IRISES)
    assert table.loc["margin reflex distance 1", "left"] < 0 < table.loc["margin reflex distance 1", "right"]


def test_closed_lips_show_no_teeth():
    face = drawn_face()
    face[[65, 66, 67]] = face[[63, 62, 61]] - [0, 1]  # lower inner lip above the upper one
    table = clinical_measures(face, **IRISES)
    assert table.loc["dental show", SIDES].tolist() == table.loc["dental area", SIDES].tolist() == [0, 0]
    assert np.isnan(table.loc["dental show", "percent"])


def faces():
    return st.integers(0, 2**32 - 1).map(
        lambda seed: drawn_face() + np.random.default_rng(seed).uniform(-2, 2, (68, 2))
    )


@settings(max_examples=30, deadline=None)
@given(faces(), st.floats(-170, 170), st.floats(0.2, 30), st.floats(-2000, 2000))
def test_moving_turning_and_scaling_change_nothing(points, angle, factor, way):
    def changed(some):
        return rotate(np.asarray(some)[None], angle)[0] * factor + way

    moved = {name: (*changed([iris[:2]])[0], iris[2] * factor) for name, iris in IRISES.items()}
    before, after = clinical_measures(points, **IRISES), clinical_measures(changed(points), **moved)
    numbers = before.columns.drop("unit")
    assert np.allclose(
        before[numbers].to_numpy(float), after[numbers].to_numpy(float), atol=1e-9, rtol=1e-9, equal_nan=True
    )


@settings(max_examples=30, deadline=None)
@given(faces())
def test_a_mirrored_face_has_its_sides_swapped(points):
    before = clinical_measures(points, **IRISES)
    swapped = {one: (-x, y, r) for one, (x, y, r) in zip(IRISES, reversed(IRISES.values()), strict=True)}
    after = clinical_measures(mirror(points), **swapped)
    for one, other in (("right", "left"), ("left", "right"), ("percent", "percent")):
        assert np.allclose(before[one], after[other], atol=1e-9, rtol=0, equal_nan=True)
    sided = list(SIDED)
    assert np.allclose(before.loc[sided, "difference"], -after.loc[sided, "difference"], atol=1e-9)
    assert np.allclose(before.loc[list(SINGLE), "difference"], after.loc[list(SINGLE), "difference"], atol=1e-9)


def test_points_above_each_other_are_measured_and_a_line_of_them_refused():
    face = drawn_face()
    face[[37, 41]] = face[[36, 36]] + [[0, -3], [0, 3]]  # lids that begin straight up, on which splines fail
    face[49] = face[48] + [-1, -4]  # a lip that turns back
    table = clinical_measures(face, **IRISES)
    assert table.loc[list(SIDED), SIDES].notna().all(axis=None)
    face[17:22, 0] = -30
    with pytest.raises(BadLandmarksError, match="above each other"):
        clinical_measures(face, **IRISES)


def test_without_irises_shares_of_the_eyes_distance_and_it_says_so():
    table = clinical_measures(drawn_face())
    assert set(table["unit"]) == {"inter-ocular distance", "degrees", "inter-ocular distance²"}
    assert "iris" in table.attrs["why"]["mm"]
    # both eyes lie level and symmetric, so that their corners' middles are where the irises are; the outer corners 90 px apart
    scaled = clinical_measures(drawn_face(), **IRISES)
    power = (
        table["unit"].map({"degrees": 0, "inter-ocular distance": 1, "inter-ocular distance²": 2}).to_numpy()[:, None]
    )
    assert np.allclose(table[SIDES].to_numpy() * 90.0**power, scaled[SIDES].to_numpy(), equal_nan=True)
    assert "why" not in scaled.attrs


def detected(points, **irises):
    return SimpleNamespace(landmarks=points, **{"left_iris": None, "right_iris": None, **irises})


def test_a_found_face_and_its_landmarks_give_the_same():
    pd.testing.assert_frame_equal(
        clinical_measures(detected(drawn_face(), **IRISES)), clinical_measures(drawn_face(), **IRISES)
    )
    twice = clinical_measures(drawn_face(), **IRISES, iris_diameter_mm=2 * 11.77)
    assert twice.loc["brow height", "right"] == pytest.approx(48)
    one_eye = clinical_measures(drawn_face(), right_iris=IRISES["right_iris"])
    assert one_eye.loc["brow height", SIDES].tolist() == pytest.approx([24, 20]) and one_eye["unit"].iloc[0] == "mm"


def test_one_scale_per_person_never_from_a_closed_eye():
    wide, narrow = {"right_iris": (-30, 0, 6)}, {"right_iris": (-30, 0, 3), "left_iris": (30, 0, 3)}
    smile, closed = detected(drawn_face(), **wide), detected(drawn_face() * 2)
    scale = PersonScale(
        {"at rest": detected(drawn_face(), **narrow), "open smile": smile, "gentle eye closure": closed}
    )
    assert scale.interocular_mm == pytest.approx(90 * 11.77 / 6) and scale.n == 1  # 90 px apart, irises of 6 px at rest
    # in a photo of twice the size, without an iris, the distance of the eye corners is the ruler
    assert clinical_measures(closed, scale=scale).loc["brow height", "right"] == pytest.approx(24 * 11.77 / 6)
    without_rest = PersonScale([smile, closed, detected(drawn_face(), **narrow)])
    assert without_rest.n == 2 and without_rest.interocular_mm == pytest.approx(90 * 11.77 / np.median([12, 6]))
    with pytest.raises(ScalingError, match="open eyes"):
        PersonScale([closed])


@pytest.mark.parametrize("iris", [(1, 2), (1, 2, 0), (1, np.nan, 3), "left", ("a", "b", "c")])
def test_bad_irises_are_refused(iris):
    with pytest.raises(ScalingError, match="right_iris"):
        clinical_measures(drawn_face(), right_iris=iris)


def test_bad_landmarks_and_diameters_are_refused():
    for diameter in (0, -1, np.nan, "wide", None):
        with pytest.raises(BadSettingError, match="iris_diameter_mm"):
            clinical_measures(drawn_face(), **IRISES, iris_diameter_mm=diameter)
    for points in (np.zeros((68, 2)), np.zeros((51, 2)), np.full((68, 2), np.nan), "photo.jpg"):
        with pytest.raises(BadLandmarksError):
            clinical_measures(points)


def made_up(unit="mm", **sides):
    """A table with (right, left) of some measures."""
    table = clinical_measures(drawn_face(), **IRISES)
    table[SIDES] = np.nan
    table["unit"] = unit
    for measure, values in sides.items():
        table.loc[measure.replace("_", " "), SIDES] = values
    return table


def patient():
    """Made-up measures of a weak left side, (right, left), mm and degrees."""
    fissure = "palpebral_fissure_height"
    return {
        "at rest": made_up(
            brow_height=(20, 19), **{fissure: (9, 10)}, commissure_excursion=(30, 28), smile_angle=(110, 100)
        ),
        "brow raise": made_up(brow_height=(26, 20.5)),
        "gentle eye closure": made_up(**{fissure: (0.4, 4)}),
        "tight eye closure": made_up(**{fissure: (0, 0.9)}),
        "open smile": made_up(commissure_excursion=(38, 31), **{fissure: (7, 5)}),
        "lip pucker": made_up(**{fissure: (8, 6.4)}),
        "lower teeth show": made_up(dental_show=(5, 1)),
    }


def test_auto_eface_by_hand():
    scores = auto_eface(patient(), "left")
    rises = [30 * np.sin(np.radians(20)), 28 * np.sin(np.radians(10))]
    expected = {
        **{
            "resting brow": 95,
            "resting palpebral fissure": 90,
            "oral commissure at rest": round(100 * rises[1] / rises[0], 1),
        },
        **{"brow elevation": 25, "gentle eye closure": 60, "full eye closure": 100},  # 0.9 mm counts as closed
        **{"oral commissure with smile": 37.5, "lower lip movement": 20, "ocular synkinesis": 71.4},  # 5/7 < 6.4/8
    }
    assert scores.iloc[:9].to_dict() == pytest.approx(expected)
    assert list(scores.index[9:]) == ["static", "dynamic", "synkinesis", "composite"]
    static, dynamic = (95 + 90 + expected["oral commissure at rest"]) / 3, (25 + 60 + 100 + 37.5 + 20) / 5
    assert scores.iloc[9:].tolist() == pytest.approx([static, dynamic, 71.4, (static + dynamic + 71.4) / 3])
    assert scores.attrs["why"] == {}


def test_auto_eface_of_the_other_side_is_clamped():
    scores = auto_eface(patient(), "right")
    assert scores["resting brow"] == pytest.approx(105.3)  # the side called affected is the larger one
    assert scores["resting palpebral fissure"] == pytest.approx(111.1)
    # its corner rises more than the healthy one's, so the runs count
    assert scores["oral commissure at rest"] == pytest.approx(
        100 * 30 * np.cos(np.radians(20)) / (28 * np.cos(np.radians(10))), abs=0.05
    )
    assert scores[["brow elevation", "oral commissure with smile", "lower lip movement"]].tolist() == [100, 100, 100]
    # above 100 at rest takes from the static score as much as below
    assert scores["static"] == pytest.approx(np.mean([94.7, 88.9, 100 - abs(100 - scores["oral commissure at rest"])]))
    worse = patient()
    worse["brow raise"].loc["brow height", "left"] = 17  # it falls
    worse["at rest"].loc["brow height", SIDES] = [5, 19]
    assert auto_eface(worse, "left")["brow elevation"] == 0
    assert auto_eface(worse, "left")["resting brow"] == 200


@pytest.mark.parametrize(
    ("expression", "measure", "values", "item"),
    [
        ("lower teeth show", "dental show", (0, 1), "lower lip movement"),
        ("brow raise", "brow height", (20, 19), "brow elevation"),
        ("brow raise", "brow height", (18, 17), "brow elevation"),
        ("open smile", "commissure excursion", (30, 31), "oral commissure with smile"),
        ("lip pucker", "palpebral fissure height", (0, 0), "ocular synkinesis"),
        ("lip pucker", "palpebral fissure height", (8, np.nan), "ocular synkinesis"),
        ("at rest", "palpebral fissure height", (9, 0), "gentle eye closure"),
    ],
)
def test_nothing_to_divide_by_is_not_measurable(expression, measure, values, item):
    measures = patient()
    measures[expression].loc[measure, SIDES] = values
    scores = auto_eface(measures, "left")
    assert np.isnan(scores[item]) and np.isnan(scores["composite"]) and item in scores.attrs["why"]
    part = "dynamic" if item in DYNAMIC else "synkinesis"
    assert np.isnan(scores[part])


def test_a_missing_expression_makes_no_score_of_a_part():
    measures = patient()
    del measures["lip pucker"], measures["brow raise"]
    scores = auto_eface(measures, "left")
    assert scores[["static", "gentle eye closure"]].notna().all()
    assert scores[["brow elevation", "dynamic", "ocular synkinesis", "synkinesis", "composite"]].isna().all()
    assert (
        "brow raise" in scores.attrs["why"]["brow elevation"]
        and "lip pucker" in scores.attrs["why"]["ocular synkinesis"]
    )
    only_rest = auto_eface({"at rest": measures["at rest"]}, "left")
    assert only_rest.notna().sum() == len(STATIC) + 1


def test_auto_eface_refuses_what_it_cannot_understand():
    for side in (None, "Left", "both"):
        with pytest.raises(BadSettingError, match="affected_side"):
            auto_eface(patient(), side)
    with pytest.raises(BadSettingError, match="frown"):
        auto_eface({**patient(), "frown": made_up()}, "left")
    with pytest.raises(BadTableError, match="no expression"):
        auto_eface({}, "left")
    with pytest.raises(BadTableError, match="PersonScale"):
        auto_eface({**patient(), "tight eye closure": made_up(unit="inter-ocular distance")}, "left")


def test_closing_counts_without_millimetres_too():
    shares = {expression: table.assign(unit="inter-ocular distance") for expression, table in patient().items()}
    for table in shares.values():
        table[SIDES] /= 87
    for table in shares.values():
        table.loc["smile angle", SIDES] *= 87
    assert auto_eface(shares, "left").iloc[:9].tolist() == pytest.approx(
        auto_eface(patient(), "left").iloc[:9].tolist()
    )


def test_movement_score_by_hand():
    points = movement_score(patient(), "left")
    # brow 1.5 of 6 mm is one point of four; mouth 3 of 8 mm is 1.5 points of four, to whole points 2
    assert points.to_dict() == {"brow": 1, "mouth": 2, "total": 3}
    assert movement_score(patient(), "right")["total"] == 8
    some = movement_score({"at rest": patient()["at rest"], "brow raise": patient()["brow raise"]}, "left")
    assert some["brow"] == 1 and np.isnan(some["total"]) and "open smile" in some.attrs["why"]["mouth"]


def test_the_affected_side_is_suggested_with_its_evidence():
    side, evidence = suggest_affected_side(patient())
    assert side == "left"
    assert evidence.loc["brow elevation", ["left", "weaker"]].tolist() == [25, "left"]
    assert set(evidence.index) == set(STATIC + DYNAMIC)
    mirrored = {e: table.rename(columns={"left": "right", "right": "left"}) for e, table in patient().items()}
    assert suggest_affected_side(mirrored)[0] == "right"
    even = {"brow raise": made_up(brow_height=(20, 19))}
    assert suggest_affected_side(even)[0] is None and suggest_affected_side(even)[1].empty


def test_sunnybrook_worked_examples():
    movements = ("brow raise", "gentle eye closure", "open smile", "snarl", "lip pucker")

    def items(resting, movement, synkinesis):
        return {"resting": resting, "movement": dict(zip(movements, movement, strict=True)), "synkinesis": synkinesis}

    assert sunnybrook(items([0, 0, 0], [5] * 5, [0] * 5))["composite"] == 100
    assert sunnybrook(items([1, 2, 1], [1] * 5, [0] * 5))["composite"] == 0
    some = sunnybrook(items({"eye": 1, "cheek": 0, "mouth": 1}, [3, 4, 3, 2, 4], [0, 1, 0, 0, 1]))
    assert some.to_dict() == {"movement": 64, "resting": 10, "synkinesis": 2, "composite": 52}
    for bad in (
        items([0, 0, 3], [5] * 5, [0] * 5),
        items([0, 0, 0], [0, 5, 5, 5, 5], [0] * 5),
        items([0, 0], [5] * 5, [0] * 5),
        items([0, 0, 0], [4.5, 5, 5, 5, 5], [0] * 5),
        {"resting": [0, 0, 0]},
    ):
        with pytest.raises(BadSettingError):
            sunnybrook(bad)


@pytest.mark.parametrize(
    ("items", "total", "grade"),
    [
        ([1, 1, 1, 1, 0], 4, "I"),
        ([1, 1, 1, 1, 1], 5, "II"),
        ([2, 2, 2, 2, 1], 9, "II"),
        ([3, 2, 2, 2, 1], 10, "III"),
        ([4, 3, 4, 4, 0], 15, "IV"),
        ([5, 5, 5, 4, 1], 20, "V"),
        ([6, 6, 6, 6, 0], 24, "VI"),
    ],
)
def test_fngs_worked_examples(items, total, grade):
    names = ("brow", "eye", "nasolabial fold", "mouth", "secondary movement")
    for given_items in (items, dict(zip(names, items, strict=True))):
        assert fngs(given_items).to_dict() == {"total": total, "grade": grade}


def test_fngs_refuses_what_has_no_grade():
    for bad in ([6, 6, 6, 6, 1], [7, 1, 1, 1, 0], [1, 1, 1, 1], {"brow": 1}):
        with pytest.raises(BadSettingError):
            fngs(bad)


def test_tables_hold_the_measures_in_millimetres_by_one_scale_per_person(tiny_demo):
    photos = open_dataset("demo")
    person = photos.of_person(photos.people[0]).photos[:3]  # at rest, brow raise, gentle eye closure
    table = measure_cohort(person, "FaceMesh", processes=1, progress=False, clinical=True)
    faces = {photo.expression: GetLandmarks(photo.path, "FaceMesh") for photo in person}
    scale = PersonScale(faces)
    assert table["interocular_mm"].tolist() == pytest.approx([scale.interocular_mm] * 3)
    for (_, row), face in zip(table.iterrows(), faces.values(), strict=True):
        measures = clinical_measures(face, scale=scale)
        for name in QUANTITIES:
            measure, column = name.rsplit(" ", 1)
            assert row[name] == pytest.approx(measures.loc[measure, column], nan_ok=True)


def test_intervals_hold_the_error_of_the_irises_too(tiny_demo):
    photo = open_dataset("demo").photos[0]
    table = measure_cohort([photo], "FaceMesh", processes=1, progress=False, augment=8, clinical=True)
    row = table.iloc[0]
    for name, power in (
        ("brow height left", 1),
        ("eye area right", 2),
        ("smile angle left", 0),
        ("brow height percent", 0),
    ):
        value, low, high = (row[f"{name}_{what}"] for what in ("median", "low", "high"))
        assert low <= value <= high
        # 90 % of a normal error of 5 % lie within 1.645 x 5 %, of an area within twice as much
        assert min(value - low, high - value) >= 1.645 * 0.05 * power * value - 1e-3
    # a difference near nothing is hardly uncertain by the scale
    gap = row["palpebral fissure height difference_high"] - row["palpebral fissure height difference_low"]
    assert gap < row["palpebral fissure height right_high"] - row["palpebral fissure height right_low"] + 2


def test_a_person_without_an_open_eye_has_angles_and_no_millimetres():
    closed = pd.DataFrame({"patient_id": ["a", "b", "b"], "expression": ["at rest", "open smile", "lip pucker"]})
    closed["iris_share"] = [np.nan, 0.1, 0.2]
    closed[list(QUANTITIES)] = 0.5
    table = in_millimetres(closed, iris_diameter_mm=12.0)
    assert table["brow height left"].tolist() == pytest.approx([np.nan, 40, 40], nan_ok=True)  # 0.5 * 12 mm / 0.15
    assert table["eye area left"].tolist() == pytest.approx([np.nan, 3200, 3200], nan_ok=True)
    assert table["smile angle left"].tolist() == table["eye area percent"].tolist() == [0.5] * 3


def test_norms_of_healthy_people_come_with_the_package():
    norms = read_norms(reading=COPIES, age=ALL_AGES).set_index(["expression", "measure"])
    for expression in ("at rest", "open smile"):
        assert set(QUANTITIES) - set(norms.loc[expression].index) == {"dental show percent", "dental area percent"}
    assert norms.loc[("at rest", "palpebral fissure height left"), "unit"] == "mm"
    # of adults: lid distances of 8 to 11 mm, and mouth corners that go outwards and up on smiling
    assert 8 < norms.loc[("at rest", "palpebral fissure height left"), "p50"] < 11
    excursion = norms.xs("commissure excursion left", level="measure")["p50"]
    assert excursion["open smile"] > excursion["at rest"] + 3
