"""The one place that knows the landmark schemes: their numbering, sides, mirror pairs, distances and features.

**Sides.** Image left and right are swapped with respect to the person: points 36-41 are on the image's left and are the
*subject's right* eye. Everything here called left or right is the subject's side, as clinicians use it, with one
exception: the suffixes ``l`` and ``r`` of the distances mean the image's sides, as in the paper's Figure 3.

**Coordinates.** x grows to the image's right and y grows *downwards*, in pixels; x comes first.

Sources: the iBUG 300-W markup for the 68 points; Parra-Dominguez, Sanchez-Yanez and Garcia-Capulin, Appl. Sci. 2021, 11,
2435 for the 51 points, the distances and the 29 features.
"""

from pathlib import Path

import numpy as np
import pandas as pd

#: Of the 51 points P0..P50, the index into the 68 iBUG points.
TO_51 = np.r_[17:27, 36:48, 30:36, 48:68, 0, 16, 8]

#: ``points[MIRROR_68]`` renumbers the 68 points of a mirrored face: the partner of each point on the other side.
MIRROR_68 = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31]
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]
)

#: The same for the 51 points.
MIRROR_51 = np.array([int(np.flatnonzero(TO_51 == MIRROR_68[i])[0]) for i in TO_51])

#: The points of the 68, by part and by the subject's side.
RIGHT_BROW, LEFT_BROW = np.arange(17, 22), np.arange(22, 27)
RIGHT_EYE, LEFT_EYE = np.arange(36, 42), np.arange(42, 48)
RIGHT_MOUTH_CORNER, LEFT_MOUTH_CORNER = 48, 54

#: The 51 of the 68 that are not on the jaw line, over which point errors are taken.
INNER = slice(17, 68)

#: Regions in which signed left-right asymmetry is measured, in the order of :func:`bp_research.face.geometry.asymmetry`.
REGIONS = ("mouth", "brows", "eyes")

#: Polylines of the 68 points (index arrays) that draw a face.
FACE_OUTLINES = (
    np.arange(17),
    RIGHT_BROW,
    LEFT_BROW,
    np.arange(27, 31),
    np.arange(31, 36),
    np.r_[RIGHT_EYE, 36],
    np.r_[LEFT_EYE, 42],
    np.r_[48:60, 48],
    np.r_[60:68, 60],
)

#: Names of the 34 distances, in the order in which they are tabled.
DISTANCES = (
    *("A", "Bl", "Br", "C", "D", "E", "F", "G", "H", "I", "J", "K", "Nl", "Nr", "Ol", "Or", "Pl", "Pu", "Ql", "Qu"),
    *("R", "S", "T", "U", "Vl", "Vr", "W", "X", "Wl", "Wr", "N", "O", "L", "M"),
)

_TABLE = pd.read_csv(Path(__file__).with_name("features.csv"), index_col="feature", dtype=str)

#: Names of the 29 features f0..f28, in order.
FEATURES = tuple(_TABLE.index)

#: The facial region that each feature describes.
REGION_OF = _TABLE["region"].to_dict()

#: The features of each region.
FEATURE_GROUPS = {region: tuple(rows.index) for region, rows in _TABLE.groupby("region", sort=False)}

#: What each feature measures, in a few words, for axes and tables.
FEATURE_LABELS = _TABLE["label"].to_dict()

#: Features that are ratios of a larger to a smaller length, at least 1: logarithms are their natural scale.
RATIOS = tuple(name for name in FEATURES if "ratio" in FEATURE_LABELS[name])

#: Unit of each feature: degrees, or 1 for ratios, slopes and proportions.
FEATURE_UNITS = _TABLE["unit"].to_dict()

#: How each feature is computed: a kind, see :func:`bp_research.face.geometry.feature_array`, and its points or distances.
FEATURE_FORMULAS = _TABLE["formula"].str.split().to_dict()

#: The eight expressions of the MEEI standard set, by the suffix 1-8 of the photos' names.
EXPRESSIONS = (
    *("at rest", "brow raise", "gentle eye closure", "tight eye closure"),
    *("closed-lip smile", "open smile", "lip pucker", "lower teeth show"),
)
