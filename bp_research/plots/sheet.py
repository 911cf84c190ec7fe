"""The face of a patient's sheet: outlines with the measures of either side beside them."""

import base64
import io

import cv2
import matplotlib.pyplot as plt
import numpy as np

from ..face.geometry import eye_frame
from .faces import outline
from .style import COLOURS

#: What stands beside the face: measure and the points of the 68 whose height it stands at.
_BESIDE = {
    "brow height": (19, 24),
    "palpebral fissure height": (36, 45),
    "commissure excursion": (48, 54),
    "smile angle": (59, 55),
    "dental show": (6, 10),
}


def drawn_face(points, measures):
    """A face as lines, levelled by the eyes, with measures of the subject's right on the left of the picture.

    Parameters
    ----------
    points : array_like (68, 2)
        px.
    measures : DataFrame
        Index the measures, columns ``right`` and ``left``.

    Returns
    -------
    str
        A PNG picture as a data URI.
    """
    figure = plt.figure(figsize=(5.4, 3.7), layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    face = eye_frame(points)
    outline(face, ax)
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.8, linestyle=":")
    ends = face[:, 0].min() - 0.12, face[:, 0].max() + 0.12
    for measure, own in _BESIDE.items():
        heights = _apart(face[list(own), 1].mean(), measure, face)
        for side, x, where in (("right", ends[0], "right"), ("left", ends[1], "left")):
            value = measures.at[measure, side]
            unit = "°" if measure == "smile angle" else ""
            text = f"{value:.1f}{unit}" if np.isfinite(value) else "–"
            ax.text(x, heights, text, ha=where, va="center", fontsize=12, fontweight="bold")
            ax.text(x, heights + 0.09, measure, ha=where, va="center", fontsize=8, color="#48535f")
    for side, x, where in (("person's right", ends[0], "right"), ("person's left", ends[1], "left")):
        ax.text(x, face[:, 1].min() - 0.12, side, ha=where, va="center", fontsize=9, color=COLOURS["blue"])
    ax.set_xlim(ends[0] - 0.95, ends[1] + 0.95)
    return _uri(figure)


def photo_uri(photo, height=420):
    """A photo, reduced to ``height`` px at most, as the data URI of a JPEG."""
    image = photo.image
    scale = min(1.0, height / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", small)[1]).decode()


def _apart(height, measure, face):
    """Heights at which the texts do not touch: in equal steps from brow to chin."""
    steps = np.linspace(face[17:27, 1].min(), face[57, 1] + 0.25, len(_BESIDE))
    return steps[list(_BESIDE).index(measure)]


def _uri(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
