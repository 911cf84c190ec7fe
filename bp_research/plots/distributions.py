"""Distributions of features over groups of photos, how far the groups overlap, and which features differ most."""

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from scipy.stats import gaussian_kde

from ..face.schemes import FEATURE_GROUPS, FEATURE_LABELS, FEATURE_UNITS, FEATURES
from ..people.group_differences import is_healthy, measured_rows
from .style import COLOURS, CYCLE, GRADES, WIDTH, axes, count, heading, levels_of, panels, source

#: Features that are ratios a:b >= 1: a log axis is their natural one.
RATIOS = tuple(name for name in FEATURES if "ratio" in FEATURE_LABELS[name])

_AT_LEAST = {**dict.fromkeys(FEATURES[:18] + FEATURES[22:25], 0.0), **dict.fromkeys(RATIOS, 1.0)}
_SHOWN = 0.985  # share of the values that the x axis holds: a few closed eyes would squeeze all others
_REGION_COLOURS = dict(zip(FEATURE_GROUPS, CYCLE[:4] + (COLOURS["grey"],), strict=True))


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
    rows = measured_rows(table, [feature])
    levels, hues = levels_of(rows, by), levels_of(rows, hue or by)
    ax = axes(ax, (WIDTH / 2, 2.6))
    scale = np.log if feature in RATIOS else np.asarray
    values = rows[feature].to_numpy(float)
    low, high = values.min(), np.quantile(values, _SHOWN)
    high = high if high > low else low + 1e-3
    edges = np.linspace(scale(low), scale(high), 17)
    grid = np.linspace(scale(low), scale(high), 160)
    bottom = scale(_AT_LEAST[feature]) if feature in _AT_LEAST else None
    cells = [
        (y, h.colour, scale(values[((rows[by] == level.value) & (rows[hue or by] == h.value)).to_numpy()]))
        for y, level in enumerate(reversed(levels))
        for h in hues
        if hue or h == level
    ]
    drawn = [(y, colour, *_shapes(x, edges, grid, bottom)) for y, colour, x in cells if len(x)]
    top = max(line.max() for _, _, _, line in drawn) or max(bars.max() for _, _, bars, _ in drawn)
    back = np.exp if feature in RATIOS else np.asarray
    for y, colour, bars, line in drawn:
        bars, line = (np.minimum(shape / (1.12 * top), 1) for shape in (bars, line))
        ax.stairs(y + bars, back(edges), baseline=y, fill=True, color=colour, alpha=0.35, linewidth=0)
        ax.plot(back(grid), y + line, color=colour, linewidth=1.5)
    ax.set_yticks(np.arange(len(levels)) + 0.35, [level.label for level in reversed(levels)])
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
    members, rows = FEATURE_GROUPS[name], measured_rows(table)
    height = 0.7 + 0.36 * len(levels_of(rows, by))
    grid = panels(len(members), columns=min(2, len(members)), height=height)
    for i, (feature, ax) in enumerate(zip(members, grid, strict=True)):
        ridges(rows, feature, by, hue, ax)
        if i % 2:
            ax.tick_params(axis="y", labelleft=False)
    shown = hue or by
    handles = [
        Patch(color=level.colour, label=f"{level.label}, n = {(rows[shown] == level.value).sum()}")
        for level in levels_of(rows, shown)
    ]
    figure = grid[0].figure
    columns = 4 if max(len(h.get_label()) for h in handles) < 22 else 2
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), columns))
    heading(grid[0], f"Features of the {name} by {by}\n{source(rows)}")
    return grid


def overlap_table(found, ax=None):
    """The overlaps of neighbouring groups as a coloured table: dark cells coincide, light ones are told apart.

    Parameters
    ----------
    found : DataFrame
        From :func:`bp_research.people.group_differences.overlaps`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    pairs = list(dict.fromkeys(zip(found["first"], found["second"], strict=True)))
    features = list(dict.fromkeys(found["feature"]))
    cells = found["overlap"].to_numpy().reshape(len(pairs), len(features)).T
    baseline = found.groupby(["first", "second"], sort=False)["baseline"].first().to_numpy()
    cells = np.vstack([cells, cells.mean(axis=0), baseline])
    ax = axes(ax, (WIDTH, 0.8 + 0.26 * len(cells)))
    ax.imshow(cells, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for (y, x), value in np.ndenumerate(cells):
        ax.text(x, y, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.7 else "#222222")
    ax.set_yticks(range(len(cells)), [*(f"{f} {FEATURE_LABELS[f]}" for f in features), "mean", "chance"])
    ax.set_xticks(range(len(pairs)), ["\n".join(map(_group, pair)) for pair in pairs])
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.axhline(len(features) - 0.5, color="white", linewidth=4)
    ax.spines[:].set_visible(False)
    return ax


def effect_sizes(ranking, ax=None):
    """Cliff's delta of each feature with its interval, ranked.

    Parameters
    ----------
    ranking : DataFrame
        From :func:`bp_research.people.group_differences.rank_features`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 1.2 + 0.26 * len(ranking)))
    y = np.arange(len(ranking))[::-1]
    for name, colour in _REGION_COLOURS.items():
        own = (ranking["region"] == name).to_numpy()
        if own.any():
            rows = ranking[own]
            ax.hlines(y[own], rows["low"], rows["high"], color=colour, linewidth=2.2)
            ax.plot(rows["delta"], y[own], "o", color=colour, markersize=6, label=f"{name}, {own.sum()}")
    ax.axvline(0, color="#555555", linewidth=1)
    ax.set_yticks(y, [f"{f} {FEATURE_LABELS[f]}" for f in ranking["feature"]])
    ax.set_ylim(-0.8, len(ranking) - 0.2)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    sizes = ", ".join(
        f"{kind}: {count(photos, 'photo')} of {count(people, 'person', 'people')}"
        for kind, (photos, people) in ranking.attrs.items()
    )
    ax.set_xlabel("Cliff's delta [no unit], 95 % interval by people")
    ax.figure.legend(loc="outside lower left", ncols=3, title=f"{sizes}\nregion, number of features", alignment="left")
    return ax


def health(table):
    """The table with a column ``health``: "healthy people" or "palsy"."""
    return table.assign(health=np.where(is_healthy(table), "healthy people", "palsy"))


def _shapes(values, edges, grid, bottom):
    """Heights of the histogram's bars and of the density, both per unit of the (log) scale.

    A quantity that cannot fall below ``bottom`` has the part of its density beyond it folded back.
    """
    bars = np.histogram(values, edges)[0] / (len(values) * (edges[1] - edges[0]))
    if len(values) < 3 or np.ptp(values) < 1e-9:
        return bars, np.zeros_like(grid)
    density = gaussian_kde(values)
    line = density(grid)
    if bottom is not None:
        line = line + density(2 * bottom - grid)
    return bars, line


def _x_axis(ax, feature, low, high):
    unit = FEATURE_UNITS[feature]
    ax.set_xlabel(f"{feature} {FEATURE_LABELS[feature]}" + (f" [{unit}]" if unit != "1" else ""), fontsize=10)
    ax.set_xlim(low, high)
    if feature not in RATIOS:
        ax.xaxis.set_major_locator(MaxNLocator(4))
        return
    ax.set_xscale("log")
    wide = np.array([1, 2, 5, 10, 20, 50, 100, 200])
    ticks = wide[wide <= high] if high > 6 else MaxNLocator(4).tick_values(low, high)
    ax.xaxis.set_major_locator(FixedLocator(ticks[(ticks >= low * 0.999) & (ticks <= high)]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())


def _group(value):
    return GRADES[int(value) - 1] if isinstance(value, float | int) else str(value)
