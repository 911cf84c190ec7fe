"""Asymmetry read from mirrored halves, and how a head is turned."""

import cv2
import numpy as np
import pytest
from faces import symmetric_face
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.cbook import get_sample_data
from scipy.spatial.transform import Rotation

from bp_research import GetLandmarks, ProcessResults, measure_cohort
from bp_research.demo.cohort import make_person, simulate
from bp_research.errors import BadSettingError
from bp_research.face.geometry import asymmetry, eye_frame, interocular, with_asymmetry
from bp_research.landmarks.facemesh import MESH_TO_68
from bp_research.landmarks.halves import MOST_YAW, SLOPES, HalvesEngine, read_halves
from bp_research.landmarks.models import get_engine, model_files
from bp_research.landmarks.pose import frontal, head_pose, mean_mesh

PORTRAIT = get_sample_data("grace_hopper.jpg", asfileobj=False)
ANGLES = st.floats(-20, 20)


def turned(yaw, pitch, roll, noise=0.0, seed=0):
    """The mean mesh as a photo of a head turned by these angles, px; made without the module's own arithmetic.

    Turning to the subject's left carries the nose, which is nearest to the camera, to the image's right; looking up
    carries it up; leaning clockwise carries the image's right eye down.
    """
    points = mean_mesh()[0] * 200
    y, p, r = np.radians([yaw, pitch, roll])
    look_up = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    to_left = np.array([[np.cos(y), 0, -np.sin(y)], [0, 1, 0], [np.sin(y), 0, np.cos(y)]])
    clockwise = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    moved = points @ (clockwise @ to_left @ look_up).T + (300, 400, 0)
    return moved + np.random.default_rng(seed).normal(0, noise, moved.shape)


@given(ANGLES, ANGLES, ANGLES)
def test_known_turns_are_found(yaw, pitch, roll):
    np.testing.assert_allclose(head_pose(turned(yaw, pitch, roll)), (yaw, pitch, roll), atol=1e-3)
    np.testing.assert_allclose(head_pose(turned(yaw, pitch, roll, noise=2)), (yaw, pitch, roll), atol=2)


def test_signs_of_turns():
    nose = 4
    straight, left, up = (turned(*angles)[nose] for angles in ((0, 0, 0), (10, 0, 0), (0, 10, 0)))
    assert left[0] > straight[0] + 5 and up[1] < straight[1] - 5


@given(ANGLES, ANGLES, ANGLES)
def test_a_mirrored_mesh_has_the_mirrored_turn(yaw, pitch, roll):
    mesh = turned(yaw, pitch, roll, noise=3)
    mirrored = (mesh * (-1, 1, 1))[mean_mesh()[1]]
    expected = head_pose(mesh)
    # the mean mesh is symmetric to the rounding of its file
    np.testing.assert_allclose(head_pose(mirrored), (-expected.yaw, expected.pitch, -expected.roll), atol=1e-6)


@given(ANGLES, ANGLES, ANGLES)
def test_the_frontal_face_is_symmetric_again(yaw, pitch, roll):
    mesh = turned(yaw, pitch, roll)
    front = frontal(mesh, mesh)
    np.testing.assert_allclose(head_pose(front), 0, atol=1e-6)
    np.testing.assert_allclose(asymmetry(front[MESH_TO_68, :2]), 0, atol=0.003)
    np.testing.assert_allclose(front[[33, 263]].mean(axis=0), mesh[[33, 263]].mean(axis=0), atol=1e-6)


def test_photo_and_mirror_image_are_turned_oppositely():
    photo = cv2.imread(PORTRAIT)
    one, two = GetLandmarks(photo, "FaceMesh").pose, GetLandmarks(photo[:, ::-1].copy(), "FaceMesh").pose
    np.testing.assert_allclose(two, (-one.yaw, one.pitch, -one.roll), atol=1.5)
    assert GetLandmarks(photo, "iBUG").pose is None


@given(arrays(float, 3, elements=st.floats(-0.15, 0.15)), st.integers(0, 99), st.floats(-40, 40))
def test_a_face_takes_the_asymmetries_that_it_is_given(values, seed, angle):
    points = symmetric_face() + np.random.default_rng(seed).normal(0, 0.5, (68, 2))
    turn = Rotation.from_euler("z", angle, degrees=True).as_matrix()[:2, :2]
    points = points @ turn.T
    moved = with_asymmetry(points, values)
    np.testing.assert_allclose(asymmetry(moved), values, atol=1e-9)
    np.testing.assert_allclose(with_asymmetry(points, asymmetry(points)), points, atol=1e-9)
    still = [*range(17), *range(27, 36), 36, 39, 42, 45]
    np.testing.assert_array_equal(moved[still], points[still])
    gap = np.abs(eye_frame(moved)[:, 0] - eye_frame(points)[:, 0])
    assert gap.max() < 1e-9  # along the line of the eyes nothing moves


@pytest.fixture(scope="module")
def palsied():
    """A simulated flaccid palsy with an open smile, and its true landmarks, px."""
    return simulate(make_person(4, kind="flaccid", severity=5), "open smile")


def test_halves_keep_more_of_a_palsy_than_the_plain_reading(palsied):
    image, true = palsied
    wanted = asymmetry(true)
    plain, halves = (asymmetry(GetLandmarks(image, model).landmarks) for model in ("FaceMesh", "FaceMesh halves"))
    assert abs(wanted[0]) > 0.05
    assert abs(halves[0]) > abs(plain[0]) and abs(halves[0] - wanted[0]) < abs(plain[0] - wanted[0])


def test_halves_move_the_points_to_their_own_asymmetry(palsied):
    image, _ = palsied
    face, plain = GetLandmarks(image, "FaceMesh halves"), GetLandmarks(image, "FaceMesh")
    read = asymmetry(read_halves(image, plain.mesh, get_engine("FaceMesh")))
    np.testing.assert_allclose(asymmetry(face.landmarks), read, atol=1e-9)
    np.testing.assert_array_equal(face.mesh, plain.mesh)
    unshrunk = asymmetry(GetLandmarks(image, "FaceMesh halves unshrunk").landmarks)
    np.testing.assert_allclose(unshrunk, read / list(SLOPES.values()), atol=1e-9)


def test_mirrored_photo_mirrored_asymmetry(palsied):
    image, _ = palsied
    one, two = (GetLandmarks(picture, "FaceMesh halves").landmarks for picture in (image, image[:, ::-1].copy()))
    np.testing.assert_allclose(asymmetry(two), -asymmetry(one), atol=0.02)


class Turned(type(get_engine("FaceMesh"))):
    """A mesh that says the head is turned too far."""

    def __init__(self, engine):
        vars(self).update(vars(engine))

    def predict(self, image, face, colored=False):
        found = super().predict(image, face, colored)
        mesh = turned(MOST_YAW + 3, 0, 0)
        return type(found)(found.landmarks, mesh[:, :2], mesh[:, 2])


def test_a_turned_head_keeps_the_plain_reading(palsied):
    image, _ = palsied
    mesher = Turned(get_engine("FaceMesh"))
    found = GetLandmarks(image, HalvesEngine(mesher, mesher)).landmarks
    np.testing.assert_array_equal(found, GetLandmarks(image, "FaceMesh").landmarks)


def test_tables_tell_the_turn_and_give_frontal_features(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), cv2.imread(PORTRAIT))
    face = GetLandmarks(tmp_path / "a.png", "FaceMesh")
    plain, front = (measure_cohort(tmp_path, progress=False, frontal=choice).iloc[0] for choice in (False, True))
    assert (plain["yaw"], plain["pitch"]) == pytest.approx(face.pose[:2])
    assert plain["f8"] == pytest.approx(ProcessResults(face).features["f8"])
    assert front["f8"] == pytest.approx(ProcessResults(face, frontal=True).features["f8"]) != plain["f8"]
    assert np.isnan(measure_cohort(tmp_path, "iBUG", progress=False)["yaw"].iloc[0])
    with pytest.raises(BadSettingError, match="mesh"):
        ProcessResults(GetLandmarks(tmp_path / "a.png", "iBUG"), frontal=True)
    with pytest.raises(BadSettingError, match="GetLandmarks"):
        ProcessResults(face.landmarks, frontal=True)
    with pytest.raises(BadSettingError, match="augment"):
        measure_cohort(tmp_path, frontal=True, augment=3)


def test_the_mean_mesh_is_a_face():
    points, pairs = mean_mesh()
    assert points.shape == (478, 3) and (pairs[pairs] == np.arange(478)).all()
    np.testing.assert_allclose((points * (-1, 1, 1))[pairs], points, atol=2e-4)
    assert interocular(points[MESH_TO_68, :2]) == pytest.approx(1, abs=1e-3) and points[:, 2].argmin() in (1, 4, 45, 275)


def test_halves_are_told_apart_in_caches():
    names = ["FaceMesh", "FaceMesh halves", "FaceMesh halves unshrunk"]
    assert len({model_files(name) for name in names}) == 3
