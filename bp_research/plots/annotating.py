"""What the 68 points are, how far annotators agree, and what the first corrections gain."""

import numpy as np
import seaborn as sns

from ..face.geometry import PAIRS
from ..face.mean_face import mean_face
from ..face.schemes import FACE_OUTLINES, REGIONS, TO_51
from .faces import outline
from .style import COLOURS, CYCLE, WIDTH, heading, panels

_LABEL = {"boxstyle": "square,pad=0.05", "facecolor": "#FFFFFFB0", "edgecolor": "none"}


def landmark_scheme():
    """The 68 points with their numbers, and the distances with their letters, on the mean healthy face.

    Returns
    -------
    ndarray (2,) of Axes
    """
    points = mean_face()
    both = panels(2, 1, height=7, width=1.2 * WIDTH)
    for line, colour in zip(FACE_OUTLINES, np.resize(CYCLE, len(FACE_OUTLINES)), strict=True):
        both[0].plot(*points[line].T, color=colour, linewidth=1)
        for i in np.unique(line):
            both[0].text(*points[i], i, color=colour, fontsize=8.5, ha="center", va="center", bbox=_LABEL)
    both[0].set(xlim=(-0.9, 0.9), ylim=(1.4, -0.45), aspect="equal", title="68 points, iBUG order")
    outline(points, both[1], COLOURS["sky"], linewidth=0.8)
    for i, (letter, pair) in enumerate(PAIRS.items()):
        ends, colour = points[TO_51[list(pair)]], CYCLE[i % len(CYCLE)]
        both[1].plot(*ends.T, color=colour, linewidth=0.8, marker=".", markersize=3)
        place = ends[0] + (ends[1] - ends[0]) * (0.35 + 0.3 * (i % 2))
        both[1].text(*place, letter, color=colour, fontsize=8.5, ha="center", va="center", bbox=_LABEL)
    both[1].set(xlim=(-0.9, 0.9), ylim=(1.4, -0.45), title="distances between points P0 … P50")
    for ax in both:
        ax.axis("off")
    return heading(both[0], "Right is the subject's right: the image's left")


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
    sns.lineplot(curve, x="people", y="error", palette=list(CYCLE[: curve["order"].nunique()]), ax=ax, **lines)
    ax.set(xlabel="people whose photos were corrected", ylabel="median error of others\n(inter-ocular distances)")
    ax.legend(title=None)
    return ax
