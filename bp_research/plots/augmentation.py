"""Figures of test-time augmentation, from the tables of :mod:`bp_research.measuring.study` and
:mod:`bp_research.measuring.intervals`."""

import pandas as pd
import seaborn as sns
from matplotlib.ticker import LogLocator, NullLocator, PercentFormatter
from scipy.stats import spearmanr

from ..accuracy.scores import bootstrap_ci, interval_text
from ..face.schemes import FEATURES, REGIONS
from ..measuring.intervals import coverage
from .charts import forest
from .faces import outline
from .style import COLOURS, CYCLE, WIDTH, axes, heading, levels_of, named, panels, source

_STRENGTHS = {
    "rotation": "largest angle [degrees]",
    "noise": "largest noise [grey levels]",
    "brightness": "largest change [grey levels]",
}
_LINES = {"one_copy": "error of one copy", "error": "error of the median", "spread": "spread of the copies"}
_COLOURS = dict(zip(_LINES.values(), (COLOURS["grey"], COLOURS["blue"], COLOURS["orange"]), strict=True))


def copies(tester, ax=None):
    """The landmarks of all copies as dots, and the face that their median makes. No photo is shown.

    Parameters
    ----------
    tester : LandmarkTester
        After a test.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = outline(tester.median_landmarks, axes(ax, (4.6, 4.4)), colour=COLOURS["ink"])
    x, y = tester.test_landmarks.reshape(-1, 2).T
    ax.plot(x, y, ".", color=COLOURS["orange"], markersize=2.5, alpha=0.6, zorder=1)
    return ax


def growth(table, seed=0):
    """How errors and spread grow with the strength of the change, a panel per kind of change.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.study.try_tests` with :func:`~bp_research.measuring.study.sweep`.
    seed : int
        Of the draws for the 95 % intervals (bands), by people.

    Returns
    -------
    ndarray (n_kinds,) of Axes
    """
    kinds = table["trial"].unique()
    grid = panels(len(kinds), columns=len(kinds), height=3.6)
    lines = table.rename(columns=_LINES).melt(["trial", "strength", "patient_id", "single"], list(_LINES.values()), "line")
    for ax, kind in zip(grid, kinds, strict=True):
        own = lines[lines["trial"] == kind]
        _mean_lines(own, "strength", "value", "line", _COLOURS, seed, ax)
        ax.axhline(own["single"].mean(), color=COLOURS["ink"], linewidth=1, linestyle="--", label="error of the photo")
        ax.set(title=kind, xlim=(0, None), ylabel="")
        ax.set_xlabel(_STRENGTHS.get(kind, "strength"), fontsize=9.5)
        ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    highest = max(ax.get_ylim()[1] for ax in grid)
    for ax in grid:
        ax.set_ylim(0, highest)
    grid[0].set_ylabel("% of inter-ocular distance")
    grid[0].figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9)
    heading(grid[0], source(table.drop_duplicates("photo_id")))
    return grid


def enough_copies(table, ax=None, seed=0):
    """Mean error of the median against the number of copies, less that of the photo's own landmarks.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.study.try_tests` with ``counts``.
    ax : Axes, optional
    seed : int
        Of the draws for the 95 % intervals of the paired difference (bands), by people.

    Returns
    -------
    Axes
    """
    ax, counts = axes(ax, (WIDTH, 3.6)), sorted(table["copies"].unique())
    colours = dict(zip(table["trial"].unique(), CYCLE, strict=False))
    _mean_lines(table.assign(gain=table["error"] - table["single"]), "copies", "gain", "trial", colours, seed, ax)
    ax.axhline(0, color=COLOURS["ink"], linewidth=1, linestyle="--")
    ax.set(xscale="log", xlabel="copies", ylabel="error less the photo's own\n[% of inter-ocular distance]")
    ax.set_xticks(counts, counts)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    ax.set_title(source(table.drop_duplicates("photo_id")))
    ax.legend()
    return ax


def spread_and_error(table, ax=None, seed=0):
    """Each photo's error against the spread of its copies, and their rank correlation.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.study.try_tests`, of one trial and number of copies.
    ax : Axes, optional
    seed : int
        Of the draws for the interval of the correlation, by people.

    Returns
    -------
    Axes
    """
    colours = {level.value: level.colour for level in levels_of(table, "group")}
    look = {"hue": "group", "palette": colours, "hue_order": list(colours), "s": 18, "alpha": 0.7, "linewidth": 0}
    ax = sns.scatterplot(table, x="spread", y="error", ax=axes(ax, (4.6, 4.2)), **look)
    ax.set(xscale="log", yscale="log", xlabel="spread of the copies", ylabel="error of their median")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(PercentFormatter(1, decimals=None))
    ax.set_title(f"{source(table)}\nrank correlation {interval_text(*rank_correlation(table, seed))}", fontsize=10)
    ax.legend(fontsize=9)
    return ax


def rank_correlation(table, seed=0):
    """Spearman's correlation of ``spread`` and ``error`` with its 95 % interval by people: (rho, low, high)."""
    pairs = table[["spread", "error"]].to_numpy()
    return bootstrap_ci(pairs, table["patient_id"], lambda drawn: spearmanr(*drawn.T).statistic, seed=seed, n=500)


def coverages(before, after):
    """How often intervals hold the truth, for each feature and asymmetry, before and after calibration.

    Parameters
    ----------
    before, after : DataFrame
        Tables of intervals, see :mod:`bp_research.measuring.intervals`.

    Returns
    -------
    ndarray (n_levels,) of Axes
    """
    levels, kinds = sorted(before["level"].unique()), {"copies alone": before, "calibrated": after}
    names, colours = [*REGIONS, *FEATURES], dict(zip(kinds, (COLOURS["grey"], COLOURS["blue"]), strict=True))
    grid = panels(len(levels), columns=len(levels), height=7.2)
    for ax, level in zip(grid, levels, strict=True):
        held = {kind: coverage(table[table["level"] == level], by=("quantity",)) for kind, table in kinds.items()}
        found = pd.concat([part.loc[names].assign(kind=kind) for kind, part in held.items()]).reset_index()
        found = found.assign(name=found["quantity"].map(named))
        forest(found, "held", "held", "held", "name", by="kind", reference=level, ax=ax, colours=colours)
        ax.axvspan(level - 0.05, level + 0.05, color=COLOURS["ink"], alpha=0.07, linewidth=0)
        ax.set(xlim=(0, 1), xlabel="truth within the interval", title=f"level {level:.0%}")
        ax.tick_params(axis="y", labelleft=ax is grid[0], labelsize=8)
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    grid[0].figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    heading(grid[0], source(before.drop_duplicates("photo_id")))
    return grid


def _mean_lines(table, x, y, hue, colours, seed, ax):
    """Means of ``y`` as lines over ``x``, with their 95 % intervals by people as bands."""

    def by_people(values):
        return bootstrap_ci(values, table.loc[values.index, "patient_id"], seed=seed)[1:]

    look = {"palette": colours, "hue_order": list(colours), "marker": "o", "markersize": 5, "markeredgewidth": 0}
    sns.lineplot(table, x=x, y=y, hue=hue, errorbar=by_people, ax=ax, **look)
    ax.legend().remove()
