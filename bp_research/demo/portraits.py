"""The two public-domain portraits that every simulated person is made from, with their landmarks.

`matplotlib` installs an official U.S. Navy portrait of Grace Hopper and `scikit-image` a NASA portrait of Eileen
Collins; both are in the public domain. Their 68 landmarks were placed by hand on the enlarged portraits, so that
simulating needs no model. Coordinates are pixels of the portraits, x then y, with (0, 0) in the centre of the first
pixel; all names here use the sides of the image.

Two coordinate systems are used by the modules of this package: portrait pixels, and *face units*: the origin midway
between the outer eye corners, x towards the image's right along the line through them, y downwards, and the distance
between the two corners as the unit.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

_HOPPER = [
    (176.2, 201.0), (179.2, 224.2), (183.8, 246.5), (188.8, 268.5), (196.2, 289.5), (208.0, 308.5), (225.5, 322.2),
    (247.2, 330.8), (270.8, 332.2), (293.5, 328.5), (312.5, 317.5), (327.5, 302.8), (338.2, 282.8), (344.2, 261.2),
    (348.0, 239.0), (350.8, 215.8), (351.8, 192.0),
    (188.5, 183.0), (196.0, 174.5), (211.0, 167.5), (228.8, 167.5), (245.2, 172.2),
    (282.2, 169.0), (297.8, 162.5), (314.8, 160.5), (330.2, 165.0), (340.0, 174.0),
    (265.8, 188.5), (266.8, 205.0), (268.2, 221.2), (269.5, 238.0),
    (248.5, 246.8), (258.5, 249.2), (269.0, 252.2), (279.0, 248.8), (288.0, 245.2),
    (210.0, 194.2), (217.5, 186.4), (227.9, 186.2), (239.8, 193.2), (228.5, 195.2), (218.1, 196.0),
    (289.1, 191.1), (297.9, 182.9), (310.0, 183.1), (320.3, 191.1), (311.0, 193.0), (298.4, 193.2),
    (230.0, 280.4), (243.5, 272.8), (256.0, 271.6), (266.0, 273.1), (277.3, 272.2), (290.0, 272.9), (302.8, 276.7),
    (291.5, 283.4), (278.8, 289.8), (267.5, 291.1), (257.0, 290.6), (245.0, 285.8),
    (233.4, 279.6), (257.0, 278.3), (267.0, 279.7), (278.0, 277.7), (299.0, 276.5),
    (278.0, 277.9), (267.0, 279.9), (257.0, 278.5),
]  # fmt: skip
_COLLINS = [
    (179.8, 103.8), (180.0, 115.5), (181.0, 126.8), (182.2, 138.2), (185.0, 149.8), (191.2, 160.0), (200.0, 168.5),
    (209.2, 175.0), (220.5, 177.6), (232.2, 176.6), (243.5, 171.2), (253.5, 163.5), (261.0, 154.0), (265.8, 143.0),
    (268.5, 131.2), (270.8, 119.8), (272.0, 108.0),
    (189.8, 90.3), (193.5, 88.2), (199.3, 87.5), (206.5, 89.2), (213.2, 91.8),
    (238.2, 92.6), (244.5, 91.9), (250.8, 91.5), (257.0, 92.0), (262.4, 95.3),
    (226.2, 102.5), (226.0, 110.8), (225.8, 119.0), (225.5, 127.5),
    (214.5, 131.2), (219.5, 132.8), (224.5, 134.3), (230.0, 133.2), (234.8, 132.0),
    (192.0, 100.8), (198.5, 97.0), (206.0, 97.6), (213.2, 103.3), (206.5, 104.3), (199.3, 103.9),
    (236.5, 104.6), (243.0, 99.5), (250.5, 99.4), (258.0, 103.3), (251.5, 106.1), (243.5, 105.9),
    (202.7, 138.9), (209.5, 138.9), (218.5, 139.5), (223.3, 140.3), (229.5, 139.8), (237.8, 140.1), (244.2, 140.7),
    (237.0, 148.8), (229.5, 153.6), (223.2, 154.5), (217.0, 153.9), (209.5, 149.2),
    (203.8, 139.8), (217.6, 142.9), (223.2, 143.4), (229.5, 143.2), (243.0, 141.3),
    (230.1, 148.7), (223.2, 149.0), (217.0, 148.8),
]  # fmt: skip

# Grace Hopper's spectacles, which stay rigid while the face behind them moves: (line width or 0 for a filled shape,
# points of the portrait).
_SPECTACLES = (
    (0, [(177, 178), (186, 175), (203, 173.5), (221, 174), (236, 176.5), (248, 181), (247, 183.5), (231, 181.5),
         (211, 180.5), (199, 181.5), (193, 183), (190, 196), (185.5, 191), (178, 184)]),
    (5, [(187, 193), (190, 205), (194, 215), (200, 223), (206, 229), (213, 232), (222, 233), (236, 231), (246, 224.5),
         (249.7, 216), (251.5, 206), (251, 198), (249, 190), (246, 184)]),
    (0, [(245, 181), (281, 180.5), (279, 192), (279, 200), (275, 198), (271, 191.5), (263, 191), (258, 192.5),
         (253, 199), (250, 200), (249, 190)]),
    (0, [(281, 179.5), (293, 171.5), (304.5, 168), (318, 167), (336, 167.5), (352, 169), (361, 178), (358, 185),
         (350, 180), (344, 182), (340.5, 190), (337, 183), (331, 176), (315, 173), (304.5, 173), (293.5, 177.5)]),
    (5, [(278, 200), (279, 205), (282.6, 213.5), (287, 220), (294.6, 224.5), (304.5, 226.5), (315.4, 225),
         (325, 220.5), (334, 213.5), (339, 203), (340.5, 188)]),
)  # fmt: skip
# White glare in her lenses, painted over together with the spectacles.
_GLARE = ((0, [(322, 173), (330, 173), (337, 183), (331, 186), (322, 178)]),
          (0, [(196, 181), (211, 180), (209, 184), (203, 187), (197, 188)]))  # fmt: skip
_SHADOW = ((0, [(176, 176), (203, 173), (221, 173), (247, 179), (247, 184), (231, 182), (211, 181), (193, 185),
                (180, 190)]),
           (0, [(281, 178), (294, 171), (318, 167), (352, 168), (358, 184), (337, 182), (331, 177), (305, 174),
                (285, 182)]))  # fmt: skip


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
    for width, points in shapes:
        corners = np.round(np.array(points) * scale).astype(np.int32)
        if width:
            cv2.polylines(mask, [corners], False, 255, width, cv2.LINE_AA, 4)
        else:
            cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _without_spectacles(image):
    """Return the portrait with its spectacles painted over, and the spectacles as (H, W, 4)."""
    frame = _shapes(_SPECTACLES, image.shape[:2])
    hidden = cv2.dilate(np.maximum(frame, _shapes(_GLARE, image.shape[:2])), np.ones((3, 3)))
    bare = cv2.inpaint(image, (hidden > 0.1).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    # Below brows and frame lie shadows, which a raised brow would uncover: lighten them to the forehead's tone.
    shadow = cv2.GaussianBlur(_shapes(_SHADOW, image.shape[:2]), (0, 0), 2)[..., None] * 0.65
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
        points = np.array(_HOPPER)
    else:
        import skimage.data

        image = np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])
        points, spectacles = np.array(_COLLINS), None
    across = points[45] - points[36]
    axes = np.stack([across, (-across[1], across[0])], axis=-1)
    origin = (points[36] + points[45]) / 2
    to_face = np.linalg.inv(axes).T
    shape = (points - origin) @ to_face
    rest = shape if name == "hopper" else _closed_mouth(shape)
    grid = np.stack(np.meshgrid(*map(np.arange, image.shape[1::-1])), axis=-1)
    skin = _skin(image, points, (grid - origin) @ to_face)
    return Portrait(name, image, points, origin, axes, rest, spectacles, skin)
