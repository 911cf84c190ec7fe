"""Who and what is in a data set: its people, one person's photos, what could not be measured."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from .faces import face
from .style import COLOURS, WIDTH, axes, count, heading, levels_of, panels, source

_TRAITS = {"group": "group", "severity": "severity", "gender": "sex"}


def people(table, severity_name="severity"):
    """How many people there are by group, severity, sex and age, as far as the data set says.

    Parameters
    ----------
    table : DataFrame
        One row per photo.
    severity_name : str
        What the severities are, :attr:`bp_research.datasets.PhotoSet.severity_name`.

    Returns
    -------
    ndarray of Axes
        One for each of these that is known; empty if none is.
    """
    persons = table.drop_duplicates("patient_id")
    traits = [name for name in (*_TRAITS, "age") if persons[name].notna().any()]
    if not traits:
        return np.array([])
    grid = panels(len(traits), columns=min(2, len(traits)), height=2.6)
    for name, ax in zip(traits, grid, strict=True):
        if name == "age":
            _ages(persons["age"].dropna(), ax)
        else:
            _bars(persons, name, severity_name if name == "severity" else _TRAITS[name], ax)
    heading(grid[0], source(table))
    return grid


def photos_of_person(photoset, landmarks, show=False):
    """All photos of one person with their landmarks, or the landmarks alone.

    Parameters
    ----------
    photoset : PhotoSet
        The person's photos.
    landmarks : array_like (n, 68, 2)
        px; NaN for a photo that could not be measured.
    show : bool
        Whether the photos themselves may be shown, see :func:`bp_research.plots.may_show`.

    Returns
    -------
    ndarray of Axes
    """
    columns = min(4, len(photoset))
    grid = panels(len(photoset), columns=columns, height=2.5)
    for photo, points, ax in zip(photoset, landmarks, grid, strict=True):
        face(photo, points, show, ax, title=photo.expression or photo.task or "")
    heading(grid[0], f"{photoset.name}: {count(len(photoset), 'photo')} of {photoset[0].patient_id}")
    return grid


def statuses(table, ax=None):
    """How many photos were measured, and why the others were not.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.cohort.measure_cohort`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    kinds = table["status"].str.partition(":")[0].value_counts()
    ax = axes(ax, (WIDTH, 0.9 + 0.35 * len(kinds)))
    colours = [COLOURS["blue"] if kind == "ok" else COLOURS["vermillion"] for kind in kinds.index]
    _label(ax, ax.barh(["measured" if k == "ok" else k for k in kinds.index], kinds, color=colours))
    ax.invert_yaxis()
    ax.set_xlabel("photos")
    return heading(ax, source(table))


def _bars(persons, name, title, ax):
    levels = levels_of(persons, name)
    numbers = [(persons[name] == level.value).sum() for level in levels]
    _label(ax, ax.barh([level.label for level in levels], numbers, color=[level.colour for level in levels]))
    ax.invert_yaxis()
    ax.set_xlabel("people")
    ax.set_title(f"{title}, n = {sum(numbers)}")


def _ages(ages, ax):
    ax.hist(ages, bins=np.arange(0, ages.max() + 10, 10), color=COLOURS["grey"], edgecolor="white")
    ax.set_xlabel("age [years]")
    ax.set_ylabel("people")
    ax.set_title(f"age, n = {len(ages)}")


def _label(ax, bars):
    ax.bar_label(bars, padding=3)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.margins(x=0.12)
    ax.tick_params(axis="y", length=0)
