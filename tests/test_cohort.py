"""Many photos: order, marked failures, caches that survive a kill, other people's executors."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import get_sample_data
from test_get_landmarks import damaged

from bp_research import GetLandmarks, LandmarkTester, ProcessResults, measure_cohort
from bp_research.datasets.records import Photo
from bp_research.errors import BadSettingError, ModelNotFoundError, WorkerError
from bp_research.face.schemes import FEATURES
from bp_research.measuring import cohort
from bp_research.measuring.cohort import landmarks_of
from bp_research.measuring.row import code_digest
from bp_research.work import map_cached


@pytest.fixture(scope="module")
def portrait():
    image = cv2.imread(get_sample_data("grace_hopper.jpg", asfileobj=False))
    return cv2.resize(image, (205, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture
def folder(portrait, tmp_path):
    """p1 ... p10, alternately as taken and mirrored."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(1, 11):
        cv2.imwrite(str(photos / f"p{i}.png"), portrait if i % 2 else portrait[:, ::-1])
    return photos


def test_rows_are_in_natural_order_and_equal_single_measurements(folder, portrait):
    table = measure_cohort(folder, "iBUG", processes=2, progress=False)
    assert table["photo_id"].tolist() == [f"p{i}.png" for i in range(1, 11)]
    assert (table["status"] == "ok").all() and (table["model"] == "iBUG").all()
    for image, row in ((portrait, 0), (portrait[:, ::-1].copy(), 1)):
        face = GetLandmarks(image, "iBUG")
        np.testing.assert_array_equal(landmarks_of(table)[row], face.landmarks)
        np.testing.assert_allclose(table.loc[row, list(FEATURES)].astype(float), list(ProcessResults(face).features.values()))
    pd.testing.assert_frame_equal(table, measure_cohort(folder, "iBUG", processes=1, progress=False))


def test_a_bad_photo_costs_its_row_only(folder, portrait):
    (folder / "p3.png").write_bytes(b"no picture")
    (folder / "p4.png").write_bytes(b"")
    cv2.imwrite(str(folder / "p5.png"), np.zeros((100, 100, 3), np.uint8))
    for i in range(11, 31):
        broken = damaged(portrait, i)
        if isinstance(broken, bytes):
            (folder / f"p{i}.png").write_bytes(broken)
        else:
            cv2.imwrite(str(folder / f"p{i}.png"), broken)
    photos = [*sorted(folder.iterdir()), folder / "missing.jpg"]
    table = measure_cohort(photos, "iBUG", processes=2, progress=False).set_index("photo_id")
    assert len(table) == 31 and list(table.index) == [path.name for path in photos]
    assert table.loc["p3.png", "status"].startswith("UnreadableImageError: ")
    assert table.loc["p4.png", "status"].startswith("UnreadableImageError: ")
    assert table.loc["p5.png", "status"].startswith("NoFaceError: ")
    assert table.loc["missing.jpg", "status"].startswith("UnreadableImageError: ")
    good = table["status"] == "ok"
    assert good[["p1.png", "p2.png", "p6.png", "p10.png"]].all()
    assert table.loc[good, list(FEATURES)].notna().all(axis=None)
    assert table.loc[~good, list(FEATURES)].isna().all(axis=None)


def test_what_the_data_set_says_is_kept(folder):
    photo = Photo("set", "person", "p", folder / "p1.png", group="Flaccid", severity=3, age=41.0)
    row = measure_cohort([photo], "iBUG", progress=False).iloc[0]
    assert (row["dataset"], row["patient_id"], row["group"]) == ("set", "person", "Flaccid")
    assert row["severity"] == 3 and row["age"] == 41


def test_cache_repeats_nothing_but_what_changed(folder, portrait, tmp_path):
    cache = tmp_path / "made" / "cache.jsonl"
    first = measure_cohort(folder, "iBUG", cache=cache, progress=False)
    assert len(cache.read_text().splitlines()) == 10
    again = measure_cohort(folder, "iBUG", cache=cache, progress=False)
    pd.testing.assert_frame_equal(first, again)
    assert len(cache.read_text().splitlines()) == 10
    cv2.imwrite(str(folder / "p1.png"), cv2.convertScaleAbs(portrait, alpha=0.8))
    changed = measure_cohort(folder, "iBUG", cache=cache, progress=False)
    assert len(cache.read_text().splitlines()) == 11
    assert not np.array_equal(landmarks_of(changed)[0], landmarks_of(first)[0])
    pd.testing.assert_frame_equal(changed.iloc[1:], first.iloc[1:])
    measure_cohort(folder, "iBUG", cache=cache, progress=False, resolution=300)
    assert len(cache.read_text().splitlines()) == 21


def test_settings_that_make_no_sense(folder, tmp_path):
    with pytest.raises(ModelNotFoundError):
        measure_cohort(folder, model=str(tmp_path / "none.dat"), progress=False)
    for photos in ([], [7], tmp_path / "missing"):
        with pytest.raises(BadSettingError):
            measure_cohort(photos, "iBUG", progress=False)
    for processes in (0, -1, 1.5):
        with pytest.raises(BadSettingError):
            measure_cohort(folder, "iBUG", processes=processes, progress=False)
    with pytest.raises(BadSettingError, match="is a folder"):
        measure_cohort(folder, "iBUG", cache=tmp_path, progress=False)


def test_executors(folder):
    expected = measure_cohort(folder, "iBUG", processes=1, progress=False)
    with ThreadPoolExecutor(1) as executor:
        pd.testing.assert_frame_equal(measure_cohort(folder, "iBUG", executor=executor, progress=False), expected)


def test_dask_cluster(folder):
    distributed = pytest.importorskip("distributed")
    expected = measure_cohort(folder, "iBUG", processes=1, progress=False)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster,
        distributed.Client(cluster) as client,
    ):
        table = measure_cohort(folder, "iBUG", executor=client.get_executor(), progress=False)
    pd.testing.assert_frame_equal(table, expected)


def _slow(item, log):
    """Leaves a line in a log for each item that was done."""
    time.sleep(0.05)
    with open(log, "a") as file:
        file.write(f"{item}\n")
    return {"square": item**2, "nothing": float("nan")}


_RUN = """
import sys
from functools import partial
sys.path.insert(0, {tests!r})
from test_cohort import _slow
from bp_research.work import map_cached
items = list(range(60))
map_cached(partial(_slow, log={log!r}), items, key=str, cache={cache!r}, processes=2, progress=False)
"""


def test_a_killed_run_goes_on_where_it_stopped(tmp_path):
    log, cache = tmp_path / "log", tmp_path / "cache.jsonl"
    script = _RUN.format(tests=str(Path(__file__).parent), log=str(log), cache=str(cache))
    run = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    while not cache.exists() or len(cache.read_text().splitlines()) < 12:
        assert run.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = {line for line in cache.read_text().splitlines()}
    assert 12 <= len(kept) < 60
    log.unlink()
    with cache.open("a") as file:
        file.write('{"key": "59", "val')  # what a crash in mid-line leaves
    items = list(range(60))
    answers = map_cached(partial(_slow, log=log), items, key=str, cache=cache, processes=2, progress=False)
    assert [answer["square"] for answer in answers] == [i**2 for i in items]
    assert len(log.read_text().splitlines()) == 60 - len(kept)  # nothing finished was repeated
    assert kept <= set(cache.read_text().splitlines())  # and nothing was lost


def _die(item):
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def test_a_killed_worker_is_said_and_does_not_hang():
    with pytest.raises(WorkerError, match="memory"):
        map_cached(_die, range(8), processes=2, progress=False)


def test_augmenting_adds_what_the_tester_says_and_changes_nothing_else(folder, portrait, tmp_path):
    photos = [folder / "p1.png", folder / "p2.png", tmp_path / "missing.png"]
    cache = tmp_path / "rows.jsonl"
    plain = measure_cohort(photos, "iBUG", cache=cache, progress=False)
    table = measure_cohort(photos, "iBUG", cache=cache, augment=6, processes=2, progress=False)
    pd.testing.assert_frame_equal(table[plain.columns], plain)
    said = LandmarkTester(portrait, "iBUG").run(6).feature_intervals(0.9)
    for what, column in (("median", "value"), ("low", "low"), ("high", "high")):
        row = table.loc[0, [f"{quantity}_{what}" for quantity in said.index]].astype(float)
        np.testing.assert_array_equal(row, said[column])
    assert table.loc[2].filter(regex="_(median|low|high)$").isna().all()
    pd.testing.assert_frame_equal(table, measure_cohort(photos, "iBUG", cache=cache, augment=6, progress=False))
    for wrong in (-1, 2.5, True):
        with pytest.raises(BadSettingError, match="augment"):
            measure_cohort(photos, "iBUG", augment=wrong)


@pytest.fixture
def other_root(tmp_path):
    """A folder with the package's sources, which may be changed."""
    root = Path(cohort.__file__).parents[2]
    shutil.copytree(root / "bp_research", tmp_path / "bp_research", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


_LOADED = """
import sys
from matplotlib.cbook import get_sample_data
from bp_research.measuring.row import measure_photo
photo = get_sample_data("grace_hopper.jpg", asfileobj=False), None, "at rest"
for model in ("iBUG", "FaceMesh halves"):
    assert measure_photo(photo, model, 200, False, 2, True, False)["status"] == "ok"
print(*(module.__file__ for name, module in sys.modules.items() if name.partition(".")[0] == "bp_research"))
"""


def test_every_module_that_measuring_loads_makes_rows_stale(other_root):
    run = subprocess.run([sys.executable, "-c", _LOADED], stdout=subprocess.PIPE, text=True, check=True)
    root, digest = Path(cohort.__file__).parents[2], code_digest.__wrapped__
    loaded = [Path(file).relative_to(root) for file in run.stdout.split()]
    assert len(loaded) > 20 and digest(other_root) == code_digest()
    for file in [*loaded, Path("bp_research/landmarks/mean_parts.csv"), Path("bp_research/face/measures.csv")]:
        kept = (other_root / file).read_bytes()
        (other_root / file).write_bytes(kept + b"\n")
        assert digest(other_root) != code_digest(), f"{file} could change unnoticed"
        (other_root / file).write_bytes(kept)
    (other_root / "bp_research/people/maps.py").write_text("")
    assert digest(other_root) == code_digest()  # of which no row depends


def test_a_renamed_module_cannot_be_passed_over(other_root):
    digest, package = code_digest.__wrapped__, other_root / "bp_research"
    (package / "face" / "geometry.py").rename(package / "face" / "shapes.py")
    with pytest.raises(ImportError, match="geometry"):
        digest(other_root)
    for file in package.rglob("*.py"):
        file.write_text(file.read_text(encoding="utf-8").replace("geometry import", "shapes import"), encoding="utf-8")
    renamed = digest(other_root)
    with (package / "face" / "shapes.py").open("a") as file:
        file.write("# changed")
    assert len({code_digest(), renamed, digest(other_root)}) == 3


def test_changed_code_makes_cached_rows_stale(folder, tmp_path, other_root, monkeypatch):
    cache = tmp_path / "rows.jsonl"
    measure_cohort(folder, "iBUG", cache=cache, progress=False)
    with (other_root / "bp_research/face/geometry.py").open("a") as file:
        file.write("# changed")
    monkeypatch.setattr(cohort, "code_digest", partial(code_digest, other_root))
    for _ in range(2):
        measure_cohort(folder, "iBUG", cache=cache, progress=False)
        assert len(cache.read_text().splitlines()) == 20
