"""Loaders against trees built here in the data sets' exact layouts, with every oddity they are known for."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from bp_research.datasets import load_folder, load_meei, load_neuroface, load_palda, open_dataset
from bp_research.errors import BadSettingError, BadTableError, DatasetNotFoundError, UnreadableImageError
from bp_research.face.schemes import EXPRESSIONS

BANDS = {
    "Flaccid": {
        "Complete": (1, 2, 3, 4, 5),
        "Severe": (1, 2, 3, 5),
        "Moderate": (1, 3, 4, 5),
        "Mild": (1, 2, 3),
        "NearNormal": (1, 2, 4, 5),
    },
    "Synkinetic": {
        "Complete": (1, 2, 3, 4),
        "Severe": (1, 2, 3, 4),
        "Moderate": (1, 2, 3, 5),
        "Mild": (1, 2, 3, 5),
        "NearNormal": (1, 2, 3, 4, 5),
    },
}


def jpeg(width=6, height=9):
    return cv2.imencode(".jpg", np.full((height, width, 3), 128, np.uint8))[1].tobytes()


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def problems_of(photoset, kind):
    table = photoset.problems
    return table[table["problem"] == kind]


# MEEI


def meei_rows():
    rows = [
        (category, band, number, "Left" if number % 2 else "Right", "F", 40 + number)
        for category, bands in BANDS.items()
        for band, numbers in bands.items()
        for number in numbers
    ]
    return rows + [("Normal", None, number, None, "M", 30 + number) for number in range(1, 11)]


def meei_folder(root, category, band, number, normals="Normal"):
    if category == "Normal":
        return root / normals / f"Normal{number}"
    return root / category / f"{band}{category}" / f"{band}{category}{number}"


def make_meei(root, rows=None, normals="Normal", photo=None):
    """The 51 people with a row and the nine without, eight photos and a video each; returns the folder."""
    photo = photo or jpeg()
    rows = meei_rows() if rows is None else rows
    table = pd.DataFrame(rows, columns=["Category", "Sub-category", "#", "Side", "Gender", "Age"])
    root.mkdir(parents=True, exist_ok=True)
    table.to_excel(root / "pat_info.xlsx", sheet_name="Sheet1", index=False)
    everybody = [(category, band, n) for category in BANDS for band in BANDS[category] for n in range(1, 6)]
    everybody += [("Normal", None, n) for n in range(1, 11)]
    for category, band, number in everybody:
        folder = meei_folder(root, category, band, number, normals)
        for suffix in range(1, 9):
            write(folder / f"{folder.name}_{suffix}.{'JPG' if category == 'Normal' else 'jpg'}", photo)
        write(folder / f"{folder.name}.mp4", b"video")
    return root


@pytest.fixture(scope="module")
def meei(tmp_path_factory):
    return make_meei(tmp_path_factory.mktemp("raw") / "MEEI_Standard_Set")


def test_meei_has_the_spreadsheets_people_and_all_their_photos(meei):
    table = load_meei(meei).to_frame()
    assert len(table) == 408
    assert (table.groupby("patient_id")["photo_id"].nunique() == 8).all()
    severity = table.groupby("patient_id")["severity"].first().astype(int)
    assert severity.value_counts().sort_index().tolist() == [10, 9, 7, 8, 8, 9]
    assert severity["CompleteFlaccid1"] == 6 and severity["NearNormalSynkinetic5"] == 2 and severity["Normal4"] == 1
    assert table["photo_id"].is_unique
    assert set(table["group"]) == {"Flaccid", "Synkinetic", "Normal"}


def test_meei_reports_the_nine_people_without_a_row(meei):
    photoset = load_meei(meei)
    without = problems_of(photoset, "no row")
    assert len(without) == 9
    assert "Flaccid/SevereFlaccid/SevereFlaccid4" in set(without["where"])
    assert without["detail"].str.startswith("8 photos").all()
    assert len(photoset.problems) == 9


def test_meei_expressions_follow_the_suffix_and_order_is_natural(meei):
    photoset = load_meei(meei)
    assert [photo.expression for photo in photoset[:8]] == list(EXPRESSIONS)
    assert [photo.path.stem[-1] for photo in photoset[:8]] == list("12345678")
    normals = [name for name in photoset.people if name.startswith("Normal")]
    assert normals == [f"Normal{n}" for n in range(1, 11)]


def test_meei_keeps_what_the_spreadsheet_says(meei):
    photo = next(p for p in load_meei(meei) if p.photo_id == "ModerateFlaccid3_7")
    assert (photo.side, photo.gender, photo.age, photo.severity) == ("left", "F", 43.0, 4)
    assert photo.landmarks_gt is None
    assert load_meei(meei).to_frame().query("group == 'Normal'")["side"].isna().all()


def test_meei_severity_is_named_for_what_it_is(meei):
    assert load_meei(meei).severity_name == "eFACE band (folder)"


def test_meei_opens_from_the_folder_that_holds_it(meei):
    assert len(load_meei(meei.parent)) == len(load_meei(str(meei))) == 408


def test_meei_oddities_are_read_or_reported(tmp_path):
    rows = [row for row in meei_rows() if row[:3] != ("Synkinetic", "Mild", 5)]
    rows += [("Flaccid", "Mild", 7, "Left", "F", 50), ("Flaccid", "Mild", 1, "Right", "F", 50)]
    rows += [("Flaccid", "Terrible", 1, "Left", "F", 50)]
    rows[0] = ("Flaccid", "Complete", 1, "both", "F", 400)
    root = make_meei(tmp_path / "MEEI_Standard_Set", rows, normals="Normals")
    mild = root / "Flaccid" / "MildFlaccid"
    (mild / "MildFlaccid2" / "MildFlaccid2_3.jpg").unlink()
    write(mild / "MildFlaccid3" / "MildFlaccid3_1.jpg", b"")
    write(mild / "MildFlaccid3" / "MildFlaccid3_2.jpg", b"no picture")
    write(mild / "MildFlaccid3" / "MildFlaccid3_4.jpg", jpeg(60, 90)[:-40])
    write(mild / "MildFlaccid3" / "MildFlaccid3_5.JPG", jpeg())
    strays = ["scan.tif", "consent.pdf", "MildFlaccid1_9.jpg", "noextension", "MildFlaccid2_1.jpg"]
    for name in strays:
        write(mild / "MildFlaccid1" / name, jpeg())
    write(root / "readme", b"text")
    write(root / ".DS_Store", b"x")
    write(root / "Flaccid" / "notes.tif", b"x")

    photoset = load_meei(root)
    assert len(photoset) == 50 * 8 - 1
    assert "MildFlaccid2_3" in problems_of(photoset, "missing photo")["detail"].item()
    assert problems_of(photoset, "no folder")["where"].tolist() == ["MildFlaccid7"]
    assert "Synkinetic/MildSynkinetic/MildSynkinetic5" in set(problems_of(photoset, "no row")["where"])
    unreadable = problems_of(photoset, "unreadable")
    assert unreadable["detail"].tolist()[0].startswith("no person of the set: Flaccid, Terrible")
    assert unreadable["detail"].tolist()[1:] == [
        "empty file",
        "not a picture",
        "the file breaks off before its end",
    ]
    ignored = [Path(where).name for where in problems_of(photoset, "ignored")["where"]]
    assert sorted(ignored) == sorted([*strays, "readme", "notes.tif"])
    contradictory = " | ".join(problems_of(photoset, "contradictory")["detail"])
    for said in ("palsy of side 'both'", "age of '400'", "MildFlaccid1 a second time", "a second photo 5"):
        assert said in contradictory
    assert not photoset.problems["where"].str.contains(str(tmp_path), regex=False).any()
    # An unreadable photo keeps its record, so that it can count as failed.
    damaged = next(photo for photo in photoset if photo.photo_id == "MildFlaccid3_2")
    with pytest.raises(UnreadableImageError):
        damaged.image  # noqa: B018


@pytest.mark.parametrize("written", [["1", "6"], ["I", " vi "]])
def test_meei_supplied_grades_replace_the_bands(meei, tmp_path, written):
    grades = write(tmp_path / "hb.csv", f"patient_id,hb\nCompleteFlaccid1,{written[0]}\nNormal4, {written[1]}\nX9,2\n")
    photoset = load_meei(meei, grades=grades)
    severity = photoset.to_frame().groupby("patient_id")["severity"].first()
    assert severity["CompleteFlaccid1"] == 1 and severity["Normal4"] == 6 and severity.isna().sum() == 49
    assert photoset.severity_name == "House–Brackmann (supplied)"
    assert len(problems_of(photoset, "missing grade")) == 49
    assert problems_of(photoset, "contradictory")["where"].tolist() == ["X9"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("person,hb\na,1\n", "patient_id"),
        ("patient_id,hb\nNormal1,7\n", "Normal1"),
        ("patient_id,hb\nNormal1,\n", "Normal1"),
        ("patient_id,hb\nNormal1,1\nNormal1,2\n", "more than one"),
        ("", "cannot be read"),
    ],
)
def test_meei_refuses_grades_that_are_none(meei, tmp_path, text, said):
    with pytest.raises(BadTableError, match=said):
        load_meei(meei, grades=write(tmp_path / "hb.csv", text))


def test_meei_refuses_a_spreadsheet_without_its_columns(tmp_path):
    pd.DataFrame({"Category": ["Normal"], "Number": [1]}).to_excel(tmp_path / "pat_info.xlsx", index=False)
    with pytest.raises(BadTableError, match="Sub-category.*Number"):
        load_meei(tmp_path)
    write(tmp_path / "pat_info.xlsx", b"no spreadsheet")
    with pytest.raises(BadTableError, match="cannot be read"):
        load_meei(tmp_path)


def test_a_simulated_meei_tree_says_so_and_brings_its_landmarks(tmp_path):
    root = make_meei(tmp_path / "MEEI_Standard_Set")
    write(root / "SIMULATED.txt", b"simulated")
    points = np.random.default_rng(0).uniform(0, 9, (2, 136)).round(3)
    table = pd.DataFrame(points, columns=[f"{axis}{i}" for i in range(68) for axis in "xy"])
    table.insert(0, "photo_id", ["Normal1_1", "Normal10_8"])
    table.to_csv(root / "simulated_landmarks.csv", index=False)
    photoset = load_meei(root)
    assert photoset.simulated and "simulated" in photoset.name and "simulated" in photoset.severity_name
    annotated = {photo.photo_id: photo.landmarks_gt for photo in photoset if photo.landmarks_gt is not None}
    assert list(annotated) == ["Normal1_1", "Normal10_8"]
    np.testing.assert_array_equal(annotated["Normal10_8"], points[1].reshape(68, 2))
    assert len(problems_of(photoset, "ignored")) == 0


# NeuroFace


def face(seed=0, shift=100.0):
    return (np.random.default_rng(seed).uniform(0, 50, (68, 2)) + shift).round(3)


def annotation(frames, separator=", ", seed=0):
    lines = ["frame,x1,y1,...,x68,y68"]
    for frame in frames:
        lines.append(separator.join([str(frame), *(f"{value:.3f}" for value in face(seed + frame).ravel())]))
    return "\n".join(lines) + "\n"


def boxes(frames):
    return "frame,x1,y1,x2,y2\n" + "".join(f"{frame},{frame},90,200,{210 + frame}\n" for frame in frames)


def make_neuroface(root, videos, groups=("ALS", "Stroke", "Healthy controls"), end="", separator=","):
    """``videos``: (group number, video, frames); returns the set's folder."""
    picture = jpeg(640, 480)
    for group, video, frames in videos:
        folder = root / groups[group]
        write(folder / "Landmarks_gt" / f"{video}_color{end}.txt", annotation(frames, separator))
        write(folder / "Bbox_gt" / f"{video}_color{end}.txt", boxes(frames))
        for frame in frames:
            write(folder / "Frames" / f"{video}_color.avi_{frame}.jpg", picture)
    return root


VIDEOS = [
    (0, "A002_02_BBP_NORMAL", [9, 10, 100]),
    (0, "A010_02_DDK_PATAKA", [1, 2]),
    (1, "OP01_02_NSM_BIGSMILE", [3]),
    (1, "S001_03_NSM_KISS", [4, 5]),
    (2, "N001_02_NSM_OPEN", [6, 7]),
]


@pytest.mark.parametrize(
    "spelling",
    [
        {"groups": ("ALS", "Stroke", "Healthy controls"), "end": "", "separator": ","},
        {"groups": ("ALS", "PS", "HC"), "end": "_gt", "separator": ", "},
    ],
    ids=["original", "other copies"],
)
def test_both_spellings_of_neuroface_give_the_same_records(tmp_path, spelling):
    root = make_neuroface(tmp_path / "NeuroFace", VIDEOS, **spelling)
    photoset = load_neuroface(root)
    assert len(photoset.problems) == 0
    table = photoset.to_frame()
    assert table["photo_id"].tolist()[:4] == [f"A002_02_BBP_NORMAL_{n}" for n in (9, 10, 100)] + [
        "A010_02_DDK_PATAKA_1"
    ]
    assert table.groupby("group")["patient_id"].unique().map(sorted).to_dict() == {
        "ALS": ["A002", "A010"],
        "Healthy controls": ["N001"],
        "Stroke": ["OP01", "S001"],
    }
    assert table["task"].tolist() == ["BBP_NORMAL"] * 3 + ["DDK_PATAKA"] * 2 + ["NSM_OPEN"] * 2 + [
        "NSM_BIGSMILE",
        "NSM_KISS",
        "NSM_KISS",
    ]
    for photo in photoset:
        np.testing.assert_array_equal(photo.landmarks_gt, face(photo.frame))
        np.testing.assert_array_equal(photo.bbox_gt, [photo.frame, 90, 200, 210 + photo.frame])
    assert len(load_neuroface(tmp_path)) == 10


def test_neuroface_oddities_are_reported(tmp_path):
    root = make_neuroface(tmp_path, VIDEOS)
    frames, marks = root / "ALS" / "Frames", root / "ALS" / "Landmarks_gt"
    write(frames / "A002_02_BBP_NORMAL_color.avi_9.jpg", b"\xff\xd8 damaged")
    (frames / "A002_02_BBP_NORMAL_color.avi_10.jpg").unlink()
    write(frames / "A002_02_BBP_NORMAL_color.avi_11.jpg", jpeg())
    write(frames / "Thumbs.db", b"x")
    write(root / "ALS" / "Bbox_gt" / "A010_02_DDK_PATAKA_color.txt", boxes([2, 8]))
    write(root / "Stroke" / "Landmarks_gt" / "S001_03_NSM_KISS_color.txt", annotation([4, 4, 5])[:-300] + "\n\n")
    write(marks / "notes.txt", "frame\n")
    write(marks / "copy.doc", "x")
    write(root / "Extra" / "x.txt", "x")
    make_neuroface(root, [(2, "OP01_02_NSM_OPEN", [1])])
    write(root / "ALS" / "Landmarks_gt" / "A003_02_NSM_BLOW_color.txt", annotation([1]).replace("1", "9999"))

    photoset = load_neuroface(root)
    assert "A002_02_BBP_NORMAL_9" in {photo.photo_id for photo in photoset}
    assert len(photoset) == len(VIDEOS[0][2]) - 1 + 2 + 1 + 1 + 2 + 1
    kinds = photoset.problems.groupby("problem")["detail"].agg(" | ".join)
    assert "frame 10 is annotated" in kinds["missing photo"] and "frame 9999" in kinds["missing photo"]
    assert "not a picture" in kinds["unreadable"] and "line 4: not a frame number" in kinds["unreadable"]
    assert "frame 4 a second time" in kinds["contradictory"] and "OP01 is also in" in kinds["contradictory"]
    assert "frame 1 has no row" in kinds["missing box"]
    assert "1 frames without landmarks: 11" in kinds["not annotated"]
    assert "1 boxes without landmarks: 8" in kinds["not annotated"]
    ignored = {Path(where).name for where in problems_of(photoset, "ignored")["where"]}
    assert ignored == {"Thumbs.db", "notes.txt", "copy.doc", "Extra"}
    no_box = next(photo for photo in photoset if photo.photo_id == "A010_02_DDK_PATAKA_1")
    assert no_box.bbox_gt is None


def test_neuroface_points_outside_their_frame_are_reported(tmp_path):
    root = make_neuroface(tmp_path, VIDEOS[:1])
    write(root / "ALS" / "Frames" / "A002_02_BBP_NORMAL_color.avi_9.jpg", jpeg(64, 48))
    said = problems_of(load_neuroface(root), "contradictory")["detail"].item()
    assert "frame 9" in said and "64 x 48" in said


def test_neuroface_without_boxes_still_loads(tmp_path):
    root = make_neuroface(tmp_path, VIDEOS[:1])
    for path in (root / "ALS" / "Bbox_gt").iterdir():
        path.unlink()
    (root / "ALS" / "Bbox_gt").rmdir()
    photoset = load_neuroface(root)
    assert len(photoset) == 3 and len(problems_of(photoset, "missing folder")) == 1


# The peak of the process itself: what getrusage tells began with the process that started it.
LOAD = """
import re, sys, time
from pathlib import Path
from bp_research.datasets import load_neuroface
start = time.process_time()  # not the clock: other work on the machine is not the loader's
photoset = load_neuroface(sys.argv[1])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(len(photoset), time.process_time() - start, int(peak[1]) / 1024)
"""


def test_the_whole_of_neuroface_loads_in_seconds_and_little_memory(tmp_path):
    """36 people, 261 videos, 3,306 annotated frames, as in the real set; the limits are 5 s and 200 MB."""
    videos, left = [], 3306
    for i in range(261):
        group, person = min(i // 87, 2), i // 7 % 12
        n = left - (260 - i) * 12 if i == 260 else min(13, left - (260 - i) * 12)
        videos.append((group, f"{'AON'[group]}{person:03d}_{i:02d}_NSM_OPEN", list(range(1, n + 1))))
        left -= n
    make_neuroface(tmp_path, videos)
    output = subprocess.run(
        [sys.executable, "-c", LOAD, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent.parent)},
    ).stdout
    n, seconds, megabytes = map(float, output.split())
    assert n == 3306
    assert seconds < 5
    assert megabytes < 200


# PALDA

PALDA = {
    "Healthy": ["Healthy_control_902", "Healthy_control_1010"],
    "central": ["cen_fac_palsy_901", "image7731", "image7732", "image773", "image712"],
    "peripheral": ["image7731", "image7611", "image761", "image7711"],
}


def make_palda(root, size=(120, 180)):
    for group, names in PALDA.items():
        for k, name in enumerate(names):
            picture = np.full((size[1], size[0], 3), 90, np.uint8)
            write(root / group / f"{name}.png", cv2.imencode(".png", picture)[1].tobytes())
            np.save(root / group / f"{name}.npy", np.arange(136).reshape(68, 2) + k)
            np.save(root / group / f"{name}_box.npy", np.array([-10, -20, 90, 100]))
    write(root / "Palsy_Immitation" / "x.jpg", jpeg())
    return root


def test_palda_points_are_put_back_into_the_photo(tmp_path):
    photoset = load_palda(make_palda(tmp_path / "palda_dataset"))
    by_id = {photo.photo_id: photo for photo in photoset}
    raw = np.arange(136.0).reshape(68, 2)
    np.testing.assert_allclose(by_id["healthy-Healthy_control_1010"].landmarks_gt, raw + 1)
    np.testing.assert_allclose(by_id["central-image7731"].landmarks_gt, (raw + 1) * [120 / 900, 180 / 900])
    for photo in photoset:
        np.testing.assert_array_equal(photo.bbox_gt, [-10, -20, 90, 100])
    assert photoset.to_frame()["group"].value_counts().to_dict() == {
        "central": 5,
        "peripheral": 4,
        "healthy": 2,
    }
    assert photoset.problems["where"].tolist() == ["Palsy_Immitation"]


def test_palda_panels_are_one_person_within_their_group(tmp_path):
    photoset = load_palda(make_palda(tmp_path / "palda_dataset").parent)
    people = photoset.to_frame().groupby("patient_id")["photo_id"].apply(list).to_dict()
    assert len(people) == 2 + 3 + 3
    assert people["central-image773"] == ["central-image773", "central-image7731", "central-image7732"]
    assert people["peripheral-image773"] == ["peripheral-image7731"]
    assert people["peripheral-image761"] == ["peripheral-image761", "peripheral-image7611"]


def test_palda_turned_photos_use_their_upright_size(tmp_path):
    from PIL import Image

    root = make_palda(tmp_path)
    (root / "central" / "image712.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (90, 45)).save(root / "central" / "image712.jpg", exif=exif)
    photo = next(photo for photo in load_palda(root) if photo.photo_id == "central-image712")
    assert photo.image.shape == (90, 45, 3)
    np.testing.assert_allclose(photo.landmarks_gt[0], [4 * 45 / 900, 5 * 90 / 900])


def test_palda_oddities_are_reported(tmp_path):
    root = make_palda(tmp_path)
    (root / "central" / "image712.npy").unlink()
    np.save(root / "central" / "cen_fac_palsy_901.npy", np.zeros((5, 2)))
    write(root / "central" / "image7731_box.npy", b"garbage")
    np.save(root / "central" / "image7732_box.npy", np.array([500, 500, 540, 540]))
    (root / "peripheral" / "image761.png").unlink()
    write(root / "peripheral" / "image7711.png", b"")
    write(root / "Healthy" / "notes.txt", "x")
    write(root / "Healthy" / "Healthy_control_902.jpg", jpeg())
    photoset = load_palda(root)
    kinds = photoset.problems.groupby("problem")["where"].apply(sorted).to_dict()
    assert kinds == {
        "contradictory": ["Healthy/Healthy_control_902.png", "central/image7732_box.npy"],
        "ignored": ["Healthy/notes.txt", "Palsy_Immitation"],
        "missing annotation": ["central/image712.npy"],
        "missing photo": ["peripheral/image761.npy", "peripheral/image761_box.npy"],
        "unreadable": [
            "central/cen_fac_palsy_901.npy",
            "central/image7731_box.npy",
            "peripheral/image7711.png",
        ],
    }
    assert len(photoset) == 10
    assert sum(photo.landmarks_gt is None for photo in photoset) == 3
    assert {photo.photo_id for photo in photoset if photo.bbox_gt is None} == {"central-image7731", "central-image7732"}


# Records, and opening a set by name


def test_photos_are_read_when_asked_for_and_cannot_be_changed(tmp_path):
    photoset = load_palda(make_palda(tmp_path))
    photo = photoset[0]
    assert photo.image.shape == (180, 120, 3)
    with pytest.raises(ValueError, match="read-only"):
        photo.landmarks_gt[0] = 0
    with pytest.raises(AttributeError):
        photo.group = "x"
    photo.path.unlink()
    with pytest.raises(UnreadableImageError):
        photo.image  # noqa: B018


def test_select_by_mask_and_by_id(tmp_path):
    photoset = load_palda(make_palda(tmp_path))
    central = photoset.select(photoset.to_frame()["group"] == "central")
    assert len(central) == 5 and {photo.group for photo in central} == {"central"}
    assert [p.photo_id for p in photoset.select(["central-image712"])] == ["central-image712"]
    assert len(photoset.select([])) == 0
    assert photoset.landmarks().shape == (11, 68, 2)
    with pytest.raises(BadSettingError, match="mask"):
        photoset.select([True])
    with pytest.raises(BadSettingError, match="nobody"):
        photoset.select(["nobody"])
    person = photoset.people[3]
    assert {photo.patient_id for photo in photoset.of_person(person)} == {person}
    with pytest.raises(BadSettingError, match="nobody called 'x'"):
        photoset.of_person("x")
    for number in (0, 2.5, "ten", True):
        with pytest.raises(BadSettingError, match="max_photos"):
            photoset.limited(number)


def test_a_plain_folder_of_photos(tmp_path):
    for name in ("p10.jpg", "p2.jpg", "Anna/after.jpg", "Anna/before.jpg"):
        write(tmp_path / name, jpeg())
    write(tmp_path / "broken.jpg", b"x")
    photoset = load_folder(tmp_path)
    assert sorted(photo.patient_id for photo in photoset) == ["Anna", "Anna", "broken", "p10", "p2"]
    order = [photo.photo_id for photo in photoset]
    assert order.index("p2.jpg") < order.index("p10.jpg")
    assert photoset.problems["where"].tolist() == ["broken.jpg"]


@pytest.mark.parametrize("load", [load_meei, load_neuroface, load_palda])
def test_a_wrong_folder_is_told_what_was_looked_for_and_found(tmp_path, load):
    for i in range(15):
        (tmp_path / f"holiday{i}").mkdir()
    with pytest.raises(DatasetNotFoundError, match=r"Looked for .*found holiday0/, holiday1/.* and 3 more") as caught:
        load(tmp_path)
    assert {"load_meei": "pat_info.xlsx", "load_neuroface": "Landmarks_gt", "load_palda": "central"}[
        load.__name__
    ] in str(caught.value)
    with pytest.raises(DatasetNotFoundError, match="no folder"):
        load(tmp_path / "nowhere")


def test_open_dataset_takes_the_first_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("BP_DATA_DIR", str(tmp_path))
    make_palda(tmp_path / "raw" / "palda_dataset")
    assert open_dataset().name == "PALDA"
    assert open_dataset("PALDA").name == "PALDA"
    with pytest.raises(DatasetNotFoundError, match=r"pat_info\.xlsx"):
        open_dataset("MEEI")
    make_meei(tmp_path / "MEEI_Standard_Set")
    assert open_dataset().name == "MEEI"
    assert open_dataset(prefer=("PALDA", "MEEI"), kind="MEEI").name == "PALDA"
    assert open_dataset(tmp_path / "raw").name == "PALDA"
    write(tmp_path / "mine" / "a.jpg", jpeg())
    assert open_dataset(str(tmp_path / "mine")).name == "mine"
    for nonsense in ({"data": "MEII"}, {"prefer": ("MEII",)}, {"kind": "PALDA"}):
        with pytest.raises(BadSettingError):
            open_dataset(**nonsense)


def test_data_that_the_user_points_at_are_never_replaced_by_the_demo(tmp_path, monkeypatch):
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path / "work"))
    monkeypatch.setenv("BP_DATA_DIR", str(tmp_path / "mine"))
    for folder in (tmp_path / "mine", tmp_path / "mine" / "other"):
        with pytest.raises(DatasetNotFoundError, match="BP_DATA_DIR"):
            open_dataset()
        folder.mkdir()
    make_palda(tmp_path / "mine" / "downloads" / "palda_dataset")
    assert open_dataset().name == "PALDA"
    root = make_neuroface(tmp_path / "work" / "data" / "demo" / "NeuroFace", VIDEOS)
    write(root / "SIMULATED.txt", b"simulated")
    assert open_dataset(prefer=("NeuroFace",)).simulated


def test_open_dataset_passes_over_sets_without_annotated_landmarks(tmp_path, monkeypatch):
    monkeypatch.setenv("BP_DATA_DIR", str(tmp_path))
    make_meei(tmp_path / "MEEI_Standard_Set")
    make_palda(tmp_path / "palda_dataset")
    assert open_dataset(annotated=True).name == "PALDA"
    assert open_dataset("MEEI", annotated=True).name == "PALDA"
    assert open_dataset(tmp_path, prefer=("NeuroFace", "PALDA")).name == "PALDA"
    make_neuroface(tmp_path / "NeuroFace", VIDEOS)
    assert open_dataset("MEEI", prefer=("NeuroFace", "PALDA"), annotated=True).name == "NeuroFace"


def test_open_dataset_uses_a_demo_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path))
    monkeypatch.delenv("BP_DATA_DIR", raising=False)
    root = make_meei(tmp_path / "data" / "demo" / "MEEI_Standard_Set")
    write(root / "SIMULATED.txt", b"simulated")
    for photoset in (open_dataset(), open_dataset("demo")):
        assert photoset.simulated and len(photoset) == 408
