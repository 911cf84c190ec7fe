"""Notebooks become reports: one records its numbers, is run, and is shown as a page that needs no network.

``python -m bp_research.reports.notebooks run NOTEBOOK [HTML] [-p NAME VALUE ...]`` runs one notebook,
``python -m bp_research.reports.notebooks index`` makes the page that leads to all of them.
"""

import argparse
import ast
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from .. import errors
from ..datasets import load_folder, open_dataset
from ..errors import BadSettingError, BadTableError, BpResearchError, NotebookError
from ..paths import reports_dir, results_dir, write_atomic
from .pages import build_index, heading_of, render, tags_of
from .record import record

#: Longest time that one cell may take, in seconds.
CELL_TIMEOUT = 3 * 3600

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
    results = results_dir() / f"{notebook.stem}.json"
    for old in (html, results):
        old.unlink(missing_ok=True)
    given, shown = _chosen_parameters(notebook, parameters or {}, settings or {})
    executed = _execute(notebook, given, timeout)
    _add_what_was_asked(results, given, executed.metadata.get("stopped"))
    if not results.is_file():
        raise NotebookError(f"{notebook}: no cell recorded results as {notebook.stem!r} (reports.record)")
    page = render(executed, notebook, json.loads(results.read_text(encoding="utf-8")), shown)
    return write_atomic(html, page)


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

    failure = None
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
        except (PapermillExecutionError, DeadKernelError, CellTimeoutError) as error:
            failure = error
        executed = nbformat.read(output, as_version=4) if output.is_file() else nbformat.v4.new_notebook()
    place = _place(notebook, executed)
    if isinstance(failure, DeadKernelError):
        raise NotebookError(f"{place}: the kernel died (out of memory?)") from failure
    if isinstance(failure, CellTimeoutError):
        raise NotebookError(f"{place}: not done after {timeout:g} s") from failure
    if failure and not issubclass(getattr(errors, failure.ename, Exception), BadTableError):
        reason = "\n".join([f"{failure.ename}: {failure.evalue}", *failure.traceback])
        raise NotebookError(f"{place}: {_ANSI.sub('', reason)}") from failure
    if failure:
        print(f"{place}: the report ends here. {failure.evalue}", file=sys.stderr)
        _end_at(executed, failure.evalue[:1].upper() + failure.evalue[1:])
    for number, line in _warnings(executed):
        print(f"{notebook}, cell {number}: {line}", file=sys.stderr)
    return executed


def _end_at(executed, reason):
    """Cut a half-executed notebook off after the cell that found the data lacking; what it says takes its output's place."""
    from nbformat.v4 import new_output

    cells = [cell for cell in executed.cells if _ERROR_TAG not in tags_of(cell)]
    last = next(i for i, cell in enumerate(cells) if cell.metadata.get("papermill", {}).get("exception"))
    notice = {"text/markdown": f"> **This report ends here.** {reason}"}
    cells[last].outputs = [new_output("display_data", notice)]
    executed.cells = cells[: last + 1]
    executed.metadata["stopped"] = reason


def _add_what_was_asked(results, given, stopped):
    """Note in a notebook's results for which set it was asked, if it took another; and why it ended early, if it did."""
    data, photos = given.get("data", "auto"), given.get("photos")
    if not stopped and (photos or data in ("auto", "demo") or not results.is_file()):
        return
    asked = load_folder(photos) if photos else open_dataset(data)
    if not results.is_file():
        record(results.stem, {"dataset": asked.name, "simulated": asked.simulated, "n": {"photos": len(asked)}})
    found = json.loads(results.read_text(encoding="utf-8"))
    found |= {"stopped": stopped} if stopped else {}
    found |= {"asked": asked.name} if asked.name not in found["dataset"] else {}
    write_atomic(results, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


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
    return patch.dict(os.environ, changed)


def _own_cells(executed):
    """The author's cells with their numbers from 1: what papermill put in does not count."""
    own = (cell for cell in executed.cells if not tags_of(cell) & {"injected-parameters", _ERROR_TAG})
    return enumerate(own, start=1)


def _place(notebook, executed):
    """Where a half-executed notebook stopped, in words: notebook, cell number and the heading above it."""
    where, heading = "before the first cell", ""
    for number, cell in _own_cells(executed):
        heading = heading_of(cell) or heading
        if cell.metadata.get("papermill", {}).get("start_time"):
            where = f"cell {number}" + (f" (under {heading!r})" if heading else "")
    return f"{notebook}, {where}"


def _warnings(executed):
    """Lines of Python warnings that cells wrote, with the cell's number."""
    for number, cell in _own_cells(executed):
        for output in cell.get("outputs", ()):
            if output.output_type == "stream" and output.name == "stderr":
                yield from ((number, line) for line in output.text.splitlines() if "Warning: " in line)


# ---------------------------------------------------------------------------------------------- command line


_TEXTS = frozenset({"data", "photos", "series", "stable", "video", "person", "affected", "code", "date"})


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

