"""What one photo gives: all its measurements as one row, or why it has none.

A row depends on this module and on what it imports, and on nothing else of the package: :func:`code_digest` is of these.
"""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from modulefinder import ModuleFinder
from pathlib import Path

import fsspec
import numpy as np

from ..face.geometry import asymmetry, feature_array
from ..face.schemes import FEATURES, REGIONS
from ..landmarks.get_landmarks import GetLandmarks
from .clinical import CLINICAL_BOUNDS, CLINICAL_COLUMNS, clinical_row
from .landmark_tester import LandmarkTester

BOX_COLUMNS = ("left", "top", "right", "bottom")
LANDMARK_COLUMNS = tuple(f"{axis}{i}" for i in range(68) for axis in "xy")
MEDIAN_LANDMARK_COLUMNS = tuple(f"{name}_median" for name in LANDMARK_COLUMNS)

_COLUMNS = (*BOX_COLUMNS, "n_faces", "score", "yaw", "pitch", *LANDMARK_COLUMNS, *FEATURES, *REGIONS)
_AUGMENTED_COLUMNS = (
    *(f"{quantity}_{what}" for quantity in (*FEATURES, *REGIONS) for what in ("median", "low", "high")),
    *MEDIAN_LANDMARK_COLUMNS,
)


def row_columns(augment, clinical):
    """Names of a row's numbers, in order; ``quality`` and ``status`` follow them."""
    columns = _COLUMNS + (_AUGMENTED_COLUMNS if augment else ())
    return columns + ((*CLINICAL_COLUMNS, *(CLINICAL_BOUNDS if augment else ())) if clinical else ())


def measure_photo(photo, model, resolution, colored, augment, clinical, frontal):
    """One photo's measurements, as a dict of what JSON holds.

    Parameters
    ----------
    photo : tuple (path, corrected, expression)
        A file, or an address that fsspec reads; the landmarks (68, 2) that a person set, px, or None; and what it should
        show, or None.
    model, resolution, colored, augment, clinical, frontal
        As in :func:`bp_research.measure_cohort`.

    Returns
    -------
    dict
        :func:`row_columns` as far as they could be measured, and ``status``, which says why where they could not.
    """
    try:
        path, by_hand, expression = photo
        source = read_bytes(path) if "://" in path else path
        tester = LandmarkTester(source, model, resolution, colored, corrected=by_hand) if augment else None
        face = tester.single if augment else GetLandmarks(source, model, resolution, colored, by_hand)
        points = face.frontal_landmarks if frontal else face.landmarks
        numbers = np.r_[face.bounding_box, face.n_faces, face.score, (face.pose or (np.nan, np.nan))[:2]]
        numbers = np.r_[numbers, face.landmarks.ravel(), feature_array(points), asymmetry(points)]
        row = dict(zip(_COLUMNS, numbers.tolist(), strict=True))
        if augment:
            intervals = tester.run(augment).feature_intervals(0.9)[["value", "low", "high"]]
            numbers = np.r_[intervals.to_numpy().ravel(), tester.median_landmarks.ravel()]
            row |= dict(zip(_AUGMENTED_COLUMNS, numbers.tolist(), strict=True))
        if clinical:
            row |= clinical_row(face, tester.test_landmarks if augment else None)
        return {**row, "quality": "; ".join(reason.text for reason in face.quality_for(expression)), "status": "ok"}
    except Exception as error:  # whatever one photo does to a decoder must not end the whole run
        return {"status": f"{type(error).__name__}: {error}"}


def read_bytes(path):
    """The content of a file, or of what lies at an address that fsspec reads."""
    with fsspec.open(str(path), "rb") as file:
        return file.read()


@lru_cache(maxsize=4)
def code_digest(root=Path(__file__).parents[2]):
    """A digest of the code that a row depends on: of all modules of the package that this one imports, at whatever remove.

    Parameters
    ----------
    root : Path
        The folder in which the package lies.

    Returns
    -------
    str

    Raises
    ------
    ImportError
        If a module of the package is imported that is not there.
    """
    package, _, own = __name__.partition(".")
    finder = ModuleFinder([str(root)])
    finder.import_hook(f"{package}.{own}")
    # others' modules are not in that folder; one that is nowhere is the package's, by a relative name
    if missing := [name for name in finder.any_missing() if find_spec(name.partition(".")[0]) is None]:
        raise ImportError(f"of the code that measures, {', '.join(missing)} is not there")
    files = {name: module.__file__ for name, module in finder.modules.items() if name.partition(".")[0] == package}
    tables = {str(table): table for file in files.values() for table in Path(file).parent.glob("*.csv")}
    digest = hashlib.blake2b(digest_size=16)
    for name, file in sorted((files | tables).items()):
        digest.update(f"{Path(name).name}\0".encode() + Path(file).read_bytes())
    return digest.hexdigest()
