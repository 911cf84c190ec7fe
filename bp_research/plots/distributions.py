"""Distributions of features over groups of photos, and how far the groups overlap."""

import numpy as np
import pandas as pd
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator
from scipy.stats import gaussian_kde

from ..face.schemes import FEATURE_GROUPS, RATIOS
from ..people.group_differences import measured_rows
from ..people.one_person import ONE_SIDED
from .charts import heat_table
from .style import GRADES, WIDTH, axes, heading, levels_of, named, panels, quantity, source

_SHOWN = 0.985  # share of the values that the x axis holds: a few closed eyes would squeeze all others


def ridges(table, feature, by="severity", hue=None, ax=None):
    """One row per group: a histogram (bars) and a kernel density (line) of a feature, all to one scale.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.cohort.measure_cohort`.
    feature : str
    by : str
        Column whose groups make the rows, from the top down.
    hue : str, optional
        Column whose groups are told by colour within each row; default ``by``.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    rows, hue = measured_rows(table, [feature]), hue or by
    levels, ax = levels_of(rows, by)[::-1], axes(ax, (WIDTH / 2, 2.6))
    # a ratio's natural scale is its logarithm
    scale, back = (np.log, np.exp) if feature in RATIOS else (np.asarray, np.asarray)
    low, high = rows[feature].min(), rows[feature].quantile(_SHOWN)
    high = high if high > low else low + 1e-3
    edges, grid = (np.linspace(scale(low), scale(high), n) for n in (17, 160))
    lowest = scale(float(feature in RATIOS)) if feature in ONE_SIDED else None
    drawn = []
    for y, level in enumerate(levels):
        for part in levels_of(rows, hue):
            values = scale(rows.loc[(rows[by] == level.value) & (rows[hue] == part.value), feature].to_numpy(float))
            if len(values):
                bars = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
                drawn.append((y, part.colour, bars, _density(values, grid, lowest)))
    top = 1.12 * (max(line.max() for *_, line in drawn) or max(bars.max() for *_, bars, _ in drawn))
    for y, colour, bars, line in drawn:
        ax.stairs(y + np.minimum(bars / top, 1), back(edges), baseline=y, fill=True, color=colour, alpha=0.35, linewidth=0)
        ax.plot(back(grid), y + np.minimum(line / top, 1), color=colour, linewidth=1.5)
    ax.set_yticks(np.arange(len(levels)) + 0.35, [level.label for level in levels])
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.05, len(levels) + 0.2)
    ax.spines["left"].set_visible(False)
    _x_axis(ax, feature, low, high)
    return ax


def region(table, name, by="severity", hue=None):
    """All features of a facial region as :func:`ridges`, with one legend that gives the numbers of photos.

    Parameters
    ----------
    table : DataFrame
    name : str
        One of :data:`bp_research.face.schemes.FEATURE_GROUPS`.
    by, hue : str
        As in :func:`ridges`.

    Returns
    -------
    ndarray of Axes
    """
    members, rows, hue = FEATURE_GROUPS[name], measured_rows(table), hue or by
    height = 0.7 + 0.36 * len(levels_of(rows, by)) + 1.6 / len(members)
    grid = panels(len(members), columns=min(2, len(members)), height=height)
    for i, (feature, ax) in enumerate(zip(members, grid, strict=True)):
        ridges(rows, feature, by, hue, ax)
        ax.tick_params(axis="y", labelleft=i % 2 == 0)
    counts = rows[hue].value_counts()
    handles = [Patch(color=level.colour, label=f"{level.label}, n = {counts[level.value]}") for level in levels_of(rows, hue)]
    columns = 4 if max(len(handle.get_label()) for handle in handles) < 22 else 2
    grid[0].figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), columns))
    heading(grid[0], f"Features of the {name} by {by}\n{source(rows)}")
    return grid


def overlap_table(found, ax=None):
    """How far groups overlap as a coloured table: dark cells coincide, light ones are told apart.

    Parameters
    ----------
    found : DataFrame
        From :func:`bp_research.people.group_differences.group_overlaps`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    pairs = ["first", "second"]
    cells = found.pivot_table(index="feature", columns=pairs, values="overlap", sort=False)
    by_pair = found.groupby(pairs, sort=False)
    means = [by_pair["overlap"].mean().rename("mean"), by_pair["baseline"].first().rename("chance")]
    cells = pd.concat([cells.rename(named), pd.DataFrame(means)])
    cells.columns = ["\n".join(map(_group, pair)) for pair in cells]
    ax = heat_table(cells, vmin=0, vmax=1.15, ax=ax)
    ax.axhline(len(cells) - 2, color="white", linewidth=5)
    return ax


def _density(values, grid, lowest):
    """A kernel density, or zeros of fewer than three values; what lies beyond the ``lowest`` possible value is folded back.

    A density that is not folded would fall towards 0 where asymmetries are the most frequent, at perfect symmetry.
    """
    if len(values) < 3 or np.ptp(values) < 1e-9:
        return np.zeros_like(grid)
    density = gaussian_kde(values)
    return density(grid) + (0 if lowest is None else density(2 * lowest - grid))


def _x_axis(ax, feature, low, high):
    ax.set_xlabel(quantity(feature), fontsize=10)
    ax.set_xlim(low, high)
    ticks = MaxNLocator(4)
    if feature in RATIOS:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter("{x:g}")
        ticks = LogLocator(10, subs=(1, 2, 5)) if high > 6 else ticks
    ax.xaxis.set_major_locator(ticks)


def _group(value):
    return GRADES[int(value) - 1] if isinstance(value, float | int) else str(value)
