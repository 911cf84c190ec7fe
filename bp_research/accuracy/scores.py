"""Intervals by bootstrap over people.

Photos of one person are alike, so whole people are drawn, never single photos.

A statistic is one of the names below or a function. The names are computed for all draws at once, from how often each
person was drawn; ``correlation``, ``slope`` and ``mae`` take two columns, first the true and then the measured value.

- ``share``: mean of zeros and ones. Where all are the same, drawing them again tells nothing: the far bound is then the
  exact one of Clopper and Pearson (Biometrika 1934, 26, 404), with people as the units
- ``mean``, ``median`` (for which a value may be infinite), ``sd`` (of a sample, n - 1)
- ``correlation``: Pearson's r
- ``slope``: of the least-squares line of the second column on the first
- ``mae``: mean absolute difference of the columns
"""

import numpy as np

from ..errors import BadSettingError, BadTableError

_CHUNK = 4_000_000  # numbers that the draws of a median hold at once
_ROUNDING = 1e-20  # variances below this share of the larger column's are taken for rounding
_ONE_COLUMN, _TWO_COLUMNS = ("share", "mean", "median", "sd"), ("correlation", "slope", "mae")


def bootstrap_ci(values, groups, statistic="mean", level=0.95, n=2000, seed=0):
    """A statistic with its percentile interval from drawing people with replacement.

    Parameters
    ----------
    values : array_like (n_rows,) or (n_rows, k)
        Finite where a named statistic is used (for a median, infinite will do).
    groups : array_like (n_rows,)
        Whose row it is; the rows of a person are drawn together.
    statistic : str or callable
        A name from the list above, or a function of the drawn rows of ``values`` that returns a number or
        an array.
    level : float
        Coverage, between 0 and 1.
    n : int
        Number of draws.
    seed : int

    Returns
    -------
    estimate, low, high : float (or ndarrays, if the function returns arrays)
        NaN bounds with fewer than two people. Draws in which the statistic is undefined are left out.

    Raises
    ------
    BadTableError
        For no rows, lengths that do not fit, or values that are not finite.
    BadSettingError
        For an unknown statistic or a level outside (0, 1).
    """
    values, codes, people = _checked(values, groups, statistic, level)
    found = estimate(values, statistic)
    low, high = _bounds(_draw(values, codes, people, statistic, n, seed), level, people)
    if statistic == "share" and found in (0, 1):
        exact = ((1 - level) / 2) ** (1 / people)
        low, high = (0.0, 1 - exact) if found == 0 else (exact, 1.0)
    return found, low, high


def paired_difference(first, second, groups, statistic="mean", level=0.95, n=2000, seed=0):
    """Difference of a statistic between two measurements of the same rows, ``first`` minus ``second``.

    Both are computed from the same drawn people, so what people have in common cancels.

    Parameters
    ----------
    first, second : array_like (n_rows,) or (n_rows, k)
        The same rows in the same order.
    groups, statistic, level, n, seed
        As in :func:`bootstrap_ci`.

    Returns
    -------
    difference, low, high : float

    Raises
    ------
    BadTableError, BadSettingError
        As :func:`bootstrap_ci`.
    """
    first, codes, people = _checked(first, groups, statistic, level)
    second, _, _ = _checked(second, groups, statistic, level)
    drawn = [_draw(values, codes, people, statistic, n, seed) for values in (first, second)]
    with np.errstate(invalid="ignore"):  # of two infinite medians
        difference = estimate(first, statistic) - estimate(second, statistic)
        drawn = drawn[0] - drawn[1]
    return difference, *_bounds(drawn, level, people)


def interval_text(estimate, low, high, digits=2):
    """An estimate and its interval as text, ``0.55 [0.41, 0.66]``."""
    return f"{estimate:.{digits}f} [{low:.{digits}f},\N{NO-BREAK SPACE}{high:.{digits}f}]"


def ceiling(values):
    """How well the best landmarks could agree with an annotation that has errors itself.

    By the correlations of the annotation with two readings of the same photos (Spearman, Am J Psychol 1904, 15, 72). Its
    reliability, the share of its variance that is not error, is r(1, 2) r(1, 3) / r(2, 3). Assumed is that the errors of the
    three have nothing to do with each other or with the truth. Readings that share errors, such as two models trained on the
    same faces, make the reliability too small; a reading that learnt from this annotator makes it too large. That
    a reading shrinks the truth does not matter.

    Parameters
    ----------
    values : array_like (n, 3)
        The annotated values, and two readings.

    Returns
    -------
    ndarray (4,)
        Reliability; its root, above which no reading's correlation with the annotation is to be expected; and the correlation
        of either reading with the truth, free of the annotation's errors. Sampling can carry each beyond 1, and
        NaN stands where the correlations' signs contradict each other.
    """
    (_, first, second), (_, _, both), _ = np.corrcoef(np.asarray(values, float), rowvar=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.sqrt(reliability := first * second / both)
        return np.array([reliability, most, first / most, second / most])


def _checked(values, groups, statistic, level):
    values, groups = np.asarray(values), np.asarray(groups)
    if len(values) == 0 or len(values) != len(groups):
        raise BadTableError(f"{len(values)} values with {len(groups)} groups: each of one or more rows needs its group")
    if not 0 < level < 1:
        raise BadSettingError(f"level must lie between 0 and 1, not at {level}")
    if not callable(statistic):
        if statistic not in _ONE_COLUMN + _TWO_COLUMNS:
            known = ", ".join(_ONE_COLUMN + _TWO_COLUMNS)
            raise BadSettingError(f"no statistic {statistic!r}; there are {known}, or give a function")
        values = values.astype(float)
        if np.isnan(values).any() or (statistic != "median" and np.isinf(values).any()):
            raise BadTableError("values hold NaN or infinity: leave failed rows out, and say how many they are")
        if values.shape[1:] != (() if statistic in _ONE_COLUMN else (2,)):
            raise BadTableError(f"{statistic} does not take values of shape {values.shape}")
        if statistic == "share" and not np.isin(values, (0, 1)).all():
            raise BadTableError("a share is of zeros and ones")
    people, codes = np.unique(groups.astype(str), return_inverse=True)
    return values, codes, len(people)


def estimate(values, statistic):
    """A statistic of all rows, by its name from the list above, or a function."""
    if callable(statistic):
        return statistic(values)
    everybody_once = np.ones((1, 1))
    return float(_named(values, np.zeros(len(values), int), everybody_once, statistic)[0])


def _draw(values, codes, people, statistic, n, seed):
    """The statistic in each of ``n`` draws of people, (n, ...)."""
    rng = np.random.default_rng(seed)
    if callable(statistic):
        rows = [np.flatnonzero(codes == person) for person in range(people)]
        drawn = rng.integers(people, size=(n, people))
        return np.array([statistic(values[np.concatenate([rows[i] for i in draw])]) for draw in drawn])
    counts = rng.multinomial(people, np.full(people, 1 / people), size=n)
    return _named(values, codes, counts, statistic)


def _named(values, codes, counts, statistic):
    """A named statistic in every draw; ``counts`` (n, people) says how often each person was drawn."""
    if statistic == "median":
        return _medians(values, codes, counts)
    n = counts @ np.bincount(codes, minlength=counts.shape[1])

    def mean(column):
        return counts @ np.bincount(codes, column, counts.shape[1]) / n

    with np.errstate(divide="ignore", invalid="ignore"):
        if statistic in ("share", "mean"):
            return mean(values)
        if statistic == "mae":
            return mean(np.abs(values[:, 0] - values[:, 1]))
        centred = values - values.mean(axis=0)
        if statistic == "sd":
            return np.sqrt(np.maximum(mean(centred**2) - mean(centred) ** 2, 0) * n / (n - 1))
        x, y = centred.T
        squares = mean(x**2), mean(y**2)
        # a variance that is mere rounding is none
        rounding = _ROUNDING * np.maximum(*squares)
        variances = squares[0] - mean(x) ** 2, squares[1] - mean(y) ** 2
        var_x, var_y = (np.where(variance > rounding, variance, np.nan) for variance in variances)
        covariance = mean(x * y) - mean(x) * mean(y)
        return covariance / (var_x if statistic == "slope" else np.sqrt(var_x * var_y))


def _bounds(drawn, level, people):
    """Percentile bounds over the first axis; NaN where nothing is defined or one person is all there is."""
    drawn = np.asarray(drawn, float)
    undefined = np.isnan(drawn).all(axis=0) | (people < 2)
    tails = (1 - level) / 2
    # A draw's own value, not a mixture of two: medians may be infinite.
    bounds = np.nanquantile(np.where(undefined, 0.0, drawn), [tails, 1 - tails], axis=0, method="closest_observation")
    low, high = np.where(undefined, np.nan, bounds)
    return (low, high) if low.ndim else (float(low), float(high))


def _medians(values, codes, counts):
    order = np.argsort(values, kind="stable")
    values, codes = values[order], codes[order]
    block = max(1, _CHUNK // len(values))
    medians = []
    for start in range(0, len(counts), block):
        cumulated = np.cumsum(counts[start : start + block, codes], axis=1)
        total = cumulated[:, -1:]
        # The row at the middle, or both beside it, of the sorted draw: what numpy's median takes.
        low, high = (np.argmax(cumulated > middle, axis=1) for middle in ((total - 1) // 2, total // 2))
        medians.append(np.where(low == high, values[low], (values[low] + values[high]) / 2))
    return np.concatenate(medians)
