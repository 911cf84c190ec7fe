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
from .files import IMAGE_SUFFIXES, Problems, find_set, inspect_photo, listing
from .records import Photo, PhotoSet

EFACE_BANDS = "eFACE band (folder)"
SUPPLIED_GRADES = "House–Brackmann (supplied)"

_TABLE = "pat_info.xlsx"
_COLUMNS = ("Category", "Sub-category", "#", "Side", "Gender", "Age")
_CATEGORIES = ("Flaccid", "Synkinetic", "Normal")
_SEVERITIES = {"Normal": 1, "NearNormal": 2, "Mild": 3, "Moderate": 4, "Severe": 5, "Complete": 6}
_SIMULATED_LANDMARKS = "simulated_landmarks.csv"
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6}
_PERSON = re.compile(r"(?:(NearNormal|Mild|Moderate|Severe|Complete)(Flaccid|Synkinetic)|Normal)\d+")
_EXPECTED_BESIDE = (".mp4", ".mov", ".m4v")


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
    root = find_set(Path(root), _is_meei, "MEEI standard set", f"the spreadsheet {_TABLE}")
    problems = Problems(root)
    simulated = (root / SIMULATED_MARKER).is_file()
    name = "simulated demo (MEEI layout)" if simulated else "MEEI"
    landmarks = _read_landmarks(root / _SIMULATED_LANDMARKS) if simulated else {}
    people = _read_people(root / _TABLE, problems)
    folders = _person_folders(root, people, problems)
    if grades is not None:
        _apply_grades(people, Path(grades), problems)
    photos = []
    for patient in people:
        if patient not in folders:
            problems.add("no folder", patient, f"has a row in {_TABLE} and no folder")
            continue
        files = _expression_files(folders[patient], patient, problems)
        for number, expression in enumerate(EXPRESSIONS, start=1):
            if number not in files:
                problems.add("missing photo", folders[patient], f"no photo {patient}_{number} ({expression})")
                continue
            if fault := inspect_photo(files[number])[1]:
                problems.add("unreadable", files[number], fault)
            photo_id = f"{patient}_{number}"
            about = {**people[patient], "expression": expression, "landmarks_gt": landmarks.get(photo_id)}
            photos.append(Photo(name, patient, photo_id, files[number], **about))
    for patient, folder in folders.items():
        if patient not in people:
            n = len(_expression_files(folder, patient, problems))
            problems.add("no row", folder, f"{n} photos of a person without a row in {_TABLE}: not used")
    bands = SUPPLIED_GRADES if grades is not None else EFACE_BANDS
    severity_name = f"simulated {bands}" if simulated else bands
    return PhotoSet(name, photos, problems.table(), simulated=simulated, severity_name=severity_name)


def _is_meei(folder):
    return (folder / _TABLE).is_file()


def _read_people(path, problems):
    """What the spreadsheet says of each patient: Photo fields, in natural order within each category."""
    try:
        sheets = pd.read_excel(path, sheet_name=None, dtype=object)
    except (OSError, ValueError, KeyError) as error:
        raise BadTableError(f"{path} cannot be read as a spreadsheet: {error}. Copy it anew.") from error
    table = sheets.get("Sheet1", next(iter(sheets.values())))
    table.columns = [str(column).strip() for column in table.columns]
    if missing := [column for column in _COLUMNS if column not in table.columns]:
        raise BadTableError(f"{path} lacks the columns {missing}; it has {list(table.columns)}")
    people = {}
    for row, record in enumerate(table[list(_COLUMNS)].to_dict("records"), start=2):
        if all(pd.isna(value) for value in record.values()):
            continue
        where = f"{_TABLE}, row {row}"
        patient, category, severity = _identity(record)
        if patient is None:
            problems.add("unreadable", where, f"no person of the set: {', '.join(map(str, record.values()))}")
        elif patient in people:
            problems.add("contradictory", where, f"{patient} a second time, the first row is used")
        else:
            about = {"group": category, "severity": severity, "gender": _text(record["Gender"]) or None}
            about["side"] = _side(record["Side"], category, where, problems)
            about["age"] = _age(record["Age"], where, problems)
            people[patient] = about
    order = sorted(people, key=lambda name: (_CATEGORIES.index(people[name]["group"]), natural_key(name)))
    return {patient: people[patient] for patient in order}


def _identity(record):
    """(patient id, category, severity) of a row; (None, None, None) if it names nobody."""
    category = {name.lower(): name for name in _CATEGORIES}.get(_text(record["Category"]).lower())
    band = _text(record["Sub-category"]).replace(" ", "").replace("-", "").lower() or "normal"
    band = {name.lower(): name for name in _SEVERITIES}.get(band)
    number = pd.to_numeric(record["#"], errors="coerce")
    if category is None or band is None or (category == "Normal") != (band == "Normal"):
        return None, None, None
    if not number > 0 or number % 1:
        return None, None, None
    return f"{'' if category == 'Normal' else band}{category}{int(number)}", category, _SEVERITIES[band]


def _text(value):
    return "" if pd.isna(value) else str(value).strip()


def _side(value, category, where, problems):
    side = {"l": "left", "left": "left", "r": "right", "right": "right"}.get(_text(value).lower())
    if side is None and category != "Normal":
        problems.add("contradictory", where, f"a palsy of side {_text(value) or 'not given'!r}")
    return side


def _age(value, where, problems):
    age = pd.to_numeric(value, errors="coerce")
    if 0 <= age <= 120:
        return float(age)
    problems.add("contradictory", where, f"an age of {_text(value) or 'not given'!r}")
    return None


def _person_folders(root, people, problems):
    """The folder of each person, whether or not the spreadsheet knows them; everything else is a stray."""
    folders, strays = {}, []
    for top in listing(root):
        category = top.name.removesuffix("s") if top.name.lower() == "normals" else top.name
        if not top.is_dir() or category.lower() not in [name.lower() for name in _CATEGORIES]:
            strays.append(top)
            continue
        middles = [top] if category.lower() == "normal" else listing(top)
        for middle in middles:
            if not middle.is_dir():
                strays.append(middle)
                continue
            for path in listing(middle):
                if not path.is_dir() or not _PERSON.fullmatch(path.name):
                    strays.append(path)
                elif path.name in folders:
                    other = problems.name(folders[path.name])
                    problems.add("contradictory", path, f"the same person as {other}, which is used")
                else:
                    folders[path.name] = path
    for path in strays:
        if path.name not in (_TABLE, SIMULATED_MARKER, _SIMULATED_LANDMARKS):
            problems.add("ignored", path, "not part of the set's layout")
    return folders


def _expression_files(folder, patient, problems):
    """Photo files of a person by the number 1-8 of their expression."""
    files = {}
    for path in listing(folder):
        match = re.fullmatch(rf"{patient}_([1-8])", path.stem, flags=re.IGNORECASE)
        if match is None or path.suffix.lower() not in IMAGE_SUFFIXES:
            if path.suffix.lower() not in _EXPECTED_BESIDE:
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
    try:
        table = pd.read_csv(path, dtype=str, skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise BadTableError(f"the table of grades {path} cannot be read: {error}") from error
    if missing := {"patient_id", "hb"} - set(table.columns):
        raise BadTableError(f"{path} lacks the columns {sorted(missing)}; it has {list(table.columns)}")
    numbers = table["hb"].str.strip().str.upper().map(lambda text: _ROMAN.get(text, text))
    numbers = pd.to_numeric(numbers, errors="coerce")
    bad = table.loc[~numbers.isin(range(1, 7)), "patient_id"].tolist()
    if bad:
        raise BadTableError(f"{path}: the grades of {bad[:5]} are not House-Brackmann 1-6 or I-VI")
    if (twice := table["patient_id"].str.strip().duplicated()).any():
        raise BadTableError(f"{path}: {table.loc[twice, 'patient_id'].tolist()[:5]} have more than one grade")
    graded = dict(zip(table["patient_id"].str.strip(), numbers.astype(int), strict=True))
    for patient in graded.keys() - people.keys():
        problems.add("contradictory", patient, f"has a grade in {path.name} and no row in {_TABLE}")
    for patient, about in people.items():
        about["severity"] = graded.get(patient)
        if patient not in graded:
            problems.add("missing grade", patient, f"has no grade in {path.name}")
