"""Healthy people's values, shipped as a table: any photo can be compared with them, with no data set on the machine.

``healthy_norms.csv`` holds, for each measure, set, way of reading the points, expression and age group, how many people, mean,
standard deviation and percentiles; ``healthy_norms.json`` says of whom, by what and under which licences. No photo and no
person's own values are in them. The rows of a measure are only comparable with values that were read in the same way.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import BadTableError, CannotAnswerError
from ..face.geometry import asymmetry, distance_array, feature_array, interocular, level
from ..face.measures import DICTIONARY, QUANTITIES
from ..face.schemes import DISTANCES, FEATURE_UNITS, FEATURES, REGIONS
from ..measuring.landmark_tester import LandmarkTester
from . import one_person
from .group_differences import is_healthy

#: Columns of the table. Of measures that only grow with asymmetry p95 is the upper limit, of others p2.5 and p97.5 are.
PERCENTILES = (1, 2.5, 5, *range(10, 100, 10), 95, 97.5, 99)
PERCENTILE_COLUMNS = tuple(f"p{p:g}" for p in PERCENTILES)
KEYS = ("measure", "unit", "set", "reading", "expression", "age")
COLUMNS = (*KEYS, "n", "mean", "sd", *PERCENTILE_COLUMNS)

#: How the points were read: from the photo itself, as the median of 30 changed copies, or set by hand.
SINGLE, COPIES, HAND = "FaceMesh", "FaceMesh, 30 copies", "hand points"
#: Of all ages; and the age groups, first and last year.
ALL_AGES, AGE_GROUPS = "all", ((18, 24), (25, 34), (35, 54))
#: Fewer people make no row of an age group.
MIN_PEOPLE = 15
#: The norm of the three regional asymmetries, each in units of healthy people's.
COMPOSITE = "composite"

_SIZES = tuple(f"|{region}|" for region in REGIONS)
_UNITS = {**FEATURE_UNITS, **dict.fromkeys((*REGIONS, *_SIZES, *DISTANCES), "inter-ocular distances"), COMPOSITE: "healthy sd"}
_UNITS |= dict(zip(QUANTITIES, DICTIONARY["unit"], strict=True))
_FILE = Path(__file__).with_name("healthy_norms.csv")


def measures_of(points):
    """What the norms hold of each face, from its points.

    Parameters
    ----------
    points : array_like (n, 68, 2)
        px.

    Returns
    -------
    DataFrame (n rows)
        The 29 features, the signed asymmetries, their sizes ``|mouth|`` ..., and the 34 distances in inter-ocular units.
    """
    signed = asymmetry(points)
    distances = distance_array(level(points)[0]) / interocular(points)[:, None]
    values = np.hstack([feature_array(points), signed, np.abs(signed), distances])
    return pd.DataFrame(values, columns=[*FEATURES, *REGIONS, *_SIZES, *DISTANCES])


def composite_score(asymmetries, scale):
    """One number for a face's asymmetry: the norm of mouth, brows and eyes, each in units of healthy people's.

    0 is symmetric; a healthy person's is about 1.7 (the root of 3), whichever region is the larger. It needs no
    photo of a patient, and a mirrored face has the same.

    Parameters
    ----------
    asymmetries : array_like (..., 3)
        Signed, as from :func:`bp_research.face.geometry.asymmetry`.
    scale : array_like (3,) or (..., 3)
        Healthy people's standard deviation about symmetry, the root mean square, of each; see :func:`asymmetry_scale`.

    Returns
    -------
    ndarray (...)
    """
    return np.linalg.norm(np.asarray(asymmetries, float) / np.asarray(scale, float), axis=-1)


def composite_left_out(asymmetries):
    """The composite score of people who are themselves the healthy ones: each in units of all the others.

    Parameters
    ----------
    asymmetries : array_like (n_people, 3)
        One row per person, at least two.

    Returns
    -------
    ndarray (n_people,)
    """
    squares = np.asarray(asymmetries, float) ** 2
    return composite_score(asymmetries, np.sqrt((squares.sum(axis=0) - squares) / (len(squares) - 1)))


def norm_rows(measures, about, set_name, reading):
    """Rows of the norms from faces that were read in one way.

    Parameters
    ----------
    measures : DataFrame
        One column per measure, one row per photo; one photo per person and expression.
    about : DataFrame
        The same rows' ``expression`` and ``age``.
    set_name, reading : str
        What stands in the columns ``set`` and ``reading``.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`. Percentiles that so few people cannot tell (below 100 / (n + 1)) are NaN.
    """
    parts = []
    for expression, at in about.groupby("expression", sort=False).groups.items():
        for first, last in ((-np.inf, np.inf), *AGE_GROUPS):
            everyone = np.isinf(last)
            own = measures.loc[at if everyone else at[about.loc[at, "age"].between(first, last)]]
            if len(own) < (2 if everyone else MIN_PEOPLE):
                continue
            if set(REGIONS) <= set(own):
                own = own.assign(**{COMPOSITE: composite_left_out(own[list(REGIONS)])})
            said = {"set": set_name, "reading": reading, "expression": expression}
            parts.append(_summary(own).assign(**said, age=ALL_AGES if everyone else f"{first}-{last}"))
    rows = pd.concat(parts).rename_axis("measure").reset_index()
    return rows.assign(unit=rows["measure"].map(_UNITS))[list(COLUMNS)]


def read_norms(path=_FILE, **wanted):
    """The norms, or some of their rows.

    Parameters
    ----------
    path : path-like
        By default the table that comes with the package.
    **wanted : str
        Columns and the one value that their rows must have, such as ``reading="FaceMesh", expression="at rest"``.

    Returns
    -------
    DataFrame
        Columns :data:`COLUMNS`.

    Raises
    ------
    BadTableError
        If there are no such rows.
    """
    norms = pd.read_csv(path, dtype={"age": str})
    for column, value in wanted.items():
        there = norms[column].unique()
        norms = norms[norms[column] == value]
        if norms.empty:
            raise BadTableError(f"the norms have no rows with {column} {value!r}; there are: {', '.join(there)}")
    return norms.reset_index(drop=True)


def asymmetry_scale(norms):
    """Root mean square of mouth, brows and eyes in healthy people: the units of the composite score.

    Parameters
    ----------
    norms : DataFrame
        Rows of one set, reading, expression and age group.

    Returns
    -------
    ndarray (3,)
        In the order of :data:`bp_research.face.schemes.REGIONS`; proportions of the inter-ocular distance.
    """
    rows = norms.set_index("measure").loc[list(REGIONS)]
    return np.sqrt(rows["mean"] ** 2 + rows["sd"] ** 2 * (rows["n"] - 1) / rows["n"]).to_numpy()


def healthy_reference(norms):
    """The norms as a table of as many healthy people, for all that compares with such a table.

    Each column is spread as the norms' percentiles are, in ascending order. So each stands by itself: a row is no person, and
    nothing can be said of how measures go together.

    Parameters
    ----------
    norms : DataFrame
        Rows of one set, reading and age group; of one or more expressions.

    Returns
    -------
    DataFrame
        Columns ``patient_id``, ``group``, ``expression``, ``status`` and the measures; regions by their size.
    """
    parts = []
    for expression, rows in norms.groupby("expression", sort=False):
        n = int(rows["n"].max())
        shares = np.arange(1, n + 1) / (n + 1) * 100
        told = rows.set_index("measure")[list(PERCENTILE_COLUMNS)].T.set_axis(PERCENTILES).dropna()
        told = told.drop(columns=list(REGIONS)).rename(columns=dict(zip(_SIZES, REGIONS, strict=True)))
        part = pd.DataFrame({measure: np.interp(shares, told.index, told[measure]) for measure in told})
        names = [f"{rows['set'].iloc[0]}, {i} of {n}" for i in range(1, n + 1)]
        parts.append(part.assign(patient_id=names, group="healthy", expression=expression, status="ok"))
    return pd.concat(parts, ignore_index=True)


def beside_healthy(own, table):
    """A person's photos and the healthy people to compare them with: a data set's own, or, where it has none, the norms'.

    Parameters
    ----------
    own, table : DataFrame
        The person's rows and those of the whole set, from :func:`bp_research.measuring.cohort.measure_cohort`.

    Returns
    -------
    own, healthy : DataFrame
        Against the norms, photos of which no expression is known are taken for at rest, and those of which there are no norms
        are left out.

    Raises
    ------
    CannotAnswerError
        If only the norms could serve, and the photos were measured with another model than theirs or show other expressions.
    """
    healthy = table[is_healthy(table) & (table["status"] == "ok") & ~table["patient_id"].isin(own["patient_id"])]
    if len(healthy):
        return own, healthy
    healthy = healthy_reference(read_norms(reading=COPIES, age=ALL_AGES))
    own = own.assign(expression=own["expression"].fillna("at rest"))
    own = own[own["expression"].isin(healthy["expression"]) & (own["model"] == SINGLE)]
    if own.empty:
        raise CannotAnswerError("There are healthy people's values for photos at rest or smiling, by the face mesh only.")
    return own, healthy


def compare(photo, expression="at rest", name="this photo", level=0.95):
    """A photo of anybody against the healthy people of the norms; nothing else needs to be on the machine.

    Parameters
    ----------
    photo : path-like, bytes or ndarray
        As :class:`bp_research.GetLandmarks` takes it.
    expression : {"at rest", "open smile"}
        What the face does: the healthy people do the same.
    name : str
        Of the person and photo in the table.
    level : float
        Share of healthy people within the limits.

    Returns
    -------
    DataFrame
        As from :func:`bp_research.people.one_person.compare`, first the composite score, then features and regions.
        The median of 30 changed copies of the photo, as the face mesh sees them, is compared, with an interval that holds
        90 % of the copies: how steady the reading is, not how right. ``quality`` is why the photo's numbers should be used
        with reserve, or ``""``. No row is a grade or a diagnosis.

    Raises
    ------
    BadTableError
        For an expression of which there are no norms.
    UnreadableImageError, NoFaceError
        As :class:`bp_research.GetLandmarks`.
    """
    norms = read_norms(reading=COPIES, expression=expression, age=ALL_AGES)
    tester = LandmarkTester(photo, SINGLE).run(30)
    scale = asymmetry_scale(norms)
    intervals = tester.feature_intervals(0.9).rename(columns={"value": "median"})
    value = composite_score(intervals.loc[list(REGIONS), "median"], scale)
    ends = np.quantile(composite_score(asymmetry(tester.test_landmarks), scale), [0.05, 0.95])
    # as for the features: single copies look less symmetric than their median
    intervals.loc[COMPOSITE] = {"median": value, "low": min(ends[0], value), "high": max(ends[1], value)}
    row = {f"{quantity}_{what}": intervals.at[quantity, what] for what in intervals for quantity in intervals.index}
    row |= {"photo_id": name, "patient_id": name, "expression": expression, **intervals["median"]}
    found = one_person.compare(pd.DataFrame([row]), healthy_reference(norms), (COMPOSITE, *FEATURES, *REGIONS), level)
    return found.assign(quality="; ".join(reason.text for reason in tester.single.quality_for(expression)))


def _summary(values):
    """n, mean, standard deviation and percentiles (Weibull's, as a new person would meet them) of each column."""
    told = np.abs(np.array(PERCENTILES) - 50) <= 50 - 100 / (len(values) + 1) + 1e-9
    percentiles = np.quantile(values, np.divide(PERCENTILES, 100), axis=0, method="weibull").T
    rows = pd.DataFrame(np.where(told, percentiles, np.nan), values.columns, PERCENTILE_COLUMNS)
    return rows.assign(n=len(values), mean=values.mean(), sd=values.std())
