"""Files of landmarks: this project's CSV, iBUG's ``.pts``, dlib's training XML, Emotrics' text; read only are webmorph's
``.tem`` and the JSON that the page for phones saves.

A pixel's centre has whole coordinates and the first pixel is (0, 0) everywhere in this package. ``.pts`` files count
from 1, as Matlab does; reading and writing them takes that into account.

dlib and Emotrics read whole pixels only. Their files get whole pixels where those programs look, and the exact
coordinates where they do not: in further attributes of the XML, in a further section of the text. They are read back
from there as long as they agree with the whole pixels, that is, until another program changes the points.
"""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ..errors import BadLandmarksError, BadSettingError
from ..paths import write_atomic
from .london import read_template

#: Name of a file's further section or attributes with exact coordinates.
_EXACT = "Exact landmarks [x,y]"
_SIDES = ("right", "left")


@dataclass(frozen=True, eq=False)
class Points:
    """The landmarks of one photo, as a file tells them.

    Attributes
    ----------
    landmarks : ndarray (68, 2) float64
        iBUG order, x then y (downwards), px of the upright photo.
    photo : str
        The photo's file, as the file names it; empty where it does not.
    irises : dict
        ``"right"`` and ``"left"``, the subject's sides: (x, y, radius) in px. A closed or unknown one is left out.
    box : tuple of 4 floats or None
        The face: left, top, right, bottom, px.
    about : dict of str
        What else the file tells, such as ``annotator``, ``saved`` (time) and ``start`` (the model corrected).
    """

    landmarks: np.ndarray
    photo: str = ""
    irises: dict = field(default_factory=dict)
    box: tuple | None = None
    about: dict = field(default_factory=dict)


def read_points(path):
    """Read a file of landmarks, of the kind that its suffix says.

    Parameters
    ----------
    path : path-like
        ``.csv``, ``.pts``, ``.xml``, ``.txt`` (Emotrics), ``.tem`` (webmorph, 189 points mapped to 68) or ``.json`` (the page
        for phones).

    Returns
    -------
    list of Points
        One for each photo; only an XML holds several.

    Raises
    ------
    BadLandmarksError
        If the file does not hold 68 points a photo in that form; the message says which file, and what is wrong.
    BadSettingError
        For another suffix.
    """
    path = Path(path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise BadSettingError(f"{path}: landmarks are read from {', '.join(_READERS)} files")
    try:
        found = read(path)
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, ElementTree.ParseError) as error:
        raise BadLandmarksError(f"{path} is no whole {path.suffix} file of landmarks ({error}): write it again") from error
    for points in found:
        count = len(points.landmarks)
        if points.landmarks.shape != (68, 2) or not np.isfinite(points.landmarks).all():
            raise BadLandmarksError(f"{path} has {count} points for {points.photo or 'its photo'}: 68 finite ones are needed")
    return found


def write_points(path, points):
    """Write landmarks, whole or not at all, in the form that the suffix says.

    Parameters
    ----------
    path : path-like
        ``.csv``, ``.pts``, ``.xml`` or ``.txt`` (Emotrics).
    points : Points or list of Points
        Several go into an XML only. dlib needs each one's ``box``; where it is None, the points' extent is taken.

    Returns
    -------
    Path

    Raises
    ------
    BadSettingError
        For another suffix, or several photos in a file that holds one.
    """
    path = Path(path)
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise BadSettingError(f"{path}: landmarks are written to {', '.join(_WRITERS)} files")
    points = [points] if isinstance(points, Points) else list(points)
    if write is not _write_xml and len(points) != 1:
        raise BadSettingError(f"{path}: a {path.suffix} file holds the points of one photo, not of {len(points)}")
    return write_atomic(path, write(points))


def _numbers(lines):
    return np.array([[float(number) for number in re.split(r"[,\s]+", line)] for line in lines])


def _lines(path):
    return [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]


def _read_csv(path):
    about = json.loads(_lines(path)[0].removeprefix("#"))
    table = pd.read_csv(path, comment="#", index_col="point", dtype={"point": str}, encoding="utf-8-sig")
    irises = {side: tuple(table.loc[f"{side} iris"]) for side in _SIDES if f"{side} iris" in table.index}
    landmarks = table.loc[table.index.str.isdigit(), ["x", "y"]].to_numpy(float)
    return [Points(landmarks, about.pop("photo", ""), irises, about.pop("box", None), about)]


def _write_csv(points):
    (one,) = points
    rows = [f"{i},{x:.6f},{y:.6f}," for i, (x, y) in enumerate(one.landmarks)]
    rows += [f"{side} iris," + ",".join(f"{number:.6f}" for number in iris) for side, iris in one.irises.items()]
    head = json.dumps({"photo": one.photo, "box": one.box, **one.about}, ensure_ascii=False)
    return "\n".join([f"# {head}", "point,x,y,radius", *rows]) + "\n"


def _read_pts(path):
    text = "\n".join(_lines(path))
    said = re.search(r"n_points\s*:\s*(\d+)", text)
    inside = re.search(r"\{(.*?)\}", text, re.DOTALL)
    landmarks = _numbers(inside[1].strip().splitlines()) - 1
    if said and int(said[1]) != len(landmarks):
        raise ValueError(f"it says {said[1]} points and has {len(landmarks)}")
    return [Points(landmarks)]


def _write_pts(points):
    rows = [f"{x:.6f} {y:.6f}" for x, y in points[0].landmarks + 1]
    return "\n".join(["version: 1", f"n_points: {len(rows)}", "{", *rows, "}"]) + "\n"


def _read_xml(path):
    found = []
    for image in ElementTree.parse(path).getroot().iter("image"):
        for box in image.iter("box"):
            parts = sorted(box.iter("part"), key=lambda part: int(part.get("name")))
            whole, exact = (
                np.array([[part.get(f"{kind}{axis}", np.nan) for axis in "xy"] for part in parts], float)
                for kind in ("", "exact_")
            )
            left, top, width, height = (float(box.get(name)) for name in ("left", "top", "width", "height"))
            edges = (left, top, left + width - 1, top + height - 1)
            found.append(Points(_finer(whole, exact), image.get("file"), box=edges))
    return found


def _write_xml(points):
    root = ElementTree.Element("dataset")
    images = ElementTree.SubElement(root, "images")
    for one in points:
        edges = np.r_[one.landmarks.min(axis=0), one.landmarks.max(axis=0)] if one.box is None else one.box
        left, top, right, bottom = (round(float(edge)) for edge in edges)
        size = {"left": left, "top": top, "width": right - left + 1, "height": bottom - top + 1}
        box = ElementTree.SubElement(
            ElementTree.SubElement(images, "image", file=one.photo), "box", {name: str(n) for name, n in size.items()}
        )
        for i, (x, y) in enumerate(one.landmarks):
            whole = {"name": f"{i:02}", "x": str(round(x)), "y": str(round(y))}
            ElementTree.SubElement(box, "part", whole, exact_x=f"{x:.6f}", exact_y=f"{y:.6f}")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _read_emotrics(path):
    text = "\n".join(_lines(path))
    if not text.endswith("# }"):
        raise ValueError("it breaks off")
    found = re.findall(r"^# (.+?) \{\n(.*?)^# \}$", text, re.DOTALL | re.MULTILINE)
    sections = {name.lower(): lines.splitlines() for name, lines in found}
    whole = _numbers(sections["68 facial landmarks [x,y]"])
    exact = _numbers(sections.get(_EXACT.lower(), ())) if _EXACT.lower() in sections else np.full_like(whole, np.nan)
    irises = {side: tuple(map(float, sections.get(f"{side} iris [x,y,r]", ()))) for side in _SIDES}
    irises = {side: iris for side, iris in irises.items() if len(iris) == 3 and iris[2] > 0}  # a closed eye has radius -1
    box = next((list(map(float, sections[name])) for name in sections if name.startswith("face bounding box")), None)
    box = (box[0], box[1], box[0] + box[2], box[1] + box[3]) if box and any(box) else None
    return [Points(_finer(whole, exact), sections["file name"][0], irises, box)]


def _write_emotrics(points):
    (one,) = points
    left, top, right, bottom = one.box or (0, 0, 0, 0)
    irises = [[str(round(number)) for number in one.irises.get(side, (-1, -1, -1))] for side in ("left", "right")]
    sections = {
        "File name": [one.photo],
        "68 facial Landmarks [x,y]": [f"{round(x)},{round(y)}" for x, y in one.landmarks],
        "Left iris [x,y,r]": irises[0],
        "Right iris [x,y,r]": irises[1],
        "Face bounding Box [top(x), left(y), width, height]": [
            str(round(number)) for number in (left, top, right - left, bottom - top)
        ],
        _EXACT: [f"{x:.6f},{y:.6f}" for x, y in one.landmarks],
    }
    return "".join(f"# {name} {{ \n" + "\n".join(lines) + "\n# } \n" for name, lines in sections.items())


def _finer(whole, exact):
    """Exact coordinates while they round to the whole ones: another program that moves points knows only these."""
    return exact if exact.shape == whole.shape and (np.abs(exact - whole) <= 0.5 + 1e-6).all() else whole


def _read_tem(path):
    landmarks, (left, right) = read_template(path)
    return [Points(landmarks, irises={"right": tuple(right), "left": tuple(left)})]


def _read_json(path):
    about = json.loads(path.read_text(encoding="utf-8"))
    landmarks, irises = np.array(about.pop("landmarks"), float), about.pop("irises", {})
    irises = {side: tuple(iris) for side, iris in irises.items()}
    return [Points(landmarks, about.pop("photo", ""), irises, about.pop("box", None), about)]


_READERS = {".csv": _read_csv, ".pts": _read_pts, ".xml": _read_xml, ".txt": _read_emotrics}
_READERS |= {".tem": _read_tem, ".json": _read_json}
_WRITERS = {".csv": _write_csv, ".pts": _write_pts, ".xml": _write_xml, ".txt": _write_emotrics}
#: Suffixes of the files that :func:`read_points` knows.
READ_SUFFIXES = tuple(_READERS)
