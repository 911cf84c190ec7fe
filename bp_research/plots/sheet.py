"""A patient's sheet: one person's measures, scores and face on one printed page."""

import base64
import re
from datetime import date as calendar
from html import escape
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.core.pylabtools import print_figure
from scipy.stats import norm

from .. import DISCLAIMER, __version__, clinical
from ..clinical.eface import auto_eface, movement_score, suggest_affected_side
from ..clinical.export import long_table
from ..errors import NoFaceError, ScalingError
from ..face.geometry import eye_frame
from ..face.measures import MEASURES
from ..face.schemes import EXPRESSIONS, REGIONS
from ..measuring.cohort import landmarks_of
from ..paths import reports_dir
from ..people.healthy_norms import ALL_AGES, COMPOSITE, COPIES, asymmetry_scale, compare, composite_score, read_norms
from .faces import drawing, outline
from .style import COLOURS

#: Factors by which the copies' intervals hold hand-set points' measures at 90 %: London at rest, see notebook 12.
_CALIBRATION = Path(clinical.__file__).with_name("calibration.csv")

#: What is shown of each expression after the first one, of which all is.
_SHOWN = {
    "brow raise": ("brow height",),
    "gentle eye closure": ("palpebral fissure height",),
    "tight eye closure": ("palpebral fissure height",),
    "closed-lip smile": ("commissure excursion", "smile angle"),
    "open smile": ("commissure excursion", "smile angle", "dental show"),
    "lip pucker": ("palpebral fissure height", "commissure excursion"),
    "lower teeth show": ("dental show",),
}

#: The numbers of a person's composite score.
_COMPARED = ["value", "low", "high", "limit_high"]

#: What stands beside the face, from brow to chin.
_BESIDE = ("brow height", "palpebral fissure height", "commissure excursion", "smile angle", "dental show")


def patient_sheet(table, affected_side=None, date=None, pictures=(), simulated=False, note=""):
    """The sheet of a person, and the numbers on it.

    Parameters
    ----------
    table : DataFrame
        One person's rows of :func:`bp_research.measure_cohort` with ``augment`` and ``clinical``, one per expression.
    affected_side : {"left", "right"}, optional
        The subject's. Without it the scores take the side that :func:`bp_research.suggest_affected_side` finds, and the page
        says so.
    date : str, optional
        Of the photos.
    pictures : sequence of Photo
        The photos, if they may be shown.
    simulated : bool
    note : str
        What else shall stand at the end, such as whose faces are shown.

    Returns
    -------
    page : str
        HTML that is whole without network and prints to one page of A4.
    data : DataFrame
        The numbers, as from :func:`person_measures`; the scores in the last rows.

    Raises
    ------
    NoFaceError, ScalingError
        As :func:`person_measures`.
    """
    import jinja2

    data = person_measures(table)
    rows = table[table["status"] == "ok"]
    shown = {e: part.pivot(index="measure", columns="column") for e, part in data.groupby("expression", sort=False)}
    measures = {expression: part["value"].assign(unit="mm") for expression, part in shown.items()}
    suggested, evidence = suggest_affected_side(measures)
    side = affected_side or suggested
    scores = [score(measures, side) for score in (auto_eface, movement_score)] if side else []
    order = sorted(shown, key=EXPRESSIONS.index)
    first = rows[rows["expression"] == order[0]]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    page = environment.get_template("sheet.html.j2").render(
        name=table["patient_id"].iloc[0],
        date=date,
        today=calendar.today().isoformat(),
        version=__version__,
        disclaimer=DISCLAIMER,
        affected_side=affected_side,
        suggested=suggested,
        weaker=evidence["weaker"].tolist(),
        lines={e: shown[e].loc[list(MEASURES if e == order[0] else _SHOWN[e])] for e in order},
        units=dict(zip(data["measure"], data["unit"].where(data["unit"] != "%").ffill(), strict=True)),
        scores=scores,
        composite=_composite(first.iloc[0]),
        failed=table[table["status"] != "ok"],
        warned=rows[rows["quality"].fillna("") != ""] if "quality" in rows else rows[:0],
        drawing=drawn_face(landmarks_of(first, median=True)[0], measures[order[0]]),
        pictures=[(photo.expression, _photo_uri(photo)) for photo in pictures],
        simulated=simulated,
        model=" and ".join(rows["model"].unique()),
        note=note,
    )
    kept = [
        pd.DataFrame({"measure": f"{s.name}: " + s.index, "column": "score", "value": s.to_numpy()}) for s in scores
    ]
    return page, pd.concat([data, *kept], ignore_index=True)


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


def drawn_face(points, measures):
    """A face as lines, levelled by the eyes, with measures of the subject's right on the left of the picture.

    Parameters
    ----------
    points : array_like (68, 2)
        px.
    measures : DataFrame
        Index the measures, columns ``right`` and ``left``.

    Returns
    -------
    str
        A PNG picture as a data URI.
    """
    figure = plt.figure(figsize=(5.4, 3.1), layout="none")
    ax = outline(eye_frame(points), figure.add_axes((0, 0, 1, 1)))
    (left, right), (top, bottom) = ax.dataLim.intervalx, ax.dataLim.intervaly
    ax.axvline(0, color=COLOURS["grey"], linewidth=0.8, linestyle=":")
    for side, x, where in (("right", left - 0.12, "right"), ("left", right + 0.12, "left")):
        ax.text(x, top - 0.05, f"person's {side}", ha=where, va="center", fontsize=9, color=COLOURS["blue"])
        for measure, height in zip(_BESIDE, np.linspace(top + 0.12, bottom - 0.12, len(_BESIDE)), strict=True):
            value = measures.at[measure, side]
            text = f"{value:.1f}{'°' if measure == 'smile angle' else ''}" if np.isfinite(value) else "–"
            ax.text(x, height, text, ha=where, va="center", fontsize=12, fontweight="bold")
            ax.text(x, height + 0.1, measure, ha=where, va="center", fontsize=8, color="#48535f")
    ax.set_xlim(left - 1.0, right + 1.0)
    plt.close(figure)
    return "data:image/png;base64," + print_figure(figure, "png", bbox_inches=None, dpi=200, base64=True).replace("\n", "")


def person_strips(table, photoset, show=False, most=20):
    """One line per person: the face, the side and region that differ most, the composite score, and whether it can be read.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measure_cohort`.
    photoset : PhotoSet
        Its photos.
    show : bool
        Whether the photos may be shown; else the face is drawn as lines.
    most : int
        Number of people.

    Returns
    -------
    pandas.io.formats.style.Styler
        Of each person the first photo that could be measured, taken to be at rest unless it says "open smile", against the
        healthy people that come with the package, see :func:`bp_research.compare`. Not shown, but in its ``data``, are the
        numbers of the composite score, ``value``, ``low``, ``high`` and ``limit_high``.
    """
    strips = []
    for person, own in list(table.groupby("patient_id", sort=False))[:most]:
        read = own[own["status"] == "ok"]
        first = (read if len(read) else own).iloc[0]
        strip = {"face": "", "person": escape(str(person)), "differs most": "–", "composite score": "–"}
        strip |= dict.fromkeys(_COMPARED, np.nan)
        if len(read):
            photo = photoset.select([first["photo_id"]])[0]
            found = compare(photo.path, "open smile" if first["expression"] == "open smile" else "at rest")
            composite, worst = found.iloc[0], found[found["quantity"].isin(REGIONS)].nlargest(1, "percentile").iloc[0]
            shown = f'<img src="{_photo_uri(photo, 90)}" alt="the face of {strip["person"]}" width="64">' if show else None
            strip["face"] = shown or drawing(landmarks_of(read)[0])
            strip["differs most"] = "{quantity}, {side} {how}, percentile {percentile:.0f}".format(**worst)
            strip["composite score"] = "{value:.1f} [{low:.1f}, {high:.1f}], percentile {percentile:.0f}".format(**composite)
            strip |= composite[_COMPARED].to_dict()
        quality = first.get("quality", "")
        fit = f"with reserve: {quality}" if isinstance(quality, str) and quality else "yes"
        reason = first["status"].replace(str(first["path"]), "the photo")
        strip["fit to be measured"] = escape(fit if len(read) else f"no: {reason}")
        sheet = f"sheets/{re.sub(r'[^A-Za-z0-9._-]+', '_', str(person))}.html"
        strip["sheet"] = f'<a href="{sheet}">sheet</a>' if (reports_dir() / sheet).is_file() else "not made"
        strips.append(strip)
    return pd.DataFrame(strips).style.hide().hide(_COMPARED, axis="columns")


def _photo_uri(photo, height=420):
    """A photo, reduced to ``height`` px at most, as the data URI of a JPEG."""
    image = photo.image
    scale = min(1.0, height / image.shape[0])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", small)[1]).decode()


def _composite(photo):
    """Composite asymmetry score of a photo and what 95 % of healthy people stay below; None without norms for it."""
    norms = read_norms(reading=COPIES, age=ALL_AGES)
    norms = norms[norms["expression"] == photo["expression"]]
    if norms.empty or photo["model"] != "FaceMesh":
        return None
    score = composite_score(photo[[f"{region}_median" for region in REGIONS]].to_numpy(float), asymmetry_scale(norms))
    return {"value": float(score), "limit": norms.set_index("measure").at[COMPOSITE, "p95"]}
