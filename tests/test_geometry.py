"""Properties that must hold for any face, and values worked out by hand from the definitions."""

import numpy as np
import pytest
from faces import symmetric_face
from hypothesis import given, settings
from hypothesis import strategies as st

from bp_research.errors import BadLandmarksError
from bp_research.face import geometry, schemes


def faces():
    """Random irregular faces: the plain one with every point moved by up to 5 px."""
    return st.integers(0, 2**32 - 1).map(
        lambda seed: symmetric_face() + np.random.default_rng(seed).uniform(-5, 5, (68, 2)) + [300, 400]
    )


def test_symmetric_face_has_no_asymmetry():
    features = dict(zip(schemes.FEATURES, geometry.feature_array(symmetric_face()), strict=True))
    for name in ("f0", "f1", "f2", "f4", "f5", "f6", "f7", "f14", "f22", "f23"):
        assert features[name] == pytest.approx(0, abs=1e-9)
    for name in ("f3", "f8", "f9", "f10", "f11", "f12", "f13", "f15", "f16", "f17"):
        assert features[name] == pytest.approx(1, abs=1e-9)
    # P23-P37 and P27-P37 are mirror images, so f24 is a ratio of equals
    assert features["f24"] == pytest.approx(1, abs=1e-9)
    assert geometry.asymmetry(symmetric_face()) == pytest.approx([0, 0, 0], abs=1e-12)


def test_distances_by_hand():
    points = geometry.to_51(symmetric_face())
    d = dict(zip(schemes.DISTANCES, geometry.distance_array(points), strict=True))
    assert d["A"] == 140
    assert d["W"] == 56
    assert d["X"] == pytest.approx(53 - 33)
    assert d["C"] == pytest.approx(110 - 76)
    assert d["N"] == d["O"] == pytest.approx(11)
    assert d["Nl"] == pytest.approx(11)
    assert d["L"] == d["M"] == pytest.approx(33 + (40 + 50 + 52 + 50 + 44) / 5)
    loop = np.array([(-28, 60), (-18, 54), (-8, 50), (0, 53), (0, 76), (-10, 74), (-20, 68), (-28, 60)])
    assert d["Wl"] == pytest.approx(np.linalg.norm(np.diff(loop, axis=0), axis=1).sum())


def test_features_by_hand():
    points = symmetric_face()
    points[54] += (0, 10)  # the subject's left mouth corner droops by 10 px
    features = dict(zip(schemes.FEATURES, geometry.feature_array(points), strict=True))
    assert features["f14"] == pytest.approx(np.degrees(np.arctan2(10, 56)))
    assert features["f28"] == pytest.approx(20 / 140)
    mouth, brows, eyes = geometry.asymmetry(points)
    assert mouth == pytest.approx(-10 / 96)  # left is lower; the outer eye corners are 96 px apart
    assert (brows, eyes) == pytest.approx((0, 0))


def test_closed_eyes_stay_finite():
    points = symmetric_face()
    points[40:42], points[46:48] = points[[38, 37]], points[[44, 43]]
    both = geometry.feature_array(points)
    assert both[11:14] == pytest.approx([1, 1, 1])
    points = symmetric_face()
    points[46:48] = points[[44, 43]]
    assert geometry.feature_array(points)[11] == pytest.approx(11 / (0.01 * 140))


@settings(max_examples=60, deadline=None)
@given(faces(), st.floats(-180, 180), st.floats(0.05, 20), st.floats(-5e3, 5e3), st.floats(-5e3, 5e3))
def test_features_do_not_depend_on_place_size_or_tilt(face, angle, scale, dx, dy):
    moved = geometry.rotate(face, angle, (100, 100)) * scale + [dx, dy]
    np.testing.assert_allclose(geometry.feature_array(moved), geometry.feature_array(face), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(geometry.asymmetry(moved), geometry.asymmetry(face), atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(faces(), st.integers(1, 5000))
def test_mirrored_photo_has_the_same_features_and_the_opposite_asymmetry(face, width):
    twin = geometry.mirror(face, width)
    np.testing.assert_allclose(geometry.feature_array(twin), geometry.feature_array(face), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(geometry.asymmetry(twin), -geometry.asymmetry(face), atol=1e-9)
    np.testing.assert_allclose(geometry.mirror(twin, width), face, atol=1e-9)
    np.testing.assert_array_equal(geometry.to_51(geometry.mirror(face)), geometry.mirror(geometry.to_51(face)))


@settings(max_examples=30, deadline=None)
@given(faces())
def test_levelled_face_is_level_and_as_large(face):
    levelled, tilt = geometry.level(face)
    assert levelled[48] == pytest.approx(face[0])
    assert levelled[49, 1] == pytest.approx(levelled[48, 1])
    assert levelled[49, 0] > levelled[48, 0]
    dx, dy = face[16] - face[0]
    assert np.tan(np.radians(tilt)) == pytest.approx(dy / dx)
    gaps = np.linalg.norm(np.diff(geometry.to_51(face), axis=0), axis=1)
    assert np.linalg.norm(np.diff(levelled, axis=0), axis=1) == pytest.approx(gaps)


def test_many_faces_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(1)
    many = symmetric_face() + rng.normal(0, 3, (2, 4, 68, 2))
    together = geometry.feature_array(many)
    assert together.shape == (2, 4, 29)
    np.testing.assert_allclose(together[1, 2], geometry.feature_array(many[1, 2]), rtol=1e-12)
    assert geometry.asymmetry(many).shape == (2, 4, 3)


def test_point_error_is_over_the_inner_points():
    face = symmetric_face()
    off = face.copy()
    off[:17] += 50  # the jaw line does not count
    assert geometry.point_error(off, face) == 0
    off[17:] += [3, 4]
    assert geometry.point_error(off, face) == pytest.approx(5 / 96)


def test_mirror_pairs_are_their_own_inverse_and_keep_the_parts():
    for pairs in (schemes.MIRROR_68, schemes.MIRROR_51):
        np.testing.assert_array_equal(pairs[pairs], np.arange(len(pairs)))
    np.testing.assert_array_equal(np.sort(schemes.MIRROR_68[schemes.RIGHT_EYE]), schemes.LEFT_EYE)
    np.testing.assert_array_equal(np.sort(schemes.MIRROR_68[schemes.RIGHT_BROW]), schemes.LEFT_BROW)
    assert schemes.MIRROR_68[8] == 8 and schemes.MIRROR_68[33] == 33


@pytest.mark.parametrize(
    "points",
    [np.zeros((68, 3)), np.zeros((67, 2)), np.zeros(136), np.zeros((2, 68)), "face", [[1, 2], [3]], None],
    ids=str,
)
def test_wrong_shapes_are_refused(points):
    with pytest.raises(BadLandmarksError):
        geometry.feature_array(points)


def test_numbers_that_are_none_and_points_in_one_place_are_refused():
    face = symmetric_face()
    face[30, 0] = np.nan
    with pytest.raises(BadLandmarksError, match="30"):
        geometry.feature_array(face)
    with pytest.raises(BadLandmarksError, match="coincide"):
        geometry.feature_array(np.zeros((68, 2)))
    with pytest.raises(BadLandmarksError):
        geometry.asymmetry(np.ones((68, 2)))
