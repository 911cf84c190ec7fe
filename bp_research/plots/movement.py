"""A film's measures over time, both sides beside each other, with what was found in them."""

import numpy as np

from ..measuring.cohort import landmarks_of
from ..measuring.video import pictures
from ..people.movement import EXPRESSIONS, SIDES, signal
from .faces import outline
from .style import COLOURS, WIDTH, axes, heading, panels

_SHADES = dict(zip(EXPRESSIONS, ("orange", "sky", "yellow", "grey"), strict=True))


def side_colours(affected=None):
    """The sides' colours and names: where the affected one is known, blue is the healthy one."""
    if affected is None:
        return {"right": (COLOURS["green"], "right"), "left": (COLOURS["purple"], "left")}
    names = {side: ("vermillion", "affected") if side == affected else ("blue", "healthy") for side in SIDES}
    return {side: (COLOURS[colour], f"{side}, {what}") for side, (colour, what) in names.items()}


def movement_curves(frames, found, blinks, affected=None, title=""):
    """Both sides' measures over time, each expression that was found shaded and each blink marked.

    Parameters
    ----------
    frames : DataFrame
        From :func:`bp_research.measure_video`.
    found : dict of str to DataFrame
        By expression what :func:`bp_research.people.movement.movements` found.
    blinks : DataFrame
        From :func:`bp_research.people.movement.blinks`.
    affected : {"left", "right"}, optional
    title : str

    Returns
    -------
    ndarray of Axes
    """
    measures = list(dict.fromkeys(measure for measure, _ in EXPRESSIONS.values()))
    grid = panels(len(measures), columns=1, height=2.1)
    for measure, ax in zip(measures, grid, strict=True):
        for side, (colour, name) in side_colours(affected).items():
            ax.plot(signal(frames, measure)[side], color=colour, linewidth=1.6, label=name)
        for expression, table in found.items():
            for start, end in table[["start", "end"]].to_numpy():
                ax.axvspan(start, end, color=COLOURS[_SHADES[expression]], alpha=0.25, linewidth=0, label=expression)
        top = np.full(len(blinks), ax.get_ylim()[1])
        ax.plot(blinks["start"], top, "v", color=COLOURS["ink"], label="blink", clip_on=False)
        ax.set(ylabel="mm", title=measure, xlim=frames["time"].agg(["min", "max"]))
    grid[-1].set_xlabel("time [s]")
    handles = {label: handle for ax in grid for handle, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    grid[0].figure.legend(handles.values(), handles, loc="outside lower center", ncols=4)
    heading(grid[0], title)
    return grid


def blink_raster(blinks, complete=0.8, affected=None, ax=None, title=""):
    """Each blink as a line for either eye, as high as the eye closes; the dashed lines are complete blinks.

    Parameters
    ----------
    blinks : DataFrame
        From :func:`bp_research.people.movement.blinks`.
    complete : float
        Closing ratio from which a blink counts as complete.
    affected : {"left", "right"}, optional
    ax : Axes, optional
    title : str

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 2.2))
    for row, side in enumerate(SIDES):
        colour, _ = side_colours(affected)[side]
        ax.vlines(blinks["start"], 1.2 * row, 1.2 * row + blinks[f"closing {side}"], color=colour, linewidth=4)
    ax.hlines([complete, 1.2 + complete], 0, blinks.attrs["seconds"], COLOURS["ink"], "--", linewidth=1)
    ax.set_yticks([0.5, 1.7], [side_colours(affected)[side][1] for side in SIDES])
    ax.set(xlabel="time [s]", xlim=(0, blinks.attrs["seconds"]), ylim=(0, 2.3), title=title)
    return ax


def film_strip(path, frames, times, show=False, title=""):
    """A film's frames at given times, or, where faces may not be shown, their outlines.

    Parameters
    ----------
    path : path-like
        The film.
    frames : DataFrame
        From :func:`bp_research.measure_video`.
    times : dict of str to float
        What is seen, and when, s.
    show : bool
        See :func:`bp_research.plots.may_show`; if not, no picture is read.
    title : str

    Returns
    -------
    ndarray of Axes
    """
    seen = frames[frames["status"] == "ok"]
    rows = seen.iloc[[int(np.argmin(abs(seen["time"] - time))) for time in times.values()]]
    grid = panels(len(times), columns=len(times), height=2.6)
    images = pictures(path, rows["frame"].tolist()) if show else [None] * len(rows)
    for name, time, points, image, ax in zip(times, rows["time"], landmarks_of(rows), images, grid, strict=True):
        outline(points, ax, COLOURS["yellow"] if show else COLOURS["ink"], linewidth=0.8)
        if show:
            ax.imshow(image[..., ::-1])
        ax.set_title(f"{name}\n{time:.2f} s", fontsize=9.5, fontweight="normal", loc="center")
    heading(grid[0], title)
    return grid
