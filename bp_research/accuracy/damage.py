"""Photos spoilt on purpose, to see whether :attr:`bp_research.GetLandmarks.quality` notices."""

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import distance_transform_edt
from scipy.spatial.transform import Rotation

from ..face.geometry import interocular

#: What is done to photos. Covers are of the colours and textures in :data:`COVERS`.
DAMAGES = ("eyes covered", "mouth covered", "lower face covered", "half covered", "cut off", "blurred", "small", "turned")
COVERS = ("skin", "hand", "hair", "cloth", "black")

_UPRIGHT = {"eyes covered": slice(36, 48), "mouth covered": slice(48, 68), "lower face covered": [*range(2, 15), 29]}


def damaged(image, face, damage, seed=0):
    """A photo with one kind of damage, of a strength and at a place that the seed chooses.

    Parameters
    ----------
    image : ndarray (H, W, 3) uint8
        BGR.
    face : GetLandmarks
        What was found in it, by a model that makes a mesh.
    damage : str
        One of :data:`DAMAGES`.
    seed : int

    Returns
    -------
    ndarray (h, w, 3) uint8
    """
    rng, eyes = np.random.default_rng(seed), interocular(face.landmarks)
    if damage == "small":
        scale = rng.uniform(15, 40) / eyes
        return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if damage == "blurred":
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.02, 0.08) * eyes)
    if damage == "turned":
        return _turned(image, face, rng)
    if damage == "cut off":
        return _cut_off(image, face, rng)
    points = face.landmarks[_UPRIGHT[damage]] if damage in _UPRIGHT else face.mesh[_half(face, rng)]
    return _covered(image, face, points, rng.choice(COVERS), rng)


def _half(face, rng):
    """The mesh's points on one side of the line from the bridge of the nose to the chin."""
    bridge, chin = face.landmarks[[27, 8]]
    across = (face.mesh - bridge) @ ((chin - bridge)[::-1] * (1, -1))
    return across * rng.choice([-1, 1]) > 0


def _covered(image, face, points, cover, rng):
    height, width = image.shape[:2]
    eyes, area = interocular(face.landmarks), np.zeros((height, width), np.uint8)
    hull = cv2.convexHull(np.round(points).astype(np.int32))
    cv2.fillConvexPoly(area, hull, 1)
    cv2.polylines(area, [hull], True, 1, max(1, round(eyes * rng.uniform(0.2, 0.35))))
    cheeks = np.round(face.landmarks[[2, 14, 30]]).astype(int).clip(0, (width - 1, height - 1))
    skin = np.median(image[cheeks[:, 1], cheeks[:, 0]], axis=0)
    colour = {"hair": (25, 35, 50), "cloth": (200, 185, 170), "black": (0, 0, 0)}.get(str(cover), skin)
    # shading that is soft (skin), in strands (hair), folds (cloth) or fingers (hand)
    across, along, depth = {
        "skin": (0.3, 0.3, 0.06), "hand": (0.06, 0.6, 0.2), "hair": (0.006, 0.3, 0.6), "cloth": (0.4, 0.04, 0.08),
    }.get(str(cover), (1, 1, 0))
    size = [2 * round(length * eyes) + 1 for length in (across, along)]
    noise = cv2.stackBlur(rng.normal(size=(height, width)).astype(np.float32), size)
    patch = np.array(colour) * (1 + depth * noise / noise.std())[..., None]
    weight = cv2.GaussianBlur(area.astype(float), (0, 0), 0.01 * eyes + 0.5)[..., None]
    return np.clip(image * (1 - weight) + patch * weight, 0, 255).astype(np.uint8)


def _cut_off(image, face, rng):
    """The photo without a fifth to two fifths of the face, at one of its four edges."""
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    axis, end, share = rng.integers(2), rng.integers(2), rng.uniform(0.2, 0.4)
    place = int(low[axis] + (high - low)[axis] * (1 - share if end else share))
    kept = slice(None, place) if end else slice(place, None)
    return image[:, kept].copy() if axis == 0 else image[kept].copy()


def _turned(image, face, rng):
    """The photo with the head turned by 20 to 35 degrees aside, up or down; what was hidden is filled from beside it."""
    height, width = image.shape[:2]
    eyes = interocular(face.landmarks)
    turn = Rotation.from_euler(rng.choice(["x", "y"]), rng.choice([-1, 1]) * rng.uniform(20, 35), degrees=True)
    y, x = np.mgrid[:height, :width]
    # the face's depth, and around it a head that recedes
    inside = LinearNDInterpolator(face.mesh, face.depth)(x[::4, ::4], y[::4, ::4])
    away, nearest = distance_transform_edt(np.isnan(inside), return_indices=True)
    depth = inside[tuple(nearest)] + np.minimum(4 * away, 1.5 * eyes)
    depth = cv2.resize(cv2.GaussianBlur(depth.astype(np.float32), (0, 0), 1.5), (width, height))
    middle = np.r_[face.landmarks[[0, 16]].mean(axis=0), face.depth.max()]
    moved = turn.apply(np.stack([x.ravel(), y.ravel(), depth.ravel()], axis=1) - middle) + middle
    order = np.argsort(-moved[:, 2], kind="stable")
    column, row = np.round(moved[order, :2]).astype(int).T
    seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    picture, hole = np.zeros_like(image), np.ones((height, width), bool)
    picture[row[seen], column[seen]] = image.reshape(-1, 3)[order[seen]]
    hole[row[seen], column[seen]] = False
    _, source = distance_transform_edt(hole, return_indices=True)
    return picture[tuple(source)]
