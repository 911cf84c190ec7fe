"""Figures of landmark accuracy, from the tables of ``score_landmarks`` and ``summarise``."""

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from ..accuracy.dataset_tester import POINT_ERRORS
from ..accuracy.scores import bootstrap_ci, interval_text
from ..errors import BadTableError
from ..face.schemes import REGIONS
from .charts import forest
from .faces import outline
from .style import COLOURS, CYCLE, axes, count, heading, levels_of, panels, source

_PERCENT = PercentFormatter(1, decimals=0)


def error_map(scores, shape, ax=None, highest=None, colorbar=True):
    """Each landmark's mean error, as colour and size of a dot on a face outline.

    Parameters
    ----------
    scores : DataFrame
        Of one setting.
    shape : array_like (68, 2)
        The face on which to draw, such as the mean of :func:`bp_research.face.geometry.eye_frame`.
    ax : Axes, optional
    highest : float, optional
        End of the colour scale, in inter-ocular distances, so that several maps can be compared.
    colorbar : bool

    Returns
    -------
    Axes
    """
    errors = scores.loc[~scores["failed"], list(POINT_ERRORS)].mean().to_numpy()
    if not np.isfinite(errors).all():
        raise BadTableError("there is no frame with landmarks: nothing to draw")
    highest = errors.max() if highest is None else highest
    shape = np.asarray(shape, float)
    ax = outline(shape, axes(ax, (4.6, 4.4)), colour="#BBBBBB")
    order = np.argsort(errors)
    sizes, look = 14 + 90 * np.minimum(errors[order] / highest, 1), {"edgecolors": "white", "linewidths": 0.5, "zorder": 3}
    dots = ax.scatter(*shape[order].T, sizes, errors[order], cmap="viridis_r", vmin=0, vmax=highest, **look)
    ax.set_title(source(scores), fontsize=10)
    if colorbar:
        bar = ax.figure.colorbar(dots, ax=ax, shrink=0.7, format=_PERCENT)
        bar.set_label("mean error [% of inter-ocular distance]")
    return ax


def error_curves(scores, by="setting", measure="error", limit=0.12, ax=None):
    """The share of frames whose error is at most x. Failed frames count among all, so a curve may end below 100 %.

    Parameters
    ----------
    scores : DataFrame
    by : str
        Column with one curve for each of its values.
    measure : str
        "error", "error_centred" or "rmse_bbox".
    limit : float
        Right end of the axis.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax)
    for name, colour, part in _parts(scores, by):
        errors = np.sort(part.loc[~part["failed"], measure].to_numpy())
        share = np.arange(1, len(errors) + 1) / len(part)
        failed = f", {part['failed'].sum()} failed" if part["failed"].any() else ""
        label = f"{name} ({count(len(part), 'frame')}{failed})"
        ax.step(np.r_[0, errors, limit], np.r_[0, share, len(errors) / len(part)], where="post", color=colour, label=label)
    of = "face box's diagonal" if measure == "rmse_bbox" else "inter-ocular distance"
    ax.set(
        xlim=(0, limit), ylim=(0, 1.02), xlabel=f"error [% of {of}]", ylabel="share of frames with at most this error"
    )
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=None if limit < 0.05 else 0))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.grid(True)
    ax.set_title(source(scores.drop_duplicates("photo_id")))
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.14), ncols=2, fontsize=9)  # inside, it would hide curves
    return ax


def asymmetry_scatter(scores, region, ax=None, by="group", n=2000, seed=0):
    """Detected against true signed asymmetry: the slope of the line is the share that the landmarks keep.

    Parameters
    ----------
    scores : DataFrame
        Of one setting.
    region : str
        One of :data:`bp_research.face.schemes.REGIONS`; both axes are the subject's left minus right, in inter-ocular
        distances.
    ax : Axes, optional
    by : str
        Column that colours the dots.
    n, seed
        For the intervals, see :func:`bp_research.accuracy.scores.bootstrap_ci`.

    Returns
    -------
    Axes
    """
    ax = axes(ax, (4.2, 4.2))
    found = scores[~scores["failed"]]
    pairs = found[[f"{region}_true", region]].to_numpy()
    end = 1.08 * np.abs(pairs).max()
    ax.plot([-end, end], [-end, end], color=COLOURS["grey"], linewidth=1, linestyle="--", label="all kept (slope 1)")
    for level in levels_of(found, by):
        x, y = pairs[(found[by] == level.value).to_numpy()].T
        ax.plot(x, y, "o", color=level.colour, markersize=4, alpha=0.7, markeredgewidth=0, label=level.label)
    slope, r = (bootstrap_ci(pairs, found["patient_id"], name, n=n, seed=seed) for name in ("slope", "correlation"))
    ends, (x, y) = end * np.array([-1, 1]), pairs.mean(axis=0)
    ax.plot(ends, y + slope[0] * (ends - x), color=COLOURS["ink"], label="detected on true")
    ax.set(xlim=(-end, end), ylim=(-end, end), xlabel="true", ylabel="detected")
    ax.set_aspect("equal")
    ax.tick_params(labelsize=8)
    ax.set_title(f"{region}\nslope {interval_text(*slope)}\nr {interval_text(*r)}", fontsize=9)
    return ax


def asymmetry_kept(scores, by="group", seed=0):
    """Detected against true asymmetry of mouth, brows and eyes side by side, see :func:`asymmetry_scatter`.

    Parameters
    ----------
    scores : DataFrame
        Of one setting.
    by, seed
        As in :func:`asymmetry_scatter`.

    Returns
    -------
    ndarray (3,) of Axes
    """
    grid = panels(len(REGIONS), columns=len(REGIONS), height=3.6)
    for ax, region in zip(grid, REGIONS, strict=True):
        asymmetry_scatter(scores, region, ax, by, seed=seed)
    grid[0].figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    heading(grid[0], f"{source(scores[~scores['failed']])}\nleft minus right side [inter-ocular distances]")
    return grid


def asymmetry_sizes(table, by="group", seed=0):
    """How asymmetric faces are, without regard to the side: a dot per frame, the groups' medians with their intervals.

    Parameters
    ----------
    table : DataFrame
        Columns "mouth", "brows", "eyes" (signed, in inter-ocular distances), "patient_id", "dataset" and ``by``.
    by : str
        Column whose groups make the rows.
    seed : int
        Of the draws for the intervals, and of the dots' scatter within a row.

    Returns
    -------
    ndarray (3,) of Axes
    """
    levels, rng = levels_of(table, by), np.random.default_rng(seed)
    grid = panels(len(REGIONS), columns=len(REGIONS), height=1.3 + 0.55 * len(levels))
    for ax, region in zip(grid, REGIONS, strict=True):
        rows = []
        for y, level in enumerate(levels):
            part = table[(table[by] == level.value) & table[region].notna()]
            values = part[region].abs().to_numpy()
            ax.plot(values, y + rng.uniform(-0.25, 0.25, len(values)), "o", color=level.colour, markersize=3, alpha=0.4)
            rows.append((level.label, *bootstrap_ci(values, part["patient_id"], "median", seed=seed)))
        medians = pd.DataFrame(rows, columns=["group", "median", "low", "high"])
        forest(medians, "median", "low", "high", "group", ax=ax, colours={"": COLOURS["ink"]})
        ax.tick_params(axis="y", labelleft=ax is grid[0])
        ax.set(xlim=(0, None), xlabel="|left minus right|", title=region)
    heading(grid[0], f"{source(table)} [inter-ocular distances]")
    return grid


def interval_chart(summary, measure, statistic, by=None, ax=None, label=None, percent=False):
    """Estimates with their 95 % intervals, a row for each setting or, with ``by``, for each of its values.

    Parameters
    ----------
    summary : DataFrame
        From :func:`bp_research.accuracy.dataset_tester.summarise`.
    measure, statistic : str
        Which of its rows.
    by : str, optional
        The column by which it was summarised; settings are then side by side in each row.
    ax : Axes, optional
    label : str, optional
        Of the x axis; default measure and statistic.
    percent : bool
        Whether the axis is in per cent.

    Returns
    -------
    Axes
    """
    rows = summary[(summary["measure"] == measure) & (summary["statistic"] == statistic) & summary["minus"].isna()]
    by = by or "setting"
    sizes = zip(rows[by], rows["n_frames"], rows["n_people"], strict=True)
    names = [f"{value}\n{count(n, 'frame')}, {count(people, 'person', 'people')}" for value, n, people in sizes]
    names = pd.Series(names, rows.index).groupby(rows[by]).transform("first")  # a setting may lack a frame of others
    hue = "setting" if by != "setting" and rows["setting"].nunique() > 1 else None
    xlabel = label or f"{measure}, {statistic}"
    ax = forest(rows.assign(name=names), "estimate", "low", "high", "name", by=hue, ax=ax, xlabel=xlabel)
    if percent:
        ax.xaxis.set_major_formatter(PercentFormatter(1))
    return ax


def _parts(scores, by):
    """(name, colour, rows) of each curve; settings in the table's order."""
    if by != "setting":
        return [(level.label, level.colour, scores[scores[by] == level.value]) for level in levels_of(scores, by)]
    parts = scores.groupby("setting", sort=False)
    return [(name, CYCLE[i % len(CYCLE)], part) for i, (name, part) in enumerate(parts)]
