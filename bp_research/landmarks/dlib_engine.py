"""dlib's face detector and its shape predictors of 68 points as an engine."""

from functools import lru_cache

import cv2
import numpy as np

from ..errors import BadModelError, NoFaceError
from ..face.images import resize_width
from .engine import Engine, Face, Prediction

#: The face is not looked for in pictures with more pixels than this; it bounds the time that a huge photo takes.
MAX_SEARCH_PIXELS = 2_000_000

#: Faces narrower than this many pixels are enlarged before dlib, which answers in whole pixels, sees them.
FINE_FACE = 500


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
