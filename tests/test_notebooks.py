"""Every notebook is run once on a tiny simulated cohort, and the numbers that it records are checked."""

import ast
import base64
import io
import json
import math
import re
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from browser import faults
from layouts import LAYOUTS, make_layouts
from PIL import Image

from bp_research import paths, reports
from bp_research.errors import BadTableError
from bp_research.face.schemes import FEATURES

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)

# Its numbers come with the package and are of real people; the rest of it needs sets that are not there.
NORMS = "12_healthy_reference"

# Those that take longest see fewer of the cohort's photos, or have fewer folds: the same cells run, the same is checked.
LIGHTER = {
    "05_test_time_augmentation": {"max_photos": 28},
    "06_landmark_models": {"folds": 3},
    "14_annotate": {"max_photos": 64},
}

# A photo shows many more colours than a figure of lines, bars and colour maps.
PHOTO_COLOURS = 15_000


def test_the_notebooks_are_there():
    assert NOTEBOOKS, f"no notebook in {FOLDER}"
    numbers = [path.name[:2] for path in NOTEBOOKS]
    assert len(set(numbers)) == len(numbers)


@each_notebook
def test_a_notebook_tells_a_story_and_holds_no_machinery(notebook):
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    assert content.metadata.kernelspec.name == "python3"
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert content.cells[0].cell_type == "markdown" and content.cells[0].source.startswith("# ")
    assert code[0].metadata.get("tags") == ["parameters"]
    for statement in ast.parse(code[0].source).body:
        ast.literal_eval(statement.value)
    machinery = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    trees = [ast.parse(re.sub(r"(?m)^%", "# %", cell.source)) for cell in code]
    assert not any(isinstance(node, machinery) for tree in trees for node in ast.walk(tree))


def pictures(page):
    """Decoded pictures of a report, uint8 arrays (H, W, 3)."""
    html = page.read_text(encoding="utf-8")
    for lines in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html):
        html += base64.b64decode(lines).decode("utf-8")  # a drawing can hold pictures, too
    encoded = re.findall(r'(?:src|href)="data:image/(?:png|jpeg);base64,([^"]+)"', html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(one))).convert("RGB")) for one in encoded]


def colours(picture):
    return len(np.unique(picture.reshape(-1, 3), axis=0))


def check_headline(line):
    """A number is there, in its range, inside its interval."""
    value = line["value"]
    assert line["label"] and value is not None, line
    if isinstance(value, str):
        return
    assert math.isfinite(value), line
    if line.get("unit") == "%":
        assert 0 <= value <= 100, line
    if isinstance(line.get("interval"), list):
        low, high = line["interval"]
        assert low <= value <= high, line


@each_notebook
def test_a_notebook_runs_and_records_sensible_numbers(notebook, tiny_demo, capfd):
    page = reports.run_notebook(notebook, parameters=LIGHTER.get(notebook.stem), settings={"show_faces": False})
    warnings = [line for line in capfd.readouterr().err.splitlines() if "Warning: " in line]
    assert not warnings, warnings
    text = (paths.results_dir() / f"{notebook.stem}.json").read_text(encoding="utf-8")
    results = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in {notebook.stem}.json"))
    assert results["simulated"] is (notebook.stem != NORMS) and results["dataset"]
    assert ("stopped" in results) is (notebook.stem == NORMS), results.get("stopped")
    counts = results["n"].values() if isinstance(results["n"], dict) else [results["n"]]
    assert all(count > 0 for count in counts)
    assert results["headline"]
    for line in results["headline"]:
        check_headline(line)
    check = CHECKS.get(notebook.stem)
    if check is not None:
        check(results)
    html = page.read_text(encoding="utf-8")
    assert ("simulated" in html or notebook.stem == NORMS) and "<img" in html
    assert str(paths.project_root()) not in html
    shown = [colours(picture) for picture in pictures(page)]
    assert max(shown, default=0) < PHOTO_COLOURS, "a photo is shown in spite of show_faces=False"
    assert not faults(page)


def test_ones_own_photos_get_a_line_for_each_person(tiny_demo, tmp_path):
    faces = [path for path in sorted(tiny_demo.rglob("*.jpg")) if "MEEI" in str(path)][::8][:2]
    for name, face in zip(("anna", "b & c"), faces, strict=True):
        (tmp_path / name).mkdir()
        shutil.copy(face, tmp_path / name / "at rest.jpg")
    (tmp_path / "nobody").mkdir()
    Image.new("RGB", (200, 200), "white").save(tmp_path / "nobody" / "blank.png")
    page = reports.run_notebook(FOLDER / "01_load_meei.ipynb", parameters={"photos": str(tmp_path), "show_faces": False})
    html = page.read_text(encoding="utf-8")
    lines = [re.sub(r"<[^>]*>", "|", row) for row in re.findall(r"(?s)<tr>(.*?)</tr>", html)]
    (anna, other, nobody) = (next(line for line in lines if name in line) for name in ("anna", "b &amp; c", "nobody"))
    assert all(re.search(r"(mouth|brows|eyes), (right|left) .*, percentile \d+", line) for line in (anna, other))
    assert "no: NoFaceError" in nobody and str(tmp_path) not in html
    assert max(map(colours, pictures(page)), default=0) < PHOTO_COLOURS and "<svg" in html
    assert not faults(page)


def test_simulated_faces_are_shown_unless_forbidden(tiny_demo):
    page = reports.run_notebook(FOLDER / "01_load_meei.ipynb")
    assert max(colours(picture) for picture in pictures(page)) > 2 * PHOTO_COLOURS


def check_01(results):
    assert results["n"] == {"people": 14, "photos": 112}
    assert sum(results["statuses"].values()) == 112 and results["statuses"]["ok"] >= 104
    assert sum(results["groups"].values()) == 14


def check_02(results):
    assert {effect["feature"] for effect in results["effect_sizes"]} == set(FEATURES)
    assert all(-1 <= effect["low"] <= effect["high"] <= 1 for effect in results["effect_sizes"])
    assert all(0 <= pair["overlap"] <= 1 for pair in results["overlaps"])


def check_03(results):
    assert results["n"] == {"people": 6, "frames": 72} and results["problems"] == 0
    assert sum(group["frames"] for group in results["groups"].values()) == 72


def statistic(results, setting, measure, name):
    """One estimate out of a recorded summary of a model on annotated photos."""
    wanted = {"setting": setting, "minus": None, "measure": measure, "statistic": name}
    (row,) = (row for row in results["summary"] if wanted.items() <= row.items())
    return row["estimate"]


def check_04(results):
    # the simulation moves the points of portraits on which the model is right, so that it is nearly right here too
    assert statistic(results, "200 px grey", "failed", "share") < 0.05
    assert 0.005 < statistic(results, "200 px grey", "error", "median") < 0.05


def check_05(results):
    # the median of many looks is no worse than one look
    assert {gain["model"] for gain in results["gain"]} >= {"iBUG", "FaceMesh"}
    assert all(gain["low"] <= gain["estimate"] <= min(gain["high"], 0.001) for gain in results["gain"])


def check_06(results):
    # judged on other people, an adapter takes off at least the models' own convention of where a point belongs
    own, adapted = (statistic(results, name, "error", "median") for name in ("FaceMesh", "FaceMesh, adapted"))
    assert 0.005 < adapted < own < 0.06
    assert results["adapter"]["simulated"] is True


def check_07(results):
    # somebody with a complete palsy is further from healthy people than they are from one another
    assert sum(results["findings"].values()) == 8 * 32
    assert results["outside"] > results["outside_in_healthy_people"]["median"]


def check_08(results):
    for row in results["maps"]:
        assert row["purity_low"] <= row["purity_chance"] <= row["purity_high"]
    assert {row["map"] for row in results["maps"]} >= {"PCA", "UMAP", "t-SNE, perplexity 30"}


def check_09(results):
    found = {line["label"]: line["value"] for line in results["headline"]}
    assert found["rank correlation with the simulated severity"] >= 0.9 and results["rank_correlation"]["mouth"] >= 0.9
    assert results["stable_without_change"]["together"] >= 0.93
    clinical = results["clinical_changes"]
    assert len(clinical["change"]) == 14 and all(0 < smallest < 100 for smallest in clinical["smallest"].values())
    # the simulated person recovers: the mouth corners come to one height
    assert clinical["change"]["commissure height difference"] < 0


def check_10(results):
    assert 0 <= results["nested"]["balanced_accuracy"] <= 1 and results["n"] == {"people": 14, "photos": 112}
    # random numbers teach nothing beyond the commonest answer
    nothing = results["headline"][1]
    assert abs(nothing["value"] - nothing["baseline"]) < 0.15


def check_11(results):
    nested = results["person_level_nested"]
    assert -1 <= nested["kappa"] <= 1 and 0 <= nested["mae"] <= 5 and 0 <= nested["within_one"] <= 1
    assert "eFACE" in results["severity"]


def check_12(results):
    median, limit = (line["value"] for line in results["headline"])
    assert 1 < median < np.sqrt(3) < limit < 4  # a normal face's score is the norm of three numbers of size 1
    assert "make data" in results["stopped"]


# What else must hold in a notebook's results.
def check_13(results):
    assert results["n"] == {"photos": 8}
    assert all(0 <= score <= 200 for score in results["scores"].values()) and len(results["scores"]) > 10


def check_15(results):
    # the simulated person has a palsy of the right side, blinks three times, and that eye does not close
    found = {line["label"]: line["value"] for line in results["headline"]}
    assert found["ratio of the sides"] < 0.5 and results["blinks"]["right"]["blinks"] == 3
    assert results["blinks"]["right"]["share incomplete"] == 1 and results["blinks"]["left"]["share incomplete"] == 0
    assert [row["expression"] for row in results["movements"]] == ["smile", "pucker", "eye closure"]


CHECKS = {
    "01_load_meei": check_01,
    "02_feature_distributions": check_02,
    "03_load_neuroface": check_03,
    "04_landmark_accuracy": check_04,
    "05_test_time_augmentation": check_05,
    "06_landmark_models": check_06,
    "07_one_person": check_07,
    "08_maps": check_08,
    "09_recovery": check_09,
    "10_detect_palsy": check_10,
    "11_grade_severity": check_11,
    NORMS: check_12,
    "13_patient_sheet": check_13,
    "15_movement": check_15,
}


# ---------------------------------------------------------------------------------------------- every layout


@pytest.fixture(scope="session")
def layouts(tiny_demo, tmp_path_factory):
    """A tiny tree of each data set's layout, and of folders that are none."""
    return make_layouts(tiny_demo, tmp_path_factory.mktemp("layouts"))


@pytest.mark.parametrize("layout", LAYOUTS)
@each_notebook
def test_a_notebook_answers_or_says_why_not_on_every_layout(notebook, layout, layouts, tiny_demo, monkeypatch, capsys):
    """Its cells in this process, which spares a kernel for each; what ends a report early must say so in words."""
    monkeypatch.setattr(plt, "show", lambda *args, **kwargs: plt.close("all"))
    given = {"data": str(layouts[layout]), "show_faces": False, "max_photos": 8}
    names, code = {}, [c.source for c in nbformat.read(notebook, as_version=4).cells if c.cell_type == "code"]
    try:
        for number, source in enumerate(code):
            exec(compile(source, f"{notebook.stem}, code cell {number + 1}", "exec"), names)
            if number == 0:
                names.update({name: value for name, value in given.items() if name in names})
            plt.close("all")
    except BadTableError as error:
        assert re.match(r"[\w' ,\"-]*[a-z]", str(error)) and len(str(error).split()) >= 5
        assert (notebook.stem, layout) not in ANSWERED
    else:
        assert (paths.results_dir() / f"{notebook.stem}.json").is_file()


# What must be answered, not only end in words: the first look at any photos, and one person against healthy people.
ANSWERED = {
    *(("01_load_meei", layout) for layout in LAYOUTS),
    *(("07_one_person", layout) for layout in LAYOUTS if layout not in ("MEEI", "NeuroFace")),
    *(("13_patient_sheet", layout) for layout in ("MEEI", "London", "folder", "one photo")),
    *((name, "PALDA") for name in ("02_feature_distributions", "03_load_neuroface", "08_maps")),
}
