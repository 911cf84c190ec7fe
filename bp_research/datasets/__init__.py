"""Data sets on disk, all read into the same records."""

# ruff: noqa: F401 - what is imported here is what the package offers

from contextlib import suppress
from pathlib import Path

from ..errors import BadSettingError, DatasetNotFoundError
from ..paths import demo_dir, given_data_dir, raw_dirs
from .annotated import load_annotated
from .folder import load_folder
from .london import load_london, load_meei_normals
from .meei import load_meei
from .neuroface import load_neuroface
from .palda import load_palda
from .records import HEALTHY_GROUPS, Photo, PhotoSet

_LOADERS = {"MEEI": load_meei, "NeuroFace": load_neuroface, "PALDA": load_palda, "London": load_london}
#: All sets by name. Those that hold points without photos are opened by name alone, never in place of another set.
LOADERS = _LOADERS | {"MEEI normals": load_meei_normals}


def open_dataset(data="auto", prefer=("MEEI", "PALDA"), kind=None, annotated=False):
    """A data set by name or place; by default the first that is there, else the simulated demo.

    Parameters
    ----------
    data : str or path-like
        "auto"; "MEEI", "NeuroFace", "PALDA", "London" or "MEEI normals", looked for in ``BP_DATA_DIR`` and ``data/raw``;
        "demo", the simulated cohort, which is made if need be; or a folder that holds any of these or plain photos.
    prefer : sequence of str
        The names that "auto" tries, in this order.
    kind : str, optional
        Layout of the demo, "MEEI" or "NeuroFace". Default: the first of ``prefer``.
    annotated : bool
        Whether photos without annotated landmarks are left out. In place of a set without any "auto" is then taken, so that
        one ``data`` serves all analyses. The set's name says which one it is.

    Returns
    -------
    PhotoSet

    Raises
    ------
    DatasetNotFoundError
        If a set asked for by name is not there, or none is where ``BP_DATA_DIR`` says; the message says where it was
        looked for.
    BadSettingError
        For an unknown name.
    """
    kind = kind or prefer[0]
    if unknown := {kind, *prefer} - set(_LOADERS):
        raise BadSettingError(f"there is no data set {sorted(unknown)}; there are {list(_LOADERS)}")
    if kind not in ("MEEI", "NeuroFace"):
        raise BadSettingError("the demo comes as MEEI or NeuroFace: set kind")
    if data == "auto":
        photoset = _open_first(prefer, raw_dirs(), annotated) or _open_instead(kind)
    elif data == "demo":
        photoset = _open_demo(kind)
    elif data in LOADERS:
        photoset = _open_named(data, raw_dirs())
    elif Path(data).is_dir():
        photoset = _open_first([*prefer, *_LOADERS], [Path(data)]) or load_folder(data)
    else:
        names = ", ".join(["auto", "demo", *_LOADERS])
        raise BadSettingError(f"data={str(data)!r} is neither a folder nor one of {names}")
    if not annotated:
        return photoset
    with_points = photoset.select([photo.landmarks_gt is not None for photo in photoset])
    return with_points if len(with_points) else open_dataset("auto", prefer, kind, annotated)


def _open_first(names, folders, annotated=False):
    """The first set that is there (and has annotated landmarks), or None."""
    for name in names:
        with suppress(DatasetNotFoundError):  # the next one may be there
            photoset = _open_named(name, folders)
            if not annotated or any(photo.landmarks_gt is not None for photo in photoset):
                return photoset
    return None


def _open_named(name, folders):
    tried = []
    for folder in folders:
        try:
            return LOADERS[name](folder)
        except DatasetNotFoundError as error:
            tried.append(str(error))
    raise DatasetNotFoundError("\n".join(tried[:3]))


def _open_instead(kind):
    """The demo, unless the user said where data are: simulated numbers must not pass for theirs."""
    given = given_data_dir()
    if given and _open_first(_LOADERS, raw_dirs()) is None:
        raise DatasetNotFoundError(
            f"BP_DATA_DIR is {given}, and there is none of {', '.join(_LOADERS)} in it: let it name the folder that holds "
            "one, or unset it to use the simulated demo"
        )
    return _open_demo(kind)


def _open_demo(kind):
    with suppress(DatasetNotFoundError):
        return _LOADERS[kind](demo_dir())
    from ..demo.cohort import make_demo  # needs scikit-image and matplotlib, which are slow to import

    make_demo(demo_dir())
    return _LOADERS[kind](demo_dir())
