"""Test-time augmentation judged on annotated photos: which tests, how many copies, what their spread tells."""

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import BadTableError, BpResearchError
from ..face.geometry import interocular, point_error
from ..face.schemes import FEATURES, INNER, REGIONS
from ..work import map_cached
from .landmark_tester import LandmarkTester, quantities, robust_sd

#: Columns of a photo that its rows keep.
_RECORD = ("dataset", "patient_id", "photo_id", "group")


class Trial(NamedTuple):
    """One test of :class:`bp_research.LandmarkTester` with its parameters.

    Attributes
    ----------
    name : str
    method : str
        Name of the tester's method.
    parameters : dict
        What it is called with.
    strength : float
        How strongly copies are changed, for the axis of a figure.
    level : bool
        As in :class:`bp_research.LandmarkTester`.
    """

    name: str
    method: str
    parameters: dict
    strength: float = np.nan
    level: bool = False


def sweep(num_test=10):
    """The trials that show how errors grow: rotations, noise and brightness of growing strength.

    Parameters
    ----------
    num_test : int
        Copies of each.

    Returns
    -------
    list of Trial
    """
    kinds = (
        ("rotation", "test_random_rotation", "rand_angle", (2, 10, 20, 30)),
        ("noise", "test_noises", "scale", (5, 20, 40, 80)),
        ("brightness", "test_intensities", "scale", (10, 40, 80, 120)),
    )
    return [
        Trial(name, method, {setting: strength, "num_test": num_test}, strength)
        for name, method, setting, strengths in kinds
        for strength in strengths
    ]


def try_tests(photoset, trials, model="iBUG", counts=None, *, resolution=200, seed=0, processes=None, progress=True):
    """Make several tests on every annotated photo and compare their medians with the annotation.

    Parameters
    ----------
    photoset : PhotoSet
        All photos annotated.
    trials : sequence of Trial
    model, resolution
        As in :class:`bp_research.GetLandmarks`.
    counts : sequence of int, optional
        Judge the medians of so many first copies, too; default all copies only.
    seed : int
    processes, progress
        As in :func:`bp_research.work.map_cached`.

    Returns
    -------
    DataFrame
        One row per photo, trial and count: ``dataset``, ``patient_id``, ``photo_id``, ``group``, ``trial``, ``strength``,
        ``copies``, and in shares of the true inter-ocular distance: ``single`` (error of the photo's own landmarks),
        ``error`` (of the median), ``one_copy`` (mean error of single copies), ``spread`` (mean of the inner points'
        robust SD). Photos in which a face is not found are left out.

    Raises
    ------
    BadTableError
        If a photo has no annotation, or no photo could be measured.
    """
    measure = partial(_try, trials=trials, model=model, counts=counts, resolution=resolution, seed=seed)
    return _measured(photoset, measure, processes, progress)


def interval_table(photoset, model="iBUG", levels=(0.5, 0.9), num_test=30, *, seed=0, processes=None, progress=True):
    """Every quantity's interval from :meth:`bp_research.LandmarkTester.run` beside the annotation's value.

    Parameters
    ----------
    photoset : PhotoSet
        All photos annotated.
    model
        As in :class:`bp_research.GetLandmarks`.
    levels : sequence of float
    num_test : int
        Copies of each photo.
    seed, processes, progress
        As in :func:`try_tests`.

    Returns
    -------
    DataFrame
        As :mod:`bp_research.measuring.intervals` takes it, with ``dataset`` and ``group``.

    Raises
    ------
    BadTableError
        If a photo has no annotation, or no photo could be measured.
    """
    measure = partial(_intervals, model=model, levels=levels, num_test=num_test, seed=seed)
    return _measured(photoset, measure, processes, progress)


def _measured(photoset, measure, processes, progress):
    bare = [photo.photo_id for photo in photoset if photo.landmarks_gt is None]
    if bare or not len(photoset):
        raise BadTableError(f"{photoset.name}: all photos must be annotated, {len(bare)} of {len(photoset)} are not")
    photos = [(str(photo.path), photo.landmarks_gt) for photo in photoset]
    parts = []
    for photo, rows in zip(photoset, map_cached(measure, photos, processes=processes, progress=progress), strict=True):
        parts.append(pd.DataFrame(rows).assign(**{name: getattr(photo, name) for name in _RECORD}))
    table = pd.concat(parts, ignore_index=True)
    if table.empty:
        raise BadTableError(f"{photoset.name}: no face was found in any of the {len(photoset)} photos")
    return table


def _try(photo, trials, model, counts, resolution, seed):
    path, true = photo
    rows = []
    try:
        testers = {
            level: LandmarkTester(path, model, resolution, seed=seed, level=level)
            for level in {trial.level for trial in trials}
        }
        for trial in trials:
            tester = getattr(testers[trial.level], trial.method)(**trial.parameters)
            points = tester.test_landmarks
            for count in counts or (len(points),):
                row = {"trial": trial.name, "strength": trial.strength, "copies": count}
                rows.append(row | _judged(points[:count], tester.single.landmarks, true))
    except BpResearchError:  # no face in this photo: a failure of the search, which notebook 04 counts
        return []
    return rows


def _judged(points, single, true):
    spread = np.sqrt((robust_sd(points) ** 2).mean(axis=-1))[INNER].mean() / interocular(true)
    values = {"single": point_error(single, true), "error": point_error(np.median(points, axis=0), true)}
    values |= {"one_copy": point_error(points, np.broadcast_to(true, points.shape)).mean(), "spread": spread}
    return {name: float(value) for name, value in values.items()}


def _intervals(photo, model, levels, num_test, seed):
    path, true = photo
    try:
        tester = LandmarkTester(path, model, seed=seed).run(num_test)
        tables = [tester.feature_intervals(level).assign(level=level) for level in levels]
    except BpResearchError:  # as above
        return []
    truth = dict(zip((*FEATURES, *REGIONS), quantities(true).tolist(), strict=True))
    rows = pd.concat(tables).reset_index()
    return rows.assign(truth=rows["quantity"].map(truth)).to_dict("records")
