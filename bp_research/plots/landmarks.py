"""Figures of landmark accuracy, from the tables of ``score_landmarks`` and ``summarise``."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import PercentFormatter

from ..accuracy.dataset_tester import POINT_ERRORS
from ..accuracy.scores import bootstrap_ci, interval_text
from ..errors import BadTableError
from ..face.schemes import REGIONS
from .charts import forest
from .faces import outline
from .style import COLOURS, axes, count, heading, levels_of, panels, source

_PERCENT = PercentFormatter(1, decimals=0)


def error_map(scores, shape, ax=None, highest=None):
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
    bar = ax.figure.colorbar(dots, ax=ax, shrink=0.7, format=_PERCENT)
    bar.set_label("mean error [% of inter-ocular distance]")
    return ax


def error_curves(scores, limit=0.12, ax=None):
    """The share of frames whose error is at most x, a curve for each setting.

    Failed frames count among all, so a curve may end below 100 %.

    Parameters
    ----------
    scores : DataFrame
    limit : float
        Right end of the axis, inter-ocular distances.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax)
    for name, part in scores.groupby("setting", sort=False):
        failed = f", {part['failed'].sum()} failed" if part["failed"].any() else ""
        beyond = part["error"].mask(part["failed"], np.inf).clip(upper=2 * limit)  # where no curve is seen
        ax.ecdf(beyond, label=f"{name} ({count(len(part), 'frame')}{failed})")
    xlabel, ylabel = "error [% of inter-ocular distance]", "share of frames with at most this error"
    ax.set(xlim=(0, limit), ylim=(0, 1.02), xlabel=xlabel, ylabel=ylabel)
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.grid(True)
    ax.set_title(source(scores.drop_duplicates("photo_id")))
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.14), ncols=2, fontsize=9)  # inside, it would hide curves
    return ax


def asymmetry_kept(scores, seed=0):
    """Detected against true signed asymmetry of mouth, brows and eyes: a line's slope is the share that landmarks keep.

    Parameters
    ----------
    scores : DataFrame
        Of one setting.
    seed : int
        Of the draws for the intervals, see :func:`bp_research.accuracy.scores.bootstrap_ci`.

    Returns
    -------
    ndarray (3,) of Axes
        Their axes are the subject's left minus right, in inter-ocular distances.
    """
    found = scores[~scores["failed"]]
    colours = {level.value: level.colour for level in levels_of(found, "group")}
    look = {"hue": "group", "palette": colours, "hue_order": list(colours), "s": 16, "alpha": 0.7, "linewidth": 0}
    grid = panels(len(REGIONS), columns=len(REGIONS), height=3.6)
    for ax, region in zip(grid, REGIONS, strict=True):
        pairs = found[[f"{region}_true", region]].to_numpy()
        slope, r = (bootstrap_ci(pairs, found["patient_id"], name, seed=seed) for name in ("slope", "correlation"))
        end = 1.08 * np.abs(pairs).max()
        ax.axline((0, 0), slope=1, color=COLOURS["grey"], linewidth=1, linestyle="--", label="all kept (slope 1)")
        sns.scatterplot(found, x=f"{region}_true", y=region, ax=ax, **look)
        ax.legend().remove()
        ax.axline(pairs.mean(axis=0), slope=slope[0], color=COLOURS["ink"], label="detected on true")
        ax.set(xlim=(-end, end), ylim=(-end, end), xlabel="true", ylabel="detected", aspect="equal")
        ax.tick_params(labelsize=8)
        ax.set_title(f"{region}\nslope {interval_text(*slope)}\nr {interval_text(*r)}", fontsize=9)
    grid[0].figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=9)
    heading(grid[0], f"{source(found)}\nleft minus right side [inter-ocular distances]")
    return grid


def asymmetry_sizes(table, seed=0):
    """How asymmetric faces are, without regard to the side: a dot per frame, the groups' medians with their intervals.

    Parameters
    ----------
    table : DataFrame
        Columns "mouth", "brows", "eyes" (signed, in inter-ocular distances), "patient_id", "dataset" and "group".
    seed : int
        Of the draws for the intervals, and of the dots' scatter within a row.

    Returns
    -------
    ndarray (3,) of Axes
    """
    levels, rng = levels_of(table, "group"), np.random.default_rng(seed)
    grid = panels(len(REGIONS), columns=len(REGIONS), height=1.3 + 0.55 * len(levels))
    for ax, region in zip(grid, REGIONS, strict=True):
        rows = []
        for y, level in enumerate(levels):
            part = table[(table["group"] == level.value) & table[region].notna()]
            values = part[region].abs().to_numpy()
            ax.plot(values, y + rng.uniform(-0.25, 0.25, len(values)), "o", color=level.colour, markersize=3, alpha=0.4)
            rows.append((level.label, *bootstrap_ci(values, part["patient_id"], "median", seed=seed)))
        medians = pd.DataFrame(rows, columns=["group", "median", "low", "high"])
        forest(medians, "median", "low", "high", "group", ax=ax, colours={"": COLOURS["ink"]})
        ax.tick_params(axis="y", labelleft=ax is grid[0])
        ax.set(xlim=(0, None), xlabel="|left minus right|", title=region)
    heading(grid[0], f"{source(table)} [inter-ocular distances]")
    return grid


def interval_chart(rows, by, hue="setting", reference=None, xlabel="median error [% of inter-ocular distance]"):
    """Shares with their 95 % intervals, a row for each value of ``by`` with its numbers of photos and people.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`bp_research.accuracy.dataset_tester.summarise`, of one measure and statistic.
    by : str
        The column by which it was summarised.
    hue : str
        Column whose values are side by side in each row.
    reference : float, optional
        Where a dashed line stands.
    xlabel : str

    Returns
    -------
    Axes
    """
    sizes = zip(rows[by], rows["n_frames"], rows["n_people"], strict=True)
    names = [f"{value}\n{count(n, 'photo')}, {count(people, 'person', 'people')}" for value, n, people in sizes]
    names = pd.Series(names, rows.index).groupby(rows[by]).transform("first")  # a setting may lack a photo of others
    hue = hue if rows[hue].nunique() > 1 else None
    ax = forest(rows.assign(name=names), "estimate", "low", "high", "name", by=hue, reference=reference, xlabel=xlabel)
    ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    return ax
