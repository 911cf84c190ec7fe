"""The two public-domain portraits that every simulated person is made from, with their landmarks.

`matplotlib` installs an official U.S. Navy portrait of Grace Hopper and `scikit-image` a NASA portrait of Eileen
Collins; both are in the public domain. Their 68 landmarks were placed by hand on the enlarged portraits, so that
simulating needs no model. Coordinates are pixels of the portraits, x then y, with (0, 0) in the centre of the first
pixel; all names here use the sides of the image.

Two coordinate systems are used by the modules of this package: portrait pixels, and *face units*: the origin midway
between the outer eye corners, x towards the image's right along the line through them, y downwards, and the distance
between the two corners as the unit.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

#: Of each portrait the landmarks; of Grace Hopper's also the shapes (line width or 0 for a filled one, points) of her
#: spectacles, which stay rigid while the face behind them moves, of the white glare in their lenses, which is painted
#: over with them, and of the shadows below brows and frame.
_DRAWN = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Portrait:
    """A public-domain portrait with its landmarks.

    Attributes
    ----------
    name : str
    image : ndarray of uint8, shape (H, W, 3), BGR
        The portrait, without spectacles.
    points : ndarray of float64, shape (68, 2)
        Landmarks, pixels, x then y, iBUG order.
    origin : ndarray of float64, shape (2,)
        Midway between the outer eye corners, pixels.
    axes : ndarray of float64, shape (2, 2)
        Columns: one face unit along the face's x and y, in pixels.
    rest : ndarray of float64, shape (68, 2)
        The landmarks of the resting face, face units.
    spectacles : ndarray of float32, shape (H, W, 4), or None
        Colour and cover (0 to 1) of the spectacles.
    skin : ndarray of float32, shape (H, W)
        How far each pixel is skin, 0 to 1.
    """

    name: str
    image: np.ndarray
    points: np.ndarray
    origin: np.ndarray
    axes: np.ndarray
    rest: np.ndarray
    spectacles: np.ndarray | None
    skin: np.ndarray

    def to_face(self, pixels):
        """Pixels of the portrait, (..., 2), to face units."""
        return (np.asarray(pixels) - self.origin) @ np.linalg.inv(self.axes).T

    def to_pixels(self, points):
        """Face units, (..., 2), to pixels of the portrait."""
        return np.asarray(points) @ self.axes.T + self.origin


def _shapes(shapes, size, scale=16):
    """Draw filled shapes and thick lines as a mask (H, W) of 0 to 1, smooth at their edges."""
    mask = np.zeros(size, np.uint8)
    for shape in shapes:
        corners = np.round(np.array(shape["points"]) * scale).astype(np.int32)
        if shape["width"]:
            cv2.polylines(mask, [corners], False, 255, shape["width"], cv2.LINE_AA, 4)
        else:
            cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _without_spectacles(image):
    """Return the portrait with its spectacles painted over, and the spectacles as (H, W, 4)."""
    frame = _shapes(_DRAWN["hopper"]["spectacles"], image.shape[:2])
    hidden = cv2.dilate(np.maximum(frame, _shapes(_DRAWN["hopper"]["glare"], image.shape[:2])), np.ones((3, 3)))
    bare = cv2.inpaint(image, (hidden > 0.1).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    # Below brows and frame lie shadows, which a raised brow would uncover: lighten them to the forehead's tone.
    shadow = cv2.GaussianBlur(_shapes(_DRAWN["hopper"]["shadow"], image.shape[:2]), (0, 0), 2)[..., None] * 0.65
    forehead = image[140:152, 230:300].mean((0, 1)) * 0.86
    grain = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 16, shadow.shape[:2]), (0, 0), 0.9)[..., None]
    bare = np.round(bare + (forehead + grain - bare) * shadow).clip(0, 255).astype(np.uint8)
    cover = cv2.GaussianBlur(frame, (0, 0), 0.7)
    return bare, np.dstack([image.astype(np.float32), cover])


def _skin(image, points, shape):
    """Return how far each pixel is skin (H, W): coloured like the cheeks, near the face, smoothed.

    `points` are the landmarks in pixels, `shape` each pixel's place (H, W, 2) in face units.
    """
    lab = cv2.cvtColor(image, cv2.COLOR_BGR2LAB).astype(np.float32)
    cheeks = points[[1, 2, 3, 13, 14, 15]] * 0.6 + points[30] * 0.4
    columns, rows = np.round(cheeks).astype(int).T
    tone = np.median(lab[rows, columns], axis=0)
    distance = np.abs(lab - tone) / (70, 11, 15)
    near = np.clip(8 - 8 * np.abs(shape[..., 0]), 0, 1) * np.clip(6 - 3 * np.abs(shape[..., 1] - 0.5), 0, 1)
    return cv2.GaussianBlur((near * np.clip(1.6 - distance.max(axis=-1), 0, 1)).astype(np.float32), (0, 0), 1.5)


def _closed_mouth(points):
    """Return the 68 points (68, 2, face units) of a smiling face with the mouth at rest.

    Only the smiling portrait needs it. The lips keep their thickness, the corners come in and down.
    """
    rest = points.copy()
    middle = (points[48, 0] + points[54, 0]) / 2
    half_width, seam = 0.285, points[[62, 66], 1].mean() - 0.005
    along = (points[48:68, 0] - middle) / ((points[54, 0] - points[48, 0]) / 2)
    x = middle + along * half_width
    line = seam + 0.004 * along**2 - 0.010 * np.exp(-((along / 0.2) ** 2)) + 0.01
    rest[48:68] = np.stack([x, line], axis=-1)
    rest[[49, 53], 1] -= 0.048
    rest[[50, 52], 1] -= 0.070
    rest[51, 1] -= 0.052
    rest[[55, 59], 1] += 0.056
    rest[[56, 58], 1] += 0.078
    rest[57, 1] += 0.082
    rest[65:68, 1] += 0.004
    rest[31:36] = points[31:36] * (0.94, 1) + (points[33, 0] * 0.06, 0.012)
    rest[5:12, 1] -= 0.015
    return rest


@cache
def portrait(name):
    """Return the portrait "hopper" or "collins".

    Parameters
    ----------
    name : {"hopper", "collins"}

    Returns
    -------
    Portrait
    """
    if name == "hopper":
        import matplotlib

        image = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")
        image, spectacles = _without_spectacles(image)
    else:
        import skimage.data

        image = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
        spectacles = None
    points = np.array(_DRAWN[name]["landmarks"])
    across = points[45] - points[36]
    axes = np.stack([across, (-across[1], across[0])], axis=-1)
    origin = (points[36] + points[45]) / 2
    to_face = np.linalg.inv(axes).T
    shape = (points - origin) @ to_face
    rest = shape if name == "hopper" else _closed_mouth(shape)
    grid = np.stack(np.meshgrid(*map(np.arange, image.shape[1::-1])), axis=-1)
    skin = _skin(image, points, (grid - origin) @ to_face)
    return Portrait(name, image, points, origin, axes, rest, spectacles, skin)
