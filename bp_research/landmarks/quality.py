"""Whether a photo is fit to be measured: named reasons against it, each with its number and its limit.

A photo with a reason keeps its numbers; the reasons stand beside them. Nothing was learnt from damaged photos. London below
are 102 healthy people at rest and smiling (204 photos), PALDA 99 photos from the web, 69 of them with palsy. The noise of a
reading is what copies of London's photos at rest (51 people), turned by up to 3 degrees and scaled by up to 5 %, change in
the asymmetries of mouth, brows and eyes: .0012, .0009 and .0007 inter-ocular distances, root mean square.
"""

from collections import namedtuple
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from skimage.measure import blur_effect

from ..face.geometry import eye_frame
from ..face.schemes import LEFT_EYE, RIGHT_EYE
from .halves import MOST_YAW
from .iris import is_closed

#: Why the numbers of a photo should be used with reserve. ``name``: "turned", "plain reading", "small", "blurred",
#: "cut off", "covered", "several faces", "eyes closed" or "eyes open"; ``value`` is beyond ``limit``; ``text`` says it in
#: a few words.
Reason = namedtuple("Reason", "name value limit text")

#: Degrees. Of London's meshes, turned, f8, f9, f10, f15 and f23 change from 2 degrees aside by more than people differ, others
#: from 12 degrees; up or down f27 does from 12 degrees, where the brows' asymmetry changes by its noise.
TURNED = {"aside": 10.0, "up or down": 12.0}
#: px between the ends of the jaw line. London reduced: at 150 px asymmetries change by .0015, .0009 and .0007, at 100 px
#: by .0019, .0015 and .0011.
SMALL = 150.0
#: Blur effect (Crete et al. 2007) of the face at one scale, 0 to 1. London has .65 to .72; blurred by .01 inter-ocular
#: distances .81, where asymmetries change by twice their noise; by .02 .90, and five times. PALDA at most .81.
BLURRED = 0.82
#: One minus the cosine between histograms of oriented gradients and the mean of London's. Every second photo of PALDA set the
#: limits; of the other half one eye is .01 beyond. London has at most .19 and .13.
UNLIKE = {"right eye": 0.35, "left eye": 0.35, "mouth": 0.23}
#: How much lighter and less red than the cheeks, CIE L* minus a*: either eye, or the lips. London at most -2, PALDA 1.
PALE = 4.0
#: How much less red than the cheeks the lips are, CIE a*. London at most 6.4, PALDA 8.5.
LESS_RED = 9.0
#: Of the measured face's box, from which another face in the photo might have been meant.
LEAST_AREA = 0.25

_CLOSING = ("gentle eye closure", "tight eye closure")
_LIPS, _CHEEKS = slice(48, 60), ([41, 31, 2], [46, 35, 14])
_HOG = cv2.HOGDescriptor((48, 32), (16, 16), (8, 8), (8, 8), 9)
# Of each part: corners, and where they lie in its picture of 48 x 32 px.
_PARTS = {"right eye": ((36, 39), (10, 38)), "left eye": ((45, 42), (10, 38)), "mouth": ((48, 54), (8, 40))}


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
        What the photo should show, one of :data:`bp_research.face.schemes.EXPRESSIONS`. Eyes are named if both are closed
        that should be open, or open that should be closed: one alone may be the palsy.

    Returns
    -------
    tuple of Reason
    """
    found = [*_of_pose(face), *_of_frame(face, image, others), *_of_pixels(face.landmarks, image)]
    closed = sum(is_closed(face.landmarks[eye]) for eye in (RIGHT_EYE, LEFT_EYE))
    if expression is not None:
        state, eyes = ("open", 2 - closed) if expression in _CLOSING else ("closed", closed)
        found.append((f"eyes {state}", eyes, 1, f"both eyes {state}"))
    found = [one for one in found if (one[1] < one[2] if one[0] == "small" else one[1] > one[2])]
    return tuple(Reason(name, float(value), limit, text.format(value)) for name, value, limit, text in found)


def _of_pose(face):
    if face.pose is not None:
        for (way, limit), angle in zip(TURNED.items(), face.pose, strict=False):
            yield "turned", abs(angle), limit, f"turned {way} by {{:.0f}} degrees"
        if "halves" in face.model:
            yield "plain reading", abs(face.pose.yaw), MOST_YAW, "halves cannot be read"


def _of_frame(face, image, others):
    points, (height, width) = face.landmarks, image.shape[:2]
    across = np.linalg.norm(points[16] - points[0])
    yield "small", across, SMALL, "small, {:.0f} px wide"
    outside = ((points < 0) | (points > (width - 1, height - 1))).any(axis=1)
    yield "cut off", outside.mean(), 0, "cut off, {:.0%} of the points outside of the photo"
    areas = [(right - left) * (bottom - top) for left, top, right, bottom in (face.bounding_box, *others)]
    yield "several faces", sum(area >= LEAST_AREA * areas[0] for area in areas), 1, "{} faces"


def _of_pixels(points, image):
    framed = eye_frame(points) * 96 + (127.5, 84.5)
    matrix, _ = cv2.estimateAffinePartial2D(points, 2 * framed + 0.5)
    picture = cv2.resize(cv2.warpAffine(image, matrix, (512, 512)), (256, 256), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    yield "blurred", blur_effect(grey[48:230, 40:216], h_size=5), BLURRED, "blurred ({:.2f})"
    for part, descriptor, mean in zip(_PARTS, describe(grey, framed), mean_parts()[[0, 0, 1]], strict=True):
        like = descriptor @ mean / max(np.linalg.norm(descriptor) * np.linalg.norm(mean), 1e-9)
        yield "covered", 1 - like, UNLIKE[part], f"{part} covered (unlike one: {{:.2f}})"
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2LAB)
    cheeks = [0.6 * cheek + 0.4 * cheek.mean(axis=0) for cheek in framed[list(_CHEEKS)]]
    skin = np.mean([_colour(lab, cheek) for cheek in cheeks], axis=0)
    right, left, lips = (_colour(lab, framed[part]) - skin for part in (RIGHT_EYE, LEFT_EYE, _LIPS))
    yield "covered", min(right @ (1, -1, 0), left @ (1, -1, 0)), PALE, "eyes covered (paler than the cheeks by {:.0f})"
    yield "covered", lips @ (1, -1, 0), PALE, "mouth covered (paler than the cheeks by {:.0f})"
    yield "covered", -lips[1], LESS_RED, "mouth covered (less red than the cheeks by {:.0f})"


def describe(grey, points):
    """Histograms of oriented gradients (3, 540) of the eyes, the left one mirrored, and the mouth."""
    grey, found = cv2.GaussianBlur(grey, (0, 0), 0.8), []
    for (first, second), (start, end) in _PARTS.values():
        below = points[first] + (0, np.linalg.norm(points[second] - points[first]))
        corners = np.float32([[start, 15.5], [end, 15.5], [start, 15.5 + abs(end - start)]])
        frame = cv2.getAffineTransform(np.float32([points[first], points[second], below]), corners)
        found.append(_HOG.compute(cv2.warpAffine(grey, frame, (48, 32), borderMode=cv2.BORDER_REPLICATE)).ravel())
    return np.array(found)


def _colour(lab, points):
    """Median colour between points."""
    hull = cv2.convexHull(np.round(points).astype(np.int32))
    return np.median(lab[cv2.fillConvexPoly(np.zeros(lab.shape[:2], np.uint8), hull, 1) > 0], axis=0)


@lru_cache(maxsize=1)
def mean_parts():
    """Mean histograms (2, 540) of London's eyes and mouths, at rest and smiling; licence: :func:`.pose.mean_mesh`."""
    return np.loadtxt(Path(__file__).with_name("mean_parts.csv"), delimiter=",")
