"""Clinical measures of one face as a table, in millimetres by the irises; one scale per person."""

import numpy as np
import pandas as pd

from ..errors import BadSettingError, ScalingError
from ..face.measures import COLUMNS, DICTIONARY, DIMENSIONS, MEASURES, iris_share, measure

#: Mean visible horizontal diameter of adults' irises, mm; its standard deviation across people is 0.4 mm.
IRIS_DIAMETER_MM = 11.77
#: How a length that no iris scales is called.
SHARES = "inter-ocular distance"


class PersonScale:
    """One millimetre scale for all photos of a person: the distance of the outer eye corners, by the irises.

    The distance stays the same in all expressions, while a single photo's irises are found with an error of about 5 %
    and a closed eye shows none. Each photo with open eyes says how large the iris is against it; the median counts.

    Parameters
    ----------
    faces : iterable of GetLandmarks
        The person's photos; those without an open eye are passed over. Or a mapping of expressions to them, where the
        photos at rest alone count if there is an iris in them.
    iris_diameter_mm : float
        True diameter of the person's irises.

    Attributes
    ----------
    interocular_mm : float
        Distance between the outer corners of the eyes.
    n : int
        Photos that it was taken from.

    Raises
    ------
    ScalingError
        If no eye is open in any photo.
    BadSettingError
        If the diameter is not a positive number.

    Examples
    --------
    >>> scale = PersonScale(faces)  # doctest: +SKIP
    >>> clinical_measures(faces["gentle eye closure"], scale=scale)  # doctest: +SKIP
    """

    def __init__(self, faces, iris_diameter_mm=IRIS_DIAMETER_MM):
        faces = dict(faces) if hasattr(faces, "keys") else dict(enumerate(faces))
        shares = {key: float(iris_share(face.landmarks, *_irises(face))) for key, face in faces.items()}
        seen = pd.Series(shares).dropna()
        if seen.empty:
            raise ScalingError("no iris is visible in any photo of this person: add one with open eyes")
        seen = seen[["at rest"]] if "at rest" in seen else seen
        self.n, self.interocular_mm = len(seen), _checked_diameter(iris_diameter_mm) / seen.median()

    def __repr__(self):
        return f"<PersonScale: outer eye corners {self.interocular_mm:.1f} mm apart, from {self.n} photos>"


def clinical_measures(face, right_iris=None, left_iris=None, iris_diameter_mm=IRIS_DIAMETER_MM, *, scale=None):
    """What clinicians measure on a face, on both sides.

    Parameters
    ----------
    face : GetLandmarks or array_like (68, 2)
        A face with its irises, or landmarks, x then y (downwards), px.
    right_iris, left_iris : sequence (x, y, radius), optional
        px, the subject's sides; None for a closed eye. Given with landmarks; they replace those of a GetLandmarks.
    iris_diameter_mm : float
        True diameter of the person's irises; without ``scale``, the mean radius of this photo's irises is the ruler.
    scale : PersonScale, optional
        The ruler for all photos of a person.

    Returns
    -------
    DataFrame
        Index: the 14 measures of :data:`bp_research.face.measures.DICTIONARY`. Columns ``right``, ``left`` (the subject's
        sides; NaN where a measure has one value for the face), ``difference`` (left minus right; the value itself, not
        negative, where there is but one), ``percent`` (the smaller side of the larger; NaN where that is not above 0) and
        ``unit``: mm, mm², degrees. Without a ruler, lengths are in shares of the distance between the outer eye corners and
        areas in shares of its square, as ``unit`` says, and ``attrs["why"]`` why.

    Raises
    ------
    BadLandmarksError
        For landmarks of another shape, that are not finite, or that are no face.
    ScalingError
        If an iris is not three finite numbers with a radius above 0.
    BadSettingError
        If the diameter is not a positive number.

    Notes
    -----
    Definitions: Guarin et al. 2018 (Emotrics). Departures: the face is levelled first, and margin reflex distance 1 keeps
    its sign.

    Examples
    --------
    >>> clinical_measures(GetLandmarks("photo.jpg")).loc["brow height"]  # doctest: +SKIP
    """
    points, irises = getattr(face, "landmarks", face), _irises(face, right_iris, left_iris)
    own = _checked_diameter(iris_diameter_mm) / iris_share(points, *irises)
    length = own if scale is None else scale.interocular_mm
    known = np.isfinite(length)
    scaled = DICTIONARY.assign(value=measure(points, *irises) * (length if known else 1.0) ** DIMENSIONS)
    table = scaled.pivot(index="measure", columns="column", values="value").loc[list(MEASURES), list(COLUMNS)]
    table["unit"] = DICTIONARY.drop_duplicates("measure").set_index("measure")["unit"]
    table.columns.name = None
    if not known:
        table["unit"] = table["unit"].str.replace("mm", SHARES)
        table.attrs["why"] = {"mm": f"no iris is known: lengths are in shares of the {SHARES}"}
    return table


def _irises(face, right=None, left=None):
    """Checked irises, right and left, (x, y, radius); NaN where none is given or found."""
    given = {"right_iris": right, "left_iris": left}
    return [_checked_iris(getattr(face, k, None) if iris is None else iris, k) for k, iris in given.items()]


def _checked_diameter(diameter):
    if not (np.isscalar(diameter) and np.isreal(diameter) and np.isfinite(diameter) and diameter > 0):
        raise BadSettingError(f"iris_diameter_mm is a positive number of millimetres, not {diameter!r}")
    return float(diameter)


def _checked_iris(iris, name):
    if iris is None:
        return np.full(3, np.nan)
    circle = pd.to_numeric(np.ravel(np.array(iris, dtype=object)), errors="coerce")
    if circle.shape != (3,) or not np.isfinite(circle).all() or circle[2] <= 0:
        raise ScalingError(f"{name} is (x, y, radius above 0), px, or None for a closed eye; not {iris!r}")
    return circle
