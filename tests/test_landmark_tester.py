import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.cbook import get_sample_data

from bp_research import LandmarkTester
from bp_research.errors import BadSettingError
from bp_research.face.geometry import interocular, mirror, rotate, transform
from bp_research.face.schemes import FEATURES, REGIONS
from bp_research.landmarks.engine import Engine, Face, Prediction
from bp_research.measuring import copies as augment
from bp_research.measuring import landmark_tester
from bp_research.measuring.copies import WIDTH, Change, FaceCopies, noise, with_noise
from bp_research.measuring.landmark_tester import robust_sd

SIZE = 256


def face_points(seed=0):
    """68 points of a crooked face around (128, 128), about 100 px wide; the jaw's ends and brows are apart."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(-40, 40, (68, 2))
    points[[36, 45, 0, 16]] = [(-30, -20), (30, -12), (-50, 0), (50, 4)]
    return points + SIZE / 2


TRUE = face_points()


def map_photo():
    """A photo whose pixels say where they are: blue is x, green is y."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.uint8)
    return np.dstack([x, y, np.full_like(x, 100)])


def read_map(picture, box):
    """The map (2, 3) from the photo to a picture of :func:`map_photo`, fitted to the pixels within a box."""
    left, top, right, bottom = (int(v) for v in box)
    part = picture[max(top, 0) : bottom, max(left, 0) : right]
    y, x = np.mgrid[: part.shape[0], : part.shape[1]]
    seen = part[..., 2] == 100
    photo = np.column_stack([part[seen][:, :2], np.ones(seen.sum())]).astype(float)
    here = np.column_stack([x[seen] + max(left, 0), y[seen] + max(top, 0)])
    return np.linalg.lstsq(photo, here, rcond=None)[0].T


class Reader(Engine):
    """A perfect predictor: it reads from the pixels where it is looking."""

    name = "reader"
    found = True

    def find(self, image, resolution=200, colored=False):
        if not self.found:
            return []
        matrix = read_map(image, (0, 0, *image.shape[1::-1]))
        decoy = Face((0, 0, 20, 20), 2.0)
        x, y = transform([SIZE / 2, SIZE / 2], matrix)
        face = Face((x - 50, y - 50, x + 50, y + 50), 1.0)
        return [face] if image.shape == (SIZE, SIZE, 3) and np.array_equal(image, map_photo()) else [decoy, face]

    def predict(self, image, face, colored=False):
        matrix = read_map(image, face.box)
        points = transform(TRUE, matrix)
        return Prediction(mirror(points) * [-1, 1] if np.linalg.det(matrix[:, :2]) < 0 else points)


class Follower(Engine):
    """Points that stand firm in the box and turn with it, to the last digit; mirrored where the picture is."""

    name = "follower"

    def find(self, image, resolution=200, colored=False):
        return [Face((78.0, 70.0, 178.0, 190.0), 1.0, angle=3.0)]

    def predict(self, image, face, colored=False):
        box = np.array(face.box)
        shape = TRUE - SIZE / 2
        width = image.shape[1]
        if image[:, : width // 2, 0].mean() > image[:, width // 2 :, 0].mean():
            shape = mirror(shape)
        return Prediction(rotate(shape * (box[2] - box[0]) / 100, face.angle) + (box[:2] + box[2:]) / 2)


@pytest.fixture(scope="module")
def portrait():
    return get_sample_data("grace_hopper.jpg", asfileobj=False)


@pytest.mark.parametrize("angle", [0.0, 10.0, 35.0])
def test_a_fixed_rotation_of_a_perfect_predictor_gives_the_landmarks_back(angle):
    engine = Follower()
    tester = LandmarkTester(map_photo(), engine).test_fixed_rotation(angle, num_steps=7)
    assert tester.test_landmarks.shape == (7, 68, 2)
    assert np.abs(tester.test_landmarks - tester.single.landmarks).max() < 1e-6
    assert tester.spread.max() < 1e-6


def test_mirrored_copies_come_back_with_their_points_renumbered():
    engine = Follower()
    tester = LandmarkTester(map_photo(), engine).run(num_test=6, shift=0, stretch=0)
    assert np.abs(tester.test_landmarks - tester.single.landmarks).max() < 1e-6


@pytest.mark.parametrize("level", [False, True])
@pytest.mark.parametrize(
    ("test", "parameters"),
    [
        ("run", {}),
        ("test_random_rotation", {}),
        ("test_random_rotation", {"rand_mode": "normal"}),
        ("test_fixed_rotation", {"test_angle": 15, "num_steps": 5}),
        ("test_no_rotation", {}),
    ],
)
def test_pixels_and_points_take_the_same_way(test, parameters, level, monkeypatch):
    engine = Reader()
    monkeypatch.setattr(augment, "WIDTH", 300)  # pixels are whole numbers: the larger a copy, the finer it can be read
    tester = getattr(LandmarkTester(map_photo(), engine, level=level), test)(**parameters)
    assert np.abs(tester.test_landmarks - TRUE).max() < 0.2
    assert np.abs(tester.median_landmarks - TRUE).max() < 0.05


@pytest.mark.parametrize("factor", [0.5, 4])
def test_large_and_small_faces_come_back_as_well(factor):
    photo = np.kron(map_photo(), np.ones((4, 4, 1), np.uint8)) if factor == 4 else map_photo()[::2, ::2]
    half, middle = 50 * factor, SIZE / 2 * factor
    box = (middle - half, middle - half, middle + half, middle + half)
    copy = FaceCopies(photo, Face(box, 1.0), margin=0.3).make(Change(angle=20, mirrored=True))
    assert copy.face.box[2] - copy.face.box[0] == pytest.approx(WIDTH, rel=0.01)
    points = transform(TRUE, read_map(copy.picture, copy.face.box))
    # the middle of a block of 4 x 4 pixels lies 1.5 px from its corner; every second pixel needs no shift
    expected = mirror(TRUE * factor + (1.5 if factor == 4 else 0))
    assert np.abs(copy.to_photo(points) - expected * [-1, 1]).max() < 0.1 * factor


def test_a_face_at_the_edge_of_the_photo_comes_back():
    copies = FaceCopies(map_photo(), Face((-20, 150, 130, 300), 1.0), margin=1.0)
    copy = copies.make(Change(angle=-10))
    points = transform(TRUE, read_map(copy.picture, (0, 0, *copy.picture.shape[1::-1])))
    assert np.abs(copy.to_photo(points) - TRUE).max() < 0.1


def test_levelling_turns_every_copy_by_the_tilt_of_the_eyes(monkeypatch):
    class Watcher(Follower):
        seen = []

        def predict(self, image, face, colored=False):
            self.seen.append(face.angle)
            return super().predict(image, face, colored)

    engine = Watcher()
    monkeypatch.setattr(landmark_tester, "helpers_there_are", lambda: 0)
    tester = LandmarkTester(map_photo(), engine, level=True)
    dx, dy = tester.single.landmarks[45] - tester.single.landmarks[36]
    Watcher.seen.clear()
    tester.test_no_rotation(3)
    assert Watcher.seen == pytest.approx([3.0 - np.degrees(np.arctan2(dy, dx))] * 3)
    Watcher.seen.clear()
    tester.run(2, rand_angle=0)
    assert Watcher.seen[1] == pytest.approx(-Watcher.seen[0])


@settings(max_examples=12, deadline=None)
@given(st.floats(-60, 60), st.floats(-0.2, 0.2), st.floats(0.7, 1.4), st.booleans())
def test_the_box_of_a_copy_holds_the_same_part_of_the_face(angle, shift, stretch, mirrored):
    copies = FaceCopies(map_photo(), Face((78, 70, 178, 190), 1.0, angle=3), margin=0.5)
    plain, copy = (
        copies.make(Change()),
        copies.make(Change(angle=angle, shift=(shift, 0), stretch=stretch, mirrored=mirrored)),
    )
    width = np.diff([plain.face.box[0], plain.face.box[2]])[0]
    assert np.diff([copy.face.box[0], copy.face.box[2]])[0] == pytest.approx(width * stretch)
    assert copy.face.angle == pytest.approx((-3 if mirrored else 3) + angle)
    middle = np.array(copy.face.box).reshape(2, 2).mean(axis=0) - [shift * width, 0]
    assert copy.to_photo(np.tile(middle, (68, 1)))[0] == pytest.approx([128, 130])


# ---- noise


@pytest.mark.parametrize(
    ("dist", "sd"), [("uniform", 20 / 3**0.5), ("normal", 20), ("laplace", 20 * 2**0.5), ("poisson", 20**0.5)]
)
def test_noise_has_the_stated_moments(dist, sd):
    drawn = noise(np.random.default_rng(0), (400, 500, 3), dist, 20).ravel().astype(float)
    assert drawn.mean() == pytest.approx(0, abs=5 * sd / len(drawn) ** 0.5)
    assert drawn.std() == pytest.approx(sd, rel=0.01)
    kurtosis = {"uniform": 1.8, "normal": 3, "laplace": 6, "poisson": 3 + 1 / 20}[dist]
    assert ((drawn / drawn.std()) ** 4).mean() == pytest.approx(kurtosis, rel=0.05)
    if dist == "uniform":
        assert np.abs(drawn).max() <= 20
    if dist == "laplace":
        assert np.abs(drawn).mean() == pytest.approx(20, rel=0.01)


def test_noise_reaches_every_channel_alone_or_all_alike():
    grey = np.full((300, 300, 3), 128, np.uint8)
    seed = np.random.SeedSequence(1)
    own = with_noise(grey, Change(noise="normal", noise_scale=10, seed=seed)).astype(float)
    same = with_noise(grey, Change(noise="normal", noise_scale=10, seed=seed, per_channel=False))
    assert np.abs(np.corrcoef(own.reshape(-1, 3).T) - np.eye(3)).max() < 0.02
    assert (same == same[..., :1]).all()
    assert own.std() == pytest.approx(10, rel=0.02)


def test_brightness_is_added_and_cut_off_at_the_ends():
    picture = np.array([[[0, 100, 250]]], np.uint8)
    assert with_noise(picture, Change(brightness=20)).ravel().tolist() == [20, 120, 255]
    assert with_noise(picture, Change(brightness=-20)).ravel().tolist() == [0, 80, 230]


def test_noise_on_a_large_photo_needs_little_more_memory_than_the_photo():
    photo = np.full((3000, 2000, 3), 128, np.uint8)
    tracemalloc.start()
    noisy = with_noise(photo, Change(noise="laplace", noise_scale=20, seed=np.random.SeedSequence(0)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < photo.nbytes + 40e6
    # bands do not show: the numbers go on from one to the next
    halves = np.abs(noisy[:1500].astype(int) - 128).mean(), np.abs(noisy[1500:].astype(int) - 128).mean()
    assert halves[0] == pytest.approx(halves[1], rel=0.01)
    assert not np.array_equal(noisy[:1500], noisy[1500:])


# ---- with dlib's model


@pytest.mark.parametrize(("model", "test"), [("iBUG", "test_noises"), ("FaceMesh", "run")])
def test_same_seed_same_numbers_on_any_number_of_processes(portrait, model, test, monkeypatch):
    tests = [getattr(LandmarkTester(portrait, model, seed=3), test)(num_test=5) for _ in range(2)]
    monkeypatch.setattr(landmark_tester, "helpers_there_are", lambda: 0)
    alone = getattr(LandmarkTester(portrait, model, seed=3), test)(num_test=5)
    for one in tests:
        assert np.array_equal(one.test_landmarks, alone.test_landmarks)


def test_seeds_matter_and_longer_tests_begin_like_shorter_ones(portrait):
    tester, other = LandmarkTester(portrait, "iBUG"), LandmarkTester(portrait, "iBUG", seed=1)
    for test in ("run", "test_random_rotation", "test_intensities", "test_combined"):
        long = getattr(tester, test)(num_test=6).test_landmarks
        assert np.array_equal(getattr(tester, test)(num_test=4).test_landmarks, long[:4])
        assert not np.array_equal(getattr(other, test)(num_test=6).test_landmarks, long)


def test_unchanged_copies_do_not_move(portrait):
    tester = LandmarkTester(portrait, "iBUG").test_no_rotation()
    assert len(tester.test_landmarks) == 10
    assert (tester.spread == 0).all()
    assert (tester.feature_intervals()["spread"] == 0).all()


def test_more_noise_moves_the_landmarks_more(portrait):
    tester = LandmarkTester(portrait, "iBUG")
    spreads = [tester.test_noises(scale, "normal", num_test=12).spread.mean() for scale in (0, 5, 60)]
    assert spreads[0] == 0
    assert 0 < spreads[1] < spreads[2]


def test_the_median_of_small_changes_stays_near_the_single_prediction(portrait):
    tester = LandmarkTester(portrait, "iBUG").run()
    assert tester.test_landmarks.shape == (30, 68, 2)
    assert tester.median_landmarks == pytest.approx(np.median(tester.test_landmarks, axis=0))
    moved = np.linalg.norm(tester.median_landmarks - tester.single.landmarks, axis=1)
    assert 0 < moved.mean() < 0.05 * interocular(tester.single.landmarks)


def test_intervals_nest_with_the_level_and_hold_the_value(portrait):
    tester = LandmarkTester(portrait, "iBUG").run()
    tables = [tester.feature_intervals(level) for level in (0.2, 0.5, 0.9, 0.99)]
    assert list(tables[0].index) == [*FEATURES, *REGIONS]
    for inner, outer in zip(tables, tables[1:], strict=False):
        assert (outer["low"] <= inner["low"]).all()
        assert (outer["high"] >= inner["high"]).all()
    for table in tables:
        assert (table["low"] <= table["value"]).all()
        assert (table["high"] >= table["value"]).all()


def test_summary_tells_spread_by_part_of_the_face(portrait):
    tester = LandmarkTester(portrait, "iBUG").test_random_rotation(num_test=8)
    summary = tester.summary()
    assert list(summary.index) == ["brows", "eyes", "nose", "mouth", "jaw", "all"]
    assert summary.loc["all", "points"] == summary["points"].iloc[:-1].sum() == 68
    assert summary.loc["all", "spread_px"] == pytest.approx(tester.spread.mean())
    share = summary["spread_px"] / interocular(tester.median_landmarks) * 100
    assert summary["spread_percent"].to_numpy() == pytest.approx(share.to_numpy())
    assert (summary["copies"] == 8).all()


def test_robust_sd_is_the_sd_of_normal_numbers_and_ignores_outliers():
    drawn = np.random.default_rng(0).normal(0, 3, 20_001)
    assert robust_sd(drawn) == pytest.approx(3, rel=0.03)
    drawn[:200] = 1e6
    assert robust_sd(drawn) == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize(
    ("test", "parameters", "message"),
    [
        ("test_random_rotation", {"rand_angle": -1}, "rand_angle"),
        ("test_random_rotation", {"rand_mode": "cauchy"}, "rand_mode is one of uniform, normal"),
        ("test_random_rotation", {"num_test": 0}, "number of copies"),
        ("test_fixed_rotation", {"num_steps": 2.5}, "number of copies"),
        ("test_fixed_rotation", {"test_angle": float("nan")}, "test_angle"),
        ("test_no_rotation", {"num_test": True}, "number of copies"),
        ("test_intensities", {"scale": "much"}, "scale"),
        ("test_noises", {"dist": "salt"}, "uniform, normal, laplace, poisson"),
        ("test_noises", {"scale": -3}, "scale"),
        ("test_combined", {"rand_mode": "poisson"}, "rand_mode"),
        ("run", {"shift": -0.1}, "shift"),
        ("feature_intervals", {"level": 1.0}, "level"),
    ],
)
def test_bad_settings_are_refused_by_name(test, parameters, message):
    engine = Follower()
    tester = LandmarkTester(map_photo(), engine).test_no_rotation(2)
    with pytest.raises(BadSettingError, match=message):
        getattr(tester, test)(**parameters)


def test_results_before_a_test_and_bad_seeds_are_errors():
    engine = Follower()
    with pytest.raises(BadSettingError, match="run\\(\\)"):
        _ = LandmarkTester(map_photo(), engine).median_landmarks
    with pytest.raises(BadSettingError, match="seed"):
        LandmarkTester(map_photo(), engine, seed=-1)
