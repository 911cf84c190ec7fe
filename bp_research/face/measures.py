"""The measures clinicians take of a face, side by side: heights of brows and lids, excursion of the mouth corners.

Definitions: Emotrics (Guarin et al., Facial Plast. Surg. Aesthet. Med. 2018), in the frame in which the line through the
iris centres is level and the facial midline stands upright between them. Each side is measured as a right side, the left
one in the mirrored face, so that a mirrored face gives the same numbers with the sides swapped.

Curves through brows, lids and lips are smoothing splines whose smoothing is a share of the curve's length, chosen so that
they come near those of the published program, which smooths by one square pixel whatever the size of the photo. The
program's mouth opening is another number: it adds the height of the upper lip's point over the mouth corner.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import BadLandmarksError
from .geometry import check_points, interocular, mirror, rotate
from .schemes import LEFT_EYE, RIGHT_BROW, RIGHT_EYE, RIGHT_MOUTH_CORNER

#: What is measured: ``name`` such as "brow height left", ``measure`` and ``column``, ``dimension`` (the power of length in the
#: unit), ``unit`` once an iris tells millimetres, ``definition`` (points are iBUG's 68, on the subject's right), ``source``.
DICTIONARY = pd.read_csv(Path(__file__).with_name("measures.csv"))
#: The names; the measures in their order; the columns of a measure: those of the whole face have ``difference`` alone.
QUANTITIES, MEASURES = tuple(DICTIONARY["name"]), tuple(DICTIONARY["measure"].unique())
COLUMNS = ("right", "left", "difference", "percent")
DIMENSIONS = DICTIONARY["dimension"].to_numpy()

_UPPER_LID, _LOWER_LID = [36, 37, 38, 39], [36, 41, 40, 39]
_OUTER_UPPER, _OUTER_LOWER = np.arange(48, 55), [48, 59, 58, 57, 56, 55, 54]
_INNER_UPPER, _INNER_LOWER = np.arange(60, 65), [60, 67, 66, 65, 64]
#: Smoothing of curves of four or five points, and of the outer lips' seven, which turn more sharply.
SMOOTHING, LIP_SMOOTHING = 0.05, 0.003


def measure(points, right_iris=None, left_iris=None):
    """All measures of faces, in powers of the inter-ocular distance and in degrees.

    Parameters
    ----------
    points : array_like (..., 68, 2)
        x then y (downwards), px.
    right_iris, left_iris : array_like (..., 2 or more), optional
        Iris centres of the subject's eyes, x then y, px; NaN where there is none. Without one the middle between the
        eye's corners stands for it, in the levelling for both, so that an open and a closed eye are taken alike.

    Returns
    -------
    ndarray (..., 44)
        In the order of :data:`QUANTITIES`: of a measure with sides the subject's right and left, left minus right, and the
        smaller of the larger in per cent, NaN where that is not above 0; of one of the face its value, 0 or more, as
        the difference. NaN where a curve does not reach.

    Raises
    ------
    BadLandmarksError
        For wrong shapes, numbers that are not finite, eyes in one place, or a brow, lid or lip of no width.
    """
    points = check_points(points, (68,))
    corners = np.stack([points[..., eye[[0, 3]], :].mean(axis=-2) for eye in (RIGHT_EYE, LEFT_EYE)], axis=-2)
    centres = [np.nan if iris is None else np.asarray(iris, float)[..., :2] for iris in (right_iris, left_iris)]
    irises = np.stack([np.broadcast_to(centre, corners[..., 0, :].shape) for centre in centres], axis=-2)
    known = np.isfinite(irises).all(axis=-1, keepdims=True)
    axis = np.where(known.all(axis=-2, keepdims=True), irises, corners)
    irises = np.where(known, irises, corners)
    across, size = axis[..., 1, :] - axis[..., 0, :], interocular(points)
    if not ((size > 0).all() and np.linalg.norm(across, axis=-1).all()):
        raise BadLandmarksError("both eyes are in the same place: not a face")
    middle = axis.mean(axis=-2)
    tilt = np.degrees(np.arctan2(across[..., 1], across[..., 0]))
    framed = rotate(np.concatenate([points, irises], axis=-2), -tilt, middle) - middle[..., None, :]
    framed = framed * [1, -1] / size[..., None, None]
    face, right, left = framed[..., :68, :], framed[..., 68, :], framed[..., 69, :]
    (right, right_lips), (left, left_lips) = _side(face, right), _side(mirror(face), left * [-1, 1])
    smaller, larger = np.minimum(right, left), np.maximum(right, left)
    percent = 100 * smaller / np.where(larger > 0, larger, np.nan)
    sided = np.stack([right, left, left - right, percent], axis=-1).reshape(*points.shape[:-2], -1)
    face_values = [np.abs(right_lips - left_lips), np.abs(face[..., 51, :1])]
    return np.concatenate([sided[..., :32], *face_values, sided[..., 32:]], axis=-1)


def iris_share(points, right_iris, left_iris):
    """Diameter of the irises over the distance of the outer eye corners, the mean of the eyes that show one.

    Parameters
    ----------
    points : array_like (..., 68, 2)
    right_iris, left_iris : array_like (..., 3)
        x, y, radius, px; NaN where there is none.

    Returns
    -------
    ndarray (...)
        NaN without an iris.
    """
    radii = np.ma.masked_invalid([np.asarray(iris, float)[..., 2] for iris in (right_iris, left_iris)])
    return np.ma.filled(2 * radii.mean(axis=0) / interocular(points), np.nan)


def _side(face, iris):
    """The right side's measures, and the heights of its mouth corner and of both lips' edges half way to the midline."""
    upper, lower, brow = (_Curve(face[..., part, :]) for part in (_UPPER_LID, _LOWER_LID, RIGHT_BROW))
    outer_upper, outer_lower = (_Curve(face[..., part, :], LIP_SMOOTHING) for part in (_OUTER_UPPER, _OUTER_LOWER))
    inner_upper, inner_lower = (_Curve(face[..., part, :]) for part in (_INNER_UPPER, _INNER_LOWER))
    iris_x, iris_y = np.moveaxis(iris, -1, 0)
    corner_x, corner_y = np.moveaxis(face[..., RIGHT_MOUTH_CORNER, :], -1, 0)
    middle = face[..., [37, 38, 41, 40], 0].mean(axis=-1)
    rise = corner_y - outer_lower(np.zeros_like(corner_x))
    half = _half_way(outer_upper, corner_x, corner_y)
    dental_show = np.nan_to_num((inner_upper(half) - inner_lower(half)).clip(min=0))
    steps = np.linspace(0, 1, 101) * face[..., 60, :1].clip(max=0)
    opening = np.nan_to_num(np.stack([inner_upper(x) - inner_lower(x) for x in np.moveaxis(steps, -1, 0)], axis=-1))
    x, y = np.moveaxis(face[..., RIGHT_EYE, :], -1, 0)
    values = [
        brow(iris_x) - iris_y,
        upper(iris_x) - iris_y,
        iris_y - lower(iris_x),
        np.abs(upper(middle) - lower(middle)),
        np.hypot(corner_x, rise),
        90 + np.degrees(np.arctan2(rise, np.abs(corner_x))),
        np.where(np.isnan(half), np.nan, dental_show),
        outer_upper(half) - outer_lower(half),
        np.abs((x * np.roll(y, 1, axis=-1) - y * np.roll(x, 1, axis=-1)).sum(axis=-1)) / 2,
        np.abs(np.trapezoid(opening.clip(min=0), steps)),
    ]
    return np.stack(values, axis=-1), np.stack([corner_y, outer_upper(half), outer_lower(half)], axis=-1)


class _Curve:
    """The height of a line through points (..., n, 2) at each x (...); NaN beyond its ends.

    A smoothing spline (quintic, of the polynomials the squares are free). It takes points in any order along x, two
    of them above each other too, and gives the mirror image the mirrored line.
    """

    def __init__(self, points, smoothing=SMOOTHING):
        x, y = np.moveaxis(points, -1, 0)
        self.ends = x.min(axis=-1), x.max(axis=-1)
        self.middle, self.half = sum(self.ends) / 2, (self.ends[1] - self.ends[0]) / 2
        self.knots = (x - self.middle[..., None]) / np.maximum(self.half, 1e-9)[..., None]
        n = x.shape[-1]
        basis = self._basis(self.knots)
        system = np.zeros((*x.shape[:-1], n + 3, n + 3))
        system[..., :n, :] = basis
        system[..., n:, :n] = np.swapaxes(basis[..., n:], -1, -2)
        system[..., range(n), range(n)] += smoothing
        heights = np.concatenate([y, np.zeros((*y.shape[:-1], 3))], axis=-1)[..., None]
        try:
            self.weights = np.linalg.solve(system, heights)
        except np.linalg.LinAlgError as error:
            raise BadLandmarksError("points of a brow, lid or lip lie above each other: not a frontal face") from error

    def __call__(self, x):
        heights = self._basis(((x - self.middle) / self.half)[..., None]) @ self.weights
        return np.where((x >= self.ends[0]) & (x <= self.ends[1]), heights[..., 0, 0], np.nan)

    def _basis(self, x):
        kernel = -(np.abs(x[..., None] - self.knots[..., None, :]) ** 5)
        return np.concatenate([kernel, x[..., None] ** np.arange(3)], axis=-1)


def _half_way(upper_lip, corner_x, corner_y):
    """Where the upper lip is half as far from the mouth corner as the corner from the midline; NaN if it is nowhere."""
    near, far = corner_x, np.zeros_like(corner_x)
    for _ in range(50):  # halving: 15 digits
        middle = (near + far) / 2
        beyond = np.hypot(middle - corner_x, upper_lip(middle) - corner_y) > -corner_x / 2
        near, far = np.where(beyond, near, middle), np.where(beyond, middle, far)
    return np.where(corner_x < 0, near, np.nan)
