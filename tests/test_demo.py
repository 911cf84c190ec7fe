"""The simulated cohort: layout, sameness on every run, and landmarks that lie where the picture says."""

import hashlib
import time
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from bp_research.datasets import load_meei, load_neuroface
from bp_research.demo import cohort as demo
from bp_research.demo.movement import MOVEMENTS, pose
from bp_research.demo.painting import Camera, paint
from bp_research.demo.portraits import portrait
from bp_research.errors import BadSettingError
from bp_research.face.schemes import EXPRESSIONS, LEFT_BROW, LEFT_EYE, MIRROR_68, RIGHT_BROW, RIGHT_EYE
from bp_research.landmarks.models import get_engine

TINY = {"people": 3, "neuroface_people": 1, "size": (120, 180), "progress": False}
LOOK = {"iris": (60, 80, 100), "teeth": (205, 222, 232), "gaze": 0.0, "light": 1.0, "lid": 0.0}


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def opening(points, eye):
    """Height of an eye's opening / its width."""
    heights = points[..., [eye[5], eye[4]], 1] - points[..., [eye[1], eye[2]], 1]
    return heights.mean(-1) / np.linalg.norm(points[..., eye[3], :] - points[..., eye[0], :], axis=-1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return demo.make_demo(tmp_path_factory.mktemp("made") / "demo", processes=1, **TINY)


def test_same_files_on_every_run_and_any_number_of_processes(tiny, tmp_path):
    again = demo.make_demo(tmp_path / "demo", processes=2, **TINY)
    assert digests(again) == digests(tiny)


def test_people_are_the_same_whatever_is_made_beside_them():
    person = demo.make_person(5, seed=3, kind="flaccid", severity=4)
    alone = demo.simulate(person, "open smile", size=(120, 180))
    demo.simulate(demo.make_person(6, seed=3), "at rest", size=(120, 180))
    again = demo.simulate(person, "open smile", size=(120, 180))
    np.testing.assert_array_equal(alone[0], again[0])
    other = demo.simulate(replace(person, seed=4), "open smile", size=(120, 180))
    assert np.abs(alone[1] - other[1]).max() > 0.5


def test_trees_load_as_the_real_sets_do(tiny):
    meei, neuroface = load_meei(tiny), load_neuroface(tiny)
    for photos in (meei, neuroface):
        assert photos.simulated and "simulated" in photos.name and len(photos.problems) == 0
        assert all(photo.landmarks_gt is not None for photo in photos)
    assert len(meei) == 3 * 8 and len(neuroface) == 4 * 3
    assert {photo.expression for photo in meei} == set(EXPRESSIONS)
    truth = pd.read_csv(tiny / "simulated_truth.csv", index_col="photo_id")
    assert len(truth) == len(meei) + len(neuroface) + 2 * 9 * 8
    for photo in meei:
        assert photo.image.shape == (180, 120, 3)
        assert photo.path == tiny / truth.path[photo.photo_id]
        assert (photo.severity == 1) == (truth.severity[photo.photo_id] == 1) == (photo.group == "Normal")
        assert photo.side == (None if photo.group == "Normal" else truth.side[photo.photo_id])


def test_spreadsheet_of_the_full_cohort():
    table = demo.meei_people(48)
    assert len(table) == 48 and (table.Category == "Normal").sum() == 12
    bands = table[table.Category != "Normal"].groupby(["Category", "Sub-category"]).size()
    assert len(bands) == 10 and bands.min() >= 3
    assert table.loc[table.Category == "Normal", ["Sub-category", "Side"]].eq("").all(axis=None)
    assert set(table.loc[table.Category != "Normal", "Side"]) == {"Left", "Right"}
    assert table.name.is_unique
    faces = pd.crosstab(table.Category, [person.face for person in table.person])
    assert (faces.to_numpy() > 0).all(), "each group needs both portraits, or the portrait tells the group"


def test_landmarks_in_the_files_are_those_of_the_simulation(tiny):
    row = demo.meei_people(3).iloc[0]
    written = {photo.photo_id: photo.landmarks_gt for photo in load_meei(tiny)}
    for number, expression in enumerate(EXPRESSIONS, start=1):
        _, landmarks = demo.simulate(row.person, expression, size=(120, 180), picture=False)
        np.testing.assert_allclose(written[f"{row['name']}_{number}"], landmarks, atol=1e-3)


def test_recovery_series(tiny):
    folder = tiny / "demo_recovery"
    truth = pd.read_csv(tiny / "simulated_truth.csv").set_index("path").severity
    for name in ("recovering", "stable"):
        table = pd.read_csv(folder / f"{name}.csv")
        assert len(table) == 9 * 8 and all((folder / path).is_file() for path in table.path)
        by_date = (
            table.assign(severity=[truth[f"demo_recovery/{path}"] for path in table.path]).groupby("date").severity
        )
        course = by_date.first().to_numpy()
        assert (by_date.nunique() == 1).all()
        assert (
            (np.diff(course) < 0).all() and course[0] > 5 and course[-1] < 2
            if name == "recovering"
            else np.ptp(course) == 0
        )


@pytest.mark.parametrize(
    ("face", "expression"), [("collins", "open smile"), ("collins", "brow raise"), ("hopper", "open smile")]
)
def test_a_dot_painted_on_the_portrait_lands_on_the_landmark(face, expression):
    # Independent of the warp's own arithmetic: paint a dot, make the picture, and look where the dot is.
    base = replace(portrait(face), spectacles=None)
    moved = pose(replace(demo.make_person(3, kind="flaccid", severity=4), face=face), expression)
    camera = Camera((360, 480), np.array([180.0, 200.0]), 200.0, np.radians(6))
    expected = camera.to_pixels(moved.points)
    black = np.zeros_like(base.image)
    empty = paint(base, black, camera, moved, LOOK)
    y, x = np.mgrid[0:480, 0:360]
    # Points of brows, jaw, nose and lips; the mouth's corners are half hidden by what is painted there.
    for k in (8, 4, 19, 24, 27, 30, 33, 51, 57, 48, 54):
        dotted = black.copy()
        cv2.circle(dotted, tuple(np.round(base.points[k] * 16).astype(int)), 20, (255, 255, 255), -1, cv2.LINE_AA, 4)
        light = (paint(base, dotted, camera, moved, LOOK) - empty).clip(0).sum(-1)
        found = np.array([(x * light).sum(), (y * light).sum()]) / light.sum()
        assert np.linalg.norm(found - expected[k]) < (4 if k in (48, 54) else 1.5), f"point {k}"


@pytest.mark.parametrize("kind", ["healthy", "flaccid", "synkinetic"])
def test_the_mirrored_person_is_the_mirrored_picture_with_the_other_side(kind):
    person = demo.make_person(8, kind=kind, severity=5)
    image, landmarks = demo.simulate(person, "open smile", size=(160, 240))
    other_side = {"left": "right", "right": "left"}.get(person.side)
    mirrored = replace(person, mirrored=not person.mirrored, side=other_side)
    other_image, other = demo.simulate(mirrored, "open smile", size=(160, 240))
    np.testing.assert_array_equal(other_image, image[:, ::-1])
    np.testing.assert_allclose(other, (landmarks * (-1, 1) + (159, 0))[MIRROR_68], atol=1e-9)
    assert (person.side is None) == (kind == "healthy")


def test_the_palsied_side_is_the_one_that_moves_less():
    for number in range(12):
        person = demo.make_person(number, kind="flaccid", severity=6)
        _, rest = demo.simulate(person, "at rest", picture=False)
        _, raised = demo.simulate(person, "brow raise", picture=False)
        _, closed = demo.simulate(person, "tight eye closure", picture=False)
        brows, eyes = (LEFT_BROW, RIGHT_BROW), (LEFT_EYE, RIGHT_EYE)
        palsied, sound = (0, 1) if person.side == "left" else (1, 0)
        lid_to_brow = [[points[eye, 1].mean() - points[brow, 1].mean() for points in (rest, raised)]
                       for brow, eye in zip(brows, eyes, strict=True)]  # fmt: skip
        assert np.diff(lid_to_brow[sound]) > np.diff(lid_to_brow[palsied]) + 5
        assert opening(closed, eyes[palsied]) > opening(closed, eyes[sound]) + 0.08


def test_asymmetry_grows_with_severity_on_average():
    def brow_gap(points):
        return abs(points[LEFT_BROW, 1].mean() - points[RIGHT_BROW, 1].mean())

    def mouth_gap(points):
        return abs((points[48, 1] - points[36, 1]) - (points[54, 1] - points[45, 1]))

    def eye_gap(points):
        return abs(opening(points, LEFT_EYE) - opening(points, RIGHT_EYE))

    grades = np.arange(1, 7)
    for expression, gap in (("brow raise", brow_gap), ("open smile", mouth_gap), ("tight eye closure", eye_gap)):
        people = [demo.make_person(number, kind="flaccid") for number in range(24)]
        means = [np.mean([gap(demo.simulate(person, expression, grade, picture=False)[1]) for person in people])
                 for grade in grades]  # fmt: skip
        assert spearmanr(grades, means).statistic > 0.99, expression


def test_neighbouring_grades_overlap():
    # A cohort in which one number tells the grade would make every classifier look good.
    gaps = {grade: [] for grade in (3, 4)}
    for number in range(40):
        person = demo.make_person(number, kind="flaccid")
        for grade, found in gaps.items():
            _, points = demo.simulate(person, "open smile", grade, picture=False)
            found.append(abs((points[48, 1] - points[36, 1]) - (points[54, 1] - points[45, 1])))
    assert np.mean(np.array(gaps[3])[:, None] > np.array(gaps[4])) > 0.15


def test_eyes_close():
    for number in range(10):
        person = demo.make_person(number)
        rest = demo.simulate(person, "at rest", picture=False)[1]
        for expression in ("gentle eye closure", "tight eye closure"):
            closed = demo.simulate(person, expression, picture=False)[1]
            for eye in (LEFT_EYE, RIGHT_EYE):
                assert opening(closed, eye) < 0.08 < 0.2 < opening(rest, eye)


@given(
    number=st.integers(0, 10_000),
    kind=st.sampled_from(["healthy", "flaccid", "synkinetic", "central", "bulbar"]),
    expression=st.sampled_from(MOVEMENTS),
    severity=st.floats(1, 6),
    amount=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_every_face_is_in_order_and_in_the_picture(number, kind, expression, severity, amount):
    person = demo.make_person(number, kind=kind)
    image, points = demo.simulate(person, expression, severity, amount=amount, picture=False)
    assert image is None and points.shape == (68, 2)
    assert (points > 0).all() and (points < (719, 1079)).all()
    down = np.array([-(points[45] - points[36])[1], (points[45] - points[36])[0]])
    heights = points @ (down / np.linalg.norm(down))
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46), (61, 67), (62, 66), (63, 65), (51, 62), (66, 57)):
        assert heights[upper] < heights[lower]
    assert points[48, 0] < points[51, 0] < points[54, 0]


def test_dlib_finds_exactly_one_face():
    engine = get_engine("iBUG")
    for number, kind in ((0, "flaccid"), (1, "synkinetic"), (3, "flaccid")):
        person = demo.make_person(number, kind=kind, severity=6)
        for expression in EXPRESSIONS[::2]:
            image, points = demo.simulate(person, expression, size=(360, 540))
            faces = engine.find(image, 200)
            assert len(faces) == 1
            left, top, right, bottom = faces[0].box
            assert left < points[30, 0] < right and top < points[30, 1] < bottom


def test_a_demo_that_fails_leaves_nothing(tmp_path, monkeypatch):
    simulate, calls = demo.simulate, []

    def fail_at_last(*args, **kwargs):
        calls.append(args)
        if len(calls) == 10:
            raise OSError("the disk is full")
        return simulate(*args, **kwargs)

    monkeypatch.setattr(demo, "simulate", fail_at_last)
    with pytest.raises(OSError, match="disk is full"):
        demo.make_demo(tmp_path / "demo", processes=1, people=2, neuroface_people=1, size=(60, 90), progress=False)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_demo_is_replaced_and_other_folders_are_not(tiny, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadSettingError, match="something else"):
        demo.make_demo(tmp_path, **TINY)
    root = tmp_path / "demo"
    root.mkdir()
    (root / "SIMULATED.txt").write_text("an earlier one")
    (root / "old.jpg").write_text("old")
    assert demo.make_demo(root, processes=1, people=2, neuroface_people=1, size=(60, 90), progress=False) == root
    assert not (root / "old.jpg").exists() and "SIMULATED" in (root / "SIMULATED.txt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["demo", "notes.txt"]


def test_nonsense_is_refused():
    person = demo.make_person(0)
    with pytest.raises(BadSettingError, match="wink"):
        demo.simulate(person, "wink")
    with pytest.raises(BadSettingError, match="severity"):
        demo.simulate(person, "at rest", 7)
    with pytest.raises(BadSettingError, match="sleepy"):
        demo.make_person(0, kind="sleepy")
    with pytest.raises(BadSettingError, match="people"):
        demo.make_demo("nowhere", people=1)


def test_the_spreadsheet_holds_the_table_and_no_time_of_writing(tmp_path):
    table = pd.DataFrame({"Number": [1, 2], "Age": [30, 41]})
    demo._write_spreadsheet(table, tmp_path / "a.xlsx")
    time.sleep(2.1)  # the times in such a file are even seconds
    demo._write_spreadsheet(table, tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    pd.testing.assert_frame_equal(pd.read_excel(tmp_path / "a.xlsx"), table)
