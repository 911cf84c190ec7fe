"""Landmarks that keep asymmetry: each side of the face read from a picture in which both sides are that side.

A face mesh trained on healthy faces draws a palsied face too symmetric. Here each half of the face is completed by its own
mirror image. Both pictures are symmetric, so that there is nothing to even out; the mesh reads each, and the differences of
the two readings are the face's asymmetries. The points of the plain reading are then moved until their asymmetries are
these: what both sides have in common stays as the plain reading, or its adapter, has it.

On half of PALDA (69 photos of 61 people with palsy) the slopes of the asymmetries on the annotated ones are .97, .69 and .90
for mouth, brows and eyes, without any training; notebook 06 gives intervals.
"""

import cv2
import numpy as np

from ..face.geometry import asymmetry, eye_frame, mirror, transform, with_asymmetry
from ..face.schemes import MIRROR_68, REGIONS
from .engine import Engine, Prediction
from .pose import head_pose

#: Degrees of yaw beyond which the plain reading is kept: the halves of a turned face are two different faces. Up to here they
#: were no worse than the plain reading (PALDA; 8 of 69 photos are turned by more than 9 degrees).
MOST_YAW = 16

#: Slopes of the halves' asymmetries on the annotated ones, by which an unshrunk reading divides: half of PALDA.
SLOPES = dict(zip(REGIONS, (0.97, 0.69, 0.90), strict=True))

# Mesh vertices on the middle of the face, from the bridge of the nose to the chin, and the outer eye corners.
_MIDLINE = [168, 6, 197, 195, 5, 4, 1, 2, 0, 17, 152, 10]
_EYES = [33, 263]
_SIDE, _DOWN, _SIZE = 2.6, 0.35, 512  # of the square that is cut out: inter-ocular distances, and px


class HalvesEngine(Engine):
    """A face mesh whose asymmetries come from mirrored halves.

    Parameters
    ----------
    engine : Engine
        Makes the plain reading, and its mesh.
    mesher : FaceMeshEngine
        Reads the halves.
    slopes : dict of str to float, optional
        What each region's asymmetry is divided by. Without, points have the least error; with the calibration's slopes,
        "how much lower is this side" has no bias, at the price of more noise.
    name : str
    """

    def __init__(self, engine, mesher, slopes=None, name="FaceMesh halves"):
        self.engine, self.mesher, self.name, self.margin = engine, mesher, name, engine.margin
        self._slopes = np.array([(slopes or {}).get(region, 1.0) for region in REGIONS])

    def find(self, image, resolution=200, colored=False):
        """See :meth:`Engine.find`."""
        return self.engine.find(image, resolution, colored)

    def predict(self, image, face, colored=False):
        """See :meth:`Engine.predict`; the plain reading of a head turned by more than :data:`MOST_YAW`."""
        plain = self.engine.predict(image, face, colored)
        if abs(head_pose(np.c_[plain.mesh, plain.depth]).yaw) > MOST_YAW:
            return plain
        wanted = asymmetry(read_halves(image, plain.mesh, self.mesher)) / self._slopes
        return Prediction(with_asymmetry(plain.landmarks, wanted), plain.mesh, plain.depth)


def read_halves(image, mesh, mesher):
    """The landmarks of a face, those of each side from a picture made of that side alone.

    Parameters
    ----------
    image : ndarray (H, W, 3) uint8
        BGR.
    mesh : ndarray (478, 2)
        The plain reading, px: it says where the middle of the face is.
    mesher : FaceMeshEngine

    Returns
    -------
    ndarray (68, 2)
        px of the photo. Points on the middle are the mean of both pictures'.
    """
    to_photo = _square(mesh)
    picture = cv2.warpAffine(
        image, to_photo, (_SIZE, _SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    start = transform(mesh, cv2.invertAffineTransform(to_photo))
    half = picture[:, : _SIZE // 2], picture[:, _SIZE // 2 :]
    right = np.hstack([half[0], half[0][:, ::-1]])
    left = np.hstack([half[1][:, ::-1], half[1]])
    right, left = (_symmetric(mesher.look_again(one, start)) for one in (right, left))
    middle = (right + left) / 2
    side = np.where(np.arange(68) == MIRROR_68, 0, np.sign(eye_frame(middle)[:, 0]))[:, None]
    found = np.where(side < 0, right, np.where(side > 0, left, middle))
    return transform(found, to_photo)


def _symmetric(points):
    """Both sides' mean: the picture is symmetric, so that they differ by noise only."""
    return (points + mirror(points, _SIZE)) / 2


def _square(mesh):
    """The map (2, 3) from the pixels of a square, in the middle of which the face stands upright, to the photo's."""
    right, left = mesh[_EYES]
    across = left - right
    size = np.linalg.norm(across)
    x = across / size
    y = np.array([-x[1], x[0]])
    middle = (right + left) / 2
    middle = middle + ((mesh[_MIDLINE] - middle) @ x).mean() * x + _DOWN * size * y
    axes = np.stack([x, y], axis=1) * _SIDE * size / _SIZE
    return np.c_[axes, middle - axes @ np.full(2, (_SIZE - 1) / 2)]
