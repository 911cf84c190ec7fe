"""Training dlib shape predictors on annotated photos, and judging models by people they were not fitted to.

A hundred photos are few for an ensemble of regression trees. So each photo is shown many times: mirrored, and as copies
that are slightly turned, stretched and bent, each with a face box as far off as the detector's boxes are.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from ..datasets.point_files import Points, write_points
from ..errors import BadSettingError, BadTableError
from ..face.geometry import asymmetry, transform, with_asymmetry
from ..face.geometry import mirror as mirror_points
from ..landmarks.dlib_engine import DlibEngine, find_with_dlib
from ..landmarks.engine import box_overlap
from ..landmarks.models import HALVES, get_engine
from ..measuring.cohort import landmarks_of, measured
from ..paths import write_atomic
from .dataset_tester import score_landmarks
from .fitting import out_of_fold, person_folds, trust

#: In :func:`cross_validate_model`, an adapter or a predictor that is fitted in each fold.
ADAPTER, TRAINED = "<adapter>", "<trained>"

_BOX = 200  # px, width of the face's box in the pictures that are learnt from
_MARGIN = 0.6  # of the box, on each side of it and of the points
_BOX_SHIFT, _BOX_SIZE = 0.04, 0.05  # SDs of the boxes, in boxes: as dlib's detector is off on the same face
_TURN, _STRETCH, _BEND = 6.0, 0.04, 0.015  # SDs of the copies: degrees, share, boxes
_MOST_PICTURES = 2500
_COPIES, _QUICK_COPIES = 8, 3
# How dlib trains; the copies do in part what its oversampling does.
_FULL = {"cascade_depth": 10, "tree_depth": 3, "num_trees_per_cascade_level": 200, "oversampling_amount": 3}
_QUICK = {**_FULL, "num_trees_per_cascade_level": 80, "oversampling_amount": 1}


def train_predictor(photos, out, *, mirror=True, quick=False, weights=None, seed=0, progress=True):
    """Train a dlib shape predictor of 68 points.

    Parameters
    ----------
    photos : PhotoSet or sequence of Photo
        Used are those with annotated points in which dlib's detector finds the face; the less one is trusted
        (:func:`bp_research.accuracy.fitting.trust`), the fewer copies it has.
    out : path-like
        File to write, ``.dat``; then ``model=out`` uses it.
    mirror : bool
        Whether mirror images are learnt from too. Without them the two sides of the face are learnt differently.
    quick : bool
        Fewer copies and trees: a tenth of the time, for trying things out.
    weights : array_like (n_photos,), optional
        How far each photo's points are to be trusted, 0 to 1: its share of copies. Default
        :func:`bp_research.accuracy.fitting.trust`.
    seed : int
        The same photos and seed give the same file.
    progress : bool
        Whether a progress bar is shown on stderr while the photos are prepared.

    Returns
    -------
    Path
        ``out``.

    Raises
    ------
    BadTableError
        If in fewer than 10 photos there are annotated points and the detector finds the face.
    """
    import dlib

    weights = trust(photos) if weights is None else np.asarray(weights, float)
    pictures = _pictures(photos, weights, _QUICK_COPIES if quick else _COPIES, mirror, seed, progress)
    options = dlib.shape_predictor_training_options()
    for name, value in (_QUICK if quick else _FULL).items():
        setattr(options, name, value)
    options.feature_pool_region_padding = 0.1
    options.random_seed = str(seed)
    options.num_threads = cv2.getNumberOfCPUs()
    with tempfile.TemporaryDirectory() as folder:
        listing = _write_pictures(pictures, Path(folder))
        return write_atomic(out, lambda path: dlib.train_shape_predictor(str(listing), str(path), options))


def cross_validate_model(photos, models, *, folds=5, quick=False, seed=0, progress=True):
    """Judge models on people they were not fitted to.

    Parameters
    ----------
    photos : PhotoSet
        All annotated.
    models : dict of str to model
        What stands in the table, and a model as :func:`bp_research.landmarks.models.get_engine` takes it, in which
        ``(model, ADAPTER)`` is an adapter and ``TRAINED`` a dlib predictor that is fitted, in each fold, to the other
        folds' people. A list is the mean of its models.
    folds : int
    quick, seed, progress
        As in :func:`bp_research.accuracy.fitting.fit_adapter` and :func:`train_predictor`.

    Returns
    -------
    DataFrame
        One row per photo and model, see :func:`bp_research.accuracy.dataset_tester.score_landmarks`.

    Raises
    ------
    BadTableError, BadSettingError, ModelNotFoundError, BadModelError
    """
    if not photos:
        raise BadSettingError(f"{photos.name} has no photos to judge models by")
    how = {"folds": folds, "seed": seed, "progress": progress}
    known = {}

    def landmarks(model):
        key = repr(model)
        if key not in known:
            if isinstance(model, list):
                known[key] = np.mean([landmarks(one) for one in model], axis=0)
            elif model == TRAINED:
                known[key] = _trained_out_of_fold(photos, quick=quick, **how)
            elif isinstance(model, tuple) and model[1] == ADAPTER and model[0] in HALVES:
                points, halves = landmarks(("FaceMesh", ADAPTER)).copy(), landmarks(model[0])
                found = np.isfinite([points, halves]).all(axis=(0, 2, 3))
                points[found] = with_asymmetry(points[found], asymmetry(halves[found]))
                known[key] = points
            elif isinstance(model, tuple) and model[1] == ADAPTER:
                known[key] = out_of_fold(photos, model[0], **how)
            else:
                known[key] = landmarks_of(measured(photos, model, progress=progress))
        return known[key]

    tables = [score_landmarks(photos, landmarks(model), name) for name, model in models.items()]
    return pd.concat(tables, ignore_index=True)


def _trained_out_of_fold(photos, folds, quick, seed, progress):
    """Landmarks (n_photos, 68, 2) by predictors that were trained without the person, NaN where no face is found."""
    points = np.full((len(photos), 68, 2), np.nan)
    people = np.array([photo.patient_id for photo in photos])
    with tempfile.TemporaryDirectory() as folder:
        for fold, (learn, judge) in enumerate(person_folds(people, folds, seed)):
            path = Path(folder) / f"fold-{fold}.dat"
            train_predictor([photos[row] for row in learn], path, quick=quick, seed=seed, progress=progress)
            engine = DlibEngine("trained", path)
            for row in judge:
                image = photos[row].image
                for face in engine.find(image)[:1]:
                    points[row] = engine.predict(image, face).landmarks
    return points


@dataclass(frozen=True, eq=False)
class _Picture:
    """What is learnt from: grey pixels, 68 points and the face's box, px."""

    pixels: np.ndarray
    points: np.ndarray
    box: np.ndarray

    def mirrored(self):
        """The mirror image."""
        width = self.pixels.shape[1]
        left, top, right, bottom = self.box
        box = np.array([width - 1 - right, top, width - 1 - left, bottom])
        return _Picture(np.ascontiguousarray(self.pixels[:, ::-1]), mirror_points(self.points, width), box)

    def bent(self, rng):
        """The picture slightly turned and stretched about the box's middle, and bent."""
        height, width = self.pixels.shape
        size, middle = self.box[2] - self.box[0], (self.box[:2] + self.box[2:]) / 2
        angle = np.radians(rng.normal(0, _TURN))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = turn @ (np.eye(2) + rng.normal(0, _STRETCH, (2, 2)) * [[1, 0.5], [0.5, 1]])
        coarse = rng.normal(0, _BEND * size, (5, 5, 2)).astype(np.float32)
        bend = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        # a pixel p of the copy shows the original's pixel middle + matrix^-1 (p - middle) + bend(p)
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) - middle
        source = (pixels @ np.linalg.inv(matrix).T + middle + bend).astype(np.float32)
        # its points solve that equation for p; the bend is gentle, so that repeating converges
        points = (self.points - middle) @ matrix.T + middle
        for _ in range(15):
            at = np.clip(points, 0, [width - 1, height - 1]).astype(np.float32)[None]
            shift = cv2.remap(bend, at[..., 0], at[..., 1], cv2.INTER_LINEAR)[0]
            points = (self.points - shift - middle) @ matrix.T + middle
        copy = cv2.remap(self.pixels, source[..., 0], source[..., 1], cv2.INTER_LINEAR)
        return _Picture(copy, points, self.box)

    def jittered(self, rng):
        """The same picture with a box as far off as the detector's."""
        size, middle = self.box[2] - self.box[0], (self.box[:2] + self.box[2:]) / 2
        middle = middle + rng.normal(0, _BOX_SHIFT * size, 2)
        half = size / 2 * np.exp(rng.normal(0, _BOX_SIZE))
        return _Picture(self.pixels, self.points, np.r_[middle - half, middle + half])


def _pictures(photos, weights, copies, mirrored, seed, progress):
    """What is learnt from: the photos' faces, their mirror images and bent copies, fewer of those less trusted."""
    rng, pictures, used = np.random.default_rng(seed), [], 0
    rows, most = np.arange(len(photos)), _MOST_PICTURES // (1 + mirrored)
    if len(rows) > most:
        rows = np.sort(rng.choice(rows, most, replace=False))
    copies = min(copies, max(1, most // max(1, len(rows))))
    for row in tqdm(rows, "pictures", unit="photo", disable=not progress):
        number = int(np.ceil(copies * weights[row] / weights.max()))
        picture = _picture(photos[row]) if number else None
        if picture is None:
            continue
        used += 1
        for one in (picture, picture.mirrored()) if mirrored else (picture,):
            pictures += [one, *(one.bent(rng).jittered(rng) for _ in range(number - 1))]
    if used < 10:
        raise BadTableError(
            f"a predictor needs at least 10 photos with annotated points and a face that dlib's detector finds; "
            f"here are {used} of {len(photos)}"
        )
    return pictures


def _write_pictures(pictures, folder):
    """Write pictures and dlib's listing of them, which is the form that its training wants; path of the listing."""
    listing = []
    for i, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{i}.png"), picture.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        listing.append(Points(picture.points, f"{i}.png", box=tuple(picture.box)))
    return write_points(folder / "pictures.xml", listing)


def _picture(photo):
    """The photo's face in grey, at the size that is learnt from; None if it has no points or no face is found."""
    if photo.landmarks_gt is None:
        return None
    image, points = photo.image, photo.landmarks_gt
    extent = (*points.min(axis=0), *points.max(axis=0))
    face = next((face for face in find_with_dlib(image) if box_overlap(face.box, extent) > 0.2), None)
    if face is None:
        return None
    box = np.array(face.box)
    size = box[2] - box[0]
    scale = _BOX / size
    low = np.minimum(points.min(axis=0), box[:2] - _MARGIN * size)
    high = np.maximum(points.max(axis=0), box[2:] + _MARGIN * size)
    width, height = np.ceil((high - low) * scale).astype(int)
    matrix = np.array([[scale, 0, -scale * low[0]], [0, scale, -scale * low[1]]])
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if scale < 1:
        grey = cv2.GaussianBlur(grey, (0, 0), 0.4 / scale)
    pixels = cv2.warpAffine(grey, matrix, (int(width), int(height)), flags=cv2.INTER_LINEAR)
    return _Picture(pixels, transform(points, matrix), transform(box.reshape(2, 2), matrix).ravel())


def seconds_per_photo(photos, model, n=15):
    """How long a loaded model takes for one photo: to find the face and its landmarks, without reading the file.

    Parameters
    ----------
    photos : PhotoSet or sequence of Photo
    model : str, path-like, tuple or list
    n : int
        How many photos are timed, the first ones.

    Returns
    -------
    float
        Median, s.
    """
    engine, times = get_engine(model), []
    for i, photo in enumerate([photos[0], *list(photos)[:n]]):
        image, start = photo.image, time.perf_counter()
        for face in engine.find(image)[:1]:
            engine.predict(image, face)
        if i:  # the first look loads what is loaded on first use
            times.append(time.perf_counter() - start)
    return float(np.median(times))
