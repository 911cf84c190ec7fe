"""Own annotations: photos with the landmarks that somebody set by hand, as a data set like any other."""

from pathlib import Path

import numpy as np

from ..errors import BadLandmarksError, DatasetNotFoundError
from ..face.images import SUFFIXES, natural_key
from .files import Problems
from .point_files import READ_SUFFIXES, read_points
from .records import RECORD_COLUMNS, Photo, PhotoSet


def load_annotated(folder, annotator=None):
    """Read a folder of annotations: files of landmarks, beside their photos or naming them.

    Parameters
    ----------
    folder : path-like
        Searched with all folders below it for the kinds of file that :func:`read_points` reads. A file is about the photo
        that it names (relative to itself), else about the photo of its own name beside it. The person is the one that the
        file names, else the folder inside ``folder``, else the photo's name.
    annotator : str, optional
        Whose annotations to take; default everybody's.

    Returns
    -------
    PhotoSet
        Each Photo's ``landmarks_gt`` are the annotated points. Files that cannot be read, or whose photo is not there, are
        in ``problems``.

    Raises
    ------
    DatasetNotFoundError
        If nothing in it can be used; the message says what is wrong with the first file.
    """
    root = Path(folder).expanduser().resolve()
    problems, photos = Problems(root), []
    files = [path for path in root.rglob("*") if path.suffix.lower() in READ_SUFFIXES]
    for path in sorted(files, key=lambda path: natural_key(str(path))):
        try:
            found = read_points(path)
        except BadLandmarksError as error:
            problems.add("unreadable", path, str(error))
            continue
        for points in found:
            if annotator is not None and points.about.get("annotator") != annotator:
                continue
            photo = _photo_of(path, points)
            if photo is None:
                problems.add("no photo", path, f"there is no photo {points.photo or path.stem} beside it")
            else:
                photos.append(_record(root, path, photo, points))
    if not photos:
        first = problems.table()["detail"].iloc[0] if len(problems.table()) else "no file of landmarks is in it"
        raise DatasetNotFoundError(f"annotations: none can be used in {root}: {first}")
    return PhotoSet(f"annotations in {root.name}", photos, problems.table())


def _photo_of(path, points):
    beside = [path.stem + end for suffix in SUFFIXES for end in (suffix, suffix.upper())]
    names = [points.photo] if points.photo else beside
    return next((place.resolve() for name in names if (place := path.parent / name).is_file()), None)


def _record(root, path, photo, points):
    inside = path.relative_to(root)
    person = inside.parts[0] if len(inside.parts) > 1 else photo.stem
    said = {name: points.about[name] for name in _SAID if points.about.get(name) is not None}
    record = {"dataset": root.name, "patient_id": person} | said
    box = None if points.box is None else np.array(points.box, float)
    name = (inside.with_suffix("") / photo.name if path.suffix == ".xml" else inside.with_suffix("")).as_posix()
    return Photo(**record, photo_id=name, path=photo, landmarks_gt=points.landmarks, bbox_gt=box)


#: What a file may tell of its photo.
_SAID = set(RECORD_COLUMNS) - {"path", "photo_id"}
