"""How good classifiers are: comparison with intervals and baseline, confusion matrix, calibration, importance."""

import numpy as np
from matplotlib.ticker import PercentFormatter

from ..face.schemes import FEATURE_LABELS
from .style import COLOURS, CYCLE, WIDTH, axes


def comparison(table, metric="balanced_accuracy", label="model", baseline=None, by=None, ax=None):
    """One row per model: a metric with its 95 % interval, and the baseline as a line.

    Parameters
    ----------
    table : DataFrame
        ``summary`` of :class:`bp_research.grading.Evaluation`, or several of them put together.
    metric : str
        Column, with ``<metric>_low`` and ``<metric>_high`` beside it.
    label : str
        Column with the rows' names.
    baseline : float, optional
        What always giving the same answer reaches.
    by : str, optional
        Column whose values are told apart by colour.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 1.1 + 0.27 * len(table)))
    y = np.arange(len(table))
    values = list(dict.fromkeys(table[by])) if by else [None]
    for i, value in enumerate(values):
        own = np.ones(len(table), bool) if by is None else (table[by] == value).to_numpy()
        rows, colour = table[own], CYCLE[i % len(CYCLE)]
        ax.hlines(y[own], rows[f"{metric}_low"], rows[f"{metric}_high"], color=colour, linewidth=2.2)
        ax.plot(rows[metric], y[own], "o", color=colour, markersize=6, label=value)
    if baseline is not None:
        ax.axvline(baseline, color=COLOURS["ink"], linestyle="--", linewidth=1.2)
        ax.annotate(
            f"baseline {baseline:.2f}",
            (baseline, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -3),
            textcoords="offset points",
            va="top",
            fontsize=9,
        )
    ax.set_yticks(y, table[label])
    ax.set_ylim(len(table) - 0.4, -0.9)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.set_xlabel(f"{metric.replace('_', ' ')}, 95 % interval by people")
    if by and len(values) > 1:
        ax.figure.legend(loc="outside lower left", ncols=3)
    return ax


def confusion_matrix(counts, ax=None):
    """The share of each true class that got each answer, with the numbers of answers.

    Parameters
    ----------
    counts : DataFrame (k, k)
        From :meth:`bp_research.grading.Evaluation.confusion`: true classes in the rows.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    k = len(counts)
    ax = axes(ax, (1.6 + 0.62 * k, 1.3 + 0.55 * k))
    numbers = counts.to_numpy(float)
    shares = numbers / np.maximum(numbers.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(k, k):
        colour = "white" if shares[i, j] > 0.55 else COLOURS["ink"]
        text = f"{shares[i, j]:.0%}\n{numbers[i, j]:.0f}"
        ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)
    names = [f"{name:g}" if isinstance(name, float) else str(name) for name in counts.index]
    ax.set_xticks(range(k), names)
    ax.set_yticks(range(k), names)
    ax.set(xlabel="answer", ylabel="truth")
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def calibration_curve(table, name=None, colour=None, ax=None):
    """How often what was called probable was so.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.grading.calibration`.
    name : str, optional
        For the legend.
    colour : str, optional
    ax : Axes, optional
        To draw several models into.

    Returns
    -------
    Axes
    """
    if ax is None:
        ax = axes(None, (WIDTH * 0.75, 4.2))
        ax.plot([0, 1], [0, 1], color=COLOURS["grey"], linestyle="--", linewidth=1.2, label="perfect")
        ax.set(xlabel="predicted probability", ylabel="share that was so, 95 % interval by people")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(PercentFormatter(1))
        ax.grid(True)
    x = table["predicted"].to_numpy()
    ax.vlines(x, table["low"], table["high"], color=colour or CYCLE[0], linewidth=1.6, alpha=0.6)
    ax.plot(x, table["observed"], "o-", color=colour or CYCLE[0], markersize=5, label=name)
    return ax


def importances(table, most=12, ax=None):
    """What is lost when an input is shuffled, the largest losses first.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.grading.importance`.
    most : int
        Number of rows shown.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    rows = table.head(most)
    ax = axes(ax, (WIDTH, 1.1 + 0.27 * len(rows)))
    y = np.arange(len(rows))
    ax.hlines(y, rows["low"], rows["high"], color=CYCLE[0], linewidth=2.2)
    ax.plot(rows["loss"], y, "o", color=CYCLE[0], markersize=6)
    ax.axvline(0, color="#555555", linewidth=1)
    ax.set_yticks(y, [f"{name} {FEATURE_LABELS.get(name, '')}".strip() for name in rows["input"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    ax.set_xlabel("loss of balanced accuracy when shuffled, 95 % interval by people")
    return ax
