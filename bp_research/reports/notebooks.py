"""Notebooks become reports: one records its numbers, is run, and is shown as a page that needs no network.

``python -m bp_research.reports.notebooks run NOTEBOOK [HTML] [-p NAME VALUE ...]`` runs one notebook,
``python -m bp_research.reports.notebooks index`` makes the page that leads to all of them.
"""

import argparse
import ast
import base64
import datetime
import html as html_text
import io
import json
import os
import re
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from .. import DISCLAIMER, __version__, errors
from ..datasets import open_dataset
from ..errors import BadSettingError, BadTableError, BpResearchError, NotebookError
from ..paths import reports_dir, results_dir, write_atomic
from .record import record

#: Longest time that one cell may take, in seconds.
CELL_TIMEOUT = 3 * 3600

_TEMPLATES = Path(__file__).with_name("templates")
_THUMBNAIL_SIZE = (640, 360)
_ERROR_TAG = "papermill-error-cell-tag"
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def run_notebook(notebook, html=None, parameters=None, settings=None, timeout=CELL_TIMEOUT):
    """Run a notebook in a fresh kernel of this Python and write its report, whole or not at all.

    What an earlier run left of the report is removed first, so that a failure cannot pass for a success. A notebook that finds
    the data lacking (:class:`bp_research.errors.BadTableError`) is no failure: its report ends there and says why.

    Parameters
    ----------
    notebook : path-like
        The ``.ipynb`` file; it must call :func:`record` under its own name.
    html : path-like, optional
        The report; default ``reports/NAME.html``.
    parameters : dict, optional
        Values for names in the cell tagged ``parameters``; a name that is not there is refused.
    settings : dict, optional
        Values likewise, but passed over where the notebook does not have the name.
    timeout : float
        Seconds that one cell may take.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    NotebookError
        A cell failed, timed out or lost its kernel, or nothing was recorded; names notebook and cell.
    BadSettingError
        An unknown parameter.
    """
    notebook = Path(notebook)
    if not notebook.is_file():
        raise NotebookError(f"{notebook}: there is no such notebook")
    html = reports_dir() / f"{notebook.stem}.html" if html is None else Path(html)
    results, thumbnail = results_dir() / f"{notebook.stem}.json", _thumbnail_path(notebook.stem)
    for old in (html, results, thumbnail):
        old.unlink(missing_ok=True)
    given, shown = _chosen_parameters(notebook, parameters or {}, settings or {})
    executed = _execute(notebook, given, timeout)
    _add_what_was_asked(results, given.get("data", "auto"), executed.metadata.get("stopped"))
    if not results.is_file():
        raise NotebookError(f"{notebook}: no cell recorded results as {notebook.stem!r} (reports.record)")
    picture = _thumbnail(executed)
    if picture is not None:
        write_atomic(thumbnail, picture)
    page = _render(executed, notebook, json.loads(results.read_text(encoding="utf-8")), shown)
    return write_atomic(html, page)


def build_index():
    """Write ``reports/index.html``: a card with title, headline numbers and a figure for each report.

    Returns
    -------
    Path
        The page.
    """
    import jinja2

    pages = sorted(reports_dir().glob("[0-9][0-9]_*.html"))
    # a report that is being made anew at this moment has a page or results, but not both
    cards = [_card(page) for page in pages if (results_dir() / f"{page.stem}.json").is_file()]
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True)
    page = environment.get_template("overview.html.j2").render(
        cards=cards, style=_style(), disclaimer=DISCLAIMER, date=_today(), version=__version__
    )
    return write_atomic(reports_dir() / "index.html", page)


# ---------------------------------------------------------------------------------------------- running


def _chosen_parameters(notebook, parameters, settings):
    """What to pass to the notebook, and all its parameters with their values: (dict, dict)."""
    import papermill

    known = {name: info["default"] for name, info in papermill.inspect_notebook(str(notebook)).items()}
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise BadSettingError(
            f"{notebook}: no parameter {', '.join(unknown)}; it has {', '.join(known) or 'none'}"
        )
    given = {name: value for name, value in settings.items() if name in known} | parameters
    return given, known | {name: repr(value) for name, value in given.items()}


def _execute(notebook, parameters, timeout):
    """The executed notebook, as nbformat reads it."""
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    with tempfile.TemporaryDirectory(prefix="bp_research-") as folder, _kernel_environment(Path(folder)):
        output = Path(folder) / "executed.ipynb"
        # A socket file instead of a network port: nobody else can listen, and parallel runs cannot take it.
        connection = {"transport": "ipc", "connection_file": str(Path(folder) / "kernel.json")}
        try:
            papermill.execute_notebook(
                str(notebook),
                str(output),
                parameters,
                kernel_name="python3",
                language="python",
                progress_bar={"desc": notebook.stem} if sys.stderr.isatty() else False,
                start_timeout=300,
                execution_timeout=timeout,
                config=Config(KernelManager=connection),
                # The kernel is interrupted before it is shut down, and would report that as an error.
                extra_arguments=["--log-level=CRITICAL"],
            )
        except PapermillExecutionError as error:
            reason = "\n".join([f"{error.ename}: {error.evalue}", *error.traceback])
            if not issubclass(getattr(errors, error.ename, Exception), BadTableError):
                raise NotebookError(f"{_place(notebook, output)}: {_ANSI.sub('', reason)}") from error
            print(f"{_place(notebook, output)}: the report ends here. {error.evalue}", file=sys.stderr)
            _end_at(output, error.evalue[:1].upper() + error.evalue[1:])
        except DeadKernelError as error:
            raise NotebookError(f"{_place(notebook, output)}: the kernel died (out of memory?)") from error
        except CellTimeoutError as error:
            raise NotebookError(f"{_place(notebook, output)}: not done after {timeout:g} s") from error
        executed = nbformat.read(output, as_version=4)
    for number, line in _warnings(executed):
        print(f"{notebook}, cell {number}: {line}", file=sys.stderr)
    return executed


def _end_at(output, reason):
    """Cut a half-executed notebook off after the cell that found the data lacking; what it says takes its output's place."""
    import nbformat

    executed = nbformat.read(output, as_version=4)
    cells = [cell for cell in executed.cells if _ERROR_TAG not in _tags(cell)]
    last = next(i for i, cell in enumerate(cells) if cell.metadata.get("papermill", {}).get("exception"))
    notice = {"text/markdown": f"> **This report ends here.** {reason}"}
    cells[last].outputs = [nbformat.v4.new_output("display_data", notice)]
    executed.cells = cells[: last + 1]
    executed.metadata["stopped"] = reason
    nbformat.write(executed, output)


def _add_what_was_asked(results, data, stopped):
    """Note in a notebook's results for which set it was asked, if it took another; and why it ended early, if it did."""
    if not stopped and (data in ("auto", "demo") or not results.is_file()):
        return
    asked = open_dataset(data)
    if not results.is_file():
        record(results.stem, {"dataset": asked.name, "simulated": asked.simulated, "n": {"photos": len(asked)}})
    found = json.loads(results.read_text(encoding="utf-8"))
    found |= {"stopped": stopped} if stopped else {}
    found |= {"asked": asked.name} if asked.name not in found["dataset"] else {}
    write_atomic(results, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


@contextmanager
def _kernel_environment(folder):
    """Let ``python3`` mean this interpreter, and keep the user's Jupyter and IPython settings out of it."""
    package_home = str(Path(__file__).resolve().parents[2])
    changed = {
        "BP_REPORT": "1",
        "JUPYTER_PATH": str(Path(sys.prefix) / "share" / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, [package_home, os.environ.get("PYTHONPATH")])),
    }
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _own_cells(executed):
    """The author's cells with their numbers from 1: what papermill put in does not count."""
    own = (cell for cell in executed.cells if not _tags(cell) & {"injected-parameters", _ERROR_TAG})
    return enumerate(own, start=1)


def _place(notebook, output):
    """Where a half-executed notebook stopped, in words: notebook, cell number and the heading above it."""
    import nbformat

    where, heading = "before the first cell", ""
    for number, cell in _own_cells(nbformat.read(output, as_version=4)) if output.is_file() else ():
        heading = _heading(cell) or heading
        if cell.metadata.get("papermill", {}).get("start_time"):
            where = f"cell {number}" + (f" (under {heading!r})" if heading else "")
    return f"{notebook}, {where}"


def _warnings(executed):
    """Lines of Python warnings that cells wrote, with the cell's number."""
    for number, cell in _own_cells(executed):
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                yield from ((number, line) for line in output.text.splitlines() if "Warning: " in line)


# ---------------------------------------------------------------------------------------------- showing


def _render(executed, notebook, results, parameters):
    """The report's HTML."""
    from nbconvert import HTMLExporter

    _describe_pictures(executed)
    report = {
        "title": _title(executed) or notebook.stem,
        "style": _style(),
        "disclaimer": DISCLAIMER,
        "source": _source(results),
        "simulated": results["simulated"],
        "notebook": notebook.name,
        "date": _today(),
        "parameters": ", ".join(f"{name} = {_without_path(value)}" for name, value in parameters.items()),
        "versions": ", ".join(f"{name} {release}" for name, release in results["versions"].items()),
    }
    exporter = HTMLExporter(
        template_name="report", extra_template_basedirs=[str(_TEMPLATES)], exclude_anchor_links=True
    )
    page, _ = exporter.from_notebook_node(executed, resources={"report": report})
    return page


def _style():
    """The style sheet of all pages, with the colours of code."""
    from pygments.formatters import HtmlFormatter

    code = HtmlFormatter(style="tango").get_style_defs(".highlight")
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8") + code


def _describe_pictures(executed):
    """Give each picture a text for those who cannot see it: the cell's ``alt`` or where it stands."""
    heading, number = "", 0
    for cell in executed.cells:
        heading = _heading(cell) or heading
        for output in cell.get("outputs", ()):
            if any(mime.startswith("image/") for mime in output.get("data", ())):
                number += 1
                place = f"Figure {number}: {heading}" if heading else f"Figure {number}"
                output.metadata["alt"] = cell.metadata.get("alt", place)


def _thumbnail(executed):
    """A small JPEG of the figure of the cell tagged ``thumbnail``, else of the first; None without any."""
    from PIL import Image

    cells = sorted(executed.cells, key=lambda cell: "thumbnail" not in _tags(cell))
    encoded = (
        output.data[mime]
        for cell in cells
        for output in cell.get("outputs", ())
        for mime in ("image/png", "image/jpeg")
        if mime in output.get("data", ())
    )
    first = next(encoded, None)
    if first is None:
        return None
    picture = Image.open(io.BytesIO(base64.b64decode(first))).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    width, height = _THUMBNAIL_SIZE
    flat = flat.crop((0, 0, flat.width, min(flat.height, flat.width * height // width)))  # a tall one would be tiny
    flat.thumbnail(_THUMBNAIL_SIZE, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    flat.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _thumbnail_path(name):
    return reports_dir() / "thumbnails" / f"{name}.jpg"


def _card(page):
    """What the index page shows of a report."""
    name = page.stem
    results = json.loads((results_dir() / f"{name}.json").read_text(encoding="utf-8"))
    title = re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"), re.DOTALL)
    thumbnail = _thumbnail_path(name)
    return {
        "href": page.name,
        "number": name[:2],
        "title": html_text.unescape(title[1]).strip() if title else name,
        "headline": [_headline(line) for line in results.get("headline", ())],
        "source": _source(results),
        "simulated": results["simulated"],
        "stopped": results.get("stopped"),
        "thumbnail": "data:image/jpeg;base64," + base64.b64encode(thumbnail.read_bytes()).decode()
        if thumbnail.is_file()
        else None,
    }


def _headline(line):
    """A headline number in words: label, value with unit, and interval, baseline and n where given."""
    details = []
    if line.get("interval") is not None:
        interval = line["interval"]
        between = interval if isinstance(interval, str) else " to ".join(_number(end) for end in interval)
        details.append(f"95 % interval {between}")
    if line.get("baseline") is not None:
        details.append(f"baseline {_number(line['baseline'])}")
    if line.get("n") is not None:
        details.append(f"n = {_count(line['n'])}")
    value = " ".join(filter(None, [_number(line["value"]), line.get("unit")]))
    return {"label": line["label"], "value": value, "details": " · ".join(details)}


def _source(results):
    """Data set and how much of it, ``MEEI, 48 people, 384 photos``; and the one asked for, if it is another."""
    n = results["n"]
    asked = f" ({results['asked']} was asked for, and cannot answer this)" if "asked" in results else ""
    return f"{results['dataset']}, {_count(n) if isinstance(n, dict) else f'n = {_count(n)}'}{asked}"


def _count(n):
    """``48 people, 384 photos`` or a plain number."""
    if isinstance(n, dict):
        return ", ".join(f"{_number(count)} {what}" for what, count in n.items())
    return _number(n)


def _number(value):
    """Three digits of a fraction, all of a whole number; None is what a computation left undefined."""
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def _without_path(value):
    """A parameter's value for the page, unless it is a path: a folder's name can be a patient's."""
    return "(a path)" if isinstance(value, str) and ("/" in value or "\\" in value) else value


def _title(executed):
    """Text of the notebook's first heading, or ''."""
    return next((heading for cell in executed.cells if (heading := _heading(cell, first=True))), "")


def _heading(cell, first=False):
    """Text of the last (or first) heading in a Markdown cell, without marks; '' if it has none."""
    if cell.cell_type != "markdown":
        return ""
    found = re.findall(r"(?m)^#{1,6} +(.+?) *#*$", cell.source)
    return re.sub(r"[*_`]", "", found[0 if first else -1]) if found else ""


def _tags(cell):
    return set(cell.metadata.get("tags", ()))


def _today():
    return datetime.datetime.now(datetime.UTC).date().isoformat()


# ---------------------------------------------------------------------------------------------- command line


_TEXTS = frozenset({"data", "photos", "series", "stable", "person", "affected", "code", "date"})


def _value(text):
    """A value from the command line: Python's literals, yes/no words, else the string itself."""
    words = {"true": True, "yes": True, "false": False, "no": False, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _values(pairs):
    """Parameters by name. A folder or a person may be called ``2024`` or ``True``: these names stay text."""
    return {name: text if name in _TEXTS and text.lower() != "none" else _value(text) for name, text in pairs}


def main(arguments=None):
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m bp_research.reports.notebooks", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run one notebook and write its report")
    run.add_argument("notebook")
    run.add_argument("html", nargs="?")
    pair = {"nargs": 2, "metavar": ("NAME", "VALUE"), "action": "append", "default": []}
    run.add_argument("-p", "--parameter", help="value of a parameter of the notebook", **pair)
    run.add_argument("-s", "--setting", help="the same, where the notebook has this parameter", **pair)
    commands.add_parser("index", help="write the page that leads to all reports")
    given = parser.parse_args(arguments)
    try:
        if given.command == "index":
            build_index()
        else:
            try:
                run_notebook(given.notebook, given.html, _values(given.parameter), _values(given.setting))
            finally:
                build_index()  # also after a failure: it must not lead to a report that is gone
    except BpResearchError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0

