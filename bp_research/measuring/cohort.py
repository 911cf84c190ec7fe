"""Many photos into one table: one row per photo, a failed one marked and kept."""

import hashlib
import re
import sys
from collections import deque
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
from tqdm import tqdm

from .. import DEFAULT_MODEL
from ..datasets.listing import photos_in
from ..datasets.records import RECORD_COLUMNS
from ..errors import BadSettingError
from ..landmarks.models import get_engine, model_files, model_name
from ..paths import file_place, processed_dir, write_atomic
from ..work import map_cached, stream
from .clinical import in_millimetres
from .row import (
    BOX_COLUMNS,
    LANDMARK_COLUMNS,
    MEDIAN_LANDMARK_COLUMNS,
    code_digest,
    measure_photo,
    read_bytes,
    row_columns,
)

__all__ = ["BOX_COLUMNS", "LANDMARK_COLUMNS", "landmarks_of", "measure_cohort", "measured"]

#: Photos whose rows are written together.
PART = 500
_KILLER = {"status": "WorkerError: the process that measured this photo was killed each time, also when it did nothing else"}


def measure_cohort(
    photos,
    model=DEFAULT_MODEL,
    processes=None,
    progress=True,
    cache=None,
    *,
    out=None,
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
    photos : PhotoSet, path-like or iterable of (Photo or path-like)
        A data set, a folder of photos, photos, or a table of them, see :func:`bp_research.datasets.listing.listed_photos`.
        With ``out`` they are taken as they are needed. A place may be an address that fsspec reads: workers read the photos.
    model : str, path-like, tuple or list
        The landmark model, see :mod:`bp_research.landmarks.models`.
    processes : int, optional
        Worker processes, each with its own detector and model; default one per core.
    progress : bool
        Whether a progress bar is shown on stderr.
    cache : path-like, optional
        A file to which finished rows are added, so that a run that was killed goes on where it stopped. A photo whose
        content changed is measured again; so is everything when the model, the settings or the measuring code change.
    out : path-like, optional
        A folder to which the rows go as Parquet files, in parts as they are finished, for cohorts too large for the memory.
        A run that was killed goes on with the first part that is not there; a part is measured again if a photo of it
        (by place, size and date), the model, the settings or the measuring code changed.
    executor : concurrent.futures.Executor, optional
        Does the work in place of own processes, for cohorts too large for one machine; ``processes`` then says how many
        workers it has. They must see the photos under the same paths and have this package installed.
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
    DataFrame, or with ``out`` a pyarrow.dataset.Dataset
        One row per photo, in the photos' order: what the data set says (``dataset`` ... ``age``), the face's box (``left``,
        ``top``, ``right``, ``bottom``, px), ``n_faces``, ``score``, ``yaw`` and ``pitch`` of the head
        (degrees; NaN without mesh), landmarks ``x0, y0 ... x67, y67`` (px of the upright
        photo), features ``f0 ... f28``, signed asymmetries ``mouth``, ``brows``, ``eyes`` (subject's left minus right over
        the inter-ocular distance, see :func:`bp_research.face.geometry.asymmetry`), ``quality``: why the numbers of a photo
        should be used with reserve, such as ``"turned 21 degrees; small, 90 px"``, or ``""``, see
        :mod:`bp_research.landmarks.quality`; ``model``; and ``status``: ``"ok"`` or why
        the photo could not be measured, in which case the measurements are NaN. With ``augment``, for each feature and
        asymmetry also ``f0_median``, of the copies' median landmarks, and ``f0_low``, ``f0_high``, which hold 90 % of the
        copies: how steady the prediction is, not how right (see :mod:`bp_research.measuring.intervals`); and the
        median landmarks
        themselves, ``x0_median ... y67_median``. With ``clinical`` the measures ``brow height right`` ... in mm, degrees
        and per cent by one scale per person, ``interocular_mm``, and with both their ``_median``, ``_low`` and ``_high``,
        see :func:`bp_research.measuring.clinical.in_millimetres`; with ``out`` the photos of a person must follow each other.

    Raises
    ------
    ModelNotFoundError, BadModelError, BadSettingError
        If the run as a whole makes no sense; a bad photo costs its row only, also one that kills the worker that reads it.

    Examples
    --------
    >>> table = measure_cohort("my_photos", cache="my_photos.jsonl")  # doctest: +SKIP
    >>> table.loc[table.status != "ok", ["photo_id", "status"]]  # doctest: +SKIP

    On a Dask cluster, in constant memory:

    >>> from dask.distributed import Client  # doctest: +SKIP
    >>> cluster = Client("scheduler:8786").get_executor()  # doctest: +SKIP
    >>> rows = measure_cohort("photos.parquet", out="measured", executor=cluster, processes=200)  # doctest: +SKIP
    >>> rows.to_table(columns=["path", "mouth", "status"]).to_pandas()  # doctest: +SKIP
    """
    if isinstance(augment, bool) or not isinstance(augment, int | np.integer) or augment < 0:
        raise BadSettingError(f"augment is a number of copies, 0 or more, not {augment!r}")
    if frontal and augment:
        raise BadSettingError("frontal features have no intervals of changed copies: ask for them without augment")
    if executor is None:
        get_engine(model)  # a missing model is said at once, and forked workers share the loaded one
    settings = {"model": model, "resolution": resolution, "colored": bool(colored), "augment": int(augment)}
    settings |= {"clinical": bool(clinical), "frontal": bool(frontal)}
    by_hand = {str(Path(photo.path).resolve()): photo.landmarks_gt.tolist() for photo in corrected}
    work = {"function": partial(measure_photo, **settings), "cache": cache, "processes": processes, "executor": executor}
    work |= {"instead": _KILLER, "key": partial(_photo_key, _settings_key(settings))}
    if out is None:
        records = list(photos_in(photos))
        rows = map_cached(items=[_item(photo, by_hand) for photo in records], progress=progress, **work)
        return _table(records, rows, by_hand, settings)
    parts = _write_parts(Path(out), photos_in(photos), by_hand, settings, work, progress)
    return pyarrow.dataset.dataset(parts, format="parquet")


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


def _item(photo, by_hand):
    """What a worker is given: where a photo lies, the points that a person set, and what it should show."""
    path = str(photo.path)
    return path, by_hand.get(str(Path(path).resolve())) if by_hand else None, photo.expression


def _settings_key(settings):
    """What every row depends on; None if the model cannot be told from others."""
    files = model_files(settings["model"])
    return files and repr((files, *list(settings.values())[1:], code_digest()))


def _photo_key(common, item):
    """A digest of a photo's content and of all that its row depends on; None where it cannot be read."""
    try:
        return common and _digest(_digest(read_bytes(item[0])), *item[1:], common)
    except (OSError, ValueError, ImportError):
        return None


def _digest(*values):
    content = values[0] if isinstance(values[0], bytes) else repr(values).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _table(records, rows, by_hand, settings):
    said = pd.DataFrame([[getattr(p, name) for name in RECORD_COLUMNS] for p in records], columns=list(RECORD_COLUMNS))
    said["path"] = said["path"].map(str)
    said = said.astype({"severity": float, "age": float})
    columns = [*row_columns(settings["augment"], settings["clinical"]), "quality", "status"]
    table = pd.concat([said, pd.DataFrame(rows, columns=columns).fillna({"quality": ""})], axis=1)
    table = in_millimetres(table) if settings["clinical"] else table
    name = model_name(settings["model"])
    names = [name + (", corrected by hand" if _item(photo, by_hand)[1] else "") for photo in records]
    table.insert(table.columns.get_loc("status"), "model", names)
    return table


def _write_parts(folder, records, by_hand, settings, work, progress):
    """Measure what is not there yet and write it, a part at a time; the parts' paths."""
    common, paths, waiting, rows = work["key"].args[0], [], deque(), []

    def missing():
        for part in _parts(records, settings["clinical"]):
            items = [_item(photo, by_hand) for photo in part]
            stamp = common and _digest([[getattr(p, name) for name in RECORD_COLUMNS] for p in part], items, common)
            stamp = stamp and _digest(stamp, [_state(path) for path, *_ in items])
            paths.append(file_place(folder / f"part-{len(paths):06d}.parquet"))
            if not stamp or _stamp(paths[-1]) != stamp:
                waiting.append((paths[-1], part, stamp))
                yield from items

    for row in tqdm(stream(items=missing(), **work), unit="photo", disable=not progress, file=sys.stderr):
        rows.append(row)
        if len(rows) == len(waiting[0][1]):
            path, part, stamp = waiting.popleft()
            write_part(path, _table(part, rows, by_hand, settings), stamp)
            rows = []
    for old in set(folder.glob("*part-*.parquet")) - set(paths):  # of a longer list, or half written
        old.unlink()
    return [str(path) for path in paths]


def _parts(records, whole_people):
    part = []
    for photo in records:
        if len(part) >= PART and not (whole_people and photo.patient_id == part[-1].patient_id):
            yield part
            part = []
        part.append(photo)
    yield part


def _state(path):
    """Size and date of a file; None of what lies elsewhere."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _stamp(path):
    """The stamp of a part that is there."""
    return (pq.read_schema(path).metadata or {}).get(b"stamp", b"").decode() if path.exists() else None


def write_part(path, table, stamp=None):
    """Write a table's rows as one file of Parquet, so that all parts have one schema; ``stamp`` says what they depend on."""
    table["frame"] = table["frame"].astype("Int64")
    numbers = dict.fromkeys(table.select_dtypes(float), pa.float64()) | {"frame": pa.int64()}
    schema = pa.schema([(name, numbers.get(name, pa.string())) for name in table])  # a part may lack what another has
    content = pa.Table.from_pandas(table, schema, preserve_index=False)
    content = content.replace_schema_metadata({**content.schema.metadata, b"stamp": stamp or ""})
    write_atomic(path, lambda place: pq.write_table(content, place))
