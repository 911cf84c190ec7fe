"""Notebooks made in the test become reports: what they record, how they fail, and that their pages are whole."""

import base64
import json
import re
import sys

import nbformat
import numpy as np
import pytest
from browser import faults, pointed_at

from bp_research import DISCLAIMER, paths, reports
from bp_research.errors import BadSettingError, NotebookError
from bp_research.reports import notebooks
from bp_research.reports.record import in_words

RECORD = 'from bp_research.reports import record\nrecord("{name}", {{"dataset": "Dots", "simulated": True, "n": 3}})'
GOOD = {
    "dataset": "Dots",
    "simulated": True,
    "n": {"people": 12, "dots": 3456},
    "headline": [
        {"label": "Balanced accuracy", "value": 0.81239, "interval": (0.7511, 0.9), "baseline": 0.5, "n": 12},
        {"label": "Width", "value": 1234.56, "unit": "mm"},
        {"label": "Worst", "value": float("nan"), "baseline": "always the largest class"},
    ],
}


@pytest.fixture
def write_notebook(tmp_path):
    """Returns a function that writes a notebook: ``# `` starts a Markdown cell, ``tags`` are of the cells in order."""

    def write(name, *cells, tags=("parameters",)):
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for number, source in enumerate(cells):
            new = nbformat.v4.new_markdown_cell if source.startswith("#") else nbformat.v4.new_code_cell
            notebook.cells.append(new(source, id=f"cell-{number}"))
            if number < len(tags) and tags[number]:
                notebook.cells[-1].metadata["tags"] = [tags[number]]
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        return tmp_path / f"{name}.ipynb"

    return write


def left_behind(name):
    """Files of the report ``name``, hidden and half-written ones too."""
    return [path for path in paths.reports_dir().rglob("*") if path.is_file() and name in path.name]


# ---------------------------------------------------------------------------------------------- recording


def test_recorded_numbers_come_back_and_say_with_what_they_were_made(tmp_path):
    values = {**GOOD, "table": {"means": np.array([[1.5, np.nan]]), "count": np.int64(3), 7: [True, None, np.inf]}}
    written = json.loads(reports.record("x", values, tmp_path / "x.json").read_text(encoding="utf-8"))
    assert written["table"] == {"means": [[1.5, None]], "count": 3, "7": [True, None, None]}
    assert written["versions"]["python"] == sys.version.split()[0]
    assert written["versions"]["numpy"] == np.__version__
    again = reports.record("x", values, tmp_path / "y.json").read_bytes()
    assert again == (tmp_path / "x.json").read_bytes()


def test_results_lie_below_the_reports():
    assert reports.record("99_place", GOOD) == paths.results_dir() / "99_place.json"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"simulated": ...}, "simulated"),
        ({"n": ...}, "no n"),
        ({"headline": [{"value": 1}]}, "label"),
        ({"kind": object()}, "a object"),
    ],
)
def test_results_that_do_not_say_whose_they_are_are_refused(tmp_path, change, said):
    values = {name: value for name, value in (GOOD | change).items() if value is not ...}
    with pytest.raises(BadSettingError, match=said):
        reports.record("x", values, tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------- running


def test_a_notebook_becomes_a_page_that_needs_nothing_else(write_notebook, capfd):
    notebook = write_notebook(
        "91_dots",
        "amount = 3\nphotos = None",
        "# Dots & *lines*",
        "import sys, warnings\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
        "print(6 * 7, 'done', file=sys.stderr)\nwarnings.warn('look here', stacklevel=1)\n"
        "print('said', amount, sys.executable)",
        "## The figure <small>",
        "plt.plot(range(amount));",
        "pd.DataFrame({'a': range(amount)})",
        RECORD.format(name="91_dots"),
    )
    page = reports.run_notebook(notebook, parameters={"amount": 5, "photos": "/home/someone"}, settings={"other": 1})
    assert page == paths.reports_dir() / "91_dots.html"
    html = page.read_text(encoding="utf-8")
    assert f"said 5 {sys.executable}" in html  # the parameter arrived, and the kernel is this Python
    assert "<title>Dots &amp; lines</title>" in html and "SIMULATED DATA" in html and "Dots, n = 3" in html
    assert DISCLAIMER in html and "amount = 5" in html and f"numpy {np.__version__}" in html
    assert 'alt="Figure 1: The figure &lt;small&gt;"' in html and 'class="dataframe' in html
    assert "/home/someone" not in html and "42 done" not in html
    # nothing is loaded from anywhere: pictures, tables and the one script are inside, no style sheet or import
    inside = ("data:image/", "data:text/csv;base64,", "index.html", "features.svg")
    assert all(link.startswith(inside) for link in re.findall(r'(?:src|href)="([^"]*)', html))
    assert html.count("<script") == 1 and not re.search(r"<script [^>]|<link|@import|url\(|fetch\(|https?:", html)
    complaint = capfd.readouterr().err
    assert "cell 3" in complaint and "UserWarning: look here" in complaint  # shown to the developer instead
    assert "encryption" not in complaint and "Debugger" not in complaint


def test_python_sees_neither_the_users_kernels_nor_startup_files(write_notebook, tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "python"}))
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "a.py").write_text("raise SystemExit")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    page = reports.run_notebook(write_notebook("92_user", "a = 1", draw, RECORD.format(name="92_user")))
    assert "data:image/png" in page.read_text(encoding="utf-8")


def test_a_failed_cell_is_named_and_no_report_is_left(write_notebook, capsys):
    notebook = write_notebook("93_fails", "a = 1", "## Dividing", "1 / a", RECORD.format(name="93_fails"))
    page = reports.run_notebook(notebook)
    assert page.is_file() and left_behind("93_fails")
    with pytest.raises(NotebookError, match=r"93_fails.ipynb, cell 3 \(under 'Dividing'\): ZeroDivisionError"):
        reports.run_notebook(notebook, parameters={"a": 0})
    assert not left_behind("93_fails")  # nor may the older one pass for the new
    assert reports.main(["run", str(notebook), "-p", "a", "0"]) == 1
    assert "cell 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("import os; os._exit(1)", "cell 2: the kernel died"),
        ("import time; time.sleep(60)", "cell 2: not done after 2 s"),
        ("a + 1", "no cell recorded results as '94_bad'"),
    ],
)
def test_dead_slow_and_silent_notebooks_are_named(write_notebook, cell, said):
    with pytest.raises(NotebookError, match=re.escape(said)):
        reports.run_notebook(write_notebook("94_bad", "a = 1", cell), timeout=2)
    assert not left_behind("94_bad")


def test_parameters_that_a_notebook_does_not_have_are_refused(write_notebook):
    with pytest.raises(BadSettingError, match="no parameter b; it has a"):
        reports.run_notebook(write_notebook("95_strict", "a = 1"), parameters={"b": 2})
    with pytest.raises(NotebookError, match="no such notebook"):
        reports.run_notebook("missing.ipynb")


@pytest.mark.parametrize(
    ("text", "value"),
    [("3", 3), ("0.5", 0.5), ("True", True), ("no", False), ("none", None), ("a/b c", "a/b c"), ("['x', 1]", ["x", 1])],
)
def test_values_from_the_command_line(text, value):
    assert notebooks._value(text) == value


def test_names_of_folders_and_people_stay_text():
    given = notebooks._values([["photos", "2024"], ["person", "12"], ["series", "None"], ["seed", "12"]])
    assert given == {"photos": "2024", "person": "12", "series": None, "seed": 12}


# ---------------------------------------------------------------------------------------------- the page


ANSWER = """
from types import SimpleNamespace
from bp_research.reports import Report
report = Report("90_answer", SimpleNamespace(name="Dots", simulated={simulated}), n=3).add("width", 2.0)
report.answer("{{value}} of dots are round, by guessing {{baseline}}.", (81.2, {low}, 90.0), label="round",
              unit="%", baseline=50)
report.save()
"""


def test_the_answer_and_its_figure_come_first(write_notebook, monkeypatch, tmp_path):
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path / "work"))  # other tests make the page for phones in theirs
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    first, answer = "# Dots\n\nAre dots round?\n\nThis is how.", ANSWER.format(simulated=False, low=75.0)
    cells = (first, draw, "## Then", draw, answer)
    page = reports.run_notebook(write_notebook("90_answer", "a = 1", *cells, tags=("parameters", "", "", "", "thumbnail")))
    html = page.read_text(encoding="utf-8")
    html = html[html.index("<body") :]
    order = ["Are dots round?", "81 % [75, 90] of dots are round, by guessing 50 %.", "<img", "This is how.", "<img", "Then"]
    places = [html.index(order[0])]
    for part in order[1:]:
        places.append(html.index(part, places[-1]))
    assert html.count("<img") == 2
    text = reports.build_index().read_text(encoding="utf-8")
    assert "81 % [75, 90] of dots are round" in text and "phone/index.html" not in text
    paths.write_atomic(paths.reports_dir() / "phone" / "index.html", "the page for phones")
    assert 'href="phone/index.html"' in reports.build_index().read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("simulated", "low", "start"),
    [
        (True, 75.0, "Simulated people: 81 %"),
        (False, 45.0, "Cannot tell: 81 %"),
        (True, 45.0, "Simulated people: Cannot tell: 81 %"),
    ],
)
def test_an_answer_says_what_it_is_worth(write_notebook, simulated, low, start):
    page = reports.run_notebook(write_notebook("90_answer", "a = 1", ANSWER.format(simulated=simulated, low=low)))
    assert json.loads((paths.results_dir() / f"{page.stem}.json").read_text())["answer"].startswith(start)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ({"value": 0.8124, "interval": [0.7511, 0.9]}, "0.81 [0.75, 0.90]"),
        ({"value": 0.04312, "interval": [0.0412, 0.0456]}, "0.043 [0.041, 0.046]"),
        ({"value": 1.42, "interval": [0.61, 2.7], "unit": "%"}, "1.4 % [0.6, 2.7]"),
        ({"value": 1234.6, "interval": [1100.0, 1300.0], "unit": "mm"}, "1235 mm [1100, 1300]"),
        ({"value": 1234.6, "unit": "mm"}, "1235 mm"),
        ({"value": None, "interval": [None, None]}, "undefined"),
    ],
)
def test_numbers_are_rounded_to_their_intervals(line, value):
    assert in_words({"label": "x", **line})["value"] == value


@pytest.mark.parametrize(("baseline", "beside"), [(0.708, "0.7 %"), (1.0, "1.0 %"), (50, "50 %"), ("none", "none")])
def test_a_baseline_has_the_digits_of_its_value(baseline, beside):
    line = {"label": "x", "value": 1.42, "interval": [0.61, 2.7], "unit": "%", "baseline": baseline}
    assert in_words(line)["baseline"] == beside


def test_tables_can_be_read_on_any_screen_saved_and_folded(write_notebook):
    table = "import pandas as pd\npd.DataFrame({{'a': range({n}), 'b, c': 'word'}}, index=pd.RangeIndex({n}, name='dot'))"
    cells = ("# Dots", table.format(n=2), table.format(n=40), RECORD.format(name="92_tables"))
    html = reports.run_notebook(write_notebook("92_tables", "a = 1", *cells)).read_text(encoding="utf-8")
    assert html.count("<details>") == 1 and "table of 40 rows" in html
    assert '<td class="number" data-label="a">1</td>' in html and '<td class="words" data-label="b, c">' in html
    saved = [base64.b64decode(one).decode() for one in re.findall(r'href="data:text/csv;base64,([^"]*)"', html)]
    assert saved[0] == 'dot,a,"b, c"\n0,0,word\n1,1,word\n' and len(saved[1].splitlines()) == 41


def test_pages_fit_their_screens_and_can_be_read(write_notebook):
    wide = "import pandas as pd\npd.DataFrame({f'what a number means, {i}': [f'{i / 7:.2f}'] for i in range(9)})"
    draw = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    cells = ("# Dots", wide, draw, RECORD.format(name="92_wide"))
    page = reports.run_notebook(write_notebook("92_wide", "a = 1", *cells))
    assert not faults(page, reports.build_index())
    broken = page.with_name("broken.html")
    style = "<style>h1 { width: 3000px } figure img { max-width: 100% } p { color: #999 }</style>"
    said = "<p>pale</p><script>missing()</script><img src='data:image/png;base64,'>"
    broken.write_text(page.read_text(encoding="utf-8").replace("<main", f"{style}<main").replace("</main>", f"{said}</main>"))
    found = " | ".join(faults(broken))
    layout = ("wider than the screen", "beyond the edge, H1", "letters too small")
    assert all(fault in found for fault in (*layout, "contrast 2.8, P: pale", "without text", "missing"))


def test_a_face_is_drawn_where_its_figure_is_pointed_at(write_notebook):
    style = "from bp_research import plots\nplots.use_style()"
    draw = (
        "from bp_research.face.mean_face import mean_face\nfrom bp_research.plots.faces import pointed_at\n"
        "ax, places = plots.axes(), [[0, 1], [5, 3]]\n"
        "ax.scatter([0, 5], [1, 3])\npointed_at([(ax, places)], [mean_face()] * 2, ['anna <3', 'it is \\'ben\\''])"
    )
    page = reports.run_notebook(write_notebook("92_faces", "a = 1", "# Dots", style, draw, RECORD.format(name="92_faces")))
    before, by_mouse, away, by_key, escaped, by_finger = pointed_at(page)
    assert before == away == escaped == []
    assert by_mouse == by_key == by_finger and "anna &lt;3" in by_mouse[0] and "<path d=" in by_mouse[0]
    assert not faults(page)


# ---------------------------------------------------------------------------------------------- the index


def test_the_index_shows_each_report_with_its_numbers_drawn(write_notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path / "work"))
    record = f"from bp_research.reports import record\nrecord('96_card', {GOOD!r})".replace("nan", "None")
    reports.run_notebook(write_notebook("96_card", "a = 1", "# Cards & more", record))
    reports.run_notebook(write_notebook("97_plain", "a = 1", RECORD.format(name="97_plain")))
    assert reports.main(["index"]) == 0
    html = (paths.reports_dir() / "index.html").read_text(encoding="utf-8")
    assert html.count('class="card"') == 2
    assert 'href="96_card.html"' in html and "Cards &amp; more" in html and "97_plain" in html
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))
    assert "Balanced accuracy: 0.81 [0.75, 0.90] baseline 0.50 · n = 12" in text and "Width" not in text
    assert "96, 97: Dots" in text and DISCLAIMER in text and "SIMULATED DATA" in text
    assert not re.search(r"<script|<link|@import|url\(|https?:", html)
    # 0.81239 of 0.7511 to 0.9 beside 0.5: the baseline at the left end, the interval's upper end at the right
    place = {n: (v - 0.5) / 0.4 * 100 for n, v in {"low": 0.7511, "value": 0.81239}.items()}
    assert html.count("<svg") == 1 and "<b>0.81</b>" in html and 'class="baseline" d="M0.0 1' in html
    assert float(re.search('cx="([^"]*)"', html)[1]) == pytest.approx(place["value"])
    drawn = re.search('<path d="M([^ ]*) 9H([^"]*)"', html)
    assert [float(end) for end in drawn.groups()] == pytest.approx([place["low"], 100])


# ---------------------------------------------------------------------------------------------- data that lack something


def test_a_report_ends_where_the_data_are_lacking_and_says_so_in_words(write_notebook, tiny_demo, capsys):
    lacking = "from bp_research.errors import CannotAnswerError\nraise CannotAnswerError('The set has no grades: bring some.')"
    notebook = write_notebook("96_lacking", "data = 'auto'", "# Question", "'first answer'", lacking, "'never shown'")
    page = reports.run_notebook(notebook, settings={"data": "demo"}).read_text(encoding="utf-8")
    assert "The set has no grades: bring some." in page and "first answer" in page
    assert page.index("The set has no grades: bring some.") < page.index("first answer")  # it is the page's answer
    assert "Traceback (most" not in page and "never shown" not in page
    results = json.loads((paths.results_dir() / "96_lacking.json").read_text(encoding="utf-8"))
    assert results["stopped"] == "The set has no grades: bring some." and results["simulated"] is True
    assert "cell 4 (under 'Question')" in capsys.readouterr().err
    index = reports.build_index().read_text(encoding="utf-8")
    assert "Ends early: The set has no grades" in index


def test_what_was_recorded_before_the_end_is_kept(write_notebook, tiny_demo):
    lacking = "from bp_research.errors import BadTableError\nraise BadTableError('no more')"
    reports.run_notebook(write_notebook("95_half", "data = 'auto'", RECORD.format(name="95_half"), lacking))
    results = json.loads((paths.results_dir() / "95_half.json").read_text(encoding="utf-8"))
    assert results["dataset"] == "Dots" and results["stopped"] == "No more"


def test_other_errors_are_failures_still(write_notebook):
    for name in ("DatasetNotFoundError", "BadSettingError", "NoFaceError"):
        fails = f"from bp_research.errors import {name}\nraise {name}('is none')"
        with pytest.raises(NotebookError, match=f"{name}: is none"):
            reports.run_notebook(write_notebook("94_fails", "data = 'auto'", fails))
        assert not left_behind("94_fails")


def test_a_card_says_if_it_was_made_from_another_set_than_asked_for(write_notebook, tmp_path):
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday/a.jpg").write_bytes(b"no picture, but a photo of a folder")
    notebook = write_notebook("93_other", "data = 'auto'", RECORD.format(name="93_other"))
    page = reports.run_notebook(notebook, settings={"data": str(tmp_path / "holiday")}).read_text(encoding="utf-8")
    said = "Dots, n = 3 (holiday was asked for"
    assert said in page and "Dots (holiday was asked for" in reports.build_index().read_text(encoding="utf-8")
    reports.run_notebook(notebook)
    assert "holiday" not in reports.build_index().read_text(encoding="utf-8")
