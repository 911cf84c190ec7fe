"""Continued predictors: dlib itself runs them, and says whether they are what was fitted."""

import dlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bp_research.accuracy import cascades
from bp_research.accuracy.cascades import Shape, continue_cascade
from bp_research.errors import BadModelError
from bp_research.landmarks.files import model_path


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small predictor of dlib's own, of squares that lie about in noise; corners and places between as points."""
    folder = tmp_path_factory.mktemp("base")
    rng, images = np.random.default_rng(0), []
    for i in range(20):
        picture, points = square(rng)
        dlib.save_image(picture, str(folder / f"{i}.png"))
        parts = "".join(f"<part name='{j:02d}' x='{int(x)}' y='{int(y)}'/>" for j, (x, y) in enumerate(points))
        images.append(f"<image file='{i}.png'><box top='20' left='20' width='80' height='80'>{parts}</box></image>")
    (folder / "list.xml").write_text(f"<?xml version='1.0'?><dataset><images>{''.join(images)}</images></dataset>")
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.num_trees_per_cascade_level, options.tree_depth = 3, 20, 2
    options.num_threads = 1
    dlib.train_shape_predictor(str(folder / "list.xml"), str(folder / "base.dat"), options)
    return folder / "base.dat"


def square(rng):
    """A bright square of random place and size in a dark picture, and 68 points around its edge."""
    left, top = rng.integers(25, 45, 2)
    size = int(rng.integers(35, 50))
    picture = rng.integers(0, 30, (120, 120)).astype(np.uint8)
    picture[top : top + size, left : left + size] += 200
    turn = np.linspace(0, 4, 68, endpoint=False)
    x = np.interp(turn, [0, 1, 2, 3, 4], [0, 1, 1, 0, 0])
    y = np.interp(turn, [0, 1, 2, 3, 4], [0, 0, 1, 1, 0])
    return picture, np.stack([left + size * x, top + size * y], axis=1)


def predict(path, picture):
    found = dlib.shape_predictor(str(path))(picture, dlib.rectangle(20, 20, 99, 99))
    return np.array([(p.x, p.y) for p in found.parts()], float)


def shapes(base, n, seed):
    rng, some = np.random.default_rng(seed), []
    for _ in range(n):
        picture, points = square(rng)
        some.append(Shape(picture, np.array([20.0, 20, 99, 99]), predict(base, picture), points))
    return some


def test_dlib_runs_the_continued_predictor_and_it_is_better(base, tmp_path):
    path = continue_cascade(base, shapes(base, 200, 1), tmp_path / "more.dat", trees=100, pixels=200, splits=20)
    new = shapes(base, 40, 2)
    before = np.mean([np.linalg.norm(s.start - s.target, axis=1).mean() for s in new])
    after = np.mean([np.linalg.norm(predict(path, s.pixels) - s.target, axis=1).mean() for s in new])
    assert after < 0.6 * before


def test_dlib_gives_what_was_fitted(base, tmp_path):
    """One tree of one leaf more: the mean of what was left, shrunk, is added to every point."""
    some = shapes(base, 30, 3)
    moved = [Shape(s.pixels, s.box, s.start, s.start + (400, 200)) for s in some]
    path = continue_cascade(base, moved, tmp_path / "more.dat", levels=1, trees=1, depth=1, pixels=10, splits=2)
    for shape in some:
        gap = predict(path, shape.pixels) - shape.start
        np.testing.assert_allclose(gap, np.tile([400, 200], (68, 1)) * cascades._SHRINKAGE, atol=1.01)


def test_levels_can_be_added_twice_and_old_ones_stay(base, tmp_path):
    some = shapes(base, 20, 4)
    once = continue_cascade(base, some, tmp_path / "1.dat", levels=2, trees=5, pixels=30, splits=5)
    twice = continue_cascade(once, some, tmp_path / "2.dat", levels=1, trees=5, pixels=40, splits=5)
    dlib.shape_predictor(str(twice))
    sizes = [path.stat().st_size for path in (base, once, twice)]
    assert sizes == sorted(sizes) and len(set(sizes)) == 3
    assert cascades._find_tail(twice.read_bytes(), 6, twice).offsets[1] == sizes[2]


def test_the_same_seed_gives_the_same_file(base, tmp_path):
    some = shapes(base, 20, 5)
    one, two, other = (
        continue_cascade(base, some, tmp_path / f"{i}.dat", trees=3, pixels=20, splits=5, seed=seed).read_bytes()
        for i, seed in enumerate((1, 1, 2))
    )
    assert one == two != other


@pytest.mark.parametrize(
    "spoil", [lambda c: c[:-100], lambda c: b"", lambda c: c[:2000] + c[2100:-7], lambda c: b"x" + c]
)
def test_a_file_that_is_no_predictor_is_refused(base, tmp_path, spoil):
    (tmp_path / "bad.dat").write_bytes(spoil(base.read_bytes()))
    with pytest.raises(BadModelError):
        continue_cascade(tmp_path / "bad.dat", shapes(base, 5, 6), tmp_path / "out.dat", trees=2, pixels=10, splits=2)
    assert not (tmp_path / "out.dat").exists()


def test_the_head_of_the_ibug_model():
    mean = cascades.mean_shape(model_path("iBUG").read_bytes()[:20_000], "iBUG")
    assert mean[36, 0] < mean[45, 0] and mean[8, 1] > mean[57, 1] > mean[33, 1] > mean[27, 1]
    assert abs(mean[[0, 16], 0].sum() - 1) < 0.1  # the face is in the middle of its box


@given(st.integers(-(2**60), 2**60))
def test_integers_come_back(value):
    reader = cascades._Reader(cascades._pack(value))
    assert reader.integer() == value and reader.at == len(reader.content)


@given(st.floats(-(2.0**60), 2.0**60, width=32))
def test_reals_come_back_as_they_are_in_single_precision(value):
    reader = cascades._Reader(cascades._pack_real(value))
    assert reader.real() == np.float32(value) and reader.at == len(reader.content)
