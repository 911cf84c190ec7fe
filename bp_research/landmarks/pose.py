"""How a head is turned, by the depth of the face mesh, and the face as it would be seen from the front."""

from collections import namedtuple
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

#: Degrees. ``yaw``: positive turned to the subject's left (the image's right); ``pitch``: positive looking up; ``roll``:
#: positive leaning clockwise on the screen, towards the subject's left shoulder.
Pose = namedtuple("Pose", "yaw pitch roll")

#: Mesh vertices that expressions move little: bridge of the nose, forehead, eye corners, temples.
STABLE = [6, 168, 197, 195, 8, 9, 10, 151, 33, 133, 263, 362, 127, 356, 234, 454]
STABLE += [67, 297, 109, 338, 103, 332, 54, 284, 21, 251]


@lru_cache(maxsize=1)
def mean_mesh():
    """The mean face mesh of 102 healthy people at rest, made symmetric, seen from the front.

    Made from the Face Research Lab London Set (L. DeBruine and B. Jones, 2017, doi:10.6084/m9.figshare.5047666, CC BY 4.0):
    each mesh was laid on the mean by a rigid fit of the vertices that expressions move little, five times over.

    Returns
    -------
    points : ndarray (478, 3) float64
        x to the image's right, y down, z away from the camera; the middle of the outer eye corners is 0, their distance 1.
    pairs : ndarray (478,) int
        Each vertex's partner on the other side.
    """
    table = np.loadtxt(Path(__file__).with_name("mean_mesh.csv"), delimiter=",", skiprows=1)
    return table[:, :3], table[:, 3].astype(int)


def head_pose(mesh):
    """How the head is turned.

    Parameters
    ----------
    mesh : array_like (478, 3)
        x, y and depth, px.

    Returns
    -------
    Pose
    """
    roll, yaw, pitch = _rotation(mesh).as_euler("ZYX", degrees=True)
    return Pose(float(-yaw), float(-pitch), float(roll))


def frontal(points, mesh):
    """Points of a face as they would be seen from the front, by turning the head back as a rigid body.

    Parameters
    ----------
    points : array_like (n, 3)
        x, y and depth, px, such as the mesh itself.
    mesh : array_like (478, 3)
        By which the turn is measured.

    Returns
    -------
    ndarray (n, 3)
        px; the middle between the outer eye corners stays where it is.
    """
    middle = np.asarray(mesh)[[33, 263]].mean(axis=0)
    return _rotation(mesh).inv().apply(np.asarray(points, float) - middle) + middle


def _rotation(mesh):
    mean, own = mean_mesh()[0][STABLE], np.asarray(mesh, float)[STABLE]
    return Rotation.align_vectors(own - own.mean(axis=0), mean - mean.mean(axis=0))[0]
