"""Any folder of photos, as a data set that says nothing but whose photos they are."""

import re
from pathlib import Path

from ..face.images import photo_names
from ..face.schemes import EXPRESSIONS
from .files import Problems
from .records import Photo, PhotoSet


def load_folder(root):
    """Read a plain folder of photos.

    Parameters
    ----------
    root : path-like
        Photos directly inside are taken for one person each; a folder inside is one person with all photos
        below it. Or one photo. Expressions are known where the names hold their words.

    Returns
    -------
    PhotoSet

    Raises
    ------
    BadSettingError
        If there is no photo.
    """
    root, photos = Path(root).expanduser().resolve(), list(folder_photos(root))
    root = root.parent if root.is_file() else root
    problems = Problems(root)
    for photo in photos:
        problems.size_of(photo.path)
    return PhotoSet(root.name, photos, problems.table())


def folder_photos(root):
    """Yield the records of :func:`load_folder`, made as they are needed; the pictures are not looked at."""
    root = Path(root).expanduser().resolve()
    names, root = ([root.name], root.parent) if root.is_file() else (photo_names(root), root)
    for name in names:
        path = Path(name)
        person = path.parts[0] if len(path.parts) > 1 else path.stem
        expression = expression_in_name(path.stem, numbered=False)  # cameras number photos too
        yield Photo(root.name, person, name, root / name, expression=expression)


def expression_in_name(stem, numbered=True):
    """The expression that a file name holds in words or, if ``numbered``, as the MEEI set's last digit; or None."""
    words = re.sub(r"[\W_]+", " ", stem.lower())
    named = [e for e in EXPRESSIONS if re.sub(r"\W+", " ", e) in words]
    if named:
        return named[0]
    number = re.search(r"_([1-8])$", stem) if numbered else None
    return EXPRESSIONS[int(number[1]) - 1] if number else None
