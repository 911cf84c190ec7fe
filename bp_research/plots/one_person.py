"""One person against healthy people: on the face's outline, as a table of percentiles, and against the mirror image."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, ListedColormap, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..face.geometry import eye_frame, mirror, mirror_difference
from ..face.schemes import FACE_OUTLINES, INNER, LEFT_MOUTH_CORNER, REGIONS, RIGHT_MOUTH_CORNER
from ..people.one_person import ABNORMAL, FINDINGS, HEALTHY, NOISE, mirror_distance
from .charts import heat_table
from .faces import outline, pointed_at
from .style import COLOURS, heading, named, panels, quantity

#: Colour of each finding of :func:`bp_research.people.one_person.compare`.
FINDING_COLOURS = {name: COLOURS[colour] for name, colour in zip(FINDINGS, ("blue", "orange", "vermillion"), strict=True)}

_PARTS = {"brows": FACE_OUTLINES[1:3], "eyes": FACE_OUTLINES[5:7], "mouth": FACE_OUTLINES[7:9]}
#: Points at which a region's side is marked, the subject's right and left, and how far from them, inter-ocular distances.
_SIDES = {**_PARTS, "mouth": ([RIGHT_MOUTH_CORNER], [LEFT_MOUTH_CORNER])}
_OFFSETS = {"brows": (0.06, -0.14), "eyes": (0.1, 0.14), "mouth": (0.2, 0.03)}
_LENGTHS = LinearSegmentedColormap.from_list("lengths", ["#9CC9E3", COLOURS["orange"], COLOURS["vermillion"], "#5C2203"])


def on_faces(points, found, title=""):
    """All photos of a person as outlines, each region in the colour of its finding, and its value at its ``side``.

    Parameters
    ----------
    points : array_like (n, 68, 2)
        Landmarks, px, in the order in which ``found`` names the photos.
    found : DataFrame
        From :func:`bp_research.people.one_person.compare`, with the regions.
    title : str
        Whose face it is; the number of healthy photos compared with is added.

    Returns
    -------
    ndarray of Axes
    """
    photos = list(found.groupby("photo_id", sort=False))
    grid = panels(len(photos), columns=min(3, len(photos)), height=2.6)
    written = {"ha": "center", "va": "center", "fontsize": 8.5, "fontweight": "bold"}
    for (_, part), framed, ax in zip(photos, eye_frame(points), grid, strict=True):
        outline(framed, ax, colour="#B5B5B5")
        for region, row in part.set_index("quantity").loc[list(REGIONS)].iterrows():
            colour = FINDING_COLOURS[row["finding"]]
            for line in _PARTS[region]:
                ax.plot(*framed[line].T, color=colour, linewidth=2.6)
            if row["finding"] != HEALTHY:
                x, y = framed[_SIDES[region][row["side"] == "left"]].mean(axis=0)
                away, below = _OFFSETS[region]
                ax.text(x + away * np.sign(x), y + below, f"{row['value']:.3f}", color=colour, **written)
        ax.margins(0.12)
        ax.set_title(part["expression"].iloc[0] or "photo", loc="center", fontsize=10)
    handles = [Patch(color=colour, label=finding) for finding, colour in FINDING_COLOURS.items()]
    grid[0].figure.legend(handles=handles, loc="outside lower center", ncols=3)
    sizes = " to ".join(map(str, sorted({found["n"].min(), found["n"].max()})))
    heading(grid[0], f"{title}\nagainst {sizes} healthy photos each")
    return grid


def percentile_table(found, points=None, ax=None):
    """Percentiles of every feature and region (rows) for every photo (columns), in the colour of the finding.

    Parameters
    ----------
    found : DataFrame
        From :func:`bp_research.people.one_person.compare`.
    points : array_like (n, 68, 2), optional
        Landmarks, px, in the order in which ``found`` names the photos: a report draws the face where a cell is pointed at.
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
    if points is not None:
        (photo, _), (row, _) = found["photo_id"].factorize(), found["quantity"].factorize()
        said = "{quantity}, {expression}: {value:.3f}\npercentile {percentile:.0f} of {n} healthy photos, {finding}".format_map
        told = found.assign(quantity=found["quantity"].map(quantity)).fillna({"expression": "photo"}).agg(said, axis=1)
        pointed_at([(ax, np.column_stack([photo, row]) + 0.5)], np.asarray(points)[photo], told)
    return ax


def mirror_maps(points, titles, suptitle="", longest=0.15):
    """Faces (dark) over their own mirror images (light), with arrows from each mirrored point to the real one.

    Parameters
    ----------
    points : array_like (n, 68, 2)
        Landmarks, px.
    titles : sequence of str
    suptitle : str
    longest : float
        Length in inter-ocular distances at which the arrows' colour scale ends.

    Returns
    -------
    ndarray of Axes
    """
    grid = panels(len(points), columns=min(2, len(points)), height=3.3)
    face, image = {"colour": COLOURS["ink"], "linewidth": 1.0}, {"colour": "#BBD7E8", "linewidth": 2.2}
    # width in shares of the panel's; arrows in the units of the axes, true to scale
    scale = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.009, "headwidth": 3.5, "headlength": 3.5}
    colours = {"cmap": _LENGTHS, "norm": Normalize(0, longest), "zorder": 3}
    for own, title, ax in zip(points, titles, grid, strict=True):
        framed, arrows = eye_frame(own), mirror_difference(own)
        outline(mirror(framed), ax, **image)
        outline(framed, ax, **face)
        lengths = np.linalg.norm(arrows[INNER], axis=1)
        drawn = ax.quiver(*(framed - arrows)[INNER].T, *arrows[INNER].T, lengths, **colours, **scale)
        ax.set_title(f"{title}\nmean {mirror_distance(own):.3f}", loc="center", fontsize=9.5)
    bar = {"location": "bottom", "shrink": 0.6, "aspect": 40, "pad": 0.02, "extend": "max"}
    label = "point less mirror image [inter-ocular distances]"
    grid[0].figure.colorbar(drawn, ax=list(grid), label=label, **bar)
    lines = [Line2D([], [], color=one["colour"], linewidth=one["linewidth"]) for one in (face, image)]
    grid[0].figure.legend(lines, ["the face", "its mirror image"], loc="outside lower center", ncols=2)
    heading(grid[0], suptitle)
    return grid
