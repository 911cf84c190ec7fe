"""Who and what is in a data set: its people, one person's photos, what could not be measured."""

import numpy as np
import seaborn as sns
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
    kinds = table["status"].str.partition(":")[0].replace("ok", "measured")
    ax = axes(ax, (WIDTH, 0.9 + 0.35 * kinds.nunique()))
    colours = {kind: COLOURS["blue"] if kind == "measured" else COLOURS["vermillion"] for kind in kinds.value_counts().index}
    _count(kinds, colours, "photos", ax)
    return heading(ax, source(table))


def _bars(persons, name, title, ax):
    levels = levels_of(persons, name)
    known = persons[name].map({level.value: level.label for level in levels}).dropna()
    _count(known, {level.label: level.colour for level in levels}, "people", ax)
    ax.set_title(f"{title}, n = {len(known)}")


def _count(values, colours, label, ax):
    """A bar with its number for each value, in the order and the colours of ``colours``."""
    kinds = {"order": list(colours), "hue_order": list(colours), "palette": colours, "legend": False}
    sns.countplot(y=values, hue=values, saturation=1, ax=ax, **kinds)
    for bars in ax.containers:
        ax.bar_label(bars, padding=3)
    ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set(xlabel=label, ylabel="")
    ax.margins(x=0.12)
    ax.tick_params(axis="y", length=0)


def _ages(ages, ax):
    sns.histplot(ages, bins=np.arange(0, ages.max() + 10, 10), color=COLOURS["grey"], edgecolor="white", ax=ax)
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    ax.set(xlabel="age [years]", ylabel="people", title=f"age, n = {len(ages)}")
