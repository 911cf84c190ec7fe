"""The mean of healthy people's faces, to draw on and to start from."""

from functools import lru_cache
from pathlib import Path

import numpy as np


@lru_cache(maxsize=1)
def mean_face():
    """The mean 68 landmarks of 102 healthy people at rest, made symmetric.

    From the hand-set points of the Face Research Lab London Set (L. DeBruine and B. Jones, 2017,
    doi:10.6084/m9.figshare.5047666, CC BY 4.0).

    Returns
    -------
    ndarray (68, 2) float64
        As :func:`bp_research.face.geometry.eye_frame` has them: the middle between the outer eye corners is (0, 0), their
        distance is 1, y grows downwards. Read-only.
    """
    points = np.loadtxt(Path(__file__).with_name("mean_face.csv"), delimiter=",", skiprows=1)
    points.setflags(write=False)
    return points
