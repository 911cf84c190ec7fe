"""One person's photos, read by their expressions, and what a patient's sheet says of them."""

from itertools import zip_longest
from pathlib import Path

import pandas as pd
from scipy.stats import norm

from ..datasets.files import SIMULATED_MARKER
from ..datasets.folder import expression_in_name
from ..datasets.records import Photo, PhotoSet
from ..errors import BadSettingError, DatasetNotFoundError, NoFaceError, ScalingError
from ..face.images import list_photos
from ..face.schemes import EXPRESSIONS
from ..people.healthy_norms import ALL_AGES, COPIES, read_norms
from .export import long_table

#: Factors by which the copies' intervals hold hand-set points' measures at 90 %: London at rest, see notebook 12.
_CALIBRATION = Path(__file__).with_name("calibration.csv")


def load_person(folder, name=None):
    """Read one person's photos, one for each expression.

    Parameters
    ----------
    folder : path-like
        The photos. A CSV in it with the columns ``path`` and ``expression`` says what each shows; else their names do ("open
        smile.jpg", or ``_1`` to ``_8`` at the end as in the MEEI set); else, if no name does, their order: that of
        :data:`bp_research.face.schemes.EXPRESSIONS`.
    name : str, optional
        Name or code of the person; default the folder's.

    Returns
    -------
    PhotoSet
        ``simulated`` if ``SIMULATED.txt`` lies in the folder or up to three above it. Expressions that only the order
        tells are listed in ``problems``.

    Raises
    ------
    DatasetNotFoundError
        If there is no such folder.
    BadSettingError
        If it holds no photos, an expression is unknown, missing or comes twice, or a photo that the CSV names is not there.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise DatasetNotFoundError(f"there is no folder {folder}")
    lists = sorted(folder.glob("*.csv"))
    said = _listed(lists[0]) if lists else {path: expression_in_name(path.stem) for path in list_photos(folder)}
    if by_order := not any(said.values()):
        said = dict(zip_longest(said, EXPRESSIONS[: len(said)]))
    for path, expression in said.items():
        if expression not in EXPRESSIONS:
            what = expression or "no known expression"
            raise BadSettingError(f"{path.name} shows {what}: names or a CSV say one of {', '.join(EXPRESSIONS)}")
        if list(said.values()).count(expression) > 1:
            raise BadSettingError(f"{folder} has two photos of {expression}: a sheet takes one of each expression")
    name, places = name or folder.name, [folder, *folder.parents][:4]
    simulated = any((place / SIMULATED_MARKER).is_file() for place in places)
    photos = [Photo(f"photos of {name}", name, path.name, path, expression=shown) for path, shown in said.items()]
    taken = [("expression by order", photo.photo_id, f"taken as: {photo.expression}") for photo in photos if by_order]
    problems = pd.DataFrame(taken, columns=["problem", "where", "detail"])
    return PhotoSet(f"photos of {name}", photos, problems, simulated)


def person_measures(table):
    """The long table of one person's measures, with intervals and what healthy people have.

    Parameters
    ----------
    table : DataFrame
        One person's rows of :func:`bp_research.measure_cohort` with ``augment`` and ``clinical``.

    Returns
    -------
    DataFrame
        As :func:`bp_research.clinical.export.long_table`, of photos that could be measured, with ``healthy_low`` and
        ``healthy_high``, between which 95 % of healthy people with the same expression lie. For the face mesh ``low`` and
        ``high`` are calibrated: they held the measures of hand-set points of 90 % of healthy people. For other models
        they hold 90 % of the copies, and there are no healthy ranges.

    Raises
    ------
    NoFaceError
        If no photo could be measured; the message says why.
    ScalingError
        If no photo shows an open eye.
    """
    rows = table[table["status"] == "ok"]
    if rows.empty:
        raise NoFaceError(f"no photo could be measured: {'; '.join(table['status'])}")
    if rows["interocular_mm"].isna().all():
        raise ScalingError("no eye is open in any of the photos, and millimetres need an iris: add the face at rest")
    data = long_table(rows)
    if (rows["model"] != "FaceMesh").any():
        return data.assign(healthy_low=float("nan"), healthy_high=float("nan"))
    name = data["measure"] + " " + data["column"]
    factors = pd.read_csv(_CALIBRATION, index_col="quantity").reindex(name).set_index(data.index)
    unit = (data["high"] - data["low"]) / (2 * norm.isf(0.05)) + factors["floor"]
    bounds = {end: (data["value"] + factors[end] * unit).fillna(data[end]) for end in ("low", "high")}
    norms = read_norms(reading=COPIES, age=ALL_AGES).set_index(["expression", "measure"])
    healthy = norms.reindex(pd.MultiIndex.from_arrays([data["expression"], name])).set_index(data.index)
    return data.assign(**bounds, healthy_low=healthy["p2.5"], healthy_high=healthy["p97.5"])


def _listed(path):
    """Photos and their expressions, of a CSV."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := {"path", "expression"} - set(table.columns):
        raise BadSettingError(f"{path} lacks the columns {sorted(missing)}; it has {list(table.columns)}")
    said = {path.parent / name: expression for name, expression in zip(table["path"], table["expression"], strict=True)}
    if absent := [photo.name for photo in said if not photo.is_file()]:
        raise BadSettingError(f"{path}: there is no photo {absent[0]} beside it")
    return said
