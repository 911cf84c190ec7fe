"""PALDA (Vletter et al. 2022, arXiv 2201.11852): faces from the web, healthy, with central and with
peripheral palsy.

Two traps of the set. The points of palsy photos are given in the photo stretched to 900 x 900 and are put
back here; points of healthy photos, and all boxes, are in the photo's own pixels. And palsy points were
made by hand, healthy ones by a detector: classifiers belong on detected points, or they learn who
annotated.
"""

import re
from pathlib import Path

import numpy as np

from .files import IMAGE_SUFFIXES, Problems, find_set, listing
from .records import Photo, PhotoSet

_GROUPS = ("healthy", "central", "peripheral")
_STRETCHED = 900  # px, width and height of the frame of the palsy photos' points
_PANEL = re.compile(r"^(image\d{3})\d$")


def load_palda(root):
    """Read PALDA as it lies on disk.

    Parameters
    ----------
    root : path-like
        The folder ``palda_dataset``, or the one that holds it.

    Returns
    -------
    PhotoSet
        Groups "healthy", "central", "peripheral". ``image7731`` and ``image7732`` are panels of one person;
        names repeat between the groups for different people, so ids begin with the group
        (``central-image773``).

    Raises
    ------
    DatasetNotFoundError
        If the folder is not laid out as the set is.
    """
    looked_for = "the folders Healthy, central and peripheral with photos and .npy files"
    root = find_set(Path(root), _is_palda, "PALDA", looked_for)
    problems, photos = Problems(root), []
    folders = {path.name.lower(): path for path in listing(root)}
    for group in _GROUPS:
        if group in folders:
            photos += _load_group(folders.pop(group), group, problems)
        else:
            problems.add("missing folder", group, "the set has no such folder")
    for path in folders.values():
        problems.add("ignored", path, "not part of the set")
    return PhotoSet("PALDA", photos, problems.table())


def _is_palda(folder):
    groups = [path for path in listing(folder) if path.name.lower() in _GROUPS]
    return any(any(path.glob("*_box.npy")) for path in groups)


def _load_group(folder, group, problems):
    photos, seen = [], {}
    for path in listing(folder):
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            if path.suffix.lower() != ".npy":
                problems.add("ignored", path, "neither a photo nor its .npy file")
            continue
        if path.stem in seen:
            problems.add("contradictory", path, f"the same name as {seen[path.stem]}, which is used")
            continue
        seen[path.stem] = path.name
        photos.append(_load_photo(path, group, problems))
    for path in folder.glob("*.npy"):
        if path.stem.removesuffix("_box") not in seen:
            problems.add("missing photo", path, "an annotation without its photo")
    return photos


def _load_photo(path, group, problems):
    points = _load_array(path.with_suffix(".npy"), (68, 2), problems)
    size = problems.size_of(path)
    if points is not None and group != "healthy":
        points = points * np.divide(size, _STRETCHED) if size else None
    box_path = path.with_name(f"{path.stem}_box.npy")
    box = problems.box_about(points, _load_array(box_path, (4,), problems), box_path)
    person = _PANEL.sub(r"\1", path.stem)
    return Photo("PALDA", f"{group}-{person}", f"{group}-{path.stem}", path, group, landmarks_gt=points, bbox_gt=box)


def _load_array(path, shape, problems):
    if not path.is_file():
        problems.add("missing annotation", path, "the photo has no such file")
        return None
    try:
        array = np.load(path, allow_pickle=False).astype(float)
    except (OSError, ValueError, EOFError) as error:
        problems.add("unreadable", path, f"not a NumPy array of numbers: {error}")
        return None
    if array.shape != shape or not np.isfinite(array).all():
        problems.add("unreadable", path, f"holds {array.shape} in place of {shape} finite numbers")
        return None
    return array
