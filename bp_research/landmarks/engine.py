"""Engines: what turns a photo's pixels into 68 landmarks, loaded once per process and named by one ``model`` value.

A *model*, wherever one is taken, is

- a name of the registry (``"iBUG"``, ``"FaceMesh"``, ... see :mod:`bp_research.landmarks.files`),
- a path to a dlib shape predictor of 68 points,
- a pair ``(engine, adapter)``: any of these, corrected by an adapter file (see :mod:`bp_research.accuracy.fitting`), or
- a list of any of these: their landmarks are averaged.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from ..errors import BadModelError, BadSettingError, NoFaceError
from ..face.geometry import transform
from ..face.images import resize_width
from .files import MODELS, find_model_file, model_path
from .memory import use_large_pages

#: The face is not looked for in pictures with more pixels than this; it bounds the time that a huge photo takes.
MAX_SEARCH_PIXELS = 2_000_000

#: Faces narrower than this many pixels are enlarged before dlib, which answers in whole pixels, sees them.
FINE_FACE = 500


@dataclass(frozen=True)
class Face:
    """Where a face is.

    Attributes
    ----------
    box : tuple of 4 floats
        Left, top, right, bottom, px of the photo; not turned with ``angle``.
    score : float
        The detector's; larger is surer. Comparable only within one engine.
    angle : float
        Degrees by which the head is rolled, clockwise on the screen; 0 where the detector does not tell.
    parts : tuple of Face
        For several engines at once, the face as each of them sees it.
    """

    box: tuple
    score: float
    angle: float = 0.0
    parts: tuple = ()

    def moved(self, matrix):
        """The face in a photo to which a similarity ``matrix`` (2, 3) was applied."""
        matrix = np.asarray(matrix, float)
        left, top, right, bottom = self.box
        x, y = transform([(left + right) / 2, (top + bottom) / 2], matrix)
        scale = np.hypot(matrix[0, 0], matrix[1, 0])
        half_width, half_height = (right - left) / 2 * scale, (bottom - top) / 2 * scale
        return replace(
            self,
            box=(x - half_width, y - half_height, x + half_width, y + half_height),
            angle=self.angle + float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))),
            parts=tuple(part.moved(matrix) for part in self.parts),
        )

    def mirrored(self, width):
        """The face in the mirror image of a photo of this width, px."""
        left, top, right, bottom = self.box
        return replace(
            self,
            box=(width - 1 - right, top, width - 1 - left, bottom),
            angle=-self.angle,
            parts=tuple(part.mirrored(width) for part in self.parts),
        )


@dataclass(frozen=True)
class Prediction:
    """An engine's answer for one face.

    Attributes
    ----------
    landmarks : ndarray (68, 2) float64
        iBUG order, x then y, px of the photo.
    mesh : ndarray (478, 2) float64 or None
        The face mesh where the engine makes one, x then y, px of the photo.
    """

    landmarks: np.ndarray
    mesh: np.ndarray | None = None


class Engine:
    """What finds faces and predicts their landmarks. Photos are ``(H, W, 3)`` uint8 BGR."""

    #: Short text that names the model in tables and caches.
    name: str
    #: How far around the face's box :meth:`predict` may look, in shares of the box's size.
    margin = 1.0

    def find(self, image, resolution=200, colored=False):
        """Look for faces.

        Parameters
        ----------
        image : ndarray (H, W, 3) uint8
        resolution : int
            Width in px of the picture in which faces are looked for first.
        colored : bool
            Whether the detector sees colour or grey.

        Returns
        -------
        list of Face
            The best-scored first; empty if there is none.
        """
        raise NotImplementedError

    def predict(self, image, face, colored=False):
        """The landmarks of one face.

        Parameters
        ----------
        image : ndarray
            The photo, or what :meth:`prepare` made of it.
        face : Face
        colored : bool

        Returns
        -------
        Prediction
        """
        raise NotImplementedError

    def predict_quickly(self, image, face, colored=False):
        """As :meth:`predict`, where many answers are combined and the rounding of a single one does not show."""
        return self.predict(image, face, colored)

    def prepare(self, image, colored=False):
        """What :meth:`predict` looks at, made once where many predictions follow."""
        return image


@lru_cache(maxsize=1)
def _detector():
    import dlib

    return dlib.get_frontal_face_detector()


def find_with_dlib(image, resolution=200, colored=False):
    """Faces by dlib's HOG detector, looked for in larger and larger pictures until there is one.

    Parameters and return value are those of :meth:`Engine.find`. The search starts at ``resolution`` px of width, doubled
    once by the detector itself, and ends at the photo's own width or :data:`MAX_SEARCH_PIXELS`.
    """
    width = resolution
    while True:
        picture, scale = resize_width(image, width, MAX_SEARCH_PIXELS)
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB if colored else cv2.COLOR_BGR2GRAY)
        boxes, scores, _ = _detector().run(picture, 1, 0.0)
        if len(boxes) or scale < width / image.shape[1] or width >= image.shape[1]:
            break
        width = min(2 * width, image.shape[1])
    faces = [
        Face(tuple(edge / scale for edge in (b.left(), b.top(), b.right(), b.bottom())), float(score))
        for b, score in zip(boxes, scores, strict=True)
    ]
    return sorted(faces, key=lambda face: -face.score)


class DlibEngine(Engine):
    """An ensemble of regression trees (Kazemi and Sullivan 2014) in dlib's file format, with dlib's HOG face detector."""

    margin = 0.4  # the trees compare pixels near the face's shape; wider margins change no answer

    def __init__(self, name, path):
        import dlib

        self.name = name
        try:
            self._predictor = dlib.shape_predictor(str(path))
        except RuntimeError as error:
            raise BadModelError(f"{path} is not a dlib shape predictor ({error}): obtain it again") from error
        use_large_pages()

    def find(self, image, resolution=200, colored=False):
        """See :meth:`Engine.find`."""
        return find_with_dlib(image, resolution, colored)

    def prepare(self, image, colored=False):
        """See :meth:`Engine.prepare`: grey, unless colour is wanted."""
        return image if colored or image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)

    def predict(self, image, face, colored=False):
        """See :meth:`Engine.predict`.

        dlib answers in whole pixels. Small faces are enlarged first by an odd whole factor, each pixel repeated: the
        trees then compare the very same pixels as in the photo itself, and only the rounding is finer.
        """
        width = face.box[2] - face.box[0]
        return self._predict(image, face, colored, factor=int(np.ceil(FINE_FACE / max(width, 1))) // 2 * 2 + 1)

    def predict_quickly(self, image, face, colored=False):
        """See :meth:`Engine.predict_quickly`: in whole pixels."""
        return self._predict(image, face, colored, factor=1)

    def _predict(self, image, face, colored, factor):
        import dlib

        box = np.round(face.box).reshape(2, 2)
        crop, origin = _crop(image, face.box, self.margin)
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB) if colored else self.prepare(crop)
        if factor > 1:
            crop = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)
        # pixel centres: x of the photo is (x - origin) * factor + (factor - 1) / 2 of the enlarged crop
        shift = (factor - 1) // 2 - np.array(origin) * factor
        found = self._predictor(crop, dlib.rectangle(*(int(v) for v in (box * factor + shift).ravel())))
        if found.num_parts != 68:
            raise BadModelError(f"the model {self.name} gives {found.num_parts} points; 68 are needed")
        points = np.array([(p.x, p.y) for p in found.parts()], float)
        return Prediction((points - shift) / factor)


def _crop(image, box, margin):
    """The box with a margin on each side (a share of its size), cut off at the photo's edges, and its corner (x, y)."""
    left, top, right, bottom = box
    dx, dy = margin * (right - left), margin * (bottom - top)
    height, width = image.shape[:2]
    x0, x1 = (int(np.clip(v, 0, width)) for v in (np.floor(left - dx), np.ceil(right + dx) + 1))
    y0, y1 = (int(np.clip(v, 0, height)) for v in (np.floor(top - dy), np.ceil(bottom + dy) + 1))
    if x1 <= x0 or y1 <= y0:
        raise NoFaceError("the face's box lies outside of the photo")
    return np.ascontiguousarray(image[y0:y1, x0:x1]), (x0, y0)


class CombinedEngine(Engine):
    """The mean of several engines' landmarks on the same photo; the first one says where the face is."""

    def __init__(self, engines):
        self.engines = tuple(engines)
        self.name = " + ".join(engine.name for engine in self.engines)
        self.margin = max(engine.margin for engine in self.engines)

    def find(self, image, resolution=200, colored=False):
        """See :meth:`Engine.find`; an engine that finds no face itself is shown the first one's."""
        faces = self.engines[0].find(image, resolution, colored)
        if not faces:
            return []
        parts = [faces[0]]
        for engine in self.engines[1:]:
            own = [face for face in engine.find(image, resolution, colored) if overlap(face.box, faces[0].box) > 0.2]
            parts.append(own[0] if own else faces[0])
        return [replace(faces[0], parts=tuple(parts)), *faces[1:]]

    def predict(self, image, face, colored=False):
        """See :meth:`Engine.predict`."""
        return self._mean([engine.predict for engine in self.engines], image, face, colored)

    def predict_quickly(self, image, face, colored=False):
        """See :meth:`Engine.predict_quickly`."""
        return self._mean([engine.predict_quickly for engine in self.engines], image, face, colored)

    def _mean(self, predictors, image, face, colored):
        parts = face.parts or (face,) * len(self.engines)
        found = [predict(image, part, colored) for predict, part in zip(predictors, parts, strict=True)]
        mesh = next((p.mesh for p in found if p.mesh is not None), None)
        return Prediction(np.mean([p.landmarks for p in found], axis=0), mesh)


def overlap(a, b):
    """Intersection over union of two boxes."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return wide * high / (sum(areas) - wide * high)


def model_name(model):
    """A short text for a model, for tables and file names of caches: file paths are reduced to their last part."""
    if isinstance(model, list):
        return " + ".join(model_name(one) for one in model)
    if isinstance(model, tuple) and len(model) == 2:
        return f"{model_name(model[0])} with {Path(model[1]).stem}"
    if isinstance(model, str | Path):
        return str(model) if str(model) in MODELS else Path(model).stem
    raise BadSettingError(
        f"a model is a name, a path, an (engine, adapter) pair or a list of these, not {type(model).__name__}"
    )


def model_files(model):
    """What identifies a model in a cache: its name, and size and date of each of its files.

    Raises
    ------
    ModelNotFoundError
        If a file is not there and cannot be obtained.
    """
    if isinstance(model, list):
        return tuple(map(model_files, model))
    if isinstance(model, tuple):
        return tuple(map(model_files, model))
    path = _model_file(model)
    facts = path.stat()
    return path.name, facts.st_size, facts.st_mtime_ns


def _model_file(model):
    return model_path(str(model)) if str(model) in MODELS else find_model_file(model)


def get_engine(model="iBUG"):
    """The engine of a model, loaded on first use and kept for the life of the process.

    Parameters
    ----------
    model : str, path-like, tuple or list
        See the top of this module.

    Returns
    -------
    Engine

    Raises
    ------
    ModelNotFoundError
        If a file is not there and cannot be obtained; the message says where to place what.
    BadModelError
        If a file is damaged or does not fit.
    BadSettingError
        If ``model`` is none of the known forms.
    """
    model_name(model)
    return _load(_frozen(model), model_files(model))


def _frozen(model):
    if isinstance(model, list):
        return ("mean", *map(_frozen, model))
    if isinstance(model, tuple):
        return ("adapted", _frozen(model[0]), str(model[1]))
    return str(model)


@lru_cache(maxsize=16)
def _load(model, files):
    # the files' size and date are part of the key: a model fitted anew under its old name is loaded anew
    if isinstance(model, tuple) and model[0] == "mean":
        if len(model) == 1:
            raise BadSettingError("an empty list names no model")
        return CombinedEngine(map(_load, model[1:], files))
    if isinstance(model, tuple):
        from ..accuracy.fitting import AdaptedEngine

        return AdaptedEngine(_load(model[1], files[0]), find_model_file(model[2]))
    if model == "FaceMesh":
        from .facemesh import FaceMeshEngine

        return FaceMeshEngine(_model_file(model))
    return DlibEngine(model_name(model), _model_file(model))
