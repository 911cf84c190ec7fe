"""Numbers from points: levelling, mirroring, the distances and 29 features, signed asymmetry, point error.

Every function takes points with any number of leading axes, ``(..., n_points, 2)``, x then y in pixels with y downwards,
and works on all of them at once. Definitions: Parra-Dominguez et al., Appl. Sci. 2021, 11, 2435; the departures from it
are explained where they occur.
"""

import numpy as np

from ..errors import BadLandmarksError
from .schemes import (
    DISTANCES,
    FEATURE_FORMULAS,
    INNER,
    LEFT_BROW,
    LEFT_EYE,
    LEFT_MOUTH_CORNER,
    MIRROR_51,
    MIRROR_68,
    RIGHT_BROW,
    RIGHT_EYE,
    RIGHT_MOUTH_CORNER,
    TO_51,
)

#: The share of the face's width below which an eye's opening is not told from closed (features f11-f13).
CLOSED_EYE = 0.01

#: Pairs of the 51 points whose distance each letter is.
PAIRS = {
    **{"A": (48, 49), "Bl": (10, 13), "Br": (16, 19), "C": (37, 50), "D": (10, 48), "E": (19, 49), "F": (10, 37)},
    **{"G": (19, 37), "H": (10, 23), "I": (19, 27), "J": (23, 37), "K": (27, 37), "Nl": (11, 15), "Nr": (12, 14)},
    **{"Ol": (17, 21), "Or": (18, 20), "Pl": (29, 39), "Pu": (30, 38), "Ql": (33, 35), "Qu": (32, 36)},
    **{"R": (3, 37), "S": (6, 37), "T": (2, 37), "U": (7, 37), "Vl": (28, 37), "Vr": (34, 37)},
    **{"W": (28, 34), "X": (25, 31)},
}
#: Points around which each half of the mouth is measured.
PERIMETERS = {"Wl": (28, 29, 30, 31, 37, 38, 39), "Wr": (31, 32, 33, 34, 35, 36, 37)}


def check_points(points, counts=(68, 51)):
    """Points as float64, or an error that says what is wrong with them.

    Parameters
    ----------
    points : array_like (..., n, 2)
        Landmarks, x then y, pixels.
    counts : tuple of int
        The numbers of points ``n`` that are allowed.

    Returns
    -------
    ndarray (..., n, 2) float64

    Raises
    ------
    BadLandmarksError
        If the shape is another, or a coordinate is not a finite number.
    """
    try:
        points = np.asarray(points, dtype=float)
    except (TypeError, ValueError) as error:
        raise BadLandmarksError(f"landmarks must be an array of numbers, not {type(points).__name__}") from error
    if points.ndim < 2 or points.shape[-1] != 2 or points.shape[-2] not in counts:
        wanted = " or ".join(f"({n}, 2)" for n in counts)
        raise BadLandmarksError(f"landmarks must have the shape {wanted}, x then y; these have {points.shape}")
    if not np.isfinite(points).all():
        bad = np.unique(np.argwhere(~np.isfinite(points))[:, -2])
        raise BadLandmarksError(f"landmarks must be finite numbers; points {bad.tolist()[:10]} are not")
    return points


def to_51(points):
    """The 51 points P0..P50 of 68 (51 pass unchanged).

    Parameters
    ----------
    points : array_like (..., 68, 2) or (..., 51, 2)

    Returns
    -------
    ndarray (..., 51, 2) float64

    Raises
    ------
    BadLandmarksError
        For any other shape or for numbers that are not finite.
    """
    points = check_points(points)
    return points[..., TO_51, :] if points.shape[-2] == 68 else points


def level(points):
    """Turn faces about the jaw's image-left end P48 until the line P48-P49 is level.

    Coordinates stay floating point: whole pixels would visibly move the features of a closed eye.

    Parameters
    ----------
    points : array_like (..., 51, 2) or (..., 68, 2)

    Returns
    -------
    levelled : ndarray (..., 51, 2)
        In pixels, P48 where it was.
    tilt : ndarray (...)
        Degrees in (-180, 180], the angle by which the line pointed downwards to the image's right.
    """
    points = to_51(points)
    left_end, right_end = points[..., 48, :], points[..., 49, :]
    angle = np.arctan2(*np.moveaxis(right_end - left_end, -1, 0)[::-1])
    return rotate(points, -np.degrees(angle), left_end), np.degrees(angle)


def rotate(points, degrees, centre=(0.0, 0.0)):
    """Rotate points; positive angles turn x towards y, which is clockwise on the screen.

    Parameters
    ----------
    points : array_like (..., n, 2)
    degrees : array_like (...)
        One angle for each face.
    centre : array_like (..., 2)
        The point that stays, (x, y).

    Returns
    -------
    ndarray (..., n, 2)
    """
    angle = np.radians(np.asarray(degrees, float))[..., None]
    centre = np.asarray(centre, float)[..., None, :]
    x, y = np.moveaxis(np.asarray(points, float) - centre, -1, 0)
    turned = np.stack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)], axis=-1)
    return turned + centre


def mirror(points, width=0.0):
    """The landmarks of the mirrored photo, renumbered so that each point keeps its meaning on the other side.

    Parameters
    ----------
    points : array_like (..., 68, 2) or (..., 51, 2)
    width : float
        Width of the photo, px. A pixel centre x becomes ``width - 1 - x``; 0 mirrors about x = 0.

    Returns
    -------
    ndarray, of the same shape
    """
    points = check_points(points)
    pairs = MIRROR_68 if points.shape[-2] == 68 else MIRROR_51
    out = points[..., pairs, :].copy()
    out[..., 0] = (width - 1 if width else 0) - out[..., 0]
    return out


def transform(points, matrix):
    """Apply an affine map to points.

    Parameters
    ----------
    points : array_like (..., 2)
    matrix : array_like (2, 3)
        As OpenCV has it: ``[x', y'] = matrix @ [x, y, 1]``.

    Returns
    -------
    ndarray (..., 2)
    """
    matrix = np.asarray(matrix, float)
    return np.asarray(points, float) @ matrix[:, :2].T + matrix[:, 2]


def _distance(points, i, j):
    return np.linalg.norm(points[..., i, :] - points[..., j, :], axis=-1)


def distance_array(points):
    """The 34 distances A..X, Wl, Wr, N, O, L, M of levelled faces.

    L and M are the mean heights of the two brows above the level of the nose base P25. (The published programs take image
    rows, which makes feature f3 depend on how the photo was cropped.)

    Parameters
    ----------
    points : array_like (..., 51, 2)
        Levelled, see :func:`level`; pixels.

    Returns
    -------
    ndarray (..., 34)
        Pixels, in the order of :data:`bp_research.face.schemes.DISTANCES`.
    """
    points = check_points(points, (51,))
    values = {name: _distance(points, *pair) for name, pair in PAIRS.items()}
    for name, loop in PERIMETERS.items():
        values[name] = sum(_distance(points, i, j) for i, j in zip(loop, loop[1:] + loop[:1], strict=True))
    y = points[..., 1]
    for name, (upper, lower) in {"N": ((11, 12), (15, 14)), "O": ((17, 18), (21, 20))}.items():
        values[name] = np.abs(y[..., upper] - y[..., lower]).mean(axis=-1)
    for name, brow in {"L": slice(0, 5), "M": slice(5, 10)}.items():
        values[name] = y[..., 25] - y[..., brow].mean(axis=-1)
    return np.stack([values[name] for name in DISTANCES], axis=-1)


def feature_array(points):
    """The 29 asymmetry features of faces at any tilt, size and place.

    A ratio ``a:b`` is ``max(a/b, b/a)``: 1 is symmetric, larger is worse. Angles are acute, 0-90 degrees, between a line
    and the horizontal of the levelled face. Two choices differ from the published programs so that the features do not
    depend on the photo's size and closed eyes do not divide by zero: eye openings in f11-f13 are first raised to at
    least 1 % of the face's width A; and f23 is the deviation of the line from the vertical.

    Parameters
    ----------
    points : array_like (..., 68, 2) or (..., 51, 2)
        Need not be levelled.

    Returns
    -------
    ndarray (..., 29)
        f0..f28; degrees for f0, f1, f2, f7, f14, f22, f23, else without unit. See
        :data:`bp_research.face.schemes.FEATURE_LABELS`.

    Raises
    ------
    BadLandmarksError
        For wrong shapes, numbers that are not finite, and points that coincide where a feature divides by their distance.
    """
    points, _ = level(points)
    d = dict(zip(DISTANCES, np.moveaxis(distance_array(points), -1, 0), strict=True))

    def line(i, j):
        return np.moveaxis(np.abs(points[..., int(i), :] - points[..., int(j), :]), -1, 0)

    def tilt(i, j):
        dx, dy = line(i, j)
        return np.degrees(np.arctan2(dy, dx))

    def slope(i, j):
        dx, dy = line(i, j)
        return dy / dx

    def ratio(a, b, least=-np.inf):
        a, b = np.maximum(d[a], least), np.maximum(d[b], least)
        return np.maximum(a / b, b / a)

    kinds = {
        "tilt": tilt,
        "upright": lambda i, j: np.abs(90 - tilt(i, j)),
        "slope": slope,
        "ratio": ratio,
        "opening": lambda a, b: ratio(a, b, CLOSED_EYE * d["A"]),
        "larger": lambda a, b, whole: np.maximum(d[a], d[b]) / d[whole],
        "share": lambda part, whole: d[part] / d[whole],
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        features = np.stack([kinds[kind](*of) for kind, *of in FEATURE_FORMULAS.values()], axis=-1)
    if not np.isfinite(features).all():
        bad = np.unique(np.argwhere(~np.isfinite(features))[:, -1])
        raise BadLandmarksError(
            f"points coincide where features {', '.join(f'f{i}' for i in bad)} divide by their distance: not a face"
        )
    return features


def interocular(points):
    """Distance between the outer corners of the eyes (points 36 and 45 of the 68).

    Parameters
    ----------
    points : array_like (..., 68, 2)

    Returns
    -------
    ndarray (...)
        Pixels.
    """
    return _distance(check_points(points, (68,)), 36, 45)


def eye_frame(points):
    """Faces of one size, place and tilt: the outer eye corners level, their middle at (0, 0), their distance 1.

    Parameters
    ----------
    points : array_like (..., 68, 2)

    Returns
    -------
    ndarray (..., 68, 2)
        x then y, y downwards; proportions of the inter-ocular distance.

    Raises
    ------
    BadLandmarksError
        For wrong shapes, numbers that are not finite, or outer eye corners in one place.
    """
    points = check_points(points, (68,))
    span = interocular(points)
    if (span <= 0).any():
        raise BadLandmarksError("both outer eye corners are in the same place: not a face")
    right, left = points[..., 36, :], points[..., 45, :]
    dx, dy = np.moveaxis(left - right, -1, 0)
    middle = (right + left) / 2
    return (rotate(points, -np.degrees(np.arctan2(dy, dx)), middle) - middle[..., None, :]) / span[..., None, None]


def mirror_difference(points):
    """Each point of a face less that of the face's own mirror image, both in the :func:`eye_frame`.

    Zero for a symmetric face. Half of it would have to be taken off each side to make the face symmetric; downwards at
    the mouth corner it is the asymmetry of the mouth in :func:`asymmetry`, with the sign turned on the subject's left.

    Parameters
    ----------
    points : array_like (..., 68, 2)

    Returns
    -------
    ndarray (..., 68, 2)
        x then y, y downwards; proportions of the inter-ocular distance.
    """
    framed = eye_frame(points)
    return framed - mirror(framed)


def _opening(framed, eye):
    """Mean distance of the lids in the eye frame."""
    _, a, b, _, c, d = eye
    return np.abs(framed[..., [a, b], 1] - framed[..., [d, c], 1]).mean(axis=-1)


def asymmetry(points):
    """Signed asymmetry of mouth, brows and eyes: the subject's left side minus the right, over inter-ocular distance.

    Measured in the frame of the eyes, level along the line of the outer eye corners. Positive: the subject's left mouth
    corner or brow is higher, or the left eye is wider open. Mirroring the face changes the sign.

    Parameters
    ----------
    points : array_like (..., 68, 2)

    Returns
    -------
    ndarray (..., 3)
        In the order of :data:`bp_research.face.schemes.REGIONS`; proportions of the inter-ocular distance.

    Raises
    ------
    BadLandmarksError
        For wrong shapes, numbers that are not finite, or outer eye corners in one place.
    """
    framed = eye_frame(points)
    height = -framed[..., 1]
    difference = [
        height[..., LEFT_MOUTH_CORNER] - height[..., RIGHT_MOUTH_CORNER],
        height[..., LEFT_BROW].mean(axis=-1) - height[..., RIGHT_BROW].mean(axis=-1),
        _opening(framed, LEFT_EYE) - _opening(framed, RIGHT_EYE),
    ]
    return np.stack(difference, axis=-1)


def with_asymmetry(points, values):
    """A face moved as little as needed to have given signed asymmetries; sizes that both sides share stay.

    The line of the lips is tilted, the brows are moved against each other, and lids are opened and closed; an eye cannot be
    more than closed, so that the other one opens where it would have to.

    Parameters
    ----------
    points : array_like (..., 68, 2)
        px.
    values : array_like (..., 3)
        As :func:`asymmetry` gives them.

    Returns
    -------
    ndarray (..., 68, 2)
        px.

    Raises
    ------
    BadLandmarksError
        As :func:`asymmetry`.
    """
    framed, more = eye_frame(points), np.asarray(values, float) - asymmetry(points)
    up = np.zeros(framed.shape[:-1])
    lips = np.arange(48, 68)
    x = framed[..., lips, 0] - framed[..., [RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER], 0].mean(axis=-1, keepdims=True)
    width = framed[..., LEFT_MOUTH_CORNER, 0] - framed[..., RIGHT_MOUTH_CORNER, 0]
    up[..., lips] += more[..., [0]] * x / width[..., None]
    for brow, sign in ((LEFT_BROW, 0.5), (RIGHT_BROW, -0.5)):
        up[..., brow] += sign * more[..., [1]]
    left, right = _opening(framed, LEFT_EYE), _opening(framed, RIGHT_EYE)
    least = np.maximum((left + right) / 2, np.abs(left - right + more[..., 2]) / 2)
    for eye, old, sign in ((LEFT_EYE, left, 0.5), (RIGHT_EYE, right, -0.5)):
        new = least + sign * (left - right + more[..., 2])
        half = (framed[..., eye[[5, 4]], 1] - framed[..., eye[1:3], 1]) / 2
        closing = half * np.minimum(new / np.maximum(old, 1e-12) - 1, 0)[..., None]  # lids that close do not cross
        wider = np.where((new < old)[..., None], closing, (new - old)[..., None] / 2)
        up[..., eye[1:3]] += wider
        up[..., eye[[5, 4]]] -= wider
    right, left = (np.asarray(points, float)[..., i, :] for i in (36, 45))
    upwards = np.stack([left[..., 1] - right[..., 1], right[..., 0] - left[..., 0]], axis=-1)  # one inter-ocular distance
    return points + up[..., None] * upwards[..., None, :]


def point_error(predicted, true):
    """Mean distance of the 51 inner points from the true ones, over the true inter-ocular distance.

    The inner points are 17-67 of the 68, all but the jaw line, as is usual since the 300-W challenge. They are not the
    51 points P0..P50 of the features, three of which lie on the jaw, where annotators agree least.

    Parameters
    ----------
    predicted, true : array_like (..., 68, 2)

    Returns
    -------
    ndarray (...)
        Proportions of the outer inter-ocular distance.
    """
    gap = check_points(predicted, (68,)) - check_points(true, (68,))
    return np.linalg.norm(gap[..., INNER, :], axis=-1).mean(axis=-1) / interocular(true)
