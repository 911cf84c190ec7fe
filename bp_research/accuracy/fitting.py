"""Fitting adapters: how an engine's points differ from those of the annotators of patients' photos.

The symmetric and the asymmetric part of the face have a ridge regression each, see
:mod:`bp_research.landmarks.adapter`. The asymmetric part of each facial region is learnt mainly from the points near it.
The strength of the symmetric regression is the one with the least error on people left out. That of the asymmetric one
is the one by which the asymmetries of people left out agree best with the annotated ones (Lin's concordance): an error
of the points alone would favour too little of it.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .. import DEFAULT_MODEL, __version__
from ..errors import BadTableError, BpResearchError
from ..face.geometry import asymmetry, point_error
from ..face.schemes import REGIONS
from ..landmarks.adapter import FORMAT, POINT_REGIONS, Adapter, Views, both_ways
from ..landmarks.models import get_engine
from .scores import estimate

#: Penalties, over the sum of the photos' weights, from which the two strengths are chosen.
SYMMETRIC_STRENGTHS = 10.0 ** np.arange(-2.5, 0.6, 0.5)
ASYMMETRIC_STRENGTHS = 10.0 ** np.arange(-4.5, -0.9, 0.5)

#: Weight of PALDA's healthy photos, whose points a detector made that symmetrises and has its own conventions.
DETECTED_WEIGHT = 0.3

_REPEATS = 3  # different divisions into folds over which the strengths are judged
_LARGE = 600  # photos, above which one division is enough


def fit_adapter(photos, model=DEFAULT_MODEL, out=None, *, weights=None, seed=0, progress=True):
    """Learn, from annotated photos, the map from an engine's points to the annotators'.

    Parameters
    ----------
    photos : PhotoSet or sequence of Photo
        Those without annotated points are passed over.
    model : str, path-like, tuple, list or Engine
        See :mod:`bp_research.landmarks.models`.
    out : path-like, optional
        File to write, ``.npz``.
    weights : array_like (n_photos,), optional
        How far each photo's points are to be trusted, 0 to 1; default :func:`trust`.
    seed : int
        Of the folds in which the strengths are chosen and the adapter is judged.
    progress : bool
        Whether a progress bar is shown on stderr.

    Returns
    -------
    Adapter
        Its ``card`` holds error and asymmetry kept, in folds by person, on the photos of the largest weight.

    Raises
    ------
    BadTableError
        If fewer than 4 people have annotated photos in which the engine finds the face.
    """
    data = _collect(photos, model, progress, weights)
    adapter = _fit(data, seed)
    held_out = _held_out(data, folds=5, seed=seed)
    trusted = data.weights == data.weights.max()
    adapter.card.update(
        format=FORMAT,
        engine=get_engine(model).name,
        dataset=getattr(photos, "name", "photos"),
        simulated=bool(getattr(photos, "simulated", False)),
        n_photos=len(data.views),
        n_people=len(set(data.people)),
        data_sha256=data.digest,
        seed=seed,
        versions={"bp_research": __version__, "numpy": np.__version__},
        cross_validated={
            "n_photos": int(trusted.sum()),
            "error_median": float(np.median(point_error(held_out, data.landmarks)[trusted])),
            "asymmetry_kept": _kept(held_out[trusted], data.landmarks[trusted]),
        },
    )
    if out is not None:
        adapter.save(out)
    return adapter


def out_of_fold(photos, model=DEFAULT_MODEL, *, folds=5, seed=0, progress=True, order=None, most=None):
    """Landmarks of each photo by an adapter that was fitted without that person.

    Parameters
    ----------
    photos, model, seed, progress
        As in :func:`fit_adapter`.
    folds : int
        Number of groups of people.
    order, most : sequence of str and int, optional
        People, of whom each fold learns from the first ``most`` that it may learn from only.

    Returns
    -------
    ndarray (n_photos, 68, 2)
        px; NaN where a photo has no annotated points or the engine finds no face.
    """
    data = _collect(photos, model, progress)
    points = np.full((len(photos), 68, 2), np.nan)
    points[data.rows] = _held_out(data, folds, seed, order, most)
    return points


def trust(photos):
    """Weights (n_photos,) of annotated photos: 1, or :data:`DETECTED_WEIGHT` for PALDA's healthy photos."""
    return np.array([DETECTED_WEIGHT if (p.dataset, p.group) == ("PALDA", "healthy") else 1.0 for p in photos])


def person_folds(people, folds=5, seed=0):
    """Divide rows so that all rows of a person are in one fold.

    Parameters
    ----------
    people : array_like (n,)
    folds : int
        At most the number of people.
    seed : int

    Returns
    -------
    list of (ndarray, ndarray)
        Rows to learn from and rows to judge by, of each fold.
    """
    division = GroupKFold(min(folds, len(set(people))), shuffle=True, random_state=seed)
    return list(division.split(people, groups=people))


@dataclass(frozen=True, eq=False)
class _Data:
    """Photos as the fit sees them; `rows` are their places among the photos given."""

    views: Views
    landmarks: np.ndarray
    people: np.ndarray
    weights: np.ndarray
    rows: np.ndarray
    digest: str

    def __getitem__(self, rows):
        return _Data(self.views[rows], self.landmarks[rows], self.people[rows], self.weights[rows], rows, self.digest)


def _collect(photos, model, progress, weights=None):
    engine = get_engine(model)
    weights = trust(photos) if weights is None else np.asarray(weights, float)
    if weights.shape != (len(photos),) or not (weights >= 0).all():
        raise BadTableError(f"weights must be {len(photos)} numbers of at least 0, one for each photo")
    digest, rows, answers, widths = hashlib.sha256(), [], [], []
    bar = tqdm(photos, "adapter", unit="photo", disable=not progress)
    for row, photo in enumerate(bar):
        if photo.landmarks_gt is None or weights[row] == 0:
            continue
        digest.update(f"{photo.photo_id} {weights[row]}".encode() + photo.landmarks_gt.tobytes())
        try:
            image = photo.image
            face = next(iter(engine.find(image)), None)
            if face is None:
                continue
            answers.append(both_ways(engine.predict, image, face))
        except BpResearchError:
            continue
        widths.append(image.shape[1])
        rows.append(row)
    people = np.array([photos[row].patient_id for row in rows])
    if len(set(people)) < 4:
        raise BadTableError(
            f"an adapter needs annotated photos of at least 4 people in which {engine.name} finds the face; "
            f"here are {len(set(people))}"
        )
    landmarks = np.stack([photos[row].landmarks_gt for row in rows])
    views = Views.of(answers, widths)
    return _Data(views, landmarks, people, weights[rows], np.array(rows), digest.hexdigest())


def _fit(data, seed):
    with threadpool_limits(1):  # the matrices are small: more threads would wait for each other
        symmetric, asymmetric = _choose(data, seed)
        mean, offset, first = _fit_symmetric(data, [symmetric])
        second = _fit_asymmetric(data, [asymmetric])
    card = {"strengths": {"symmetric": float(symmetric), "asymmetric": float(asymmetric)}}
    everywhere = np.eye(len(mean))
    return Adapter(mean, offset, _answers(everywhere, first)[0], _answers(everywhere, second)[0], card)


def _held_out(data, folds, seed, order=None, most=None):
    points = np.empty((len(data.views), 68, 2))
    for learn, judge in person_folds(data.people, folds, seed):
        if order is not None:
            known = [person for person in order if person in set(data.people[learn])]
            learn = learn[np.isin(data.people[learn], known[:most])]
        points[judge] = _fit(data[learn], seed).landmarks(data.views[judge])
    return points


def _fit_symmetric(data, strengths):
    """Mean (2 p,), offset (136,) and maps of their differences, see :func:`_answers`."""
    x, y = data.views.symmetric, data.views.targets(data.landmarks)[0]
    mean, offset = (np.average(a, axis=0, weights=data.weights) for a in (x, y))
    return mean, offset, [(slice(None), *_ridge(x - mean, y - offset, data.weights, strengths))]


def _fit_asymmetric(data, strengths):
    """Maps, one for each region. No offset: a mirrored face must get the mirrored answer."""
    x, y = data.views.asymmetric, data.views.targets(data.landmarks)[1]
    maps = []
    for near, region in zip(data.views.nearness(), POINT_REGIONS, strict=True):
        columns = np.r_[list(region), np.add(region, 68)]
        left, right = _ridge(x * near, y[:, columns], data.weights, strengths)
        maps.append((columns, near[:, None] * left, right))
    return maps


def _answers(x, maps):
    """Answers (n_strengths, n, 136) to x (n, 2 p) of maps (columns of the answer, left factor, right factors)."""
    out = np.empty((len(maps[0][2]), len(x), 136))
    for columns, left, right in maps:
        out[..., columns] = (x @ left) @ right
    return out


def _ridge(x, y, weights, strengths):
    """Coefficients of y (n, q) on x (n, p), by the smaller of the two Gram matrices.

    Returns
    -------
    left : ndarray (p, k)
    right : ndarray (n_strengths, k, q)
        ``left @ right`` are the coefficients; their factors are quicker to work with.
    """
    root = np.sqrt(weights / weights.sum())[:, None]
    x, y = root * x, root * y
    if len(x) <= x.shape[1]:
        values, vectors = np.linalg.eigh(x @ x.T)
        left, right = x.T @ vectors, vectors.T @ y
    else:
        values, vectors = np.linalg.eigh(x.T @ x)
        left, right = vectors, vectors.T @ (x.T @ y)
    return left, right / (values + np.reshape(strengths, (-1, 1)))[..., None]


def _choose(data, seed):
    """The two strengths, by folds over people."""
    errors, agreement = np.zeros(len(SYMMETRIC_STRENGTHS)), np.zeros(len(ASYMMETRIC_STRENGTHS))
    targets, true = data.views.targets(data.landmarks), asymmetry(data.landmarks)
    for repeat in range(_REPEATS if len(data.views) <= _LARGE else 1):
        symmetric = np.empty((len(errors), *targets[0].shape))
        asymmetric = np.empty((len(agreement), *targets[1].shape))
        for learn, judge in person_folds(data.people, 5, seed + repeat):
            some, views = data[learn], data.views[judge]
            mean, offset, maps = _fit_symmetric(some, SYMMETRIC_STRENGTHS)
            symmetric[:, judge] = offset + _answers(views.symmetric - mean, maps)
            asymmetric[:, judge] = _answers(views.asymmetric, _fit_asymmetric(some, ASYMMETRIC_STRENGTHS))
        errors += ((symmetric - targets[0]) ** 2).sum(axis=2) @ data.weights
        best = symmetric[errors.argmin()]
        agreement += [_concordance(asymmetry(data.views.to_photo(best, one)), true) for one in asymmetric]
    return SYMMETRIC_STRENGTHS[errors.argmin()], ASYMMETRIC_STRENGTHS[agreement.argmax()]


def _concordance(detected, true):
    """Mean over the regions of Lin's concordance about 0: a mirrored face has the opposite asymmetry."""
    together = 2 * (detected * true).sum(axis=0)
    apart = (detected**2).sum(axis=0) + (true**2).sum(axis=0)
    return float(np.mean(together / np.maximum(apart, np.finfo(float).tiny)))


def _kept(detected, true):
    """{region: slope and correlation of detected on true asymmetry}."""
    pairs = np.stack([asymmetry(true), asymmetry(detected)], axis=-1)
    named = enumerate(REGIONS)
    return {region: {name: estimate(pairs[:, i], name) for name in ("slope", "correlation")} for i, region in named}
