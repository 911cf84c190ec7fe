"""Many photos into one table: one row per photo, a failed one marked and kept."""

import hashlib
import re
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import pandas as pd

from .. import DEFAULT_MODEL
from ..datasets.folder import load_folder
from ..datasets.records import RECORD_COLUMNS, Photo
from ..errors import BadSettingError
from ..face.geometry import asymmetry, feature_array
from ..face.schemes import FEATURES, REGIONS
from ..landmarks.get_landmarks import GetLandmarks
from ..landmarks.models import get_engine, model_files, model_name
from ..paths import processed_dir
from ..work import map_cached
from .clinical import CLINICAL_BOUNDS, CLINICAL_COLUMNS, clinical_row, in_millimetres
from .landmark_tester import LandmarkTester

BOX_COLUMNS = ("left", "top", "right", "bottom")
LANDMARK_COLUMNS = tuple(f"{axis}{i}" for i in range(68) for axis in "xy")

_COLUMNS = (*BOX_COLUMNS, "n_faces", "score", "yaw", "pitch", *LANDMARK_COLUMNS, *FEATURES, *REGIONS)

MEDIAN_LANDMARK_COLUMNS = tuple(f"{name}_median" for name in LANDMARK_COLUMNS)
AUGMENTED_COLUMNS = (
    *(f"{quantity}_{what}" for quantity in (*FEATURES, *REGIONS) for what in ("median", "low", "high")),
    *MEDIAN_LANDMARK_COLUMNS,
)

# A change in these changes what a photo's row holds, so that it makes cached rows stale.
#: Rooms of the package on whose code a row depends.
_ROOMS = ("face", "landmarks", "measuring")


def measure_cohort(
    photos,
    model=DEFAULT_MODEL,
    processes=None,
    progress=True,
    cache=None,
    *,
    executor=None,
    resolution=200,
    colored=False,
    augment=0,
    clinical=False,
    frontal=False,
    corrected=(),
):
    """Measure many photos.

    Parameters
    ----------
    photos : PhotoSet, path-like or sequence of (Photo or path-like)
        A data set, a folder of photos, or photos.
    model : str, path-like, tuple or list
        The landmark model, see :mod:`bp_research.landmarks.models`.
    processes : int, optional
        Worker processes, each with its own detector and model; default one per core.
    progress : bool
        Whether a progress bar is shown on stderr.
    cache : path-like, optional
        A file to which finished rows are added, so that a run that was killed goes on where it stopped. A photo whose
        content changed is measured again; so is everything when the model, the settings or the measuring code change.
    executor : concurrent.futures.Executor, optional
        Does the work in place of own processes, for cohorts too large for one machine. Its workers must see the photos
        under the same paths and have this package installed.
    resolution, colored
        As in :class:`bp_research.GetLandmarks`.
    augment : int
        Number of changed copies of each photo that are measured besides, see :meth:`bp_research.LandmarkTester.run`.
    clinical : bool
        Whether the clinical measures are added, see :func:`bp_research.clinical_measures`.
    frontal : bool
        Whether features and asymmetries are those of the face turned to the front by its mesh's depth. Not with ``augment``.
    corrected : PhotoSet or sequence of Photo
        Photos whose ``landmarks_gt`` a person set by hand, from :func:`bp_research.datasets.load_annotated`: these points are
        measured in place of the model's, and ``model`` says so.

    Returns
    -------
    DataFrame
        One row per photo, in the photos' order: what the data set says (``dataset`` ... ``age``), the face's box (``left``,
        ``top``, ``right``, ``bottom``, px), ``n_faces``, ``score``, ``yaw`` and ``pitch`` of the head
        (degrees; NaN without mesh), landmarks ``x0, y0 ... x67, y67`` (px of the upright
        photo), features ``f0 ... f28``, signed asymmetries ``mouth``, ``brows``, ``eyes`` (subject's left minus right over
        the inter-ocular distance, see :func:`bp_research.face.geometry.asymmetry`), ``model``, and ``status``: ``"ok"`` or why
        the photo could not be measured, in which case the measurements are NaN. With ``augment``, for each feature and
        asymmetry also ``f0_median``, of the copies' median landmarks, and ``f0_low``, ``f0_high``, which hold 90 % of the
        copies: how steady the prediction is, not how right (see :mod:`bp_research.measuring.intervals`); and the
        median landmarks
        themselves, ``x0_median ... y67_median``. With ``clinical`` the measures ``brow height right`` ... in mm, degrees
        and per cent by one scale per person, ``interocular_mm``, and with both their ``_median``, ``_low`` and ``_high``,
        see :func:`bp_research.measuring.clinical.in_millimetres`.

    Raises
    ------
    ModelNotFoundError, BadModelError, BadSettingError
        If the run as a whole makes no sense; a bad photo costs its row only.

    Examples
    --------
    >>> table = measure_cohort("my_photos", cache="my_photos.jsonl")  # doctest: +SKIP
    >>> table.loc[table.status != "ok", ["photo_id", "status"]]  # doctest: +SKIP

    On a Dask cluster:

    >>> from dask.distributed import Client  # doctest: +SKIP
    >>> table = measure_cohort("photos", executor=Client("scheduler:8786").get_executor())  # doctest: +SKIP
    """
    if isinstance(augment, bool) or not isinstance(augment, int | np.integer) or augment < 0:
        raise BadSettingError(f"augment is a number of copies, 0 or more, not {augment!r}")
    if frontal and augment:
        raise BadSettingError("frontal features have no intervals of changed copies: ask for them without augment")
    records = _records(photos)
    by_hand = {Path(photo.path).resolve(): photo.landmarks_gt.tolist() for photo in corrected}
    points = [by_hand.get(Path(photo.path).resolve()) if by_hand else None for photo in records]
    if executor is None:
        get_engine(model)  # a missing model is said at once, and forked workers share the loaded one
    settings = {"model": model, "resolution": resolution, "colored": bool(colored), "augment": augment}
    settings |= {"clinical": bool(clinical), "frontal": bool(frontal)}
    rows = map_cached(
        partial(_measure, **settings),
        list(zip([str(photo.path) for photo in records], points, strict=True)),
        keys=_cache_keys(records, points, settings) if cache is not None else None,
        cache=cache,
        processes=processes,
        progress=progress,
        executor=executor,
    )
    said = pd.DataFrame(
        [[getattr(photo, name) for name in RECORD_COLUMNS] for photo in records], columns=RECORD_COLUMNS
    )
    said["path"] = said["path"].map(str)
    for name in ("severity", "age"):
        said[name] = said[name].astype(float)
    columns = list(_COLUMNS)
    columns += AUGMENTED_COLUMNS if augment else ()
    columns += (*CLINICAL_COLUMNS, *(CLINICAL_BOUNDS if augment else ())) if clinical else ()
    table = pd.concat([said, pd.DataFrame(rows, columns=[*columns, "status"])], axis=1)
    table = in_millimetres(table) if clinical else table
    names = [model_name(model) + (", corrected by hand" if by_hand else "") for by_hand in points]
    table.insert(table.columns.get_loc("status"), "model", names)
    return table


def measured(photos, model=DEFAULT_MODEL, **settings):
    """:func:`measure_cohort` with a cache in its usual place, ``data/processed/cache``.

    Parameters
    ----------
    photos : PhotoSet
    model, **settings
        As in :func:`measure_cohort`.

    Returns
    -------
    DataFrame
    """
    slug = re.sub(r"[^A-Za-z0-9]+", "-", f"{photos.name} {model_name(model)}").strip("-").lower()
    return measure_cohort(photos, model, cache=processed_dir() / "cache" / f"{slug}.jsonl", **settings)


def landmarks_of(table, median=False):
    """The landmarks of a table as an array.

    Parameters
    ----------
    table : DataFrame
        From :func:`measure_cohort`.
    median : bool
        Whether to take the medians of changed copies, in place of the photo's own.

    Returns
    -------
    ndarray (n_rows, 68, 2)
        x, y in px; NaN where the photo failed.
    """
    return table[list(MEDIAN_LANDMARK_COLUMNS if median else LANDMARK_COLUMNS)].to_numpy(float).reshape(-1, 68, 2)


def _measure(photo, model, resolution, colored, augment, clinical, frontal):
    """One photo's measurements, as a dict of what JSON holds."""
    try:
        path, by_hand = photo
        tester = LandmarkTester(path, model, resolution, colored, corrected=by_hand) if augment else None
        face = tester.single if augment else GetLandmarks(path, model, resolution, colored, by_hand)
        points = face.frontal_landmarks if frontal else face.landmarks
        numbers = np.r_[face.bounding_box, face.n_faces, face.score, (face.pose or (np.nan, np.nan))[:2]]
        numbers = np.r_[numbers, face.landmarks.ravel(), feature_array(points), asymmetry(points)]
        row = dict(zip(_COLUMNS, numbers.tolist(), strict=True))
        if augment:
            intervals = tester.run(augment).feature_intervals(0.9)[["value", "low", "high"]]
            numbers = np.r_[intervals.to_numpy().ravel(), tester.median_landmarks.ravel()]
            row |= dict(zip(AUGMENTED_COLUMNS, numbers.tolist(), strict=True))
        if clinical:
            row |= clinical_row(face, tester.test_landmarks if augment else None)
        return {**row, "status": "ok"}
    except Exception as error:  # whatever one photo does to a decoder must not end the whole run
        return {"status": f"{type(error).__name__}: {error}"}


def _records(photos):
    if isinstance(photos, str | Path) and not Path(photos).is_file():
        photos = load_folder(photos)
    elif isinstance(photos, Photo | str | Path):
        photos = [photos]
    records = list(photos)
    strange = [photo for photo in records if not isinstance(photo, Photo | str | Path)]
    if strange:
        raise BadSettingError(f"photos are Photo records or paths, not {type(strange[0]).__name__}: {strange[0]!r:.80}")
    if not records:
        raise BadSettingError("there is no photo to measure: the data set or list is empty")
    return [p if isinstance(p, Photo) else Photo("photos", Path(p).stem, Path(p).name, Path(p)) for p in records]


def _cache_keys(records, points, settings):
    """For each photo a digest of its content and of all that its row depends on; None where it cannot be read."""
    others = [settings[name] for name in ("resolution", "colored", "augment", "clinical", "frontal")]
    files = model_files(settings["model"])
    if files is None:
        return [None] * len(records)
    common, keys = repr((files, *others, _code_digest())), []
    for photo, by_hand in zip(records, points, strict=True):
        try:
            content = hashlib.blake2b(Path(photo.path).read_bytes(), digest_size=16).hexdigest()
        except OSError:
            keys.append(None)
            continue
        keys.append(hashlib.blake2b(f"{content} {by_hand or ''} {common}".encode(), digest_size=16).hexdigest())
    return keys


@lru_cache(maxsize=1)
def _code_digest():
    package = Path(__file__).parent.parent
    files = sorted(file for room in _ROOMS for file in (package / room).glob("*.py"))
    return hashlib.blake2b(b"".join(file.read_bytes() for file in files), digest_size=16).hexdigest()
