"""Any folder of photos, as a data set that says nothing but whose photos they are."""

from pathlib import Path

from ..face.images import list_photos
from .files import Problems, inspect_photo
from .records import Photo, PhotoSet


def load_folder(root):
    """Read a plain folder of photos.

    Parameters
    ----------
    root : path-like
        Photos directly inside are taken for one person each; a folder inside is one person with all photos
        below it.

    Returns
    -------
    PhotoSet

    Raises
    ------
    BadSettingError
        If it is no folder or holds no photo.
    """
    root = Path(root).expanduser().resolve()
    problems, photos = Problems(root), []
    for path in list_photos(root):
        inside = path.relative_to(root)
        if fault := inspect_photo(path)[1]:
            problems.add("unreadable", path, fault)
        person = inside.parts[0] if len(inside.parts) > 1 else inside.stem
        photos.append(Photo(root.name, person, inside.as_posix(), path))
    return PhotoSet(root.name, photos, problems.table())
