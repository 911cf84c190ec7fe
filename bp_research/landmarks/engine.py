"""What an engine is: it finds faces in a photo's pixels and predicts their 68 landmarks."""

from dataclasses import dataclass, replace

import numpy as np

from ..face.geometry import transform


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
    depth : ndarray (478,) float64 or None
        How far each of the mesh's points lies behind the face's middle, px.
    """

    landmarks: np.ndarray
    mesh: np.ndarray | None = None
    depth: np.ndarray | None = None


class Engine:
    """What finds faces and predicts their landmarks. Photos are ``(H, W, 3)`` uint8 BGR."""

    #: Short text that names the model in tables and caches.
    name: str
    #: Of an engine of one's own: what tells its answers from those of any other, such as a version and a file's digest, as
    #: a tuple. None: what is measured with it is not kept in caches.
    identity: tuple | None = None
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

    def follow(self, image, mesh):
        """The landmarks of a face in a film whose mesh (478, 2), px, is known from the frame before.

        Returns
        -------
        Prediction or None
            None where the face is to be looked for: it is gone, or the engine cannot follow.
        """

    def prepare(self, image, colored=False):
        """What :meth:`predict` looks at, made once where many predictions follow."""
        return image


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
            own = [face for face in engine.find(image, resolution, colored) if box_overlap(face.box, faces[0].box) > 0.2]
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
        mesh, depth = next(((p.mesh, p.depth) for p in found if p.mesh is not None), (None, None))
        return Prediction(np.mean([p.landmarks for p in found], axis=0), mesh, depth)


def box_overlap(a, b):
    """Intersection over union of two boxes."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return wide * high / (sum(areas) - wide * high)
