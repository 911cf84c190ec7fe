"""Intervals by bootstrap over people: photos of one person are alike, so whole people are drawn, never
single photos.

A statistic is one of the names below or a function. The names are computed for all draws at once, from how
often each row was drawn; ``correlation``, ``slope`` and ``mae`` take two columns, first the true and then
the measured value.

- ``mean``, ``median``, ``sd`` (of a sample, n - 1)
- ``correlation``: Pearson's r
- ``slope``: of the least-squares line of the second column on the first
- ``mae``: mean absolute difference of the columns
"""

import numpy as np

from .errors import BadSettingError, BadTableError

_CHUNK = 4_000_000  # numbers held at once: draws are made in blocks of this size over the number of rows
_ROUNDING = 1e-20  # variances below this share of the larger column's are taken for rounding


def bootstrap_ci(values, groups, statistic="mean", level=0.95, n=2000, seed=0):
    """A statistic with its percentile interval from drawing people with replacement.

    Parameters
    ----------
    values : array_like (n_rows,) or (n_rows, k)
        Finite where a named statistic is used.
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
    estimate = _estimate(values, statistic)
    return estimate, *_bounds(_draw(values, codes, people, statistic, n, seed), level, people)


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
    difference = _estimate(first, statistic) - _estimate(second, statistic)
    return difference, *_bounds(drawn[0] - drawn[1], level, people)


def interval_text(estimate, low, high, digits=2):
    """An estimate and its interval as text, ``0.55 [0.41, 0.66]``."""
    return f"{estimate:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _checked(values, groups, statistic, level):
    values, groups = np.asarray(values), np.asarray(groups)
    if len(values) == 0 or len(values) != len(groups):
        raise BadTableError(
            f"{len(values)} values with {len(groups)} groups: each of one or more rows needs its group"
        )
    if not 0 < level < 1:
        raise BadSettingError(f"level must lie between 0 and 1, not at {level}")
    if not callable(statistic):
        if statistic not in _STATISTICS:
            raise BadSettingError(
                f"no statistic {statistic!r}; there are {list(_STATISTICS)}, or give a function"
            )
        values = values.astype(float)
        if not np.isfinite(values).all():
            raise BadTableError(
                "values hold NaN or infinity: leave failed rows out first, and say how many they are"
            )
        if values.shape[1:] != (() if statistic in _ONE_COLUMN else (2,)):
            raise BadTableError(f"{statistic} does not take values of shape {values.shape}")
    people, codes = np.unique(groups.astype(str), return_inverse=True)
    return values, codes, len(people)


def _estimate(values, statistic):
    if callable(statistic):
        return statistic(values)
    return float(_STATISTICS[statistic](values, np.ones((1, len(values))))[0])


def _draw(values, codes, people, statistic, n, seed):
    """The statistic in each of ``n`` draws of people, (n, ...)."""
    rng = np.random.default_rng(seed)
    if callable(statistic):
        rows = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
        drawn = rng.integers(people, size=(n, people))
        return np.array([statistic(values[np.concatenate([rows[i] for i in draw])]) for draw in drawn])
    counts = rng.multinomial(people, np.full(people, 1 / people), size=n)
    block = max(1, _CHUNK // len(values))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [_STATISTICS[statistic](values, counts[i : i + block, codes]) for i in range(0, n, block)]
    return np.concatenate(parts)


def _bounds(drawn, level, people):
    """Percentile bounds over the first axis; NaN where nothing is defined or one person is all there is."""
    drawn = np.asarray(drawn, float)
    if people < 2:
        drawn = np.full_like(drawn, np.nan)
    undefined = np.isnan(drawn).all(axis=0)
    tails = (1 - level) / 2
    low, high = np.nanquantile(np.where(undefined, 0.0, drawn), [tails, 1 - tails], axis=0)
    low, high = np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
    return (low, high) if low.ndim else (float(low), float(high))


def _mean(values, weights):
    return weights @ values / weights.sum(axis=1)


def _median(values, weights):
    order = np.argsort(values)
    values, cumulated = values[order], np.cumsum(weights[:, order], axis=1)
    total = cumulated[:, -1:]
    # The row at the middle, or both beside it, of the sorted draw: what numpy's median takes.
    low, high = (np.argmax(cumulated > middle, axis=1) for middle in ((total - 1) // 2, total // 2))
    return (values[low] + values[high]) / 2


def _sd(values, weights):
    total = weights.sum(axis=1)
    centre = _mean(values, weights)[:, None]
    return np.sqrt((weights * (values - centre) ** 2).sum(axis=1) / (total - 1))


def _moments(values, weights):
    """Weighted variances and covariance of two columns, (n,); a variance that is mere rounding is NaN."""
    x, y = (values - values.mean(axis=0)).T
    total = weights.sum(axis=1)
    mx, my = weights @ x / total, weights @ y / total
    var_x, var_y = weights @ x**2 / total - mx**2, weights @ y**2 / total - my**2
    rounding = _ROUNDING * max((x**2).mean(), (y**2).mean())
    var_x, var_y = (np.where(variance > rounding, variance, np.nan) for variance in (var_x, var_y))
    return var_x, var_y, weights @ (x * y) / total - mx * my


def _correlation(values, weights):
    var_x, var_y, cov = _moments(values, weights)
    return cov / np.sqrt(var_x * var_y)


def _slope(values, weights):
    var_x, _, cov = _moments(values, weights)
    return cov / var_x


def _mae(values, weights):
    return _mean(np.abs(values[:, 0] - values[:, 1]), weights)


_STATISTICS = {
    "mean": _mean,
    "median": _median,
    "sd": _sd,
    "correlation": _correlation,
    "slope": _slope,
    "mae": _mae,
}
_ONE_COLUMN = ("mean", "median", "sd")
