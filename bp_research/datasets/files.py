"""What the loaders share: finding a set on disk, listing problems, looking at photos without decoding."""

import pandas as pd
from PIL import Image, UnidentifiedImageError

from ..errors import BadTableError, DatasetNotFoundError
from ..face.images import natural_key
from ..paths import SIMULATED_MARKER

#: Suffixes, in lower case, of the sets' photos.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")
#: And of their films.
VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm")

_JPEG_END = b"\xff\xd9"
_JPEG_TAIL = 65536  # bytes in which a JPEG's end mark is looked for: cameras append things
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_EXIF_ORIENTATION = 0x0112


class Problems:
    """Collects what a loader finds wrong, as rows of a table."""

    def __init__(self, root):
        self._root = root
        self._rows = []

    def add(self, problem, where, detail):
        """Note one problem: its kind, the file (shown relative to the set) or name, what is wrong."""
        self._rows.append((problem, self.name(where), detail))

    def name(self, where):
        """``where`` relative to the data set's folder; texts pass unchanged."""
        return where if isinstance(where, str) else where.relative_to(self._root).as_posix()

    def size_of(self, path):
        """Width and height of an upright photo, or None; a file that cannot be a whole photo is noted."""
        size, fault = _inspect(path)
        if fault:
            self.add("unreadable", path, fault)
        return size

    def box_about(self, points, box, where):
        """An annotated face box, or None, with a problem noted, if the middle of the points lies outside of it."""
        if box is None or points is None or ((box[:2] < points.mean(axis=0)) & (points.mean(axis=0) < box[2:])).all():
            return box
        self.add("contradictory", where, "the face box does not hold the face's points; it is not used")
        return None

    def table(self):
        """DataFrame with the columns problem, where, detail."""
        return pd.DataFrame(self._rows, columns=["problem", "where", "detail"], dtype=object)


def listing(folder):
    """The visible entries of a folder, as paths in natural order."""
    visible = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(visible, key=lambda path: natural_key(path.name))


def is_simulated(place):
    """Whether the marker of simulated photos lies in a folder, or up to three above it."""
    return any((folder / SIMULATED_MARKER).is_file() for folder in [place, *place.parents][:4])


def read_list(path, columns, error=BadTableError):
    """The columns of a CSV as a table of texts, empty where nothing is said; an ``error`` if it has them not."""
    try:
        table = pd.read_csv(path, dtype=str, skipinitialspace=True, keep_default_na=False)
    except (OSError, ValueError) as reason:
        raise error(f"{path} cannot be read as a CSV: {reason}") from reason
    if missing := [column for column in columns if column not in table]:
        raise error(f"{path} lacks the columns {missing}; it has {list(table)}")
    return table[list(columns)]


def videos_in(root):
    """The films in a folder and below, in natural order."""
    found = (path for path in root.rglob("*") if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith("."))
    return sorted(found, key=lambda path: natural_key(path.relative_to(root).as_posix()))


def find_set(root, belongs, name, looked_for):
    """The folder of a data set: ``root`` itself or the first folder directly inside it that looks right.

    Parameters
    ----------
    root : Path
    belongs : callable
        Tells of a folder whether it is the data set's.
    name, looked_for : str
        For the error: which set, and what makes a folder look right.

    Raises
    ------
    DatasetNotFoundError
        With what was looked for and what was found.
    """
    if not root.is_dir():
        raise DatasetNotFoundError(f"{name}: there is no folder {root}; data/README.md says how to get the set")
    entries = listing(root)
    for folder in [root, *entries]:
        if folder.is_dir() and belongs(folder):
            return folder
    shown = ", ".join(path.name + "/" * path.is_dir() for path in entries[:12]) or "nothing"
    more = f" and {len(entries) - 12} more" if len(entries) > 12 else ""
    raise DatasetNotFoundError(
        f"{name}: not found in {root}. Looked for {looked_for}, there and in the folders directly inside; "
        f"found {shown}{more}. Give the set's own folder or the one that holds it (layout: data/README.md)."
    )


def _inspect(path):
    """Size of a photo and what is visibly wrong with its file, from its header and its last bytes alone.

    Parameters
    ----------
    path : Path

    Returns
    -------
    size : (width, height) or None
        Pixels of the upright photo (the EXIF rotation applied).
    fault : str or None
        Why the file cannot be a whole photo.
    """
    try:
        with path.open("rb") as file:
            with Image.open(file) as image:
                size, kind = image.size, image.format
                if image.getexif().get(_EXIF_ORIENTATION) in _TURNED:
                    size = size[::-1]
            length = file.seek(0, 2)
            file.seek(max(0, length - _JPEG_TAIL))
            if kind == "JPEG" and _JPEG_END not in file.read():
                return size, "the file breaks off before its end"
    except UnidentifiedImageError:
        return None, "empty file" if path.stat().st_size == 0 else "not a picture"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return None, f"unreadable: {error}"
    return size, None
