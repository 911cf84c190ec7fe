"""One photo: what goes in, what comes out, and what happens to bad input. The photos are public-domain portraits."""

import io
import warnings

import cv2
import dlib
import numpy as np
import pytest
import skimage.data
from matplotlib.cbook import get_sample_data
from PIL import Image

from bp_research import GetLandmarks
from bp_research.errors import (
    BadModelError,
    BadSettingError,
    BpResearchError,
    ModelNotFoundError,
    NoFaceError,
    UnreadableImageError,
)
from bp_research.face import geometry
from bp_research.landmarks.engine import Face
from bp_research.landmarks.files import model_path
from bp_research.landmarks.iris import find_irises
from bp_research.landmarks.models import get_engine


@pytest.fixture(scope="module")
def hopper():
    return cv2.imread(get_sample_data("grace_hopper.jpg", asfileobj=False))


@pytest.fixture(scope="module")
def astronaut():
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)


@pytest.fixture(scope="module")
def small(hopper):
    """A portrait so small that damaged copies of it are searched quickly."""
    return cv2.resize(hopper[60:420, 80:420], (170, 180), interpolation=cv2.INTER_AREA)


def encoded(image, suffix=".png", *options):
    return cv2.imencode(suffix, image, list(options))[1].tobytes()


def test_attributes(hopper):
    face = GetLandmarks(hopper, "iBUG")
    assert face.landmarks.shape == (68, 2) and face.landmarks.dtype == np.float64
    left, top, right, bottom = face.bounding_box
    assert 0 < left < right < hopper.shape[1] and 0 < top < bottom < hopper.shape[0]
    assert face.n_faces == 1 and face.score > 0 and face.model == "iBUG" and face.mesh is None
    # the subject's right eye is on the image's left
    assert face.landmarks[36:42, 0].max() < face.landmarks[42:48, 0].min()
    assert face.right_iris[0] < face.left_iris[0]


def test_landmarks_agree_with_dlib_used_directly(hopper):
    """An independent second way: the textbook calls, at the photo's own size."""
    big = cv2.resize(hopper, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    face = GetLandmarks(big, "iBUG")
    box = dlib.rectangle(*(round(v) for v in face.bounding_box))
    found = dlib.shape_predictor(str(model_path("iBUG")))(cv2.cvtColor(big, cv2.COLOR_BGR2GRAY), box)
    direct = np.array([(p.x, p.y) for p in found.parts()])
    np.testing.assert_allclose(face.landmarks, direct, atol=0.51)


def test_kinds_of_input_agree(hopper, tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(hopper))
    alpha = np.dstack([hopper, np.full(hopper.shape[:2], 255, np.uint8)])
    deep = encoded(hopper.astype(np.uint16) * 257)
    expected = GetLandmarks(hopper, "iBUG").landmarks
    for source in (path, str(path), path.read_bytes(), alpha, deep):
        np.testing.assert_array_equal(GetLandmarks(source, "iBUG").landmarks, expected)
    grey = cv2.cvtColor(hopper, cv2.COLOR_BGR2GRAY)
    for source in (grey, grey[..., None], encoded(grey), encoded(grey.astype(np.uint16) * 257)):
        assert geometry.point_error(GetLandmarks(source, "iBUG").landmarks, expected) < 0.02


def test_exif_rotation_is_honoured(hopper):
    upright = GetLandmarks(encoded(hopper), "iBUG").landmarks
    turned = Image.fromarray(np.rot90(hopper[..., ::-1]).copy())  # counter-clockwise; orientation 6 turns it back
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)
    assert geometry.point_error(GetLandmarks(file.getvalue(), "iBUG").landmarks, upright) < 0.01


def test_best_of_several_faces_is_measured(hopper, astronaut):
    both = np.zeros((512, 1024, 3), np.uint8)
    both[:, :512] = astronaut
    both[:, 512:] = hopper[40:552, :512] if hopper.shape[0] >= 552 else cv2.resize(hopper, (512, 512))
    face = GetLandmarks(both, "iBUG", resolution=400)
    assert face.n_faces >= 2
    scores = [found.score for found in get_engine("iBUG").find(both, 400)]
    assert face.score == max(scores)


def test_small_faces_are_not_rounded(hopper):
    """At a third of the size, the features stay near those of the full photo; whole pixels would move them more."""
    third = cv2.resize(hopper, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA)
    points = GetLandmarks(third, "iBUG").landmarks
    assert np.abs(points - np.round(points)).max() > 0.1
    assert geometry.point_error(points * 3 + 1, GetLandmarks(hopper, "iBUG").landmarks) < 0.03


def test_faces_too_small_for_the_first_look_are_found(hopper):
    wide = np.full((900, 1600, 3), 128, np.uint8)
    face = cv2.resize(hopper, (128, 150), interpolation=cv2.INTER_AREA)
    wide[300:450, 700:828] = face
    left, top, right, bottom = GetLandmarks(wide, "iBUG").bounding_box
    assert 690 < left < right < 840 and 290 < top < bottom < 460


@pytest.mark.parametrize("settings", [{"resolution": 300}, {"colored": True}, {"resolution": 300, "colored": True}], ids=str)
def test_report_settings(hopper, settings):
    assert geometry.point_error(GetLandmarks(hopper, **settings).landmarks, GetLandmarks(hopper, "iBUG").landmarks) < 0.05


def test_iris_of_a_drawn_eye():
    """A dark disc between lids of known place; the operator must find its centre and radius."""
    image = np.full((200, 400, 3), 170, np.uint8)
    lids = symmetric_lids(x=100, y=100)
    eyes = np.zeros((68, 2))
    eyes[36:42], eyes[42:48] = lids, lids + [180, 0]
    for eye in (eyes[36:42], eyes[42:48]):
        cv2.fillPoly(image, [eye.astype(np.int32)], (235, 235, 235), cv2.LINE_AA)
    cv2.circle(image, (104, 100), 18, (60, 60, 60), -1, cv2.LINE_AA)
    cv2.circle(image, (276, 101), 18, (60, 60, 60), -1, cv2.LINE_AA)
    left, right = find_irises(image, eyes)
    assert right == pytest.approx((104, 100, 18), abs=2.5)
    assert left == pytest.approx((276, 101, 18), abs=2.5)
    eyes[46:48] = eyes[[44, 43]] + [0, 4]  # the subject's left lids close
    left, right = find_irises(image, eyes)
    assert left is None and right is not None


def symmetric_lids(x, y):
    return np.array([[x - 45, y], [x - 16, y - 20], [x + 16, y - 20], [x + 45, y], [x + 16, y + 20], [x - 16, y + 20]], float)


def test_moved_face():
    face = Face((10.0, 20.0, 50.0, 80.0), 1.0)
    turned = face.moved([[0, -2, 5], [2, 0, 7]])  # doubled and turned by 90 degrees
    assert turned.angle == pytest.approx(90)
    assert turned.box == pytest.approx((-2 * 50 + 5 - 40, 2 * 30 + 7 - 60, -2 * 50 + 5 + 40, 2 * 30 + 7 + 60))


def test_bad_settings_and_models(hopper, tmp_path):
    for resolution in (0, -5, 2.5, "200", 10**6):
        with pytest.raises(BadSettingError, match="resolution"):
            GetLandmarks(hopper, "iBUG", resolution=resolution)
    with pytest.raises(ModelNotFoundError):
        GetLandmarks(hopper, model=tmp_path / "none.dat")
    with pytest.raises(BadSettingError):
        GetLandmarks(hopper, model=3)
    (tmp_path / "bad.dat").write_bytes(b"not a model")
    with pytest.raises(BadModelError):
        GetLandmarks(hopper, model=tmp_path / "bad.dat")


def test_means_of_several_models(hopper):
    one = GetLandmarks(hopper, "iBUG").landmarks
    np.testing.assert_allclose(GetLandmarks(hopper, model=["iBUG", "iBUG"]).landmarks, one)


def test_unreadable_input(small, tmp_path):
    png, jpg = encoded(small), encoded(small, ".jpg")
    (tmp_path / "empty.jpg").write_bytes(b"")
    bad = [
        *(tmp_path / "empty.jpg", tmp_path / "missing.jpg", tmp_path, b"", b"no picture", jpg[: len(jpg) // 2], png[:400]),
        *(np.zeros((0, 5, 3), np.uint8), np.zeros((5, 0), np.uint8), np.zeros((5, 5, 2), np.uint8), np.zeros(5, np.uint8)),
        *(np.zeros((50, 50, 3)), small.astype(np.uint16), None, 7),
    ]
    for source in bad:
        with pytest.raises(UnreadableImageError):
            GetLandmarks(source, "iBUG")


def test_no_face():
    rng = np.random.default_rng(0)
    for picture in (np.zeros((1, 1, 3), np.uint8), np.zeros((300, 200), np.uint8), np.full((60, 3000, 3), 90, np.uint8),
                    rng.integers(0, 256, (120, 90, 3), dtype=np.uint8)):  # fmt: skip
        with pytest.raises(NoFaceError, match="no face"):
            GetLandmarks(picture, "iBUG")


def test_a_file_of_100_megapixels(hopper):
    huge = cv2.resize(hopper, (10_000, 10_000), interpolation=cv2.INTER_NEAREST)
    face = GetLandmarks(encoded(huge, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 30), "iBUG")
    assert 3000 < face.bounding_box[2] - face.bounding_box[0] < 8000


def test_a_bomb_is_refused_before_it_is_decoded():
    file = io.BytesIO()
    Image.new("1", (18_000, 18_000)).save(file, "PNG")
    with pytest.raises(UnreadableImageError, match="megapixels"):
        GetLandmarks(file.getvalue(), "iBUG")


def test_animated_and_cmyk_files(hopper):
    frames = [Image.fromarray(hopper[..., ::-1]), Image.new("RGB", hopper.shape[1::-1])]
    gif, cmyk = io.BytesIO(), io.BytesIO()
    frames[0].save(gif, "GIF", save_all=True, append_images=frames[1:])
    frames[0].convert("CMYK").save(cmyk, "JPEG", quality=95)
    expected = GetLandmarks(hopper, "iBUG").landmarks
    for file in (gif, cmyk):
        assert geometry.point_error(GetLandmarks(file.getvalue(), "iBUG").landmarks, expected) < 0.05


def damaged(image, seed):
    """One damaged version of a portrait: of its bytes or of its pixels."""
    rng = np.random.default_rng(seed)
    data = bytearray(encoded(image, rng.choice([".jpg", ".png", ".webp", ".bmp", ".tiff"])))
    kind = seed % 6
    if kind == 0:
        return bytes(data[: rng.integers(0, len(data))])
    if kind == 1:
        for at in rng.integers(0, len(data), rng.integers(1, 40)):
            data[at] = rng.integers(0, 256)
        return bytes(data)
    if kind == 2:
        start = rng.integers(0, len(data))
        del data[start : start + rng.integers(1, 2000)]
        return bytes(data)
    if kind == 3:
        x, y = rng.integers(0, image.shape[1]), rng.integers(0, image.shape[0])
        return image[y:, x:] if rng.random() < 0.5 else image[: y + 1, : x + 1]
    if kind == 4:
        return np.rot90(image, rng.integers(1, 4)).copy()
    noisy = image + rng.normal(0, rng.uniform(10, 200), image.shape)
    return noisy.clip(0, 255).astype(np.uint8)


def test_damaged_photos_give_landmarks_or_a_named_error(small):
    measured = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of damaged EXIF data
        for seed in range(300):
            try:
                face = GetLandmarks(damaged(small, seed), "iBUG")
            except BpResearchError as error:
                assert str(error)
            else:
                assert face.landmarks.shape == (68, 2) and np.isfinite(face.landmarks).all()
                measured += 1
    assert 20 < measured < 280  # the damage is neither harmless nor always fatal
