"""Intervals that hold the truth as often as they say: calibrated on photos with known landmarks, checked out of fold.

Copies of a photo tell how steady a prediction is; what all of them get wrong alike they cannot tell. Calibration measures
how far the truth lies from the predicted value, in units of the copies' spread plus the usual spread, and takes quantiles
of that: split conformal prediction (Papadopoulos et al. 2002; Lei et al. 2018) with a signed, locally weighted score. Signed,
since detectors make faces more symmetric than they are: an interval may lie to one side of the predicted value.
"""

import numpy as np
import pandas as pd

from ..errors import BadSettingError, BadTableError
from ..face.schemes import FEATURE_UNITS, RATIOS

#: Columns of a table of intervals: one row per photo, quantity and level.
COLUMNS = ("patient_id", "photo_id", "quantity", "level", "value", "low", "high", "spread", "truth")


def calibrate_intervals(table):
    """How far the truth lies from predicted values, as factors of their spread.

    Parameters
    ----------
    table : DataFrame
        Intervals with the truth, columns :data:`COLUMNS`, see :func:`bp_research.measuring.study.interval_table`. A person
        with several photos counts as one: each photo has the weight 1 / number of the person's photos.

    Returns
    -------
    DataFrame
        One row per ``quantity`` and ``level``: ``floor`` (median spread, added to each photo's own), the factors ``low``
        and ``high`` of that sum between which the truth lies, and ``people``, their number.

    Raises
    ------
    BadTableError
        For missing columns, no rows, or too few people for a level: with n people at least a share of 2 / (n + 1) of
        truths lies outside of any such interval.
    """
    _check(table)
    rows = []
    for (quantity, level), part in table.groupby(["quantity", "level"], sort=False):
        people = part["patient_id"].nunique()
        tail = (1 - level) / 2 * (people + 1)
        if tail < 1 - 1e-9:
            needed = int(np.ceil(2 / (1 - level) - 1 - 1e-9))
            raise BadTableError(f"{people} people are too few to calibrate the level {level}: {needed} are needed")
        floor = max(float(part["spread"].median()), np.finfo(float).tiny)
        score = ((part["truth"] - part["value"]) / (part["spread"] + floor)).to_numpy()
        weighted = {"weights": 1 / part.groupby("patient_id")["photo_id"].transform("size"), "method": "inverted_cdf"}
        # the truth of a new person is one more draw: count it to the far side of either bound
        share = tail / people - 1e-9
        low, high = np.quantile(score, share, **weighted), -np.quantile(-score, share, **weighted)
        rows.append((quantity, level, floor, low, high, people))
    return pd.DataFrame(rows, columns=["quantity", "level", "floor", "low", "high", "people"])


def apply_calibration(table, calibration):
    """The same table with calibrated ``low`` and ``high``.

    Parameters
    ----------
    table : DataFrame
        Columns ``quantity``, ``level``, ``value``, ``spread``, ``low``, ``high``.
    calibration : DataFrame
        From :func:`calibrate_intervals`.

    Returns
    -------
    DataFrame
        Bounds of ratios are not below 1, of angles, slopes and proportions not below 0.

    Raises
    ------
    BadSettingError
        If the calibration lacks a level or quantity of the table.
    """
    factors = calibration.set_index(["quantity", "level"])[["floor", "low", "high"]]
    wanted = pd.MultiIndex.from_frame(table[["quantity", "level"]])
    missing = wanted.difference(factors.index)
    if len(missing):
        there = ", ".join(map(str, calibration["level"].unique()))
        raise BadSettingError(f"the calibration lacks {missing.tolist()[:3]}; it was made for the levels {there}")
    factors = factors.loc[wanted]
    unit = table["spread"].to_numpy() + factors["floor"].to_numpy()
    least = np.array([_least(quantity) for quantity in table["quantity"]])
    bounds = {
        side: np.maximum(table["value"].to_numpy() + factors[side].to_numpy() * unit, least) for side in ("low", "high")
    }
    return table.assign(**bounds)


def cross_calibrate(table, folds=10, seed=0):
    """Each person's intervals, calibrated on other people only.

    Parameters
    ----------
    table : DataFrame
        As for :func:`calibrate_intervals`.
    folds : int
        Into how many parts the people are dealt.
    seed : int

    Returns
    -------
    DataFrame
        ``table`` with calibrated bounds, in the same order.
    """
    _check(table)
    people = table["patient_id"].unique()
    if not 2 <= folds <= len(people):
        raise BadSettingError(f"folds is a whole number from 2 to the {len(people)} people, not {folds!r}")
    dealt = dict(zip(np.random.default_rng(seed).permutation(people), np.arange(len(people)) % folds, strict=True))
    fold = table["patient_id"].map(dealt)
    parts = [apply_calibration(table[fold == i], calibrate_intervals(table[fold != i])) for i in range(folds)]
    return pd.concat(parts).loc[table.index]


def coverage(table, by=("level",)):
    """How often intervals hold the truth, and how wide they are.

    Parameters
    ----------
    table : DataFrame
        Columns :data:`COLUMNS`.
    by : sequence of str
        Columns that tell the groups apart.

    Returns
    -------
    DataFrame
        Index ``by``; columns ``held`` (share of truths within), ``width`` (mean width in standard deviations of the
        quantity's truths), ``photos``, ``people``.
    """
    _check(table)
    scale = table.groupby("quantity")["truth"].transform("std")
    held = table["truth"].between(table["low"], table["high"])
    groups = table.assign(held=held, width=(table["high"] - table["low"]) / scale).groupby(list(by), sort=False)
    return groups.agg(
        held=("held", "mean"), width=("width", "mean"), photos=("photo_id", "nunique"), people=("patient_id", "nunique")
    )


def _check(table):
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise BadTableError(f"a table of intervals has the columns {', '.join(COLUMNS)}; these are missing: {missing}")
    if len(table) == 0:
        raise BadTableError("the table of intervals has no rows: photos with known landmarks are needed")


def _least(quantity):
    """The least value that a quantity can have: ratios are 1 or more, signed asymmetries have no bound."""
    if quantity not in FEATURE_UNITS:
        return -np.inf
    return 1.0 if quantity in RATIOS else 0.0
