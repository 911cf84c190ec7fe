"""The iris in the picture of an open eye, by an integro-differential operator in the manner of Daugman (1993).

The circle is sought along which the mean brightness changes most from inside to outside. All centres and radii are
tried at once with array operations, on the eye scaled to one size, and only on the parts of circles between the lids.
"""

import cv2
import numpy as np

from ..face.schemes import LEFT_EYE, RIGHT_EYE

#: Width in px to which every eye is scaled, corner to corner.
_WIDTH = 80
#: Lids nearer to each other than this share of the eye's width are closed.
CLOSED = 0.16
#: The least step in brightness at the edge of an iris, as a share of the eye's mean brightness.
_LEAST_STEP = 0.06
#: Radii, as shares of the eye's width: an iris is about 11.8 mm wide and an eye about 30 mm.
_RADII = np.arange(0.14, 0.27, 0.01)
_ANGLES = np.radians(np.r_[-50:51:5, 130:231:5])


def find_irises(image, landmarks):
    """The circles of both irises.

    Parameters
    ----------
    image : ndarray (H, W, 3) uint8
        BGR.
    landmarks : ndarray (68, 2)
        x, y in px of the image.

    Returns
    -------
    left, right : tuple (x, y, radius) of floats, or None
        In px; the *subject's* left and right. None where the lids are closed or no circle stands out.
    """
    return tuple(_find_iris(image, np.asarray(landmarks, float)[eye]) for eye in (LEFT_EYE, RIGHT_EYE))


def is_closed(eye):
    """Whether the lids of an eye touch or nearly so.

    Parameters
    ----------
    eye : ndarray (6, 2)
        Corner, two points of the upper lid, corner, two points of the lower lid.

    Returns
    -------
    bool
    """
    width = np.linalg.norm(eye[3] - eye[0])
    opening = (np.linalg.norm(eye[1] - eye[5]) + np.linalg.norm(eye[2] - eye[4])) / 2
    return bool(opening < CLOSED * max(width, 1e-9))


def _find_iris(image, eye):
    if is_closed(eye):
        return None
    picture, matrix = _scaled_eye(image, eye)
    inside = _between_lids(cv2.transform(eye[None], matrix)[0], picture.shape)
    middle = np.array(picture.shape[::-1]) / 2
    centres = middle + _grid(0.45 * _WIDTH, 14, step=2)
    scores = _steps(picture, inside, centres)
    best, _ = np.unravel_index(np.argmax(scores), scores.shape)
    near = centres[best] + _grid(2, 2, step=0.5)
    scores = _steps(picture, inside, near)
    best, radius = np.unravel_index(np.argmax(scores), scores.shape)
    if scores[best, radius] < _LEAST_STEP * picture.mean():
        return None
    back = cv2.invertAffineTransform(matrix)
    x, y = back @ np.r_[near[best], 1.0]
    r = (_RADII[radius] + _RADII[radius + 1]) / 2 * _WIDTH * np.hypot(back[0, 0], back[1, 0])
    return float(x), float(y), float(r)


def _grid(half_width, half_height, step):
    x, y = (np.arange(-half, half + step / 2, step) for half in (half_width, half_height))
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def _scaled_eye(image, eye):
    """The eye, levelled and scaled to one width with a margin, grey and smoothed; and the (2, 3) map into it."""
    outer, inner = eye[0], eye[3]
    width = np.linalg.norm(inner - outer)
    cos, sin = (inner - outer) / width * (_WIDTH / width)
    size = int(1.5 * _WIDTH), int(0.9 * _WIDTH)
    matrix = np.array([[cos, sin, 0.0], [-sin, cos, 0.0]])
    matrix[:, 2] = np.array(size) / 2 - matrix[:, :2] @ eye.mean(axis=0)
    patch = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.GaussianBlur(cv2.cvtColor(patch, cv2.COLOR_BGR2GRAY), (0, 0), 1.5).astype(np.float32), matrix


def _between_lids(eye, shape):
    """Float mask of the opening, slightly shrunk so that lashes do not count."""
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(eye).astype(np.int32)], 1)
    return cv2.erode(mask, np.ones((3, 3), np.uint8)).astype(np.float32)


def _steps(picture, inside, centres):
    """How much brighter it gets at the edge of each circle, (centres, radii - 1), grey levels."""
    radii = _RADII * _WIDTH
    ring = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], -1)
    places = centres[:, None, None, :] + radii[:, None, None] * ring
    x, y = np.moveaxis(np.round(places).astype(int), -1, 0)
    height, width = picture.shape
    weight = inside[y.clip(0, height - 1), x.clip(0, width - 1)]
    weight = weight * ((x >= 0) & (y >= 0) & (x < width) & (y < height))
    mass = weight.sum(-1)
    mean = (picture[y.clip(0, height - 1), x.clip(0, width - 1)] * weight).sum(-1) / np.maximum(mass, 1)
    enough = np.minimum(mass[:, 1:], mass[:, :-1]) >= 0.25 * len(_ANGLES)
    return np.where(enough, np.diff(mean, axis=1), -np.inf)
