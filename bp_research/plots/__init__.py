"""Every figure of the project: functions that take a table or landmarks and maybe Axes, and return the Axes.

No function shows a face unless it is given a photo and told that it may.
"""

# ruff: noqa: F401 - what is imported here is what the package offers

from .augmentation import copies, coverages, enough_copies, growth, rank_correlation, spread_and_error
from .charts import forest, heat_table
from .cohort import people, photos_of_person, statuses
from .distributions import overlap_table, region, ridges
from .faces import face, may_show, outline
from .landmarks import asymmetry_kept, asymmetry_sizes, error_curves, error_map, interval_chart
from .maps import against_chance, map_grid
from .movement import blink_raster, film_strip, movement_curves
from .one_person import FINDING_COLOURS, mirror_maps, on_faces, percentile_table
from .recovery import courses
from .sheet import patient_sheet, person_strips
from .style import (
    COLOURS,
    CYCLE,
    REGION_COLOURS,
    WIDTH,
    axes,
    heading,
    levels_of,
    named,
    panels,
    quantity,
    source,
    use_style,
)
