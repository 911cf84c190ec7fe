"""One printed page per patient: the measures of one person's photos, with intervals, healthy ranges and scores."""

from datetime import date as calendar
from pathlib import Path

import jinja2
import pandas as pd

from .. import DISCLAIMER, __version__
from ..datasets.files import SIMULATED_MARKER
from ..datasets.records import Photo, PhotoSet
from ..errors import BadTableError, DatasetNotFoundError, ScalingError
from ..face.images import list_photos
from ..face.measures import MEASURES
from ..face.schemes import EXPRESSIONS, REGIONS
from ..people.healthy_norms import ALL_AGES, COMPOSITE, COPIES, asymmetry_scale, composite_score, read_norms
from ..people.recovery import expression_in_name
from .eface import auto_eface, movement_score, suggest_affected_side
from .export import long_table

#: What is shown of each expression but the one at rest.
_SHOWN = {
    "brow raise": ("brow height",),
    "gentle eye closure": ("palpebral fissure height",),
    "tight eye closure": ("palpebral fissure height",),
    "closed-lip smile": ("commissure excursion", "smile angle"),
    "open smile": ("commissure excursion", "smile angle", "dental show"),
    "lip pucker": ("palpebral fissure height", "commissure excursion"),
    "lower teeth show": ("dental show",),
}


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

    Raises
    ------
    DatasetNotFoundError
        If there is no such folder.
    BadSettingError
        If it holds no photos.
    BadTableError
        If an expression is unknown, missing or comes twice, or a photo that the CSV names is not there.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise DatasetNotFoundError(f"there is no folder {folder}")
    photos = list_photos(folder)
    if lists := sorted(folder.glob("*.csv")):
        said = _listed(lists[0])
    elif not any(found := [expression_in_name(path.stem) for path in photos]):
        said = list(zip(photos, EXPRESSIONS, strict=False)) if len(photos) <= len(EXPRESSIONS) else [(photos[8], None)]
    else:
        said = list(zip(photos, found, strict=True))
    for number, (path, expression) in enumerate(said):
        if expression not in EXPRESSIONS:
            raise BadTableError(f"{path.name}: {expression or 'no expression'} is none of {', '.join(EXPRESSIONS)}")
        if expression in [other for _, other in said[:number]]:
            raise BadTableError(f"{path.name}: a second photo of {expression}; one of each makes a sheet")
    name = name or folder.resolve().name
    simulated = any((place / SIMULATED_MARKER).is_file() for place in [folder, *list(folder.resolve().parents)[:3]])
    photos = [Photo(f"photos of {name}", name, path.name, path, expression=expression) for path, expression in said]
    return PhotoSet(f"photos of {name}", photos, pd.DataFrame(columns=["problem", "where", "detail"]), simulated)


def patient_sheet(table, affected_side=None, date=None, drawing=None, pictures=(), simulated=False):
    """The page and the numbers on it.

    Parameters
    ----------
    table : DataFrame
        One person's rows of :func:`bp_research.measure_cohort` with ``augment`` and ``clinical``, of the model FaceMesh if
        healthy ranges are to be shown.
    affected_side : {"left", "right"}, optional
        The subject's. Without it the scores take the side that :func:`suggest_affected_side` finds, and the page says so.
    date : str, optional
        Of the photos.
    drawing : str, optional
        A picture as a data URI, see :func:`bp_research.plots.drawn_face`.
    pictures : sequence of (str, str)
        Captions and data URIs of the photos, if they may be shown.
    simulated : bool

    Returns
    -------
    page : str
        HTML, whole by itself, that prints to one page of A4.
    data : DataFrame
        What is on it, one row per number: as :func:`bp_research.clinical.export.long_table`, with ``healthy_low`` and
        ``healthy_high`` (95 % of healthy people with this expression), and the scores.

    Raises
    ------
    BadTableError
        If no photo could be measured; the message says why.
    ScalingError
        If no photo shows an open eye.
    """
    rows = table[table["status"] == "ok"]
    if rows.empty:
        raise BadTableError(f"no photo could be measured: {'; '.join(table['status'])}")
    if rows["interocular_mm"].isna().all():
        raise ScalingError("no eye is open in any of the photos, and millimetres need an iris: add the face at rest")
    data = _with_healthy(long_table(rows), rows["model"].iloc[0])
    shown = {e: part.pivot(index="measure", columns="column") for e, part in data.groupby("expression", sort=False)}
    measures = {expression: part["value"].assign(unit="mm") for expression, part in shown.items()}
    suggested, evidence = suggest_affected_side(measures)
    side = affected_side or suggested
    scores = [score(measures, side) for score in (auto_eface, movement_score)] if side else []
    first = "at rest" if "at rest" in shown else rows["expression"].iloc[0]
    order = [first, *(e for e in EXPRESSIONS if e in shown and e != first)]
    page = _template().render(
        name=table["patient_id"].iloc[0],
        date=date,
        today=calendar.today().isoformat(),
        version=__version__,
        disclaimer=DISCLAIMER,
        affected_side=affected_side,
        suggested=suggested,
        signs=evidence["weaker"].eq(suggested).sum(),
        evidence=evidence,
        lines={e: shown[e].loc[list(MEASURES.index) if e == first else list(_SHOWN[e])] for e in order},
        units=dict(zip(data["measure"] + data["column"], data["unit"], strict=True)),
        scores=scores,
        composite=_composite(rows[rows["expression"] == first].iloc[0]),
        missing=_missing(table, scores, side),
        drawing=drawing,
        pictures=pictures,
        simulated=simulated,
        model=rows["model"].iloc[0],
    )
    tables = [
        pd.DataFrame({"measure": score.name + ": " + score.index, "column": "score", "value": score})
        for score in scores
    ]
    return page, pd.concat([data, *tables], ignore_index=True)


def _template():
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        "sheet.html.j2"
    )


def _with_healthy(data, model):
    """The long table with what 95 % of healthy people have, as far as the norms know; they hold for the face mesh."""
    norms = read_norms(reading=COPIES, age=ALL_AGES).rename(columns={"p2.5": "healthy_low", "p97.5": "healthy_high"})
    norms = norms[["expression", "measure", "healthy_low", "healthy_high"]].rename(columns={"measure": "name"})
    named = data.assign(name=data["measure"] + " " + data["column"])
    return named.merge(norms if model == "FaceMesh" else norms[:0], "left", ["expression", "name"]).drop(columns="name")


def _composite(photo):
    """Composite asymmetry score of a photo and what 95 % of healthy people stay below; None without norms for it."""
    norms = read_norms(reading=COPIES, age=ALL_AGES)
    norms = norms[norms["expression"] == photo["expression"]]
    if norms.empty or photo["model"] != "FaceMesh":
        return None
    score = composite_score(photo[[f"{region}_median" for region in REGIONS]].to_numpy(float), asymmetry_scale(norms))
    return {
        "value": float(score),
        "limit": norms.set_index("measure").at[COMPOSITE, "p95"],
        "expression": photo["expression"],
    }


def _missing(table, scores, side):
    """What could not be measured, and why, in words."""
    failed = table[table["status"] != "ok"]
    missing = [
        f"{expression}: {status}" for expression, status in zip(failed["expression"], failed["status"], strict=True)
    ]
    if "quality" in table:
        warned = table[table["quality"].fillna("").astype(str) != ""]
        missing += [f"{e}: {quality}" for e, quality in zip(warned["expression"], warned["quality"], strict=True)]
    if not side:
        missing.append("Auto-eFACE: the affected side is not given, and the photos do not show which it is")
    reasons = {}
    for score in scores:
        for item, why in score.attrs["why"].items():
            reasons.setdefault(why, []).append(f"{score.name} {item}" if score.name != "Auto-eFACE" else item)
    return missing + [f"{', '.join(items)}: {why}" for why, items in reasons.items()]


def _listed(path):
    """Photos and expressions of a CSV."""
    table = pd.read_csv(path, dtype=str)
    if missing := {"path", "expression"} - set(table.columns):
        raise BadTableError(f"{path} lacks the columns {sorted(missing)}; it has {list(table.columns)}")
    said = [
        (path.parent / name, expression) for name, expression in table[["path", "expression"]].itertuples(index=False)
    ]
    if absent := [photo.name for photo, _ in said if not photo.is_file()]:
        raise BadTableError(f"{path}: there is no photo {absent[0]} beside it")
    return said
