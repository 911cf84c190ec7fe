"""Films: every frame at its true time, whatever the file; the face followed, lost and found; movements as simulated."""

import struct
import wave

import cv2
import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import get_sample_data

from bp_research import GetLandmarks, measure_video
from bp_research.errors import UnreadableVideoError
from bp_research.face.measures import measure
from bp_research.landmarks.engine import Engine, Face, Prediction
from bp_research.measuring import video

POINTS = GetLandmarks(get_sample_data("grace_hopper.jpg", asfileobj=False), "iBUG").landmarks
N = 60

# Of a mesh the irises count: centre and four points on the edge, of the subject's right and left eye.
MESH = np.zeros((478, 2))
MESH[468:] = np.repeat([POINTS[36:42].mean(0), POINTS[42:48].mean(0)], 5, axis=0)
MESH[[469, 470, 471, 472, 474, 475, 476, 477], 0] += 4


class Grey(Engine):
    """A quick engine: landmarks moved by the frame's grey level; it sees no face in dark frames, and can follow."""

    name = "grey"

    def __init__(self):
        self.found = 0
        self.sizes = set()

    def find(self, image, resolution=200, colored=False):
        self.found += 1
        self.sizes.add(image.shape)
        return [Face((0.0, 0.0, 100.0, 100.0), 1.0)] if image.mean() > 30 else []

    def predict(self, image, face, colored=False):
        return Prediction(POINTS + [image.mean(), 0], MESH + [image.mean(), 0])

    def follow(self, image, mesh):
        return self.predict(image, None) if image.mean() > 30 else None


def film(path, greys, codec="MJPG", rate=60):
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), rate, (120, 80))
    for grey in greys:
        writer.write(np.full((80, 120, 3), round(grey), np.uint8))
    writer.release()
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Sixty frames that get brighter, in two containers."""
    folder = tmp_path_factory.mktemp("films")
    greys = np.linspace(40, 210, N)
    return {"avi": film(folder / "film.avi", greys), "mp4": film(folder / "film.mp4", greys, "mp4v")}


def measured(path, engine=None, **settings):
    return measure_video(path, engine or Grey(), progress=False, **settings)


def with_times(content, steps):
    """An MP4 whose frames last the given ticks each (256 are a 60th of a second at first)."""
    at = content.index(b"stts") - 4
    old = struct.unpack(">I", content[at : at + 4])[0]
    new = struct.pack(">I4sII", 16 + 8 * len(steps), b"stts", 0, len(steps))
    new += b"".join(struct.pack(">II", 1, step) for step in steps)
    changed = bytearray(content[:at] + new + content[at + old :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
        start = changed.rindex(box, 0, at) - 4
        changed[start : start + 4] = struct.pack(">I", struct.unpack(">I", changed[start : start + 4])[0] + len(new) - old)
    return bytes(changed).replace(b"edts", b"free")  # the edit list holds the old length


@pytest.mark.parametrize("kind", ["avi", "mp4"])
def test_every_frame_once_in_order_at_its_time(whole, kind):
    table = measured(whole[kind])
    assert (table["status"] == "ok").all() and table["frame"].tolist() == list(range(N))
    np.testing.assert_allclose(table["time"], np.arange(N) / 60, atol=1e-6)
    np.testing.assert_allclose(table["x0"] - POINTS[0, 0], np.linspace(40, 210, N), atol=5)  # codecs round
    assert (np.diff(table["x0"]) > 0).all()
    scale = 11.77 / 8 * np.linalg.norm(POINTS[45] - POINTS[36])  # the irises are 8 px wide
    np.testing.assert_allclose(table["interocular_mm"], scale)
    expected = measure(POINTS)
    np.testing.assert_allclose(table["brow height right"], scale * expected[0], rtol=1e-6)
    np.testing.assert_allclose(table["smile angle right"], expected[20], rtol=1e-6)


def test_variable_frame_rate(whole, tmp_path):
    steps = np.where(np.arange(N) % 3 == 1, 1024, 256)
    path = tmp_path / "variable.mp4"
    path.write_bytes(with_times(whole["mp4"].read_bytes(), steps.tolist()))
    np.testing.assert_allclose(measured(path)["time"], np.r_[0, np.cumsum(steps)[:-1]] / 256 / 60, atol=1e-3)


def test_rotation_is_applied(whole, tmp_path):
    content, engine = bytearray(whole["mp4"].read_bytes()), Grey()
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)  # a quarter turn
    (tmp_path / "turned.mp4").write_bytes(content)
    assert len(measured(tmp_path / "turned.mp4", engine)) == N and engine.sizes == {(120, 80, 3)}


def test_a_film_that_breaks_off_keeps_its_rows_and_says_so(whole, tmp_path):
    content = whole["avi"].read_bytes()
    (tmp_path / "half.avi").write_bytes(content[: len(content) // 2])
    table = measured(tmp_path / "half.avi")
    assert (table["status"][:-1] == "ok").all() and 10 < len(table) < N
    assert table["status"].iloc[-1].startswith("UnreadableVideoError") and table.iloc[-1][["time", "x0"]].isna().all()


def test_a_broken_frame_costs_its_row(whole, tmp_path):
    content = bytearray(whole["avi"].read_bytes())
    start = content.index(b"00dc", len(content) // 3) + 8
    content[start : start + 200] = bytes(200)
    (tmp_path / "hole.avi").write_bytes(content)
    table = measured(tmp_path / "hole.avi")
    bad = table[table["status"] != "ok"]
    assert len(table) == N and len(bad) == 1 and table["frame"].tolist() == list(range(N))
    np.testing.assert_allclose(table["time"].drop(bad.index), np.delete(np.arange(N), bad.index) / 60, atol=1e-6)


def test_files_without_a_picture_are_named(whole, tmp_path):
    places = {name: tmp_path / name for name in ("nothing.mp4", "zero.avi", "empty.mp4", "sound.wav", "junk.mp4", "cut.mp4")}
    film(places["zero.avi"], [])
    places["empty.mp4"].write_bytes(b"")
    with wave.open(str(places["sound.wav"]), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(16000))
    places["junk.mp4"].write_bytes(np.random.default_rng(0).bytes(5000))
    places["cut.mp4"].write_bytes(whole["mp4"].read_bytes()[:3000])  # what says where the frames are stands at the end
    for path in [*places.values(), tmp_path]:
        with pytest.raises(UnreadableVideoError, match=path.name):
            measured(path)
    with pytest.raises(UnreadableVideoError):
        measured(places["junk.mp4"], out=tmp_path / "out")


def test_a_face_is_followed_lost_and_found_again(tmp_path):
    greys = np.r_[np.full(20, 100), np.full(5, 10), np.full(10, 100), np.full(5, 220)]
    engine = Grey()
    table = measured(film(tmp_path / "lost.avi", greys), engine)
    lost = table["status"].str.startswith("NoFaceError")
    assert lost.tolist() == (greys == 10).tolist() and table.loc[lost, "x0"].isna().all()
    # looked for at first, in the five dark frames, and where it had jumped by more than a face can
    assert engine.found == 1 + 5 + 1


def test_the_nearest_of_several_faces_is_taken():
    class Two(Grey):
        def find(self, image, resolution=200, colored=False):
            return [Face((300, 0, 400, 100), 0.9), Face((0, 0, 100, 100), 0.8)]

        def predict(self, image, face, colored=False):
            return Prediction(POINTS + face.box[0])

    last = Prediction(POINTS - POINTS.mean(axis=0) + 50)
    image = np.zeros((10, 10, 3), np.uint8)
    np.testing.assert_array_equal(video._look_for(Two(), image, None).landmarks, POINTS + 300)
    np.testing.assert_array_equal(video._look_for(Two(), image, last).landmarks, POINTS)


def test_parts_hold_the_rows_that_the_memory_would(whole, tmp_path, monkeypatch):
    expected = measured(whole["avi"])
    monkeypatch.setattr(video, "PART", 25)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part-000007.parquet").write_bytes(b"of a longer film")
    rows = measured(whole["avi"], out=tmp_path / "out")
    assert rows.count_rows() == N and len(rows.files) == 3 == len(list((tmp_path / "out").iterdir()))
    pd.testing.assert_frame_equal(rows.to_table().to_pandas(), expected, check_dtype=False)


def test_the_reasons_against_a_frame_are_those_against_the_same_photo(tmp_path):
    portrait = cv2.imread(get_sample_data("grace_hopper.jpg", asfileobj=False))
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 30, (512, 600))
    for blur in (0.01, 0.01, 6, 6, 0.01):
        writer.write(cv2.GaussianBlur(portrait, (0, 0), blur))
    writer.release()
    table = measure_video(tmp_path / "film.avi", progress=False)
    photos = video.pictures(tmp_path / "film.avi", range(5))
    told = [{text.partition(" (")[0] for text in quality.split("; ") if text} for quality in table["quality"]]
    assert told == [{reason.text.partition(" (")[0] for reason in GetLandmarks(photo).quality} for photo in photos]
    assert ["blurred" in one for one in told] == [False, False, True, True, False]
