"""Files of landmarks come back as they were written, foreign ones with their oddities are read or refused."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bp_research.datasets import load_annotated
from bp_research.datasets.point_files import Points, read_points, write_points
from bp_research.errors import BadLandmarksError, BadSettingError, DatasetNotFoundError

SUFFIXES = (".csv", ".pts", ".xml", ".txt")
LANDMARKS = np.random.default_rng(0).uniform(10, 500, (68, 2))


def points(landmarks=LANDMARKS):
    irises = {"right": (100.25, 120.5, 11.75), "left": (200.0, 119.5, 12.5)}
    about = {"annotator": "A. B.", "start": "FaceMesh", "patient_id": "p1"}
    return Points(landmarks, "a b.jpg", irises, (10.0, 20.0, 500.0, 600.0), about)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(arrays(float, (68, 2), elements=st.floats(-50, 9000)))
@settings(max_examples=25)
def test_points_come_back(suffix, tmp_path_factory, landmarks):
    path = tmp_path_factory.mktemp("points") / f"one{suffix}"
    (back,) = read_points(write_points(path, points(landmarks)))
    np.testing.assert_allclose(back.landmarks, landmarks, atol=1e-6, rtol=0)


def test_what_is_known_of_a_photo_comes_back(tmp_path):
    (back,) = read_points(write_points(tmp_path / "one.csv", points()))
    assert (back.photo, back.irises, tuple(back.box), back.about) == (
        points().photo,
        points().irises,
        points().box,
        points().about,
    )
    (back,) = read_points(write_points(tmp_path / "one.txt", points()))  # Emotrics knows whole pixels
    assert back.photo == "a b.jpg" and back.irises == {"right": (100, 120, 12), "left": (200, 120, 12)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_blank_lines_and_line_ends_do_not_matter(suffix, tmp_path):
    path = write_points(tmp_path / f"one{suffix}", points())
    text = path.read_text(encoding="utf-8")
    for end in ("\r\n", "\n\n") + (("\r",) if suffix == ".txt" else ()):
        path.write_bytes(text.replace("\n", end).encode())
        np.testing.assert_allclose(read_points(path)[0].landmarks, LANDMARKS, atol=1e-6)


def test_pts_counts_pixels_from_one(tmp_path):
    path = tmp_path / "one.pts"
    rows = "\n".join(f"{i + 1} {2 * i + 1}" for i in range(68))
    path.write_text(f"version: 1\nn_points:  68\n{{\n{rows}\n}}")
    np.testing.assert_array_equal(read_points(path)[0].landmarks, [(i, 2 * i) for i in range(68)])


def test_emotrics_own_files(tmp_path):
    """Whole pixels, carriage returns, and -1 for the iris of a closed eye; the left eye is the subject's."""
    rows = "\r".join(f"{3 * i},{500 - i}" for i in range(68))
    path = tmp_path / "one.txt"
    path.write_bytes(
        b"# File name { \nphoto.JPG\n# } \n# 68 facial Landmarks [x,y] { \n" + rows.encode() + b"\r# } \n"
        b"# Left iris [x,y,r] { \n-1\r-1\r-1\r# } \n# Right iris [x,y,r] { \n120\r240\r15\r# } \n"
        b"# Face bounding Box [top(x), left(y), width, height] { \n10\r20\r300\r400\r# }"
    )
    (found,) = read_points(path)
    np.testing.assert_array_equal(found.landmarks, [(3 * i, 500 - i) for i in range(68)])
    assert found.photo == "photo.JPG" and found.irises == {"right": (120, 240, 15)} and found.box == (10, 20, 310, 420)


MOVED = [(".xml", 'x="{}" y="{}"', 'x="7" y="9"'), (".txt", "\n{},{}\n", "\n7,9\n")]


@pytest.mark.parametrize(("suffix", "old", "new"), MOVED)
def test_points_that_another_program_moved_are_believed(suffix, old, new, tmp_path):
    path = write_points(tmp_path / f"one{suffix}", points())
    text, whole = path.read_text(), np.round(LANDMARKS).astype(int)
    assert (old := old.format(*whole[30])) in text
    path.write_text(text.replace(old, new))
    expected = whole.copy()
    expected[30] = 7, 9
    np.testing.assert_array_equal(read_points(path)[0].landmarks, expected)


@pytest.mark.parametrize("count", [51, 194])
@pytest.mark.parametrize("suffix", [".pts", ".txt", ".csv"])
def test_other_schemes_are_refused(suffix, count, tmp_path):
    path = write_points(tmp_path / f"one{suffix}", Points(np.resize(LANDMARKS, (count, 2)), "a.jpg"))
    with pytest.raises(BadLandmarksError, match=rf"one\{suffix}.*{count} points.*68"):
        read_points(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_torn_files_are_refused(suffix, tmp_path):
    path = write_points(tmp_path / f"one{suffix}", points())
    text = path.read_bytes()
    for share in (0.0, 0.1, 0.5):
        path.write_bytes(text[: int(share * len(text))])
        with pytest.raises(BadLandmarksError, match="one"):
            read_points(path)
    path.write_bytes(text.replace(b"1", b"x"))
    with pytest.raises(BadLandmarksError, match="one"):
        read_points(path)


def test_unknown_kinds_and_several_photos_in_one_file(tmp_path):
    with pytest.raises(BadSettingError, match="pts"):
        read_points(tmp_path / "one.doc")
    with pytest.raises(BadSettingError, match="pts"):
        write_points(tmp_path / "one.tem", points())
    with pytest.raises(BadSettingError, match="one photo"):
        write_points(tmp_path / "two.pts", [points(), points()])
    assert len(read_points(write_points(tmp_path / "two.xml", [points(), points()]))) == 2


def test_dlib_trains_from_the_xml(tmp_path):
    import dlib

    picture = np.random.default_rng(1).integers(0, 255, (640, 640, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a b.jpg"), picture)
    path = write_points(tmp_path / "train.xml", [points(), points(LANDMARKS[:, ::-1])])
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.num_trees_per_cascade_level, options.num_test_splits = 2, 10, 5
    dlib.train_shape_predictor(str(path), str(tmp_path / "model.dat"), options)
    assert dlib.shape_predictor(str(tmp_path / "model.dat"))(picture, dlib.rectangle(10, 20, 500, 600)).num_parts == 68


def test_a_folder_of_annotations_is_a_data_set(tmp_path):
    for name in ("anna/1.jpg", "bert/2.png", "carl.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((600, 600, 3), np.uint8))
    write_points(tmp_path / "anna" / "1.pts", points())
    about = {"annotator": "X", "patient_id": "b", "group": "Normal"}
    write_points(tmp_path / "bert" / "2.csv", Points(LANDMARKS, about=about))
    write_points(tmp_path / "all.xml", Points(LANDMARKS, "carl.jpg"))
    write_points(tmp_path / "lost.pts", points())
    (tmp_path / "torn.csv").write_text("#")
    found = load_annotated(tmp_path)
    assert [photo.patient_id for photo in found] == ["carl", "anna", "b"]
    assert found[2].group == "Normal" and found[1].path.name == "1.jpg"
    np.testing.assert_allclose(found.landmarks(), [LANDMARKS] * 3, atol=1e-6)
    assert sorted(found.problems["problem"]) == ["no photo", "unreadable"]
    assert [photo.patient_id for photo in load_annotated(tmp_path, annotator="X")] == ["b"]
    with pytest.raises(DatasetNotFoundError, match="annotat"):
        load_annotated(tmp_path, annotator="nobody")


def test_csv_is_what_the_readme_says(tmp_path):
    lines = write_points(tmp_path / "one.csv", points()).read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0].removeprefix("#"))["annotator"] == "A. B."
    assert lines[1] == "point,x,y,radius" and lines[2].startswith("0,") and lines[-1].startswith("left iris,200.0")


def test_webmorph_templates(tmp_path):
    """The 189 points, of which the 68 are means; the pupils are the first two, the image's left one first."""
    points = np.random.default_rng(2).uniform(0, 900, (189, 2))
    path = tmp_path / "one.tem"
    path.write_text("189\n" + "\n".join(f"{x:.3f}\t{y:.3f}" for x, y in points) + "\n2\n0\n3\n1 2 3\n")
    (found,) = read_points(path)
    np.testing.assert_allclose(found.landmarks[[0, 8, 31, 36]], points[[109, 129, 65, 18]], atol=1e-3)
    np.testing.assert_allclose(found.irises["right"][:2], points[0], atol=1e-3)
    path.write_text("51\n" + "\n".join(f"{x} {y}" for x, y in points[:51]))
    with pytest.raises(BadLandmarksError, match="one.tem"):
        read_points(path)
