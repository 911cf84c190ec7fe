"""How far detected landmarks are off on annotated photos, and how much of the faces' asymmetry they keep.

A point error says little of what a palsy grade is made of: a model that draws every face symmetric can have
a small one. So the signed asymmetries that the detected points show are set beside those of the annotated
points: their slope is the share of the asymmetry that is kept.
"""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from .. import DEFAULT_MODEL
from ..datasets.records import RECORD_COLUMNS
from ..errors import BadSettingError, BadTableError
from ..face.geometry import asymmetry, interocular, point_error
from ..face.schemes import INNER, REGIONS
from ..landmarks.get_landmarks import GetLandmarks
from ..landmarks.models import model_name
from ..measuring.cohort import landmarks_of, measure_cohort
from .scores import bootstrap_ci, interval_text, paired_difference

#: The four settings that the report compared.
REPORT_SETTINGS = {
    f"{resolution} px {colour}": {"resolution": resolution, "colored": colour == "colour"}
    for resolution in (200, 300)
    for colour in ("grey", "colour")
}

#: A frame without landmarks, or with a mean error above this share of the inter-ocular distance, missed the face.
GROSS_ERROR = 0.1

#: Columns of a table of scores that hold errors.
ERRORS = ("rmse_px", "rmse_bbox", "error", "error_centred")

#: Columns that hold each of the 68 points' distance from the true one, over the inter-ocular distance.
POINT_ERRORS = tuple(f"e{i}" for i in range(68))

#: What :func:`summarise` computes: (measure, statistic).
STATISTICS = (
    ("failed", "share"),
    ("gross", "share"),
    *((error, statistic) for error in ERRORS for statistic in ("mean", "median", "sd")),
    *((region, statistic) for region in REGIONS for statistic in ("correlation", "slope", "mae")),
)


class Frame(Mapping):
    """One annotated photo, read and predicted only when asked: ``landmarks_gt``, ``bbox``, ``image``,
    ``landmarks_pred``.

    Attributes
    ----------
    photo : Photo
        Its record in the data set.
    """

    def __init__(self, photo, predict):
        self.photo = photo
        self._read = {
            "landmarks_gt": lambda: photo.landmarks_gt,
            "bbox": lambda: photo.bbox_gt,
            "image": lambda: photo.image,
            "landmarks_pred": lambda: predict(photo.path),
        }

    def __getitem__(self, key):
        if key not in self._read:
            raise KeyError(f"{key!r}: a frame has {', '.join(self._read)}")
        return self._read[key]()

    def __iter__(self):
        return iter(self._read)

    def __len__(self):
        return len(self._read)


class DatasetTester:
    """Test landmark models on a data set whose photos are annotated.

    Parameters
    ----------
    photoset : PhotoSet
        Photos without annotated landmarks are passed over.
    model, resolution, colored
        As in :class:`bp_research.GetLandmarks`; what settings leave open.

    Attributes
    ----------
    photoset : PhotoSet
        The annotated photos.
    results : DataFrame or None
        What :meth:`evaluate` returned last.

    Raises
    ------
    BadTableError
        If no photo is annotated.
    """

    def __init__(self, photoset, model=DEFAULT_MODEL, resolution=200, colored=False):
        annotated = [photo.landmarks_gt is not None for photo in photoset]
        if not any(annotated):
            raise BadTableError(
                f"{photoset.name} has no annotated photo: test landmarks on NeuroFace, PALDA or the simulated demo"
            )
        self.photoset = photoset.select(annotated)
        self.model = model
        self.resolution = resolution
        self.colored = colored
        self.results = None

    @cached_property
    def patients(self):
        """dict: patient -> task (or expression) -> frame number (or photo id) -> :class:`Frame`. Nothing is
        read yet.
        """
        patients = {}
        for photo in self.photoset:
            frames = patients.setdefault(photo.patient_id, {}).setdefault(_task(photo), {})
            # A task that was recorded twice can have the same frame number twice.
            taken = photo.frame is None or photo.frame in frames
            frames[photo.photo_id if taken else photo.frame] = self._frame(photo)
        return patients

    def batches(self, groups=None, tasks=None, batch_size=1):
        """Yield the frames in lists of ``batch_size``, the last one maybe shorter.

        Parameters
        ----------
        groups, tasks : str or collection of str, optional
            Only frames of these groups, or of these tasks (or expressions).
        batch_size : int

        Yields
        ------
        list of Frame

        Raises
        ------
        BadSettingError
            If a group or task does not occur, or for a batch size below 1.
        """
        if batch_size < 1:
            raise BadSettingError(f"batch_size is 1 or more, not {batch_size}")
        about = pd.DataFrame({"group": photo.group, "task": _task(photo)} for photo in self.photoset)
        for what, wanted in {"group": groups, "task": tasks}.items():
            if wanted is not None:
                wanted = {wanted} if isinstance(wanted, str) else set(wanted)
                known = set(about[what])
                if unknown := wanted - known:
                    raise BadSettingError(f"no {what} {sorted(unknown)}; there are {sorted(map(str, known))}")
                about = about[about[what].isin(wanted)]
        for start in range(0, len(about), batch_size):
            yield [self._frame(self.photoset[row]) for row in about.index[start : start + batch_size]]

    def evaluate(self, settings=None, augment=None, processes=None, cache=None, progress=True):
        """Detect landmarks in every annotated photo with every setting and compare them with the annotation.

        Parameters
        ----------
        settings : dict of dict, or list of dict, optional
            By name, what differs from the tester's own: ``model``, ``resolution``, ``colored``,
            ``augment``; such as :data:`REPORT_SETTINGS`. A list gets names that say model, resolution and
            colour. Default: the tester's own alone.
        augment : int, optional
            Take the median landmarks of so many changed copies, in settings that do not say otherwise.
        processes, cache, progress
            As in :func:`bp_research.measure_cohort`; one cache file serves all settings.

        Returns
        -------
        DataFrame
            One row per frame and setting, see :func:`score_landmarks`.

        Raises
        ------
        BadSettingError, ModelNotFoundError, BadModelError
        """
        own = {"model": self.model, "resolution": self.resolution, "colored": self.colored, "augment": augment or 0}
        given = [{}] if settings is None else list(settings.values() if isinstance(settings, dict) else settings)
        unknown = set().union(*given) - set(own)
        if unknown or not given:
            raise BadSettingError(f"give one or more settings of {sorted(own)}, or None; unknown: {sorted(unknown)}")
        if not isinstance(settings, dict):
            settings = {_name(own | options): options for options in given}
        if len(settings) < len(given):
            raise BadSettingError(f"some of the settings are the same; there are {list(settings)}")
        tables = []
        for name, options in settings.items():
            options = own | options
            table = measure_cohort(self.photoset, processes=processes, cache=cache, progress=progress, **options)
            predicted = landmarks_of(table, median=bool(options["augment"]))
            tables.append(score_landmarks(self.photoset, predicted, name, table["status"]))
        self.results = pd.concat(tables, ignore_index=True)
        return self.results

    def summarise(self, **options):
        """:func:`summarise` of the last evaluation.

        Raises
        ------
        BadTableError
            If nothing was evaluated yet.
        """
        if self.results is None:
            raise BadTableError("nothing was evaluated yet: call evaluate first")
        return summarise(self.results, **options)

    def _frame(self, photo):
        return Frame(photo, lambda path: GetLandmarks(path, self.model, self.resolution, self.colored).landmarks)


def score_landmarks(photoset, predicted, setting="", status=None):
    """Compare landmarks with the annotated ones of the same photos.

    Parameters
    ----------
    photoset : PhotoSet
        All photos annotated.
    predicted : array_like (n_photos, 68, 2)
        Landmarks in the photos' pixels; NaN where there are none.
    setting : str
        Name of what predicted them.
    status : sequence of str, optional
        "ok" or why there are no landmarks.

    Returns
    -------
    DataFrame
        One row per photo: ``setting``; what the data set says (``dataset`` ... ``age``); ``status``;
        ``failed`` (bool);

        - ``rmse_px``: root mean square distance of the 51 inner points, px;
        - ``rmse_bbox``: the report's measure, the mean of the root mean squares in x and in y over the diagonal of the
          annotated face box (without one, of the annotated points' extent);
        - ``error``: mean distance of the 51 inner points over the true inter-ocular distance;
        - ``error_centred``: the same after each point's mean offset in the other people's photos was taken off (turned
          and scaled with the detected eyes), which leaves out mere differences of convention; NaN with one person;
        - ``mouth``, ``brows``, ``eyes``: the detected signed asymmetries, and ``mouth_true`` ... the true ones, see
          :func:`bp_research.face.geometry.asymmetry`;
        - ``e0`` ... ``e67``: each point's distance over the true inter-ocular distance.

        All but the true asymmetries are NaN where ``failed``.

    Raises
    ------
    BadTableError
        If photos are not annotated, or numbers of rows differ.
    """
    true, predicted = photoset.landmarks(), np.asarray(predicted, float)
    if predicted.shape != true.shape:
        raise BadTableError(f"predicted has the shape {predicted.shape}, the set's landmarks {true.shape}")
    if not np.isfinite(true).all():
        raise BadTableError(f"{photoset.name} has photos without annotated landmarks: leave them out first")
    found = np.isfinite(predicted).all(axis=(1, 2))
    if status is None:
        status = np.where(found, "ok", "no landmarks")
    table = photoset.to_frame()[list(RECORD_COLUMNS)]
    table.insert(0, "setting", setting)
    table = table.assign(status=np.asarray(status, object), failed=~found)
    annotated = pd.DataFrame(asymmetry(true), columns=[f"{region}_true" for region in REGIONS])
    measured = pd.DataFrame(index=np.flatnonzero(found))
    if found.any():
        seen, wanted = predicted[found], true[found]
        rmse_x, rmse_y = np.sqrt(((seen - wanted)[:, INNER] ** 2).mean(axis=1)).T
        measured["rmse_px"] = np.hypot(rmse_x, rmse_y)
        extents, boxes = np.hstack([true.min(axis=1), true.max(axis=1)]), [photo.bbox_gt for photo in photoset]
        boxes = [extent if box is None else box for extent, box in zip(extents, boxes, strict=True)]
        left, top, right, bottom = np.array(boxes)[found].T
        measured["rmse_bbox"] = (rmse_x + rmse_y) / 2 / np.hypot(right - left, bottom - top)
        measured["error"] = point_error(seen, wanted)
        people = table["patient_id"][found]
        others = people.nunique() > 1
        measured["error_centred"] = point_error(centred(seen, wanted, people), wanted) if others else np.nan
        measured[list(REGIONS)] = asymmetry(seen)
        measured[list(POINT_ERRORS)] = np.linalg.norm(seen - wanted, axis=-1) / interocular(wanted)[:, None]
    sides = [name for region in REGIONS for name in (region, f"{region}_true")]
    measured = measured.reindex(table.index, columns=[*ERRORS, *REGIONS, *POINT_ERRORS])
    return pd.concat([table, measured, annotated], axis=1)[[*table, *ERRORS, *sides, *POINT_ERRORS]]


def centred(predicted, true, people):
    """Landmarks without each point's mean offset from the annotation, which is learnt from the other people.

    The offset is that in the level, scale-free frame of the detected eyes. What remains is not convention.

    Parameters
    ----------
    predicted, true : array_like (n, 68, 2)
    people : array_like (n,)
        Whose photos they are.

    Returns
    -------
    ndarray (n, 68, 2)
        NaN if there is nobody else to learn from.
    """
    points, target = _complex(np.asarray(predicted, float)), _complex(np.asarray(true, float))
    eyes = (points[:, 45] - points[:, 36])[:, None]
    offsets = (target - points) / eyes
    member = np.equal.outer(np.asarray(people), np.unique(people)).astype(float)
    own, n_own = member @ (member.T @ offsets), member @ member.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        others = (offsets.sum(axis=0) - own) / (len(points) - n_own)[:, None]
    moved = points + others * eyes
    return np.stack([moved.real, moved.imag], axis=-1)


def summarise(scores, by=None, reference=None, statistics=STATISTICS, level=0.95, n=2000, seed=0):
    """Statistics of a table of scores with intervals by bootstrap over people, and their differences
    between settings.

    A frame without landmarks is a failure: it counts in the shares, and in medians as infinitely wrong.
    Means, SDs and asymmetries can only be taken of the others; ``n_failed`` says how many are left out.

    Parameters
    ----------
    scores : DataFrame
        From :func:`score_landmarks`, of one or more settings.
    by : str, optional
        A column, such as "group" or "task": each of its values is summarised apart.
    reference : str, optional
        The setting from which the others' differences are taken, on the same frames; default the first one.
    statistics : sequence of (measure, statistic)
        Some of :data:`STATISTICS`: the shares of frames "failed" and "gross" (failed, or an error above
        :data:`GROSS_ERROR`); mean, median and sd of each error; and, of each region, correlation and slope
        of detected on true asymmetry and their mean absolute difference ("mae").
    level, n, seed
        As in :func:`bp_research.accuracy.scores.bootstrap_ci`.

    Returns
    -------
    DataFrame
        Columns: ``by`` if given, ``setting``, ``minus`` (None, or the reference of a difference),
        ``measure``, ``statistic``, ``estimate``, ``low``, ``high``, ``n_frames``, ``n_failed``,
        ``n_people``.

    Raises
    ------
    BadTableError
        If the settings were not measured on the same frames.
    BadSettingError
        For an unknown reference, column or statistic.
    """
    if by is not None and by not in scores:
        raise BadSettingError(f"the scores have no column {by!r}")
    if unknown := set(statistics) - set(STATISTICS):
        raise BadSettingError(f"there are no statistics {sorted(unknown)}; see STATISTICS")
    if by is not None:
        options = {"reference": reference, "statistics": statistics, "level": level, "n": n, "seed": seed}
        parts = {value: summarise(part, **options) for value, part in scores.groupby(by, sort=False)}
        return pd.concat(parts, names=[by]).reset_index(level=by).reset_index(drop=True)
    tables = {name: part.reset_index(drop=True) for name, part in scores.groupby("setting", sort=False)}
    reference = next(iter(tables)) if reference is None else reference
    if reference not in tables:
        raise BadSettingError(f"the reference {reference!r} is none of the settings {list(tables)}")
    draws = {"level": level, "n": n, "seed": seed}
    rows = []
    for name, table in tables.items():
        if not table["photo_id"].equals(tables[reference]["photo_id"]):
            raise BadTableError(f"{name!r} and {reference!r} were not measured on the same frames in the same order")
        for other in (None, reference):
            if other == name:
                continue
            against = None if other is None else tables[other]
            for measure, statistic in statistics:
                about = {"setting": name, "minus": other, "measure": measure, "statistic": statistic}
                rows.append(about | _statistic(table, against, measure, statistic, draws))
    return pd.DataFrame(rows)


def readable(summary, statistics=None, differences=False, digits=3):
    """A summary as a table to read: a row per setting, a column per statistic, texts such as ``0.039 [0.036, 0.042]``.

    Parameters
    ----------
    summary : DataFrame
        From :func:`summarise`.
    statistics : sequence of (measure, statistic), optional
        The columns; default all.
    differences : bool
        Whether to show the settings' differences, in rows "A minus B", in place of the settings themselves.
    digits : int

    Returns
    -------
    DataFrame
        Texts; ``n`` gives frames, people and failures.
    """
    lines = summary[summary["minus"].notna() == differences].copy()
    by = list(lines.columns[: lines.columns.get_loc("setting")])
    if differences:
        lines["setting"] += " minus " + lines["minus"]
    lines["what"] = lines["measure"] + ", " + lines["statistic"]
    if statistics is not None:
        lines = lines[lines["what"].isin([", ".join(pair) for pair in statistics])]
    lines["text"] = [interval_text(*row, digits) for row in lines[["estimate", "low", "high"]].to_numpy(float)]
    counts = lines.groupby([*by, "setting"], sort=False)[["n_frames", "n_people", "n_failed"]].first()
    table = lines.pivot(index=[*by, "setting"], columns="what", values="text")
    table = table.loc[counts.index, list(dict.fromkeys(lines["what"]))]
    table.insert(0, "n", [f"{a} frames, {b} people, {c} failed" for a, b, c in counts.to_numpy()])
    return table.rename_axis(columns=None)


def _statistic(table, against, measure, statistic, draws):
    """Estimate, interval and counts of one setting, or of its difference from another."""
    both = [table] if against is None else [table, against]
    values = [_values(part, measure, statistic) for part in both]
    use = ~np.any([np.isnan(v).reshape(len(table), -1).any(axis=1) for v in values], axis=0)
    found = np.nan, np.nan, np.nan
    if use.any():
        function = bootstrap_ci if against is None else paired_difference
        found = function(*(v[use] for v in values), table["patient_id"][use], statistic, **draws)
    n_failed = int(np.any([part["failed"] for part in both], axis=0).sum())
    counts = {"n_frames": len(table), "n_failed": n_failed, "n_people": table["patient_id"].nunique()}
    return dict(zip(("estimate", "low", "high"), found, strict=True)) | counts


def _values(table, measure, statistic):
    """What a statistic is taken of, one row per frame; NaN for frames that it must leave out."""
    if measure == "failed":
        return table["failed"].to_numpy(float)
    if measure == "gross":
        return (table["failed"] | (table["error"] > GROSS_ERROR)).to_numpy(float)
    if measure in REGIONS:
        return table[[f"{measure}_true", measure]].to_numpy(float)
    if statistic == "median":
        return np.where(table["failed"], np.inf, table[measure].to_numpy(float))
    return table[measure].to_numpy(float)


def _name(options):
    colour = "colour" if options["colored"] else "grey"
    copies = f", median of {options['augment']}" if options["augment"] else ""
    return f"{model_name(options['model'])}, {options['resolution']} px {colour}{copies}"


def _task(photo):
    return photo.task or photo.expression or "photo"


def _complex(points):
    return points[..., 0] + 1j * points[..., 1]
