"""Landmark scores against plain computations from the files, and what must hold for perfect and blind predictors."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from faces import symmetric_face
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.cbook import get_sample_data

from bp_research.accuracy.dataset_tester import (
    REPORT_SETTINGS,
    DatasetTester,
    centred,
    readable,
    score_landmarks,
    summarise,
)
from bp_research.datasets import Photo, PhotoSet, load_palda
from bp_research.errors import BadSettingError, BadTableError, NoFaceError
from bp_research.face.schemes import INNER, MIRROR_68, REGIONS

NO_PROBLEMS = pd.DataFrame(columns=["problem", "where", "detail"])
PORTRAIT = get_sample_data("grace_hopper.jpg", asfileobj=False)


def palsy_faces(n, seed=0, tilt=15.0):
    """Asymmetric faces (n, 68, 2) of all sizes, tilts and places in a photo of 600 x 800."""
    rng = np.random.default_rng(seed)
    faces = np.repeat(symmetric_face()[None], n, axis=0) + rng.normal(0, 0.5, (n, 68, 2))
    faces[:, 48:, 1] += 0.3 * faces[:, 48:, 0] * rng.normal(size=(n, 1))
    faces[:, 22:27, 1] += 5 * rng.normal(size=(n, 1))
    faces[:, 46:48, 1] += 3 * rng.uniform(-1, 1, (n, 1))
    angle = np.radians(rng.uniform(-tilt, tilt, n))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    return faces @ turn * rng.uniform(0.8, 2, (n, 1, 1)) + rng.uniform(250, 350, (n, 1, 2))


def annotated_set(faces, people=None, **fields):
    people = range(len(faces)) if people is None else people
    photos = [
        Photo("simulated", f"person{person}", f"photo{i}", Path(f"photo{i}.png"), landmarks_gt=points, **fields)
        for i, (points, person) in enumerate(zip(faces, people, strict=True))
    ]
    return PhotoSet("simulated", photos, NO_PROBLEMS, simulated=True)


def write_palda(root, faces, size=(600, 800)):
    """A tree in PALDA's layout with these faces' points, in whole pixels of the stretched photo."""
    picture = cv2.imencode(".png", np.zeros((size[1], size[0], 3), np.uint8))[1].tobytes()
    for i, points in enumerate(faces):
        group = ("central", "peripheral")[i % 2]
        folder = root / "palda_dataset" / group
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"image{900 + i // 4}{i % 4}.png").write_bytes(picture)
        np.save(folder / f"image{900 + i // 4}{i % 4}.npy", np.rint(points / size * 900).astype(int))
        box = np.r_[points.min(axis=0), points.max(axis=0)]
        np.save(folder / f"image{900 + i // 4}{i % 4}_box.npy", np.rint(box).astype(int))
    return root


def value(summary, setting, measure, statistic, minus=None):
    rows = summary[(summary["setting"] == setting) & (summary["measure"] == measure)]
    rows = rows[(rows["statistic"] == statistic) & (rows["minus"].isna() if minus is None else rows["minus"] == minus)]
    return rows["estimate"].item()


# Against a computation of its own, from the files


def independent(folder, predicted_by_name):
    """Errors and asymmetries from the raw files, one photo and one point after the other."""
    rows = {}
    for path in sorted(folder.rglob("*_box.npy")):
        name = f"{path.parent.name}-{path.stem.removesuffix('_box')}"
        height, width = cv2.imread(str(path.with_name(path.name.replace("_box.npy", ".png")))).shape[:2]
        raw = np.load(path.with_name(path.name.replace("_box", "")))
        true = [(x * width / 900, y * height / 900) for x, y in raw]
        left, top, right, bottom = np.load(path)
        seen = predicted_by_name[name]
        eyes = ((true[45][0] - true[36][0]) ** 2 + (true[45][1] - true[36][1]) ** 2) ** 0.5
        squares_x = [(seen[i][0] - true[i][0]) ** 2 for i in range(17, 68)]
        squares_y = [(seen[i][1] - true[i][1]) ** 2 for i in range(17, 68)]
        distances = [(a + b) ** 0.5 for a, b in zip(squares_x, squares_y, strict=True)]
        row = {
            "rmse_px": (sum(d * d for d in distances) / 51) ** 0.5,
            "rmse_bbox": ((sum(squares_x) / 51) ** 0.5 + (sum(squares_y) / 51) ** 0.5)
            / 2
            / ((right - left) ** 2 + (bottom - top) ** 2) ** 0.5,
            "error": sum(distances) / 51 / eyes,
        }
        for suffix, points in (("", seen), ("_true", true)):
            span = np.subtract(points[45], points[36])
            across = span / np.hypot(*span)
            up = np.array([across[1], -across[0]])
            height_of = [float(np.dot(up, point)) for point in points]
            gaps = {
                "mouth": height_of[54] - height_of[48],
                "brows": sum(height_of[22:27]) / 5 - sum(height_of[17:22]) / 5,
                "eyes": sum(abs(height_of[a] - height_of[b]) for a, b in ((43, 47), (44, 46))) / 2
                - sum(abs(height_of[a] - height_of[b]) for a, b in ((37, 41), (38, 40))) / 2,
            }
            row |= {region + suffix: gap / np.hypot(*span) for region, gap in gaps.items()}
        rows[name] = row
    return pd.DataFrame(rows).T


def test_scores_and_slopes_equal_a_computation_from_the_raw_files(tmp_path):
    photoset = load_palda(write_palda(tmp_path, palsy_faces(24, seed=1)))
    assert len(photoset.people) == 12  # two panels of each person lie in each group
    rng = np.random.default_rng(2)
    predicted = photoset.landmarks() + rng.normal(0, 3, (24, 68, 2))
    by_name = {photo.photo_id: points for photo, points in zip(photoset, predicted, strict=True)}
    scores = score_landmarks(photoset, predicted).set_index("photo_id")
    expected = independent(tmp_path, by_name)
    for column in expected:
        np.testing.assert_allclose(scores[column], expected.loc[scores.index, column], atol=1e-9, err_msg=column)
    summary = summarise(score_landmarks(photoset, predicted, "noisy"), n=50)
    for region in REGIONS:
        slope, _ = np.polyfit(expected[f"{region}_true"], expected[region], 1)
        r = np.corrcoef(expected[f"{region}_true"], expected[region])[0, 1]
        assert value(summary, "noisy", region, "slope") == pytest.approx(slope, abs=1e-9)
        assert value(summary, "noisy", region, "correlation") == pytest.approx(r, abs=1e-9)
    assert value(summary, "noisy", "error", "median") == pytest.approx(expected["error"].median(), abs=1e-12)
    assert value(summary, "noisy", "error", "sd") == pytest.approx(expected["error"].std(), abs=1e-12)


# What must hold of any faces


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_truth_keeps_all_asymmetry_and_its_mirror_average_none(seed):
    faces = palsy_faces(12, seed)
    mirrored = faces[:, MIRROR_68] * [-1, 1] + [600, 0]
    photoset = annotated_set(faces)
    scores = pd.concat(
        [
            score_landmarks(photoset, faces, "truth"),
            score_landmarks(photoset, (faces + mirrored) / 2, "symmetrised"),
            score_landmarks(photoset, mirrored[:, MIRROR_68], "left and right mixed up"),
        ]
    )
    errors = ("rmse_px", "rmse_bbox", "error", "error_centred")
    wanted = [*((e, "mean") for e in errors), *((r, s) for r in REGIONS for s in ("slope", "correlation"))]
    summary = summarise(scores, statistics=wanted, n=10)
    for region in REGIONS:
        assert value(summary, "truth", region, "slope") == pytest.approx(1)
        assert value(summary, "truth", region, "correlation") == pytest.approx(1)
        assert value(summary, "symmetrised", region, "slope") == pytest.approx(0, abs=1e-9)
        assert np.isnan(value(summary, "symmetrised", region, "correlation"))
        assert value(summary, "symmetrised", region, "slope", minus="truth") == pytest.approx(-1)
    for measure in errors:
        assert value(summary, "truth", measure, "mean") == pytest.approx(0, abs=1e-9)
        assert value(summary, "symmetrised", measure, "mean") > 0


def test_the_mirrored_face_with_its_points_renumbered_has_the_opposite_asymmetry():
    faces = palsy_faces(6)
    mirrored = faces[:, MIRROR_68] * [-1, 1] + [600, 0]
    plain, turned = (score_landmarks(annotated_set(f), f) for f in (faces, mirrored))
    for region in REGIONS:
        np.testing.assert_allclose(turned[region], -plain[region], atol=1e-12)


def test_errors_do_not_depend_on_the_photos_size_but_pixels_do():
    faces = palsy_faces(8)
    predicted = faces + np.random.default_rng(0).normal(0, 2, faces.shape)
    small = score_landmarks(annotated_set(faces), predicted)
    large = score_landmarks(annotated_set(faces * 3), predicted * 3)
    for measure in ("rmse_bbox", "error", "error_centred"):
        np.testing.assert_allclose(large[measure], small[measure])
    np.testing.assert_allclose(large["rmse_px"], 3 * small["rmse_px"])


def test_a_point_shifted_by_one_hundredth_everywhere():
    """Worked by hand: every inner point off by 1 % of the inter-ocular distance in x, and the jaw by much more."""
    faces = palsy_faces(4, tilt=0)
    span = np.linalg.norm(faces[:, 45] - faces[:, 36], axis=1)
    predicted = faces.copy()
    predicted[:, INNER, 0] += 0.01 * span[:, None]
    predicted[:, :17] += 50
    scores = score_landmarks(annotated_set(faces, bbox_gt=np.array([0.0, 0.0, 30.0, 40.0])), predicted)
    np.testing.assert_allclose(scores["error"], 0.01)
    np.testing.assert_allclose(scores["rmse_px"], 0.01 * span)
    np.testing.assert_allclose(scores["rmse_bbox"], 0.01 * span / 2 / 50)
    np.testing.assert_allclose(scores["e30"], 0.01)
    np.testing.assert_allclose(scores["e0"], np.hypot(50, 50) / span)


# Convention


def test_a_mere_difference_of_convention_is_taken_off_but_not_learnt_from_the_person_itself():
    faces = palsy_faces(10)
    convention = np.random.default_rng(1).normal(0, 0.05, (68, 2)) @ [1, 1j]
    convention[[36, 45]] = 0
    points = faces[..., 0] + 1j * faces[..., 1]
    moved = points + convention * (points[:, 45] - points[:, 36])[:, None]
    predicted = np.stack([moved.real, moved.imag], axis=-1)
    scores = score_landmarks(annotated_set(faces), predicted)
    assert (scores["error"] > 0.03).all()
    np.testing.assert_allclose(scores["error_centred"], 0, atol=1e-9)

    wild = predicted.copy()
    wild[:2] += np.random.default_rng(2).normal(0, 20, (2, 68, 2))
    people = [0, 0, *range(1, 9)]
    own = centred(wild, faces, people)
    alone = centred(wild[2:], faces[2:], people[2:])
    # The two wild photos change what is taken off the others' points, not what is taken off their own.
    expected_offset = np.mean((points[2:] - moved[2:]) / (points[2:, 45] - points[2:, 36])[:, None], axis=0)
    wild_points = wild[:2, :, 0] + 1j * wild[:2, :, 1]
    expected = wild_points + expected_offset * (wild_points[:, 45] - wild_points[:, 36])[:, None]
    np.testing.assert_allclose(own[:2], np.stack([expected.real, expected.imag], axis=-1))
    assert not np.allclose(own[2:], alone)


def test_with_one_person_there_is_nobody_to_learn_the_convention_from():
    faces = palsy_faces(3)
    scores = score_landmarks(annotated_set(faces, [0, 0, 0]), faces + 1)
    assert scores["error_centred"].isna().all() and scores["error"].notna().all()
    summary = summarise(scores, n=10)
    assert np.isnan(value(summary, "", "error_centred", "mean"))


def failing_scores():
    faces = palsy_faces(10)
    predicted = faces + 2.0
    predicted[:3] = np.nan
    predicted[3] += 500
    return score_landmarks(annotated_set(faces), predicted, "a", ["NoFaceError: none"] * 3 + ["ok"] * 7)


def test_a_failed_frame_counts_as_failed_never_as_zero_or_missing():
    scores = failing_scores()
    assert scores["failed"].tolist() == [True] * 3 + [False] * 7
    assert scores.loc[:2, ["error", "rmse_px", "mouth", "e0"]].isna().all(axis=None)
    assert scores.loc[:2, ["mouth_true", "status"]].notna().all(axis=None)
    summary = summarise(scores, n=200)
    assert value(summary, "a", "failed", "share") == pytest.approx(0.3)
    assert value(summary, "a", "gross", "share") == pytest.approx(0.4)
    found = scores["error"].dropna()
    assert value(summary, "a", "error", "mean") == pytest.approx(found.mean())
    with_failures = np.r_[found, [np.inf] * 3]
    assert value(summary, "a", "error", "median") == pytest.approx(np.median(with_failures))
    assert (summary["n_frames"] == 10).all() and (summary["n_failed"] == 3).all()


def test_when_most_frames_fail_the_median_is_infinite_and_nothing_breaks():
    faces = palsy_faces(5)
    predicted = np.full_like(faces, np.nan)
    summary = summarise(score_landmarks(annotated_set(faces), predicted, "blind"), n=20)
    assert value(summary, "blind", "failed", "share") == 1
    assert value(summary, "blind", "error", "median") == np.inf
    assert np.isnan(value(summary, "blind", "error", "mean"))
    assert "5 failed" in readable(summary)["n"].item()


# Summaries


def test_differences_are_paired_by_frame_and_drawn_by_person():
    faces = palsy_faces(30)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 4, faces.shape)
    photoset = annotated_set(faces, np.repeat(range(10), 3))
    scores = pd.concat(
        [score_landmarks(photoset, faces + f * noise, name) for name, f in (("full", 1), ("most", 0.9), ("nine", 0.9))]
    )
    summary = summarise(scores, reference="full", n=300)
    row = summary.query("setting == 'most' and minus == 'full' and measure == 'error' and statistic == 'mean'").iloc[0]
    alone = summary.query("setting == 'most' and minus.isna() and measure == 'error' and statistic == 'mean'").iloc[0]
    assert row["estimate"] == pytest.approx(
        value(summary, "most", "error", "mean") - value(summary, "full", "error", "mean")
    )
    assert row["high"] < 0 and row["high"] - row["low"] < (alone["high"] - alone["low"]) / 3
    same = summarise(scores, reference="most", n=50)
    assert value(same, "nine", "error", "mean", minus="most") == 0
    assert row["n_people"] == 10


def test_summaries_by_group_equal_summaries_of_the_groups():
    faces = palsy_faces(20)
    photoset = annotated_set(faces)
    scores = score_landmarks(photoset, faces + np.random.default_rng(0).normal(0, 3, faces.shape), "a")
    scores["group"] = ["ALS", "Stroke"] * 10
    by_group = summarise(scores, by="group", n=40)
    stroke = summarise(scores[scores["group"] == "Stroke"], n=40)
    pd.testing.assert_frame_equal(
        by_group[by_group["group"] == "Stroke"].drop(columns="group").reset_index(drop=True), stroke
    )


def test_readable_shows_estimates_with_intervals_and_n():
    summary = summarise(failing_scores(), statistics=[("failed", "share"), ("error", "mean")], n=50)
    table = readable(summary, digits=2)
    assert table.columns.tolist() == ["n", "failed, share", "error, mean"]
    assert table.loc["a", "n"] == "10 frames, 10 people, 3 failed"
    assert table.loc["a", "failed, share"].startswith("0.30 [0.")
    assert readable(summary, [("error", "mean")]).columns.tolist() == ["n", "error, mean"]
    scores = pd.concat([failing_scores(), failing_scores().assign(setting="b")])
    by_group = readable(summarise(scores.assign(group="ALS"), by="group", n=20), [("error", "sd")], differences=True)
    assert by_group.index.tolist() == [("ALS", "b minus a")]
    assert by_group["error, sd"].item() == "0.000 [0.000,\N{NO-BREAK SPACE}0.000]"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"by": "colour"}, BadSettingError),
        ({"reference": "b"}, BadSettingError),
        ({"statistics": [("error", "mode")]}, BadSettingError),
    ],
)
def test_summaries_refuse_what_is_not_there(options, error):
    with pytest.raises(error):
        summarise(failing_scores(), **options)


def test_settings_measured_on_different_frames_are_not_compared():
    scores = failing_scores()
    other = scores.iloc[::-1].assign(setting="b")
    with pytest.raises(BadTableError, match="same frames"):
        summarise(pd.concat([scores, other]))


def test_scores_need_annotations_and_as_many_predictions():
    faces = palsy_faces(2)
    with pytest.raises(BadTableError, match="shape"):
        score_landmarks(annotated_set(faces), faces[:1])
    bare = PhotoSet("bare", [Photo("bare", "a", "a", Path("a.png"))], NO_PROBLEMS)
    with pytest.raises(BadTableError, match="without annotated"):
        score_landmarks(bare, faces[:1])
    with pytest.raises(BadTableError, match="no annotated photo"):
        DatasetTester(bare, "iBUG")


# The tester, on photos


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
    """Two people in three tasks, one photo without a face; the truth is what the model sees, moved a little."""
    from bp_research import GetLandmarks

    folder = tmp_path_factory.mktemp("portraits")
    image = cv2.imread(PORTRAIT)
    points = GetLandmarks(PORTRAIT, "iBUG").landmarks
    photos = []
    for i, (person, task) in enumerate((p, t) for p in ("N001", "A002") for t in ("NSM_OPEN", "NSM_KISS", "DDK_PA")):
        blank = (person, task) == ("A002", "DDK_PA")
        path = folder / f"{person}_{task}.png"
        cv2.imwrite(str(path), np.full_like(image, 128) if blank else cv2.convertScaleAbs(image, beta=3 * i))
        group = {"N": "Healthy controls", "A": "ALS"}[person[0]]
        record = {"group": group, "task": task, "frame": 7 + i, "landmarks_gt": points + i, "bbox_gt": np.arange(4.0)}
        photos.append(Photo("simulated", person, f"{person}_{task}_{7 + i}", path, **record))
    photos.append(Photo("simulated", "A002", "not annotated", path, group="ALS"))
    return PhotoSet("simulated portraits", photos, NO_PROBLEMS, simulated=True)


def test_patients_is_a_lazy_view(portraits):
    tester = DatasetTester(portraits, "iBUG")
    assert list(tester.patients) == ["N001", "A002"]
    assert list(tester.patients["N001"]) == ["NSM_OPEN", "NSM_KISS", "DDK_PA"]
    frame = tester.patients["N001"]["NSM_KISS"][8]
    assert sorted(frame) == ["bbox", "image", "landmarks_gt", "landmarks_pred"] and len(frame) == 4
    assert frame["image"].shape == (600, 512, 3)
    np.testing.assert_array_equal(frame["bbox"], [0, 1, 2, 3])
    assert np.abs(frame["landmarks_pred"] + 1 - frame["landmarks_gt"]).mean() < 2
    with pytest.raises(NoFaceError):
        tester.patients["A002"]["DDK_PA"][12]["landmarks_pred"]
    with pytest.raises(KeyError, match="landmarks_gt"):
        frame["iris"]


def test_the_same_frame_number_in_two_sessions_keeps_both(portraits):
    first = portraits[0]
    again = Photo("simulated", "N001", "second session", first.path, task=first.task, frame=first.frame,
                  landmarks_gt=first.landmarks_gt)  # fmt: skip
    tester = DatasetTester(PhotoSet("simulated", [first, again], NO_PROBLEMS), "iBUG")
    assert list(tester.patients["N001"]["NSM_OPEN"]) == [7, "second session"]


def test_batches_choose_groups_and_tasks(portraits):
    tester = DatasetTester(portraits, "iBUG")
    assert [len(batch) for batch in tester.batches(batch_size=4)] == [4, 2]
    assert [batch[0].photo.photo_id for batch in tester.batches(groups="ALS", tasks=["NSM_OPEN", "NSM_KISS"])] == [
        "A002_NSM_OPEN_10",
        "A002_NSM_KISS_11",
    ]
    for wrong in ({"groups": "Stroke"}, {"tasks": ["WINK"]}, {"batch_size": 0}):
        with pytest.raises(BadSettingError):
            next(tester.batches(**wrong))


def test_evaluate_gives_a_row_per_frame_and_setting(portraits, tmp_path):
    tester = DatasetTester(portraits, "iBUG")
    with pytest.raises(BadTableError, match="evaluate first"):
        tester.summarise()
    options = {"processes": 1, "progress": False, "cache": tmp_path / "cache.jsonl"}
    chosen = {name: REPORT_SETTINGS[name] for name in ("200 px grey", "300 px colour")}
    scores = tester.evaluate(chosen, **options)
    assert scores.groupby("setting", sort=False).size().to_dict() == {"200 px grey": 6, "300 px colour": 6}
    assert scores.groupby("setting")["failed"].sum().tolist() == [1, 1]
    assert scores.loc[scores["failed"], "status"].str.startswith("NoFaceError").all()
    assert scores.loc[~scores["failed"], "rmse_px"].between(0, 12).all()
    assert value(tester.summarise(n=20), "200 px grey", "failed", "share") == pytest.approx(1 / 6)
    pd.testing.assert_frame_equal(tester.evaluate(chosen, **options), scores)
    assert len((tmp_path / "cache.jsonl").read_text().splitlines()) == 12


def test_settings_are_named_and_checked(portraits):
    tester = DatasetTester(portraits.select([photo.patient_id == "N001" for photo in portraits]), "iBUG")
    options = {"processes": 1, "progress": False}
    assert tester.evaluate(**options)["setting"].unique().tolist() == ["iBUG, 200 px grey"]
    names = tester.evaluate([{"colored": True}, {"resolution": 300}], **options)["setting"].unique().tolist()
    assert names == ["iBUG, 200 px colour", "iBUG, 300 px grey"]
    steadied = tester.evaluate([{}, {"augment": 3}], **options)
    assert steadied["setting"].unique().tolist() == ["iBUG, 200 px grey", "iBUG, 200 px grey, median of 3"]
    first, second = steadied.groupby("setting", sort=False)["rmse_px"].agg(list)
    assert not np.allclose(first, second) and np.allclose(first, second, atol=5)
    pd.testing.assert_series_equal(tester.evaluate(augment=3, **options)["rmse_px"], pd.Series(second, name="rmse_px"))
    for wrong in ({"a": {"colour": True}}, {}, [{}, {"resolution": 200}]):
        with pytest.raises(BadSettingError):
            tester.evaluate(wrong, **options)


RUN = """
import sys
from pathlib import Path
from bp_research.accuracy.dataset_tester import DatasetTester
from bp_research.datasets import load_palda

if __name__ == "__main__":
    scores = DatasetTester(load_palda(sys.argv[1]), "iBUG").evaluate(processes=2, cache=sys.argv[2], progress=False)
    print(len(scores), int(scores["failed"].sum()))
"""


def test_evaluating_resumes_after_a_kill_and_repeats_nothing(tmp_path):
    image, n = cv2.imread(PORTRAIT), 24
    folder = tmp_path / "central"
    folder.mkdir()
    for i in range(n):
        cv2.imwrite(str(folder / f"photo{i}.jpg"), cv2.convertScaleAbs(image, beta=i))
        np.save(folder / f"photo{i}.npy", symmetric_face() + 200)
        np.save(folder / f"photo{i}_box.npy", np.array([0, 0, 400, 400]))
    (tmp_path / "run.py").write_text(RUN)
    cache = tmp_path / "cache.jsonl"
    command = [sys.executable, tmp_path / "run.py", tmp_path, cache]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    run = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not cache.exists() or len(cache.read_bytes().splitlines()) < 3:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    before = [line for line in cache.read_text().splitlines() if _whole(line)]
    assert 3 <= len(before) < n
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert output.split() == [str(n), "0"]
    after = [line for line in cache.read_text().splitlines() if _whole(line)]
    assert after[: len(before)] == before and len(after) == n


def _whole(line):
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
