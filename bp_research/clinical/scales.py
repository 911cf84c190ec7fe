"""Scales that clinicians score by eye: only the arithmetic on the items that a person enters."""

import numpy as np
import pandas as pd

from ..errors import BadSettingError

#: The items of the Sunnybrook system, by part, with the values they may have.
SUNNYBROOK_MOVEMENTS = ("brow raise", "gentle eye closure", "open smile", "snarl", "lip pucker")
_SUNNYBROOK = {
    "resting": {"eye": (0, 1), "cheek": (0, 2), "mouth": (0, 1)},
    "movement": dict.fromkeys(SUNNYBROOK_MOVEMENTS, (1, 5)),
    "synkinesis": dict.fromkeys(SUNNYBROOK_MOVEMENTS, (0, 3)),
}
_FNGS = {**dict.fromkeys(("brow", "eye", "nasolabial fold", "mouth"), (1, 6)), "secondary movement": (0, 3)}
#: Highest sums of the grades I to VI.
_FNGS_SUMS = {"I": 4, "II": 9, "III": 14, "IV": 19, "V": 23, "VI": 24}


def sunnybrook(items):
    """The composite score of the Sunnybrook facial grading system.

    Parameters
    ----------
    items : dict
        ``"resting"``: eye 0-1, cheek 0-2, mouth 0-1 (0 is symmetric); ``"movement"``: each of
        :data:`SUNNYBROOK_MOVEMENTS` 1 (none) to 5 (as on the healthy side); ``"synkinesis"``: each of them 0-3. Each part is a
        dict by these names, or a sequence in this order.

    Returns
    -------
    Series
        ``movement`` (4 times the sum, 20-100), ``resting`` (5 times the sum, 0-20), ``synkinesis`` (0-15) and ``composite``,
        the first less the others: 100 is normal, 0 complete palsy. Healthy people score 65-100.

    Raises
    ------
    BadSettingError
        If an item is missing, unknown or out of its range.

    Notes
    -----
    Ross, Fradet and Nedzelski, Otolaryngol. Head Neck Surg. 1996, 114, 380.

    Examples
    --------
    >>> int(sunnybrook({"resting": [1, 0, 1], "movement": [3, 4, 3, 2, 4], "synkinesis": [0, 1, 0, 0, 1]})["composite"])
    52
    """
    if set(items) != set(_SUNNYBROOK):
        raise BadSettingError(f"Sunnybrook has the parts {', '.join(_SUNNYBROOK)}; {len(items)} were given: {items!r}")
    weights = {"movement": 4, "resting": 5, "synkinesis": 1}
    score = pd.Series({p: w * _total(items[p], _SUNNYBROOK[p], p) for p, w in weights.items()}, name="Sunnybrook")
    score["composite"] = score["movement"] - score["resting"] - score["synkinesis"]
    return score


def fngs(items):
    """Total and grade of the Facial Nerve Grading System 2.0.

    Parameters
    ----------
    items : dict
        ``brow``, ``eye``, ``nasolabial fold``, ``mouth``: 1 (normal) to 6 (no movement); ``secondary movement``: 0-3. Or a
        sequence in this order.

    Returns
    -------
    Series
        ``total``, 4 to 24, and ``grade``, "I" to "VI".

    Raises
    ------
    BadSettingError
        If an item is missing, unknown or out of its range, or the total is above 24, for which there is no grade.

    Notes
    -----
    Vrabec et al., Otolaryngol. Head Neck Surg. 2009, 140, 445.

    Examples
    --------
    >>> fngs({"brow": 3, "eye": 2, "nasolabial fold": 3, "mouth": 3, "secondary movement": 1})["grade"]
    'III'
    """
    total = _total(items, _FNGS, "FNGS 2.0")
    if total > 24:
        raise BadSettingError(f"the items sum to {total}: FNGS 2.0 ends at 24, no movement has no secondary movement")
    grade = next(grade for grade, most in _FNGS_SUMS.items() if total <= most)
    return pd.Series({"total": total, "grade": grade}, name="FNGS 2.0")


def _total(items, ranges, what):
    """Sum of items, given by name or in order, that must be whole numbers within their ranges."""
    named = dict(items) if hasattr(items, "keys") else dict(zip(ranges, items, strict=False))
    if set(named) != set(ranges) or len(items) != len(ranges):
        raise BadSettingError(f"{what} has the items {', '.join(ranges)}; {len(items)} were given: {items!r}")
    for name, value in named.items():
        low, high = ranges[name]
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not low <= value <= high:
            raise BadSettingError(f"{what}: {name} is a whole number from {low} to {high}, not {value!r}")
    return sum(named.values())
