"""What a classifier is given: named sets of inputs made from a table of photos, and one row per person from many photos."""

import numpy as np
import pandas as pd

from ..errors import BadSettingError, BadTableError
from ..face.schemes import EXPRESSIONS, FEATURES, REGIONS
from ..people.group_differences import is_healthy

#: Sets of inputs by name, and what they hold.
INPUT_SETS = {
    "features": "the 29 features",
    "asymmetries": "signed and absolute asymmetry of mouth, brows and eyes",
    "features and asymmetries": "both",
    "relative asymmetries": "the features, and asymmetry of each region towards the side of the higher mouth corner",
    "augmentation medians": "the 29 features, each the median of many looks at the photo",
    "medians and widths": "the same and the width of each feature's interval over the looks",
    "blendshapes": "the mesh's blendshapes, left minus right and its absolute value",
    "features and blendshapes": "both",
}

_ABSOLUTE, _RELATIVE, _WIDTH = "{} (absolute)", "{} (relative)", "{} (width)"
_BLEND = "blend_"


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
    names = input_names(table, features) if isinstance(features, str) else list(features)
    columns = {name: _column(table, name) for name in names}
    return pd.DataFrame(columns, index=table.index).astype(float)


def input_names(table, features):
    """The names of the inputs in a set, list of str; those of blendshapes depend on the table."""
    absolute, relative = ([form.format(name) for name in REGIONS] for form in (_ABSOLUTE, _RELATIVE))
    medians = [f"{name}_median" for name in FEATURES]
    if features == "features":
        return list(FEATURES)
    if features == "asymmetries":
        return [*REGIONS, *absolute]
    if features == "features and asymmetries":
        return [*FEATURES, *REGIONS, *absolute]
    if features == "relative asymmetries":
        return [*FEATURES, *relative]
    if features == "augmentation medians":
        return medians
    if features == "medians and widths":
        return [*medians, *(_WIDTH.format(name) for name in FEATURES)]
    if features in ("blendshapes", "features and blendshapes"):
        pairs = [name for name in table if name.startswith(_BLEND) and name.endswith("Left")]
        if not pairs:
            raise BadTableError("the table has no blendshapes: measure it with the model FaceMesh")
        signed = [name.removeprefix(_BLEND).removesuffix("Left") for name in pairs]
        both = [*signed, *(_ABSOLUTE.format(name) for name in signed)]
        return both if features == "blendshapes" else [*FEATURES, *both]
    raise BadSettingError(f"there is no set of inputs {features!r}; there are {list(INPUT_SETS)}")


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
    left, right = (f"{_BLEND}{name}{side}" for side in ("Left", "Right"))
    if {left, right} <= set(table):
        return table[left] - table[right]
    raise BadTableError(f"the table lacks the column {name!r} that is needed as an input")


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
    mean = inputs.groupby([table["patient_id"].to_numpy(), expression], observed=True).mean()
    people = table["patient_id"].drop_duplicates()
    blocks = [
        mean.xs(name, level=1).reindex(people).add_suffix(f", {name}")
        for name in expression.categories
        if name in mean.index.get_level_values(1)
    ]
    rest = mean[mean.index.get_level_values(1) == EXPRESSIONS[0]].droplevel(1).reindex(people)
    for name in EXPRESSIONS[1:]:
        if name in mean.index.get_level_values(1):
            blocks.append((mean.xs(name, level=1).reindex(people) - rest).add_suffix(f", {name}, change"))
    by_person = inputs.groupby(table["patient_id"].to_numpy())
    blocks += [
        by_person.max().reindex(people).add_suffix(", worst"),
        by_person.mean().reindex(people).add_suffix(", mean"),
    ]
    about = {"patient_id": people.to_numpy(), "n_photos": by_person.size().reindex(people).to_numpy()}
    for name in ("group", "severity"):
        if name in table:
            values = table.groupby("patient_id")[name]
            if (values.nunique() > 1).any():
                raise BadTableError(f"patient {values.nunique().idxmax()} has several values of {name}")
            about[name] = values.first().reindex(people).to_numpy()
    return pd.concat([pd.DataFrame(about), pd.concat(blocks, axis=1).reset_index(drop=True)], axis=1)


#: Which columns of :func:`person_table` belong to a set of person-level inputs.
PERSON_SETS = ("worst", "mean", "worst and mean", "each expression", "change from rest", "all")


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
    columns = [name for name in people if ", " in name]
    ends = {
        "worst": (", worst",),
        "mean": (", mean",),
        "worst and mean": (", worst", ", mean"),
        "change from rest": (", change",),
        "each expression": tuple(f", {name}" for name in EXPRESSIONS),
        "all": ("",),
    }
    if which not in ends:
        raise BadSettingError(f"there is no set of person-level inputs {which!r}; there are {list(PERSON_SETS)}")
    return [name for name in columns if name.endswith(ends[which])]
