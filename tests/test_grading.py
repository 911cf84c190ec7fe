"""The judging of classifiers: metrics against published examples, chance against shuffled labels, people in one fold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit

from bp_research.accuracy.scores import interval_text
from bp_research.errors import BadSettingError, BadTableError
from bp_research.face.schemes import EXPRESSIONS, FEATURES, REGIONS
from bp_research.grading import (
    MODELS,
    ORDINAL_MODELS,
    SCALINGS,
    Choice,
    Committee,
    all_candidates,
    evaluate,
    healthy_or_palsy,
    importance,
    make_inputs,
    person_inputs,
    person_table,
    readable,
)
from bp_research.grading.classifiers import MIDDLE, Fixed, make_learner, stratified_person_folds
from bp_research.grading.metrics import Tally, kappa, ordered_rates, permutation_p, rates

FEW = ["f14", "f15", "f3"]
QUICK = dict(repeats=1, folds=5, permutations=199, draws=300, features=FEW)


def photos(people=30, each=3, effect=3.0, healthy=10, seed=0):
    """A simulated table: the palsy of each person moves three features, the rest is noise."""
    rng = np.random.default_rng(seed)
    severity = np.r_[np.ones(healthy, int), rng.integers(2, 7, people - healthy)]
    rows = np.repeat(np.arange(people), each)
    table = pd.DataFrame(rng.normal(size=(len(rows), 29)), columns=FEATURES)
    table[FEW] += effect * (severity[rows, None] - 1) / 3 + 0.5 * rng.normal(size=(people, 3))[rows]
    table[list(REGIONS)] = rng.normal(size=(len(rows), 3))
    return table.assign(
        patient_id=[f"p{i}" for i in rows],
        group=np.where(severity[rows] == 1, "healthy", "Flaccid"),
        severity=severity[rows].astype(float),
        expression=np.tile(EXPRESSIONS[:each], people),
        status="ok",
    )


# --- metrics -------------------------------------------------------------------------------------------------


def test_kappa_of_cohens_worked_example():
    # Cohen 1968, table 1: proportions of two judges, and weights of disagreement 0-6
    shares = np.array([[0.44, 0.07, 0.09], [0.05, 0.20, 0.05], [0.01, 0.03, 0.06]])
    assert kappa(shares, 1 - np.eye(3)) == pytest.approx(0.492, abs=5e-4)
    assert kappa(shares, np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]])) == pytest.approx(0.348, abs=5e-4)


def test_balanced_accuracy_of_the_worked_example():
    # the example in scikit-learn's documentation of balanced_accuracy_score
    counts = reference.confusion_matrix([0, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1])
    assert rates(counts)["balanced_accuracy"] == pytest.approx(0.625)


def test_kappa_of_a_rater_who_is_off_by_one():
    # an offset c between raters of variance v gives 2v / (2v + c^2)
    first = np.tile(np.arange(5), 4)
    counts = reference.confusion_matrix(first, first + 1, labels=range(6))
    assert ordered_rates(counts, range(1, 7))["kappa"] == pytest.approx(2 * first.var() / (2 * first.var() + 1))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4), st.integers(0, 2**31))
def test_metrics_agree_with_scikit_learn(k, seed):
    rng = np.random.default_rng(seed)
    true = np.r_[np.arange(k), rng.integers(k, size=30)]
    predicted = rng.integers(k, size=len(true))
    probability = rng.dirichlet(np.ones(k), len(true)).round(1)
    tally = Tally(true, predicted, probability, np.arange(len(true)), np.zeros(len(true)), range(k))
    found = dict(zip(tally.names, tally.metrics(), strict=True))
    average = {"average": "binary" if k == 2 else "macro"}
    assert found["accuracy"] == pytest.approx(reference.accuracy_score(true, predicted))
    assert found["balanced_accuracy"] == pytest.approx(reference.balanced_accuracy_score(true, predicted))
    assert found["f1"] == pytest.approx(reference.f1_score(true, predicted, zero_division=0, **average))
    assert found["sensitivity"] == pytest.approx(reference.recall_score(true, predicted, zero_division=0, **average))
    assert found["kappa"] == pytest.approx(reference.cohen_kappa_score(true, predicted, weights="quadratic"))
    assert found["mae"] == pytest.approx(reference.mean_absolute_error(true, predicted))
    classes = [1] if k == 2 else range(k)
    auc = np.mean([reference.roc_auc_score(true == c, probability[:, c]) for c in classes])
    assert found["auc"] == pytest.approx(auc)


def test_a_drawn_person_counts_as_often_as_drawn():
    rng = np.random.default_rng(1)
    true, person, repeat = rng.integers(2, size=40), np.repeat(np.arange(8), 5), np.tile(np.arange(5), 8)
    p = rng.random(40)
    drawn = [0, 0, 3, 5, 7, 7, 7, 1]
    tally = Tally(true, (p > 0.5).astype(int), np.c_[1 - p, p], person, repeat)
    rows = np.concatenate([np.flatnonzero(person == i) for i in drawn])
    copy = Tally(true[rows], (p[rows] > 0.5).astype(int), np.c_[1 - p, p][rows], person[rows], repeat[rows])
    np.testing.assert_allclose(tally.metrics(drawn), copy.metrics())


def test_permutation_p_is_exact_where_all_shuffles_can_be_counted():
    # of the 20 ways to deal 3 + 3 classes, one alone agrees fully with the answers
    truth = np.array([0, 0, 0, 1, 1, 1])
    tally = Tally(truth, truth, np.eye(2)[truth], np.arange(6), np.zeros(6))
    p = permutation_p(tally, "accuracy", 4999, 0)
    assert p == pytest.approx(1 / 20, abs=0.01)


# --- folds ---------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 5))
def test_folds_keep_people_whole_and_classes_present(seed, folds):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(24), rng.integers(1, 6, 24))
    y = np.r_[np.zeros(8, int), np.ones(10, int), np.full(6, 2)][person]
    split = stratified_person_folds(y, person, folds, 0)
    assert sorted(np.concatenate([test for _, test in split])) == list(range(len(y)))
    for train, test in split:
        assert not set(person[train]) & set(person[test])
        assert len(set(y[train])) == len(set(y[test])) == 3


def test_folds_that_cannot_be_are_refused():
    table = photos(healthy=4)
    with pytest.raises(BadSettingError, match="5 folds .*need"):
        evaluate(table, healthy_or_palsy(table), ["SVM"], **QUICK)


@pytest.mark.filterwarnings("ignore:The groups parameter is ignored")
@pytest.mark.parametrize("splitter", [KFold(5, shuffle=True, random_state=0), ShuffleSplit(2, random_state=0)])
def test_a_person_in_both_parts_is_refused(splitter):
    table = photos()
    with pytest.raises(BadSettingError, match="people are in training and test"):
        evaluate(table, healthy_or_palsy(table), ["SVM"], cv=splitter, **QUICK)


def test_the_reports_split_has_ten_quarters_of_the_people():
    table = photos()
    found = evaluate(table, healthy_or_palsy(table), [], cv="report", **QUICK)
    assert len(found.folds) == 10
    assert set(found.folds["n_people"]) == {8}


# --- evaluate ------------------------------------------------------------------------------------------------


def test_real_effect_is_found_and_counted_right():
    table = photos()
    found = evaluate(table, healthy_or_palsy(table), ["logistic regression"], **QUICK | {"repeats": 2})
    row = found.summary.iloc[0]
    assert row["verdict"] == "better than always answering “palsy”"
    assert row["p"] == pytest.approx(1 / 200)
    assert row["balanced_accuracy_low"] < row["balanced_accuracy"] < row["balanced_accuracy_high"] <= 1
    assert row["TN"] + row["FP"] == 2 * 30 and row["TP"] + row["FN"] == 2 * 60
    assert row["sensitivity"] == row["TP"] / 120 and row["specificity"] == row["TN"] / 60
    assert row["baseline_accuracy"] == pytest.approx(2 / 3) and row["baseline_balanced_accuracy"] == 0.5
    assert found.folds.query("model == 'logistic regression, standard'")["TP"].sum() == row["TP"]
    counts = found.confusion("logistic regression, standard")
    assert counts.loc["healthy", "palsy"] == row["FP"] and counts.loc["palsy", "healthy"] == row["FN"]


def test_shuffled_labels_give_chance():
    within = []
    for seed in range(5):
        table = photos(people=60, each=1, healthy=30, effect=0, seed=seed)
        summary = evaluate(table, healthy_or_palsy(table), ["logistic regression"], **QUICK).summary
        row = summary.iloc[0]
        within.append([row[f"{name}_low"] <= 0.5 <= row[f"{name}_high"] for name in ("balanced_accuracy", "auc")])
        assert row["verdict"].startswith("no better") == (row["p"] > 0.05 or row["balanced_accuracy_low"] <= 0.5)
    assert np.mean(within) >= 0.8


def test_shuffled_labels_give_chance_in_every_metric_of_grades():
    table = photos(people=36, effect=0, healthy=6)
    found = evaluate(table, "severity", ["ordinal all-threshold"], ordered=True, **QUICK | {"folds": 3})
    row, base = found.summary.iloc[0], found.summary.iloc[-1]
    assert row["kappa_low"] <= 0 <= row["kappa_high"] and row["auc_low"] <= 0.5 <= row["auc_high"]
    assert row["balanced_accuracy_low"] <= 1 / 6 <= row["balanced_accuracy_high"]
    assert "no better" in row["verdict"]
    assert (
        base["model"] == MIDDLE and base["kappa"] == pytest.approx(0) and base["verdict"].startswith("always answers")
    )


def test_a_constant_classifier_is_called_so():
    table = photos()
    constant = ("silent", DummyClassifier(strategy="constant", constant=1))
    found = evaluate(table, healthy_or_palsy(table), [constant], cv="report", **QUICK)
    row, base = found.summary.iloc[0], found.summary.iloc[1]
    assert row["verdict"] == "always answers “palsy”"
    assert row["accuracy"] == base["accuracy"] and row["balanced_accuracy"] == 0.5 and row["p"] == 1


def test_a_model_that_sees_noise_only_is_no_better_than_the_majority():
    table = photos().assign(noise=np.random.default_rng(3).normal(size=90))
    found = evaluate(table, healthy_or_palsy(table), ["MLP"], **QUICK | {"features": ["noise"]})
    assert found.summary["verdict"].iloc[0] == "no better than always answering “palsy”"


def test_the_same_tables_bit_for_bit_however_many_processes():
    table = photos(people=16, each=1, healthy=8)
    models = [*MODELS, Choice((("SVM", "power"), ("logistic regression", "standard")), folds=3), Committee()]
    options = QUICK | {"folds": 2}
    first = evaluate(table, healthy_or_palsy(table), models, **options)
    second = evaluate(table, healthy_or_palsy(table), models, processes=2, **options)
    for name in ("summary", "folds", "predictions"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_scalings_are_fitted_within_the_fold(scaling):
    # a test person far away must not move what the model makes of the training people
    table = photos(people=20, each=1)
    x, y = table[FEW].to_numpy(), (table["group"] != "healthy").to_numpy().astype(int)
    fitted, _ = make_learner(("logistic regression", scaling)).fit(x, y, table["patient_id"].to_numpy(), 0)
    far = np.vstack([x[:1], np.full((1, 3), 1e6)])
    np.testing.assert_array_equal(fitted.predict_proba(far)[:1], fitted.predict_proba(x[:1]))


def test_the_choice_never_sees_the_test_people():
    seen = []

    class Spy(LogisticRegression):
        def fit(self, x, y, sample_weight=None):
            seen.append(set(x[:, 0]))
            return super().fit(x, y)

    table = photos(people=20, each=1)
    found = evaluate(table, healthy_or_palsy(table), [Fixed("spy", Spy())], **QUICK)
    for fold, part in found.predictions.query("model == 'spy'").groupby("fold"):
        assert not seen[fold] & set(table.loc[part["row"], FEW[0]])


def test_what_is_fitted_on_annotations_sees_the_training_people_only():
    table, calls = photos(), []

    def adapt(train, everything):
        calls.append(set(train["patient_id"]))
        return everything

    found = evaluate(table, healthy_or_palsy(table), [], adapt=adapt, **QUICK)
    tested = found.predictions.groupby("fold")["person"].agg(set)
    assert all(not train & test for train, test in zip(calls, tested, strict=True))


def test_a_committee_averages_its_members():
    table = photos(people=20, each=1)
    models = [
        "logistic regression",
        "random forest",
        Committee((("logistic regression", "standard"), ("random forest", "standard"))),
    ]
    found = evaluate(table, healthy_or_palsy(table), models, **QUICK).predictions
    one, two, both = (found.loc[found["model"] == name, "p_palsy"].to_numpy() for name in found["model"].unique()[:3])
    np.testing.assert_allclose(both, (one + two) / 2)


def test_failed_photos_are_left_out_and_counted():
    table = photos()
    table.loc[[0, 5], "status"] = "NoFaceError: none"
    table.loc[[0, 5], list(FEATURES)] = np.nan
    found = evaluate(table, healthy_or_palsy(table), ["SVM"], **QUICK)
    assert (found.n_rows, found.n_people, found.n_left_out) == (88, 30, 2)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.drop(columns="f14"), "f14"),
        (lambda t: t.drop(columns="patient_id"), "patient_id"),
        (lambda t: t.assign(group="healthy"), "nothing to tell apart"),
        (lambda t: t.assign(status="NoFaceError"), "no row of the table was measured"),
    ],
)
def test_tables_that_do_not_do_are_refused(change, message):
    table = change(photos())
    with pytest.raises(BadTableError, match=message):
        evaluate(table, "group", ["SVM"], **QUICK)


def test_importance_finds_the_inputs_that_matter():
    table = photos()
    found = importance(
        table, healthy_or_palsy(table), "logistic regression", features=[*FEW, "f0", "f1"], folds=5, shuffles=3
    )
    assert set(found["input"][:3]) == set(FEW)
    sets = {"mouth and brows": FEW, "nothing": ["f0", "f1"]}
    both = importance(
        table,
        healthy_or_palsy(table),
        "logistic regression",
        features=[*FEW, "f0", "f1"],
        folds=5,
        shuffles=3,
        sets=sets,
    )
    assert both["input"][0] == "mouth and brows" and both["loss"][0] > found["loss"][0]


# --- grades and people -----------------------------------------------------------------------------------------


def test_ordinal_models_grade_a_graded_effect():
    table = photos(people=60, each=1, effect=6, healthy=12)
    found = evaluate(table, "severity", list(ORDINAL_MODELS), ordered=True, **QUICK)
    for _, row in found.summary.iloc[:2].iterrows():
        assert row["kappa"] > 0.8 and row["mae"] < row["baseline_mae"] and row["within_one"] > 0.9
    probability = found.predictions.filter(like="p_").to_numpy()
    np.testing.assert_allclose(probability.sum(axis=1), 1)


def test_person_table_by_hand():
    table = photos(people=2, each=3, healthy=1)
    table["f14"] = [1.0, 2.0, 4.0, 5.0, 3.0, np.nan]
    table.loc[5, "status"] = "NoFaceError"
    people = person_table(table, ["f14"]).set_index("patient_id")
    assert people["f14, at rest"].tolist() == [1, 5]
    assert people["f14, brow raise, change"].tolist() == [1, -2]
    assert people["f14, gentle eye closure"].isna().tolist() == [False, True]
    assert people["f14, worst"].tolist() == [4, 5] and people["f14, mean"].tolist() == [7 / 3, 4]
    assert people["n_photos"].tolist() == [3, 2]
    assert person_inputs(people, "worst") == ["f14, worst"]


def test_a_person_with_two_severities_is_refused():
    table = photos()
    table.loc[0, "severity"] = 3
    with pytest.raises(BadTableError, match="several values of severity"):
        person_table(table)


def test_inputs_by_hand():
    table = photos(people=2, each=1, healthy=1)
    table[list(REGIONS)] = [[0.1, -0.2, 0.3], [-0.1, 0.2, -0.3]]
    x = make_inputs(table, "features and asymmetries")
    assert x.shape == (2, 35) and x["brows (absolute)"].tolist() == [0.2, 0.2]
    # mirrored faces are the same seen from the affected side
    relative = make_inputs(table, "relative asymmetries").filter(like="relative")
    assert relative.iloc[0].tolist() == relative.iloc[1].tolist() == [0.1, -0.2, 0.3]
    with pytest.raises(BadTableError, match="blendshapes"):
        make_inputs(table, "blendshapes")


def test_every_model_is_tried_with_every_scaling_that_can_matter():
    assert len(all_candidates()) == 3 * 4 + 2


def test_readable_puts_a_metric_and_its_interval_into_one_text():
    summary = pd.DataFrame({"model": ["a"], "kappa": [0.5], "kappa_low": [0.25], "kappa_high": [0.75], "baseline_mae": [1.5]})
    table = readable(summary, ["model", "kappa", "baseline_mae"], digits=2)
    assert table.columns.tolist() == ["model", "kappa", "baseline mae"]
    assert table.iloc[0].tolist() == ["a", interval_text(0.5, 0.25, 0.75), 1.5]
