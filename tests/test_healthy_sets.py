"""The loaders of healthy people against trees built here in the published layouts; and against the sets, where they are."""

import cv2
import numpy as np
import pandas as pd
import pytest

from bp_research.datasets import load_folder, load_london, load_meei_normals, open_dataset
from bp_research.errors import CannotAnswerError, DatasetNotFoundError, UnreadableImageError
from bp_research.face.geometry import asymmetry, interocular
from bp_research.face.schemes import EXPRESSIONS, LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE
from bp_research.paths import write_atomic

PICTURE = cv2.imencode(".jpg", np.full((9, 9, 3), 128, np.uint8))[1].tobytes()


def template(points):
    lines = [str(len(points)), *(f"{x:.3f}\t{y:.3f}" for x, y in points), "1", "0", "3", "1 2 3"]
    return "\n".join(lines) + "\n"


def make_london(root, people=("001", "002", "014"), rest="neutral_front", smile="smiling_front"):
    points = np.random.default_rng(0).uniform(0, 800, (189, 2))
    for person in people:
        write_atomic(root / "inst" / rest / f"{person}_03.jpg", PICTURE)
        write_atomic(root / "inst" / rest / f"{person}_03.tem", template(points))
        write_atomic(root / "inst" / smile / f"{person}_08.jpg", PICTURE)
    info = "face_id,face_age,face_gender,face_eth\n001,24,female,white\n002,NA,male,black\n"
    write_atomic(root / "data-raw/london_info.csv", info)
    return points


@pytest.mark.parametrize("place", [".", "inst", "above"])
def test_london_is_read_from_the_repository_and_from_the_folders_around_it(tmp_path, place):
    repository = tmp_path / "webmorphR.stim-main"
    make_london(repository)
    photos = load_london(repository / place if place != "above" else tmp_path)
    assert photos.name == "London" and photos.people == ["001", "002", "014"] and len(photos) == 6
    assert [photo.expression for photo in photos] == ["at rest", "open smile"] * 3
    assert [photo.gender for photo in photos][::2] == ["female", "male", None]
    assert photos[0].age == 24 and np.isnan(photos[2].age) and np.isnan(photos[4].age)
    assert photos.problems.empty
    assert set(photos.to_frame()["group"]) == {"healthy"}


def test_london_with_the_folder_names_of_earlier_releases(tmp_path):
    make_london(tmp_path, rest="london", smile="smiling")
    assert len(load_london(tmp_path)) == 6


def test_points_of_london_are_those_of_the_published_mapping(tmp_path):
    points = make_london(tmp_path)
    rest, smile = load_london(tmp_path)[:2]
    assert smile.landmarks_gt is None and smile.irises_gt is None
    found = rest.landmarks_gt
    # one of each kind: a single point, the mean of two, a point that counts more than once
    assert np.allclose(found[0], points[109], atol=1e-3)
    assert np.allclose(found[27], points[[51, 57]].mean(axis=0), atol=1e-3)
    assert np.allclose(found[3], (2 * points[125] + points[111]) / 3, atol=1e-3)
    assert np.allclose(found[60], (3 * points[87] + points[94]) / 4, atol=1e-3)
    # point 0 is the pupil on the image's left, which is the subject's right
    assert np.allclose(rest.irises_gt[1], [*points[0], np.linalg.norm(points[4] - points[8]) / 2], atol=1e-3)
    assert not found.flags.writeable and not rest.irises_gt.flags.writeable


@pytest.mark.parametrize(
    "content", ["189\n1 2\n", "not numbers\nat all\n", "", template(np.zeros((188, 2))), template(np.full((189, 2), np.nan))]
)
def test_a_template_that_is_none_costs_the_points_only(tmp_path, content):
    make_london(tmp_path)
    (tmp_path / "inst/neutral_front/001_03.tem").write_text(content)
    photos = load_london(tmp_path)
    assert len(photos) == 6 and photos[0].landmarks_gt is None and photos[2].landmarks_gt is not None
    assert photos.problems["where"].tolist() == ["inst/neutral_front/001_03.tem"]


def test_what_is_missing_of_london_is_said(tmp_path):
    make_london(tmp_path)
    (tmp_path / "data-raw/london_info.csv").unlink()
    for photo in (tmp_path / "inst/smiling_front").iterdir():
        photo.unlink()
    (tmp_path / "inst/neutral_front/._001_03.jpg").write_bytes(b"a trace of another system")
    photos = load_london(tmp_path)
    assert len(photos) == 3 and set(photos.problems["problem"]) == {"missing file", "missing folder"}
    with pytest.raises(DatasetNotFoundError, match="neutral_front"):
        load_london(tmp_path / "data-raw")


def meei_normals(path, people=2):
    columns = ["file", "bb_x1", "bb_y1", "bb_x2", "bb_y2", *(f"landmark_{i}_{axis}" for i in range(68) for axis in "xy")]
    rows = [
        [f"{'nomal' if (person, suffix) == (1, 1) else 'normal'}{person}_{suffix}.jpg", 1, 2, 3, 4, *range(136)]
        for person in range(people, 0, -1)
        for suffix in range(1, 9)
    ]
    pd.DataFrame(rows, columns=columns).to_csv(path)


def test_points_of_meei_normals(tmp_path):
    meei_normals(tmp_path / "landmarks_normals.csv", people=10)
    for place in (tmp_path, tmp_path / "landmarks_normals.csv"):
        photos = load_meei_normals(place)
        assert len(photos) == 80 and photos.people == [f"Normal{i}" for i in range(1, 11)]
    assert [photo.expression for photo in photos][:8] == list(EXPRESSIONS)
    assert np.array_equal(photos.landmarks()[0], np.arange(136).reshape(68, 2))
    assert photos[0].path is None
    with pytest.raises(UnreadableImageError, match="no photo"):
        _ = photos[0].image
    (tmp_path / "landmarks_normals.csv").write_text("file,a\nnormal1_1.jpg,1\n")
    for place in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(DatasetNotFoundError, match="landmarks_normals"):
            load_meei_normals(place)


def test_points_without_photos_never_stand_in_for_another_set(tmp_path, monkeypatch):
    meei_normals(tmp_path / "landmarks_normals.csv")
    monkeypatch.setenv("BP_DATA_DIR", str(tmp_path))
    assert open_dataset("MEEI normals").name == "MEEI normals"
    with pytest.raises(DatasetNotFoundError):
        open_dataset("auto")
    make_london(tmp_path / "webmorphR.stim")
    assert open_dataset("London").name == open_dataset(tmp_path).name == "London"


def test_the_sets_themselves_show_healthy_faces(real_sets):
    """Properties of any face, and the sizes that asymmetries of healthy people have."""
    london, normals = open_dataset("London"), open_dataset("MEEI normals")
    assert len(london) == 204 and len(london.people) == 102 and london.problems.empty
    for photos in (london.select([photo.landmarks_gt is not None for photo in london]), normals):
        points = photos.landmarks()
        assert (points[:, RIGHT_EYE, 0].max(1) < points[:, LEFT_EYE, 0].min(1)).all()
        assert (points[:, [*RIGHT_BROW, *LEFT_BROW], 1].max(1) < points[:, 30, 1]).all()
        assert (points[:, 8, 1] > points[:, 57, 1]).all() and (points[:, 48, 0] < points[:, 54, 0]).all()
        assert np.abs(asymmetry(points)).mean(0).max() < 0.02
    irises = np.array([photo.irises_gt for photo in london if photo.irises_gt is not None])
    points = np.array([photo.landmarks_gt for photo in london if photo.irises_gt is not None])
    for i, eye in enumerate((LEFT_EYE, RIGHT_EYE)):
        assert (np.linalg.norm(irises[:, i, :2] - points[:, eye].mean(1), axis=1) < irises[:, i, 2]).all()
    # an iris of 11.77 mm makes eye corners that are 80 to 105 mm apart
    assert 80 < np.median(11.77 * interocular(points) / (2 * irises[..., 2].mean(1))) < 105


def test_a_set_says_when_it_lacks_the_people_that_a_report_needs(tmp_path):
    make_london(tmp_path)
    photos = load_london(tmp_path)
    assert photos.require(healthy=3, annotated=3) is photos
    lacking = {"ill": "no people who are ill", "graded": "no people who are graded", "healthy": "3 people who are healthy"}
    for kind, said in lacking.items():
        with pytest.raises(CannotAnswerError, match=f"London has {said}.* 4 or more"):
            photos.require(**{kind: 4})


def test_only_annotated_photos_are_taken_where_points_are_needed(tmp_path):
    make_london(tmp_path)
    found = open_dataset(tmp_path, annotated=True)
    assert found.name == "London" and [photo.expression for photo in found] == ["at rest"] * 3


def test_one_photo_is_a_folder_too_and_names_may_tell_the_expression(tmp_path):
    write_atomic(tmp_path / "2024-03-31 Open_Smile.jpg", PICTURE)
    write_atomic(tmp_path / "img_6.jpg", PICTURE)
    (one,) = load_folder(tmp_path / "2024-03-31 Open_Smile.jpg")
    assert one.expression == "open smile" and one.path.name == "2024-03-31 Open_Smile.jpg"
    assert [photo.expression for photo in load_folder(tmp_path)] == ["open smile", None]
