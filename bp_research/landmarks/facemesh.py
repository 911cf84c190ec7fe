"""MediaPipe's Face Landmarker on LiteRT: its own face detector, 478 points in two passes, blendshapes.

Source of the nets and of how they are fed: Google's MediaPipe (BlazeFace short range, Face Mesh V2 and
Blendshape V2). The nets count from the edge of the first pixel; coordinates in photos count from its centre.
"""

import contextlib
import os
import zipfile
from functools import cached_property
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from ..errors import BadModelError, NoFaceError
from ..face.geometry import rotate, transform
from .dlib_engine import find_with_dlib
from .engine import Engine, Face, Prediction, box_overlap


def _column(name, kind):
    """The one column of a table beside this module."""
    return np.loadtxt(Path(__file__).with_name(f"{name}.csv"), dtype=kind, skiprows=1)


#: For each of the 68 iBUG points the mesh vertex that stands for it. Lips, lids and nose are the usual
#: correspondence; the ends of the brows and the upper jaw are those found nearest to annotators' points.
MESH_TO_68 = _column("mesh_to_68", int)

#: Names of the 52 blendshapes, in order; left and right are the subject's.
BLENDSHAPES = tuple(_column("blendshapes", str).tolist())

# The vertices that the blendshape net takes.
_BLENDSHAPE_POINTS = _column("blendshape_points", int)

_DETECTOR_SIZE, _MESH_SIZE = 128, 256
_THREADS = 2  # more gain nothing in nets as small as these
_OUTER_EYE_CORNERS = [33, 263]  # mesh vertices, the subject's right and left
_CROP = 1.5  # side of the crop in extents of the face
_OVERLAP = 0.3  # detections that share more are one face

#: Windows in which a face is looked for until one is found: their side, in longer sides of the photo, and the
#: least score. Small windows find many things that are no face, so the mesh net is asked about doubtful ones.
LOOKS = ((1.0, 0.5), (1.5, 0.6), (1 / 2, 0.6), (1 / 3, 0.7))
SURE, BELIEVED = 0.8, 0.9
_PRESENT = 0.5  # the mesh net's belief below which there is no face


class FaceMeshEngine(Engine):
    """Faces and 478 points by MediaPipe's nets; 68 points by correspondence.

    A single prediction uses two threads. One thread each is used where many predictions are spread over processes:
    in :meth:`predict_quickly`, and in forked processes, which threads do not survive.

    Parameters
    ----------
    path : path-like
        ``face_landmarker.task``, a zip file of the three nets.

    Raises
    ------
    BadModelError
        If the file is no such bundle.
    """

    name = "FaceMesh"

    def __init__(self, path):
        self._path = path
        self._detector = self._net("face_detector.tflite")
        self._mesher = self._net("face_landmarks_detector.tflite")
        self._loader, self._threaded_mesher = os.getpid(), self._net("face_landmarks_detector.tflite", _THREADS)

    @cached_property
    def _blender(self):
        return self._net("face_blendshapes.tflite")

    def _net(self, member, threads=1):
        from ai_edge_litert.interpreter import Interpreter

        try:
            with zipfile.ZipFile(self._path) as bundle:
                content = bundle.read(member)
            with _quiet():
                net = Interpreter(model_content=content, num_threads=threads)
                net.allocate_tensors()
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise BadModelError(
                f"{self._path} is not MediaPipe's Face Landmarker ({member}: {error}): obtain it again"
            ) from error
        return net

    def find(self, image, resolution=200, colored=False):
        """See :meth:`Engine.find`.

        The net sees 128 x 128 px in colour, whatever the settings; they hold for dlib's detector, which is
        asked when the net finds nothing in the photo, with a border around it, or in overlapping windows.
        """
        for share, least_score in LOOKS:
            looks = (self._detect(image, window, least_score) for window in _windows(image, share))
            if faces := [face for face in _merged(chain(*looks)) if self._is_face(image, face)]:
                return faces
        return find_with_dlib(image, resolution, colored)

    def _is_face(self, image, face):
        return face.score >= SURE or self._look(image, _frame_of(face), self._mesher)[2] >= BELIEVED

    def predict(self, image, face, colored=False):
        """See :meth:`Engine.predict`; always in colour.

        Raises
        ------
        NoFaceError
            If the net does not believe that there is a face.
        """
        return self._predict(image, face, self._threaded_mesher if os.getpid() == self._loader else self._mesher)

    def predict_quickly(self, image, face, colored=False):
        """See :meth:`Engine.predict_quickly`: the same, on one thread."""
        return self._predict(image, face, self._mesher)

    def _predict(self, image, face, mesher):
        first, *_ = self._look(image, _frame_of(face), mesher)
        mesh, depth, presence = self._look(image, _frame_of_mesh(first), mesher)
        if presence < _PRESENT:
            raise NoFaceError(f"the face mesh sees no face at the box {tuple(round(v) for v in face.box)}")
        return Prediction(mesh[MESH_TO_68], mesh, depth)

    def look_again(self, image, mesh):
        """The 68 landmarks (px) by one pass of the net where a mesh (478, 2) says that the face is."""
        return self._look(image, _frame_of_mesh(mesh), self._mesher)[0][MESH_TO_68]

    def follow(self, image, mesh):
        """See :meth:`Engine.follow`: one pass of the net, on one thread."""
        found, depth, presence = self._look(image, _frame_of_mesh(mesh), self._mesher)
        return Prediction(found[MESH_TO_68], found, depth) if presence >= _PRESENT else None

    def blendshapes(self, mesh):
        """How far each of 52 movements of the face is made.

        Parameters
        ----------
        mesh : array_like (478, 2)
            As :meth:`predict` gives it, px.

        Returns
        -------
        ndarray (52,)
            0 to 1, in the order of :data:`BLENDSHAPES`.
        """
        points = np.asarray(mesh, np.float32)[_BLENDSHAPE_POINTS]
        return _run(self._blender, points[None])[0].astype(float)

    def _detect(self, image, window, least_score):
        """Faces, not yet merged, in a square window (left, top, side) of the photo."""
        left, top, side = window
        scale = side / _DETECTOR_SIZE
        picture = cv2.cvtColor(_shrunk(image, window), cv2.COLOR_BGR2RGB)
        regressions, scores = _run(self._detector, picture[None] / np.float32(127.5) - 1)
        scores = 1 / (1 + np.exp(-np.clip(scores[0, :, 0], -80, 80)))
        kept = np.flatnonzero(scores >= least_score)
        # centre, size and six key points, of which the first two are the subject's right and left eye
        values = regressions[0, kept].reshape(-1, 8, 2).astype(float)
        values[:, [0, 2, 3]] += ANCHORS[kept, None]
        values *= scale
        faces = []
        for score, (centre, size, right_eye, left_eye, *_) in zip(scores[kept], values, strict=True):
            corner = centre - size / 2 + (left, top) - 0.5
            angle = np.degrees(np.arctan2(*(left_eye - right_eye)[::-1]))
            faces.append(Face((*corner, *(corner + size)), float(score), float(angle)))
        return faces

    def _look(self, image, frame, mesher):
        """One pass of the mesh net: points (478, 2) and their depth in px of the photo, and its belief in a face, 0 to 1."""
        crop = cv2.cvtColor(_cut(image, frame, _MESH_SIZE), cv2.COLOR_BGR2RGB)
        points, presence, _ = _run(mesher, crop[None] / np.float32(255))
        points = points.reshape(478, 3).astype(float)
        mesh, depth = transform(points[:, :2] - 0.5, frame), points[:, 2] * np.hypot(frame[0, 0], frame[1, 0])
        return mesh, depth, 1 / (1 + np.exp(-float(presence.ravel()[0])))


@contextlib.contextmanager
def _quiet():
    """LiteRT writes to the process's stderr that it has started; nobody needs to read that."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _run(net, value):
    net.set_tensor(net.get_input_details()[0]["index"], value)
    net.invoke()
    return [net.get_tensor(output["index"]) for output in net.get_output_details()]


def _cut(image, frame, size):
    """A square of the photo, black outside of it; `frame` takes its pixels to the photo's."""
    return cv2.warpAffine(image, frame, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _anchors():
    """Centres (896, 2), px, to which the detector's answers refer: two on each cell of 8 px, six of 16 px."""
    centres = []
    for stride, number in ((8, 2), (16, 6)):
        line = np.arange(stride / 2, _DETECTOR_SIZE, stride)
        x, y = np.meshgrid(line, line)
        centres.append(np.repeat(np.column_stack([x.ravel(), y.ravel()]), number, axis=0))
    return np.concatenate(centres)


ANCHORS = _anchors()


def _windows(image, share):
    """Square windows (left, top, side), px of the photo: one around it, or many inside, half overlapping."""
    height, width = image.shape[:2]
    side = share * max(height, width)

    def starts(length):
        number = int(np.ceil(2 * length / side - 1e-9)) - 1
        return np.linspace(0, length - side, number) if number > 1 else [(length - side) / 2]

    return [(left, top, side) for top in starts(height) for left in starts(width)]


def _shrunk(image, window):
    """The detector's input. Cut out at twice its size and then averaged, as cheap as it is fine enough."""
    left, top, side = window
    scale = side / (2 * _DETECTOR_SIZE)
    frame = np.array([[scale, 0, left + scale / 2 - 0.5], [0, scale, top + scale / 2 - 0.5]])
    double = _cut(image, frame, 2 * _DETECTOR_SIZE)
    return cv2.resize(double, (_DETECTOR_SIZE, _DETECTOR_SIZE), interpolation=cv2.INTER_AREA)


def _merged(faces):
    """Detections of one face averaged, weighted by their scores; the best-scored face first."""
    left = sorted(faces, key=lambda face: -face.score)
    merged = []
    while left:
        same = [face for face in left if box_overlap(face.box, left[0].box) > _OVERLAP]
        weights = np.array([face.score for face in same])
        *box, angle = (weights / weights.sum() @ [(*face.box, face.angle) for face in same]).tolist()
        merged.append(Face(tuple(box), left[0].score, angle))
        left = [face for face in left if face not in same]
    return merged


def _frame(centre, side, degrees):
    """The matrix (2, 3) that takes pixels of a crop turned by an angle to pixels of the photo."""
    half = (_MESH_SIZE - 1) / 2
    matrix = cv2.getRotationMatrix2D((half, half), -degrees, side / _MESH_SIZE)
    matrix[:, 2] += np.asarray(centre) - half
    return matrix


def _frame_of(face):
    left, top, right, bottom = face.box
    side = _CROP * max(right - left, bottom - top)
    return _frame(((left + right) / 2, (top + bottom) / 2), side, face.angle)


def _frame_of_mesh(mesh):
    right, left = mesh[_OUTER_EYE_CORNERS, :]
    angle = np.degrees(np.arctan2(*(left - right)[::-1]))
    level = rotate(mesh[:468], -angle)
    low, high = level.min(axis=0), level.max(axis=0)
    return _frame(rotate((low + high)[None] / 2, angle)[0], _CROP * (high - low).max(), angle)
