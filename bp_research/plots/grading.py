"""How good classifiers are: confusion matrix and calibration; their comparison is a :func:`bp_research.plots.forest`."""

from matplotlib.ticker import PercentFormatter

from .charts import heat_table
from .style import COLOURS, CYCLE, WIDTH, axes


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
