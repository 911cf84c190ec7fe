"""What a classifier is given: named sets of inputs made from a table of photos, and one row per person from many photos."""

import numpy as np
import pandas as pd

from ..errors import BadSettingError, BadTableError, BpResearchError
from ..face.schemes import EXPRESSIONS, FEATURES, REGIONS
from ..landmarks.facemesh import BLENDSHAPES
from ..landmarks.get_landmarks import GetLandmarks
from ..landmarks.models import get_engine
from ..people.group_differences import is_healthy
from ..work import map_cached

_ABSOLUTE, _RELATIVE, _WIDTH, _MEDIAN, _BLEND = "{} (absolute)", "{} (relative)", "{} (width)", "{}_median", "blend_{}"
_BLENDS = [name.removesuffix("Left") for name in BLENDSHAPES if name.endswith("Left")]

#: Sets of inputs by name, and what they hold.
INPUT_SETS = {
    "features": [*FEATURES],
    # of mouth, brows and eyes
    "asymmetries": [*REGIONS, *map(_ABSOLUTE.format, REGIONS)],
    "features and asymmetries": [*FEATURES, *REGIONS, *map(_ABSOLUTE.format, REGIONS)],
    # towards the side of the higher mouth corner
    "relative asymmetries": [*FEATURES, *map(_RELATIVE.format, REGIONS)],
    # over many looks at the photo
    "augmentation medians": [*map(_MEDIAN.format, FEATURES)],
    "medians and widths": [*map(_MEDIAN.format, FEATURES), *map(_WIDTH.format, FEATURES)],
    # the mesh's, left minus right
    "blendshapes": [*_BLENDS, *map(_ABSOLUTE.format, _BLENDS)],
    "features and blendshapes": [*FEATURES, *_BLENDS, *map(_ABSOLUTE.format, _BLENDS)],
}


def healthy_or_palsy(table):
    """The two classes from the data set's groups, Series of "healthy" and "palsy" (any group that is not healthy)."""
    if table["group"].isna().any():
        raise BadTableError("the column group has gaps: healthy or palsy cannot be told for every photo")
    return is_healthy(table).map({True: "healthy", False: "palsy"})


def make_inputs(table, features="features"):
    """The matrix of inputs.

    Parameters
    ----------
    table : DataFrame
        Of photos, see :func:`bp_research.measuring.cohort.measure_cohort`; or any table, if ``features`` are columns of it.
    features : str or list of str
        A name from :data:`INPUT_SETS`, or columns; the columns may also be derived ones, as named by a set.

    Returns
    -------
    DataFrame of float, (n_rows, n_inputs)

    Raises
    ------
    BadSettingError
        For an unknown set.
    BadTableError
        If columns that are needed are missing.
    """
    if isinstance(features, str):
        if features not in INPUT_SETS:
            raise BadSettingError(f"there is no set of inputs {features!r}; there are {list(INPUT_SETS)}")
        if features.endswith("blendshapes") and _BLEND.format(BLENDSHAPES[0]) not in table:
            raise BadTableError("the table has no blendshapes: see add_blendshapes")
        features = INPUT_SETS[features]
    columns = {name: _column(table, name) for name in features}
    return pd.DataFrame(columns, index=table.index).astype(float)


def _column(table, name):
    if name in table:
        return table[name]
    base, _, kind = name.partition(" (")
    if kind == "absolute)":
        return _column(table, base).abs()
    if kind == "relative)":
        side = np.where(_column(table, "mouth") < 0, -1.0, 1.0)
        return _column(table, base) * side
    if kind == "width)" and {f"{base}_high", f"{base}_low"} <= set(table):
        return table[f"{base}_high"] - table[f"{base}_low"]
    left, right = (_BLEND.format(name + side) for side in ("Left", "Right"))
    if {left, right} <= set(table):
        return table[left] - table[right]
    raise BadTableError(f"the table lacks the column {name!r} that is needed as an input")


def add_blendshapes(table, progress=True):
    """Measure the blendshapes with the face mesh.

    Parameters
    ----------
    table : DataFrame
        Of photos, with ``path``, as :func:`bp_research.measure_cohort` makes it.
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
    rows = map_cached(_blendshapes, table["path"].map(str).tolist(), progress=progress)
    names = [*map(_BLEND.format, BLENDSHAPES)]
    return pd.concat([table, pd.DataFrame(rows, columns=names, index=table.index).astype(float)], axis=1)


def _blendshapes(path):
    try:
        return get_engine("FaceMesh").blendshapes(GetLandmarks(path, "FaceMesh").mesh).tolist()
    except BpResearchError:
        return [np.nan] * len(BLENDSHAPES)


def person_table(table, features="features"):
    """One row per person from all expressions: what a grade of severity needs.

    Parameters
    ----------
    table : DataFrame
        Of photos, with ``patient_id`` and ``expression``. Failed photos (``status`` not "ok") are left out; people may
        lack expressions, whose inputs are then NaN. Several photos of one expression are averaged.
    features : str or list of str
        As in :func:`make_inputs`.

    Returns
    -------
    DataFrame
        ``patient_id``, ``group``, ``severity`` (where the table has them), ``n_photos``, and for each input *f*:
        "*f*, EXPRESSION" for each expression, "*f*, EXPRESSION, change" against the same person at rest,
        "*f*, worst" and "*f*, mean" over the expressions. Worst is the largest, for the features grow with asymmetry.

    Raises
    ------
    BadTableError
        If columns are missing, no photo was measured, or a person has several severities or groups.
    """
    for name in ("patient_id", "expression"):
        if name not in table:
            raise BadTableError(f"the table lacks the column {name}: a row per person is made from it")
    table = table[table["status"] == "ok"] if "status" in table else table
    if table.empty:
        raise BadTableError("no photo in the table was measured: see its column status")
    inputs = make_inputs(table, features)
    expression = pd.Categorical(table["expression"], EXPRESSIONS)
    means = inputs.groupby([table["patient_id"].to_numpy(), expression], observed=True).mean()
    people = table["patient_id"].drop_duplicates()
    known = set(means.index.get_level_values(1))
    each = {name: means.xs(name, level=1).reindex(people) for name in EXPRESSIONS if name in known}
    rest = each.get(EXPRESSIONS[0], np.nan)
    blocks = [own.add_suffix(f", {name}") for name, own in each.items()]
    blocks += [(own - rest).add_suffix(f", {name}, change") for name, own in each.items() if name != EXPRESSIONS[0]]
    by_person = inputs.groupby(table["patient_id"].to_numpy())
    blocks += [by_person.max().reindex(people).add_suffix(", worst"), by_person.mean().reindex(people).add_suffix(", mean")]
    about = {"patient_id": people.to_numpy(), "n_photos": by_person.size().reindex(people).to_numpy()}
    for name in ("group", "severity"):
        if name in table:
            values = table.groupby("patient_id")[name]
            if (values.nunique() > 1).any():
                raise BadTableError(f"patient {values.nunique().idxmax()} has several values of {name}")
            about[name] = values.first().reindex(people).to_numpy()
    return pd.concat([pd.DataFrame(about), pd.concat(blocks, axis=1).reset_index(drop=True)], axis=1)


_PERSON_ENDS = {
    "worst": (", worst",),
    "mean": (", mean",),
    "worst and mean": (", worst", ", mean"),
    "each expression": tuple(f", {name}" for name in EXPRESSIONS),
    "change from rest": (", change",),
    "all": ("",),
}

#: Which columns of :func:`person_table` belong to a set of person-level inputs.
PERSON_SETS = tuple(_PERSON_ENDS)


def person_inputs(people, which="worst and mean"):
    """The columns of a table of people that make up a set of inputs.

    Parameters
    ----------
    people : DataFrame
        From :func:`person_table`.
    which : str
        One of :data:`PERSON_SETS`.

    Returns
    -------
    list of str
    """
    if which not in _PERSON_ENDS:
        raise BadSettingError(f"there is no set of person-level inputs {which!r}; there are {list(PERSON_SETS)}")
    return [name for name in people if ", " in name and name.endswith(_PERSON_ENDS[which])]
