"""How a simulated face is built and moves: people, expressions and palsy, as 68 points in face units.

Each side of the face is moved by its own muscles. Their strength is the expression's, times the person's effort, times
what the palsy leaves of it; at rest a flaccid palsy lets the face droop, and a synkinetic one tightens it and couples
muscles that do not belong together. The patterns follow the usual clinical descriptions (House and Brackmann 1985;
Crumley 1979 for synkinesis); their amounts are plausible, not measured.

Inside this module the image's sides are used: side 0 is the image's left.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from ..face.schemes import MIRROR_68
from .portraits import portrait

#: Kinds of people: a healthy face, one-sided peripheral palsies, one-sided central weakness, weakness of both sides.
KINDS = ("healthy", "flaccid", "synkinetic", "central", "bulbar")

# Muscle actions at full strength, lengths in face units. "brow": raising the brow; "frown": pulling it down and in;
# "close": share of the way that the upper lid closes; "widen": raising the upper and "squint" the lower lid; "out", "up":
# of the mouth corner; "lip_up", "lip_down": of the middle of the lips; "protrude": fuller lips; "jaw": opening.
_MOVES = pd.read_csv(Path(__file__).with_name("movements.csv"), index_col="expression")
_ACTIONS = tuple(_MOVES)

#: Every expression that can be simulated: the eight of the MEEI set and those that NeuroFace's tasks need.
MOVEMENTS = tuple(_MOVES.index)

_UPPER_LIDS = ([36, 37, 38, 39], [45, 44, 43, 42])  # outer corner to inner corner, per image side
_LOWER_LIDS = ([36, 41, 40, 39], [45, 46, 47, 42])
_BROWS = ([17, 18, 19, 20, 21], [26, 25, 24, 23, 22])


@dataclass(frozen=True)
class Person:
    """A simulated person.

    Attributes
    ----------
    number : int
        Different numbers are different people.
    seed : int
        Of the cohort.
    kind : str
        One of `KINDS`.
    side : {"left", "right", None}
        The palsied side, the subject's.
    severity : float
        1 (none) to 6 (complete), continuous.
    face : {"hopper", "collins"}
        The portrait.
    mirrored : bool
        Whether the portrait is mirrored. `side` is that of the face as it is seen.
    """

    number: int
    seed: int = 0
    kind: str = "healthy"
    side: str | None = None
    severity: float = 1.0
    face: str = "collins"
    mirrored: bool = False

    def random(self, *key):
        """Return a random generator that belongs to this person and `key` (integers) alone."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(self.number, *key)))


@dataclass(frozen=True)
class Pose:
    """A moved face in face units.

    Attributes
    ----------
    points : ndarray of float64, shape (68, 2)
        Landmarks as they are seen.
    rest : ndarray of float64, shape (68, 2)
        Landmarks of the same person, at rest and before palsy and head turn: where teeth and eyeballs stay.
    shift : ndarray of float64, shape (2,)
        How the head's turn moves the middle of the face: where teeth and eyeballs go.
    strength : ndarray of float64, shape (2, 11)
        What each side's muscles do, one column per action; see `action`.
    tone : ndarray of float64, shape (2,)
        Depth of the skin folds of each side, 1 is normal.
    gaze : ndarray of float64, shape (2,)
        How far each eye rolls upwards, face units.
    """

    points: np.ndarray
    rest: np.ndarray
    shift: np.ndarray
    strength: np.ndarray
    tone: np.ndarray
    gaze: np.ndarray

    def action(self, name):
        """Return the strength of an action on both sides, shape (2,)."""
        return self.strength[:, _ACTIONS.index(name)]


@lru_cache(maxsize=256)
def _shape(person):
    """Return the resting face (68, 2) of a person without palsy, and their own traits as a dict."""
    rng = person.random(0)
    points = portrait(person.face).rest
    # Most of the portrait's own asymmetry goes: it would be the same in everybody.
    mirrored = (points * (-1, 1) + (2 * points[27:31, 0].mean(), 0))[MIRROR_68]
    points = 0.675 * points + 0.325 * mirrored
    x, y = points.T.copy()
    wide, long, jaw, nose, mouth, brows, eyes, lips = rng.normal(0, 1, 8).clip(-2, 2)
    low = np.clip(y, 0, None)
    points[:, 0] *= 1 + 0.03 * wide * np.clip(np.abs(x) - 0.3, 0, None) + 0.04 * jaw * low
    points[:, 1] += 0.03 * long * low
    centre = points[30, 0]
    points[31:36, 0] = centre + (points[31:36, 0] - centre) * (1 + 0.05 * nose)
    middle, seam = points[[51, 57], 0].mean(), points[[62, 66], 1].mean()
    points[48:68, 0] = middle + (points[48:68, 0] - middle) * (1 + 0.05 * mouth)
    points[48:68, 1] = seam + (points[48:68, 1] - seam) * (1 + 0.10 * lips)
    points[17:27, 1] += 0.016 * brows
    for upper, lower in zip(_UPPER_LIDS, _LOWER_LIDS, strict=True):
        line = points[[upper[0], upper[3]], 1].mean()
        inside = upper[1:3] + lower[1:3]
        points[inside, 1] = line + (points[inside, 1] - line) * (1 + 0.10 * eyes)
    # Nobody is symmetric: each side has its own small departures, smooth within brow, eye and mouth.
    for side in (0, 1):
        points[_BROWS[side]] += rng.normal(0, [0.005, 0.006], 2)
        points[_UPPER_LIDS[side][1:3], 1] += rng.normal(0, 0.004)
        points[_LOWER_LIDS[side][1:3], 1] += rng.normal(0, 0.003)
    tilt = rng.normal(0, 0.008)
    points[48:68, 1] += tilt * (points[48:68, 0] - middle) / 0.27
    points[48:68, 0] += rng.normal(0, 0.006)
    points += rng.normal(0, 0.0015, points.shape)
    points[60:65, 1] = np.minimum(points[60:65, 1], points[[60, 67, 66, 65, 64], 1] - [0, 0.003, 0.003, 0.003, 0])
    traits = {
        "spared": rng.normal(0, 0.06, (3,)),  # brow, eye, mouth: how far the palsy differs between regions
        "droop": np.exp(rng.normal(0, 0.15, 3)),
        "synkinesis": np.exp(rng.normal(0, 0.18)),
        "effort": rng.normal(1, 0.08, len(_ACTIONS)),
        "sides": rng.normal(0, 0.04, (2, len(_ACTIONS))),  # even healthy people move one side more
    }
    return points, traits


def _paralysis(person, severity, traits):
    """Return the share of strength lost (2 sides, 3 regions: brow, eye, mouth), and the palsied image side or None."""
    lost = np.zeros((2, 3))
    if person.kind == "healthy" or (person.side is None and person.kind != "bulbar"):
        return lost, None
    degree = (severity - 1) / 5
    regions = np.clip(degree + traits["spared"] * min(1.0, 3 * degree), 0, 1)
    if person.kind == "bulbar":
        lost[:] = regions * (0, 0.1, 0.75)
        return lost, None
    side = int((person.side == "left") != person.mirrored)
    if person.kind == "central":
        regions = regions * (0.12, 0.2, 0.9)
    lost[side] = regions
    return lost, side


def _strengths(person, expression, effort, lost, side, traits):
    """Return the muscles' strengths (2, 11) in face units."""
    moves = _MOVES.loc[expression].to_numpy()
    weight = np.where(moves == 0, 0, effort * traits["effort"])
    strength = moves * weight * (1 + traits["sides"])
    strength[:, 2] = moves[2] * weight[2] if moves[2] < 1 else np.clip(1.35 * weight[2], 0, 1)
    left = dict.fromkeys(_ACTIONS, 2) | {"brow": 0, "frown": 0, "close": 1, "widen": 1, "squint": 1}
    kept = 1 - lost[:, [left[action] for action in _ACTIONS]]
    kept[:, 2] = 1 - 0.65 * lost[:, 1] ** 1.3 if moves[2] >= 0.9 else kept[:, 2]
    kept[:, _ACTIONS.index("jaw")] = 1  # the jaw's muscles have another nerve
    if person.kind == "bulbar":
        kept[:, _ACTIONS.index("jaw")] = 1 - 0.6 * lost[:, 2]
    strength = strength * kept
    if person.kind == "synkinetic" and side is not None:
        # Aberrant regrowth: moderate loss, and the eye, mouth and brow pull together.
        amount = traits["synkinesis"] * np.sqrt(lost[side].mean())
        own = dict(zip(_ACTIONS, moves * weight, strict=True))
        effort_mouth = max(own["out"], -0.8 * own["out"], 0.5 * own["lip_down"]) / 0.08
        strength[side, 2] += 0.42 * amount * effort_mouth * (moves[2] < 0.9)
        strength[side, _ACTIONS.index("squint")] += 0.012 * amount * effort_mouth
        effort_eye = own["close"] * (moves[2] >= 0.9) + own["brow"] / 0.085 * 0.5
        strength[side, _ACTIONS.index("out")] += 0.022 * amount * effort_eye
        strength[side, _ACTIONS.index("up")] += 0.020 * amount * effort_eye
    strength[:, 2] = strength[:, 2].clip(0, 1)
    return strength


def _across(x, middle):
    """Return how far points at `x` belong to each image side, (2, n): 0.5 in the middle, 1 at a mouth corner."""
    share = 0.5 + 0.5 * np.sin(np.clip((x - middle) / 0.24, -1, 1) * np.pi / 2)
    return np.stack([1 - share, share])


def _palsy_at_rest(points, person, lost, side, traits):
    """Let the palsied side droop (flaccid, central) or tighten (synkinetic); changes `points`."""
    brow, eye, mouth = lost[side] * traits["droop"]
    outward = 1 if side else -1
    tight = person.kind == "synkinetic"
    ends = np.array([1.15, 1.1, 1, 0.9, 0.75])
    points[_BROWS[side], 1] += (0.030 if tight else 0.062) * brow * ends
    lids = np.array(_UPPER_LIDS[side])[1:3]
    points[lids, 1] += (0.020 * eye) if tight else (0.010 * brow - 0.006 * eye)
    points[np.array(_LOWER_LIDS[side])[1:3], 1] += -0.012 * eye if tight else 0.017 * eye
    lips = np.arange(48, 68)
    share = _across(points[lips, 0], points[51, 0])[side]
    points[lips, 1] += (-0.014 if tight else 0.062) * mouth * (share**1.6)
    points[lips, 0] += outward * (0.010 if tight else -0.016) * mouth * share
    points[lips, 0] += outward * (0.004 if tight else -0.020) * mouth  # pulled towards the stronger side
    points[31:36, 0] -= outward * (0.0 if tight else 0.010) * mouth


def _move_mouth(points, rest, strength, jaw):
    """Move the lips, cheeks and chin; changes `points`."""
    out, up, lip_up, lip_down, protrude = (strength[:, _ACTIONS.index(a)] for a in _ACTIONS[5:10])
    lips = np.arange(48, 68)
    middle, seam = rest[[51, 57, 62, 66], 0].mean(), rest[[62, 66], 1].mean()
    share = _across(rest[lips, 0], middle)
    reach = np.abs(rest[lips, 0] - middle) / 0.27
    direction = np.array([-1.0, 1.0])
    # A side's pull grows towards its corner; what the other side does not hold against drags the whole mouth along.
    points[lips, 0] += (direction * out) @ (share * np.clip(reach, 0.12, 1.1)) + 0.22 * (direction * out).sum()
    points[lips, 1] -= up @ (share * np.clip(reach, 0, 1.1) ** 1.3) + 0.10 * up.mean()
    bow = np.clip(1 - np.abs(rest[lips, 0] - middle) / 0.28, 0, 1) ** 0.7
    upper, lower = [
        np.isin(lips, part) for part in ([49, 50, 51, 52, 53, 61, 62, 63], [55, 56, 57, 58, 59, 65, 66, 67])
    ]
    wide = np.clip(1 - (np.abs(rest[lips, 0] - middle) / 0.30) ** 2, 0, 1)
    points[lips, 1] -= upper * (lip_up @ share) * wide
    points[lips, 1] += lower * (lip_down @ share) * wide
    full = protrude @ share * (0.4 + 0.6 * bow)
    outer = np.isin(lips, np.arange(49, 60)) & (lips != 54)
    points[lips, 1] += outer * full * np.where(rest[lips, 1] < seam, -1, 1)
    # The jaw drops: everything below the mouth follows, the corners half.
    points[lips, 1] += jaw * np.where(lower, 0.95, np.where(upper, 0.02, 0.42))
    points[lips, 0] += (middle - points[lips, 0]) * np.clip(jaw, 0, 1) * 0.35 * ~(upper | lower)
    follow = np.clip(1 - np.abs(np.arange(17) - 8) / 6, 0, 1)
    points[:17, 1] += follow * (0.95 * jaw + 0.08 * lip_down.mean() - 0.05 * protrude.mean())
    points[31:36, 0] += np.array([out[0], 0, 0, 0, out[1]]).clip(0) * (-0.15, 0, 0, 0, 0.15)
    points[31:36, 1] -= np.array([up[0], up[0] / 2, 0, up[1] / 2, up[1]]).clip(0) * 0.12


def _move_eyes(points, rest, strength):
    """Move brows and lids; changes `points`."""
    brow, frown, close, widen, squint = (strength[:, _ACTIONS.index(a)] for a in _ACTIONS[:5])
    for side in (0, 1):
        inward = -1 if side else 1
        ends = np.array([0.75, 0.95, 1.05, 1.0, 0.85])
        points[_BROWS[side], 1] += -brow[side] * ends + frown[side] * ends[::-1]
        points[_BROWS[side], 0] += inward * 0.4 * frown[side]
        upper, lower = np.array(_UPPER_LIDS[side]), np.array(_LOWER_LIDS[side])
        points[lower[1:3], 1] -= squint[side]
        # The lids meet a little above the open eye's lower lid, where the lid line of a closed eye lies.
        line = points[lower[1:3], 1] - 0.004
        opening = np.maximum(line - points[upper[1:3], 1] + widen[side], 0)
        points[upper[1:3], 1] = line - opening * (1 - close[side])
        points[upper[0], 1] += 0.010 * close[side] * (close[side] > 0.5)
        points[upper[[0, 3]], 0] += np.array([1, -0.3]) * inward * 0.25 * squint[side]


def _turn(points, yaw, pitch):
    """Turn the head a little: nearer parts move more; returns new points. Angles in radians."""
    x, y = points.T
    depth = 0.50 * np.sqrt(np.clip(1 - (x / 0.85) ** 2, 0, 1)) + 0.20 * np.exp(
        -((x / 0.13) ** 2) - ((y - 0.40) / 0.22) ** 2
    )
    return points + np.stack([np.sin(yaw) * depth, np.sin(pitch) * (depth - 0.45)], axis=-1)


def pose(person, expression, severity=None, visit=0, take=0, amount=1.0, film=False):
    """Move a person's face.

    Parameters
    ----------
    person : Person
    expression : str
        One of `MOVEMENTS`.
    severity : float, optional
        1 to 6; the person's own unless given.
    visit : int
    take : int
        Different visits and takes have different effort and head turn.
    amount : float
        Share of the full movement, 0 to 1.
    film : bool
        Whether effort, head turn and all noise are the take's, whatever the expression, so that nothing else moves.

    Returns
    -------
    Pose
    """
    severity = person.severity if severity is None else float(severity)
    rest, traits = _shape(_healthy(person))
    rng = person.random(1, visit, 0 if film else MOVEMENTS.index(expression), take)
    effort = amount * np.clip(rng.normal(0.95, 0.09), 0.6, 1.15)
    yaw, pitch = rng.normal(0, np.radians([1.3, 1.8]))
    lost, side = _paralysis(person, severity, traits)
    strength = _strengths(person, expression, effort, lost, side, traits)
    points = rest.copy()
    if side is not None:
        _palsy_at_rest(points, person, lost, side, traits)
    jaw = strength[:, _ACTIONS.index("jaw")].mean()
    _move_mouth(points, rest, strength, jaw)
    _move_eyes(points, rest, strength)
    points += rng.normal(0, 0.0012, points.shape)
    _keep_order(points)
    shift = np.array([np.sin(yaw), np.sin(pitch)]) * (0.47, 0.02)
    tone = np.ones(2)
    gaze = np.zeros(2)
    if side is not None:
        tone[side] = 1 - lost[side, 2] if person.kind != "synkinetic" else 1 + 0.6 * lost[side, 2]
        if _MOVES.loc[expression, "close"] >= 1:
            gaze[side] = 0.035 * lost[side, 1] * amount  # Bell's phenomenon
    return Pose(_turn(points, yaw, pitch), rest, shift, strength, tone, gaze)


def _healthy(person):
    """Return the person without what does not change the resting face, so that it is computed once."""
    return replace(person, kind="healthy", side=None, severity=1.0, mirrored=False)


def _keep_order(points):
    """Keep upper lids and lips above lower ones; changes `points`."""
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46), (61, 67), (62, 66), (63, 65)):
        middle = points[[upper, lower], 1].mean()
        points[upper, 1] = min(points[upper, 1], middle - 0.001)
        points[lower, 1] = max(points[lower, 1], middle + 0.001)
