"""The norms that come with the package: against definitions, published numbers, and the sets that they are of."""

import json
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from faces import symmetric_face
from matplotlib.cbook import get_sample_data
from scipy.stats import spearmanr

import bp_research
from bp_research import reports
from bp_research.errors import BadTableError, NoFaceError
from bp_research.face.geometry import asymmetry, mirror
from bp_research.face.schemes import DISTANCES, EXPRESSIONS, FEATURES, REGIONS
from bp_research.landmarks.files import MODEL_FILES
from bp_research.paths import processed_dir, results_dir
from bp_research.people import healthy_norms, one_person
from bp_research.people.healthy_norms import (
    ALL_AGES,
    COLUMNS,
    COMPOSITE,
    COPIES,
    HAND,
    PERCENTILE_COLUMNS,
    SINGLE,
    asymmetry_scale,
    compare,
    composite_left_out,
    composite_score,
    healthy_reference,
    measures_of,
    norm_rows,
    read_norms,
)

GRACE = get_sample_data("grace_hopper.jpg", asfileobj=False)
FILE = Path(healthy_norms.__file__).with_suffix(".csv")


@pytest.fixture
def people():
    """Points of 60 people, and what is known about them."""
    rng = np.random.default_rng(0)
    points = symmetric_face() + rng.normal(0, 1, (60, 68, 2))
    about = pd.DataFrame({"expression": "at rest", "age": [20.0] * 40 + [30.0] * 14 + [np.nan] * 6})
    return points, about


# the score


def test_composite_is_the_norm_in_healthy_units_whichever_side_is_affected(people):
    points, _ = people
    assert composite_score([0, 0, 0], [1, 2, 3]) == 0
    assert composite_score([3, 8, 0], [1, 2, 3]) == pytest.approx(5)
    scale = [0.01, 0.008, 0.003]
    assert np.allclose(composite_score(asymmetry(points), scale), composite_score(asymmetry(mirror(points)), scale))
    assert np.isnan(composite_score([np.nan, 0, 0], scale))


def test_people_inside_the_norms_are_scored_without_themselves():
    asymmetries = np.random.default_rng(1).normal(0.1, 1, (9, 3))
    others = [composite_score(one, np.sqrt((np.delete(asymmetries, i, 0) ** 2).mean(0))) for i, one in enumerate(asymmetries)]
    assert np.allclose(composite_left_out(asymmetries), others)


# making and reading norms


def test_rows_hold_the_moments_and_weibull_percentiles_of_their_people(people):
    points, about = people
    measures = measures_of(points)
    rows = norm_rows(measures, about, "made up", SINGLE).set_index(["measure", "age"])
    assert list(rows.reset_index()) == ["measure", "age", *(c for c in COLUMNS if c not in ("measure", "age"))]
    whole = rows.loc[("f14", ALL_AGES)]
    assert (whole["n"], whole["mean"], whole["sd"]) == (60, measures["f14"].mean(), measures["f14"].std())
    # of 60 people, the 15th of 61 shares lies at p25: between the tabled p20 and p30
    ordered = np.sort(measures["f14"])
    assert whole["p20"] <= ordered[14] <= whole["p30"] and whole["p2.5"] <= ordered[1]
    assert np.isnan(whole["p1"]) and np.isnan(whole["p99"])  # 60 people do not tell
    assert rows.loc[("f14", "18-24"), "n"] == 40
    assert ("f14", "25-34") not in rows.index  # 14 people are too few
    sizes = rows.xs(ALL_AGES, level="age").loc[[f"|{region}|" for region in REGIONS], "mean"]
    assert np.allclose(sizes, np.abs(asymmetry(points)).mean(0))
    scores = composite_left_out(asymmetry(points))
    assert rows.loc[(COMPOSITE, ALL_AGES), "p50"] == pytest.approx(np.median(scores))
    scale = asymmetry_scale(rows.xs(ALL_AGES, level="age").reset_index())
    assert np.allclose(scale, np.sqrt((asymmetry(points) ** 2).mean(0)))


def test_distances_are_in_interocular_units_at_any_size_and_tilt(people):
    points, _ = people
    turned = 3.7 * points @ np.array([[0.8, 0.6], [-0.6, 0.8]]) + 50
    assert np.allclose(measures_of(points), measures_of(turned), rtol=1e-6, atol=1e-8)
    eyes = np.linalg.norm(points[:, 36] - points[:, 45], axis=1)
    assert np.allclose(measures_of(points)["W"], np.linalg.norm(points[:, 48] - points[:, 54], axis=1) / eyes)


def test_a_reference_made_of_norms_has_their_percentiles(people):
    points, about = people
    norms = norm_rows(measures_of(points), about, "made up", SINGLE)
    norms = norms[norms["age"] == ALL_AGES]
    reference = healthy_reference(norms)
    assert len(reference) == 60 and reference["patient_id"].is_unique
    assert set(reference) == {"patient_id", "group", "expression", "status", *FEATURES, *REGIONS, *DISTANCES, COMPOSITE}
    rows = norms.set_index("measure")
    for measure in ("f3", "A", COMPOSITE):
        there = [5, 10, 50, 90, 95]
        found = np.quantile(reference[measure], np.divide(there, 100), method="weibull")
        assert np.allclose(found, rows.loc[measure, [f"p{p}" for p in there]].astype(float), rtol=0.01)
    assert (reference["mouth"] >= 0).all()


def test_asking_for_norms_that_there_are_not_names_those_that_there_are():
    with pytest.raises(BadTableError, match="lip pucker"):
        read_norms(expression="yawning")


# the file that ships


def test_shipped_norms_are_whole_small_and_of_the_model_that_is_used():
    norms = read_norms()
    assert list(norms) == list(COLUMNS)
    keys = ["measure", "set", "reading", "expression", "age"]
    assert not norms.duplicated(keys).any()
    percentiles = norms[list(PERCENTILE_COLUMNS)].to_numpy()
    steps = np.diff(percentiles, axis=1)
    assert (steps[np.isfinite(steps)] >= 0).all()
    whole = norms[norms["age"] == ALL_AGES].groupby(["set", "reading", "expression"])["n"].agg(["min", "max"])
    assert (whole.loc["London"] == 102).all(axis=None) and (whole.loc["MEEI normals"] == 10).all(axis=None)
    assert set(whole.loc["MEEI normals", HAND].index) == set(EXPRESSIONS)
    for expression in ("at rest", "open smile"):
        there = set(read_norms(reading=SINGLE, expression=expression, age=ALL_AGES)["measure"])
        assert there >= {*FEATURES, *REGIONS, *DISTANCES, COMPOSITE}
    card = json.loads(FILE.with_suffix(".json").read_text())
    assert card["model"]["sha256"] == MODEL_FILES["FaceMesh"].sha256
    assert {name: own["people"] for name, own in card["sets"].items()} == {"London": 102, "MEEI normals": 10}
    assert FILE.stat().st_size + FILE.with_suffix(".json").stat().st_size < 280_000


def test_shipped_norms_agree_with_published_numbers_of_healthy_people():
    """MEEI's ten: mouth asymmetry .010-.016 but .025 in the closed-lip smile; eye opening and mouth width by expression."""
    meei = read_norms(set="MEEI normals").set_index(["expression", "measure"])["mean"]
    mouth = meei.xs("|mouth|", level="measure")
    assert mouth.pop("closed-lip smile") == pytest.approx(0.025, abs=0.001)
    assert mouth.between(0.0095, 0.0165).all()
    opening = meei.unstack()[["N", "O"]].mean(axis=1)
    expected = {"at rest": 0.092, "brow raise": 0.118, "open smile": 0.066}
    assert opening[list(expected)].to_dict() == pytest.approx(expected, abs=0.004)
    assert opening[["gentle eye closure", "tight eye closure"]].max() < 0.006
    width = meei.xs("W", level="measure")
    expected = {"at rest": 0.59, "open smile": 0.77, "lip pucker": 0.41}
    assert width[list(expected)].to_dict() == pytest.approx(expected, abs=0.01)
    # the detector makes healthy brows and eyes more symmetric than hands do, and mouths hardly
    london = read_norms(set="London", expression="at rest", age=ALL_AGES).set_index(["reading", "measure"])["sd"]
    kept = london[SINGLE][list(REGIONS)] / london[HAND][list(REGIONS)]
    assert kept["mouth"] > 0.8 and kept["brows"] < 0.7 and kept["eyes"] < 0.7


def test_shipped_norms_are_what_the_sets_give(real_sets):
    notebook = Path(__file__).resolve().parent.parent / "notebooks/12_healthy_reference.ipynb"
    reports.run_notebook(notebook)
    made, shipped = read_norms(processed_dir() / "healthy_norms.csv"), read_norms()
    assert made[list(COLUMNS[:7])].equals(shipped[list(COLUMNS[:7])])
    sd = shipped["sd"].to_numpy()[:, None]
    gap = np.abs(made[["mean", "p10", "p50", "p90"]].to_numpy() - shipped[["mean", "p10", "p50", "p90"]].to_numpy())
    assert (gap <= 0.05 * sd + 1e-6).all()
    results = json.loads((results_dir() / "12_healthy_reference.json").read_text(encoding="utf-8"))
    assert 0.03 < results["outside_left_out"] < 0.07  # people inside the norms, each against all others


# comparing a photo


def test_any_photo_is_compared_with_nothing_else_on_the_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("BP_DATA_DIR", str(tmp_path))
    found = bp_research.compare(GRACE, "open smile").set_index("quantity")
    assert list(found.index) == [COMPOSITE, *FEATURES, *REGIONS]
    assert (found["n"] == 102).all() and found["percentile"].between(0, 100).all()
    score = found.loc[COMPOSITE]
    assert score["low"] <= score["value"] <= score["high"]
    assert score["finding"] == one_person.HEALTHY  # a portrait of a healthy woman
    norms = read_norms(reading=COPIES, expression="open smile").set_index("measure")
    assert score["limit_high"] == pytest.approx(norms.loc[COMPOSITE, "p95"], rel=0.02)
    assert found.loc["f14", "limit_high"] == pytest.approx(norms.loc["f14", "p95"], rel=0.02)


def test_a_face_with_one_side_pulled_down_is_beyond_the_healthy():
    picture = cv2.imread(str(GRACE))
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    corner = bp_research.GetLandmarks(picture, "FaceMesh").landmarks[54]
    pull = 18 * np.exp(-((x - corner[0]) ** 2 + (y - corner[1]) ** 2) / (2 * 28**2))
    pulled = cv2.remap(picture, x, (y - pull).astype(np.float32), cv2.INTER_LINEAR)
    before, after = (compare(image, "open smile").set_index("quantity") for image in (picture, pulled))
    assert after.loc[COMPOSITE, "value"] > before.loc[COMPOSITE, "value"] + 1
    assert after.loc["mouth", "finding"] == one_person.ABNORMAL and after.loc[COMPOSITE, "percentile"] > 95
    assert (after.loc["mouth", "side"], after.loc["mouth", "how"]) == ("left", "lower")
    mirrored = compare(np.ascontiguousarray(pulled[:, ::-1]), "open smile").set_index("quantity")
    assert mirrored.loc["mouth", "side"] == "right"
    assert mirrored.loc[COMPOSITE, "value"] == pytest.approx(after.loc[COMPOSITE, "value"], rel=0.2)


def test_what_cannot_be_compared_is_said():
    with pytest.raises(BadTableError, match="'lip pucker'; there are: at rest, open smile"):
        compare(GRACE, "lip pucker")
    with pytest.raises(NoFaceError):
        compare(np.zeros((90, 90, 3), np.uint8))


def test_columns_of_a_reference_stand_each_by_itself(people):
    """A warning made checkable: correlations between measures are not in the norms."""
    points, about = people
    reference = healthy_reference(norm_rows(measures_of(points), about, "made up", SINGLE).query("age == 'all'"))
    assert spearmanr(reference["f0"], reference["f14"]).statistic == pytest.approx(1)
