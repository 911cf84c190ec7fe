"""Maps: the numbers beside them find groups that are there and fall to chance where there are none."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from bp_research.errors import BadSettingError, BadTableError
from bp_research.face.schemes import FEATURES
from bp_research.people.maps import compare_maps, components, map_numbers, scaled, tsne, umap


def cohort(people=24, photos=8, shift=3.0, seed=0):
    """A table in which people differ, photos of one person are alike, and half of the people are moved by ``shift``."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), photos)
    ill = person % 2 == 1
    values = rng.normal(size=(people, 29))[person] + 0.3 * rng.normal(size=(len(person), 29))
    values[ill, :5] += shift
    table = pd.DataFrame(np.exp(0.2 * values) + 1, columns=list(FEATURES))
    table.insert(0, "patient_id", [f"P{i}" for i in person])
    table.insert(1, "severity", 1.0 + ill)
    table.insert(2, "expression", np.resize([f"e{i}" for i in range(photos)], len(table)))
    return table


def test_scaled_features_have_mean_0_and_deviation_1():
    values, about = scaled(cohort())
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(values.std(axis=0), 1)
    assert len(about) == len(values) == 192


def test_by_person_there_is_one_row_each_without_what_differs_between_photos():
    table = cohort()
    values, about = scaled(table, "person")
    assert about["patient_id"].tolist() == table["patient_id"].unique().tolist()
    assert len(values) == 24
    assert "severity" in about and "expression" not in about


def test_components_agree_with_the_eigenvalues_of_the_correlation_matrix():
    table = cohort()
    values, _ = scaled(table)
    found = components(values)
    eigenvalues = np.linalg.eigvalsh(np.corrcoef(values.T))[::-1]
    np.testing.assert_allclose(found.explained, eigenvalues / 29, atol=1e-9)
    np.testing.assert_allclose(found.scores, values @ found.loadings.to_numpy(), atol=1e-9)
    np.testing.assert_allclose(found.by_region().sum(), 1)


@pytest.mark.parametrize("make", [tsne, umap])
def test_maps_are_the_same_for_the_same_seed(make):
    values, _ = scaled(cohort(people=4))
    first = make(values, seed=3)
    assert first.shape == (32, 2)
    np.testing.assert_array_equal(first, make(values, seed=3))


def test_numbers_are_their_definitions_where_every_photo_is_another_person():
    rng = np.random.default_rng(1)
    points, labels = rng.normal(size=(60, 2)), rng.integers(3, size=60)
    found = map_numbers(points, labels, np.arange(60), neighbours=5, shuffles=5)
    neighbours = NearestNeighbors(n_neighbors=5).fit(points).kneighbors(return_distance=False)
    same = labels[neighbours] == labels[:, None]
    assert found["purity"] == pytest.approx(same.mean())
    half = 1.96 * same.mean(axis=1).std(ddof=1) / np.sqrt(60)  # of a mean over people
    np.testing.assert_allclose([found["purity_from"], found["purity_to"]], same.mean() + half * np.array([-1, 1]), atol=0.02)
    widths = []
    for i in range(60):  # Rousseeuw 1987: (b - a) / max(a, b)
        away = np.linalg.norm(points - points[i], axis=1)
        own, *others = (away[(labels == k) & (np.arange(60) != i)].mean() for k in (labels[i], *{0, 1, 2} - {labels[i]}))
        widths.append((min(others) - own) / max(own, min(others)))
    assert found["silhouette"] == pytest.approx(np.mean(widths))


def test_groups_that_are_there_are_found():
    values, about = scaled(cohort(shift=6))
    found = map_numbers(components(values).scores[:, :2], about["severity"], about["patient_id"])
    assert found["purity"] > 0.9 > found["purity_high"]
    assert found["silhouette"] > found["silhouette_high"]
    assert found["purity_p"] < 0.01


def test_maps_are_compared_in_one_table():
    values, about = scaled(cohort(people=6))
    found = compare_maps({"a": values, "b": values[:, :2]}, about, ["severity", "expression"], neighbours=4, unit="photo")
    assert found[["map", "label"]].to_numpy().tolist() == [[m, e] for m in "ab" for e in ("severity", "expression")]
    alone = map_numbers(values[:, :2], about["expression"], about["patient_id"], neighbours=4)
    assert found.iloc[3].drop(["map", "label", "unit"]).to_dict() == alone


@pytest.mark.parametrize("column", ["severity", "expression", "patient_id"])
def test_shuffled_labels_fall_to_chance(column):
    """Of 40 shuffles about 2 lie outside of the middle 95 % by definition; 7 or more would happen once in 300 times."""
    values, about = scaled(cohort(people=16, shift=6))
    points = components(values).scores[:, :2]
    rng = np.random.default_rng(2)
    outside = 0
    for i in range(40):
        if column == "severity":
            deal = dict(zip(about["patient_id"].unique(), rng.permutation(np.repeat([1, 2], 8)), strict=True))
            labels = about["patient_id"].map(deal)
        elif column == "expression":
            labels = about.groupby("patient_id")["expression"].transform(lambda own: rng.permutation(own))
        else:
            labels = rng.permutation(about["patient_id"])
        found = map_numbers(points, labels, about["patient_id"], shuffles=100, seed=i)
        outside += not found["purity_low"] <= found["purity"] <= found["purity_high"]
    assert outside < 7


def test_photos_of_one_person_do_not_vouch_for_each_other():
    # people far apart, photos of each close together, labels of people at random: own photos would give a purity of 1
    rng = np.random.default_rng(4)
    person = np.repeat(np.arange(20), 8)
    points = (rng.normal(size=(20, 2)) * 100)[person] + rng.normal(size=(160, 2))
    labels = np.repeat([0, 1], 10)[person]
    found = map_numbers(points, labels, person)
    assert found["purity_low"] <= found["purity"] <= found["purity_high"]
    assert map_numbers(points, person, person, neighbours=5)["purity"] > 0.95


def test_no_groups_are_refused():
    points = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(BadTableError, match="groups"):
        map_numbers(points, np.ones(10), np.arange(10))
    with pytest.raises(BadTableError, match="at least 4"):
        scaled(cohort(people=1, photos=3))
    with pytest.raises(BadSettingError):
        scaled(cohort(), "town")
