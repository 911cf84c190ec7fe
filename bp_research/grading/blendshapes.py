"""Blendshapes of the photos in a table: how far each of 52 movements of the face is made, left and right apart."""

import numpy as np
import pandas as pd

from ..errors import BadTableError, BpResearchError
from ..landmarks.facemesh import BLENDSHAPES
from ..landmarks.get_landmarks import GetLandmarks
from ..landmarks.models import get_engine
from ..work import map_cached


def add_blendshapes(table, processes=None, progress=True):
    """Measure the blendshapes with the face mesh.

    Parameters
    ----------
    table : DataFrame
        Of photos, with ``path``, as :func:`bp_research.measure_cohort` makes it.
    processes : int, optional
        Worker processes; default one per core.
    progress : bool
        Whether a progress bar is shown on stderr.

    Returns
    -------
    DataFrame
        The table with ``blend_NAME``, 0 to 1, for each of :data:`bp_research.landmarks.facemesh.BLENDSHAPES`; left
        and right are the
        subject's. NaN for photos that could not be measured.

    Raises
    ------
    BadTableError
        If the table has no column ``path``.
    """
    if "path" not in table:
        raise BadTableError("the table has no column path: blendshapes are measured from the photos' files")
    get_engine("FaceMesh")  # a missing model is said at once, and forked workers share the loaded one
    rows = map_cached(_blendshapes, table["path"].map(str).tolist(), processes=processes, progress=progress)
    names = [f"blend_{name}" for name in BLENDSHAPES]
    return pd.concat([table, pd.DataFrame(rows, columns=names, index=table.index).astype(float)], axis=1)


def _blendshapes(path):
    try:
        return get_engine("FaceMesh").blendshapes(GetLandmarks(path, "FaceMesh").mesh).tolist()
    except BpResearchError:
        return [np.nan] * len(BLENDSHAPES)
