"""Adapters: a linear map from an engine's points to where the annotators of patients' photos put them.

Models trained on healthy faces draw faces too symmetric, and every model has its own idea of where a point
belongs. An adapter learns both from annotated photos, see :mod:`bp_research.accuracy.fitting`. A photo and its mirror
image are both shown to the engine. What the two answers have in common tells the symmetric part of the face, their
difference the asymmetric part; each part has a map of its own. So a mirrored photo gets exactly the mirrored points, and
no face is told to be symmetric.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import BadModelError
from ..face.geometry import mirror
from ..paths import write_atomic
from .engine import Engine, Prediction

#: Facial regions of the 68 points, each of which has a map of its asymmetric part.
POINT_REGIONS = (range(17), range(17, 27), range(27, 36), range(36, 48), range(48, 68))
_REACH = 0.3  # inter-ocular distances around a region within which points tell of its asymmetry

FORMAT = 1  # of the files
_ARRAYS = ("mean", "offset", "symmetric", "asymmetric")


@dataclass(frozen=True, eq=False)
class Adapter:
    """A fitted map, see the top of this module; made by :func:`fit_adapter`, read by :func:`load_adapter`.

    Attributes
    ----------
    mean : ndarray (2 p,)
        Mean symmetric part of the engine's p points: all x, then all y, in the frame of the face.
    offset : ndarray (136,)
        What is added to the symmetric part of the engine's 68 points.
    symmetric, asymmetric : ndarray (2 p, 136)
        Coefficients.
    card : dict
        How it was made and how good it is: ``engine``, ``dataset``, ``simulated``, ``n_photos``, ``n_people``,
        ``data_sha256``, ``strengths``, ``seed``, ``versions`` and ``cross_validated``.
    """

    mean: np.ndarray
    offset: np.ndarray
    symmetric: np.ndarray
    asymmetric: np.ndarray
    card: dict

    def landmarks(self, views):
        """Landmarks (n, 68, 2), px of the photos, from :class:`Views`."""
        symmetric = self.offset + (views.symmetric - self.mean) @ self.symmetric
        return views.to_photo(symmetric, views.asymmetric @ self.asymmetric)

    def save(self, path):
        """Write the adapter as ``.npz``: arrays and the card as JSON. The same adapter gives the same bytes."""
        arrays = {name: getattr(self, name).astype(np.float32) for name in _ARRAYS}
        arrays["card"] = np.frombuffer(json.dumps(self.card, sort_keys=True).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # dates every file 1980
        return write_atomic(path, buffer.getvalue())


def load_adapter(path):
    """Read an adapter.

    Raises
    ------
    BadModelError
        If the file is truncated, altered or none of ours.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name].astype(float) for name in _ARRAYS}
            card = json.loads(file["card"].tobytes())
        wide = len(arrays["mean"])
        fits = [arrays[name].shape for name in _ARRAYS] == [(wide,), (136,), (wide, 136), (wide, 136)]
        if not fits or not all(np.isfinite(array).all() for array in arrays.values()):
            raise ValueError("the arrays do not fit together")
        if card["format"] != FORMAT:
            raise ValueError(f"it has the format {card['format']}, this version reads {FORMAT}")
        return Adapter(**arrays, card=card)
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BadModelError(f"{path} is not a whole adapter ({error}): fit it again with fit_adapter") from error


class AdaptedEngine(Engine):
    """An engine whose points an adapter corrects; a mirrored photo gets exactly the mirrored points.

    Parameters
    ----------
    engine : Engine
    path : path-like
        An adapter that was fitted to this engine.

    Raises
    ------
    BadModelError
        If the file is damaged, or was fitted to another engine.
    """

    def __init__(self, engine, path):
        self.adapter = load_adapter(path)
        if self.adapter.card["engine"] != engine.name:
            raise BadModelError(
                f"{path} was fitted to the engine {self.adapter.card['engine']!r}, not to {engine.name!r}: "
                "name the engine it was fitted to"
            )
        self.engine = engine
        self.name = f"{engine.name} with {Path(path).stem}"
        self.margin = engine.margin

    def find(self, image, resolution=200, colored=False):
        """See :meth:`Engine.find`."""
        return self.engine.find(image, resolution, colored)

    def prepare(self, image, colored=False):
        """See :meth:`Engine.prepare`."""
        return self.engine.prepare(image, colored)

    def predict(self, image, face, colored=False):
        """See :meth:`Engine.predict`."""
        return self._corrected(self.engine.predict, image, face, colored)

    def predict_quickly(self, image, face, colored=False):
        """See :meth:`Engine.predict_quickly`."""
        return self._corrected(self.engine.predict_quickly, image, face, colored)

    def _corrected(self, predict, image, face, colored):
        both = both_ways(predict, image, face, colored)
        return Prediction(self.adapter.landmarks(Views.of([both], [image.shape[1]]))[0], both[0].mesh, both[0].depth)


class Views:
    """What an engine says of photos and of their mirror images, each in a frame of the face.

    The frame: the points' mean is 0, their root mean square distance from it is 1, and the line of the outer eye
    corners is level. Points are complex numbers in it, x + iy.

    Attributes
    ----------
    symmetric, asymmetric : ndarray (n, 2 p)
        Half the sum and half the difference of the two answers' points: all x, then all y.
    """

    def __init__(self, points, landmarks, widths):
        self._points, self._landmarks, self._widths = points, landmarks, np.asarray(widths, float)
        self._centre = points.mean(axis=-1, keepdims=True)
        eyes = landmarks[..., 45] - landmarks[..., 36]
        size = np.sqrt((abs(points - self._centre) ** 2).mean(axis=-1))
        self._unit = (size * eyes / abs(eyes))[..., None]
        self._base = _parts((landmarks - self._centre) / self._unit)
        self.symmetric, self.asymmetric = _parts((points - self._centre) / self._unit)

    @classmethod
    def of(cls, answers, widths):
        """From pairs of an engine's :class:`Prediction`, of the photo and of its mirror image; widths in px."""
        points = [[p.landmarks if p.mesh is None else p.mesh for p in pair] for pair in answers]
        landmarks = [[p.landmarks for p in pair] for pair in answers]
        return cls(_complex(np.swapaxes(points, 0, 1)), _complex(np.swapaxes(landmarks, 0, 1)), widths)

    def __len__(self):
        return len(self._widths)

    def __getitem__(self, rows):
        return Views(self._points[:, rows], self._landmarks[:, rows], self._widths[rows])

    def targets(self, landmarks):
        """What is to be added to the symmetric and asymmetric part of the engine's 68 points, (n, 136) each."""
        both = (_complex(np.stack([landmarks, self._mirrored(landmarks)])) - self._centre) / self._unit
        return tuple(part - base for part, base in zip(_parts(both), self._base, strict=True))

    def to_photo(self, symmetric, asymmetric):
        """Landmarks (n, 68, 2), px, from what is added to both parts; the mean of both views."""
        symmetric, asymmetric = symmetric + self._base[0], asymmetric + self._base[1]
        both = np.stack([symmetric + asymmetric, symmetric - asymmetric])
        both = _as_complex(both) * self._unit + self._centre
        seen, mirrored = np.stack([both.real, both.imag], axis=-1)
        return (seen + self._mirrored(mirrored)) / 2

    def _mirrored(self, landmarks):
        return np.stack([mirror(one, width) for one, width in zip(landmarks, self._widths, strict=True)])

    def nearness(self):
        """Weights (5, 2 p) of the points for each facial region, from their distance to the region's points."""
        points, landmarks = (_as_complex(part.mean(axis=0)) for part in (self.symmetric, self._base[0]))
        eyes = abs(landmarks[45] - landmarks[36])
        gaps = [abs(points[:, None] - landmarks[list(region)]).min(axis=1) / eyes for region in POINT_REGIONS]
        return np.tile(np.exp(-0.5 * (np.array(gaps) / _REACH) ** 2), 2)


def both_ways(predict, image, face, colored=False):
    """An engine's predictions for a photo and for its mirror image."""
    width = image.shape[1]
    return predict(image, face, colored), predict(cv2.flip(image, 1), face.mirrored(width), colored)


def _parts(both):
    """Symmetric and asymmetric part, (n, 2 p) real, of complex points (2, n, p) of a face and its mirror image."""
    seen, mirrored = np.concatenate([both.real, both.imag], axis=-1)
    return (seen + mirrored) / 2, (seen - mirrored) / 2


def _complex(points):
    points = np.asarray(points, float)
    return points[..., 0] + 1j * points[..., 1]


def _as_complex(values):
    x, y = np.split(values, 2, axis=-1)
    return x + 1j * y
