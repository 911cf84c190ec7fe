"""How good classifiers are: comparison with intervals and baseline, confusion matrix, calibration, importance."""

from matplotlib.ticker import PercentFormatter

from ..face.schemes import FEATURE_LABELS
from .charts import forest, heat_table
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
    ends, xlabel = (f"{metric}_low", f"{metric}_high"), f"{metric.replace('_', ' ')}, 95 % interval by people"
    ax = forest(table, metric, *ends, label, by=by, reference=baseline, ax=ax, xlabel=xlabel)
    if baseline is not None:
        place = {"xycoords": ("data", "axes fraction"), "xytext": (3, -3), "textcoords": "offset points"}
        ax.annotate(f"baseline {baseline:.2f}", (baseline, 1), va="top", fontsize=9, **place)
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
    ax = axes(ax, (1.6 + 0.62 * len(counts), 1.3 + 0.55 * len(counts)))
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    written = shares.map("{:.0%}\n".format) + counts.map("{:.0f}".format)
    ax = heat_table(shares, text=written, vmin=0, vmax=1, ax=ax)
    ax.set(xlabel="answer", ylabel="truth")
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
    rows = rows.assign(name=[f"{name} {FEATURE_LABELS.get(name, '')}".strip() for name in rows["input"]])
    xlabel = "loss of balanced accuracy when shuffled, 95 % interval by people"
    return forest(rows, "loss", "low", "high", "name", reference=0, ax=ax, xlabel=xlabel)
