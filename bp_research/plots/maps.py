"""Maps of a cohort, what their axes are made of, and how they compare with chance."""

import numpy as np

from .style import COLOURS, WIDTH, axes, levels_of


def scatter_map(points, about, by, ax=None, title="", legend=True):
    """A map, one point per row, coloured by a column.

    Parameters
    ----------
    points : array_like (n, 2)
    about : DataFrame (n rows)
    by : str
        Column of the colours. With more than 12 groups, such as people, colours repeat and there is no legend.
    ax : Axes, optional
    title : str
    legend : bool
        Whether a legend gives the groups and their numbers.

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH * 0.75, WIDTH * 0.7))
    points, values = np.asarray(points), about[by].to_numpy()
    levels = levels_of(about, by)
    for level in levels:
        own = values == level.value
        label = f"{level.label}, n = {own.sum()}" if len(levels) <= 12 else None
        ax.scatter(*points[own].T, s=14, color=level.colour, alpha=0.75, linewidths=0, label=label)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(True)
    ax.set_title(title, fontsize=10)
    if legend and len(levels) <= 12:
        frame = ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.6, handletextpad=0.2, title=by)
        frame.set_in_layout(False)  # beside others the map keeps their size
    return ax


def explained(found, ax=None, shown=10):
    """Share of the variance that each component holds, and their running sum.

    Parameters
    ----------
    found : Components
        From :func:`bp_research.people.maps.components`.
    ax : Axes, optional
    shown : int
        How many components.

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 2.8))
    share = 100 * found.explained[:shown]
    x = np.arange(1, len(share) + 1)
    ax.bar(x, share, color=COLOURS["sky"], label="each")
    ax.plot(x, share.cumsum(), "o-", color=COLOURS["ink"], label="together")
    # variance split evenly is what features without any correlation would give
    ax.axhline(100 / len(found.loadings), color=COLOURS["vermillion"], linestyle="--", label="uncorrelated features")
    ax.set_xticks(x)
    ax.set_xlabel("principal component")
    ax.set_ylabel("variance [%]")
    ax.set_ylim(0, 100)
    ax.legend(loc="center right")
    return ax


def loadings(found, ax=None, shown=4):
    """What the first components are made of: the share of each facial region.

    Parameters
    ----------
    found : Components
        From :func:`bp_research.people.maps.components`.
    ax : Axes, optional
    shown : int
        How many components.

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 2.8))
    shares = 100 * found.by_region().iloc[:, :shown]
    left = np.zeros(shares.shape[1])
    colours = ("blue", "vermillion", "green", "purple", "grey")
    for (region, row), colour in zip(shares.iterrows(), colours, strict=True):
        ax.barh(row.index, row, left=left, color=COLOURS[colour], edgecolor="white", label=region)
        for x, y, width in zip(left, range(len(row)), row, strict=True):
            if width > 7:
                ax.text(x + width / 2, y, f"{width:.0f}", ha="center", va="center", color="white", fontsize=9)
        left += row.to_numpy()
    ax.invert_yaxis()
    ax.set_xlim(0, 100)
    ax.set_xlabel("share of the squared loadings [%]")
    ax.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=5, columnspacing=1, handlelength=1.2)
    return ax


def against_chance(numbers, number="purity", ax=None):
    """Numbers of several maps beside what shuffled labels give.

    Parameters
    ----------
    numbers : DataFrame
        One row per map: the column ``map`` and those of :func:`bp_research.people.maps.map_numbers`.
    number : {"purity", "silhouette"}
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = axes(ax, (WIDTH, 1.1 + 0.34 * len(numbers)))
    y = np.arange(len(numbers))
    low, high = numbers[f"{number}_low"], numbers[f"{number}_high"]
    ax.barh(y, high - low, left=low, height=0.55, color="#D5D5D5", label="shuffled labels, middle 95 %")
    above = (numbers[number] > high).to_numpy()
    for mask, colour, label in ((above, "vermillion", "above chance"), (~above, "ink", "not above chance")):
        ax.plot(numbers[number][mask], y[mask], "o", color=COLOURS[colour], label=f"{label}, {mask.sum()}")
    ax.set_yticks(y, numbers["map"])
    ax.set_ylim(len(numbers) - 0.5, -0.5)
    ax.set_xlabel({"purity": "k-NN purity by people [0 to 1]", "silhouette": "silhouette [-1 to 1]"}[number])
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, columnspacing=1, handletextpad=0.4)
    return ax


