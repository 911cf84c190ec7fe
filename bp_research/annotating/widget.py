"""The widget with which a person corrects landmarks in JupyterLab."""

import datetime
import getpass
import os
from pathlib import Path

import anywidget
import cv2
import numpy as np
import traitlets

from .. import DEFAULT_MODEL
from ..datasets.folder import load_folder
from ..datasets.point_files import Points, read_points, write_points
from ..datasets.records import RECORD_COLUMNS
from ..errors import BadSettingError, BpResearchError, NoFaceError
from ..face.images import resize_width
from ..face.mean_face import mean_face
from ..face.schemes import FACE_OUTLINES
from ..landmarks.get_landmarks import GetLandmarks

#: Most pixels of the picture that the browser gets; points keep the coordinates of the photo itself.
SHOWN_PIXELS = 2_500_000

_GROUPS = ("jaw", "right brow", "left brow", "nose bridge", "nose base", "right eye", "left eye", "outer lip", "inner lip")
_NAMES = {int(i): name for name, line in zip(_GROUPS, FACE_OUTLINES, strict=True) for i in line}


class Annotator(anywidget.AnyWidget):
    """The widget that :func:`annotate` makes; its traits are what browser and kernel tell each other."""

    _esm = Path(__file__).with_name("annotator.js")
    _css = Path(__file__).with_name("annotator.css")
    photo = traitlets.Dict().tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    saved = traitlets.Dict().tag(sync=True)

    def __init__(self, photos, out, annotator, model):
        super().__init__()
        self._photos, self._out, self._annotator, self._model = list(photos), Path(out), annotator, model
        self.on_msg(self._answer)
        self.show(next((i for i in range(len(self._photos)) if not self.file(i).is_file()), 0))

    def file(self, index):
        """The file of a photo's annotation: ``<out>/<annotator>/<photo_id>.csv``."""
        return self._out / self._annotator / f"{self._photos[index].photo_id}.csv"

    def show(self, index):
        """Show a photo, by its number from 0, with its saved or else its detected points."""
        image = self._photos[index].image
        height, width = image.shape[:2]
        detected, message = _detected(image, self._model)
        state, self._start = detected, detected.about["start"]
        if self.file(index).is_file():
            (state,) = read_points(self.file(index))
            message, self._start = f"annotated: {self.file(index)}", state.about.get("start")
        picture, _ = resize_width(image, width, SHOWN_PIXELS)
        with self.hold_sync():
            self.picture = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
            self.photo = {
                **{"index": index, "total": len(self._photos), "name": self._photos[index].photo_id, "message": message},
                **{"width": width, "height": height, "groups": [line.tolist() for line in FACE_OUTLINES]},
                **{"names": [_NAMES[i] for i in range(68)], "state": _state(state), "detected": _state(detected)},
                "done": self._done(),
            }

    def _done(self):
        return sum(self.file(i).is_file() for i in range(len(self._photos)))

    def _answer(self, _, content, __):
        """Do what the browser asks for: show another photo, or save a change."""
        try:
            if "show" in content:
                self.show(content["show"])
            else:
                self._save(content)
                text = f"saved: {self.file(content['index'])}"
                self.saved = {"saving": content["saving"], "text": text, "wrong": False, "done": self._done()}
        except (BpResearchError, OSError) as error:
            self.saved = {"saving": content.get("saving"), "text": f"not done: {error}", "wrong": True}

    def _save(self, content):
        photo, place = self._photos[content["index"]], self.file(content["index"])
        about = {name: getattr(photo, name) for name in RECORD_COLUMNS if name != "path"}
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        about |= {"annotator": self._annotator, "saved": now, "start": self._start}
        irises = {side: tuple(iris) for side, iris in content["irises"].items() if iris}
        name = os.path.relpath(Path(photo.path).resolve(), place.parent.resolve())
        write_points(place, Points(np.array(content["points"], float), Path(name).as_posix(), irises, about=about))


def _detected(image, model):
    """The points to start from, and what to tell the person about them."""
    try:
        face = GetLandmarks(image, model)
    except NoFaceError as error:
        height, width = image.shape[:2]
        middle = mean_face() * width / 4 + np.array([width / 2, height / 2])
        return Points(middle, about={"start": "mean face"}), f"{error}; mean points were laid into the middle"
    irises = {"right": face.right_iris, "left": face.left_iris}
    irises = {side: iris for side, iris in irises.items() if iris is not None}
    return Points(face.landmarks, irises=irises, about={"start": face.model}), f"points found by {face.model}"


def _state(points):
    irises = {side: points.irises.get(side) for side in ("right", "left")}
    return {"points": points.landmarks.tolist(), "irises": {side: iris and list(iris) for side, iris in irises.items()}}


def annotate(photos, out="annotations", *, annotator=None, model=DEFAULT_MODEL):
    """Look at photos and move their landmarks by hand, in JupyterLab.

    Every change is saved at once, in ``<out>/<annotator>/<photo_id>.csv``, with who, when, and from which model's points; a
    photo that was annotated before is shown as it was left. Nothing leaves this computer.

    Parameters
    ----------
    photos : PhotoSet, path-like or sequence of Photo
        A data set, a folder of photos, or photos in the order in which to show them.
    out : path-like
        Folder of the annotations; :func:`bp_research.datasets.load_annotated` reads it.
    annotator : str, optional
        Who annotates; default the name of the computer's user.
    model : str, path-like, tuple, list or Engine
        Landmark model whose points are the start, see :mod:`bp_research.landmarks`.

    Returns
    -------
    Annotator
        The widget; as the last line of a cell it is shown.

    Raises
    ------
    BadSettingError
        If there is no photo.
    """
    photos = list(load_folder(photos) if isinstance(photos, str | Path) else photos)
    if not photos:
        raise BadSettingError("there is no photo to annotate")
    return Annotator(photos, out, annotator or getpass.getuser(), model)
