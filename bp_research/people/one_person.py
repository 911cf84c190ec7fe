"""One person against healthy people: percentiles, and what is abnormal rather than within measurement noise."""

import numpy as np
import pandas as pd
from scipy.stats import percentileofscore

from ..errors import BadTableError
from ..face.geometry import mirror_difference
from ..face.schemes import FEATURES, INNER, REGION_OF, REGIONS
from .group_differences import is_healthy, measured_rows

#: Features that grow with asymmetry; the others are proportions that can be too small as well as too large.
ONE_SIDED = (*FEATURES[:18], *FEATURES[22:25], *REGIONS, "composite")

#: What :func:`compare` can find of a measurement.
FINDINGS = HEALTHY, NOISE, ABNORMAL = "as in healthy people", "within measurement noise", "abnormal"


def percentile(values, reference):
    """Percentiles of values within a reference: the share of it that lies below, ties counted half.

    Parameters
    ----------
    values : array_like (...)
    reference : array_like (n,)
        Finite, at least one.

    Returns
    -------
    ndarray (...)
        0 to 100; NaN for values that are NaN.

    Raises
    ------
    BadTableError
        If the reference is empty or not finite.
    """
    reference = np.asarray(reference, float).ravel()
    if not len(reference) or not np.isfinite(reference).all():
        raise BadTableError(f"percentiles need finite values to compare with, not {len(reference)} values with gaps")
    # rounded, since scipy's 100 can be 100.00000000000001
    return np.round(percentileofscore(reference, np.asarray(values, float), kind="mean"), 10)


def compare(person, others, quantities=FEATURES + REGIONS, level=0.95):
    """Each measurement of a person against healthy people with the same expression.

    Parameters
    ----------
    person : DataFrame
        The person's rows of a table from :func:`bp_research.measuring.cohort.measure_cohort`. With the columns
        ``<name>_median``, ``<name>_low`` and ``<name>_high`` (from ``augment``), the median of the copies is compared, and
        the interval too.
    others : DataFrame
        A table with healthy people; the person's own rows are left out of it. Where no one has the photo's expression,
        healthy photos of all expressions are taken.
    quantities : sequence of str
        Features and regions. Of the regions' signed asymmetries the size counts.
    level : float
        Share of healthy people within the limits.

    Returns
    -------
    DataFrame
        One row per photo and quantity: ``photo_id``, ``expression``, ``quantity``, ``region``, ``value``, ``low``,
        ``high``, ``percentile``, ``percentile_low``, ``percentile_high`` (0-100), ``limit_low``, ``limit_high`` (of
        healthy people), ``n`` (healthy photos), for regions ``higher`` (the subject's side that is higher or wider open),
        ``side`` and ``how`` (the side that draws the eye, and why: "lower", "less open", or, where eyes are to be closed,
        "less closed"), and ``finding``: :data:`HEALTHY`; :data:`ABNORMAL` if the value with its whole interval lies outside of
        the limits; :data:`NOISE` if the value does, but its interval reaches in. Without intervals a value outside
        counts as abnormal.

    Raises
    ------
    BadTableError
        If there is no photo of the person, or of healthy people, that could be measured.
    """
    person, others = measured_rows(person, quantities), measured_rows(others, quantities)
    healthy = others[is_healthy(others) & ~others["patient_id"].isin(person["patient_id"])]
    if healthy.empty:
        raise BadTableError("nobody to compare with: the table holds no other healthy people")
    rows = []
    for _, photo in person.iterrows():
        same = healthy[healthy["expression"] == photo["expression"]]
        reference = same if len(same) else healthy
        about = {"photo_id": photo["photo_id"], "expression": photo["expression"], "n": len(reference)}
        rows += [about | _compare_one(photo, reference[name], name, level) for name in quantities]
    return pd.DataFrame(rows)


def left_out(table, quantities=FEATURES + REGIONS, level=0.95):
    """The false alarms of :func:`compare`: how often healthy people are found abnormal, each against the others.

    Parameters
    ----------
    table : DataFrame
        With at least two healthy people.
    quantities, level
        As in :func:`compare`.

    Returns
    -------
    Series
        Share of measurements outside of the limits, by ``patient_id``.
    """
    rows = measured_rows(table, quantities)
    healthy = rows[is_healthy(rows)]
    bare = healthy.drop(columns=[c for c in healthy if str(c).endswith(("_median", "_low", "_high"))])
    shares = {
        patient: (compare(own, bare, quantities, level)["finding"] == ABNORMAL).mean()
        for patient, own in bare.groupby("patient_id", sort=False)
    }
    return pd.Series(shares, name="outside")


def by_region(found):
    """What :func:`compare` found of the facial regions, over all photos.

    Parameters
    ----------
    found : DataFrame
        From :func:`compare`, with the regions.

    Returns
    -------
    DataFrame
        Index the regions; how many photos are abnormal and how many within measurement noise, and of the photo with the
        largest left-right difference ``value``, ``low``, ``high``, ``limit_high``, ``percentile``, ``side``, ``how``
        and ``expression``, as in :func:`compare`.
    """
    regions = found[found["quantity"].isin(REGIONS)]
    largest = regions.loc[regions.groupby("quantity", sort=False)["value"].idxmax()].set_index("quantity")
    counts = pd.crosstab(regions["quantity"], regions["finding"]).reindex(largest.index).reindex(columns=[ABNORMAL, NOISE])
    shown = ["value", "low", "high", "limit_high", "percentile", "side", "how", "expression"]
    return counts.fillna(0).astype(int).join(largest[shown])


def most_affected(table):
    """The ``patient_id`` of a person with palsy, of the highest severity if the data set tells severities; else of anybody.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.cohort.measure_cohort`.

    Raises
    ------
    BadTableError
        If nobody could be measured.
    """
    people = measured_rows(table)
    ill = people[~is_healthy(people)]
    return (people if ill.empty else ill).sort_values("severity", ascending=False, kind="stable")["patient_id"].iloc[0]


def mirror_distance(points):
    """How far faces are from their own mirror images: the mean over brows, eyes, nose and mouth.

    Parameters
    ----------
    points : array_like (..., 68, 2)

    Returns
    -------
    ndarray (...)
        Inter-ocular distances; 0 for a symmetric face.
    """
    return np.linalg.norm(mirror_difference(points)[..., INNER, :], axis=-1).mean(axis=-1)


def _compare_one(photo, reference, name, level):
    """One row of :func:`compare` without the photo's own columns."""
    value = photo.get(f"{name}_median", photo[name])
    low, high = (photo.get(f"{name}_{end}", np.nan) for end in ("low", "high"))
    reference = reference.to_numpy(float)
    row = {"quantity": name, "region": REGION_OF.get(name, name)}
    if name in REGIONS:
        row |= _sides(name, value, photo["expression"])
        reference, value, crosses = np.abs(reference), abs(value), low <= 0 <= high
        low, high = sorted((abs(low), abs(high)))
        low = 0.0 if crosses else low
    limits = _limits(reference, level, name in ONE_SIDED)
    row |= {"value": value, "low": low, "high": high, "limit_low": limits[0], "limit_high": limits[1]}
    row |= zip(("percentile", "percentile_low", "percentile_high"), percentile([value, low, high], reference), strict=True)
    return row | {"finding": _finding(value, low, high, limits)}


def _sides(region, value, expression):
    """Which of the subject's sides is higher, and which one is marked for what."""
    higher, other = ("left", "right") if value > 0 else ("right", "left")
    if region != "eyes":
        return {"higher": higher, "side": other, "how": "lower"}
    # an eye that closes less than the other is the one that is wider open
    closing = "closure" in str(expression)
    return {"higher": higher, "side": higher if closing else other, "how": "less closed" if closing else "less open"}


def _limits(reference, level, one_sided):
    """Quantiles that a new healthy person passes as often as said, as far as their number allows (Weibull's)."""
    if one_sided:
        return -np.inf, np.quantile(reference, level, method="weibull")
    return np.quantile(reference, [(1 - level) / 2, (1 + level) / 2], method="weibull")


def _finding(value, low, high, limits):
    if limits[0] <= value <= limits[1]:
        return HEALTHY
    near = low if value > limits[1] else high
    return NOISE if limits[0] <= near <= limits[1] else ABNORMAL
