"""Maps of a cohort, what their axes are made of, and how they compare with chance."""

import numpy as np
import seaborn as sns

from ..face.schemes import REGIONS
from ..measuring.cohort import landmarks_of
from .charts import forest
from .faces import pointed_at
from .style import COLOURS, WIDTH, axes, heading, levels_of, panels


def map_grid(layouts, about, by, numbers, title="", photos=None):
    """Maps of one point per row, coloured by a column, each under its purity and what chance gives.

    Parameters
    ----------
    layouts : dict of str to array_like (n, 2)
    about : DataFrame (n rows)
    by : str
        Column of the colours. With more than 12 groups, such as people, colours repeat and there is no legend.
    numbers : DataFrame
        From :func:`bp_research.people.maps.compare_maps` with these maps and this label.
    title : str
    photos : DataFrame (n rows), optional
        Measured photos whose faces a report draws where the dots are pointed at.

    Returns
    -------
    ndarray of Axes
    """
    levels, counts = levels_of(about, by), about[by].value_counts()
    names = {level.value: f"{level.label}, n = {counts[level.value]}" for level in levels}
    colours = {names[level.value]: level.colour for level in levels}
    dots = {"s": 14, "alpha": 0.75, "linewidth": 0, "hue_order": list(colours), "palette": colours}
    grid = panels(len(layouts), columns=2, height=3.1)
    rows = numbers[numbers["label"] == by].set_index("map")
    for (name, points), ax in zip(layouts.items(), grid, strict=True):
        x, y = np.transpose(points)
        sns.scatterplot(x=x, y=y, hue=about[by].map(names).to_numpy(), ax=ax, **dots)
        purity, chance = rows.loc[name, ["purity", "purity_chance"]]
        ax.set_title(f"{name}\npurity {purity:.2f}, by chance {chance:.2f}", fontsize=10)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
        frame = ax.legend(loc="upper left", bbox_to_anchor=(1, 1), markerscale=1.6, handletextpad=0.2, title=by)
        frame.set(in_layout=False, visible=ax is grid[-1] and len(levels) <= 12)  # beside others the map keeps their size
    if photos is not None:
        said = [name for name in dict.fromkeys(("patient_id", "expression", by)) if photos[name].notna().any()]
        sizes = (100 * photos[list(REGIONS)]).map("{:.1f} %".format).agg(", ".join, axis=1)
        sizes = f"\n{', '.join(REGIONS)}, left minus right: " + sizes + " of the eyes' distance"
        told = photos[said].replace({by: {level.value: level.label for level in levels}}).astype(str)
        pointed_at(list(zip(grid, layouts.values(), strict=True)), landmarks_of(photos), told.agg(", ".join, axis=1) + sizes)
    heading(grid[0], title)
    return grid


def against_chance(numbers):
    """Purities of several maps, each with its interval, beside what shuffled labels give.

    Parameters
    ----------
    numbers : DataFrame
        One row per map: the column ``map`` and those of :func:`bp_research.people.maps.map_numbers`.

    Returns
    -------
    Axes
    """
    low, high = numbers["purity_low"], numbers["purity_high"]
    found = numbers.assign(found=np.where(numbers["purity"] > high, "above chance", "not above chance"))
    colours = {"above chance": COLOURS["vermillion"], "not above chance": COLOURS["ink"]}
    ax = axes(None, (WIDTH, 1.1 + 0.34 * len(found)))
    forest(found, "purity", "purity_from", "purity_to", "map", by="found", colours=colours, ax=ax)
    shuffled = "shuffled labels, middle 95 %"
    ax.barh(range(len(found)), high - low, left=low, height=0.55, color="#D5D5D5", zorder=0, label=shuffled)
    ax.set_xlabel("purity: share of neighbours of the same kind, 95 % interval by people")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, columnspacing=1, handletextpad=0.4)
    return ax
