"""One person's scores over time, with the healthy band and the changes that exceed measurement noise."""

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from ..face.schemes import FEATURE_UNITS, REGIONS
from .style import COLOURS, WIDTH, axes, heading, named, panels


def course(found, name, error, found_changes, band=None, factor=1.96, ax=None):
    """A score over time: its interval, the healthy band, and the range in which a change may be noise.

    The legend's numbers of dates are of all scores together.

    Parameters
    ----------
    found : DataFrame
        From :func:`bp_research.people.recovery.scores`.
    name : str
        The column to draw.
    error : float
        Its standard error of measurement.
    found_changes : DataFrame
        From :func:`bp_research.people.recovery.changes`.
    band : DataFrame, optional
        From :func:`bp_research.people.recovery.healthy_band`.
    factor : float
        Standard errors to either side that the interval of each date spans.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 3))
    values, own = found[name], found_changes[found_changes["region"] == name]
    if band is not None:
        limit, n = band.loc[name, ["limit", "n"]]
        ax.axhspan(0, limit, color=COLOURS["blue"], alpha=0.13, linewidth=0, label=f"healthy, n = {n:.0f}")
    ends = values.iloc[0] + own["smallest"].iloc[0] * np.array([-1, 1])
    ax.hlines(ends, *values.index[[0, -1]], "#777777", "--", linewidth=1.2, label="first ± smallest detectable change")
    ax.plot(values.index, values, color=COLOURS["ink"], linewidth=1.2, zorder=2)
    changed, all_changed = np.r_[False, own["detectable"]], found_changes["detectable"].sum()
    look = {"fmt": "o", "markersize": 6, "capsize": 3, "linewidth": 1.4, "zorder": 3}
    for mask, colour, label in (
        (~changed, "grey", f"no detectable change, n = {found.size - all_changed}"),
        (changed, "vermillion", f"changed, n = {all_changed}"),
    ):
        if mask.any():
            ax.errorbar(values.index[mask], values[mask], factor * error, color=COLOURS[colour], label=label, **look)
    unit = "inter-ocular\ndistances" if name in REGIONS else FEATURE_UNITS[name].replace("1", "no unit")
    ax.set(ylabel=f"[{unit}]", title=f"{name} asymmetry" if name in REGIONS else named(name))
    ax.set_ylim(bottom=0 if name in REGIONS else None)
    locator = AutoDateLocator(maxticks=7)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    return ax


def courses(found, errors, found_changes, band=None, factor=1.96, title=""):
    """All scores of a series as :func:`course`, one below the other on one time axis.

    Parameters
    ----------
    found, found_changes, band, factor
        As in :func:`course`.
    errors : array_like
        Standard error of measurement of each column of ``found``.
    title : str

    Returns
    -------
    ndarray of Axes
    """
    grid = panels(found.shape[1], columns=1, height=2.4)
    for name, error, ax in zip(found, errors, grid, strict=True):
        course(found, name, error, found_changes, band, factor, ax)
    handles = {label: handle for ax in grid for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    grid[0].figure.legend(handles.values(), handles, loc="outside lower center", ncols=2)
    heading(grid[0], title)
    return grid
