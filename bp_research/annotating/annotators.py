"""People who set landmarks: how far two of them agree, and which photos are worth correcting first."""

import numpy as np
import pandas as pd

from .. import DEFAULT_MODEL
from ..accuracy.fitting import out_of_fold
from ..accuracy.scores import bootstrap_ci
from ..datasets.records import PhotoSet
from ..errors import BadTableError
from ..face.geometry import asymmetry, point_error
from ..face.schemes import REGIONS
from ..measuring.cohort import landmarks_of, measured


def agreement(first, second, *, n=2000, seed=0):
    """How far two annotations of the same photos agree: the ceiling for every model that is judged by either.

    Parameters
    ----------
    first : PhotoSet
        Such as one annotator's of :func:`bp_research.datasets.load_annotated`.
    second : PhotoSet or array_like (n_photos, 68, 2)
        Another's, matched by the photos' files; or a model's landmarks of the first one's photos, NaN where it failed.
    n, seed : int
        Draws of people for the intervals, see :func:`bp_research.accuracy.scores.bootstrap_ci`.

    Returns
    -------
    table : DataFrame
        Index "points" and the regions. ``estimate``, ``low``, ``high`` (95 %): of the points, the mean distance of the 51
        inner ones over the inter-ocular distance; of each asymmetry the intraclass correlation ICC(A,1), absolute
        agreement of single ratings (McGraw and Wong, Psychol. Methods 1996, 1, 30). ``bias``, ``lower``, ``upper``: mean of
        second minus first and the 95 % limits of agreement (Bland and Altman, Lancet 1986, 1, 307), in inter-ocular
        distances. ``photos``, ``people``.
    pairs : DataFrame
        One row per photo: ``photo_id``, ``patient_id``, and of each region ``<region>_1`` and ``<region>_2``.

    Raises
    ------
    BadTableError
        If they have fewer than 2 photos in common.
    """
    twos = second.landmarks() if isinstance(second, PhotoSet) else np.asarray(second, float)
    places = [photo.path for photo in (second if isinstance(second, PhotoSet) else first)]
    known = {path: points for path, points in zip(places, twos, strict=True) if np.isfinite(points).all()}
    both = [photo for photo in first if photo.landmarks_gt is not None and photo.path in known]
    if len(both) < 2:
        raise BadTableError(f"{len(both)} photos of {first.name} were annotated twice: 2 or more are needed")
    one, two = (np.stack(points) for points in zip(*((p.landmarks_gt, known[p.path]) for p in both), strict=True))
    people = np.array([photo.patient_id for photo in both])
    rows = {"points": [*bootstrap_ci(point_error(two, one), people, n=n, seed=seed), np.nan, np.nan, np.nan]}
    pairs = pd.DataFrame({"photo_id": [photo.photo_id for photo in both], "patient_id": people})
    for region, *values in zip(REGIONS, asymmetry(one).T, asymmetry(two).T, strict=True):
        pairs[[f"{region}_1", f"{region}_2"]] = np.transpose(values)
        bias, spread = np.mean(values[1] - values[0]), 1.96 * np.std(values[1] - values[0], ddof=1)
        estimate = bootstrap_ci(np.transpose(values), people, intraclass_correlation, n=n, seed=seed)
        rows[region] = [*estimate, bias, bias - spread, bias + spread]
    table = pd.DataFrame.from_dict(rows, "index", columns=["estimate", "low", "high", "bias", "lower", "upper"])
    return table.assign(photos=len(both), people=len(set(people))), pairs


def intraclass_correlation(ratings):
    """ICC(A,1) of ratings (n, k): two-way random effects, absolute agreement, single ratings (McGraw and Wong 1996)."""
    n, k = np.shape(ratings)
    means, grand = (np.mean(ratings, axis=1), np.mean(ratings, axis=0)), np.mean(ratings)
    between, raters = k * np.var(means[0], ddof=1), n * np.var(means[1], ddof=1)
    error = np.sum((ratings - means[0][:, None] - means[1] + grand) ** 2) / ((n - 1) * (k - 1))
    return (between - error) / (between + (k - 1) * error + k / n * (raters - error))


def correct_first(photos, model=DEFAULT_MODEL, other="iBUG", *, copies=10, progress=True):
    """Photos in the order in which correcting them by hand promises most.

    Parameters
    ----------
    photos : PhotoSet
    model, other : model
        The one whose points are corrected, and one to disagree with it.
    copies : int
        Changed copies of each photo by which the steadiness is measured.
    progress : bool

    Returns
    -------
    DataFrame
        Least steady first: ``photo_id``, ``patient_id``; ``unsteady``, the mean distance of the copies' median points from
        the photo's own, and ``disagreement``, that of the other model's points, both over the inter-ocular distance; and
        ``score``, the mean of their ranks as shares. Photos that a model fails on come first of all.
    """
    own = measured(photos, model, augment=copies, progress=progress)
    points = [landmarks_of(own), landmarks_of(own, median=True), landmarks_of(measured(photos, other, progress=progress))]
    known = np.isfinite(points).all(axis=(0, 2, 3))
    table = own[["photo_id", "patient_id"]].assign(unsteady=np.inf, disagreement=np.inf)
    for name, others in zip(("unsteady", "disagreement"), points[1:], strict=True):
        table.loc[known, name] = point_error(others[known], points[0][known])
    table["score"] = table[["unsteady", "disagreement"]].rank(pct=True).mean(axis=1)
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def learning_curve(photos, orders, sizes=(0, 5, 10, 20, 30), model=DEFAULT_MODEL, *, folds=5, seed=0, progress=True):
    """What an adapter gains from the first corrected photos, judged on people it was not fitted to.

    Parameters
    ----------
    photos : PhotoSet
        All annotated: the annotations stand for the corrections.
    orders : dict of str to sequence of str
        People (``patient_id``) in the orders to compare, by the orders' names.
    sizes : sequence of int
        Of how many people the photos are corrected; 0 is the model itself.
    model : model
    folds : int
        Each fold's people are judged by adapters fitted to the first ones of the other folds.
    seed : int
    progress : bool

    Returns
    -------
    DataFrame
        One row per photo, size and order: ``order``, ``people``, ``photo_id``, ``patient_id``, ``error`` (see
        :func:`bp_research.face.geometry.point_error`), and each region's asymmetry and, as ``<region>_true``, annotated one.
    """
    true, rows = photos.landmarks(), []
    for name, order in orders.items():
        for size in sizes:
            how = {"folds": folds, "seed": seed, "order": order, "most": size}
            if size:
                points = out_of_fold(photos, model, progress=progress, **how)
            else:
                points = landmarks_of(measured(photos, model, progress=progress))
            table = photos.to_frame()[["photo_id", "patient_id"]].assign(order=name, people=size)
            table["error"] = point_error(points, true)
            table[list(REGIONS)], table[[f"{region}_true" for region in REGIONS]] = asymmetry(points), asymmetry(true)
            rows.append(table)
    return pd.concat(rows, ignore_index=True)


def by_order(curve, seed=0):
    """The numbers of a learning curve, with intervals.

    Parameters
    ----------
    curve : DataFrame
        From :func:`learning_curve`.
    seed : int
        Of the draws of people.

    Returns
    -------
    DataFrame
        One row per order and size: ``order``, ``people``, ``error`` (median) with ``low`` and ``high`` (95 %), and the share
        of the asymmetry of ``mouth``, ``brows`` and ``eyes`` that is kept (slope).
    """
    rows = []
    for (order, size), part in curve.dropna(subset="error").groupby(["order", "people"], sort=False):
        whose = part["patient_id"]
        kept = [bootstrap_ci(part[[f"{r}_true", r]], whose, "slope", seed=seed)[0] for r in REGIONS]
        rows.append([order, size, *bootstrap_ci(part["error"], whose, "median", seed=seed), *kept])
    return pd.DataFrame(rows, columns=["order", "people", "error", "low", "high", *REGIONS])
