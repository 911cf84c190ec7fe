"""Every figure of the project: functions that take a table or landmarks and maybe Axes, and return the Axes.

No function shows a face unless it is given a photo and told that it may.
"""

from .augmentation import copies, coverages, enough_copies, gains, growth, rank_correlation, spread_and_error
from .charts import forest, heat_table
from .cohort import people, photos_of_person, statuses
from .distributions import effect_sizes, health, overlap_table, region, ridges
from .faces import face, may_show, outline
from .landmarks import asymmetry_kept, asymmetry_scatter, asymmetry_sizes, error_curves, error_map, interval_chart
from .maps import against_chance, explained, loadings, scatter_map
from .one_person import mirror_map, mirror_maps, on_face, on_faces, percentile_table, percentiles
from .recovery import course, courses
from .style import (
    COLOURS,
    CYCLE,
    GRADES,
    SEVERITY_COLOURS,
    WIDTH,
    axes,
    count,
    heading,
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
    "against_chance",
    "asymmetry_kept",
    "asymmetry_scatter",
    "asymmetry_sizes",
    "axes",
    "copies",
    "count",
    "course",
    "courses",
    "coverages",
    "effect_sizes",
    "enough_copies",
    "error_curves",
    "error_map",
    "explained",
    "face",
    "forest",
    "gains",
    "growth",
    "heading",
    "health",
    "heat_table",
    "interval_chart",
    "levels_of",
    "loadings",
    "may_show",
    "mirror_map",
    "mirror_maps",
    "on_face",
    "on_faces",
    "outline",
    "overlap_table",
    "panels",
    "people",
    "percentile_table",
    "percentiles",
    "photos_of_person",
    "quantity",
    "rank_correlation",
    "region",
    "ridges",
    "scatter_map",
    "source",
    "spread_and_error",
    "statuses",
    "use_style",
]
