"""Turn a pose into a picture: warp the portrait, and paint what the portrait does not show.

The portrait is warped by thin-plate splines (Bookstein 1989) from the picture to the portrait, which pass exactly
through the landmarks. Lids and lips slide over what lies behind them, which one smooth warp cannot do: it would tear
the picture. So there are three warps, which differ only at the eyes and the mouth: one holds above the eyes' opening,
one between eyes and mouth, one below the mouth's opening. Eyeballs, teeth and the dark of the mouth are painted into
the openings.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy.interpolate import CubicSpline, RBFInterpolator

from .portraits import portrait

_STEPS = 36  # the warps are computed at so many points per face unit, and interpolated between
_UPPER_LIDS = ([36, 37, 38, 39], [42, 43, 44, 45])  # from the image's left to its right
_LOWER_LIDS = ([36, 41, 40, 39], [42, 47, 46, 45])
_UPPER_LIP, _LOWER_LIP = [60, 61, 62, 63, 64], [60, 67, 66, 65, 64]
_UPPER_EDGE, _LOWER_EDGE = [48, 49, 50, 51, 52, 53, 54], [48, 59, 58, 57, 56, 55, 54]

# How far around the eyes, or the mouth, a warp of their own is laid.
_REACH = np.array([0.85, 0.50])

# Around the face the picture stays as it is: hat or hair, ears, neck, frame.
_AROUND = np.array(
    [(1.12 * np.cos(t), 0.42 + 1.25 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 12, endpoint=False)]
    + [(-0.62, -0.46), (-0.32, -0.52), (0.0, -0.54), (0.32, -0.52), (0.62, -0.46)]
    + [(x, y) for x in (-3.0, 0.0, 3.0) for y in (-2.0, 1.0, 4.0) if (x, y) != (0.0, 1.0)]
)


@dataclass(frozen=True)
class Camera:
    """Where the face lies in the picture, and the picture's size.

    Attributes
    ----------
    size : tuple of int
        Width and height, pixels.
    centre : ndarray, shape (2,)
        Where the middle between the outer eye corners lies, pixels.
    scale : float
        Pixels per face unit.
    roll : float
        Turn of the head in the picture, radians, clockwise as seen.
    """

    size: tuple
    centre: np.ndarray
    scale: float
    roll: float

    @property
    def axes(self):
        """One face unit along x and y in pixels, as columns (2, 2)."""
        c, s = np.cos(self.roll), np.sin(self.roll)
        return self.scale * np.array([[c, -s], [s, c]])

    def to_pixels(self, points):
        """Face units (..., 2) to pixels of the picture."""
        return np.asarray(points) @ self.axes.T + self.centre

    def to_face(self, pixels):
        """Pixels of the picture (..., 2) to face units."""
        return (np.asarray(pixels) - self.centre) @ (self.axes / self.scale**2)


def curve(points, n=24):
    """Return a smooth curve (n, 2) through points (m, 2), and the points' own places among the curve's parameters."""
    steps = _lengths(points)
    return CubicSpline(steps / steps[-1], points)(np.linspace(0, 1, n))


def _lengths(points):
    """Return how far along their line points (m, 2) lie."""
    return np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1) + 1e-6)]


def _dense(points, line):
    """Return the inner points of a line of landmarks and the points half-way between its landmarks."""
    own = points[line]
    steps = _lengths(own)
    middles = CubicSpline(steps, own)((steps[1:] + steps[:-1]) / 2)
    return np.concatenate([own[1:-1], middles])


# Landmarks through which all warps pass, and the lines that each follows: above the eyes' opening, middle, below the mouth.
_SHARED = [*range(0, 36), 36, 39, 42, 45, 48, 54, 60, 64]
_LINES = (
    [*_UPPER_LIDS, _UPPER_LIP, _UPPER_EDGE],
    [*_LOWER_LIDS, _UPPER_LIP, _UPPER_EDGE],
    [*_LOWER_LIDS, _LOWER_LIP, _LOWER_EDGE],
)


def _controls(points):
    """Return the control points of the three warps, arrays (n, 2), for landmarks (68, 2) in face units."""
    return [np.concatenate([points[_SHARED], *[_dense(points, line) for line in lines], _AROUND]) for lines in _LINES]


@cache
def _portrait_controls(face):
    base = portrait(face)
    return _controls(base.to_face(base.points))


def warps(face, points):
    """Return the three warps of a moved face.

    Parameters
    ----------
    face : str
        Name of the portrait.
    points : ndarray, shape (68, 2)
        Landmarks of the moved face, face units.

    Returns
    -------
    list of 3 functions
        From places in the moved face to places in the portrait, both (n, 2) in face units: above the eyes' opening,
        between eyes and mouth, below the mouth's opening.
    """
    pairs = zip(_controls(points), _portrait_controls(face), strict=True)
    return [RBFInterpolator(source, target, kernel="thin_plate_spline") for source, target in pairs]


def _grid(camera, box):
    """Return face-unit coordinates (h, w, 2) of the pixels of a box (left, top, right, bottom)."""
    left, top, right, bottom = box
    x, y = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    return camera.to_face(np.stack([x, y], axis=-1)).astype(np.float32)


def _maps(function, base, camera, box, step):
    """Return the portrait's pixel (h, w, 2) for each pixel of a box, computed every `step` pixels and interpolated."""
    left, top, right, bottom = box
    columns, rows = -(-(right - left) // step) + 2, -(-(bottom - top) // step) + 2
    x = left + (np.arange(columns) - 0.5) * step - 0.5
    y = top + (np.arange(rows) - 0.5) * step - 0.5
    places = camera.to_face(np.stack(np.meshgrid(x, y), axis=-1)).reshape(-1, 2)
    coarse = base.to_pixels(function(places)).reshape(rows, columns, 2).astype(np.float32)
    fine = cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    return fine[step : step + bottom - top, step : step + right - left]


def _smooth(edge, width):
    """Return 0 below -width, 1 above width, smooth between."""
    t = np.clip(0.5 + edge / (2 * width), 0, 1)
    return t * t * (3 - 2 * t)


def _height(line, x):
    """Return the y of a curve (n, 2), sorted by x, at `x`; level beyond its ends."""
    order = np.argsort(line[:, 0])
    return np.interp(x, line[order, 0], line[order, 1]).astype(np.float32)


class _Canvas:
    """A picture being painted, with its camera and pose."""

    def __init__(self, camera, pose):
        self.camera, self.pose = camera, pose
        self.pixel = 1 / camera.scale
        self.image = None

    def box(self, points, margin):
        """Return the pixel box around points (face units), `margin` face units larger, inside the picture."""
        width, height = self.camera.size
        low, high = points.min(0) - margin, points.max(0) + margin
        corners = self.camera.to_pixels(np.array([low, high, (low[0], high[1]), (high[0], low[1])]))
        left, top = np.floor(corners.min(0)).astype(int).clip(0, (width - 1, height - 1))
        right, bottom = np.ceil(corners.max(0)).astype(int).clip((left + 1, top + 1), (width, height))
        return left, top, right, bottom

    def blend(self, box, colour, cover):
        """Lay a colour (3,) or (h, w, 3) over a box, `cover` (h, w) from 0 to 1."""
        left, top, right, bottom = box
        part = self.image[top:bottom, left:right]
        part += (colour - part) * cover[..., None]


def _lay_skin(canvas, base, image):
    """Warp the portrait (H, W, 3) in its three parts onto the canvas."""
    pose, camera = canvas.pose, canvas.camera
    width, height = camera.size
    above, middle, below = warps(base.name, pose.points)
    step = int(np.clip(camera.scale / _STEPS, 3, 12))

    def sample(maps):
        return cv2.remap(image, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)

    # Away from the face the warp is nearly straight, and fewer points do.
    maps = _maps(middle, base, camera, (0, 0, width, height), 3 * step)
    left, top, right, bottom = box = canvas.box(np.array([(-0.95, -0.45), (0.95, 1.5)]), 0)
    maps[top:bottom, left:right] = _maps(middle, base, camera, box, step)
    canvas.image = sample(maps).astype(np.float32)
    points = pose.points
    lids = [(curve(points[up]) + curve(points[low])) / 2 for up, low in zip(_UPPER_LIDS, _LOWER_LIDS, strict=True)]
    mouth = (curve(points[_UPPER_LIP]) + curve(points[_LOWER_LIP])) / 2
    for function, seams, sign in ((above, lids, -1), (below, [mouth], 1)):
        seam = np.concatenate(seams)
        box = canvas.box(np.array([seam.mean(0) - _REACH, seam.mean(0) + _REACH]), 0)
        u, v = np.moveaxis(_grid(camera, box), -1, 0)
        # Within an opening the warps meet sharply; beside it, and far from it, they pass into each other.
        gaps = [np.clip(np.abs(u - line[:, 0].mean()) - np.ptp(line[:, 0]) / 2, 0, None) for line in seams]
        width = np.maximum(canvas.pixel * 0.8, 0.5 * np.clip(np.min(gaps, axis=0), 0, 0.12))
        cover = _smooth(sign * (v - _height(seam, u)), width)
        away = np.maximum(np.abs(u - seam[:, 0].mean()) / _REACH[0], np.abs(v - seam[:, 1].mean()) / _REACH[1])
        warped = sample(_maps(function, base, camera, box, step))
        canvas.blend(box, warped, cover * _smooth(0.8 - away, 0.2))


def _opening(canvas, box, upper, lower):
    """Return how far the pixels of a box lie in the opening between two curves, and their coordinates."""
    u, v = np.moveaxis(_grid(canvas.camera, box), -1, 0)
    top, bottom = _height(upper, u), _height(lower, u)
    soft = max(0.9 * canvas.pixel, 0.005)
    inside = _smooth(v - top, soft) * _smooth(bottom - v, soft)
    inside *= (u > upper[0, 0]) & (u < upper[-1, 0]) & (bottom - top > 0.3 * canvas.pixel)
    return u, v, top, bottom, inside


def _paint_lid(canvas, side, look):
    """Paint a closing upper lid with skin colour, rounded, so that it does not look stretched."""
    points, closed = canvas.pose.points, canvas.pose.action("close")[side]
    upper = curve(points[_UPPER_LIDS[side]])
    open_lid = curve(points[_UPPER_LIDS[side]] - [(0, 0), (0, 0.075), (0, 0.075), (0, 0)])
    box = canvas.box(np.concatenate([upper, open_lid]), 0.06)
    u, v = np.moveaxis(_grid(canvas.camera, box), -1, 0)
    edge, crease = _height(upper, u), _height(open_lid, u)
    below = points[_LOWER_LIDS[side][1:3]].mean(0) + (0.0, 0.10)
    column, row = np.round(canvas.camera.to_pixels(below)).astype(int).clip(0, np.array(canvas.camera.size) - 1)
    reach = max(2, round(0.03 * canvas.camera.scale))
    skin = canvas.image[max(row - reach, 0) : row + reach, max(column - reach, 0) : column + reach].mean((0, 1))
    place = np.clip((v - crease) / np.maximum(edge - crease, 0.01), 0, 1)
    tone = 0.84 + 0.16 * np.sin(np.pi * place) - 0.10 * place**3
    cover = _smooth(v - crease - 0.2 * (edge - crease), 0.02) * _smooth(edge + 0.004 - v, 0.006)
    half = np.ptp(upper[:, 0]) / 2
    cover = cover * np.clip(1.15 - (np.abs(u - upper[:, 0].mean()) / half) ** 4, 0, 1)
    canvas.blend(box, skin * tone[..., None], (look["lid"] * closed**2 * cover).astype(np.float32))


def _paint_eye(canvas, side, look, light):
    """Paint the eyeball into the lids' opening, then the lash line."""
    points, rest = canvas.pose.points, canvas.pose.rest
    upper, lower = curve(points[_UPPER_LIDS[side]]), curve(points[_LOWER_LIDS[side]])
    box = canvas.box(np.concatenate([upper, lower]), 0.05)
    u, v, top, bottom, inside = _opening(canvas, box, upper, lower)
    corners = points[[_UPPER_LIDS[side][0], _UPPER_LIDS[side][3]]]
    resting = rest[[_UPPER_LIDS[side][0], _UPPER_LIDS[side][3]]]
    lid = rest[_LOWER_LIDS[side][1:3], 1].mean() - resting[:, 1].mean()
    radius = 0.067
    centre = corners.mean(0) + (look["gaze"], lid - 1.02 * radius - canvas.pose.gaze[side])
    half = np.ptp(corners[:, 0]) / 2
    across = (u - corners[:, 0].mean()) / half
    soft = max(canvas.pixel, 0.006)
    ball = np.array([184, 190, 200], np.float32) * light
    shade = 1 - 0.34 * np.abs(across) ** 2.5 - 0.42 * np.exp(-np.clip(v - top, 0, None) / 0.020)
    shade -= 0.12 * np.exp(-np.clip(bottom - v, 0, None) / 0.010)
    colour = ball * np.ones((*u.shape, 1), np.float32)
    inner = -1 if side else 1
    red = np.exp(-(((across * inner - 1.0) / 0.22) ** 2)).astype(np.float32)[..., None]
    colour += red * 0.7 * (np.array([120, 125, 190], np.float32) * light - colour)
    r = np.hypot(u - centre[0], v - centre[1]) / radius
    iris = np.array(look["iris"], np.float32) * light * (0.55 + 0.75 * np.clip(r, 0, 1) ** 1.5)[..., None]
    iris *= (1 - 0.55 * _smooth(r - 0.86, 0.18))[..., None]
    colour += _smooth(1 - r, soft / radius)[..., None] * (iris - colour)
    colour *= 1 - _smooth(0.42 - r, soft / radius)[..., None] * 0.88
    colour *= shade[..., None]
    glint = np.hypot(u - centre[0] + 0.30 * radius, v - centre[1] + 0.34 * radius) / radius
    colour += _smooth(0.17 - glint, 0.8 * soft / radius)[..., None] * (235 * light - colour)
    canvas.blend(box, colour, inside)
    closed = canvas.pose.action("close")[side]
    lash = np.exp(-(((v - top + 0.002) / (0.0055 + 0.003 * closed)) ** 2)) * (np.abs(across) < 1.02)
    lash *= np.clip(1.05 - np.abs(across) ** 4, 0, 1)
    canvas.blend(box, np.array([28, 34, 48], np.float32) * light, lash * (0.45 + 0.3 * closed))


_UPPER_TEETH = np.cumsum([0, 0.052, 0.042, 0.046, 0.040, 0.040, 0.05, 0.05])
_LOWER_TEETH = np.cumsum([0, 0.033, 0.036, 0.041, 0.042, 0.042, 0.05, 0.05])


def _teeth(u, edges):
    """Return brightness of a row of teeth and each pixel's place across its tooth, -1 to 1.

    `u` is the distance to the midline; `edges` the teeth's ends from the midline outwards.
    """
    index = np.clip(np.searchsorted(edges, np.abs(u), side="right") - 1, 0, len(edges) - 2)
    place = 2 * (np.abs(u) - edges[index]) / (edges[index + 1] - edges[index]) - 1
    fade = np.clip(1.08 - 7.0 * u**2, 0.2, 1)
    return fade * (1 - 0.22 * np.abs(place) ** 14), place, index


def _paint_mouth(canvas, look, light):
    """Paint teeth, gums and the dark of the mouth into the lips' opening."""
    points, rest = canvas.pose.points, canvas.pose.rest
    upper, lower = curve(points[_UPPER_LIP], 40), curve(points[_LOWER_LIP], 40)
    box = canvas.box(np.concatenate([upper, lower]), 0.05)
    u, v, top, bottom, inside = _opening(canvas, box, upper, lower)
    seam = rest[[62, 66], 1].mean()
    midline = rest[[51, 57], 0].mean() + canvas.pose.shift[0] * 0.8
    jaw = canvas.pose.action("jaw").mean()
    soft = max(canvas.pixel, 0.004)
    x = u - midline
    colour = np.empty((*u.shape, 3), np.float32)
    colour[:] = np.array([34, 26, 58], np.float32) * light
    tongue = _smooth(v - (seam + 0.075 + 0.75 * jaw + 0.8 * x**2), 0.03)[..., None]
    colour += tongue * 0.8 * (np.array([92, 84, 158], np.float32) * light - colour)
    enamel = np.array(look["teeth"], np.float32) * light
    gum = np.array([120, 112, 186], np.float32) * light

    def row(edges, edge, crown, sign):
        # sign 1: upper teeth, whose crowns lie above their edge; -1: lower teeth.
        bright, place, index = _teeth(x, edges)
        rim = edge - sign * (0.26 * x**2 + 0.006 * np.abs(place) ** 3 + 0.004 * (index == 1))
        neck = edge - sign * (crown - 0.014 * np.abs(place) ** 2 + 0.35 * x**2)
        tooth = _smooth(sign * (rim - v), soft)
        tone = bright * (0.94 + 0.06 * np.clip(sign * (v - neck) / crown, 0, 1))
        paint = enamel * tone[..., None]
        paint += _smooth(sign * (neck - v), 0.006)[..., None] * (gum * np.clip(bright, 0.5, 1)[..., None] - paint)
        reach = _smooth(edges[-1] - np.abs(x), 0.02)
        return paint, tooth * reach

    for paint, cover in (
        row(_LOWER_TEETH, seam + 0.020 + 0.9 * jaw, 0.085, -1),
        row(_UPPER_TEETH, seam + 0.030, 0.115, 1),
    ):
        colour += cover[..., None] * (paint - colour)
    shade = 1 - 0.5 * np.exp(-np.clip(v - top, 0, None) / 0.012) - 0.2 * np.exp(-np.clip(bottom - v, 0, None) / 0.008)
    canvas.blend(box, colour * shade[..., None], inside)
    gap = np.interp(u, upper[:, 0], (lower - upper)[:, 1])
    line = np.exp(-(((v - (top + bottom) / 2) / 0.006) ** 2)) * np.clip(1 - gap / 0.03, 0, 1)
    line *= (u > points[48, 0]) & (u < points[54, 0])
    canvas.blend(box, np.array([40, 36, 78], np.float32) * light, 0.42 * line.astype(np.float32))


def _folds(canvas):
    """Return the lines of skin folds as (curve, width, depth), face units; depth 0 to 1."""
    pose = canvas.pose
    points = pose.points
    folds = []
    brow, close, squint = pose.action("brow"), pose.action("close"), pose.action("squint")
    frown, out, up = pose.action("frown"), pose.action("out"), pose.action("up")
    for side in (0, 1):
        outward = 1 if side else -1
        brows = points[17:22][::-1] if side == 0 else points[22:27]
        for k in (1, 2, 3):
            line = brows[:4] * (1, 0.6) + (0, 0.4 * brows[:, 1].mean() - 0.065 - 0.055 * k)
            folds.append((line, 0.008, 0.30 * np.clip(brow[side] / 0.085, 0, 1.2)))
        wing, corner = points[31 + 4 * side], points[48 + 6 * side]
        smile = np.clip(out[side], 0, None) / 0.08 + np.clip(up[side], 0, None) / 0.065
        start = wing + (outward * 0.045, -0.045)
        end = corner + (outward * 0.085, 0.02)
        middle = (start + end) / 2 + (outward * 0.045, -0.012)
        folds.append((np.array([start, middle, end]), 0.022, np.clip(0.07 * smile * min(1.2, pose.tone[side]), 0, 0.2)))
        eye = points[36 if side == 0 else 45]
        tight = squint[side] / 0.028 * close[side]
        for angle in (-0.35, 0.0, 0.35):
            reach = np.array([outward * np.cos(angle), np.sin(angle) + 0.1])
            folds.append((np.array([eye + 0.035 * reach, eye + 0.08 * reach, eye + 0.13 * reach]), 0.006, 0.22 * tight))
        inner = brows[0] + (-outward * 0.045, 0.0)
        folds.append((np.array([inner + (0, -0.05), inner, inner + (0, 0.05)]), 0.008, 0.30 * frown[side] / 0.045))
    return folds


def _shade_folds(canvas):
    """Darken the skin in folds, with a lighter rim below them."""
    width, height = canvas.camera.size
    half = np.zeros((height // 2 + 1, width // 2 + 1), np.float32)
    lines = [(curve(line, 16), thick, depth) for line, thick, depth in _folds(canvas) if depth > 0.02]
    for line, thick, depth in lines:
        places = np.round(canvas.camera.to_pixels(line) / 2 * 16).astype(np.int32)
        thickness = max(1, round(thick * canvas.camera.scale / 2))
        cv2.polylines(half, [places], False, float(depth), thickness, cv2.LINE_AA, 4)
    if lines:
        blur = 0.012 * canvas.camera.scale / 2
        dark = cv2.GaussianBlur(half, (0, 0), max(blur, 0.6))
        wide = cv2.GaussianBlur(half, (0, 0), max(2.5 * blur, 1.2))
        shade = cv2.resize(1.25 * dark - 0.9 * wide, (width, height), interpolation=cv2.INTER_LINEAR)
        canvas.image *= 1 - shade[..., None]


def _lay_spectacles(canvas, base):
    """Lay the rigid spectacles over the face."""
    width, height = canvas.camera.size
    points, home = canvas.pose.points, base.to_face(base.points)
    rigid = [27, 36, 39, 42, 45]
    offset = points[rigid].mean(0) - home[rigid].mean(0)
    box = canvas.box(np.array([(-1.0, -0.35), (1.0, 0.5)]), 0.1)
    maps = base.to_pixels(_grid(canvas.camera, box) - offset).astype(np.float32)
    layer = cv2.remap(base.spectacles, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR)
    canvas.blend(box, layer[..., :3], layer[..., 3])


def paint(base, image, camera, pose, look):
    """Paint a posed face.

    Parameters
    ----------
    base : Portrait
    image : ndarray of uint8, shape (H, W, 3), BGR
        The portrait's image, in the person's own colours.
    camera : Camera
    pose : Pose
    look : dict
        "iris" and "teeth" (BGR colours), "gaze" (how far the eyes look to the side, face units).

    Returns
    -------
    ndarray of float32, shape (height, width, 3), BGR
    """
    canvas = _Canvas(camera, pose)
    _lay_skin(canvas, base, image)
    _shade_folds(canvas)
    light = look["light"]
    for side in (0, 1):
        _paint_lid(canvas, side, look)
        _paint_eye(canvas, side, look, light)
    _paint_mouth(canvas, look, light)
    if base.spectacles is not None:
        _lay_spectacles(canvas, base)
    return canvas.image
