"""One person against healthy people: on the face's outline, as a table of percentiles, and against the mirror image."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..face.geometry import eye_frame, mirror, mirror_difference
from ..face.schemes import (
    FACE_OUTLINES,
    FEATURE_LABELS,
    FEATURES,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    REGIONS,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
)
from ..people.one_person import ABNORMAL, HEALTHY, NOISE
from .faces import outline
from .style import COLOURS, WIDTH, axes, heading, panels

#: Colour of each finding of :func:`bp_research.people.one_person.compare`.
FINDING_COLOURS = {HEALTHY: COLOURS["blue"], NOISE: COLOURS["orange"], ABNORMAL: COLOURS["vermillion"]}

_PARTS = {"brows": (1, 2), "eyes": (5, 6), "mouth": (7, 8)}  # of FACE_OUTLINES
_SIDES = {  # points at which a region's side is marked: the subject's right, left
    "brows": (RIGHT_BROW, LEFT_BROW),
    "eyes": (RIGHT_EYE, LEFT_EYE),
    "mouth": ([RIGHT_MOUTH_CORNER], [LEFT_MOUTH_CORNER]),
}
_OFFSETS = {"brows": np.array([0.06, -0.14]), "eyes": np.array([0.1, 0.14]), "mouth": np.array([0.2, 0.03])}
_LENGTHS = LinearSegmentedColormap.from_list("lengths", ["#9CC9E3", COLOURS["orange"], COLOURS["vermillion"], "#5C2203"])


def on_face(points, found, ax=None, title=""):
    """The face's outline with each region in the colour of its finding, and a mark at its ``side``.

    Parameters
    ----------
    points : array_like (68, 2)
        Landmarks, px.
    found : DataFrame
        That photo's rows of :func:`bp_research.people.one_person.compare`, with the regions.
    ax : Axes, optional
    title : str

    Returns
    -------
    Axes
    """
    framed = eye_frame(points)
    ax = outline(framed, ax, colour="#B5B5B5")
    regions = found.set_index("quantity")
    for region in REGIONS:
        row = regions.loc[region]
        colour = FINDING_COLOURS[row["finding"]]
        for part in _PARTS[region]:
            ax.plot(*framed[FACE_OUTLINES[part]].T, color=colour, linewidth=2.6)
        marked = _SIDES[region][0 if row["side"] == "right" else 1]
        if row["finding"] != HEALTHY:
            x, y = framed[marked].mean(axis=0) + _OFFSETS[region] * (np.sign(framed[marked][0, 0]), 1)
            text = f"{row['value']:.3f}"
            ax.text(x, y, text, color=colour, ha="center", va="center", fontsize=8.5, fontweight="bold")
    ax.margins(0.12)
    ax.set_title(title, loc="center", fontsize=10)
    return ax


def on_faces(points, found, title=""):
    """All photos of a person as :func:`on_face`, with a legend.

    Parameters
    ----------
    points : array_like (n, 68, 2)
        In the order in which ``found`` names the photos.
    found : DataFrame
        From :func:`bp_research.people.one_person.compare`.
    title : str
        Whose face it is; the number of healthy photos compared with is added.

    Returns
    -------
    ndarray of Axes
    """
    photos = list(found.groupby("photo_id", sort=False))
    grid = panels(len(photos), columns=min(3, len(photos)), height=2.6)
    for (_, part), own, ax in zip(photos, points, grid, strict=True):
        on_face(own, part, ax, part["expression"].iloc[0] or "photo")
    handles = [Patch(color=colour, label=finding) for finding, colour in FINDING_COLOURS.items()]
    figure = grid[0].figure
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    sizes = " to ".join(map(str, sorted({found["n"].min(), found["n"].max()})))
    heading(grid[0], f"{title}\nagainst {sizes} healthy photos each")
    return grid


def percentile_table(found, ax=None):
    """Percentiles of every feature and region (rows) for every photo (columns), in the colour of the finding.

    Parameters
    ----------
    found : DataFrame
        From :func:`bp_research.people.one_person.compare`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    names = list(dict.fromkeys(found["quantity"]))
    photos = list(dict.fromkeys(found["photo_id"]))
    cells = found.set_index(["quantity", "photo_id"])
    titles = found.drop_duplicates("photo_id").set_index("photo_id")["expression"].fillna("photo")
    ax = axes(ax, (WIDTH, 1.5 + 0.25 * len(names)))
    for (y, name), (x, photo) in ((a, b) for a in enumerate(names) for b in enumerate(photos)):
        row = cells.loc[(name, photo)]
        plain = row["finding"] == HEALTHY
        colour = "#F1F5F8" if plain else FINDING_COLOURS[row["finding"]]
        ax.fill_between([x - 0.48, x + 0.48], y - 0.47, y + 0.47, color=colour, linewidth=0)
        ink = "white" if row["finding"] == ABNORMAL else COLOURS["ink"]
        ax.text(x, y, f"{row['percentile']:.0f}", ha="center", va="center", color=ink, fontsize=9)
    ax.set_yticks(range(len(names)), [_name(name) for name in names], fontsize=9)
    ax.set_xticks(range(len(photos)), titles[photos], rotation=35, ha="left", fontsize=9)
    ax.xaxis.tick_top()
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(-0.5, len(photos) - 0.5)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    handles = [Patch(color="#F1F5F8", label=HEALTHY)]
    handles += [Patch(color=FINDING_COLOURS[finding], label=finding) for finding in (NOISE, ABNORMAL)]
    ax.figure.legend(handles=handles, loc="outside lower center", ncols=3, title="percentile within healthy people")
    return ax


def percentiles(found, ax=None):
    """Percentiles of one photo's features with their intervals from augmentation.

    Parameters
    ----------
    found : DataFrame
        One photo's rows of :func:`bp_research.people.one_person.compare`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 1.1 + 0.24 * len(found)))
    y = np.arange(len(found))
    ax.axvspan(0, 95, color=COLOURS["blue"], alpha=0.07, linewidth=0)
    for finding, colour in FINDING_COLOURS.items():
        own = (found["finding"] == finding).to_numpy()
        rows = found[own]
        ax.hlines(y[own], rows["percentile_low"], rows["percentile_high"], color=colour, linewidth=2.2)
        ax.plot(rows["percentile"], y[own], "o", color=colour, markersize=6, label=f"{finding}, {own.sum()}", clip_on=False)
    ax.set_yticks(y, [_name(name) for name in found["quantity"]], fontsize=9)
    ax.set_ylim(len(found) - 0.4, -0.6)
    ax.set_xlim(0, 100)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.set_xlabel(f"percentile [0 to 100], healthy n = {found['n'].iloc[0]}")
    ax.figure.legend(loc="outside lower center", ncols=3)
    return ax


def mirror_map(points, ax=None, title="", longest=0.15):
    """A face (dark) over its own mirror image (light), with arrows from each mirrored point to the real one.

    Parameters
    ----------
    points : array_like (68, 2)
        Landmarks, px.
    ax : Axes, optional
    title : str
    longest : float
        Length in inter-ocular distances at which the arrows' colour scale ends.

    Returns
    -------
    Axes
    """
    framed, arrows = eye_frame(points), mirror_difference(points)
    ax = outline(mirror(framed), ax, colour="#BBD7E8", linewidth=2.2)
    outline(framed, ax, colour=COLOURS["ink"], linewidth=1.0)
    start = framed - arrows
    inner = slice(17, 68)
    lengths = np.linalg.norm(arrows[inner], axis=1)
    # width in shares of the panel's; arrows in the units of the axes, true to scale
    scale = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.009, "headwidth": 3.5, "headlength": 3.5}
    norm = Normalize(0, longest)
    ax.quiver(*start[inner].T, *arrows[inner].T, lengths, cmap=_LENGTHS, norm=norm, **scale, zorder=3)
    ax.set_title(f"{title}\nmean {lengths.mean():.3f}", loc="center", fontsize=9.5)
    return ax


def mirror_maps(points, titles, suptitle=""):
    """All photos of a person as :func:`mirror_map`, with one colour scale.

    Parameters
    ----------
    points : array_like (n, 68, 2)
    titles : sequence of str
    suptitle : str

    Returns
    -------
    ndarray of Axes
    """
    grid = panels(len(points), columns=min(2, len(points)), height=3.3)
    for own, title, ax in zip(points, titles, grid, strict=True):
        mirror_map(own, ax, title)
    figure = grid[0].figure
    bar = figure.colorbar(
        grid[0].collections[-1], ax=list(grid), location="bottom", shrink=0.6, aspect=40, pad=0.02, extend="max"
    )
    bar.set_label("point less mirror image [inter-ocular distances]")
    lines = [Line2D([], [], color=c, linewidth=w) for c, w in ((COLOURS["ink"], 1), ("#BBD7E8", 2.2))]
    figure.legend(lines, ["the face", "its mirror image"], loc="outside lower center", ncols=2)
    heading(grid[0], suptitle)
    return grid


def _name(name):
    return f"{name} {FEATURE_LABELS[name]}" if name in FEATURES else f"{name}, left minus right"
