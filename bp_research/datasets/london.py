"""Healthy people whose pictures may be shown, or whose points may be passed on: London and MEEI's ten.

Face Research Lab London Set (L. DeBruine and B. Jones, 2017, doi:10.6084/m9.figshare.5047666, CC BY 4.0): 102 people at
rest and smiling, with 189 points set by hand. And the hand-corrected points of the ten healthy people of MEEI in its eight
expressions, published with Auto-eFACE (D. L. Guarin, MIT licence), without photos.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import DatasetNotFoundError
from ..face.images import natural_key
from ..face.schemes import EXPRESSIONS
from .files import Problems, find_set
from .records import Photo, PhotoSet

#: Stands under every figure that shows a face of the set.
LONDON_ATTRIBUTION = (
    "Faces: Face Research Lab London Set, L. DeBruine and B. Jones, 2017, doi:10.6084/m9.figshare.5047666, CC BY 4.0."
)

#: The folders of either expression, newest name first.
_FOLDERS = {"at rest": ("neutral_front", "london"), "open smile": ("smiling_front", "smiling")}
_TEMPLATE = (189, 2)
#: Of the 189 points those whose mean is each of the 68, in iBUG order (a point may count more than once); and centre and
#: horizontal diameter of the irises, subject's left first: the 189 points count the image's left first.
_TO_68, _IRISES = json.loads(Path(__file__).with_name("london_points.json").read_text(encoding="utf-8")).values()


def load_london(root):
    """Read the Face Research Lab London Set in the layout of the repository debruine/webmorphR.stim.

    Parameters
    ----------
    root : path-like
        The repository's folder, its ``inst``, or the folder that holds either.

    Returns
    -------
    PhotoSet
        Group "healthy", the expressions "at rest" and "open smile". ``landmarks_gt`` are means of the 189 hand-set points,
        ``irises_gt`` come from their irises; photos without a ``.tem`` file have neither.

    Raises
    ------
    DatasetNotFoundError
        If the folder is not laid out as the set is.
    """
    looked_for = "the folder neutral_front (or london) with .jpg and .tem files, also inside inst"
    root = find_set(Path(root), lambda folder: bool(_pictures(folder, "at rest")), "London", looked_for)
    problems, photos = Problems(root), []
    people = _people(root, problems)
    for expression, names in _FOLDERS.items():
        pictures = _pictures(root, expression)
        photos += [_load_photo(path, expression, people, problems) for path in pictures]
        if not pictures:
            problems.add("missing folder", names[0], "the set has no photos in such a folder")
    photos.sort(key=lambda photo: photo.patient_id)  # a person's photos one after the other, at rest first
    return PhotoSet("London", photos, problems.table())


def load_meei_normals(csv):
    """Read the points of MEEI's ten healthy people in the eight expressions.

    Parameters
    ----------
    csv : path-like
        ``landmarks_normals.csv``, or the folder that holds it.

    Returns
    -------
    PhotoSet
        Group "Normal", landmarks only: ``path`` is None, and ``image`` raises an error.

    Raises
    ------
    DatasetNotFoundError
        If there is no such file, or it lacks the columns.
    """
    csv = Path(csv)
    csv = csv / "landmarks_normals.csv" if csv.is_dir() else csv
    try:
        table = pd.read_csv(csv)
        points = table[[f"landmark_{i}_{axis}" for i in range(68) for axis in "xy"]].to_numpy(float).reshape(-1, 68, 2)
        names = table["file"].str.extract(r"(\d+)_([1-8])\.").to_numpy()  # one file is called nomal1_1.jpg
    except (OSError, ValueError, KeyError) as error:
        raise DatasetNotFoundError(f"MEEI normals: {csv} is not landmarks_normals.csv of Auto-eFACE: {error}") from error
    photos = []
    for (person, suffix), own in zip(names, points, strict=True):
        said = {"group": "Normal", "expression": EXPRESSIONS[int(suffix) - 1], "severity": 1, "landmarks_gt": own}
        photos.append(Photo("MEEI normals", f"Normal{person}", f"Normal{person}_{suffix}", None, **said))
    photos.sort(key=lambda photo: natural_key(photo.photo_id))
    return PhotoSet("MEEI normals", photos, Problems(csv.parent).table())


def _pictures(root, expression):
    """The photos of an expression, in natural order, in the set's folder or the folder ``inst`` in it."""
    folders = [place / name for place in (root, root / "inst") for name in _FOLDERS[expression]]
    return sorted(path for folder in folders for path in folder.glob("[0-9]*_*.jpg"))


def _people(root, problems):
    """Rows of london_info.csv by the number in the photos' names."""
    for path in (root / "data-raw/london_info.csv", root.parent / "data-raw/london_info.csv"):
        if path.is_file():
            return pd.read_csv(path, dtype={"face_id": str}).set_index("face_id")
    problems.add("missing file", "data-raw/london_info.csv", "ages and genders are not known")
    return pd.DataFrame(columns=["face_age", "face_gender"])


def _load_photo(path, expression, people, problems):
    person = path.stem.split("_")[0]
    problems.size_of(path)
    age, gender = people[["face_age", "face_gender"]].reindex([person]).iloc[0]
    said = {"group": "healthy", "expression": expression, "age": float(age)}
    template = path.with_suffix(".tem")
    try:
        if template.is_file():
            said["landmarks_gt"], said["irises_gt"] = read_template(template)
    except (OSError, ValueError) as error:
        problems.add("unreadable", template, f"not a template: {error}")
    return Photo("London", person, path.stem, path, gender=gender if isinstance(gender, str) else None, **said)


def read_template(path):
    """Read a ``.tem`` file of webmorph's 189 points; how lines join them follows in it and is not read.

    Parameters
    ----------
    path : Path

    Returns
    -------
    landmarks : ndarray (68, 2)
        Means of the points, iBUG order, px.
    irises : ndarray (2, 3)
        x, y, radius in px; the subject's left first.

    Raises
    ------
    ValueError
        If it does not hold 189 finite points.
    """
    lines = path.read_text(encoding="utf-8").split("\n")[1 : _TEMPLATE[0] + 1]
    points = np.array([line.split() for line in lines], dtype=float)
    if points.shape != _TEMPLATE or not np.isfinite(points).all():
        raise ValueError(f"it holds {points.shape} in place of {_TEMPLATE} finite numbers")
    radii = [np.linalg.norm(points[one] - points[other]) / 2 for _, one, other in _IRISES]
    irises = np.column_stack([points[[centre for centre, *_ in _IRISES]], radii])
    return np.array([points[own].mean(axis=0) for own in _TO_68]), irises
