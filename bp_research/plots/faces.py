"""Faces: photos where they may be shown, outlines without a single pixel of them where not."""

from textwrap import fill

import numpy as np

from ..datasets.london import LONDON_ATTRIBUTION
from ..face.geometry import check_points, eye_frame
from ..face.schemes import FACE_OUTLINES
from .style import COLOURS, axes


def may_show(show_faces, simulated):
    """Whether photos may be shown.

    Parameters
    ----------
    show_faces : bool or None
        The notebooks' parameter: True always, False never, None only simulated faces.
    simulated : bool
        Whether the photos are simulated.
    """
    return bool(simulated if show_faces is None else show_faces)


def outline(points, ax=None, colour=COLOURS["ink"], **line):
    """Draw a face's landmarks as lines.

    Parameters
    ----------
    points : array_like (68, 2)
        x then y, y downwards; any unit. The Axes' y grows downwards afterwards.
    ax : Axes, optional
    colour : str
    **line
        Passed to ``Axes.plot``.

    Returns
    -------
    Axes
    """
    points = check_points(points, (68,))
    ax = axes(ax, (3.2, 3.8))
    for part in FACE_OUTLINES:
        ax.plot(*points[part].T, color=colour, **{"linewidth": 1.4, "solid_capstyle": "round", **line})
    return _as_picture(ax)


def drawing(points):
    """A face's landmarks as lines in a page, levelled by the eyes.

    Parameters
    ----------
    points : array_like (68, 2)
        x then y, y downwards; any unit.

    Returns
    -------
    str
        An SVG element; 100 of its units are an inter-ocular distance.
    """
    framed = np.rint(100 * eye_frame(points)).astype(int)
    lines = "".join("M" + " ".join(f"{x} {y}" for x, y in framed[part]) for part in FACE_OUTLINES)
    return f'<svg class="lines" viewBox="-95 -65 190 205" aria-hidden="true"><path d="{lines}"/></svg>'


def pointed_at(places, points, texts):
    """Have a report show faces, drawn as lines, with a few words, where a figure is pointed at.

    Parameters
    ----------
    places : sequence of (Axes, array_like (n, 2))
        Panels of one figure, and where each face stands in them, in the Axes' units.
    points : array_like (n, 68, 2)
        The faces' landmarks.
    texts : sequence of str (n)
        What is said of each.
    """
    faces = [[drawing(own), text] for own, text in zip(points, texts, strict=True)]
    places[0][0].figure.pointed_at = places, faces


def face(photo, points=None, show=False, ax=None, title=""):
    """Draw one photo with its landmarks, or the landmarks' outline alone.

    Parameters
    ----------
    photo : Photo
    points : array_like (68, 2), optional
        Landmarks, px of the photo. NaN draws none.
    show : bool
        Whether the photo itself may be shown, see :func:`may_show`. If not, its file is not even read. Under faces whose
        licence asks for it stands whose they are.
    ax : Axes, optional
    title : str

    Returns
    -------
    Axes
    """
    ax = axes(ax, (3.2, 3.8))
    known = points is not None and np.isfinite(points).all()
    if show:
        ax.imshow(photo.image[..., ::-1])
        credit = fill(LONDON_ATTRIBUTION, 44) if photo.dataset == "London" else ""
        ax.text(0.5, -0.02, credit, ha="center", va="top", fontsize=5.5, transform=ax.transAxes)
        if known:
            ax.plot(*np.transpose(points), "o", color=COLOURS["yellow"], markersize=2.2, markeredgewidth=0)
    elif known:
        outline(points, ax)
    if not known:
        where = {"ha": "center", "va": "center", "transform": ax.transAxes}
        ax.text(0.5, 0.5, "no landmarks", color=COLOURS["vermillion"], **where)
    ax.set_title(title, fontsize=9.5, fontweight="normal", loc="center")
    return _as_picture(ax)


def _as_picture(ax):
    ax.set_aspect("equal")
    if not ax.yaxis_inverted():
        ax.invert_yaxis()
    ax.axis("off")
    return ax
