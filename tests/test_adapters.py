"""Adapters, on an engine whose mistakes are known, against scikit-learn's ridge, and as files."""

import json
import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest
from faces import symmetric_face
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from bp_research.accuracy import fitting as adapters
from bp_research.accuracy.fitting import fit_adapter, out_of_fold, person_folds, trust
from bp_research.datasets import load_neuroface
from bp_research.datasets.records import Photo
from bp_research.errors import BadModelError, BadTableError
from bp_research.face.geometry import asymmetry, mirror, point_error, transform
from bp_research.landmarks.adapter import Views, load_adapter
from bp_research.landmarks.engine import Engine, Face, Prediction
from bp_research.landmarks.get_landmarks import GetLandmarks
from bp_research.landmarks.models import get_engine

WIDTH = 400


def faces(n, seed=0):
    """Faces (n, 68, 2) of different shape, asymmetry, size, tilt and place in photos of 400 px."""
    rng = np.random.default_rng(seed)
    basis = np.random.default_rng(99).normal(0, 1, (6, 68, 2))
    plain = symmetric_face() + np.tensordot(rng.normal(0, 1, (n, 6)), (basis + mirror(basis)) / 2, 1)
    crooked = np.tensordot(rng.normal(0, 1.5, (n, 6)), (basis - mirror(basis)) / 2, 1)
    points = []
    for face in plain + crooked:
        angle, scale = rng.uniform(-0.3, 0.3), rng.uniform(0.6, 1.4)
        points.append(transform(face, similarity(angle, scale, rng.uniform(150, 250, 2))))
    return np.array(points)


def similarity(angle, scale, shift):
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cosine, -sine, shift[0]], [sine, cosine, shift[1]]])


def flattering(points):
    """An engine that keeps 0.4 of the asymmetry and has its own idea of where the nose is."""
    middle = points.mean(axis=0)
    eyes = points[45] - points[36]
    turn = similarity(-np.arctan2(eyes[1], eyes[0]), 1 / np.linalg.norm(eyes), (0, 0))
    level = transform(points - middle, turn)
    level = 0.7 * level + 0.3 * mirror(level)
    level[27:36, 1] += 0.05
    back = np.linalg.inv(np.vstack([turn, [0, 0, 1]]))[:2]
    return transform(level, back) + middle


def views_of(points, engine=flattering):
    answers = [(Prediction(engine(p)), Prediction(engine(mirror(p, WIDTH)))) for p in points]
    return Views.of(answers, [WIDTH] * len(points))


def data_of(points, people=None, weights=None, engine=flattering):
    n = len(points)
    people = np.arange(n) if people is None else np.asarray(people)
    weights = np.ones(n) if weights is None else np.asarray(weights, float)
    return adapters._Data(views_of(points, engine), points, people, weights, np.arange(n), "")


@pytest.fixture(scope="module")
def fitted():
    return adapters._fit(data_of(faces(80)), seed=0)


def test_asymmetry_that_the_engine_lost_comes_back(fitted):
    new = faces(60, seed=1)
    engine, adapted = np.array([flattering(p) for p in new]), fitted.landmarks(views_of(new))
    assert np.median(point_error(adapted, new)) < 0.2 * np.median(point_error(engine, new))
    for region in range(3):
        kept = [np.polyfit(asymmetry(new)[:, region], asymmetry(p)[:, region], 1)[0] for p in (engine, adapted)]
        assert kept[0] < 0.6 and 0.9 < kept[1] < 1.1


@given(st.floats(-1, 1), st.floats(0.3, 3), st.tuples(st.floats(-200, 200), st.floats(-200, 200)))
def test_moved_photos_give_moved_points(fitted, angle, scale, shift):
    matrix = similarity(angle, scale, shift)
    faces_ = faces(2, seed=2)
    moved = fitted.landmarks(views_of(np.array([transform(p, matrix) for p in faces_])))
    expected = [transform(p, matrix) for p in fitted.landmarks(views_of(faces_))]
    np.testing.assert_allclose(moved, expected, atol=1e-6)


def test_mirrored_photos_give_exactly_mirrored_points(fitted):
    noise = np.random.default_rng(5).normal(0, 2, (2, 68, 2))  # an engine that is not itself mirror-consistent
    point = faces(1, seed=3)[0]
    seen, mirrored = Prediction(flattering(point) + noise[0]), Prediction(flattering(mirror(point, WIDTH)) + noise[1])
    one = fitted.landmarks(Views.of([(seen, mirrored)], [WIDTH]))[0]
    other = fitted.landmarks(Views.of([(mirrored, seen)], [WIDTH]))[0]
    np.testing.assert_allclose(mirror(other, WIDTH), one, atol=1e-9)


def test_symmetric_faces_stay_symmetric(fitted):
    face = transform(symmetric_face(), similarity(0.2, 1.1, (180, 190)))
    np.testing.assert_allclose(asymmetry(fitted.landmarks(views_of(face[None]))), 0, atol=1e-9)


@pytest.mark.parametrize("shape", [(20, 50), (60, 12)], ids=["wide", "tall"])
def test_ridge_against_scikit_learn(shape):
    rng = np.random.default_rng(0)
    x, y, weights = rng.normal(size=shape), rng.normal(size=(shape[0], 3)), rng.uniform(0.2, 1, shape[0])
    left, right = adapters._ridge(x, y, weights, (0.01, 0.5))
    for strength, ours in zip((0.01, 0.5), left @ right, strict=True):
        theirs = Ridge(alpha=strength * weights.sum(), fit_intercept=False).fit(x, y, sample_weight=weights)
        np.testing.assert_allclose(ours, theirs.coef_.T, atol=1e-8)


def test_concordance_is_lins_about_zero():
    true = np.random.default_rng(0).normal(size=(50, 3))
    assert adapters._concordance(true, true) == pytest.approx(1)
    assert adapters._concordance(-true, true) == pytest.approx(-1)
    assert adapters._concordance(true / 2, true) == pytest.approx(2 * 0.5 / (1 + 0.25))


def test_photos_of_weight_nought_teach_nothing():
    points = faces(40)
    spoilt = points.copy()
    spoilt[20:] += 30
    people, weights = np.arange(40) % 20, np.repeat([1.0, 1e-12], 20)
    (mean, offset, maps), (mean_without, offset_without, maps_without) = (
        adapters._fit_symmetric(data, [0.1]) for data in (data_of(spoilt, people, weights), data_of(points[:20]))
    )
    np.testing.assert_allclose(mean, mean_without, atol=1e-6)
    np.testing.assert_allclose(offset, offset_without, atol=1e-6)
    x = np.random.default_rng(0).normal(size=(5, len(mean)))
    np.testing.assert_allclose(adapters._answers(x, maps), adapters._answers(x, maps_without), atol=1e-5)


@given(st.lists(st.integers(0, 9), min_size=4, max_size=60).filter(lambda people: len(set(people)) > 1))
def test_nobody_is_learnt_from_and_judged_by(people):
    people = np.array(people)
    judged = []
    for learn, judge in person_folds(people, folds=5, seed=3):
        assert not set(people[learn]) & set(people[judge])
        judged += judge.tolist()
    assert sorted(judged) == list(range(len(people)))


def test_held_out_people_do_not_move_their_own_points():
    points = faces(30)
    held_out = adapters._held_out(data_of(points), folds=5, seed=0)
    judge = person_folds(np.arange(30), 5, 0)[0][1]
    changed = points.copy()
    changed[judge] += 40  # the annotation of the first fold's people; the engine still sees the old points
    data = replace(data_of(points), landmarks=changed)
    np.testing.assert_allclose(adapters._held_out(data, 5, 0)[judge], held_out[judge], atol=1e-9)


def card(**changes):
    return {"format": 1, "engine": "iBUG", **changes}


def test_a_file_comes_back_as_it_was_and_is_the_same_each_time(fitted, tmp_path):
    adapter = replace(fitted, card=card(note="x"))
    for name in ("a.npz", "b.npz"):
        adapter.save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    back = load_adapter(tmp_path / "a.npz")
    assert back.card == adapter.card
    views = views_of(faces(3, seed=4))
    np.testing.assert_allclose(back.landmarks(views), adapter.landmarks(views), atol=1e-3)


def test_damaged_files_are_refused(fitted, tmp_path):
    path = tmp_path / "a.npz"
    replace(fitted, card=card()).save(path)
    whole = path.read_bytes()
    middle = len(whole) // 2
    damaged = {
        "empty": b"",
        "text": b"not an adapter",
        "truncated": whole[:middle],
        "changed": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
    }
    for content in damaged.values():
        path.write_bytes(content)
        with pytest.raises(BadModelError, match="fit it again"):
            load_adapter(path)


@pytest.mark.parametrize(
    "change",
    [
        {"symmetric": np.zeros((3, 136))},
        {"offset": np.full(136, np.nan)},
        {"card": {"engine": "iBUG", "format": 99}},
        {"card": {}},
    ],
    ids=["shape", "nan", "format", "no card"],
)
def test_arrays_that_do_not_fit_are_refused(fitted, tmp_path, change):
    replace(fitted, **{"card": card(), **change}).save(tmp_path / "a.npz")
    with pytest.raises(BadModelError):
        load_adapter(tmp_path / "a.npz")


def test_a_file_with_pickled_objects_is_refused(fitted, tmp_path):
    arrays = {name: getattr(fitted, name) for name in ("mean", "offset", "symmetric", "asymmetric")}
    np.savez(tmp_path / "a.npz", **arrays, card=np.array([{"engine": "iBUG"}], dtype=object))
    with pytest.raises(BadModelError):
        load_adapter(tmp_path / "a.npz")


def test_the_adapter_of_another_engine_is_refused(fitted, tmp_path):
    replace(fitted, card=card(engine="FaceMesh")).save(tmp_path / "a.npz")
    with pytest.raises(BadModelError, match="was fitted to the engine 'FaceMesh'"):
        get_engine(("iBUG", str(tmp_path / "a.npz")))


def test_detected_points_are_trusted_less():
    photos = [Photo("PALDA", "a", "a", "a.jpg", group="healthy"), Photo("PALDA", "b", "b", "b.jpg", group="central")]
    assert trust(photos).tolist() == [adapters.DETECTED_WEIGHT, 1.0]


class Blind(Engine):
    """Finds a face only in photos that are not black."""

    name = "iBUG"

    def find(self, image, resolution=200, colored=False):
        return [Face((0, 0, 10, 10), 1.0)] if image.any() else []

    def predict(self, image, face, colored=False):
        return Prediction(symmetric_face())


def test_too_few_people_is_an_error(tmp_path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((20, 20, 3), np.uint8))
    photos = [Photo("x", str(i), str(i), tmp_path / "black.png", landmarks_gt=symmetric_face()) for i in range(9)]
    with pytest.raises(BadTableError, match="at least 4 people"):
        fit_adapter(photos, Blind(), progress=False)


@pytest.fixture(scope="module")
def annotated(tiny_demo):
    """Simulated frames with known landmarks, two of each person."""
    photos = load_neuroface(tiny_demo)
    taken, mask = {}, []
    for photo in photos:
        taken[photo.patient_id] = taken.get(photo.patient_id, 0) + 1
        mask.append(taken[photo.patient_id] <= 2)
    return photos.select(mask)


@pytest.fixture(scope="module")
def adapter_file(annotated, work_dir):
    path = work_dir / "data" / "models" / "simulated-adapter.npz"
    fit_adapter(annotated, "iBUG", path, progress=False)
    return path


def test_the_card_says_how_the_adapter_was_made(adapter_file, annotated):
    made = load_adapter(adapter_file).card
    assert made["engine"] == "iBUG" and made["simulated"] and "simulated" in made["dataset"].lower()
    assert made["n_people"] == len(annotated.people)
    assert set(made["cross_validated"]["asymmetry_kept"]) == {"mouth", "brows", "eyes"}
    assert 0 < made["cross_validated"]["error_median"] < 0.1
    assert str(annotated[0].path.parent) not in json.dumps(made)


def test_the_same_photos_and_seed_give_the_same_file(adapter_file, annotated, tmp_path):
    fit_adapter(annotated, "iBUG", tmp_path / "again.npz", progress=False)
    assert (tmp_path / "again.npz").read_bytes() == adapter_file.read_bytes()
    with zipfile.ZipFile(adapter_file) as bundle:
        assert {info.date_time[0] for info in bundle.infolist()} == {1980}


def test_get_landmarks_takes_an_adapter_by_name(adapter_file, annotated):
    image = annotated[0].image
    straight = GetLandmarks(image, model=("iBUG", "simulated-adapter.npz"))
    assert straight.model == "iBUG with simulated-adapter"
    face = straight.face
    engine = get_engine(("iBUG", adapter_file))
    mirrored = engine.predict(cv2.flip(image, 1), face.mirrored(image.shape[1])).landmarks
    np.testing.assert_allclose(mirror(mirrored, image.shape[1]), straight.landmarks, atol=1e-6)


def test_out_of_fold_points_are_in_the_photos_order(annotated):
    points = out_of_fold(annotated, "iBUG", progress=False)
    errors = point_error(points, annotated.landmarks())
    assert points.shape == (len(annotated), 68, 2) and np.median(errors) < 0.1
