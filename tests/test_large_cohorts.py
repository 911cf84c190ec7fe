"""Cohorts larger than the memory: rows in parts on disk, killed runs and workers, photos that lie elsewhere."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import fsspec
import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import get_sample_data

from bp_research import GetLandmarks, measure_cohort
from bp_research.datasets.listing import photos_in
from bp_research.errors import BadSettingError, BadTableError
from bp_research.landmarks.engine import Engine, Face, Prediction
from bp_research.measuring import cohort
from bp_research.work import FORKS, map_cached, stream

forked = pytest.mark.skipif(not FORKS, reason="the engine of this test is handed over by a fork")

PHOTOS = 60
POINTS = GetLandmarks(get_sample_data("grace_hopper.jpg", asfileobj=False), "iBUG").landmarks


class Grey(Engine):
    """A quick engine: the landmarks of one face, moved by the photo's grey level; it dies of black photos."""

    name, identity = "grey", ("grey", 1)

    def find(self, image, resolution=200, colored=False):
        if image.max() < 5:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.002)
        return [Face((0.0, 0.0, 100.0, 100.0), 1.0)]

    def predict(self, image, face, colored=False):
        return Prediction(POINTS + image.mean())


@pytest.fixture
def photos(tmp_path):
    """Grey photos 20 ... 79, each of its own grey."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for grey in range(20, 20 + PHOTOS):
        cv2.imwrite(str(folder / f"{grey}.png"), np.full((40, 40, 3), grey, np.uint8))
    return folder


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(cohort, "PART", 7)


def read(rows):
    return rows.to_table().to_pandas()


def same(one, other):
    """Whether tables agree, whatever stands for nothing in them."""
    plain = [table.astype(object).where(table.notna(), None) for table in (one, other)]
    pd.testing.assert_frame_equal(*plain)
    return True


def parts(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


@pytest.mark.parametrize("settings", [{}, {"clinical": True}, {"processes": 1}])
def test_parts_hold_the_rows_that_the_memory_would(photos, tmp_path, settings):
    expected = measure_cohort(photos, Grey(), progress=False, **settings)
    rows = measure_cohort(photos, Grey(), out=tmp_path / "out", progress=False, **settings)
    assert rows.count_rows() == PHOTOS and len(rows.files) == -(-PHOTOS // 7)
    assert same(read(rows), expected)
    assert (read(rows)["x0"] - POINTS[0, 0]).tolist() == pytest.approx(range(20, 20 + PHOTOS))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), read(rows))


def test_parts_that_are_there_are_kept_and_changed_ones_made_again(photos, tmp_path):
    out = tmp_path / "out"
    measure_cohort(photos, Grey(), out=out, progress=False)
    before = parts(out)
    measure_cohort(photos, Grey(), out=out, progress=False)
    assert parts(out) == before
    cv2.imwrite(str(photos / "30.png"), np.full((40, 40, 3), 200, np.uint8))
    rows = measure_cohort(photos, Grey(), out=out, progress=False)
    after = parts(out)
    assert {name for name in before if after[name] != before[name]} == {"part-000001.parquet"}
    assert read(rows)["x0"][10] == pytest.approx(POINTS[0, 0] + 200)
    measure_cohort(photos, Grey(), out=out, progress=False, resolution=300)
    assert not set(parts(out).values()) & set(after.values())
    assert measure_cohort(sorted(photos.iterdir())[:9], Grey(), out=out, progress=False).count_rows() == 9
    assert len(parts(out)) == 2  # those of the longer list are gone


def test_people_are_scaled_as_a_whole(photos, tmp_path, monkeypatch):
    people = [f"{i // 4:03d}" for i in range(PHOTOS)]
    table = pd.DataFrame({"path": [str(path) for path in sorted(photos.iterdir())], "patient_id": people})
    table.to_csv(tmp_path / "list.csv", index=False)
    rows = measure_cohort(tmp_path / "list.csv", Grey(), out=tmp_path / "out", clinical=True, progress=False)
    assert all(fragment.count_rows() in (8, 4) for fragment in rows.get_fragments())
    assert read(rows)["patient_id"].tolist() == people


@forked
@pytest.mark.parametrize("out", [None, "out"])
def test_a_photo_that_kills_its_worker_costs_its_row(photos, tmp_path, out):
    for grey in (41, 42, 70):
        cv2.imwrite(str(photos / f"{grey}.png"), np.zeros((40, 40, 3), np.uint8))
    out = out and tmp_path / out
    table = measure_cohort(photos, Grey(), processes=2, out=out, progress=False)
    table = (read(table) if out else table).set_index("photo_id")
    assert len(table) == PHOTOS and table.index.is_unique
    assert table.index[table["status"] != "ok"].tolist() == ["41.png", "42.png", "70.png"]
    assert table.loc["42.png", "status"].startswith("WorkerError: ") and table.loc["42.png"].filter(like="x").isna().all()


def _kill_once(item, mark):
    if item in (5, 300) and not Path(f"{mark}{item}").exists():
        Path(f"{mark}{item}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.001)
    return item**2


def test_a_lost_worker_costs_time_only(tmp_path):
    from functools import partial

    work = partial(_kill_once, mark=str(tmp_path / "mark"))
    assert map_cached(work, range(600), processes=2, progress=False) == [i**2 for i in range(600)]
    assert len(list(tmp_path.iterdir())) == 2


def _square(item):
    time.sleep(0.001)
    return item**2


def test_items_are_taken_as_they_are_needed():
    taken = []
    answers = stream(_square, (taken.append(i) or i for i in range(100_000)), processes=2)
    assert [next(answers) for _ in range(2000)] == [i**2 for i in range(2000)]
    answers.close()
    assert len(taken) < 20_000


_RUN = """
import sys
sys.path.insert(0, {tests!r})
from test_large_cohorts import Grey, cohort, measure_cohort
cohort.PART = 7
measure_cohort({photos!r}, Grey(), out={out!r}, processes=2, progress=False)
"""


@forked
def test_a_run_killed_at_any_moment_goes_on_with_the_first_missing_part(photos, tmp_path):
    out, rng = tmp_path / "out", np.random.default_rng(0)
    script = _RUN.format(tests=str(Path(__file__).parent), photos=str(photos), out=str(out))
    kept = {}
    for least in (1, 3, 5):
        run = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
        while run.poll() is None and (not out.exists() or len(list(out.glob("part-*"))) < least):
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.02))
        run.kill()  # the parent alone: its workers end by themselves
        run.wait()
        there = {name: made for name, made in parts(out).items() if name.startswith("part")}
        assert kept.items() <= there.items()  # nothing that was finished is done again
        kept = there
    rows = measure_cohort(photos, Grey(), out=out, progress=False)
    assert kept.items() <= parts(out).items() and len(parts(out)) == len(rows.files)
    assert same(read(rows), measure_cohort(photos, Grey(), progress=False))


@forked
def test_photos_that_lie_where_fsspec_reads(photos, tmp_path):
    memory = fsspec.filesystem("memory")
    memory.put(f"{photos}/", "/clinic/", recursive=True)
    listed = [f"memory://clinic/{path.name}" for path in sorted(photos.iterdir())] + ["memory://clinic/none.png"]
    pd.DataFrame({"path": listed, "severity": 3.0}).to_parquet(tmp_path / "list.parquet")
    table = read(measure_cohort(tmp_path / "list.parquet", Grey(), processes=2, out=tmp_path / "out", progress=False))
    here = measure_cohort(photos, Grey(), progress=False)
    measured = list(here)[list(here).index("left") :]
    assert same(table.loc[: PHOTOS - 1, measured], here[measured])
    assert table["path"].tolist() == listed and (table["severity"] == 3).all()
    assert table["photo_id"].iloc[-1] == "none.png" and table["status"].iloc[-1].startswith("FileNotFoundError: ")
    with memory.open("/clinic/list.csv", "wt") as file:
        pd.DataFrame({"path": ["20.png", "21.png"]}).to_csv(file)  # beside the table
    assert (measure_cohort("memory://clinic/list.csv", Grey(), processes=2, progress=False)["status"] == "ok").all()


def test_tables_of_photos(photos, tmp_path):
    listed = tmp_path / "photos" / "list.csv"
    pd.DataFrame({"path": ["20.png", None], "age": [41, None], "more": 1}).iloc[:1].to_csv(listed, index=False)
    (photo,) = photos_in(listed)
    assert photo.path == photos / "20.png" and photo.age == 41 and photo.group is None and photo.patient_id == "20"
    pd.DataFrame({"file": ["20.png"]}).to_csv(listed, index=False)
    with pytest.raises(BadTableError, match="path"):
        list(photos_in(listed))
    pd.DataFrame({"path": []}).to_csv(listed, index=False)
    for empty in (listed, []):
        with pytest.raises(BadSettingError, match="no photo"):
            measure_cohort(empty, Grey(), out=tmp_path / "out", progress=False)
    (tmp_path / "file").touch()
    with pytest.raises(BadSettingError):
        measure_cohort(photos, Grey(), out=tmp_path / "file", progress=False)
