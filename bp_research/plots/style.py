"""What all figures share: colours, sizes, order and names of groups, the line that says where data is from.

Colours are those of Okabe and Ito, which people with any colour vision tell apart. Blue is always healthy;
severity goes from light orange to dark brown, so that it also reads in grey.
"""

from collections import namedtuple
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from IPython import get_ipython
from IPython.core.pylabtools import print_figure, retina_figure
from matplotlib.figure import Figure
from matplotlib.transforms import BboxTransformFrom

from ..datasets.records import HEALTHY_GROUPS
from ..errors import BadTableError
from ..face.schemes import EXPRESSIONS, FEATURE_GROUPS, FEATURE_LABELS, FEATURE_UNITS, REGIONS
from ..paths import in_report

#: Okabe and Ito's colours by name.
COLOURS = {
    **{"blue": "#0072B2", "vermillion": "#D55E00", "green": "#009E73", "purple": "#CC79A7"},
    **{"orange": "#E69F00", "sky": "#56B4E9", "yellow": "#F0E442", "grey": "#8C8C8C", "ink": "#222222"},
}

#: Colours for lines and points that have no order, in the order in which to use them.
CYCLE = tuple(COLOURS[c] for c in ("blue", "vermillion", "green", "purple", "orange", "sky", "grey", "ink"))

#: Colours of severities 1 (healthy) to 6.
SEVERITY_COLOURS = (COLOURS["blue"], "#FDC370", "#F79420", "#D95F0E", "#A13D05", "#5C2203")

#: Severities 1 to 6 as they are written.
GRADES = ("I", "II", "III", "IV", "V", "VI")

#: Colours of the facial regions, as the features are grouped.
REGION_COLOURS = dict(zip(FEATURE_GROUPS, (*CYCLE[:4], COLOURS["grey"]), strict=True))

_GROUP_COLOURS = {
    **dict.fromkeys((*HEALTHY_GROUPS, "healthy people"), COLOURS["blue"]),
    **{"palsy": COLOURS["vermillion"], "Flaccid": COLOURS["vermillion"], "peripheral": COLOURS["vermillion"]},
    **{"Synkinetic": COLOURS["purple"], "central": COLOURS["orange"]},
    **{"Stroke": COLOURS["vermillion"], "ALS": COLOURS["green"]},
}

#: Width in inches of a figure that fills a report's column and can still be read on a phone.
WIDTH = 6.6

#: Largest drawing, in characters, that is kept as lines.
_SVG_CHARACTERS = 150_000

Level = namedtuple("Level", "value label colour")
Level.__doc__ = """One group of a figure: its value in the table, its name in the legend, its colour."""


def use_style():
    """Set matplotlib's defaults for reports; notebooks call it once."""
    plt.style.use(Path(__file__).with_name("report.mplstyle"))
    mpl.rcParams["axes.prop_cycle"] = mpl.cycler(color=CYCLE)
    if in_report():
        plt.switch_backend(mpl.get_backend())  # so that it has set its own formats before ours
        get_ipython().events.register("pre_run_cell", _describe_figures)


def _describe_figures(_):
    """Have a report's figures be drawn as lines where these are few, else at twice the density; and tell their words."""
    formatters = get_ipython().display_formatter.formatters
    formatters["image/png"].for_type(Figure, _picture)
    formatters["image/svg+xml"].for_type(Figure, _lines)


def _picture(figure):
    picture, size = retina_figure(figure, base64=True)
    return picture, _about(figure, size["width"])


def _lines(figure):
    drawn = print_figure(figure, "svg")
    about = _about(figure, round(figure.get_figwidth() * figure.dpi))
    return (drawn, about) if len(drawn) < _SVG_CHARACTERS else None


def _about(figure, width):
    """What the page must know of a figure that was drawn: width, words, and where the faces that it can show stand."""
    about = {"width": width, "alt": in_words(figure)}
    if places := getattr(figure, "pointed_at", ()):
        # the picture is cut to what is drawn, with a margin; x and y in shares of it, upwards
        cut = figure.get_tightbbox().padded(mpl.rcParams["savefig.pad_inches"])
        shares = figure.dpi_scale_trans.inverted() + BboxTransformFrom(cut)
        placed = ((ax.transData + shares).transform(there).round(4).tolist() for ax, there in places[0])
        spots = [[x, y, i] for panel in placed for i, (x, y) in enumerate(panel)]
        about["pointed_at"] = {"spots": spots, "faces": places[1]}
    return about


def in_words(figure):
    """What a figure says in words: its title, and each panel's title, axes and legend."""
    said = [figure.get_suptitle()]
    for ax in figure.axes:
        title = ax.get_title() or ax.get_title("left")
        labels = [ax.get_xlabel(), ax.get_ylabel(), *ax.get_legend_handles_labels()[1]]
        said.append(": ".join(filter(None, [title, ", ".join(filter(None, labels))])))
    said += [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return " ".join("; ".join(dict.fromkeys(filter(None, said))).split())


def axes(ax=None, size=(WIDTH, 4.2)):
    """The given Axes, or those of a new figure of ``size`` inches."""
    return plt.figure(figsize=size).add_subplot() if ax is None else ax


def panels(n, columns=2, height=2.3, width=WIDTH):
    """Axes of a new figure for ``n`` small pictures; unused ones are removed.

    Returns
    -------
    ndarray (n,) of Axes
    """
    rows = -(-n // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(width, height * rows), squeeze=False)
    for spare in grid.flat[n:]:
        spare.remove()
    return grid.ravel()[:n]


def heading(ax, text):
    """Write a whole figure's title at its left edge and return the Axes."""
    ax.figure.suptitle(text, x=0.01, ha="left", fontsize=11.5)
    return ax


def levels_of(table, by):
    """The groups of a table in the order, with the names and the colours in which figures show them.

    Parameters
    ----------
    table : DataFrame
    by : str
        A column; "severity", "group" and "expression" have an order of their own (healthy first), others are
        sorted.

    Returns
    -------
    list of Level
        Without those that are missing in the table.

    Raises
    ------
    BadTableError
        If there is no such column, or nothing in it.
    """
    if by not in table or table[by].isna().all():
        raise BadTableError(f"the table says nothing about {by}: choose another column to group by")
    present = table[by].dropna().unique()
    if by == "severity":
        return [Level(v, GRADES[int(v) - 1], SEVERITY_COLOURS[int(v) - 1]) for v in sorted(present)]
    first = [*sorted(HEALTHY_GROUPS), *EXPRESSIONS]
    present = sorted(present, key=lambda v: (first.index(v) if v in first else len(first), str(v)))
    spare = iter(np.resize(CYCLE, len(present)).tolist())
    return [Level(v, str(v), _GROUP_COLOURS.get(v) or next(spare)) for v in present]


def source(table):
    """Where a figure's data is from and how much of it there is; simulated sets say so in their names.

    Returns
    -------
    str
        Such as "PALDA, 99 photos of 90 people".
    """
    names = " and ".join(map(str, table["dataset"].dropna().unique()))
    people = count(table["patient_id"].nunique(), "person", "people")
    return f"{names}, {count(len(table), 'photo')} of {people}"


def count(n, one, many=None):
    """A number with its noun: ``count(1, "photo")`` is "1 photo"."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def named(name):
    """What a feature or region measures, for tables: "tilt of mouth corners (f14)"."""
    if name in REGIONS:
        return f"{name}, left minus right"
    return f"{FEATURE_LABELS[name]} ({name})" if name in FEATURE_LABELS else str(name)


def quantity(name):
    """The same with its unit, for an axis: "tilt of mouth corners (f14) [degrees]"."""
    unit = "inter-ocular distances" if name in REGIONS else FEATURE_UNITS[name].replace("1", "")
    return f"{named(name)} [{unit}]" if unit else named(name)
