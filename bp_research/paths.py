"""Where things lie: every path of the package is decided here.

Photos are looked for in ``BP_DATA_DIR`` if that is set, then in ``data/raw`` of the project. What the package makes goes
below the project's root, or below ``BP_WORK_DIR`` if that is set.
"""

import os
import tempfile
from pathlib import Path

from .errors import BadSettingError

_CHECKOUT = Path(__file__).resolve().parent.parent

#: A file of this name in a data set's folder says that the set is simulated.
SIMULATED_MARKER = "SIMULATED.txt"


def project_root():
    """The checkout's top folder (``BP_WORK_DIR`` replaces it as the place of what is made)."""
    return Path(os.environ.get("BP_WORK_DIR") or _CHECKOUT)


def data_dir():
    """``data/`` of the project: raw, processed, demo and models lie in it."""
    return project_root() / "data"


def given_data_dir():
    """The folder that ``BP_DATA_DIR`` names, or None."""
    given = os.environ.get("BP_DATA_DIR")
    return Path(given).expanduser() if given else None


def raw_dirs():
    """Folders in which data sets are looked for, the first one first: those said above, then the folders in each."""
    given = given_data_dir()
    places = ([given, given / "raw"] if given else []) + [data_dir() / "raw"]
    inside = [folder for place in places if place.is_dir() for folder in sorted(place.iterdir()) if folder.is_dir()]
    return places + [folder for folder in inside if not folder.name.startswith(".")]


def processed_dir():
    """Tables made from photos."""
    return data_dir() / "processed"


def demo_dir():
    """The simulated cohort."""
    return data_dir() / "demo"


def models_dir():
    """Landmark models, adapters and classifiers: the user's own and those obtained."""
    return data_dir() / "models"


def reports_dir():
    """Executed notebooks as HTML."""
    return project_root() / "reports"


def results_dir():
    """One JSON of headline numbers per notebook."""
    return reports_dir() / "results"


def in_report():
    """Whether a notebook is being run to a report, which others than the person at this screen may see."""
    return bool(os.environ.get("BP_REPORT"))


def file_place(path):
    """``path`` as a place where a file can be written: its folder is made if needed.

    Raises
    ------
    BadSettingError
        If a folder has this name, or a file the name of its folder.
    """
    path = Path(path)
    if path.is_dir():
        raise BadSettingError(f"{path} is a folder: name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise BadSettingError(f"nothing can be written below {path.parent}, which is a file: name a folder") from None
    return path


def write_atomic(path, content):
    """Write a file whole or not at all, making its folder if needed.

    Parameters
    ----------
    path : path-like
        Where the file shall lie.
    content : bytes, str or callable
        What it shall hold; a callable gets the path of a temporary file beside it, with the same suffix, and writes it.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    BadSettingError
        If a folder has this name, or a file the name of its folder.
    """
    path = file_place(path)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        if callable(content):
            content(temporary)
        elif isinstance(content, str):
            temporary.write_text(content, encoding="utf-8")
        else:
            temporary.write_bytes(content)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
