"""One person's scores over time, with the healthy band and the changes that exceed measurement noise."""

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from ..face.schemes import FEATURE_UNITS, REGIONS
from .style import COLOURS, heading, named, panels


def courses(found, errors, found_changes, band=None, factor=1.96, title=""):
    """Scores over time, one below the other: intervals, the healthy band, and the range in which a change may be noise.

    Parameters
    ----------
    found : DataFrame
        From :func:`bp_research.people.recovery.scores`.
    errors : array_like
        Standard error of measurement of each column of ``found``.
    found_changes : DataFrame
        From :func:`bp_research.people.recovery.changes`.
    band : DataFrame, optional
        From :func:`bp_research.people.recovery.healthy_band`.
    factor : float
        Standard errors to either side that the interval of each date spans.
    title : str

    Returns
    -------
    ndarray of Axes
        The legend's numbers of dates are of all scores together.
    """
    grid = panels(found.shape[1], columns=1, height=2.4)
    all_changed = found_changes["detectable"].sum()
    looks = {
        False: ("grey", f"no detectable change, n = {found.size - all_changed}"),
        True: ("vermillion", f"changed, n = {all_changed}"),
    }
    for (name, values), error, ax in zip(found.items(), errors, grid, strict=True):
        own = found_changes[found_changes["region"] == name]
        if band is not None:
            limit, n = band.loc[name, ["limit", "n"]]
            ax.axhspan(0, limit, color=COLOURS["blue"], alpha=0.13, linewidth=0, label=f"healthy, n = {n:.0f}")
        ends = values.iloc[0] + own["smallest"].iloc[0] * np.array([-1, 1])
        ax.hlines(ends, *values.index[[0, -1]], "#777777", "--", linewidth=1.2, label="first ± smallest detectable change")
        ax.plot(values, color=COLOURS["ink"], linewidth=1.2, zorder=2)
        for changed, part in values.groupby(np.r_[False, own["detectable"]]):
            colour, label = looks[changed]
            look = {"fmt": "o", "markersize": 6, "capsize": 3, "linewidth": 1.4, "zorder": 3, "color": COLOURS[colour]}
            ax.errorbar(part.index, part, factor * error, label=label, **look)
        unit = "inter-ocular\ndistances" if name in REGIONS else FEATURE_UNITS[name].replace("1", "no unit")
        ax.set(ylabel=f"[{unit}]", title=f"{name} asymmetry" if name in REGIONS else named(name))
        ax.set_ylim(bottom=0 if name in REGIONS else None)
        locator = AutoDateLocator(maxticks=7)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    handles = {label: handle for ax in grid for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    grid[0].figure.legend(handles.values(), handles, loc="outside lower center", ncols=2)
    heading(grid[0], title)
    return grid
