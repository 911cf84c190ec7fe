"""Tables, scaling and files of one face."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from faces import symmetric_face

from bp_research import ProcessResults
from bp_research.errors import BadLandmarksError, BadSettingError, ScalingError
from bp_research.face.schemes import DISTANCES, FEATURES, TO_51


def detected(left=(250.0, 180.0, 5.0), right=(150.0, 180.0, 7.0)):
    face = SimpleNamespace(landmarks=symmetric_face() + 200, bounding_box=(100.0, 100.0, 400.0, 500.0))
    face.left_iris, face.right_iris = left, right
    return face


def test_68_and_51_points_and_a_face_give_the_same():
    face = detected()
    results = [ProcessResults(points) for points in (face, face.landmarks, face.landmarks[TO_51], face.landmarks.tolist())]
    for result in results:
        assert result.features == results[0].features
        assert tuple(result.features) == FEATURES and tuple(result.dists) == DISTANCES
        assert result.landmarks.shape == (51, 2) and result.landmarks.dtype == float


def test_iris_is_the_ruler():
    plain, scaled = ProcessResults(detected()), ProcessResults(detected()).scale_results(12.0)
    assert scaled.unit == "mm"
    # the mean radius of 5 and 7 px is 6 px, so 12 px are 12 mm
    assert scaled.dists["A"] == pytest.approx(plain.dists["A"])
    assert scaled.features == plain.features
    one = ProcessResults(detected(left=None)).scale_results()
    assert one.dists["A"] == pytest.approx(plain.dists["A"] * 11.77 / 14)


def test_box_is_the_ruler():
    plain, scaled = ProcessResults(detected()), ProcessResults(detected()).scale_by_bbox()
    assert scaled.dists["A"] == pytest.approx(plain.dists["A"] / 500)  # 300 x 400 px
    given = ProcessResults(symmetric_face()).scale_by_bbox((0, 0, 3, 4))
    assert given.dists["A"] == pytest.approx(140 / 5)
    assert given.features == pytest.approx(plain.features)


def test_scaling_twice_or_without_a_ruler_is_refused():
    result = ProcessResults(detected()).scale_results()
    with pytest.raises(ScalingError, match="already"):
        result.scale_results()
    with pytest.raises(ScalingError, match="already"):
        result.scale_by_bbox()
    with pytest.raises(ScalingError, match="iris"):
        ProcessResults(symmetric_face()).scale_results()
    with pytest.raises(ScalingError, match="open eyes"):
        ProcessResults(detected(None, None)).scale_results()
    with pytest.raises(ScalingError, match="bbox"):
        ProcessResults(symmetric_face()).scale_by_bbox()
    with pytest.raises(ScalingError):
        ProcessResults(symmetric_face()).scale_by_bbox((5, 5, 5, 9))
    with pytest.raises(BadSettingError):
        ProcessResults(detected()).scale_results(0)


def test_files(tmp_path):
    result = ProcessResults(detected())
    dists, features = result.save_results(tmp_path / "new")
    assert dists.name == "dists.csv" and features.name == "features.csv"
    table = pd.read_csv(dists)
    assert list(table.columns) == ["dist", "value"] and tuple(table["dist"]) == DISTANCES
    np.testing.assert_array_equal(table["value"], list(result.dists.values()))
    table = pd.read_csv(features)
    assert list(table.columns) == ["feature", "value"] and tuple(table["feature"]) == FEATURES
    np.testing.assert_array_equal(table["value"], list(result.features.values()))


def test_bad_landmarks():
    with pytest.raises(BadLandmarksError):
        ProcessResults(np.zeros((2, 68, 2)) + symmetric_face())
    with pytest.raises(BadLandmarksError):
        ProcessResults(np.full((68, 2), np.nan))
    with pytest.raises(BadLandmarksError, match="GetLandmarks"):
        ProcessResults("photo.jpg")


def test_places_that_cannot_be_written_are_said_and_left_alone(tmp_path):
    result, file = ProcessResults(detected()), tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(BadSettingError, match="is a file"):
        result.save_results(file)
    with pytest.raises(BadSettingError, match="is a folder"):
        result.save_dists(tmp_path)
    assert file.read_text() == "mine" and list(tmp_path.iterdir()) == [file]
