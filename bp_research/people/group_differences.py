"""How far groups of people differ: effect sizes and overlaps of features, with intervals by drawing people."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu, norm, rankdata

from ..accuracy.scores import bootstrap_ci
from ..datasets.records import HEALTHY_GROUPS
from ..errors import BadTableError
from ..face.schemes import FEATURES, REGION_OF

_GRID = np.linspace(-4, 4, 81)  # of normal scores, on which densities are compared


def is_healthy(table):
    """Which rows are of healthy people: by group where the data set has groups.

    Parameters
    ----------
    table : DataFrame
        With the column ``group``, see :func:`bp_research.measuring.cohort.measure_cohort`.

    Returns
    -------
    Series of bool, with the table's index
    """
    return table["group"].isin(HEALTHY_GROUPS)


def with_health(table):
    """The table with a column ``health``: "healthy people" or "palsy"."""
    return pd.concat([table, is_healthy(table).map({True: "healthy people", False: "palsy"}).rename("health")], axis=1)


def measured_rows(table, features=FEATURES):
    """The rows of a table that could be measured.

    Raises
    ------
    BadTableError
        If there is none, or a column is missing.
    """
    if missing := [name for name in (*features, "patient_id") if name not in table]:
        raise BadTableError(f"the table lacks the columns {missing[:5]}: make it with measure_cohort")
    rows = table[np.isfinite(table[list(features)].to_numpy(float)).all(axis=1)]
    if rows.empty:
        first = dict(table.iloc[0]) if len(table) else {}
        why = str(first.get("status")).replace(str(first.get("path")), str(first.get("photo_id")))
        raise BadTableError(f"none of {len(table)} photos could be measured; the first: {why}")
    return rows


def cliffs_delta(first, second):
    """Cliff's delta: how much more often a value of ``second`` exceeds one of ``first`` than the reverse.

    1: always larger, 0: as often as not, -1: always smaller; no assumption about the shape of distributions.
    Source: N. Cliff, Psychol. Bull. 1993, 114, 494.

    Parameters
    ----------
    first : array_like (n, ...)
    second : array_like (m, ...)

    Returns
    -------
    ndarray (...)
        NaN if either is empty.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    if not len(first) or not len(second):
        return np.full(first.shape[1:], np.nan)
    return 2 * mannwhitneyu(second, first, axis=0, method="asymptotic").statistic / (len(first) * len(second)) - 1


def rank_features(table, features=FEATURES, n=500, seed=0):
    """Which features tell palsy from healthy: effect sizes, the largest first.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.cohort.measure_cohort`; rows that failed are left out.
    features : sequence of str
    n : int
        Number of draws of people for the intervals.
    seed : int

    Returns
    -------
    DataFrame
        Columns ``feature``, ``region``, ``delta`` (Cliff's, positive if larger in palsy), ``low``, ``high``
        (95 % interval from drawing people); ``attrs`` hold ``healthy`` and ``palsy``, (photos, people) of each.

    Raises
    ------
    BadTableError
        If the table lacks healthy people, or people with palsy.
    """
    rows = measured_rows(table, features)
    healthy = is_healthy(rows).to_numpy()
    if healthy.all() or not healthy.any():
        raise BadTableError(f"all {len(rows)} photos are of one kind: effect sizes need healthy and palsy")
    values = np.column_stack([healthy, rows[list(features)].to_numpy(float)])

    def deltas(drawn):
        own = drawn[:, 0] == 1
        return cliffs_delta(drawn[own, 1:], drawn[~own, 1:])

    delta, low, high = bootstrap_ci(values, rows["patient_id"], deltas, n=n, seed=seed)
    result = pd.DataFrame({"feature": features, "delta": delta, "low": low, "high": high})
    result.insert(1, "region", [REGION_OF.get(name, name) for name in features])
    result = result.sort_values("delta", key=lambda delta: -delta.abs(), kind="stable", ignore_index=True)
    for name, mask in (("healthy", healthy), ("palsy", ~healthy)):
        result.attrs[name] = int(mask.sum()), int(rows.loc[mask, "patient_id"].nunique())
    return result


def group_overlaps(table, by="severity", features=FEATURES, n=200, seed=0):
    """The share of two groups' distributions that coincides, for each feature: 1 the same, 0 apart.

    The area under the lower one of two kernel densities. It does not depend on the scale of measurement, so it is
    taken on normal scores of the pooled ranks, where heavy tails do no harm.

    Parameters
    ----------
    table : DataFrame
    by : str
        Column of the groups; neighbours are compared if it is "severity", else all pairs.
    features : sequence of str
    n : int
        Number of draws of people for the intervals, and of shuffles for the baseline.
    seed : int

    Returns
    -------
    DataFrame
        Columns ``first``, ``second`` (the groups), ``feature``, ``region``, ``overlap``, ``low``, ``high`` (95 %
        interval from drawing people) and ``baseline``: the mean overlap when the same people are dealt to the two
        groups at random, which small groups keep below 1.

    Raises
    ------
    BadTableError
        If the table has fewer than two groups.
    """
    rows = measured_rows(table, features).dropna(subset=[by])
    values = sorted(rows[by].unique(), key=lambda v: (v not in HEALTHY_GROUPS, v))
    if len(values) < 2:
        raise BadTableError(f"{by} has the one value {values}: overlaps need two groups")
    parts = []
    for first, second in pairwise(values) if by == "severity" else combinations(values, 2):
        one, two = (rows[rows[by] == value] for value in (first, second))
        people = np.r_[one["patient_id"].to_numpy(str), two["patient_id"].to_numpy(str)]
        in_first = np.arange(len(people)) < len(one)
        kernels = _kernels(one[list(features)].to_numpy(float), two[list(features)].to_numpy(float))
        # drawn row by row, so each row carries which group it is of
        tagged = np.column_stack([in_first, kernels.reshape(len(people), -1)])

        def statistic(drawn, shape=kernels.shape[1:]):
            return _common_area(drawn[:, 1:].reshape(-1, *shape), drawn[:, 0] == 1)

        estimate, low, high = bootstrap_ci(tagged, people, statistic, n=n, seed=seed)
        baseline = _shuffled_overlap(kernels, people, in_first, n, seed)
        part = {"first": first, "second": second, "feature": list(features)}
        part["region"] = [REGION_OF.get(name, name) for name in features]
        part |= {"overlap": estimate, "low": low, "high": high, "baseline": baseline}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def _kernels(first, second):
    """Gaussian kernels of all rows on the grid of normal scores, (n + m, ..., grid)."""
    pooled = np.concatenate([first, second])
    scores = norm.ppf((rankdata(pooled, axis=0) - 0.5) / len(pooled))
    width = np.minimum(1, _spread(scores, len(first))) * 1.06 * min(len(first), len(second)) ** -0.2
    return norm.pdf((_GRID - scores[..., None]) / width[..., None]) / width[..., None]


def _spread(scores, n):
    """Standard deviation within the two groups, at least a tenth."""
    squares = sum(((part - part.mean(axis=0)) ** 2).sum(axis=0) for part in (scores[:n], scores[n:]))
    return np.maximum(0.1, np.sqrt(squares / len(scores)))


def _common_area(kernels, in_first):
    """Area under the lower one of the mean kernels of two groups of rows."""
    if in_first.all() or not in_first.any():
        return np.full(kernels.shape[1:-1], np.nan)
    lower = np.minimum(kernels[in_first].mean(axis=0), kernels[~in_first].mean(axis=0))
    return np.minimum(1, lower.sum(axis=-1) * (_GRID[1] - _GRID[0]))


def _shuffled_overlap(kernels, people, in_first, n, seed):
    """Mean overlap over features and over deals of the people to two groups of as many people."""
    names, codes = np.unique(people, return_inverse=True)
    size = len(np.unique(codes[in_first]))
    rng = np.random.default_rng(seed)
    deals = [np.isin(codes, rng.permutation(len(names))[:size]) for _ in range(min(n, 50))]
    return float(np.mean([_common_area(kernels, deal) for deal in deals]))
