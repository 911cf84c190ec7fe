"""Changed copies of one face: cut out of the photo once, then turned, mirrored or made noisy, and the way back.

Everything that a copy's pixels and points go through is in two matrices and a mirror image, so that points return to the
photo exactly. Noise is made for one copy at a time and in bands of rows: a large photo needs no more memory than itself.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..errors import BadSettingError
from ..face.geometry import mirror, rotate, transform
from ..landmarks.engine import Face

#: In copies the face's box is this wide, px: more costs time and gains no accuracy.
WIDTH = 200

#: Kinds of noise, each of mean 0, and what ``scale`` (grey levels, 0-255) is.
NOISES = {
    "uniform": "largest deviation",
    "normal": "standard deviation",
    "laplace": "mean absolute deviation",
    "poisson": "variance, as of a photon count with that mean",
}

_BAND = 1_000_000  # numbers of noise that are made at once


@dataclass(frozen=True)
class Change:
    """How one copy differs from the photo.

    Attributes
    ----------
    angle : float
        Degrees by which the picture is turned about the face's centre, clockwise on the screen.
    mirrored : bool
    shift : tuple of 2 floats
        By how much the face's box is moved to the right and down, in shares of its width and height.
    stretch : float
        By what the box's width and height are multiplied.
    brightness : float
        Grey levels added to all pixels.
    noise : str or None
        One of :data:`NOISES`.
    noise_scale : float
    per_channel : bool
        Whether blue, green and red get noise of their own, or all the same.
    seed : numpy.random.SeedSequence or None
        Of the noise.
    """

    angle: float = 0.0
    mirrored: bool = False
    shift: tuple = (0.0, 0.0)
    stretch: float = 1.0
    brightness: float = 0.0
    noise: str | None = None
    noise_scale: float = 0.0
    per_channel: bool = True
    seed: np.random.SeedSequence | None = None


@dataclass(frozen=True)
class Copy:
    """A changed copy of a photo or a part of it.

    Attributes
    ----------
    picture : ndarray
        uint8, prepared.
    face : Face
        Where the face is in it.
    """

    picture: np.ndarray
    face: Face
    _matrix: np.ndarray
    _mirrored_width: int
    _to_source: np.ndarray

    def to_photo(self, points):
        """Points of the copy as points of the photo, renumbered if the copy is a mirror image.

        Parameters
        ----------
        points : array_like (68, 2)

        Returns
        -------
        ndarray (68, 2)
        """
        points = transform(points, cv2.invertAffineTransform(self._matrix))
        if self._mirrored_width:
            points = mirror(points, self._mirrored_width)
        return transform(points, cv2.invertAffineTransform(self._to_source))


class FaceCopies:
    """Makes copies of a face.

    Parameters
    ----------
    image : ndarray (H, W, 3) uint8
        The photo, BGR.
    face : Face
    margin : float
        How much around the face's box is kept, in shares of its size.
    level_by : float
        Degrees that are added to the angle of every copy.
    """

    def __init__(self, image, face, margin=1.0, level_by=0.0):
        self._source, self._to_source = _cut(image, face.box, margin)
        self._zoom = WIDTH / ((face.box[2] - face.box[0]) * self._to_source[0, 0])
        self._face = face.moved(self._to_source)
        self._level_by = level_by
        self._plain = {}

    def make(self, change, prepare=lambda picture: picture):
        """Make one copy.

        Parameters
        ----------
        change : Change
        prepare : callable
            Applied to the picture, see :meth:`bp_research.landmarks.engine.Engine.prepare`; always the same one for a face.

        Returns
        -------
        Copy
        """
        width = self._source.shape[1]
        face = self._face.mirrored(width) if change.mirrored else self._face
        angle = change.angle + (-self._level_by if change.mirrored else self._level_by)
        matrix = _turn_and_zoom(face.box, angle, self._zoom)
        picture = self._pixels(change, prepare)
        if angle or self._zoom != 1:
            size = tuple(round(n * self._zoom) for n in picture.shape[1::-1])
            picture = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR)
        return Copy(
            picture,
            jittered(face.moved(matrix), change.shift, change.stretch),
            matrix,
            width if change.mirrored else 0,
            self._to_source,
        )

    def _pixels(self, change, prepare):
        """The source with noise, brightness and mirror image, prepared; without noise it is kept for other copies."""
        if change.noise is None and not change.brightness:
            if change.mirrored not in self._plain:
                self._plain[change.mirrored] = prepare(_flipped(self._source, change.mirrored))
            return self._plain[change.mirrored]
        return prepare(_flipped(with_noise(self._source, change), change.mirrored))


def with_noise(picture, change):
    """A picture with the brightness and the noise of a :class:`Change`, rounded and cut off at 0 and 255.

    Parameters
    ----------
    picture : ndarray (H, W, 3) uint8
    change : Change

    Returns
    -------
    ndarray (H, W, 3) uint8
    """
    rng = np.random.default_rng(change.seed)
    height, width, channels = picture.shape
    out = np.empty_like(picture)
    rows = max(1, _BAND // (width * channels))
    for top in range(0, height, rows):
        band = picture[top : top + rows]
        added = np.float32(change.brightness)
        if change.noise is not None:
            shape = (*band.shape[:2], channels if change.per_channel else 1)
            added = added + noise(rng, shape, change.noise, change.noise_scale)
        out[top : top + rows] = np.clip(np.rint(band + added), 0, 255)
    return out


def noise(rng, shape, dist, scale):
    """Random numbers of mean 0.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
    dist : str
        One of :data:`NOISES`, which says what ``scale`` means.
    scale : float

    Returns
    -------
    ndarray float32

    Raises
    ------
    BadSettingError
        For another name.
    """
    if dist == "uniform":
        return (2 * rng.random(shape, np.float32) - 1) * np.float32(scale)
    if dist == "normal":
        return rng.standard_normal(shape, np.float32) * np.float32(scale)
    if dist == "laplace":
        sign = np.where(rng.random(shape, np.float32) < 0.5, np.float32(-1), np.float32(1))
        return sign * rng.standard_exponential(shape, np.float32) * np.float32(scale)
    if dist == "poisson":
        return (rng.poisson(scale, shape) - scale).astype(np.float32)
    raise BadSettingError(f"there is no noise {dist!r}; there are {', '.join(NOISES)}")


def jittered(face, shift, stretch):
    """A face whose box is moved and stretched, in shares of its size; its parts' boxes likewise."""
    left, top, right, bottom = face.box
    x, y = (left + right) / 2 + shift[0] * (right - left), (top + bottom) / 2 + shift[1] * (bottom - top)
    half = (right - left) / 2 * stretch, (bottom - top) / 2 * stretch
    return replace(
        face,
        box=(x - half[0], y - half[1], x + half[0], y + half[1]),
        parts=tuple(jittered(part, shift, stretch) for part in face.parts),
    )


def _cut(image, box, margin):
    """The box with its margin, black outside of the photo, no larger than :data:`WIDTH` needs; and the way there (2, 3)."""
    left, top, right, bottom = box
    dx, dy = margin * (right - left), margin * (bottom - top)
    x0, y0, x1, y1 = (
        int(v) for v in (np.floor(left - dx), np.floor(top - dy), np.ceil(right + dx), np.ceil(bottom + dy))
    )
    height, width = image.shape[:2]
    inside = image[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    border = max(-y0, 0), max(y1 - height, 0), max(-x0, 0), max(x1 - width, 0)
    scale = min(1.0, WIDTH / (right - left))
    part = cv2.copyMakeBorder(inside, *border, cv2.BORDER_CONSTANT) if any(border) else inside
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    part = cv2.resize(part, size, interpolation=cv2.INTER_AREA) if scale < 1 else np.ascontiguousarray(part)
    sx, sy = size[0] / (x1 - x0), size[1] / (y1 - y0)
    # centres of pixels: x of the photo is (x - x0 + 0.5) * sx - 0.5 of the cut
    return part, np.array([[sx, 0, (0.5 - x0) * sx - 0.5], [0, sy, (0.5 - y0) * sy - 0.5]])


def _turn_and_zoom(box, angle, zoom):
    """The matrix (2, 3) that turns about a box's centre and enlarges the whole picture."""
    centre = (np.array(box[:2]) + box[2:]) / 2
    linear = rotate(np.eye(2) * zoom, angle).T
    return np.column_stack([linear, (centre + 0.5) * zoom - 0.5 - linear @ centre])


def _flipped(picture, mirrored):
    return cv2.flip(picture, 1) if mirrored else picture
