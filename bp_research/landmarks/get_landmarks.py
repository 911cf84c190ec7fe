"""A photo in, 68 landmarks out."""

import io
from functools import cached_property

import numpy as np

from .. import DEFAULT_MODEL
from ..errors import BadSettingError, NoFaceError
from ..face.geometry import check_points
from ..face.images import read_image
from ..face.schemes import LEFT_EYE, RIGHT_EYE
from ..paths import in_report
from .facemesh import MESH_TO_68
from .iris import find_irises, is_closed
from .models import get_engine, model_name
from .pose import frontal, head_pose
from .quality import find_reasons

#: Centre of each iris in the face mesh, followed by four points on its edge; the subject's sides.
_MESH_RIGHT_IRIS, _MESH_LEFT_IRIS = slice(468, 473), slice(473, 478)


class GetLandmarks:
    """Find the face in a photo and its landmarks.

    Parameters
    ----------
    image : path-like, bytes, ndarray or PIL.Image.Image
        The photo; an array is uint8, ``(H, W)``, ``(H, W, 3)`` or ``(H, W, 4)``, in OpenCV's BGR order. A file's EXIF
        rotation is applied.
    model : str, path-like, tuple, list or Engine
        The landmark model, see :mod:`bp_research.landmarks.models`.
    resolution : int
        Width in px of the picture in which the face is looked for first; larger ones follow if there is none.
    colored : bool
        Whether colour or grey is used.
    corrected : array_like (68, 2), optional
        Landmarks that a person set by hand, px: they stand in place of the model's, and :attr:`model` says so.

    Attributes
    ----------
    landmarks : ndarray (68, 2) float64
        iBUG order, x then y (downwards), px of the upright photo. Points 36-41 are the subject's right eye.
    detected : ndarray (68, 2) float64
        What the model found, whether or not it was corrected.
    bounding_box : tuple of 4 floats
        Left, top, right, bottom of the face, px.
    n_faces : int
        How many faces were found; the best-scored one is measured.
    score : float
        The detector's score of that face.
    mesh : ndarray (478, 2) or None
        Points of the face mesh, px, if the model makes one.
    depth : ndarray (478,) or None
        How far each of these lies behind the face's middle, px.
    pose : Pose or None
        ``yaw``, ``pitch`` and ``roll`` of the head, degrees, see :class:`bp_research.landmarks.pose.Pose`; None without mesh.
    quality : tuple of Reason
        What speaks against measuring this photo, see :mod:`bp_research.landmarks.quality`; empty if nothing does.
    left_iris, right_iris : tuple (x, y, radius) or None
        px, the subject's sides; None for a closed eye. Computed on first use.
    model : str
        Name of the model used.

    Raises
    ------
    UnreadableImageError
        If ``image`` is no picture that can be read.
    NoFaceError
        If no face is found in it.
    ModelNotFoundError, BadModelError
        If the model's file is missing or damaged.
    BadSettingError
        If ``resolution`` is not a whole number from 20 to 10,000.

    Examples
    --------
    >>> from matplotlib.cbook import get_sample_data
    >>> face = GetLandmarks(get_sample_data("grace_hopper.jpg", asfileobj=False))
    >>> face.landmarks.shape, face.n_faces
    ((68, 2), 1)
    """

    def __init__(self, image, model=DEFAULT_MODEL, resolution=200, colored=False, corrected=None):
        if not isinstance(resolution, int | np.integer) or not 20 <= resolution <= 10_000:
            raise BadSettingError(f"resolution is a width in pixels, a whole number from 20 to 10000, not {resolution!r}")
        engine = get_engine(model)
        self._image = read_image(image)
        faces = engine.find(self._image, int(resolution), bool(colored))
        if not faces:
            height, width = self._image.shape[:2]
            raise NoFaceError(
                f"no face found in the photo of {width} x {height} px: use a frontal photo with the whole face, well lit"
            )
        self.face = faces[0]
        self.model = model_name(model)
        self.n_faces = len(faces)
        self._others = [face.box for face in faces[1:]]
        self.score = self.face.score
        self.bounding_box = self.face.box
        prediction = engine.predict(self._image, self.face, bool(colored))
        self.detected = self.landmarks = prediction.landmarks
        if corrected is not None:
            self.landmarks, self.model = check_points(corrected, (68,)), f"{self.model}, corrected by hand"
        self.mesh = prediction.mesh
        self.depth = prediction.depth

    @cached_property
    def _irises(self):
        return irises_of(self._image, self.landmarks, self.mesh)

    @cached_property
    def pose(self):
        """How the head is turned, degrees; None where the model makes no mesh."""
        return None if self.depth is None else head_pose(np.c_[self.mesh, self.depth])

    @property
    def frontal_landmarks(self):
        """The landmarks (68, 2), px, as they would be seen from the front.

        Raises
        ------
        BadSettingError
            If the model makes no mesh, by whose depth the head could be turned.
        """
        if self.depth is None:
            raise BadSettingError(f"{self.model} makes no face mesh by which the head could be turned: use FaceMesh")
        points = np.c_[self.landmarks, self.depth[MESH_TO_68]]
        return frontal(points, np.c_[self.mesh, self.depth])[:, :2]

    @cached_property
    def quality(self):
        """Named reasons, with numbers, why this photo is not fit to be measured."""
        return self.quality_for(None)

    def quality_for(self, expression):
        """As :attr:`quality`, of a photo that should show an expression of :data:`bp_research.face.schemes.EXPRESSIONS`."""
        return find_reasons(self, self._image, self._others, expression)

    @property
    def left_iris(self):
        """The iris of the subject's left eye: (x, y, radius) px, or None if it is closed."""
        return self._irises[0]

    @property
    def right_iris(self):
        """The iris of the subject's right eye: (x, y, radius) px, or None if it is closed."""
        return self._irises[1]

    def plot(self, ax=None):
        """Draw the photo with its landmarks and the face's box.

        Parameters
        ----------
        ax : Axes, optional
            Default: of a new figure.

        Returns
        -------
        Axes
        """
        from matplotlib import pyplot as plt

        ax = plt.subplots(figsize=(5, 5))[1] if ax is None else ax
        left, top, right, bottom = self.bounding_box
        ax.imshow(self._image[..., ::-1])
        ax.plot(*self.landmarks.T, ".", color="#f0e442", markersize=4)
        ax.add_patch(plt.Rectangle((left, top), right - left, bottom - top, fill=False, edgecolor="#56b4e9"))
        ax.set_axis_off()
        return ax

    def _repr_png_(self):
        """What JupyterLab shows of it. In a report, which others may see, there is no picture."""
        if in_report():
            return None
        from matplotlib.figure import Figure

        figure, content = Figure(figsize=(5, 5), layout="tight"), io.BytesIO()
        self.plot(figure.subplots())
        figure.savefig(content, format="png")
        return content.getvalue()

    def __repr__(self):
        left, top, right, bottom = (round(v) for v in self.bounding_box)
        return f"<GetLandmarks {self.model}: face at ({left}, {top}, {right}, {bottom}) of {self.n_faces}>"


def irises_of(image, landmarks, mesh=None):
    """The irises of a face by its mesh, or without one in its picture, as :func:`find_irises` gives them."""
    if mesh is None:
        return find_irises(image, landmarks)
    eyes = (LEFT_EYE, _MESH_LEFT_IRIS), (RIGHT_EYE, _MESH_RIGHT_IRIS)
    return tuple(None if is_closed(landmarks[eye]) else _mesh_iris(mesh[part]) for eye, part in eyes)


def _mesh_iris(points):
    x, y = points[0]
    return float(x), float(y), float(np.linalg.norm(points[1:] - points[0], axis=1).mean())
