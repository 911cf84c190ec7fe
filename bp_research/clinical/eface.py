"""Auto-eFACE and the House-Brackmann movement score: the affected side's measures against the healthy side's."""

import numpy as np
import pandas as pd

from ..errors import BadSettingError, BadTableError
from ..face.schemes import EXPRESSIONS
from .measures import SHARES

_FISSURE = "palpebral fissure height"
_AT_REST = ("brow height", _FISSURE, "commissure excursion", "smile angle")
#: What each item is taken from: the measure and the expressions.
ITEMS = {
    "resting brow": ("brow height", "at rest"),
    "resting palpebral fissure": (_FISSURE, "at rest"),
    "oral commissure at rest": ("commissure excursion", "at rest"),
    "brow elevation": ("brow height", "at rest", "brow raise"),
    "gentle eye closure": (_FISSURE, "at rest", "gentle eye closure"),
    "full eye closure": (_FISSURE, "at rest", "tight eye closure"),
    "oral commissure with smile": ("commissure excursion", "at rest", "open smile"),
    "lower lip movement": ("dental show", "lower teeth show"),
    "ocular synkinesis": (_FISSURE, "open smile", "lip pucker"),
}
#: The items of each part of Auto-eFACE; the last item is that of synkinesis.
STATIC, DYNAMIC = tuple(ITEMS)[:3], tuple(ITEMS)[3:8]
_MOVEMENTS = {"brow": ITEMS["brow elevation"], "mouth": ITEMS["oral commissure with smile"]}

#: Lids nearer to each other than this are closed, mm.
CLOSED_MM = 1.0
#: Distance of the outer eye corners of adults, mm, for tables without millimetres: mean of the 102 London faces, by hand.
_ADULT_INTEROCULAR_MM = 87.0


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
    of = _lookup(measures, affected_side)
    brow, fissure, excursion, angle = (of(measure, "at rest") for measure in _AT_REST)
    rise, run = excursion * [np.sin(np.radians(angle - 90)), np.cos(np.radians(angle - 90))]
    items = pd.Series(
        {
            "resting brow": _share(*brow),
            "resting palpebral fissure": _share(*fissure[::-1]),
            "oral commissure at rest": _share(*(rise if 0 < rise[0] < rise[1] else run)),
            "brow elevation": _share(*(of("brow height", "brow raise") - brow)),
            "gentle eye closure": _share(fissure[0] - _open(measures, of, "gentle eye closure"), fissure[0]),
            "full eye closure": _share(fissure[0] - _open(measures, of, "tight eye closure"), fissure[0]),
            "oral commissure with smile": _share(*(of("commissure excursion", "open smile") - excursion)),
            "lower lip movement": _share(*of("dental show", "lower teeth show")),
            "ocular synkinesis": np.minimum(_share(*of(_FISSURE, "open smile")), _share(*of(_FISSURE, "lip pucker"))),
        },
        name="Auto-eFACE",
    )
    scores = (100 * items).round(1).clip(0, [200 if item in STATIC else 100 for item in items.index])
    scores["static"] = (100 - (100 - scores[list(STATIC)]).abs()).mean(skipna=False)
    scores["dynamic"] = scores[list(DYNAMIC)].mean(skipna=False)
    scores["synkinesis"] = scores["ocular synkinesis"]
    scores["composite"] = scores[["static", "dynamic", "synkinesis"]].mean(skipna=False)
    scores.attrs["why"] = _reasons(items, of)
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
    of = _lookup(measures, affected_side)
    moved = {part: _share(*(of(m, after) - of(m, before))) for part, (m, before, after) in _MOVEMENTS.items()}
    items = pd.Series(moved, name="House-Brackmann movement score")
    points = np.floor((4 * items).clip(0, 4) + 0.5)
    points["total"] = points.sum(skipna=False)
    points.attrs["why"] = _reasons(items, of)
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
    items = {side: auto_eface(measures, side)[[*STATIC, *DYNAMIC]] for side in ("right", "left")}
    evidence = pd.DataFrame(items).dropna()
    gap = evidence["left"] - evidence["right"]
    evidence["weaker"] = np.select([gap < 0, gap > 0], ["left", "right"], "neither")
    balance = np.sign(gap).sum()
    return ("left" if balance < 0 else "right" if balance > 0 else None), evidence


def _lookup(measures, affected_side):
    """A function of measure and expression that gives affected and healthy side, ndarray (2,); NaN for what is not there."""
    if affected_side not in ("left", "right"):
        raise BadSettingError(f"affected_side is the subject's 'left' or 'right', not {affected_side!r}")
    if unknown := [expression for expression in measures if expression not in EXPRESSIONS]:
        raise BadSettingError(f"unknown expression {unknown[0]!r}; there are {', '.join(EXPRESSIONS)}")
    if len({table["unit"].iloc[0] for table in measures.values()}) != 1:
        raise BadTableError("there is no expression, or they are in different units: give all of them one PersonScale")
    sides = pd.concat(dict(measures))[[affected_side, "right" if affected_side == "left" else "left"]]
    return lambda measure, expression: sides.reindex([(expression, measure)]).to_numpy(float)[0]


def _share(affected, healthy):
    """Affected over healthy; NaN where there is nothing to compare with."""
    return affected / healthy if healthy > 0 else np.nan


def _open(measures, of, expression):
    """How far the affected eye is open; 0 where the lids are near enough to count as closed."""
    opening = of(_FISSURE, expression)[0]
    in_shares = next(iter(measures.values())).loc[_FISSURE, "unit"] == SHARES
    return 0.0 if opening < CLOSED_MM / (_ADULT_INTEROCULAR_MM if in_shares else 1) else opening


def _reasons(items, of):
    """Why each item that is NaN could not be had."""
    why = {}
    for item in items.index[items.isna()]:
        measure, *expressions = (ITEMS | _MOVEMENTS)[item]
        missing = [e for e in expressions if np.isnan(of(measure, e)).any()]
        lacking = f"no {measure} in a photo of: {', '.join(missing)}"
        why[item] = lacking if missing else "the healthy side measures nothing"
    return why
