"""Clinical measures as columns of a table of many photos: intervals from the copies, one millimetre scale per person."""

import numpy as np
import pandas as pd
from scipy.stats import norm

from ..face.measures import DIMENSIONS, QUANTITIES, iris_share, measure

#: Standard deviation of the irises found in a single photo, a share: it comes into the intervals of all lengths.
IRIS_ERROR = 0.05
#: Share of the copies that lie within the bounds.
_LEVEL = 0.9

#: Columns that :func:`in_millimetres` expects and, after them, makes.
CLINICAL_COLUMNS = ("iris_share", *QUANTITIES)
CLINICAL_BOUNDS = tuple(f"{quantity}_{what}" for quantity in QUANTITIES for what in ("median", "low", "high"))


def clinical_row(face, copies=None):
    """A photo's clinical measures, lengths in shares of the inter-ocular distance.

    Parameters
    ----------
    face : GetLandmarks
    copies : ndarray (n, 68, 2), optional
        Landmarks of changed copies of the photo, px. The irises are those of the photo itself.

    Returns
    -------
    dict of float
        :data:`CLINICAL_COLUMNS`, and with copies :data:`CLINICAL_BOUNDS`: of the copies' median landmarks, and what
        holds 90 % of the copies. What cannot be measured is left out.
    """
    irises = [np.full(3, np.nan) if iris is None else np.asarray(iris) for iris in (face.right_iris, face.left_iris)]
    numbers = np.r_[iris_share(face.landmarks, *irises), measure(face.landmarks, *irises)]
    row = dict(zip(CLINICAL_COLUMNS, numbers.tolist(), strict=True))
    if copies is not None:
        value = measure(np.median(copies, axis=0), *irises)
        low, high = np.quantile(measure(copies, *irises), [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2], axis=0)
        bounds = np.stack([value, np.minimum(low, value), np.maximum(high, value)], axis=-1)
        row |= dict(zip(CLINICAL_BOUNDS, bounds.ravel().tolist(), strict=True))
    return {name: value for name, value in row.items() if np.isfinite(value)}


def in_millimetres(table, iris_diameter_mm=11.77):
    """Clinical measures in millimetres, by one scale for all photos of a person.

    Parameters
    ----------
    table : DataFrame
        With ``patient_id``, ``expression`` and what :func:`clinical_row` gives.
    iris_diameter_mm : float
        True diameter of the irises.

    Returns
    -------
    DataFrame
        With ``interocular_mm``, the scale: the distance of the outer eye corners by the irises in the person's photos at rest,
        or, where these show none, in all with open eyes (medians); measures in mm, mm² and degrees, NaN for lengths of
        a person without an open eye. Bounds of lengths hold the irises' error of :data:`IRIS_ERROR` too.
    """
    shares, people = table["iris_share"], table["patient_id"]
    resting = shares.where(table["expression"] == "at rest").groupby(people).transform("median")
    scale = iris_diameter_mm / resting.fillna(shares.groupby(people).transform("median"))
    factor = scale.to_numpy()[:, None] ** DIMENSIONS  # of degrees and percentages 1, without a scale too
    scaled = {"interocular_mm": scale}
    scaled |= dict(zip(QUANTITIES, (table[list(QUANTITIES)].to_numpy() * factor).T, strict=True))
    if CLINICAL_BOUNDS[0] in table:
        value, low, high = (table[list(CLINICAL_BOUNDS[i::3])].to_numpy() * factor for i in range(3))
        error = norm.isf((1 - _LEVEL) / 2) * IRIS_ERROR * DIMENSIONS * value
        low, high = value - np.hypot(value - low, error), value + np.hypot(high - value, error)
        bounds = np.stack([value, low, high], axis=-1).reshape(len(table), -1)
        scaled |= dict(zip(CLINICAL_BOUNDS, bounds.T, strict=True))
    scaled = pd.DataFrame(scaled, index=table.index)
    return pd.concat([table.drop(columns=list(scaled), errors="ignore"), scaled], axis=1)
