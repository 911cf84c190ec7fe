"""The face mesh, against dlib's points, against itself on changed photos, and on pictures without a face."""

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from bp_research import work
from bp_research.errors import BadModelError, ModelNotFoundError, NoFaceError
from bp_research.face.geometry import mirror, point_error, transform
from bp_research.landmarks import facemesh
from bp_research.landmarks.engine import Face
from bp_research.landmarks.files import model_path
from bp_research.landmarks.get_landmarks import GetLandmarks
from bp_research.landmarks.models import get_engine


@pytest.fixture(scope="module")
def engine():
    try:
        return get_engine("FaceMesh")
    except ModelNotFoundError:
        pytest.skip("the FaceMesh model is not there: run make models")


@pytest.fixture(scope="module")
def portrait():
    """A public-domain portrait, smiling, about 480 px wide."""
    photo = cv2.cvtColor(skimage.data.astronaut()[0:360, 110:350], cv2.COLOR_RGB2BGR)
    return cv2.resize(photo, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def face(engine, portrait):
    return GetLandmarks(portrait, model="FaceMesh")


def test_the_points_agree_with_dlibs(face, portrait):
    assert point_error(face.landmarks, GetLandmarks(portrait, model="iBUG").landmarks) < 0.06


def test_mesh_landmarks_and_irises(face):
    assert face.mesh.shape == (478, 2) and face.n_faces == 1
    np.testing.assert_array_equal(face.landmarks, face.mesh[facemesh.MESH_TO_68])
    for iris, eye in ((face.left_iris, face.landmarks[42:48]), (face.right_iris, face.landmarks[36:42])):
        assert (eye.min(axis=0) < iris[:2]).all() and (iris[:2] < eye.max(axis=0)).all()
        assert 0.15 < iris[2] / np.ptp(eye[:, 0]) < 0.35  # an iris of 12 mm in a lid opening of 27-30 mm


def test_a_mirrored_photo_gives_mirrored_points(face, portrait):
    mirrored = GetLandmarks(cv2.flip(portrait, 1), model="FaceMesh").landmarks
    back = mirror(mirrored, portrait.shape[1])
    assert point_error(back, face.landmarks) < 0.02
    # half a pixel lost in the nets' coordinates would shift all points to one side, by 2 px here
    assert abs((back - face.landmarks)[:, 0].mean()) < 1.2


@pytest.mark.parametrize("degrees, scale", [(25, 0.7), (-15, 1.2), (0, 0.4)])
def test_a_turned_and_scaled_photo_gives_turned_and_scaled_points(face, portrait, degrees, scale):
    height, width = portrait.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    moved = GetLandmarks(cv2.warpAffine(portrait, matrix, (width, height)), model="FaceMesh")
    assert point_error(moved.landmarks, transform(face.landmarks, matrix)) < 0.03
    assert abs(moved.face.angle - face.face.angle + degrees) < 8


def test_a_small_face_in_a_large_photo_is_found(face, portrait):
    small = cv2.resize(portrait, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    photo = np.full((900, 1400, 3), 90, np.uint8)
    photo[500 : 500 + small.shape[0], 1100 : 1100 + small.shape[1]] = small
    points = GetLandmarks(photo, model="FaceMesh").landmarks
    assert point_error(points, (face.landmarks + 0.5) / 4 - 0.5 + (1100, 500)) < 0.05


@pytest.mark.parametrize("picture", ["noise", "black", "brick", "coffee", "chelsea"])
def test_no_face(engine, picture):
    if picture == "noise":
        photo = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    elif picture == "black":
        photo = np.zeros((300, 200, 3), np.uint8)
    else:
        photo = getattr(skimage.data, picture)()[:300, :300, ...]
        photo = cv2.cvtColor(photo, cv2.COLOR_GRAY2BGR) if photo.ndim == 2 else np.ascontiguousarray(photo[..., ::-1])
    with pytest.raises(NoFaceError):
        GetLandmarks(photo, model="FaceMesh")


def test_a_box_without_a_face_is_an_error(engine):
    with pytest.raises(NoFaceError, match="no face at the box"):
        engine.predict(np.zeros((200, 200, 3), np.uint8), Face((50, 50, 150, 150), 1.0))


def test_threads_and_forks_change_no_number(engine, portrait, face):
    box = engine.find(portrait)[0]
    assert np.array_equal(engine.predict_quickly(portrait, box).mesh, face.mesh)
    pool = work._Pool(1)
    try:  # threads do not survive a fork: a worker that used them would wait for ever
        forked = pool.submit(GetLandmarks, portrait, "FaceMesh").result(timeout=60)
    finally:
        pool.end()
    assert np.array_equal(forked.mesh, face.mesh)


def test_two_looks_give_the_same_numbers(engine, portrait, face):
    np.testing.assert_array_equal(engine.predict(portrait, engine.find(portrait)[0]).mesh, face.mesh)


def test_blendshapes_of_a_smile(engine, face):
    values = dict(zip(facemesh.BLENDSHAPES, engine.blendshapes(face.mesh), strict=True))
    assert all(0 <= value <= 1 for value in values.values())
    assert min(values["mouthSmileLeft"], values["mouthSmileRight"]) > 0.6
    assert max(values["mouthFrownLeft"], values["mouthPucker"], values["eyeBlinkLeft"]) < 0.4


def test_names_of_blendshapes_come_in_pairs():
    lefts = {name[:-4] for name in facemesh.BLENDSHAPES if name.endswith("Left")}
    rights = {name[:-5] for name in facemesh.BLENDSHAPES if name.endswith("Right")}
    assert lefts == rights and len(set(facemesh.BLENDSHAPES)) == 52


def test_one_engine_per_process_which_keeps_quiet(engine, capfd):
    assert get_engine("FaceMesh") is engine
    facemesh.FaceMeshEngine(model_path("FaceMesh"))
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_no_bundle_of_nets(engine, tmp_path):
    whole = model_path("FaceMesh").read_bytes()
    for content in (b"", b"no zip file", whole[: len(whole) // 2]):
        (tmp_path / "face.task").write_bytes(content)
        with pytest.raises(BadModelError, match="obtain it again"):
            facemesh.FaceMeshEngine(tmp_path / "face.task")


def test_anchors_are_the_cells_of_two_grids():
    anchors, times = np.unique(facemesh._anchors(), axis=0, return_counts=True)
    assert times.sum() == 896 and set(times) == {2, 6}
    assert (times == 2).sum() == 16**2 and (times == 6).sum() == 8**2
    np.testing.assert_allclose(anchors.mean(axis=0), 64)


@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.sampled_from([share for share, _ in facemesh.LOOKS]),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_windows_cover_the_whole_photo(size, share, where):
    photo = np.broadcast_to(np.uint8(0), (*size, 3))
    y, x = np.multiply(where, size)
    windows = facemesh._windows(photo, share)
    assert len(windows) <= 25
    assert any(left - 1e-6 <= x <= left + side + 1e-6 and top - 1e-6 <= y <= top + side + 1e-6
               for left, top, side in windows)  # fmt: skip


def test_dlibs_detector_is_the_second_chance(engine, portrait, face, monkeypatch):
    monkeypatch.setattr(engine, "_detect", lambda image, window, least_score: [])
    again = GetLandmarks(portrait, model="FaceMesh")
    assert again.face.angle == 0 and again.n_faces == 1
    assert point_error(again.landmarks, face.landmarks) < 0.03
