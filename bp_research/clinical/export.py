"""Clinical measures as tables that a statistician can use: long and wide, with a data dictionary."""

import io
from pathlib import Path

import pandas as pd

from ..errors import BadTableError
from ..face.measures import DICTIONARY, QUANTITIES
from ..paths import write_atomic

#: What the long and the wide table say of a photo.
SAID = ("dataset", "patient_id", "photo_id", "group", "expression", "task", "side", "gender", "age", "status")


def long_table(table):
    """One row per photo and quantity.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measure_cohort` with ``clinical``.

    Returns
    -------
    DataFrame
        :data:`SAID`, ``measure``, ``column`` (right, left, difference, percent), ``unit`` and ``value``; of a table made with
        ``augment`` values are medians of the copies, and ``low`` and ``high`` hold 90 % of them.

    Raises
    ------
    BadTableError
        If the table has no clinical measures.
    """
    if QUANTITIES[0] not in table:
        raise BadTableError("the table has no clinical measures: make it with measure_cohort(..., clinical=True)")
    bounds = {"value": "_median", "low": "_low", "high": "_high"}
    ends = bounds if f"{QUANTITIES[0]}_median" in table else {"value": ""}
    said = table.loc[table.index.repeat(len(QUANTITIES)), list(SAID)].reset_index(drop=True)
    names = pd.concat([DICTIONARY[["measure", "column", "unit"]]] * len(table), ignore_index=True)
    values = {end: table[[f"{name}{suffix}" for name in QUANTITIES]].to_numpy().ravel() for end, suffix in ends.items()}
    return pd.concat([said, names, pd.DataFrame(values)], axis=1)


def export(table, folder, name="clinical_measures"):
    """Write all people and measures for a spreadsheet.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measure_cohort` with ``clinical``.
    folder : path-like
    name : str
        How the files' names begin.

    Returns
    -------
    list of Path
        ``_long.csv``, ``_wide.csv`` (one row per photo), ``_dictionary.csv``, and ``.xlsx`` with the three as sheets.
    """
    numbers = [c for c in table if c.startswith(QUANTITIES) or c == "interocular_mm"]
    sheets = {"long": long_table(table), "wide": table[[*SAID, *numbers]], "dictionary": DICTIONARY}
    book = io.BytesIO()
    with pd.ExcelWriter(book) as writer:
        for sheet, content in sheets.items():
            content.to_excel(writer, sheet_name=sheet, index=False)
    files = {f"_{sheet}.csv": content.to_csv(index=False, lineterminator="\n") for sheet, content in sheets.items()}
    files[".xlsx"] = book.getvalue()
    return [write_atomic(Path(folder) / f"{name}{end}", content) for end, content in files.items()]
