"""Saved graders: what was altered or does not fit is refused and nothing of it is run; grades of single people."""

import base64
import hashlib
import json
import os
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from matplotlib.cbook import get_sample_data
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from bp_research import DISCLAIMER
from bp_research.errors import BadModelError, BadSettingError, ModelNotFoundError, NoFaceError
from bp_research.face.schemes import EXPRESSIONS, FEATURES, REGIONS
from bp_research.grading import (
    CANNOT_TELL,
    MODELS,
    Committee,
    as_formula,
    evaluate,
    fit_grader,
    grade,
    load_model,
    person_inputs,
    person_table,
    save_model,
)

OPTIONS = dict(repeats=1, folds=3, permutations=0, draws=20)
ABOUT = dict(name="Test", target_name="healthy or palsy", dataset="simulated numbers", simulated=True)


def numbers(people=24, each=2, seed=0):
    """Simulated measurements, with the usual values of a face, of people of whom half are asymmetric."""
    rng = np.random.default_rng(seed)
    palsy = np.arange(people * each) // each >= people // 2
    table = pd.DataFrame(1.2 + 0.1 * rng.normal(size=(people * each, 29)), columns=FEATURES)
    table["f14"] += 20 * palsy
    table[list(REGIONS)] = 0.01 * rng.normal(size=(len(table), 3))
    return table.assign(
        patient_id=[f"p{i}" for i in np.arange(people * each) // each],
        expression=np.tile(EXPRESSIONS[:each], people),
        group=np.where(palsy, "palsy", "healthy"),
        severity=1.0 + palsy * (1 + np.arange(people * each) // each % 2),
        model="iBUG",
        status="ok",
    )


def trained(model="logistic regression", table=None, **options):
    table = numbers() if table is None else table
    judged = evaluate(table, "group", [model], **OPTIONS, **options)
    return fit_grader(table, "group", model, judged, **ABOUT, **options)


@pytest.fixture(scope="module")
def grader():
    return trained()


@pytest.fixture(scope="module")
def mouth_grader():
    return trained(features=["f14"])


@pytest.fixture
def path(grader, tmp_path):
    return save_model(grader, tmp_path / "test.grader.json")


def rewrite(path, **changes):
    """Change fields and make the digest right again, as a forger would."""
    content = json.loads(path.read_text()) | changes
    content.pop("sha256")
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"sha256": digest, **content}))


# --- saving --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [*MODELS, Committee(), ("SVM", "power"), ("logistic regression", "quantile")])
def test_what_was_saved_answers_the_same(model, tmp_path):
    grader, table = trained(model), numbers(seed=1)
    again = load_model(save_model(grader, tmp_path / "a.grader.json"))
    pd.testing.assert_frame_equal(again.probabilities(table), grader.probabilities(table), check_exact=True)
    assert again.predict(table).tolist() == grader.predict(table).tolist()
    assert again.about == grader.about


def test_the_card_says_what_must_be_said(path, grader):
    card = path.with_suffix(".md").read_text()
    judged = grader.about["evaluation"]["metrics"]["balanced_accuracy"][0]
    for text in (DISCLAIMER, "iBUG", "simulated", "48 rows of 24 people", f"{judged:.3f}", "95 %", "baseline"):
        assert text in card


@pytest.mark.parametrize("size", [0, 10, 3000])
def test_truncated_files_are_refused(path, size):
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(BadModelError):
        load_model(path)


def test_altered_files_are_refused(path):
    path.write_text(path.read_text().replace('"palsy"', '"fine"', 1))
    with pytest.raises(BadModelError, match="altered"):
        load_model(path)


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(ModelNotFoundError, match="notebooks 10 and 11"):
        load_model(tmp_path / "none.grader.json")


def test_graders_are_found_by_name_where_the_notebooks_put_them(grader, tmp_path, monkeypatch):
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path))
    save_model(grader, tmp_path / "data" / "models" / "mine.grader.json")
    assert load_model("mine.grader.json").about == grader.about
    with pytest.raises(ModelNotFoundError, match="mine.grader.json"):
        load_model("yours.grader.json")


def test_a_photo_that_was_not_measured_gets_no_answer(grader):
    table = numbers(seed=1)
    table.loc[3, [*FEATURES, *REGIONS]] = np.nan
    table.loc[3, "status"] = "NoFaceError: no face"
    assert grader.predict(table)[3] is None and grader.predict(table).drop(3).notna().all()
    assert grader.probabilities(table).isna().all(axis=1).tolist() == [i == 3 for i in range(len(table))]


@pytest.mark.parametrize("package, number", [("scikit-learn", "0.24.2"), ("numpy", "1.26.0"), ("bp_research", "9.0")])
def test_other_versions_are_refused(path, grader, package, number):
    versions = grader.about["versions"] | {package: number}
    rewrite(path, about=grader.about | {"versions": versions})
    with pytest.raises(BadModelError, match=f"{package} {number}"):
        load_model(path)


def test_other_landmarks_and_inputs_are_refused(path):
    grader = load_model(path)
    with pytest.raises(BadModelError, match="FaceMesh"):
        grader.predict(numbers().assign(model="FaceMesh"))
    with pytest.raises(BadModelError, match="f7"):
        grader.predict(numbers().drop(columns="f7"))


class Harm:
    """Unpickling one makes a folder."""

    def __init__(self, where):
        self.where = where

    def __reduce__(self):
        return os.mkdir, (self.where,)


def test_a_pickle_is_not_run(tmp_path):
    harm, path = tmp_path / "harm", tmp_path / "a.grader.json"
    path.write_bytes(pickle.dumps(Harm(str(harm))))
    with pytest.raises(BadModelError):
        load_model(path)
    assert not harm.exists()


def test_a_pickle_in_place_of_the_pipeline_is_not_run(path, tmp_path):
    harm = tmp_path / "harm"
    rewrite(path, pipeline=base64.b64encode(pickle.dumps(Harm(str(harm)))).decode())
    with pytest.raises(BadModelError):
        load_model(path)
    assert not harm.exists()


def test_a_function_in_the_pipeline_is_not_run(path, tmp_path):
    harm = tmp_path / "harm"
    evil = Pipeline([("harm", FunctionTransformer(os.mkdir, kw_args={"mode": 0o777}))])
    rewrite(path, pipeline=base64.b64encode(skops.io.dumps(evil)).decode())
    with pytest.raises(BadModelError, match="mkdir"):
        load_model(path)
    # the same with a node that skops would build by calling a function with arguments
    content = skops.io.dumps(Harm(str(harm)))
    rewrite(path, pipeline=base64.b64encode(content).decode())
    with pytest.raises(BadModelError, match="Harm"):
        load_model(path)
    assert not harm.exists()


def test_a_bundle_that_is_no_pipeline_is_refused(path, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as bundle:
        bundle.writestr("schema.json", "{}")
    rewrite(path, pipeline=base64.b64encode((tmp_path / "a.zip").read_bytes()).decode())
    with pytest.raises(BadModelError):
        load_model(path)


def test_an_evaluation_of_another_model_is_refused():
    table = numbers()
    judged = evaluate(table, "group", ["SVM"], **OPTIONS)
    with pytest.raises(BadModelError, match="not one of"):
        fit_grader(table, "group", "MLP", judged, **ABOUT)


# --- one person ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def portrait():
    return get_sample_data("grace_hopper.jpg", asfileobj=False)


def test_a_symmetric_face_is_healthy_and_the_disclaimer_stands_beside(mouth_grader, portrait):
    found = grade(portrait, mouth_grader, looks=6)
    assert found.verdict == found.nearest == "healthy" and found.agreement == 1
    shown = found.probability.loc["healthy"]
    assert 0.5 < shown["low"] <= shown["probability"] <= shown["high"] <= 1
    assert found.probability["probability"].sum() == pytest.approx(1)
    assert DISCLAIMER in str(found) and "simulated" in str(found)


def test_what_drove_the_verdict_is_named(portrait):
    # trained so that the portrait's own mouth lies far on the side of the palsied
    table = numbers()
    table["f14"] -= 40
    found = grade(portrait, trained(table=table, features=["f3", "f14"]), looks=4)
    assert found.verdict == "palsy"
    assert found.drivers["input"][0] == "f14" and found.drivers["contribution"][0] > 0


def test_landmarks_that_span_the_boundary_give_no_verdict(mouth_grader, portrait):
    # a boundary between two nearly equal values of a feature which the copies' landmarks scatter about
    values = grade(portrait, mouth_grader, looks=12).drivers.set_index("input")["value"]
    table = numbers()
    table["f14"] = values["f14"] + np.where(table["group"] == "palsy", 0.02, -0.02)
    found = grade(portrait, trained(table=table, features=["f14"]), looks=12)
    assert found.verdict == CANNOT_TELL and found.nearest in ("healthy", "palsy")
    low, high = found.probability.loc["palsy", ["low", "high"]]
    assert low < 0.5 < high


def test_the_same_photo_gives_the_same_grade(mouth_grader, portrait):
    first, second = (grade(portrait, mouth_grader, looks=3) for _ in range(2))
    pd.testing.assert_frame_equal(first.probability, second.probability, check_exact=True)


def test_photos_that_fail_are_named(mouth_grader, portrait):
    blank = np.full((200, 200, 3), 128, np.uint8)
    found = grade([portrait, blank], mouth_grader, looks=2)
    assert found.n_photos == 1 and list(found.failed) == ["photo 2"] and "NoFaceError" in str(found)
    with pytest.raises(NoFaceError):
        grade(blank, mouth_grader, looks=2)


def test_another_landmark_model_is_refused(mouth_grader, portrait):
    with pytest.raises(BadModelError, match="FaceMesh"):
        grade(portrait, mouth_grader, landmark_model="FaceMesh")


def test_a_person_is_graded_from_expressions_of_which_some_are_missing(portrait):
    people = person_table(numbers(people=36, each=4), ["f14"]).assign(model="iBUG")
    inputs, model = person_inputs(people, "all"), "ordinal all-threshold"
    judged = evaluate(people, "severity", [model], features=inputs, ordered=True, **OPTIONS)
    grader = fit_grader(people, "severity", model, judged, features=inputs, ordered=True, by_person=True, **ABOUT)
    found = grade({"at rest": portrait, "brow raise": [portrait, portrait]}, grader, looks=2)
    assert found.nearest == 1 and found.n_photos == 3
    assert found.probability["probability"].sum() == pytest.approx(1)
    # everyone in the training has four expressions, this person two: no verdict, and it is said why
    assert found.verdict == CANNOT_TELL and found.missing == list(EXPRESSIONS[2:4])
    assert "no photo of: gentle eye closure, tight eye closure" in str(found)
    whole = grade(dict.fromkeys(EXPRESSIONS[:4], portrait), grader, looks=2)
    assert whole.verdict == 1 and not whole.missing
    with pytest.raises(BadSettingError, match="expression"):
        grade(portrait, grader)
    with pytest.raises(BadSettingError, match="grinning"):
        grade({"grinning": portrait}, grader)


def test_a_linear_grader_is_a_formula_that_gives_its_probabilities(grader):
    table = numbers(seed=1)
    table.loc[::3, "f3"] = np.nan
    formula = as_formula(grader)
    x = table[grader.inputs].fillna(dict(zip(grader.inputs, formula["missing"], strict=True)))
    healthy = 1 / (1 + np.exp(x @ formula["weights"] - formula["thresholds"][0]))
    np.testing.assert_allclose(healthy, grader.probabilities(table)["healthy"], atol=1e-12)
    assert as_formula(trained("random forest")) is None and as_formula(trained(("logistic regression", "power"))) is None
