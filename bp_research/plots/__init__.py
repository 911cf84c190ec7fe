"""Every figure of the project: functions that take a table or landmarks and maybe Axes, and return the Axes.

No function shows a face unless it is given a photo and told that it may.
"""

from .cohort import people, photos_of_person, statuses
from .distributions import effect_sizes, health, overlap_table, region, ridges
from .faces import face, may_show, outline
from .landmarks import asymmetry_kept, asymmetry_scatter, asymmetry_sizes, error_curves, error_map, interval_chart
from .style import (
    COLOURS,
    CYCLE,
    GRADES,
    SEVERITY_COLOURS,
    WIDTH,
    axes,
    count,
    levels_of,
    panels,
    quantity,
    source,
    use_style,
)

__all__ = [
    "COLOURS",
    "CYCLE",
    "GRADES",
    "SEVERITY_COLOURS",
    "WIDTH",
    "asymmetry_kept",
    "asymmetry_scatter",
    "asymmetry_sizes",
    "axes",
    "count",
    "effect_sizes",
    "error_curves",
    "error_map",
    "face",
    "health",
    "interval_chart",
    "levels_of",
    "may_show",
    "outline",
    "overlap_table",
    "panels",
    "people",
    "photos_of_person",
    "quantity",
    "region",
    "ridges",
    "source",
    "statuses",
    "use_style",
]
