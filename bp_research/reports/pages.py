"""Executed notebooks as pages that need no network, answer first; and the page that leads to all of them."""

import base64
import csv
import datetime
import html as html_text
import io
import itertools
import json
import re
from numbers import Real
from pathlib import Path

from .. import DISCLAIMER, __version__
from ..paths import reports_dir, results_dir, write_atomic
from .record import count_in_words, in_words

#: What the index asks for its readers, and the numbers of the notebooks that answer.
CHAPTERS = {
    "My photos": ("01", "13", "07", "09"),
    "Can I trust it?": ("04", "05", "06", "12"),
    "What does it find?": ("02", "03", "08", "10", "11", "14", "15"),
}
#: Rows above which a table is folded.
LONG_TABLE = 12

_TEMPLATES = Path(__file__).with_name("templates")
#: Columns' names in plain words.
_WORDS = json.loads((_TEMPLATES / "words.json").read_text(encoding="utf-8"))
_PICTURES = ("image/svg+xml", "image/png", "image/jpeg")


def render(executed, notebook, results, parameters):
    """The page of an executed notebook.

    Under its title and question stand the answer (:meth:`bp_research.reports.Report.answer`) and the first figure or table
    of a cell tagged ``thumbnail``; then what the notebook tells. Each table can be sorted and saved, long ones are folded.

    Parameters
    ----------
    executed : NotebookNode
    notebook : Path
    results : dict
        What the notebook recorded.
    parameters : dict of str to str
        All parameters with their values.

    Returns
    -------
    str
        HTML.
    """
    from nbconvert import HTMLExporter

    title = next(filter(None, map(heading_of, executed.cells)), notebook.stem)
    _answer_first(executed, results)
    _describe_pictures(executed)
    _arrange_tables(executed, notebook.stem)
    report = {
        "title": title,
        "style": _style(),
        "script": "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("tables.js", "faces.js")),
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


def build_index():
    """Write ``reports/index.html``: by readers' questions, a card for each report: its answer, and its number drawn.

    Returns
    -------
    Path
        The page.
    """
    import jinja2

    pages = sorted(reports_dir().glob("[0-9][0-9]_*.html"))
    # a report that is being made anew at this moment has a page or results, but not both
    cards = {page.stem[:2]: _card(page) for page in pages if (results_dir() / f"{page.stem}.json").is_file()}
    chapters = {question: [cards.pop(n) for n in numbers if n in cards] for question, numbers in CHAPTERS.items()}
    chapters["More"] = list(cards.values())
    sheets = sorted((reports_dir() / "sheets").glob("*.html"), key=lambda path: -path.stat().st_mtime)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True)
    about = {"style": _style(), "disclaimer": DISCLAIMER, "date": _today(), "version": __version__}
    about |= {"phone": (reports_dir() / "phone" / "index.html").is_file()}
    shown = list(itertools.chain(*chapters.values()))
    page = environment.get_template("overview.html.j2").render(chapters=chapters, cards=shown, sheets=sheets[:5], **about)
    write_atomic(reports_dir() / "features.svg", (_TEMPLATES / "features.svg").read_bytes())
    return write_atomic(reports_dir() / "index.html", page)


def _style():
    """The style sheet of all pages, with the colours of code."""
    from pygments.formatters import HtmlFormatter

    code = HtmlFormatter(style="tango").get_style_defs(".highlight")
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8") + code


def _outputs(executed):
    """All outputs in their order, each with its cell and the heading above it."""
    heading = ""
    for cell in executed.cells:
        heading = heading_of(cell) or heading
        for output in cell.get("outputs", ()):
            yield cell, heading, output


def _describe_pictures(executed):
    """Give each picture a text for those who cannot see it: the cell's ``alt``, or the figure's own words, or its place."""
    pictures = (one for one in _outputs(executed) if set(_PICTURES) & set(one[2].get("data", ())))
    for number, (cell, heading, output) in enumerate(pictures, start=1):
        place = f"Figure {number}: {heading}" if heading else f"Figure {number}"
        said = next((about["alt"] for about in output.metadata.values() if "alt" in about), "")
        output.metadata["alt"] = cell.metadata.get("alt") or ". ".join(filter(None, [place, said]))


def _arrange_tables(executed, stem):
    """Make each table one that is read on any screen, see :func:`_arranged`."""
    tables = (output for _, _, output in _outputs(executed) if "<table" in output.get("data", {}).get("text/html", ""))
    for number, output in enumerate(tables, start=1):
        output.data["text/html"] = _arranged(output.data["text/html"], f"{stem}_table_{number}.csv")


def _arranged(html, file):
    """A table whose cells know their columns, for narrow screens; that can be saved; folded if it is long."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for table in soup.select("table:has(> thead):not(.sheet *)"):
        head, *index_names = table.thead("tr")[-2:]
        for row in index_names:  # pandas names the index in a row of its own: into the empty corner with it
            for name, corner in zip(row("th"), head("th"), strict=False):
                if not corner.get_text(strip=True):
                    corner.string = name.get_text(strip=True)
            row.decompose()
        for cell in head("th"):
            name = cell.get_text(" ", strip=True)
            cell.string = _WORDS.get(name, name.replace("_", " "))
        labels = [cell.get_text() for cell in head("th")]
        lines = [labels]
        for row in table.tbody("tr"):
            cells = row(["th", "td"])
            line = lines[-1][: len(labels) - len(cells)] + [cell.get_text(" ", strip=True) for cell in cells]
            for label, cell, text in zip(labels[-len(cells) :], cells, line[-len(cells) :], strict=True):
                cell["data-label"] = label
                cell["class"] = [*cell.get("class", ()), "words" if re.search(r"[^\W\d_]{2}", text) else "number"]
            lines.append(line)
        table["class"] = [*table.get("class", ()), "wide" if len(labels) > 3 else "narrow"]
        content = io.StringIO()
        csv.writer(content, lineterminator="\n").writerows(lines)
        uri = "data:text/csv;base64," + base64.b64encode(content.getvalue().encode()).decode()
        link = soup.new_tag("a", href=uri, download=file, attrs={"class": "save"})
        link.string = "CSV"
        table.insert_after(link)
        if len(lines) > LONG_TABLE + 1:
            folded, summary = soup.new_tag("details"), soup.new_tag("summary")
            caption = table.caption.extract().get_text(" ", strip=True) + ", " if table.caption else ""
            summary.string = f"{caption}table of {len(lines) - 1} rows"
            table.wrap(folded)
            folded.insert(0, summary)
            folded.append(link.extract())
    return str(soup)


def _answer_first(executed, results):
    """Put the answer and its figure between the question, the first paragraph under the title, and the rest."""
    from nbformat.v4 import new_code_cell, new_markdown_cell

    first = next((i for i, cell in enumerate(executed.cells) if cell.cell_type == "markdown"), 0)
    title, question, rest = [*executed.cells[first].source.split("\n\n", 2), "", ""][:3]
    lifted = [new_markdown_cell(f"{title}\n\n<div class=question>\n\n{question}\n\n</div>")]
    if answer := results.get("answer") or results.get("stopped"):
        lifted.append(new_markdown_cell(f"<div class=answer>\n\n{answer}\n\n</div>"))
    shown = ((cell, output) for cell, _, output in _outputs(executed) if "thumbnail" in tags_of(cell))
    for cell, output in [pair for pair in shown if {*_PICTURES, "text/html"} & set(pair[1].get("data", ()))][:1]:
        lifted.append(new_code_cell(outputs=[output]))
        cell.outputs.remove(output)
    if executed.cells[first].cell_type == "markdown":
        executed.cells[first : first + 1] = [*lifted, new_markdown_cell(rest)]


def _card(page):
    """What the index page shows of a report."""
    name = page.stem
    results = json.loads((results_dir() / f"{name}.json").read_text(encoding="utf-8"))
    title = re.search(r"<title>(.*?)</title>", page.read_text(encoding="utf-8"), re.DOTALL)
    return {
        "href": page.name,
        "title": re.sub(r"^\d+ · ", "", html_text.unescape(title[1]).strip() if title else name),
        "number": name[:2],
        "answer": results.get("answer"),
        "headline": [in_words(line) for line in results.get("headline", ())][:1],
        "source": results["dataset"] + _asked(results),
        "simulated": results["simulated"],
        "stopped": results.get("stopped"),
        "places": _places(*results.get("headline", ())[:1]),
    }


def _places(line=None):
    """Where a headline's value, the ends of its interval and its baseline lie, 0 to 100; none without two that differ."""
    found = {"value": line["value"], "baseline": line.get("baseline")} if line else {}
    found |= dict(zip(("low", "high"), (line or {}).get("interval") or (), strict=False))
    found = {name: number for name, number in found.items() if isinstance(number, Real)}
    low, high = min(found.values(), default=0), max(found.values(), default=0)
    return {name: 100 * (number - low) / (high - low) for name, number in found.items()} if high > low else {}


def _source(results):
    """Data set and how much of it, ``MEEI, 48 people, 384 photos``; and the one asked for, if it is another."""
    n = results["n"]
    counted = count_in_words(n) if isinstance(n, dict) else f"n = {count_in_words(n)}"
    return f"{results['dataset']}, {counted}{_asked(results)}"


def _asked(results):
    return f" ({results['asked']} was asked for, and cannot answer this)" if "asked" in results else ""


def _without_path(value):
    """A parameter's value for the page, unless it is a path: a folder's name can be a patient's."""
    return "(a path)" if isinstance(value, str) and ("/" in value or "\\" in value) else value


def heading_of(cell):
    """Text of the first heading in a Markdown cell, without marks; '' if it has none."""
    found = re.search(r"(?m)^#{1,6} +(.+?) *#*$", cell.source) if cell.cell_type == "markdown" else None
    return re.sub(r"[*_`]", "", found[1]) if found else ""


def tags_of(cell):
    return set(cell.metadata.get("tags", ()))


def _today():
    return datetime.datetime.now(datetime.UTC).date().isoformat()
