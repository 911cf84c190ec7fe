"""MEEI Facial Palsy Photo and Video Standard Set (Greene et al. 2020): eight expressions of 60 people.

The severity in folder names and spreadsheet is a band of the eFACE score, not a House-Brackmann grade that
a clinician gave; a table of such grades can be supplied and then replaces it.
"""

import re
from pathlib import Path

import pandas as pd

from ..errors import BadTableError
from ..face.images import natural_key
from ..face.schemes import EXPRESSIONS
from ..paths import SIMULATED_MARKER
from .files import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Problems, find_set, listing, read_list, videos_in
from .records import Photo, PhotoSet

_TABLE = "pat_info.xlsx"
_COLUMNS = ["Category", "Sub-category", "#", "Side", "Gender", "Age"]
_CATEGORIES = ("Flaccid", "Synkinetic", "Normal")
#: By the sub-category, which healthy people do not have.
_SEVERITIES = {"": 1, "NearNormal": 2, "Mild": 3, "Moderate": 4, "Severe": 5, "Complete": 6}
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_SIMULATED_LANDMARKS = "simulated_landmarks.csv"
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6"}
_PERSON = re.compile(r"(?:(NearNormal|Mild|Moderate|Severe|Complete)(Flaccid|Synkinetic)|Normal)[1-9]\d*")
#: Folders that hold people or other such folders.
_ABOVE = re.compile(r"(NearNormal|Mild|Moderate|Severe|Complete)?(Flaccid|Synkinetic)|Normals?")


def load_meei(root, grades=None):
    """Read the MEEI standard set as it lies on disk.

    Parameters
    ----------
    root : path-like
        The folder ``MEEI_Standard_Set``, or the one that holds it.
    grades : path-like, optional
        CSV with the columns ``patient_id`` (such as ``CompleteFlaccid1``) and ``hb``, House-Brackmann 1-6
        or I-VI, given by a clinician. They replace the folders' severity; people without a grade then have
        none.

    Returns
    -------
    PhotoSet
        Up to eight photos of each person with a row in ``pat_info.xlsx``. ``group`` is the category
        (Normal, Flaccid, Synkinetic), ``severity`` 1 (Normal) to 6 (Complete). People with photos but no
        row are among the problems.

    Raises
    ------
    DatasetNotFoundError
        If the folder is not laid out as the set is.
    BadTableError
        If a table lacks columns, or a grade is none.
    """
    looked_for = f"the spreadsheet {_TABLE}"
    root = find_set(Path(root), lambda folder: (folder / _TABLE).is_file(), "MEEI standard set", looked_for)
    problems = Problems(root)
    simulated = (root / SIMULATED_MARKER).is_file()
    name = "simulated demo (MEEI layout)" if simulated else "MEEI"
    landmarks = _read_landmarks(root / _SIMULATED_LANDMARKS) if simulated else {}
    people = _read_people(root / _TABLE, problems)
    folders = {}
    for folder in _person_folders(root, problems):
        if (used := folders.setdefault(folder.name, folder)) != folder:
            problems.add("contradictory", folder, f"the same person as {problems.name(used)}, which is used")
    if grades is not None:
        _apply_grades(people, Path(grades), problems)
    photos = []
    for patient, said in people.items():
        if patient not in folders:
            problems.add("no folder", patient, f"has a row in {_TABLE} and no folder")
            continue
        files = _expression_files(folders[patient], patient, problems)
        for number, expression in enumerate(EXPRESSIONS, start=1):
            if number not in files:
                problems.add("missing photo", folders[patient], f"no photo {patient}_{number} ({expression})")
                continue
            problems.size_of(files[number])
            photo_id = f"{patient}_{number}"
            about = {**said, "expression": expression, "landmarks_gt": landmarks.get(photo_id)}
            photos.append(Photo(name, patient, photo_id, files[number], **about))
    for patient, folder in folders.items():
        if patient not in people:
            n = len(_expression_files(folder, patient, problems))
            problems.add("no row", folder, f"{n} photos of a person without a row in {_TABLE}: not used")
    severity_name = "eFACE band (folder)" if grades is None else "House–Brackmann (supplied)"
    severity_name = f"simulated {severity_name}" if simulated else severity_name
    return PhotoSet(name, photos, problems.table(), simulated, severity_name, videos_in(root))


def _read_people(path, problems):
    """What the spreadsheet says of each patient: Photo fields, in natural order within each category."""
    try:
        table = pd.read_excel(path, sheet_name="Sheet1", dtype=str, keep_default_na=False)
    except (OSError, ValueError, KeyError) as error:
        raise BadTableError(f"{path} cannot be read as a spreadsheet: {error}. Copy it anew.") from error
    if missing := [column for column in _COLUMNS if column not in table]:
        raise BadTableError(f"{path} lacks the columns {missing}; it has {list(table.columns)}")
    people = {}
    for row, values in enumerate(table[_COLUMNS].to_numpy(), start=2):
        category, band, number, side, gender, age = (value.strip() for value in values)
        patient, where = f"{band}{category}{number}", f"{_TABLE}, row {row}"
        if not _PERSON.fullmatch(patient):
            problems.add("unreadable", where, f"no person of the set: {', '.join(values)}")
            continue
        if patient in people:
            problems.add("contradictory", where, f"{patient} a second time, the first row is used")
            continue
        about = {"group": category, "severity": _SEVERITIES[band], "gender": gender or None}
        about |= {"side": _SIDES.get(side.lower()), "age": float(pd.to_numeric(age, errors="coerce"))}
        if about["side"] is None and category != "Normal":
            problems.add("contradictory", where, f"a palsy of side {side or 'not given'!r}")
        if not 0 <= about["age"] <= 120:
            problems.add("contradictory", where, f"an age of {age or 'not given'!r}")
            about["age"] = None
        people[patient] = about
    order = sorted(people, key=lambda name: (_CATEGORIES.index(people[name]["group"]), natural_key(name)))
    return {patient: people[patient] for patient in order}


def _person_folders(folder, problems):
    """Yields the folder of each person, whether or not the spreadsheet knows them; everything else is a stray."""
    for path in listing(folder):
        if path.is_dir() and _PERSON.fullmatch(path.name):
            yield path
        elif path.is_dir() and _ABOVE.fullmatch(path.name):
            yield from _person_folders(path, problems)
        elif path.name not in (_TABLE, SIMULATED_MARKER, _SIMULATED_LANDMARKS):
            problems.add("ignored", path, "not part of the set's layout")


def _expression_files(folder, patient, problems):
    """Photo files of a person by the number 1-8 of their expression."""
    files = {}
    for path in listing(folder):
        match = re.fullmatch(rf"{patient}_([1-8])", path.stem)
        if match is None or path.suffix.lower() not in IMAGE_SUFFIXES:
            if path.suffix.lower() not in VIDEO_SUFFIXES:
                problems.add("ignored", path, f"neither a photo {patient}_1 to _8 nor a video")
        elif int(match[1]) in files:
            used = files[int(match[1])].name
            problems.add("contradictory", path, f"a second photo {match[1]}; {used} is used")
        else:
            files[int(match[1])] = path
    return files


def _read_landmarks(path):
    """Landmarks of simulated photos by photo id, from the file that lies beside them."""
    if not path.is_file():
        return {}
    table = pd.read_csv(path, index_col="photo_id")
    points = table[[f"{axis}{i}" for i in range(68) for axis in "xy"]].to_numpy(float).reshape(-1, 68, 2)
    return dict(zip(table.index, points, strict=True))


def _apply_grades(people, path, problems):
    """Put supplied House-Brackmann grades in place of the folders' severity."""
    given = read_list(path, ["patient_id", "hb"]).set_index("patient_id")["hb"]
    grades = pd.to_numeric(given.str.strip().str.upper().replace(_ROMAN), errors="coerce")
    if bad := grades.index[~grades.isin(range(1, 7))].tolist():
        raise BadTableError(f"{path}: the grades of {bad[:5]} are not House-Brackmann 1-6 or I-VI")
    if twice := grades.index[grades.index.duplicated()].tolist():
        raise BadTableError(f"{path}: {twice[:5]} have more than one grade")
    for patient in grades.index.difference(people):
        problems.add("contradictory", patient, f"has a grade in {path.name} and no row in {_TABLE}")
    for patient, about in people.items():
        about["severity"] = int(grades[patient]) if patient in grades else None
        if patient not in grades:
            problems.add("missing grade", patient, f"has no grade in {path.name}")
