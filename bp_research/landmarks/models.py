"""Engines by name, loaded once per process.

A *model*, wherever one is taken, is

- a name of the registry (``"FaceMesh"``, ``"iBUG"``, ... see :mod:`bp_research.landmarks.files`),
- ``"FaceMesh halves"``, which keeps the asymmetry that the mesh evens out, or ``"FaceMesh halves unshrunk"``, whose
  asymmetries are right on average, for "how much lower is this side" (see :mod:`bp_research.landmarks.halves`),
- a path to a dlib shape predictor of 68 points,
- a pair ``(model, adapter)``: any of these, corrected by an adapter file (see :mod:`bp_research.landmarks.adapter`),
- a list of any of these: their landmarks are averaged, or
- an :class:`bp_research.landmarks.engine.Engine` of one's own.
"""

from functools import lru_cache
from pathlib import Path

from .. import DEFAULT_MODEL
from ..errors import BadSettingError
from .adapter import AdaptedEngine
from .dlib_engine import DlibEngine
from .engine import CombinedEngine, Engine
from .facemesh import FaceMeshEngine
from .files import MODEL_FILES, find_model_file, model_file
from .halves import SLOPES, HalvesEngine

#: Names of the readings by mirrored halves, and whether their asymmetries are unshrunk.
HALVES = {"FaceMesh halves": False, "FaceMesh halves unshrunk": True}


def model_name(model):
    """A short text for a model, for tables and file names of caches: file paths are reduced to their last part."""
    if isinstance(model, Engine):
        return model.name
    if isinstance(model, list) and model:
        return " + ".join(model_name(one) for one in model)
    if isinstance(model, tuple) and len(model) == 2:
        return f"{model_name(model[0])} with {Path(model[1]).stem}"
    if isinstance(model, str | Path):
        return str(model) if str(model) in MODEL_FILES else Path(model).stem
    raise BadSettingError(
        "a model is a name, a path, an engine, a (model, adapter) pair or a list of these that is not empty, "
        f"not {model!r:.80}"
    )


def model_files(model):
    """What identifies a model in a cache: the name, size and date of each of its files, or an engine's own identity.

    Returns
    -------
    tuple or None
        None if an :class:`Engine` without ``identity`` is in it: what it measures cannot be kept.

    Raises
    ------
    ModelNotFoundError
        If a file is not there and cannot be obtained.
    """
    if isinstance(model, Engine):
        return model.identity
    if isinstance(model, list | tuple):
        parts = tuple(map(model_files, model))
        return None if None in parts else parts
    path = model_file("FaceMesh" if model in HALVES else model)
    facts = path.stat()
    return model if model in HALVES else path.name, facts.st_size, facts.st_mtime_ns


def get_engine(model=DEFAULT_MODEL):
    """The engine of a model, loaded on first use and kept for the life of the process.

    Parameters
    ----------
    model : str, path-like, tuple, list or Engine
        See the top of this module.

    Returns
    -------
    Engine

    Raises
    ------
    ModelNotFoundError
        If a file is not there and cannot be obtained; the message says where to place what.
    BadModelError
        If a file is damaged or does not fit.
    BadSettingError
        If ``model`` is none of the known forms.
    """
    model_name(model)  # says what is wrong with it
    return _load(_frozen(model), model_files(model))


def _frozen(model):
    if isinstance(model, list):
        return ("mean", *map(_frozen, model))
    if isinstance(model, tuple):
        return ("adapted", _frozen(model[0]), str(model[1]))
    return model if isinstance(model, Engine) else str(model)


@lru_cache(maxsize=16)
def _load(model, files):
    # the files' size and date are part of the key: a model fitted anew under its old name is loaded anew
    if isinstance(model, Engine):
        return model
    if model in HALVES:
        mesher = get_engine("FaceMesh")
        return HalvesEngine(mesher, mesher, SLOPES if HALVES[model] else None, model)
    if isinstance(model, str):
        return FaceMeshEngine(model_file(model)) if model == "FaceMesh" else DlibEngine(model_name(model), model_file(model))
    kind, *parts = model
    files = files or (None,) * len(parts)
    if kind == "mean":
        return CombinedEngine(map(_load, parts, files))
    path = find_model_file(parts[1])
    if parts[0] not in HALVES:
        return AdaptedEngine(_load(parts[0], files[0]), path)
    mesher, slopes = get_engine("FaceMesh"), SLOPES if HALVES[parts[0]] else None
    return HalvesEngine(AdaptedEngine(mesher, path), mesher, slopes, f"{parts[0]} with {path.stem}")
