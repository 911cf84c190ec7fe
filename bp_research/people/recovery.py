"""One person over time: dated photos, an asymmetry score per region, and which changes exceed measurement noise."""

import re
from contextlib import suppress
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from ..datasets.files import Problems, is_simulated, read_list
from ..datasets.folder import expression_in_name
from ..datasets.records import HEALTHY_GROUPS, Photo, PhotoSet
from ..demo.cohort import make_person, simulate
from ..errors import BadSettingError, BadTableError
from ..face.geometry import asymmetry
from ..face.images import list_photos
from ..face.schemes import EXPRESSIONS, REGIONS
from .group_differences import is_healthy, measured_rows

_DATE = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def load_series(source):
    """Read one person's dated photos.

    Parameters
    ----------
    source : path-like
        A CSV with the columns ``date`` (ISO, 2024-03-31), ``expression`` (may be empty) and ``path`` (relative to the
        CSV's folder), or a folder of photos with ISO dates in their names or in the names of folders between. In a
        folder the expression is taken from a name that holds it (``2024-03-31 open smile.jpg``) or ends in ``_1`` to
        ``_8`` as the MEEI set's do.

    Returns
    -------
    PhotoSet
        One photo per row, in order of date; each Photo's ``task`` holds the date. The person is called as the file or
        folder is. ``simulated`` if ``SIMULATED.txt`` lies beside the CSV, in the folder or above it.

    Raises
    ------
    BadTableError
        If columns, dates or files are missing; the message names the first rows.
    BadSettingError
        If the folder holds no photos.
    """
    source = Path(source)
    rows = _rows_of_folder(source) if source.is_dir() else _rows_of_csv(source)
    name, simulated = source.stem, is_simulated(source.resolve())
    title = f"simulated photos of {name}" if simulated else f"photos of {name}"
    photos = [
        Photo(title, name, f"{when} {path.name}", path, expression=expression, task=when)
        for when, expression, path in sorted(rows, key=lambda row: (row[0], str(row[2])))
    ]
    return PhotoSet(title, photos, Problems(source).table(), simulated)


def scores(table, quantities=REGIONS):
    """A single score per region and date: the mean size of the region's asymmetry over the date's expressions.

    Parameters
    ----------
    table : DataFrame
        Of one person, from :func:`bp_research.measuring.cohort.measure_cohort` of a :func:`load_series`; with ``augment``
        the medians of the changed copies count, which are steadier. Expressions that were not measured on every date are
        left out, so that each date's mean is over the same ones; repeated photos of an expression on one date are averaged
        first.
    quantities : sequence of str
        Regions, or features, of which the mean over expressions is taken likewise.

    Returns
    -------
    DataFrame
        Index ``date`` (Timestamp), a column per quantity; regions in proportions of the inter-ocular distance, 0 is
        symmetric. ``attrs["expressions"]`` lists what went in.

    Raises
    ------
    BadTableError
        If no expression was measured on every date.
    """
    rows = measured_rows(table, quantities)
    values = pd.DataFrame({name: rows.get(f"{name}_median", rows[name]) for name in quantities})
    sizes = values.abs().groupby([rows["task"], rows["expression"].fillna("")]).mean()
    by_expression = sizes.unstack(0).dropna()
    complete = [name for name in sizes.index.unique(1) if name in by_expression.index]
    if not complete:
        raise BadTableError("no expression was measured on every date: photograph the same ones each time")
    found = sizes.loc[(slice(None), complete), :].groupby(level=0).mean()
    found.index = pd.to_datetime(found.index).rename("date")
    found.attrs["expressions"] = complete
    return found


def healthy_band(table, expressions, quantities=REGIONS, level=0.95):
    """The scores below which healthy people stay.

    Parameters
    ----------
    table : DataFrame
        A cohort with healthy people, each with the same expressions as the series.
    expressions : sequence of str
        ``attrs["expressions"]`` of :func:`scores`. Where the cohort does not know expressions, all photos count.
    quantities : sequence of str
        As in :func:`scores`.
    level : float
        Share of healthy people in the band.

    Returns
    -------
    DataFrame
        Index the quantities; columns ``median``, ``limit`` and ``n`` (people).

    Raises
    ------
    BadTableError
        If no healthy person has these expressions.
    """
    rows = measured_rows(table, quantities)
    rows = rows[is_healthy(rows)]
    if rows["expression"].notna().any():
        rows = rows[rows["expression"].isin(expressions)]
    if rows.empty:
        raise BadTableError(f"no healthy person ({', '.join(HEALTHY_GROUPS)}) with the expressions {list(expressions)}")
    people = rows[list(quantities)].abs().groupby(rows["patient_id"]).mean()
    limit = np.quantile(people, level, axis=0, method="weibull")
    return pd.DataFrame({"median": people.median(), "limit": limit, "n": len(people)})


def standard_error(repeats):
    """The standard error of measurement: how much a score varies while the face does not change.

    Parameters
    ----------
    repeats : array_like (n,) or (n, k) or DataFrame
        Scores measured repeatedly on an unchanged face, such as :func:`scores` of a person whose palsy is stable.

    Returns
    -------
    error : ndarray (k,) or float
        Standard deviation.
    freedom : int
        Degrees of freedom: measurements less one.

    Raises
    ------
    BadTableError
        If it was not measured twice.
    """
    if len(repeats) < 2:
        raise BadTableError("the noise needs at least two measurements of an unchanged face")
    return np.std(np.asarray(repeats, float), axis=0, ddof=1), len(repeats) - 1


def copies_error(table, expressions, quantities=REGIONS):
    """The standard error of a score as far as changed copies of its photos show it.

    Copies differ in how the face lies in the picture, not in light, head pose or how hard the person tried, so this is less
    than what repeated sessions show: a stand-in where there are none.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.cohort.measure_cohort` with ``augment``.
    expressions : sequence of str
        ``attrs["expressions"]`` of :func:`scores`, whose mean the score is.
    quantities : sequence of str

    Returns
    -------
    ndarray (k,)

    Raises
    ------
    BadTableError
        If the table was made without ``augment``.
    """
    bounds = [[f"{name}_{end}" for name in quantities] for end in ("low", "high")]
    rows = measured_rows(table, [*quantities, *bounds[0], *bounds[1]])
    low, high = (rows[names].to_numpy(float) for names in bounds)
    # the bounds hold 90 % of the copies: 1.645 standard deviations to either side
    variances = ((high - low) / (2 * norm.isf(0.05))) ** 2
    return np.sqrt(variances.mean(axis=0) / len(expressions))


def measurement_error(table, expressions, stable=None, quantities=REGIONS):
    """The standard error of scores: from a person who did not change if there is one, else from changed copies.

    Parameters
    ----------
    table, expressions, quantities
        As in :func:`copies_error`.
    stable : DataFrame, optional
        The same of a person who did not change, on several dates.

    Returns
    -------
    error : ndarray (k,)
    freedom : float
        Degrees of freedom, infinite if the error is from copies.
    """
    if stable is None:
        return copies_error(table, expressions, quantities), np.inf
    return standard_error(scores(stable, quantities))


def smallest_detectable_change(error, level=0.95, freedom=np.inf, comparisons=1):
    """The change between two measurements that noise alone exceeds with probability ``1 - level``.

    ``1.96 * sqrt(2) * SEM`` for one comparison at level 0.95 with a well-known standard error of measurement (Weir,
    J. Strength Cond. Res. 2005, 19, 231). An error estimated from few repeats takes Student's t in place of 1.96, and
    where any of several changes would be reported, the level holds for all of them together (Sidak).

    Parameters
    ----------
    error : float or array_like
        Standard error of measurement of one score.
    level : float
    freedom : float
        Degrees of freedom that the error was estimated with.
    comparisons : int
        How many changes are looked at.

    Returns
    -------
    float or ndarray

    Raises
    ------
    BadSettingError
        If the level is not between 0 and 1, or there is no comparison.
    """
    if not 0 < level < 1 or comparisons < 1 or freedom < 1:
        given = f"level {level!r}, freedom {freedom!r}, comparisons {comparisons!r}"
        raise BadSettingError(f"{given}: the level must lie between 0 and 1, the others be at least 1")
    tail = (1 - level ** (1 / comparisons)) / 2
    factor = norm.isf(tail) if np.isinf(freedom) else t.isf(tail, freedom)
    return factor * np.sqrt(2) * np.asarray(error)


def changes(found, error, level=0.95, freedom=np.inf, together=True):
    """Each score's change since the first date, and whether it exceeds the smallest detectable change.

    Parameters
    ----------
    found : DataFrame
        From :func:`scores`; the first row is the baseline.
    error : array_like (3,) or float
        Standard error of measurement of each region.
    level, freedom
        As in :func:`smallest_detectable_change`.
    together : bool
        Whether the level holds for all dates and regions together, so that an unchanged face shows no change at all with
        this probability, or for each one by itself.

    Returns
    -------
    DataFrame
        One row per later date and region: ``date``, ``region``, ``score``, ``change``, ``smallest`` (detectable
        change) and ``detectable`` (bool).

    Raises
    ------
    BadTableError
        If there is one date only.
    """
    if len(found) < 2:
        raise BadTableError("changes need at least two dates")
    later = found.iloc[1:]
    smallest = smallest_detectable_change(error, level, freedom, later.size if together else 1)
    smallest = np.broadcast_to(smallest, later.shape)
    table = later.rename_axis(columns="region").stack().rename("score").reset_index()
    table["change"] = (later - found.iloc[0]).to_numpy().ravel()
    table["smallest"] = smallest.ravel()
    table["detectable"] = table["change"].abs() > table["smallest"]
    return table


def course_table(found, found_changes, band=None):
    """The course of each score in a line.

    Parameters
    ----------
    found : DataFrame
        From :func:`scores`.
    found_changes : DataFrame
        From :func:`changes`.
    band : DataFrame, optional
        From :func:`healthy_band`.

    Returns
    -------
    DataFrame
        Index the scores; ``first``, ``last``, ``change``, ``smallest`` (detectable change), ``changed since`` (the first
        date with a detectable change, missing if there is none) and, with a band, ``healthy limit``.
    """
    table = found_changes.groupby("region", sort=False)[["score", "change", "smallest"]].last()
    table = table.rename(columns={"score": "last"})
    table.insert(0, "first", found.iloc[0])
    table["changed since"] = found_changes[found_changes["detectable"]].groupby("region")["date"].first().dt.date
    return table if band is None else table.join(band["limit"].rename("healthy limit"))


def _rows_of_csv(source):
    table = read_list(source, ["date", "expression", "path"])
    if table.empty:
        raise BadTableError(f"{source} lists no photo")
    rows = [(_iso(when), expression or None, source.parent / path) for when, expression, path in table.to_numpy()]
    undated, missing = [when is None for when, _, _ in rows], [not path.is_file() for _, _, path in rows]
    for what, wrong in (("no date like 2024-03-31", undated), ("no such photo", missing)):
        if lines := [i for i, bad in enumerate(wrong, start=2) if bad]:
            raise BadTableError(f"{source}: {what} in line {', '.join(map(str, lines[:5]))}")
    return rows


def _rows_of_folder(source):
    rows = []
    for path in list_photos(source):
        dates = [_iso(part) for part in path.relative_to(source).parts]
        rows.append((next(filter(None, reversed(dates)), None), expression_in_name(path.stem), path))
    if undated := [path for when, _, path in rows if when is None]:
        raise BadTableError(
            f"{source}: {len(undated)} of {len(rows)} photos have no date like 2024-03-31 in their names or folders, "
            f"the first is {undated[0].relative_to(source)}"
        )
    return rows


def _iso(text):
    """The first date in a text as ISO text, or None."""
    for found in _DATE.findall(text):
        with suppress(ValueError):  # digits that look like a date and are none
            return date.fromisoformat(found).isoformat()
    return None


def check_on_stable(repeats=200, level=0.95, seed=0):
    """How often :func:`changes` finds none in simulated people whose palsy is stable.

    Each person has a severity at random, the noise is estimated from four visits, and two more are compared. From the true
    landmarks of four expressions: face, effort and head pose vary as simulated, errors of a landmark model do not come in.

    Parameters
    ----------
    repeats : int
        Number of people.
    level : float
    seed : int

    Returns
    -------
    together : float
        Share of people without any detectable change in any region, the level holding for all regions together.
    alone : float
        Share of single regions without one, the level holding for each by itself.
    """
    rng = np.random.default_rng(seed)
    calm, single = [], []
    for number in range(repeats):
        person = make_person(8000 + number, seed, "flaccid", rng.uniform(1, 6))
        points = [
            [simulate(person, expression, visit=visit, picture=False)[1] for expression in EXPRESSIONS[::2]]
            for visit in range(6)
        ]
        found = pd.DataFrame(np.abs(asymmetry(np.array(points))).mean(axis=1), columns=REGIONS).rename_axis("date")
        error, freedom = standard_error(found[:4])
        for results, together in ((calm, True), (single, False)):
            results.append(changes(found[4:], error, level, freedom, together)["detectable"])
    return float(np.mean([not any(one) for one in calm])), float(1 - np.mean(single))
