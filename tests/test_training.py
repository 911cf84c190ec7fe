"""Training of dlib predictors: the pictures that are learnt from, the file, and judging by people left out."""

import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest
from faces import symmetric_face

from bp_research.accuracy import training
from bp_research.accuracy.training import ADAPTER, TRAINED, cross_validate_model, seconds_per_photo, train_predictor
from bp_research.datasets import load_neuroface
from bp_research.datasets.records import Photo, PhotoSet
from bp_research.errors import BadTableError
from bp_research.face.geometry import point_error
from bp_research.landmarks.models import get_engine


def dotted(points, shape=(300, 320)):
    """A grey picture with a soft bright dot at each point."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    gaps = (x[..., None] - points[:, 0]) ** 2 + (y[..., None] - points[:, 1]) ** 2
    return (255 * np.exp(-gaps / 8).max(axis=-1)).astype(np.uint8)


def brightness(picture):
    """The picture's brightness at its points."""
    at = picture.points.astype(np.float32)[None]
    return cv2.remap(picture.pixels, at[..., 0], at[..., 1], cv2.INTER_LINEAR)[0]


@pytest.fixture
def picture():
    points = symmetric_face()[[8, 17, 26, 36, 45, 48, 54]] + (150, 140)
    return training._Picture(dotted(points), points, np.array([80.0, 60, 220, 200]))


def test_a_bent_copy_shows_its_points_where_it_says(picture):
    rng = np.random.default_rng(0)
    for _ in range(20):
        copy = picture.bent(rng)
        assert brightness(copy).min() > 200
        assert np.abs(copy.points - picture.points).max() > 1


def test_a_mirrored_picture_shows_its_points_where_it_says():
    points = symmetric_face() + (150, 140) + np.linspace(0, 5, 68)[:, None]
    picture = training._Picture(dotted(points), points, np.array([80.0, 60, 220, 200]))
    mirrored = picture.mirrored()
    assert brightness(mirrored).min() > 200
    assert mirrored.points[36, 0] < mirrored.points[45, 0]
    np.testing.assert_allclose(mirrored.mirrored().points, points)
    np.testing.assert_allclose(mirrored.mirrored().box, picture.box)


def test_boxes_are_jittered_about_the_detectors(picture):
    rng = np.random.default_rng(0)
    boxes = np.array([picture.jittered(rng).box for _ in range(2000)])
    middles, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2] - boxes[:, 0]
    np.testing.assert_allclose(middles.mean(axis=0), (150, 130), atol=0.5)
    assert np.std(middles[:, 0]) / 140 == pytest.approx(0.04, rel=0.1)
    assert np.std(np.log(sizes)) == pytest.approx(0.05, rel=0.1)


@pytest.fixture(scope="module")
def annotated(tiny_demo):
    """Simulated frames with known landmarks, a few of each person."""
    photos = load_neuroface(tiny_demo)
    taken, mask = {}, []
    for photo in photos:
        taken[photo.patient_id] = taken.get(photo.patient_id, 0) + 1
        mask.append(taken[photo.patient_id] <= 3)
    return photos.select(mask)


def predicted(model, photos):
    """Landmarks of photos (n, 68, 2), px."""
    engine = get_engine(model)
    return np.array([engine.predict(photo.image, engine.find(photo.image)[0]).landmarks for photo in photos])


@pytest.fixture(scope="module")
def trained(annotated, tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "predictor.dat"
    return train_predictor(annotated, path, quick=True, progress=False)


def test_faces_less_trusted_are_shown_less_often(annotated):
    weights = np.ones(len(annotated))
    weights[0] = 0.3
    some = training._pictures(annotated, weights, 6, True, 0, False)
    assert len(some) == 2 * (2 + 6 * (len(annotated) - 1))
    assert len(training._pictures(annotated, weights, 6, False, 0, False)) == len(some) / 2
    assert all(picture.box[2] - picture.box[0] == pytest.approx(training._BOX, rel=0.25) for picture in some)


def test_many_photos_do_not_take_ever_more_time(annotated, monkeypatch):
    monkeypatch.setattr(training, "_MOST_PICTURES", 30)
    some = training._pictures(annotated, np.ones(len(annotated)), 6, True, 0, False)
    assert 20 <= len(some) <= 30


def test_the_listing_holds_whole_faces(annotated, tmp_path):
    pictures = training._pictures(annotated, np.ones(len(annotated)), 1, True, 0, False)
    listing = training._write_pictures(pictures, tmp_path)
    images = ElementTree.parse(listing).findall("images/image")
    assert len(images) == len(pictures)
    for image, picture in zip(images, pictures, strict=True):
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / image.get("file")), cv2.IMREAD_UNCHANGED), picture.pixels)
        parts = [(int(part.get("x")), int(part.get("y"))) for part in image.findall("box/part")]
        assert [part.get("name") for part in image.findall("box/part")] == [f"{i:02d}" for i in range(68)]
        np.testing.assert_allclose(parts, picture.points, atol=0.5)


def test_a_new_predictor_finds_the_points_it_learnt(annotated, tmp_path):
    path = train_predictor(annotated, tmp_path / "new.dat", quick=True, progress=False)
    some = list(annotated)[:6]
    assert np.median(point_error(predicted(path, some), [photo.landmarks_gt for photo in some])) < 0.05
    again = train_predictor(annotated, tmp_path / "again.dat", quick=True, progress=False)
    assert again.read_bytes() == path.read_bytes()


def test_the_same_photos_and_seed_give_the_same_file(trained, annotated, tmp_path):
    again = train_predictor(annotated, tmp_path / "again.dat", quick=True, progress=False)
    assert again.read_bytes() == trained.read_bytes()


def test_too_few_faces_is_an_error_and_leaves_no_file(tmp_path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((60, 60, 3), np.uint8))
    photos = [Photo("x", str(i), str(i), tmp_path / "black.png", landmarks_gt=symmetric_face()) for i in range(12)]
    with pytest.raises(BadTableError, match="at least 10 photos"):
        train_predictor(photos, tmp_path / "out.dat", quick=True, progress=False)
    assert not (tmp_path / "out.dat").exists()


def test_models_are_judged_on_people_they_never_saw(annotated, monkeypatch):
    seen = []

    def spy(photos, out, **settings):
        seen.append({photo.patient_id for photo in photos})
        return train_predictor(photos, out, **settings)

    monkeypatch.setattr(training, "train_predictor", spy)
    models = {"iBUG": "iBUG", "adapted": ("iBUG", ADAPTER), "trained": TRAINED, "mean": ["iBUG", TRAINED]}
    scores = cross_validate_model(annotated, models, folds=3, quick=True, progress=False)
    assert scores.groupby("setting").size().to_dict() == dict.fromkeys(models, len(annotated))
    assert len(seen) == 3 and set.intersection(*seen) == set()
    assert set.union(*seen) == set(annotated.people)
    errors = scores.groupby("setting")["error"].median()
    assert errors["adapted"] < errors["iBUG"] and errors["trained"] < 0.1  # a handful of photos teach trees little
    wide = scores.pivot(index="photo_id", columns="setting", values="mouth")
    assert np.abs(wide["mean"] - (wide["iBUG"] + wide["trained"]) / 2).median() < 0.01


def test_no_photos_is_an_error(annotated):
    with pytest.raises(ValueError, match="no photos"):
        cross_validate_model(PhotoSet("none", [], annotated.problems), {"iBUG": "iBUG"})


def test_time_is_told_in_seconds(annotated):
    assert 0 < seconds_per_photo(annotated, "iBUG", 2) < 10
