"""Auto-eFACE and the House-Brackmann movement score: the affected side's measures against the healthy side's."""

import numpy as np
import pandas as pd

from ..errors import BadSettingError, BadTableError
from ..face.schemes import EXPRESSIONS
from .measures import SHARES

#: The items of each part of Auto-eFACE.
STATIC = ("resting brow", "resting palpebral fissure", "oral commissure at rest")
DYNAMIC = (
    "brow elevation",
    "gentle eye closure",
    "full eye closure",
    "oral commissure with smile",
    "lower lip movement",
)

#: Lids nearer to each other than this are closed, mm.
_CLOSED_MM = 1.0
#: Distance of the outer eye corners of adults, mm, for tables without millimetres: mean of the 102 London faces, by hand.
_ADULT_INTEROCULAR_MM = 87.0


class _NotMeasurableError(Exception):
    """Why an item cannot be had."""


class _Sides:
    """Values of the affected and the healthy side, looked up in the tables of the expressions."""

    def __init__(self, measures, affected_side):
        if affected_side not in ("left", "right"):
            raise BadSettingError(
                f"affected_side is the subject's 'left' or 'right', not {affected_side!r}: see suggest_affected_side()"
            )
        if unknown := [expression for expression in measures if expression not in EXPRESSIONS]:
            raise BadSettingError(f"unknown expression {unknown[0]!r}; there are {', '.join(EXPRESSIONS)}")
        if not measures:
            raise BadTableError("there is no expression to score")
        if len({table["unit"].iloc[0] for table in measures.values()}) > 1:
            raise BadTableError(
                "the expressions are measured in different units: give clinical_measures one PersonScale for all"
            )
        self.measures = measures
        self.columns = [affected_side, "right" if affected_side == "left" else "left"]

    def of(self, measure, expression):
        """Affected, healthy."""
        if expression not in self.measures:
            raise _NotMeasurableError(f"there is no photo of: {expression}")
        values = self.measures[expression].loc[measure, self.columns].to_numpy(float)
        if not np.isfinite(values).all():
            raise _NotMeasurableError(f"{measure} could not be measured in the photo of: {expression}")
        return values

    def movement(self, measure, expression):
        """Change since rest, affected and healthy."""
        return self.of(measure, expression) - self.of(measure, "at rest")


def auto_eface(measures, affected_side):
    """Auto-eFACE: how far the affected side is from the healthy side, 0 to 100, 100 is normal.

    Parameters
    ----------
    measures : dict of DataFrame
        For each expression of :data:`bp_research.face.schemes.EXPRESSIONS` a table of :func:`clinical_measures`.
    affected_side : {"left", "right"}
        The subject's; :func:`suggest_affected_side` shows what speaks for which.

    Returns
    -------
    Series
        The nine items, per cent (the three at rest up to 200: the affected side is larger), and the scores ``static``,
        ``dynamic``, ``synkinesis`` and ``composite``. NaN for what cannot be had, and for scores of which a part is missing;
        ``attrs["why"]`` says why of each item.

    Raises
    ------
    BadSettingError
        If the side is neither left nor right, or an expression is unknown.
    BadTableError
        If there is no expression, or they are measured in different units.

    Notes
    -----
    Miller et al., Plast. Reconstr. Surg. 2021, 147, 467, and the published program. It approximates eFACE, which clinicians
    score by eye on 15 scales. Healthy people do not reach 100.
    """
    sides = _Sides(measures, affected_side)
    ratios = {
        "resting brow": lambda: _ratio(*sides.of("brow height", "at rest")),
        "resting palpebral fissure": lambda: _ratio(*sides.of("palpebral fissure height", "at rest")[::-1]),
        "oral commissure at rest": lambda: _resting_commissure(sides),
        "brow elevation": lambda: _ratio(*sides.movement("brow height", "brow raise")),
        "gentle eye closure": lambda: _closure(sides, "gentle eye closure"),
        "full eye closure": lambda: _closure(sides, "tight eye closure"),
        "oral commissure with smile": lambda: _ratio(*sides.movement("commissure excursion", "open smile")),
        "lower lip movement": lambda: _ratio(*sides.of("dental show", "lower teeth show")),
        "ocular synkinesis": lambda: min(_fissures(sides, "open smile"), _fissures(sides, "lip pucker")),
    }
    scores = _tried(ratios, "Auto-eFACE")
    scores = (100 * scores).round(1).clip(0, [200 if name in STATIC else 100 for name in ratios])
    scores["static"] = (100 - (100 - scores[list(STATIC)]).abs()).mean(skipna=False)
    scores["dynamic"] = scores[list(DYNAMIC)].mean(skipna=False)
    scores["synkinesis"] = scores["ocular synkinesis"]
    scores["composite"] = scores[["static", "dynamic", "synkinesis"]].mean(skipna=False)
    return scores


def movement_score(measures, affected_side):
    """The House-Brackmann movement score: points for how far brow and mouth corner move against the healthy side.

    Four points each for the rise of the brow on raising it and for the excursion of the mouth corner in the open smile,
    in the proportion of the affected side's movement to the healthy side's, to whole points. It is not a House-Brackmann
    grade, which a clinician gives for the whole face.

    Parameters
    ----------
    measures, affected_side
        As in :func:`auto_eface`; at rest, brow raise and open smile.

    Returns
    -------
    Series
        ``brow`` and ``mouth``, 0 to 4, and their sum ``total``; NaN for what cannot be had, ``attrs["why"]`` says why.

    Notes
    -----
    House and Brackmann, Otolaryngol. Head Neck Surg. 1985, 93, 146.
    """
    sides = _Sides(measures, affected_side)
    ratios = {
        "brow": lambda: _ratio(*sides.movement("brow height", "brow raise")),
        "mouth": lambda: _ratio(*sides.movement("commissure excursion", "open smile")),
    }
    points = np.floor((4 * _tried(ratios, "House-Brackmann movement score")).clip(0, 4) + 0.5)
    points["total"] = points.sum(skipna=False)
    return points


def suggest_affected_side(measures):
    """Which side looks affected, with the evidence; a suggestion, for a person to decide on.

    Parameters
    ----------
    measures : dict of DataFrame
        As in :func:`auto_eface`; any of the expressions.

    Returns
    -------
    side : {"left", "right"} or None
        The subject's side to which most of the evidence points; None if it is divided or there is none.
    evidence : DataFrame
        The items of Auto-eFACE that can be had, per cent: ``right`` and ``left``, if that side is taken for the affected one,
        and ``weaker``, the side with the lower number: its brow or mouth corner hangs or moves less, its eye opens more
        at rest or closes less.
    """
    evidence = pd.DataFrame(
        {side: auto_eface(measures, side)[[*STATIC, *DYNAMIC]] for side in ("right", "left")}
    ).dropna()
    gap = evidence["left"] - evidence["right"]
    evidence["weaker"] = np.select([gap < 0, gap > 0], ["left", "right"], "neither")
    balance = np.sign(gap).sum()
    return ("left" if balance < 0 else "right" if balance > 0 else None), evidence


def _tried(items, name):
    """The items' values; NaN where one is not measurable, with the reason in ``attrs``."""
    values, why = pd.Series(np.nan, index=list(items), name=name), {}
    for item, value in items.items():
        try:
            values[item] = value()
        except _NotMeasurableError as reason:
            why[item] = str(reason)
    values.attrs["why"] = why
    return values


def _fissures(sides, expression):
    return _ratio(*sides.of("palpebral fissure height", expression))


def _ratio(affected, healthy):
    if not healthy > 0:
        raise _NotMeasurableError("the side that it is compared with measures nothing")
    return affected / healthy


def _resting_commissure(sides):
    """Rise of the mouth corners compared, where the affected one is raised but less than the healthy one; else their run."""
    angle, excursion = np.radians(sides.of("smile angle", "at rest") - 90), sides.of("commissure excursion", "at rest")
    rise, run = np.sin(angle) * excursion, np.cos(angle) * excursion
    return _ratio(*(rise if 0 < rise[0] < rise[1] else run))


def _closure(sides, expression):
    """Share of the affected eye's opening at rest that closing it takes away."""
    (resting, _), (closed, _) = (sides.of("palpebral fissure height", e) for e in ("at rest", expression))
    in_shares = sides.measures[expression].loc["palpebral fissure height", "unit"] == SHARES
    nearly = _CLOSED_MM / _ADULT_INTEROCULAR_MM if in_shares else _CLOSED_MM
    return _ratio(resting - (closed if closed >= nearly else 0), resting)
