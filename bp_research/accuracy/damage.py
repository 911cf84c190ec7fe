"""Photos spoilt on purpose, to see whether :attr:`bp_research.GetLandmarks.quality` notices."""

import cv2
import numpy as np
import pandas as pd
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import distance_transform_edt
from scipy.spatial.transform import Rotation

from ..errors import NoFaceError
from ..face.geometry import interocular
from ..landmarks.get_landmarks import GetLandmarks

# Covers: colour (BGR; None is the face's skin), and how wide, long (inter-ocular distances) and deep their shading is.
_COVERS = {"skin": (None, 0.3, 0.3, 0.06), "hand": (None, 0.06, 0.6, 0.2), "hair": ((25, 35, 50), 0.006, 0.3, 0.6)}
_COVERS |= {"cloth": ((200, 185, 170), 0.4, 0.04, 0.08), "black": ((0, 0, 0), 1, 1, 0)}
_COVERED = {"eyes covered": slice(36, 48), "mouth covered": slice(48, 68), "lower face covered": [*range(2, 15), 29]}

#: What is done to photos.
DAMAGES = (*_COVERED, "half covered", "cut off", "blurred", "small", "turned")


def damaged(image, face, damage, seed=0):
    """A photo with one kind of damage, of a strength, at a place and with a cover that the seed chooses.

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
        Reduced until the outer eye corners are 15 to 40 px apart, blurred by .02 to .08 of their distance, without a fifth to
        two fifths of the face at one edge, or with the head turned by 20 to 35 degrees.
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
        axis, low, high = rng.integers(2), face.landmarks.min(axis=0), face.landmarks.max(axis=0)
        low, high = (low + rng.uniform(0.2, 0.4) * (high - low))[axis], (high - rng.uniform(0.2, 0.4) * (high - low))[axis]
        kept = slice(int(low), None) if rng.integers(2) else slice(None, int(high))
        return np.ascontiguousarray(image[:, kept] if axis == 0 else image[kept])
    return _covered(image, face, damage, eyes, rng)


def caught(photos, seed=0):
    """Damage each photo in every way and look whether a reason is given.

    Parameters
    ----------
    photos : PhotoSet
    seed : int

    Returns
    -------
    DataFrame
        One row per damaged photo: ``patient_id``, ``damage``, and ``caught``: whether there is a reason, or no face is found.
    """
    rows = []
    for photo in photos:
        image = photo.image
        face = GetLandmarks(image)
        for damage in DAMAGES:
            try:
                found = bool(GetLandmarks(damaged(image, face, damage, seed + len(rows))).quality)
            except NoFaceError:
                found = True
            rows.append((photo.patient_id, damage, found))
    return pd.DataFrame(rows, columns=["patient_id", "damage", "caught"])


def _covered(image, face, damage, eyes, rng):
    if damage in _COVERED:
        points = face.landmarks[_COVERED[damage]]
    else:  # the mesh on one side of the line from the bridge of the nose to the chin
        bridge, chin = face.landmarks[[27, 8]]
        points = face.mesh[(face.mesh - bridge) @ ((chin - bridge)[::-1] * (1, -1)) * rng.choice([-1, 1]) > 0]
    height, width = image.shape[:2]
    hull, area = cv2.convexHull(np.round(points).astype(np.int32)), np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(area, hull, 1)
    cv2.polylines(area, [hull], True, 1, max(1, round(eyes * rng.uniform(0.2, 0.35))))
    colour, across, along, depth = _COVERS[str(rng.choice(list(_COVERS)))]
    if colour is None:
        x, y = face.landmarks[[[41, 31, 2], [46, 35, 14]]].mean(axis=1).clip(0, (width - 1, height - 1)).astype(int).T
        colour = image[y, x].mean(axis=0)
    noise = rng.normal(size=(height, width)).astype(np.float32)
    noise = cv2.stackBlur(noise, [2 * round(length * eyes) + 1 for length in (across, along)])
    patch = np.array(colour) * (1 + depth * noise / noise.std())[..., None]
    weight = cv2.GaussianBlur(area.astype(float), (0, 0), 0.01 * eyes + 0.5)[..., None]
    return np.clip(image * (1 - weight) + patch * weight, 0, 255).astype(np.uint8)


def _turned(image, face, rng):
    """The head turned aside, up or down as a body by the mesh's depth; what was hidden is filled from beside it."""
    height, width = image.shape[:2]
    turn = Rotation.from_euler(rng.choice(["x", "y"]), rng.choice([-1, 1]) * rng.uniform(20, 35), degrees=True)
    y, x = np.mgrid[:height, :width]
    inside = LinearNDInterpolator(face.mesh, face.depth)(x[::4, ::4], y[::4, ::4])
    away, nearest = distance_transform_edt(np.isnan(inside), return_indices=True)
    # around the face lies a head that recedes
    depth = inside[tuple(nearest)] + np.minimum(4 * away, 1.5 * interocular(face.landmarks))
    depth = cv2.resize(cv2.GaussianBlur(depth.astype(np.float32), (0, 0), 1.5), (width, height))
    middle = np.r_[face.landmarks[[0, 16]].mean(axis=0), face.depth.max()]
    moved = turn.apply(np.stack([x.ravel(), y.ravel(), depth.ravel()], axis=1) - middle) + middle
    order = np.argsort(-moved[:, 2], kind="stable")  # the nearest is painted last
    column, row = np.round(moved[order, :2]).astype(int).T
    order = order[seen := (column >= 0) & (column < width) & (row >= 0) & (row < height)]
    source = np.full((height, width), -1)
    source[row[seen], column[seen]] = order
    _, nearest = distance_transform_edt(source < 0, return_indices=True)
    return image.reshape(-1, 3)[source[tuple(nearest)]]
