"""Reasons against measuring a photo: damage is named, whole faces are not warned of."""

import cv2
import numpy as np
import pytest
from matplotlib.cbook import get_sample_data

from bp_research import GetLandmarks, measure_cohort
from bp_research.accuracy.damage import DAMAGES, damaged
from bp_research.demo.cohort import make_person, simulate
from bp_research.errors import NoFaceError
from bp_research.landmarks.quality import SMALL, TURNED

#: The reason that a damage should have; a face that is half away may also not be found.
NAMES = {"eyes covered": "covered", "mouth covered": "covered", "lower face covered": "covered", "half covered": "covered"}


@pytest.fixture(scope="module")
def portrait():
    return cv2.imread(get_sample_data("grace_hopper.jpg", asfileobj=False))


@pytest.fixture(scope="module")
def face(portrait):
    return GetLandmarks(portrait, "FaceMesh")


def names(face):
    return {reason.name for reason in face.quality}


def test_a_whole_face_has_no_reason(face):
    assert face.quality == ()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_named(portrait, face, damage):
    caught = 0
    for seed in range(6):
        try:
            found = GetLandmarks(damaged(portrait, face, damage, seed), "FaceMesh").quality
        except NoFaceError:
            found, caught = (), caught + 1
        caught += NAMES.get(damage, damage) in {reason.name for reason in found}
        assert all(str(round(reason.limit)) and reason.text for reason in found)
    assert caught >= 5


def test_the_same_seed_does_the_same_damage(portrait, face):
    one, two, three = (damaged(portrait, face, "half covered", seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


def test_a_reason_has_the_number_that_it_names(portrait, face):
    width = np.linalg.norm(face.landmarks[16] - face.landmarks[0])
    small = GetLandmarks(cv2.resize(portrait, None, fx=60 / width, fy=60 / width), "FaceMesh")
    (reason,) = [reason for reason in small.quality if reason.name == "small"]
    assert reason.limit == SMALL and reason.value == pytest.approx(60, abs=3) and f"{reason.value:.0f} px" in reason.text
    for seed in range(4):
        turned = GetLandmarks(damaged(portrait, face, "turned", seed), "FaceMesh")
        values = [reason.value for reason in turned.quality if reason.name == "turned"]
        limits = TURNED.values()
        assert values == [abs(a) for a, limit in zip(turned.pose, limits, strict=False) if abs(a) > limit]


def test_faces_of_like_size_count_and_those_behind_do_not(portrait):
    beside = np.hstack([portrait, portrait[:, ::-1]])
    far = np.hstack([portrait, cv2.copyMakeBorder(cv2.resize(portrait, None, fx=0.3, fy=0.3), 420, 0, 0, 0, 1)])
    assert "several faces" in names(GetLandmarks(beside, "FaceMesh"))
    far = far if far.shape[0] == portrait.shape[0] else None
    assert far is None or "several faces" not in names(GetLandmarks(far, "FaceMesh"))


def test_eyes_are_asked_for_by_the_expression():
    person = make_person(3)
    closed, rest = (GetLandmarks(simulate(person, shown)[0], "FaceMesh") for shown in ("tight eye closure", "at rest"))
    assert {reason.name for reason in rest.quality_for("gentle eye closure")} >= {"eyes open"}
    for face, shown in ((rest, "at rest"), (closed, "tight eye closure"), (rest, None), (closed, None)):
        assert not {reason.name for reason in face.quality_for(shown)} & {"eyes open", "eyes closed"}
    points = closed.landmarks.copy()
    points[[37, 38, 43, 44]] = points[[41, 40, 47, 46]]
    shut = GetLandmarks(simulate(person, "tight eye closure")[0], "FaceMesh", corrected=points)
    assert {reason.name for reason in shut.quality_for("at rest")} >= {"eyes closed"}


def test_a_table_keeps_the_numbers_and_tells_the_reasons(tmp_path, portrait, face):
    cv2.imwrite(str(tmp_path / "a.png"), portrait)
    cv2.imwrite(str(tmp_path / "b.png"), damaged(portrait, face, "small", 1))
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros_like(portrait))
    table = measure_cohort(tmp_path, progress=False)
    assert table["quality"].tolist()[::2] == ["", ""] and table["quality"][1].startswith("small, ")
    assert table["status"].tolist()[:2] == ["ok", "ok"] and np.isfinite(table["f14"][1]) and table["status"][2] != "ok"
