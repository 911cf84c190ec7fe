"""What the 68 points are, how far annotators agree, and what the first corrections gain."""

import re
from itertools import chain

import numpy as np
import seaborn as sns

from ..face.geometry import PAIRS
from ..face.mean_face import mean_face
from ..face.schemes import FACE_OUTLINES, FEATURE_GROUPS, FEATURE_LABELS, REGIONS, TO_51
from .faces import outline
from .style import COLOURS, CYCLE, WIDTH, heading, panels

_LABEL = {"ha": "center", "va": "center", "bbox": {"boxstyle": "square,pad=0.05", "fc": "#FFFFFFC0", "ec": "none"}}
#: Lines of the features that are no distances: pairs of the 51 points; a point stands for the half of the face around it.
_TILTS = {
    **{"f0": (0, 9), "f1": (2, 7), "f2": (4, 5), "f4": (0, 9), "f5": (2, 7), "f6": (4, 5), "f7": (10, 19)},
    **{"f14": (28, 34), "f22": (23, 27), "f23": (22, 37)},
}
_HALVES = {
    **{"L": [(3, 3)], "M": [(6, 6)], "N": [(11, 15), (12, 14)], "O": [(17, 21), (18, 20)]},
    **{"Wl": [(28, 28)], "Wr": [(34, 34)]},
}
#: Features of each panel, and which part of the face it shows: left, right, bottom, top.
_PANELS = {
    "brows": (FEATURE_GROUPS["brows"], (-0.8, 0.8, 0.2, -0.5)),
    "eyes": (FEATURE_GROUPS["eyes"], (-0.75, 0.75, 0.45, -0.15)),
    "mouth": (FEATURE_GROUPS["mouth"], (-0.5, 0.5, 0.92, 0.4)),
    "nose, chin and jaw": ((*FEATURE_GROUPS["nose"], *FEATURE_GROUPS["combined"]), (-0.9, 0.9, 1.3, -0.4)),
}


def landmark_scheme():
    """The 68 points with their numbers, the distances with their letters, and the features, on the mean healthy face.

    Returns
    -------
    ndarray (6,) of Axes
    """
    points = mean_face()
    grid = panels(6, 2, height=4.8, width=1.4 * WIDTH)
    for line, colour in zip(FACE_OUTLINES, np.resize(CYCLE, len(FACE_OUTLINES)), strict=True):
        grid[0].plot(*points[line].T, color=colour, linewidth=1)
        for i in np.unique(line):
            grid[0].text(*points[i], i, color=colour, fontsize=8.5, **_LABEL)
    _named_lines(grid[1], points, {pair: [letter] for letter, pair in PAIRS.items()})
    for ax, title in zip(grid, ("68 points, iBUG order", "distances between points P0 … P50"), strict=False):
        ax.set(title=title, xlim=(-0.9, 0.9), ylim=(1.4, -0.45), aspect="equal")
    for (title, (features, limits)), ax in zip(_PANELS.items(), grid[2:], strict=True):
        lines = {}
        for name in features:
            letters = re.findall("[A-Z][lru]?", FEATURE_LABELS[name].partition("/")[0])
            for pair in chain([_TILTS[name]] if name in _TILTS else [], *(_HALVES.get(x) or [PAIRS[x]] for x in letters)):
                lines.setdefault(pair, []).append(name)
        _named_lines(ax, points, lines)
        ax.set(title=title, xlim=limits[:2], ylim=limits[2:], aspect="equal")
        said = "\n".join(f"{name}  {FEATURE_LABELS[name]}" for name in features)
        ax.text(0.5, -0.04, said, transform=ax.transAxes, fontsize=8.5, va="top", ha="center", linespacing=1.4)
    for ax in grid:
        ax.axis("off")
    heading(grid[0], "Right is the subject's right: the image's left")
    return grid


def _named_lines(ax, points, lines):
    """Lines between pairs of the 51 points, each with its names."""
    outline(points, ax, "#C9D3DC", linewidth=0.9)
    for i, (pair, names) in enumerate(lines.items()):
        ends, colour = points[TO_51[list(pair)]], CYCLE[i % len(CYCLE)]
        ax.plot(*ends.T, color=colour, linewidth=1, marker=".", markersize=3)
        place = ends[0] + (ends[1] - ends[0]) * (0.35 + 0.3 * (i % 2))
        ax.text(*place, ", ".join(names), color=colour, fontsize=8, clip_on=True, **_LABEL)


def bland_altman(pairs, table, names=("first", "second")):
    """Difference of two annotators against their mean, per region, with bias and 95 % limits of agreement.

    Parameters
    ----------
    pairs, table : DataFrame
        From :func:`bp_research.annotating.annotators.agreement`.
    names : sequence of str
        What to call the two.

    Returns
    -------
    ndarray (3,) of Axes
    """
    grid = panels(len(REGIONS), 3, height=2.6, width=1.3 * WIDTH)
    for ax, region in zip(grid, REGIONS, strict=True):
        first, second = pairs[f"{region}_1"], pairs[f"{region}_2"]
        sns.scatterplot(x=(first + second) / 2, y=second - first, ax=ax, s=16, linewidth=0, color=COLOURS["blue"])
        for name in ("bias", "lower", "upper"):
            ax.axhline(table.loc[region, name], color=COLOURS["ink"], linestyle="-" if name == "bias" else "--", linewidth=1)
        icc = "ICC {estimate:.2f} [{low:.2f}, {high:.2f}]".format(**table.loc[region])
        ax.set(title=f"{region}, {icc}", xlabel="mean of both", ylabel="")
    grid[0].set_ylabel(f"{names[1]} − {names[0]}")
    return grid


def corrections(curve, ax=None):
    """Median error on other people against the number of people whose photos were corrected, for each order.

    Parameters
    ----------
    curve : DataFrame
        From :func:`bp_research.annotating.annotators.learning_curve`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = panels(1, 1, height=3.2)[0] if ax is None else ax
    lines = {"hue": "order", "style": "order", "estimator": "median", "errorbar": None, "markers": True, "dashes": False}
    sns.lineplot(curve.assign(error=100 * curve["error"]), x="people", y="error", ax=ax, **lines)
    ax.set(xlabel="people whose photos were corrected", ylabel="median error of others\n[% of the eyes' distance]")
    ax.legend(title=None)
    return ax
