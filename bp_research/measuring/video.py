"""A film into one table: one row per frame, at its true time, a failed one marked and kept."""

import sys
import tempfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pyarrow.dataset
from tqdm import tqdm

from .. import DEFAULT_MODEL
from ..errors import BadLandmarksError, BpResearchError, NoFaceError, UnreadableVideoError
from ..face.geometry import interocular
from ..face.measures import DIMENSIONS, QUANTITIES, iris_share, measure
from ..landmarks.get_landmarks import irises_of
from ..landmarks.models import get_engine
from ..landmarks.pose import head_pose
from ..landmarks.quality import find_reasons
from ..paths import file_place
from .cohort import PART, write_part
from .row import LANDMARK_COLUMNS

#: From one frame to the next no face moves by more, inter-ocular distances: it is looked for again.
_JUMP = 0.3
#: A film that ends so many seconds before its header says is said to break off.
_MISSED = 0.5
#: So many broken frames in a row are its end.
_TRIES = 10


def measure_video(path, model=DEFAULT_MODEL, *, out=None, progress=True, iris_diameter_mm=11.77):
    """Measure a face in every frame of a film, read in order and turned upright.

    With FaceMesh the mesh of one frame says where the face is in the next, until it is lost; other models look for the
    face in each frame. Of several faces the one nearest to the last is taken, at first the best-scored. Where a measure
    of photos starts from an iris, here it starts from the middle between the eye's corners: an iris moves with the gaze and
    vanishes as the eye closes.

    Parameters
    ----------
    path : path-like
        A file that OpenCV's FFmpeg reads, such as MP4, MOV, AVI, MKV or WebM.
    model : str, path-like, tuple or list
        The landmark model, see :mod:`bp_research.landmarks.models`.
    out : path-like, optional
        A folder to which the rows go as Parquet files, so that the memory needed does not grow with the film.
    progress : bool
        Whether a progress bar is shown on stderr.
    iris_diameter_mm : float
        True diameter of the person's irises.

    Returns
    -------
    DataFrame, or with ``out`` a pyarrow.dataset.Dataset
        One row per frame: ``frame`` from 0, ``time`` (s, as the film tells it: the rate may vary), ``yaw`` and ``pitch`` of
        the head (degrees; NaN without mesh), landmarks ``x0, y0 ... x67, y67`` (px of the upright frame), the clinical
        measures ``brow height right`` ... in mm, degrees and per cent, ``interocular_mm``, the one scale of the film (the
        median of all frames that show an iris; NaN with all lengths if none does), ``quality``, what speaks against measuring
        the frame, empty if nothing does (see :mod:`bp_research.landmarks.quality`; other faces are not looked for), and
        ``status``: ``"ok"`` or why the frame could not be measured, in which case the measurements are NaN. Of a film that
        breaks off, a last row says so.

    Raises
    ------
    UnreadableVideoError
        If no frame can be read.
    ModelNotFoundError, BadModelError, BadSettingError
        If the model cannot be had.

    Examples
    --------
    >>> frames = measure_video("smile.mp4")  # doctest: +SKIP
    >>> frames.plot("time", ["commissure excursion right", "commissure excursion left"])  # doctest: +SKIP
    """
    rows = iter(tqdm(_rows(path, get_engine(model)), unit="frame", disable=not progress, file=sys.stderr))
    parts = map(_table, iter(lambda: list(islice(rows, PART)), []))
    if out is None:
        table = pd.concat(parts, ignore_index=True)
        return _in_millimetres(table, table["iris_share"], iris_diameter_mm)
    out, kept, shares = file_place(Path(out) / "part").parent, [], []
    with tempfile.TemporaryDirectory(dir=out) as folder:  # the scale is known when all frames are
        for table in parts:
            shares.append(table["iris_share"])
            kept.append(out / f"part-{len(kept):06d}.parquet")
            write_part(Path(folder, kept[-1].name), table)
        for place in kept:
            table = pd.read_parquet(Path(folder, place.name))
            write_part(place, _in_millimetres(table, pd.concat(shares), iris_diameter_mm))
    for old in set(out.glob("part-*.parquet")) - set(kept):  # of a longer film
        old.unlink()
    return pyarrow.dataset.dataset([str(place) for place in kept], format="parquet")


def pictures(path, numbers):
    """Frames of a film, (H, W, 3) uint8 BGR, by their numbers; the film is read up to the last of them."""
    found = {n: image for n, _, image in islice(_frames(path), max(numbers, default=-1) + 1) if n in set(numbers)}
    return [found[number] for number in numbers]


def _frames(path):
    """Yield the frames' numbers, times in s and pictures; NaN and None of what cannot be read, in the middle or at the end."""
    path = Path(path).expanduser()
    if not path.is_file():
        raise UnreadableVideoError(f"{path} is not a file: give one film")
    film, number, time = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0, np.nan
    film.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    try:
        wanted, rate = film.get(cv2.CAP_PROP_FRAME_COUNT), film.get(cv2.CAP_PROP_FPS)
        failed = 0
        while failed < _TRIES:
            if not film.grab():  # the end, or a broken frame
                failed += 1
                continue
            yield from ((number + i, np.nan, None) for i in range(failed))
            number, failed, time = number + failed, 0, film.get(cv2.CAP_PROP_POS_MSEC) / 1000
            yield number, time, film.retrieve()[1]
            number += 1
    finally:
        film.release()
    if not number:
        raise UnreadableVideoError(f"{path} has no picture that can be read: it is no film, broken, empty or sound alone")
    if rate > 0 and number < wanted - 1 and time + _MISSED < wanted / rate:
        yield number, np.nan, None


def _rows(path, engine):
    """Yield each frame's number, time and status, its landmarks, both irises and how the head is turned."""
    last = None
    for number, time, image in _frames(path):
        try:
            if image is None:
                raise UnreadableVideoError("from here the film cannot be read: copy the file again")
            last = found = _follow(engine, image, last) or _look_for(engine, image, last)
            irises = [np.full(3, np.nan) if iris is None else iris for iris in irises_of(image, found.landmarks, found.mesh)]
            turned = None if found.depth is None else head_pose(np.c_[found.mesh, found.depth])
            box = (*found.landmarks.min(axis=0), *found.landmarks.max(axis=0))
            face = SimpleNamespace(landmarks=found.landmarks, pose=turned, model=engine.name, bounding_box=box)
            reasons = "; ".join(reason.text for reason in find_reasons(face, image))
            angles = (turned or (np.nan, np.nan))[:2]
            yield number, time, reasons, "ok", np.r_[angles, found.landmarks.ravel(), irises[1], irises[0]]
        except (BpResearchError, cv2.error) as error:  # it costs this frame alone
            yield number, time, None, f"{type(error).__name__}: {error}", np.full(len(LANDMARK_COLUMNS) + 8, np.nan)


def _follow(engine, image, last):
    """The face where it was in the frame before; None if it is not there or has jumped."""
    found = None if last is None or last.mesh is None else engine.follow(image, last.mesh)
    near = found and np.linalg.norm(found.landmarks - last.landmarks, axis=1).mean() < _JUMP * interocular(last.landmarks)
    return found if near else None


def _look_for(engine, image, last):
    """The best-scored face, or, where one was seen before, the nearest to it."""
    faces = engine.find(image)
    if not faces:
        raise NoFaceError("no face found in this frame")
    if last is not None:
        middle = last.landmarks.mean(axis=0)
        faces.sort(key=lambda face: np.hypot(*(np.reshape(face.box, (2, 2)).mean(axis=0) - middle)))
    return engine.predict_quickly(image, faces[0])


def _table(rows):
    """Rows with their clinical measures, lengths in shares of the inter-ocular distance, and ``iris_share``."""
    numbers, times, qualities, statuses, found = (list(column) for column in zip(*rows, strict=True))
    found = np.array(found)
    values = np.full((len(rows), 1 + len(QUANTITIES)), np.nan)
    seen = np.flatnonzero(np.isfinite(found[:, 2]))
    points, right, left = found[:, 2:138].reshape(-1, 68, 2), found[:, 138:141], found[:, 141:]
    try:
        values[seen] = _measured(points[seen], right[seen], left[seen])
    except BadLandmarksError:  # one of them is no face
        for i in seen:
            try:
                values[i] = _measured(points[i], right[i], left[i])
            except BadLandmarksError as error:
                qualities[i], statuses[i] = None, f"{type(error).__name__}: {error}"
    names = ["yaw", "pitch", *LANDMARK_COLUMNS, "iris_share", *QUANTITIES]
    about = pd.DataFrame({"frame": numbers, "time": times})
    measured = pd.DataFrame(np.c_[found[:, :138], values], columns=names)
    return pd.concat([about, measured], axis=1).assign(quality=pd.array(qualities, dtype="str"), status=statuses)


def _measured(points, right, left):
    return np.concatenate([iris_share(points, right, left)[..., None], measure(points)], axis=-1)


def _in_millimetres(table, shares, iris_diameter_mm):
    """The table with its lengths scaled by the median of the film's irises."""
    scale = iris_diameter_mm / shares.median()
    before, lengths = table.columns[: -len(QUANTITIES) - 3], table[list(QUANTITIES)]
    scaled = (lengths * scale**DIMENSIONS).assign(interocular_mm=scale)
    return pd.concat([table[before], scaled, table[["quality", "status"]]], axis=1)
