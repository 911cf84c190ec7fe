"""One person against healthy people: on the face's outline, as a table of percentiles, and against the mirror image."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..face.geometry import eye_frame, mirror, mirror_difference
from ..face.schemes import FACE_OUTLINES, INNER, LEFT_MOUTH_CORNER, REGIONS, RIGHT_MOUTH_CORNER
from ..people.one_person import ABNORMAL, FINDINGS, HEALTHY, NOISE, mirror_distance
from .charts import forest, heat_table
from .faces import outline
from .style import COLOURS, heading, named, panels

#: Colour of each finding of :func:`bp_research.people.one_person.compare`.
FINDING_COLOURS = {name: COLOURS[colour] for name, colour in zip(FINDINGS, ("blue", "orange", "vermillion"), strict=True)}

_PARTS = {"brows": FACE_OUTLINES[1:3], "eyes": FACE_OUTLINES[5:7], "mouth": FACE_OUTLINES[7:9]}
#: Points at which a region's side is marked, the subject's right and left, and how far from them, inter-ocular distances.
_SIDES = {**_PARTS, "mouth": ([RIGHT_MOUTH_CORNER], [LEFT_MOUTH_CORNER])}
_OFFSETS = {"brows": (0.06, -0.14), "eyes": (0.1, 0.14), "mouth": (0.2, 0.03)}
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
    for region, row in found.set_index("quantity").loc[list(REGIONS)].iterrows():
        colour = FINDING_COLOURS[row["finding"]]
        for part in _PARTS[region]:
            ax.plot(*framed[part].T, color=colour, linewidth=2.6)
        if row["finding"] != HEALTHY:
            x, y = framed[_SIDES[region][row["side"] == "left"]].mean(axis=0)
            away, below = _OFFSETS[region]
            place = {"ha": "center", "va": "center", "fontsize": 8.5, "fontweight": "bold"}
            ax.text(x + away * np.sign(x), y + below, f"{row['value']:.3f}", color=colour, **place)
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
    wide = found.pivot(index="quantity", columns="photo_id")
    order = {"index": found["quantity"].unique(), "columns": found["photo_id"].unique()}
    codes = wide["finding"].reindex(**order).map(FINDINGS.index).rename(index=named)
    codes.columns = found.drop_duplicates("photo_id")["expression"].fillna("photo")
    written = wide["percentile"].reindex(**order).map("{:.0f}".format)
    colours = ListedColormap(["#F1F5F8", FINDING_COLOURS[NOISE], FINDING_COLOURS[ABNORMAL]])
    ax = heat_table(codes, text=written, cmap=colours, vmin=0, vmax=2, ax=ax)
    ax.set(xlabel="", ylabel="")
    ax.set_xticks(ax.get_xticks(), codes.columns, rotation=35, ha="left")
    handles = [Patch(color=colour, label=finding) for colour, finding in zip(colours.colors, FINDINGS, strict=True)]
    ax.figure.legend(handles=handles, loc="outside lower center", ncols=3, title="percentile within healthy people")
    return ax


def percentiles(found):
    """Percentiles of one photo's features with their intervals from augmentation.

    Parameters
    ----------
    found : DataFrame
        One photo's rows of :func:`bp_research.people.one_person.compare`.

    Returns
    -------
    Axes
    """
    table = found.assign(name=found["quantity"].map(named))
    xlabel = f"percentile [0 to 100], healthy n = {found['n'].iloc[0]}"
    ends = ("percentile", "percentile_low", "percentile_high")
    ax = forest(table, *ends, "name", by="finding", colours=FINDING_COLOURS, xlabel=xlabel)
    ax.axvspan(0, 95, color=COLOURS["blue"], alpha=0.07, linewidth=0)
    ax.set_xlim(0, 100)
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
    lengths = np.linalg.norm(arrows[INNER], axis=1)
    # width in shares of the panel's; arrows in the units of the axes, true to scale
    scale = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.009, "headwidth": 3.5, "headlength": 3.5}
    colours = {"cmap": _LENGTHS, "norm": Normalize(0, longest)}
    ax.quiver(*(framed - arrows)[INNER].T, *arrows[INNER].T, lengths, zorder=3, **colours, **scale)
    ax.set_title(f"{title}\nmean {mirror_distance(points):.3f}", loc="center", fontsize=9.5)
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
    bar = {"location": "bottom", "shrink": 0.6, "aspect": 40, "pad": 0.02, "extend": "max"}
    label = "point less mirror image [inter-ocular distances]"
    figure.colorbar(grid[0].collections[-1], ax=list(grid), label=label, **bar)
    lines = [Line2D([], [], color=c, linewidth=w) for c, w in ((COLOURS["ink"], 1), ("#BBD7E8", 2.2))]
    figure.legend(lines, ["the face", "its mirror image"], loc="outside lower center", ncols=2)
    heading(grid[0], suptitle)
    return grid
