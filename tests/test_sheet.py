"""A person's photos become one page, and all people's measures tables for a spreadsheet."""

import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from bp_research import measure_cohort
from bp_research.clinical.export import export, long_table
from bp_research.clinical.sheet import load_person
from bp_research.datasets import open_dataset
from bp_research.errors import BadSettingError, BadTableError, NoFaceError, ScalingError
from bp_research.face.measures import DICTIONARY, MEASURES, QUANTITIES
from bp_research.face.schemes import EXPRESSIONS
from bp_research.plots import patient_sheet
from bp_research.plots.sheet import person_measures


@pytest.fixture(scope="module")
def person(tiny_demo):
    """A simulated person with all eight expressions."""
    photos = open_dataset("demo")
    return photos.of_person(photos.to_frame().sort_values("severity", kind="stable")["patient_id"].iloc[-1])


@pytest.fixture(scope="module")
def table(person):
    return measure_cohort(person, "FaceMesh", processes=1, progress=False, augment=5, clinical=True)


# reading a person's folder


def folder_of(person, path, names):
    path.mkdir()
    for photo, name in zip(person, names, strict=False):
        shutil.copy(photo.path, path / name)
    return path


def test_names_say_the_expression(person, tmp_path):
    names = ["At_Rest.jpg", "2024-03-31 brow raise.jpg", "anna_3.jpg"]
    own = load_person(folder_of(person, tmp_path / "anna", names))
    assert {p.photo_id: p.expression for p in own} == dict(zip(names, EXPRESSIONS, strict=False))
    assert {p.patient_id for p in own} == {"anna"} and not own.simulated


def test_the_order_says_it_if_no_name_does(person, tmp_path):
    names = [f"DSC{i:04d}.jpg" for i in range(10, 18)]
    own = load_person(folder_of(person, tmp_path / "roll", names), "B 12")
    assert [p.expression for p in own] == list(EXPRESSIONS) and own[0].patient_id == "B 12"
    shutil.copy(own[0].path, tmp_path / "roll" / "DSC0018.jpg")
    with pytest.raises(BadSettingError, match="DSC0018.jpg shows no known expression"):
        load_person(tmp_path / "roll")


def test_a_csv_says_it_first_of_all(person, tmp_path):
    folder = folder_of(person, tmp_path / "listed", ["at rest.jpg", "b.jpg"])
    said = pd.DataFrame({"path": ["b.jpg", "at rest.jpg"], "expression": ["open smile", "lip pucker"]})
    said.to_csv(folder / "photos.csv", index=False)
    assert {p.photo_id: p.expression for p in load_person(folder)} == {
        "b.jpg": "open smile",
        "at rest.jpg": "lip pucker",
    }
    for change, message in (
        ({"expression": ["open smile", "frown"]}, "frown"),
        ({"expression": ["open smile", None]}, "no known expression"),
        ({"expression": ["open smile", "open smile"]}, "two photos of open smile"),
        ({"path": ["b.jpg", "c.jpg"]}, "c.jpg"),
    ):
        said.assign(**change).to_csv(folder / "photos.csv", index=False)
        with pytest.raises(BadSettingError, match=message):
            load_person(folder)
    said.rename(columns={"expression": "what"}).to_csv(folder / "photos.csv", index=False)
    with pytest.raises(BadSettingError, match="expression"):
        load_person(folder)


def test_wrong_folders_are_said(person, tmp_path):
    with pytest.raises(BadSettingError, match="nowhere"):
        load_person(tmp_path / "nowhere")
    with pytest.raises(BadSettingError, match="no photo"):
        load_person(folder_of((), tmp_path / "empty", ()))
    with pytest.raises(BadSettingError, match="some.jpg shows no known expression"):
        load_person(folder_of(person, tmp_path / "half", ["at rest.jpg", "some.jpg"]))


# the page


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<body>") :]))


def test_the_sheet_shows_what_was_measured(table):
    page, data = patient_sheet(table, "left", "2024-03-31", simulated=True)
    text = words(page)
    resting = table[table["expression"] == "at rest"].iloc[0]
    for measure in MEASURES:
        assert measure in text
    for column in ("right", "left", "difference"):
        assert f"{round(resting[f'brow height {column}_median'], 1) + 0.0:.1f}" in text
    for part in (
        resting["patient_id"],
        "photos of 2024-03-31",
        "SIMULATED",
        "left , as given",
        "Auto-eFACE",
        "composite",
    ):
        assert part in text, part
    assert "call emergency services" in text and "not a medical device" in text
    assert "<img" in page and 'src="data:image/jpeg' not in page  # a drawing, and no photo
    assert "http" not in page.replace("http-equiv", "")
    scores = data[data["column"] == "score"].set_index("measure")["value"]
    assert {"Auto-eFACE: composite", "House-Brackmann movement score: total"} <= set(scores.index)


def test_photos_are_on_it_if_they_are_given(person, table):
    page, _ = patient_sheet(table, "left", pictures=person.photos)
    assert page.count('src="data:image/jpeg') == 8


def test_the_side_is_never_taken_silently(table):
    text = words(patient_sheet(table)[0])
    assert "affected side: not given" in text and re.search(r"\d of \d signs point to the (left|right)", text)


def test_one_photo_tells_what_it_can(table):
    page, data = patient_sheet(table[table["expression"] == "open smile"], "right")
    assert "could not be measured, and why" in page and "in a photo of: at rest" in page
    assert set(data["expression"].dropna()) == {"open smile"}
    assert data.loc[data["column"] == "score", "value"].isna().all()


def test_a_photo_without_a_face_is_said(table):
    failed = table.copy()
    failed.loc[1, "status"] = "NoFaceError: no face found"
    page, data = patient_sheet(failed, "left")
    assert "brow raise: NoFaceError: no face found" in words(page)
    assert "brow raise" not in set(data["expression"].dropna())
    with pytest.raises(NoFaceError, match="dark"):
        patient_sheet(table.assign(status="NoFaceError: dark"))
    with pytest.raises(ScalingError, match="no eye is open"):
        patient_sheet(table.assign(interocular_mm=np.nan))


def test_intervals_are_calibrated_for_the_mesh_and_healthy_ranges_its_own(table):
    data = person_measures(table)
    rest = data[(data["expression"] == "at rest") & (data["column"] == "difference")].set_index("measure")
    assert rest["healthy_low"].notna().all() and (rest["healthy_low"] < rest["healthy_high"]).all()
    assert data.loc[data["expression"] == "brow raise", "healthy_low"].isna().all()
    # hand-set points scatter about the mesh's by more than the copies do among themselves
    raw = long_table(table)
    raw = raw[(raw["expression"] == "at rest") & (raw["column"] == "difference")].set_index("measure")
    assert ((rest["high"] - rest["low"]) > (raw["high"] - raw["low"])).mean() > 0.8
    other = person_measures(table.assign(model="iBUG"))
    assert other["healthy_low"].isna().all()
    assert other.loc[other["column"] == "difference", "low"].tolist()[:14] == pytest.approx(
        raw["low"].tolist(), nan_ok=True
    )


@pytest.mark.skipif(shutil.which("chromium") is None, reason="printing needs Chromium")
def test_it_prints_to_one_page_of_a4(person, table, tmp_path):
    bad = table.copy()
    bad.loc[2:5, "status"] = "NoFaceError: no face found in the photo of 360 x 540 px: use a frontal photo, well lit"
    for i, (own, pictures) in enumerate(((table, person.photos), (table[:1], ()), (bad, person.photos))):
        (tmp_path / "sheet.html").write_text(patient_sheet(own, "left", pictures=pictures)[0], encoding="utf-8")
        quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
        command = ["chromium", *quiet, f"--user-data-dir={tmp_path / 'profile'}", "--no-pdf-header-footer"]
        pdf = tmp_path / f"{i}.pdf"
        subprocess.run(
            [*command, f"--print-to-pdf={pdf}", str(tmp_path / "sheet.html")], capture_output=True, timeout=120
        )
        content = pdf.read_bytes()
        assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
        assert [round(float(x)) for x in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content).groups()] == [
            595,
            842,
        ]


# spreadsheets


def test_export_gives_the_same_numbers_long_and_wide(table, tmp_path):
    long_csv, wide_csv, dictionary_csv, book = export(table, tmp_path)
    long, wide, dictionary = (pd.read_csv(path) for path in (long_csv, wide_csv, dictionary_csv))
    assert len(long) == len(table) * len(QUANTITIES) and len(wide) == len(table)
    for name in ("brow height left", "smile angle difference", "eye area percent"):
        measure, column = name.rsplit(" ", 1)
        own = long[(long["measure"] == measure) & (long["column"] == column)]
        for end, suffix in (("value", "_median"), ("low", "_low"), ("high", "_high")):
            np.testing.assert_allclose(own[end], wide[name + suffix])
            np.testing.assert_allclose(own[end], table[name + suffix])
    assert dictionary["name"].tolist() == list(QUANTITIES)
    assert dictionary[["definition", "unit", "source"]].notna().all(axis=None)
    sheets = pd.read_excel(book, sheet_name=None)
    assert list(sheets) == ["long", "wide", "dictionary"]
    assert sheets["wide"]["patient_id"].tolist() == table["patient_id"].tolist()
    # units in the long table are those of the dictionary
    units = long.drop_duplicates(["measure", "column"])
    assert (units["measure"] + " " + units["column"]).tolist() == DICTIONARY["name"].tolist()
    assert units["unit"].tolist() == DICTIONARY["unit"].tolist()


def test_a_table_without_clinical_measures_is_refused(table, tmp_path):
    with pytest.raises(BadTableError, match="clinical=True"):
        export(table.drop(columns=[c for c in table if c.startswith("brow height")]), tmp_path)
