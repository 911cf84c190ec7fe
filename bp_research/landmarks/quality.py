"""Whether a photo is fit to be measured: named reasons against it, each with its number and its limit.

A photo with a reason still has its numbers; the reasons stand beside them. None was learnt from damaged photos.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from skimage.measure import blur_effect

from ..face.geometry import interocular
from ..face.schemes import LEFT_EYE, RIGHT_EYE
from .halves import MOST_YAW
from .iris import is_closed

#: Degrees of yaw or pitch.
TURNED = 10.0
#: px from one end of the jaw line to the other.
SMALL = 120.0
#: From 0 (sharp) to 1, of a face that is scaled to one size (Crete et al. 2007).
BLURRED = 0.82
#: How like the part is to the mean of healthy people's, from 0 to 1.
COVERED = {"eye": 0.69, "mouth": 0.82}
#: Area of another face's box over the measured one's.
OTHER_FACE = 0.25

#: Expressions that close the eyes.
_CLOSING = ("gentle eye closure", "tight eye closure")

# Of each part: between which points it lies, and its width and height in their distance.
_PARTS = {"right eye": (36, 39, 1.7, 1.15), "left eye": (42, 45, 1.7, 1.15), "mouth": (48, 54, 1.5, 1.0)}
_HOG = cv2.HOGDescriptor((48, 32), (16, 16), (8, 8), (8, 8), 9)
_SPAN, _SIZE = 96, 256  # px of the scaled face: between the outer eye corners, and of its picture


@dataclass(frozen=True)
class Reason:
    """Why the numbers of a photo should be used with reserve.

    Attributes
    ----------
    name : str
        "turned", "small", "blurred", "cut off", "covered", "several faces", "eyes closed", "eyes open" or "plain reading".
    value, limit : float
        What was found, and the limit that it is beyond.
    text : str
        A few words with the number: ``"turned 21 degrees"``.
    """

    name: str
    value: float
    limit: float
    text: str

    def __str__(self):
        return self.text


def find_reasons(face, image, others=(), expression=None):
    """What speaks against measuring a face in a photo.

    Parameters
    ----------
    face : GetLandmarks
    image : ndarray (H, W, 3) uint8
        The photo, BGR.
    others : sequence of tuple
        Boxes of other faces in it, px.
    expression : str, optional
        What the photo should show, one of :data:`bp_research.face.schemes.EXPRESSIONS`: of a photo that should show open
        eyes "eyes closed" is said if both are closed, and the reverse. One closed eye, or one that does not close, may
        be the palsy.

    Returns
    -------
    tuple of Reason
    """
    found = [*_turned(face), *_framed(face, image, others), *_seen(face.landmarks, image)]
    closed = [is_closed(face.landmarks[eye]) for eye in (RIGHT_EYE, LEFT_EYE)]
    if expression is not None and len(set(closed)) == 1 and closed[0] != (expression in _CLOSING):
        state = "closed" if closed[0] else "open"
        found.append(Reason(f"eyes {state}", 2, 0, f"both eyes {state}"))
    return tuple(found)


def _turned(face):
    if face.pose is None:
        return
    for name, angle in zip(("aside", "up or down"), face.pose[:2], strict=False):
        if abs(angle) > TURNED:
            yield Reason("turned", abs(angle), TURNED, f"turned {name} {abs(angle):.0f} degrees")
    if "halves" in face.model and abs(face.pose.yaw) > MOST_YAW:
        yield Reason("plain reading", abs(face.pose.yaw), MOST_YAW, "halves not read beyond 16 degrees")


def _framed(face, image, others):
    points, (height, width) = face.landmarks, image.shape[:2]
    wide = float(np.linalg.norm(points[16] - points[0]))
    if wide < SMALL:
        yield Reason("small", wide, SMALL, f"small, {wide:.0f} px wide")
    outside = ((points < 0) | (points > (width - 1, height - 1))).any(axis=1).mean()
    if outside > 0:
        yield Reason("cut off", outside, 0, f"cut off, {outside:.0%} of the points outside")
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in [face.bounding_box, *others]]
    if (near := sum(area > OTHER_FACE * areas[0] for area in areas)) > 1:
        yield Reason("several faces", near, 1, f"{near} faces")


def _seen(points, image):
    """Reasons that the pixels tell."""
    picture = _scaled(image, points)
    points = picture[1]
    blur = blur_effect(picture[0][48:230, 40:216], h_size=5)
    if blur > BLURRED:
        yield Reason("blurred", blur, BLURRED, f"blurred ({blur:.2f})")
    for name, descriptor in described(*picture).items():
        kind = name.split()[-1]
        mean = _means()[kind]
        like = float(descriptor @ mean / max(np.linalg.norm(descriptor) * np.linalg.norm(mean), 1e-9))
        if like < COVERED[kind]:
            yield Reason("covered", like, COVERED[kind], f"{name} covered ({like:.2f})")


def _scaled(image, points):
    """The face upright in a grey picture of one scale, and its points there."""
    scale = _SPAN / float(interocular(points))
    (ax, ay), (bx, by) = points[[36, 45]]
    angle = np.degrees(np.arctan2(by - ay, bx - ax))
    middle = points[[36, 45]].mean(axis=0)
    small = min(1.0, 1.2 * scale)  # first without aliasing, then turned
    image = cv2.resize(image, None, fx=small, fy=small, interpolation=cv2.INTER_AREA) if small < 0.8 else image
    small = small if small < 0.8 else 1.0
    matrix = cv2.getRotationMatrix2D(tuple((middle + 0.5) * small - 0.5), angle, scale / small)
    matrix[:, 2] += np.array([(_SIZE - 1) / 2, (_SIZE - 1) / 2 - 0.45 * _SPAN]) - ((middle + 0.5) * small - 0.5)
    picture = cv2.warpAffine(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), matrix, (_SIZE, _SIZE))
    return picture, ((points + 0.5) * small - 0.5) @ matrix[:, :2].T + matrix[:, 2]


def described(picture, points):
    """Histograms of oriented gradients (540,) of eyes (the left one mirrored) and mouth, by name."""
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8)
    found = {}
    for name, (i, j, wide, high) in _PARTS.items():
        across = points[j] - points[i]
        axes = np.stack([across * wide / 48, np.array([-across[1], across[0]]) * high / 32], axis=1)
        frame = np.c_[axes, (points[i] + points[j]) / 2 - axes @ (23.5, 15.5)]
        part = cv2.warpAffine(
            picture, frame, (48, 32), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        part = np.ascontiguousarray(part[:, ::-1]) if name == "left eye" else part
        found[name] = _HOG.compute(part).ravel()
    return found


@lru_cache(maxsize=1)
def _means():
    """Mean descriptor of eye and mouth: 102 people at rest and smiling, of London like :func:`mean_mesh`."""
    return dict(zip(("eye", "mouth"), np.loadtxt(Path(__file__).with_name("mean_parts.csv"), delimiter=","), strict=True))
