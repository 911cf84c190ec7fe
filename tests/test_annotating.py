"""Landmarks corrected by hand: in a real browser, in JupyterLab, as a person would."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import CHROMIUM, jupyterlab, open_widget
from matplotlib.cbook import get_sample_data

from bp_research import DEFAULT_MODEL, GetLandmarks, paths
from bp_research.annotating.widget import SHOWN_PIXELS, annotate
from bp_research.datasets import load_annotated
from bp_research.datasets.point_files import read_points
from bp_research.errors import BadSettingError

PORTRAIT = get_sample_data("grace_hopper.jpg", asfileobj=False)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Three photos: one with a face, one mirrored, one without."""
    folder = tmp_path_factory.mktemp("photos")
    face = cv2.imread(PORTRAIT)
    for name, picture in {"a": face, "b": face[:, ::-1], "c": np.full((300, 200, 3), 90, np.uint8)}.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture)
    return folder


def change(widget, index=0, **changes):
    """Tell the widget what the browser would."""
    widget._answer(None, {**widget.photo["state"], "index": index, "saving": 1, **changes}, None)


def test_detected_points_are_the_start_and_every_change_is_saved(photos, tmp_path):
    widget = annotate(photos, tmp_path, annotator="A. B.")
    found = GetLandmarks(photos / "a.png", DEFAULT_MODEL)
    np.testing.assert_array_equal(widget.photo["state"]["points"], found.landmarks)
    assert widget.photo["state"]["irises"]["left"] == list(found.left_iris)
    moved = found.landmarks + [0.1, -0.25]
    change(widget, points=moved.tolist(), irises={"right": None, "left": [1.0, 2.0, 3.5]})
    assert not widget.saved["wrong"] and widget.saved["done"] == 1
    (points,) = read_points(tmp_path / "A. B." / "a.png.csv")
    np.testing.assert_allclose(points.landmarks, moved, atol=1e-6)
    assert points.irises == {"left": (1.0, 2.0, 3.5)}
    assert points.about["annotator"] == "A. B." and points.about["start"] == found.model and points.about["saved"][:2] == "20"
    again = annotate(photos, tmp_path, annotator="A. B.")
    assert again.photo["index"] == 1  # the first that is not annotated
    again.show(0)
    np.testing.assert_allclose(again.photo["state"]["points"], moved, atol=1e-6)
    np.testing.assert_array_equal(again.photo["detected"]["points"], found.landmarks)
    (photo,) = load_annotated(tmp_path)
    assert photo.path == (photos / "a.png").resolve() and photo.patient_id == "a"
    np.testing.assert_allclose(photo.landmarks_gt, moved, atol=1e-6)


def test_a_photo_without_a_face_gets_mean_points_and_says_so(photos, tmp_path):
    widget = annotate(photos, tmp_path, annotator="x")
    widget.show(2)
    points = np.array(widget.photo["state"]["points"])
    assert "no face" in widget.photo["message"] and (points >= 0).all() and (points < [200, 300]).all()
    change(widget, 2)
    assert read_points(tmp_path / "x" / "c.png.csv")[0].about["start"] == "mean face"


def test_what_cannot_be_saved_is_said(photos, tmp_path):
    (tmp_path / "x").write_text("a file where the folder should be")
    widget = annotate(photos, tmp_path, annotator="x")
    change(widget)
    assert widget.saved["wrong"] and "x" in widget.saved["text"]
    with pytest.raises(BadSettingError, match="no photo"):
        annotate([], tmp_path)


def test_the_browser_gets_a_reduced_picture_and_full_size_coordinates(tmp_path):
    big = cv2.resize(cv2.imread(PORTRAIT), (3000, 4000))
    cv2.imwrite(str(tmp_path / "big.jpg"), big)
    widget = annotate(tmp_path, tmp_path / "out", annotator="x")
    shown = cv2.imdecode(np.frombuffer(widget.picture, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[0] * shown.shape[1] <= 1.01 * SHOWN_PIXELS
    assert (widget.photo["width"], widget.photo["height"]) == (3000, 4000)
    assert np.ptp(np.array(widget.photo["state"]["points"])[:, 0]) > 600


@pytest.fixture
def lab(photos, tmp_path):
    with jupyterlab(tmp_path, f"annotate({str(photos)!r}, {str(tmp_path / 'out')!r}, annotator='AB')") as address:
        yield address


def saved(page):
    page.wait_for_function("document.querySelector('.bp-annotator .status').textContent.startsWith('saved')")


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine: the widget was not tried in a browser")
def test_drag_nudge_undo_next_close_and_reopen(lab, photos, tmp_path):
    from playwright.sync_api import Error as PlaywrightError
    from playwright.sync_api import sync_playwright

    found = GetLandmarks(photos / "a.png", DEFAULT_MODEL).landmarks
    place = tmp_path / "out" / "AB" / "a.png.csv"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"])
        page, foreign = open_widget(browser, lab)
        dot = page.locator(".bp-annotator [data-handle='30'] .dot").bounding_box()
        x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
        view = [float(number) for number in page.locator(".bp-annotator svg").get_attribute("viewBox").split()]
        scale = view[2] / page.locator(".bp-annotator .stage svg").bounding_box()["width"]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 12, y - 6, steps=5)
        assert not place.exists()  # what is under way is not saved
        page.mouse.up()
        saved(page)
        dragged = read_points(place)[0].landmarks
        np.testing.assert_allclose(dragged[30] - found[30], [12 * scale, -6 * scale], atol=0.05 * scale)
        np.testing.assert_allclose(np.delete(dragged, 30, 0), np.delete(found, 30, 0), atol=1e-6)
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Control+z")
        page.wait_for_timeout(500)
        saved(page)
        np.testing.assert_allclose(read_points(place)[0].landmarks[30], dragged[30] + [0.1, 1], atol=1e-6)
        left = place.read_text()
        page.keyboard.press("]")
        page.wait_for_function("document.querySelector('.bp-annotator .progress').textContent.includes('b.png')")
        page.close()
        assert place.read_text() == left and not (place.parent / "b.png.csv").exists()
        page, _ = open_widget(browser, lab)  # goes on with the next photo; the first is as it was left
        page.locator(".bp-annotator").focus()
        page.keyboard.press("[")
        page.wait_for_function("document.querySelector('.bp-annotator .progress').textContent.includes('a.png')")
        transform = page.locator(".bp-annotator [data-handle='30']").get_attribute("transform")
        shown = [float(number) for number in transform.removeprefix("translate(").rstrip(")").split()]
        np.testing.assert_allclose(shown, dragged[30] + [0.1, 1], atol=1e-5)
        assert place.read_text() == left and not foreign
        dot = page.locator(".bp-annotator [data-handle='8'] .dot").bounding_box()
        page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
        page.mouse.down()
        page.mouse.move(dot["x"] + 20, dot["y"] + 20)
        with pytest.raises(PlaywrightError):  # the browser dies in the middle of a drag
            browser.new_browser_cdp_session().send("Browser.crash")
            page.mouse.up()
    assert place.read_text() == left and [p.name for p in place.parent.iterdir() if p.name[0] != "."] == [place.name]
    assert json.loads(left.splitlines()[0].removeprefix("#"))["annotator"] == "AB"


SAVE_FOR_EVER = """
import sys
from bp_research.annotating.widget import annotate
widget = annotate(sys.argv[1], sys.argv[2], annotator="x")
state = widget.photo["state"]
shift = 0
while True:
    shift += 1
    points = [[x + shift, y + shift] for x, y in state["points"]]
    widget._answer(None, {"index": 0, "saving": shift, "points": points, "irises": state["irises"]}, None)
    print(shift, flush=True)
"""


def test_what_was_saved_survives_a_kill(photos, tmp_path):
    """After kill -9 the file is whole and holds the last change that was confirmed, or the one after it."""
    place, found = tmp_path / "x" / "a.png.csv", GetLandmarks(photos / "a.png").landmarks
    home = str(Path(paths.__file__).resolve().parent.parent)
    for wait in (0.0, 0.013, 0.037):
        command = [sys.executable, "-c", SAVE_FOR_EVER, str(photos), str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": home}) as worker:
            worker.stdout.readline()
            time.sleep(wait)
            worker.kill()
            confirmed = int(([0] + worker.stdout.read().split())[-1] or 1)
        left = read_points(place)[0].landmarks
        shift = left[0, 0] - place_of_start(found, left)
        assert shift >= max(confirmed, 1) - 1e-6 and shift <= max(confirmed, 1) + 1 + 1e-6
        place.unlink()
        assert [path.name for path in place.parent.iterdir() if not path.name.startswith(".")] == []


def place_of_start(found, left):
    """x of the first point before the changes, which move all points alike."""
    np.testing.assert_allclose(np.diff(left, axis=0), np.diff(found, axis=0), atol=1e-5)
    return found[0, 0]


def test_two_annotators_and_the_order_of_corrections(tiny_demo):
    from bp_research.annotating.annotators import (
        agreement,
        by_order,
        correct_first,
        intraclass_correlation,
        learning_curve,
    )
    from bp_research.datasets import load_neuroface
    from bp_research.errors import BadTableError

    photoset = load_neuroface(tiny_demo)
    true = photoset.landmarks()
    table, pairs = agreement(photoset, true, n=200)
    assert table.loc["points", "estimate"] == 0 and np.allclose(table.loc[["mouth", "brows", "eyes"], "estimate"], 1)
    lower = true.copy()
    lower[:, 54, 1] -= 5  # the second annotator sets the subject's left mouth corner 5 px higher
    table, pairs = agreement(photoset, lower, n=200)
    size = np.linalg.norm(true[:, 45] - true[:, 36], axis=-1)
    np.testing.assert_allclose(table.loc["mouth", "bias"], (5 / size).mean(), rtol=0.02)
    assert table.loc["mouth", "estimate"] < 1 and table.loc["brows", "estimate"] == pytest.approx(1)
    with pytest.raises(BadTableError, match="annotated twice"):
        agreement(photoset, np.full_like(true, np.nan))
    # Shrout and Fleiss 1979, table 4: ICC(2,1) of six targets and four judges is .29
    ratings = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    assert intraclass_correlation(ratings) == pytest.approx(0.29, abs=0.005)
    order = correct_first(photoset, copies=2, progress=False)
    assert sorted(order["photo_id"]) == sorted(photo.photo_id for photo in photoset)
    assert order["score"].is_monotonic_decreasing
    curve = learning_curve(photoset, {"as they come": photoset.people}, (0, 4), folds=3, progress=False)
    gained = by_order(curve).set_index("people")
    assert gained.loc[4, "error"] < gained.loc[0, "error"]


def test_corrected_points_are_measured_and_marked(photos, tmp_path):
    """Tables, features, clinical measures and intervals of a corrected photo are of its corrected points."""
    from bp_research import ProcessResults, clinical_measures, measure_cohort

    widget = annotate(photos, tmp_path, annotator="x")
    moved = np.array(widget.photo["state"]["points"])
    moved[54, 1] += 9
    change(widget, points=moved.tolist())
    corrected = load_annotated(tmp_path)
    cache = tmp_path / "cache.jsonl"
    before = measure_cohort(photos, progress=False, cache=cache, clinical=True)
    after = measure_cohort(photos, progress=False, cache=cache, clinical=True, augment=4, corrected=corrected)
    assert after["model"].tolist()[:2] == [f"{DEFAULT_MODEL}, corrected by hand", DEFAULT_MODEL]
    assert before["model"].iloc[0] == DEFAULT_MODEL and before.loc[0, "f14"] != after.loc[0, "f14"]
    assert after.loc[0, "f14"] == pytest.approx(ProcessResults(moved).features["f14"], abs=1e-4)
    assert after.loc[0, "f14_low"] <= after.loc[0, "f14"] + 1 and after.loc[0, "f14_high"] >= after.loc[0, "f14"] - 1
    assert after.loc[1, "f14"] == before.loc[1, "f14"]
    face = GetLandmarks(photos / "a.png", corrected=moved)
    assert face.model.endswith("corrected by hand")
    measured = [clinical_measures(one).drop(columns="unit").astype(float) for one in (face, GetLandmarks(photos / "a.png"))]
    assert not measured[0].loc["commissure height"].equals(measured[1].loc["commissure height"])
