"""How both sides of a face move in a film: expressions, blinks and synkinesis over time, each beside its own noise.

Amounts in millimetres depend on the film's scale: between films compare ratios and counts only.
"""

import numpy as np
import pandas as pd
from scipy.signal import correlate, correlation_lags, find_peaks, savgol_filter

from ..errors import BadSettingError, BadTableError

#: What shows an expression: the clinical measure, and whether it grows or shrinks.
EXPRESSIONS = {
    "smile": ("commissure excursion", 1),
    "pucker": ("commissure excursion", -1),
    "brow raise": ("brow height", 1),
    "eye closure": ("palpebral fissure height", -1),
}
SIDES = ["right", "left"]
#: Frames per second below which a blink, which takes about 0.2 s, is too short for its velocity and the eyes' delay.
BLINK_RATE = 60
#: Blinks end within so many seconds; an eye that stays closed longer was closed on purpose.
LONGEST_BLINK = 0.5
#: Where a side moves no more than its noise.
CANNOT_TELL = "cannot tell"

_SMOOTHING = 0.1  # s over which velocities are taken
_ONSET = 0.1  # share of a peak at which a movement begins and ends
_LEAST = 0.3  # share of the largest movement that counts as one
_AROUND = 0.3  # s of rest that belong to a movement where the sides are compared
_FLOOR = 4  # standard deviations of a still face beyond which something moved


def signal(frames, measure):
    """A measure of both sides at even times.

    Parameters
    ----------
    frames : DataFrame
        From :func:`bp_research.measure_video`.
    measure : str
        Such as "commissure excursion".

    Returns
    -------
    DataFrame
        Index ``time`` (s, in steps of the film's median frame), columns ``right`` and ``left`` (the subject's); between
        frames, and where some failed, on the straight line between neighbours.

    Raises
    ------
    BadTableError
        If fewer than ten frames at growing times were measured.
    """
    names = [f"{measure} {side}" for side in SIDES]
    seen = frames.dropna(subset=["time", *names])
    times = seen["time"].to_numpy()
    if len(times) < 10 or (np.diff(times) <= 0).any():
        raise BadTableError(f"movement needs ten frames or more at growing times; {len(times)} frames tell the {measure}")
    step = np.median(np.diff(frames["time"].dropna()))
    even = times[0] + step * np.arange(int((times[-1] - times[0]) / step + 1e-6) + 1)
    both = {side: np.interp(even, times, seen[name]) for side, name in zip(SIDES, names, strict=True)}
    return pd.DataFrame(both, pd.Index(even, name="time"))


def movements(frames, expression, times=None, affected=None, still=None):
    """Each time that an expression is made: when, how far, how fast, and how far the sides differ.

    Parameters
    ----------
    frames : DataFrame
        From :func:`bp_research.measure_video`. The face is at rest most of the time, or ``times`` are given.
    expression : str
        One of :data:`EXPRESSIONS`. A closure of the eyes lasts longer than a blink, and one eye at least closes by half.
    times : sequence of (float, float), optional
        When it is made, s; found in the measure itself if not given.
    affected : {"left", "right"}, optional
        The person's side.
    still : DataFrame, optional
        A film of a still face, whose noise counts; by default that of the frames in which nothing moves.

    Returns
    -------
    DataFrame
        A row each: ``start``, ``end`` (s), and of either side, such as ``peak left``: ``onset`` (s; where it passes a tenth of
        the peak and the floor), ``time to peak`` (s from there; of a held movement to its middle), ``peak`` (mm from rest),
        ``velocity`` (the largest, mm/s, over 0.1 s) and ``floor`` (mm; four standard deviations of the still face, below which
        all these are NaN); ``lag`` (s, positive where the left side is later), ``correlation`` of the sides, ``ratio`` of the
        peaks (affected : healthy, or left : right) and ``finding``, "cannot tell" where a side does not move beyond its floor.

    Raises
    ------
    BadSettingError
        For an unknown expression or side.
    BadTableError
        If too few frames were measured.
    """
    if expression not in EXPRESSIONS or affected not in (None, *SIDES):
        raise BadSettingError(f"there is no {expression!r} of side {affected!r}; there are {', '.join(EXPRESSIONS)}")
    measure, direction = EXPRESSIONS[expression]
    curves = _smoothed(direction * signal(frames, measure))
    quiet = _quiet(curves)
    floor = _floor(curves[quiet] if still is None else _smoothed(signal(still, measure)))
    rest = curves[quiet].median()
    curves, speed = curves - rest, _smoothed(direction * signal(frames, measure), 1)
    if times is None:
        closing = expression == "eye closure"
        least = -rest.min() / 2 if closing else _LEAST * curves.to_numpy().max()
        spans = _spans(curves.max(axis=1), max(floor.max(), least), floor.max())
        times = [(start, end) for start, end in spans if not closing or end - start > LONGEST_BLINK]
    rows = [_movement(curves, speed, floor, start, end, affected) for start, end in times]
    sided = [f"{what} {side}" for side in SIDES for what in ("onset", "time to peak", "peak", "velocity", "floor")]
    return pd.DataFrame(rows, columns=["start", "end", *sided, "lag", "correlation", "ratio", "finding"])


def blinks(frames, complete=0.8):
    """Each blink.

    Parameters
    ----------
    frames : DataFrame
        From :func:`bp_research.measure_video`.
    complete : float
        Closing ratio from which a blink counts as complete: between what was found in palsied (.65) and healthy eyes (.94;
        Ogawa 2021).

    Returns
    -------
    DataFrame
        A row each: ``start``, ``end`` (s) and of either eye ``closing`` (1 - least / median fissure), ``incomplete`` and
        ``velocity`` (the lid's, mm/s); ``delay`` (s, positive where the left eye is later). Blinks that neither eye closes by
        half are not seen. Velocity and delay are NaN below 60 frames per second, as ``attrs["cannot tell"]`` says.
    """
    fissures = signal(frames, EXPRESSIONS["eye closure"][0])
    closing, speed = 1 - fissures / fissures.median(), _smoothed(-fissures, 1)
    rate = 1 / np.diff(closing.index).mean()
    rows = []
    for start, end in _spans(closing.max(axis=1), 0.5):
        if end - start <= LONGEST_BLINK:
            part, row = closing[start:end], {"start": start, "end": end}
            for side in SIDES:
                row |= {f"closing {side}": part[side].max(), f"incomplete {side}": part[side].max() < complete}
                row[f"velocity {side}"] = speed[side][start:end].max()
            rows.append(row | {"delay": _top(part["left"]) - _top(part["right"])})
    names = ["start", "end", *(f"{what} {side}" for side in SIDES for what in ("closing", "incomplete", "velocity")), "delay"]
    table = pd.DataFrame(rows, columns=names)
    table.attrs["seconds"] = float(np.ptp(closing.index))
    if rate < 0.98 * BLINK_RATE:
        table[["velocity right", "velocity left", "delay"]] = np.nan
        table.attrs[CANNOT_TELL] = f"{rate:.0f} frames per second cannot tell how fast a blink is: film {BLINK_RATE} or more"
    return table


def blink_summary(table):
    """Blinks per minute, mean closing ratio, share of incomplete ones and median delay of a table from :func:`blinks`.

    Returns
    -------
    DataFrame
        A row per quantity, columns ``right``, ``left``; what is of both eyes stands in both.
    """
    found = {"blinks": len(table), "blinks per minute": 60 * len(table) / table.attrs["seconds"]}
    both = pd.DataFrame(found, index=SIDES).T
    both.loc["closing ratio"] = [table[f"closing {side}"].mean() for side in SIDES]
    both.loc["share incomplete"] = [table[f"incomplete {side}"].astype(float).mean() for side in SIDES]
    both.loc["delay of the left eye, s"] = table["delay"].median()
    return both


def synkinesis(frames, affected=None, times=None, lid_shift=3.0):
    """What moves that should not: the eyes' opening while the mouth moves, the mouth's corners while the eyes close.

    Parameters
    ----------
    frames : DataFrame
        From :func:`bp_research.measure_video`.
    affected : {"left", "right"}, optional
    times : dict of str to sequence of (float, float), optional
        When the expressions are made, as in :func:`movements`; those not named are found.
    lid_shift : float
        mm by which the landmarks of the mouth's corners may differ because lids close, which is the least floor of that row:
        FaceMesh moves the corners of a closing eye, and with them the line by which the face is levelled (in simulated films
        the difference was wrong by up to 3 mm). 0 for landmarks without this fault.

    Returns
    -------
    DataFrame
        A row for smile, pucker and eye closure: ``expression``, ``n`` (times made), ``change of``, ``unit``, the change from
        the rest around each movement to its peak, ``right`` and ``left`` (medians), their ``difference`` (affected less
        healthy, or left less right), ``floor`` and ``finding``: "cannot tell" within the noise of the still face.
    """
    rows = []
    sign = -1 if affected == "right" else 1
    for expression in ("smile", "pucker", "eye closure"):
        made = movements(frames, expression, (times or {}).get(expression))
        closing = expression == "eye closure"
        measure = EXPRESSIONS["smile" if closing else "eye closure"][0]
        moving, curves = EXPRESSIONS[expression], signal(frames, measure)
        share = 1 if closing else 100 / curves.median()
        changes = [_change(moving[1] * signal(frames, moving[0]), curves, *row) for row in made[["start", "end"]].to_numpy()]
        right, left = (np.median(changes, axis=0) if changes else np.full(2, np.nan)) * share
        difference = sign * (left - right)
        gap = _smoothed((curves * share).diff(axis=1)[["left"]])
        floor = max(_floor(gap[_quiet(gap)]).iloc[0], lid_shift if closing else 0)
        how = ("further in", "further out") if closing else ("narrower", "wider")
        finding = f"{'affected' if affected else 'left'} side {how[int(difference > 0)]}"
        rows.append([expression, len(made), measure, "mm" if closing else "% of rest", right, left, difference, floor])
        rows[-1].append(finding if abs(difference) > floor else CANNOT_TELL)
    names = ["expression", "n", "change of", "unit", "right", "left", "difference", "floor", "finding"]
    return pd.DataFrame(rows, columns=names)


def _smoothed(curves, derivative=0):
    """Curves by parabolas over 0.1 s or more, or their slopes."""
    step = np.diff(curves.index[:2])[0]
    window = max(5, int(np.ceil(_SMOOTHING / step)) | 1)
    return curves.apply(lambda c: savgol_filter(c, window, 2, derivative, step))


def _spans(values, least, floor=0.0):
    """(start, end) of each rise from 0 by at least so much, at a tenth of its height, or where it leaves the noise."""
    peaks, _ = find_peaks(values, height=least, prominence=least)
    levels = np.maximum(_ONSET * values.iloc[peaks], floor)
    spans = [(_crossing(values[:top], level), _crossing(values[top:], level, -1)) for top, level in levels.items()]
    return list(dict.fromkeys(spans))  # a movement with two tops is one


def _crossing(values, level, way=1):
    """When a curve that ends at (way 1) or starts from (-1) its top crosses a level; its end where it does not."""
    low = np.flatnonzero(values < level)
    if not len(low):
        return float(values.index[0 if way > 0 else -1])
    pair = values.iloc[low[-1] : low[-1] + 2] if way > 0 else values.iloc[low[0] - 1 : low[0] + 1][::-1]
    return float(np.interp(level, pair, pair.index))


def _quiet(curves):
    """Which frames lie outside of all that moves, either way."""
    moved = (curves - curves.median()).abs()
    largest, quiet = moved.max(axis=1), np.ones(len(curves), bool)
    for start, end in _spans(largest, max(_LEAST * largest.max(), _floor(curves).max())):
        quiet &= (curves.index < start) | (curves.index > end)
    return quiet


def _floor(still):
    """What noise does not exceed, of each column: four standard deviations, by the median deviation."""
    return _FLOOR * 1.4826 * (still - still.median()).abs().median()


def _top(values):
    """When a curve is highest: the vertex of the parabola through what lies above four fifths."""
    high = values[values >= values.max() - 0.2 * abs(values.max())]
    if len(high) < 3:
        return float(values.idxmax())
    middle = high.index.to_numpy().mean()
    bend, slope, _ = np.polyfit(high.index - middle, high, 2)
    return float(np.clip(middle - slope / (2 * bend), *high.index[[0, -1]])) if bend < 0 else float(values.idxmax())


def _movement(curves, speed, floor, start, end, affected):
    """One row of :func:`movements`."""
    row, part = {"start": start, "end": end}, curves[start:end]
    peaks = part.max().where(part.max() > floor)
    for side in SIDES:
        row |= {f"floor {side}": floor[side], f"peak {side}": peaks[side]}
        if np.isfinite(peaks[side]):
            onset = _crossing(curves[side][: part[side].idxmax()], max(_ONSET * peaks[side], floor[side]))
            row |= {f"onset {side}": onset, f"time to peak {side}": _top(part[side]) - onset}
            row[f"velocity {side}"] = speed[side][onset : part[side].idxmax()].max()
    if peaks.notna().all():
        whole = curves[start - _AROUND : end + _AROUND]
        lags = correlation_lags(len(whole), len(whole)) * np.diff(whole.index[:2])[0]
        row["lag"] = _top(pd.Series(correlate(whole["left"], whole["right"]), lags))
        row["correlation"] = whole.corr().iloc[0, 1]
        row["ratio"] = peaks["right"] / peaks["left"] if affected == "right" else peaks["left"] / peaks["right"]
    return row | {"finding": CANNOT_TELL if peaks.isna().any() else "moves"}


def _change(moving, watched, start, end):
    """How a measure of both sides changes from the rest around a movement to where this is at four fifths of its peak."""
    near = (watched.index > start - 0.5) & (watched.index < end + 0.5)
    around = watched[near].drop(watched[start:end].index)
    made = moving.max(axis=1)
    low = made[around.index].median()
    top = made[start:end]
    return (watched[start:end][top - low >= 0.8 * (top.max() - low)].median() - around.median()).to_numpy()
