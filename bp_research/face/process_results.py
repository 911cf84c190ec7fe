"""Landmarks in; levelled points, distances and the 29 asymmetry features out."""

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import BadLandmarksError, BadSettingError, ScalingError
from ..paths import write_atomic
from .geometry import check_points, distance_array, feature_array, level
from .schemes import DISTANCES, FEATURE_LABELS, FEATURE_UNITS, FEATURES


class ProcessResults:
    """Distances and asymmetry features of one face.

    Parameters
    ----------
    landmarks : GetLandmarks or array_like (68, 2) or (51, 2)
        x then y (downwards), px.
    frontal : bool
        Whether a GetLandmarks is first turned to be seen from the front, by the depth of its face mesh: a turned head looks
        asymmetric.

    Attributes
    ----------
    landmarks : ndarray (51, 2) float64
        Levelled: turned about P48 until the line P48-P49 is horizontal.
    tilt : float
        Degrees by which that line pointed downwards to the image's right.
    dists : dict of float
        The 34 distances by name, in :attr:`unit`.
    features : dict of float
        The 29 features f0..f28 of Parra-Dominguez et al. 2021; no scaling changes them.
    unit : str
        Of the distances: ``"px"``, ``"mm"`` or ``"box diagonals"``.

    Raises
    ------
    BadLandmarksError
        If the landmarks have another shape, are not finite, or are no face.
    BadSettingError
        If ``frontal`` is asked for of bare landmarks, or of a model without mesh.

    Examples
    --------
    >>> result = ProcessResults(GetLandmarks("photo.jpg"))  # doctest: +SKIP
    >>> result.features["f14"]  # tilt of the mouth corners, degrees  # doctest: +SKIP
    """

    def __init__(self, landmarks, frontal=False):
        if isinstance(landmarks, str | Path):
            raise BadLandmarksError(f"{str(landmarks)!r} is a name, not landmarks: ProcessResults takes GetLandmarks(photo)")
        self._source = landmarks if hasattr(landmarks, "landmarks") else None
        if frontal and self._source is None:
            raise BadSettingError("bare landmarks cannot be turned to the front: make ProcessResults from a GetLandmarks")
        points = landmarks
        if self._source is not None:
            points = landmarks.frontal_landmarks if frontal else landmarks.landmarks
        points = check_points(points)
        if points.ndim != 2:
            raise BadLandmarksError(f"one face is (68, 2) or (51, 2); these landmarks have {points.shape}")
        self.landmarks, tilt = level(points)
        self.tilt = float(tilt)
        self.features = dict(zip(FEATURES, feature_array(points).tolist(), strict=True))
        self.dists = dict(zip(DISTANCES, distance_array(self.landmarks).tolist(), strict=True))
        self.unit = "px"

    def scale_results(self, iris_diameter_mm=11.77):
        """Turn the distances into millimetres, taking the irises as a ruler.

        Parameters
        ----------
        iris_diameter_mm : float
            True diameter of the person's iris. The mean of adults is 11.77 mm (visible horizontal diameter).

        Returns
        -------
        ProcessResults
            Itself.

        Raises
        ------
        ScalingError
            If the distances were scaled before, or no iris is known (bare landmarks, or both eyes closed).
        BadSettingError
            If the diameter is not a positive number.
        """
        if not (np.isscalar(iris_diameter_mm) and np.isfinite(iris_diameter_mm) and iris_diameter_mm > 0):
            raise BadSettingError(f"iris_diameter_mm is a positive number of millimetres, not {iris_diameter_mm!r}")
        self._refuse_second_scaling()
        if self._source is None:
            raise ScalingError("millimetres need the irises: make ProcessResults from a GetLandmarks, not from an array")
        radii = [iris[2] for iris in (self._source.left_iris, self._source.right_iris) if iris is not None]
        if not radii:
            raise ScalingError("no iris is visible in this photo: use one with open eyes, or scale_by_bbox()")
        return self._scale(iris_diameter_mm / (2 * float(np.mean(radii))), "mm")

    def scale_by_bbox(self, bbox=None):
        """Turn the distances into proportions of the diagonal of the face's box.

        Parameters
        ----------
        bbox : sequence of 4 floats, optional
            Left, top, right, bottom, px. Default: the box that GetLandmarks found.

        Returns
        -------
        ProcessResults
            Itself.

        Raises
        ------
        ScalingError
            If the distances were scaled before, or no box is known or it has no size.
        """
        self._refuse_second_scaling()
        if bbox is None and self._source is None:
            raise ScalingError("bare landmarks have no box: give bbox=(left, top, right, bottom)")
        box = np.asarray(self._source.bounding_box if bbox is None else bbox, float)
        if box.shape != (4,) or not np.isfinite(box).all() or not (box[2:] > box[:2]).all():
            raise ScalingError(f"a box is (left, top, right, bottom) with left < right and top < bottom, not {bbox!r}")
        return self._scale(1 / float(np.linalg.norm(box[2:] - box[:2])), "box diagonals")

    def save_results(self, folder="."):
        """Write ``dists.csv`` and ``features.csv`` into a folder and return both paths."""
        return self.save_dists(Path(folder) / "dists.csv"), self.save_features(Path(folder) / "features.csv")

    def save_dists(self, path="dists.csv"):
        """Write the distances as CSV with the columns ``dist,value``, in :attr:`unit`, and return the path."""
        return _save(path, "dist", self.dists)

    def save_features(self, path="features.csv"):
        """Write the features as CSV with the columns ``feature,value`` and return the path."""
        return _save(path, "feature", self.features)

    def to_frame(self):
        """All measurements as a table: index their names, columns ``what``, ``value`` and ``unit``."""
        rows = {name: ("distance", value, self.unit) for name, value in self.dists.items()}
        rows |= {name: (FEATURE_LABELS[name], value, FEATURE_UNITS[name]) for name, value in self.features.items()}
        return pd.DataFrame.from_dict(rows, "index", columns=["what", "value", "unit"])

    def __repr__(self):
        return f"<ProcessResults: {len(self.features)} features, {len(self.dists)} distances in {self.unit}>"

    def _refuse_second_scaling(self):
        if self.unit != "px":
            raise ScalingError(f"the distances are in {self.unit} already: make a new ProcessResults to scale otherwise")

    def _scale(self, factor, unit):
        self.dists = {name: value * factor for name, value in self.dists.items()}
        self.unit = unit
        return self


def _save(path, name, values):
    table = pd.DataFrame({name: list(values), "value": list(values.values())})
    return write_atomic(path, table.to_csv(index=False, lineterminator="\n"))
