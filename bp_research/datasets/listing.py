"""Photos as they are given: a data set, a folder, a few paths, or a table that lists more than fit into the memory."""

from pathlib import Path, PurePosixPath

import fsspec
import pandas as pd
import pyarrow.parquet as pq

from ..errors import BadSettingError, BadTableError
from .folder import folder_photos
from .records import RECORD_COLUMNS, Photo

_AT_ONCE = 10_000
_NUMBERS = ("frame", "severity", "age")


def photos_in(photos):
    """The records of whatever photos are given, one after the other.

    Parameters
    ----------
    photos : PhotoSet, path-like or iterable of (Photo or path-like)
        A data set, a folder, a table (see :func:`listed_photos`), or photos; a photo is a record, a file, or an address that
        fsspec reads.

    Yields
    ------
    Photo

    Raises
    ------
    BadSettingError
        If there is none, or something else among them.
    """
    if isinstance(photos, str | Path):
        table = str(photos).lower().endswith((".csv", ".parquet"))
        single = "://" in str(photos) or Path(photos).is_file()
        photos = listed_photos(photos) if table else [photos] if single else folder_photos(photos)
    photo = None
    for photo in [photos] if isinstance(photos, Photo) else photos:
        if not isinstance(photo, Photo | str | Path):
            raise BadSettingError(f"photos are Photo records or paths, not {type(photo).__name__}: {photo!r:.80}")
        yield photo if isinstance(photo, Photo) else _photo(photo)
    if photo is None:
        raise BadSettingError("there is no photo to measure: the data set or list is empty")


def listed_photos(table):
    """The photos that a table lists, read a few thousand at a time.

    Parameters
    ----------
    table : path-like
        A CSV or Parquet file, or its address. The column ``path`` holds files, by their place or beside the table, or
        addresses that fsspec reads (``s3://bucket/1.jpg``); any fields of :class:`bp_research.datasets.Photo` may follow.

    Yields
    ------
    Photo

    Raises
    ------
    BadTableError
        If there is no column ``path``.
    """
    with fsspec.open(str(table), "rb") as file:
        parquet = str(table).lower().endswith(".parquet")
        texts = dict.fromkeys(set(RECORD_COLUMNS) - set(_NUMBERS), str)  # a code such as 007 keeps its noughts
        if parquet:
            parts = (batch.to_pandas() for batch in pq.ParquetFile(file).iter_batches(_AT_ONCE))
        else:
            parts = pd.read_csv(file, chunksize=_AT_ONCE, dtype=texts)
        for part in parts:
            if "path" not in part:
                raise BadTableError(f"{table} has no column path that says where the photos lie, only {list(part)[:8]}")
            fields = part[[name for name in RECORD_COLUMNS if name in part]].astype(object)
            for said in fields.where(fields.notna(), None).to_dict("records"):
                said |= {name: str(said[name]) for name in texts if said.get(name) is not None}
                path = said.pop("path")
                there = "://" in path or Path(path).is_absolute()
                yield _photo(path if there else f"{str(table).rpartition('/')[0] or '.'}/{path}", **said)


def _photo(path, **said):
    name = PurePosixPath(path).name if "://" in str(path) else Path(path).name
    place = path if "://" in str(path) else Path(path)
    return Photo(**{"dataset": "photos", "patient_id": PurePosixPath(name).stem, "photo_id": name, "path": place, **said})
