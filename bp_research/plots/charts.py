"""Two charts that several figures share: estimates with their intervals, and a table whose cells are coloured."""

import numpy as np
import seaborn as sns

from .style import COLOURS, CYCLE, WIDTH, axes


def forest(table, value, low, high, label, *, by=None, reference=None, ax=None, xlabel="", colours=None):
    """A line for each row, from the top down: a dot at its value and its interval.

    Parameters
    ----------
    table : DataFrame
    value, low, high : str
        Columns with the estimates and the ends of their intervals. Where an end is NaN, the dot stands alone.
    label : str
        Column with the lines' names. Rows of one name share a line if ``by`` tells them apart, else each has its own.
    by : str, optional
        Column of the groups that are told apart by colour.
    reference : float, optional
        Where a dashed vertical line stands, such as what guessing reaches.
    ax : Axes, optional
        The legend of the groups stands below a figure made here; on given Axes it is left to the caller, for whom the
        dots are labelled.
    xlabel : str
    colours : dict, optional
        Colour of each group, in the order of the legend; default the groups as they come, in the colours of
        :data:`bp_research.plots.CYCLE`.

    Returns
    -------
    Axes
    """
    groups = table[by].to_numpy(object) if by else np.full(len(table), "", object)
    colours = colours or dict(zip(dict.fromkeys(groups), np.resize(CYCLE, len(table)), strict=False))
    shown = [group for group in colours if group in set(groups)]
    names, lines = list(table[label]), np.arange(len(table))
    if by and not table.duplicated([label, by]).any():
        names = list(dict.fromkeys(names))
        lines = np.array([names.index(name) for name in table[label]])
    step = 0.6 / len(shown) if len(names) < len(table) else 0  # between the groups of one line
    made, per_line = ax is None, 0.27 + 0.12 * (len(shown) - 1) * bool(step)
    ax = axes(ax, (WIDTH, 1.2 + sum(max(per_line, 0.18 * (1 + str(name).count("\n"))) for name in names)))
    if reference is not None:
        ax.axvline(reference, color=COLOURS["ink"], linestyle="--", linewidth=1.2)
    middles, ends = table[value].to_numpy(float), table[[low, high]].to_numpy(float).T
    for i, group in enumerate(shown):
        own = groups == group
        y = lines[own] + step * (i - (len(shown) - 1) / 2)
        ax.hlines(y, *ends[:, own], color=colours[group], linewidth=2.2)
        ax.plot(middles[own], y, "o", color=colours[group], markersize=5.5, label=str(group), clip_on=False)
    ax.set_yticks(range(len(names)), names)
    ax.set(ylim=(len(names) - 0.4, -0.6), xlabel=xlabel)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    ax.set_axisbelow(True)
    if made and len(shown) > 1:
        columns = 5 if sum(len(str(group)) for group in shown) < 60 else 2
        ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=min(len(shown), columns))
    return ax


def heat_table(frame, *, text=None, cmap="Blues", vmin=None, vmax=None, ax=None, colour_label=""):
    """A table with its numbers as the cells' colours, and written in them.

    Parameters
    ----------
    frame : DataFrame (n, k)
        Its index and columns name rows and columns, their names the axes.
    text : array_like (n, k), optional
        What is written in the cells; default the numbers with two decimals.
    cmap : str or Colormap
    vmin, vmax : float, optional
        Ends of the colour scale; default those of the numbers.
    ax : Axes, optional
    colour_label : str
        What the colours mean, at a bar; without it there is no bar.

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 1.0 + 0.27 * len(frame)))
    written = {"annot": True, "fmt": ".2f"} if text is None else {"annot": np.asarray(text, str), "fmt": ""}
    bar = {"cbar": bool(colour_label), "cbar_kws": {"label": colour_label}}
    scale = {"cmap": cmap, "vmin": vmin, "vmax": vmax, "linewidths": 1, "linecolor": "white"}
    labels = {"xticklabels": True, "yticklabels": True, "annot_kws": {"fontsize": 9}}
    sns.heatmap(frame.astype(float), ax=ax, **written, **bar, **scale, **labels)
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelrotation=0)
    return ax
