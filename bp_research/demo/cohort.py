"""The demo cohort: simulated people, made on the spot from two public-domain portraits.

Nobody in it is a patient. It lets every notebook run where no real data set lies, and it has what no real set has: the
true landmarks and the true severity. See :mod:`bp_research.datasets.simulation` for how the faces are made.

What :func:`make_demo` writes below its `root`:

- ``MEEI_Standard_Set/``: the layout of the MEEI standard set with its spreadsheet, and ``simulated_landmarks.csv``
  (``photo_id, x0, y0, … x67, y67``, pixels of the photo, iBUG order);
- ``NeuroFace/``: the layout of Toronto NeuroFace, landmarks and boxes in its own format;
- ``demo_recovery/``: two simulated people over half a year, a folder of eight photos per date; one recovers, one is
  stable. ``recovering.csv`` and ``stable.csv`` list ``date, expression, path`` (path relative to the CSV's folder);
  ``simulated_landmarks.csv`` as above;
- ``simulated_truth.csv``: for each photo of all trees ``tree, photo_id, path, expression, kind, side, severity``
  (continuous, 1 to 6), ``amount`` of the movement, ``face`` and ``mirrored``;
- ``SIMULATED.txt`` here and in each of the three trees.
"""

import io
import re
import tempfile
import zipfile
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from .. import __version__
from ..errors import BadSettingError
from ..face.schemes import EXPRESSIONS, MIRROR_68
from ..paths import SIMULATED_MARKER
from ..work import map_cached
from .movement import KINDS, MOVEMENTS, Person, pose
from .painting import Camera, paint
from .portraits import portrait

BANDS = ("Normal", "NearNormal", "Mild", "Moderate", "Severe", "Complete")
_CELLS = [("Flaccid", 6), ("Synkinetic", 2), ("Flaccid", 4), ("Synkinetic", 5), ("Flaccid", 3), ("Synkinetic", 6),
          ("Flaccid", 2), ("Synkinetic", 4), ("Flaccid", 5), ("Synkinetic", 3)]  # fmt: skip

#: The expression with which each NeuroFace task is simulated.
TASKS = pd.read_csv(Path(__file__).with_name("tasks.csv"), index_col="task")["expression"].to_dict()
_GROUPS = (("Healthy controls", "N", "healthy"), ("ALS", "A", "bulbar"), ("Stroke", "S", "central"))

_MARKER = """Everybody in this folder is SIMULATED.

The photos are computer-made variations of two public-domain portraits (Grace Hopper, U.S. Navy; Eileen Collins,
NASA). They show no patient, and the people portrayed did not have the condition shown. Landmarks, severities, sides,
ages and all else are invented by the simulation and say nothing about real people.

seed {seed}, {people} and {neuroface} people, photo size {size}, bp_research {version}
"""


def make_person(number, seed=0, kind="healthy", severity=1.0):
    """Make up a simulated person; portrait and palsied side alternate with the number.

    Parameters
    ----------
    number : int
        Different numbers are different people.
    seed : int
    kind : {"healthy", "flaccid", "synkinetic", "central", "bulbar"}
    severity : float
        1 (none) to 6 (complete).

    Returns
    -------
    Person

    Raises
    ------
    BadSettingError
        For an unknown kind.
    """
    if kind not in KINDS:
        raise BadSettingError(f"kind {kind!r} cannot be simulated; known: {', '.join(KINDS)}")
    one_sided = kind not in ("healthy", "bulbar")
    side = ("left", "right")[_coin(number, seed, 1)] if one_sided else None
    face = ("collins", "hopper")[number % 2]
    return Person(number, seed, kind, side, float(severity), face, bool(_coin(number, seed, 2)))


def _coin(number, seed, key):
    """Return a random bit, 0 or 1, that belongs to a person and a key."""
    return int(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, 9, key))).integers(2))


def _camera(person, key, size):
    """Return where the face lies in the photo: much differs between people, little between photos of one."""
    own, now = person.random(2, key[0]), person.random(3, *key)
    width, height = size
    scale = min(width, 0.72 * height) * own.uniform(0.33, 0.40) * (1 + now.normal(0, 0.015))
    centre = np.array([0.5, 0.42]) * size + np.r_[own.normal(0, 0.012), own.normal(0, 0.012)] * width
    roll = np.radians(own.normal(0, 2.5) + now.normal(0, 1.2))
    return Camera(tuple(size), centre + now.normal(0, 0.006, 2) * width, scale, roll)


@lru_cache(maxsize=8)
def _colours(person):
    """Return the portrait in the person's colours (H, W, 3) uint8, and the colours of what is painted, as a dict."""
    base, rng = portrait(person.face), person.random(4)
    dark = np.clip(rng.beta(1.1, 2.2), 0, 0.8)
    tone = (1 - dark * np.array([0.62, 0.50, 0.40])) * rng.normal(1, 0.02, 3)
    image = base.image * (1 + base.skin[..., None] * (tone - 1))
    lab = cv2.cvtColor((image.clip(0, 255) / 255).astype(np.float32), cv2.COLOR_BGR2LAB)
    hair = (1 - base.skin[..., None]) * rng.normal(0, 1, 3).clip(-1.5, 1.5) * (3, 4, 6)
    image = cv2.cvtColor((lab + hair).astype(np.float32), cv2.COLOR_LAB2BGR) * 255
    brown, blue, green = (38, 58, 84), (140, 112, 84), (84, 104, 96)
    iris = np.array((brown, brown, blue, green)[rng.integers(4)]) * rng.uniform(0.8, 1.2)
    light = {"hopper": 0.84, "collins": 0.98}[person.face]
    teeth = np.array([208, 217, 236]) * rng.uniform(0.9, 1.0) * (rng.uniform(0.9, 1), 1, 1)
    lid = {"hopper": 0.8, "collins": 0.35}[person.face]
    look = {"iris": iris, "teeth": teeth, "gaze": rng.normal(0, 0.004), "light": light, "lid": lid}
    return image.clip(0, 255).astype(np.uint8), look


def _expose(image, person, key, frame=()):
    """Light, develop and roughen a painted picture (H, W, 3) in place of a camera; returns uint8.

    Of a film all frames have the same light, and each its own noise: `frame` holds its number.
    """
    own, now = person.random(5, key[0]), person.random(6, *key)
    height, width = image.shape[:2]
    gain = np.exp(own.normal(0, 0.08) + now.normal(0, 0.02)) * (1 + own.normal(0, 0.025, 3)).astype(np.float32)
    angle, slope = own.uniform(0, 2 * np.pi), abs(own.normal(0, 0.10))
    x = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(np.cos(angle))
    y = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(np.sin(angle))
    image = image * (1 + np.float32(slope) * (x + y[:, None]))[..., None] * np.float32(gain)
    gamma = np.exp(own.normal(0, 0.08))
    image = 255 * cv2.pow(np.clip(image * (1 / 255), 0, 1), gamma)
    grain = person.random(6, *key, *frame) if frame else now
    noise = grain.standard_normal((height, width), np.float32) * np.float32(own.uniform(1.2, 3.5))
    return (image + (noise + np.float32(0.5))[..., None]).clip(0, 255).astype(np.uint8)


def simulate(person, expression, severity=None, visit=0, take=0, amount=1.0, size=(720, 1080), picture=True):
    """Simulate one photo.

    Parameters
    ----------
    person : Person
        From :func:`make_person`.
    expression : str
        One of :data:`bp_research.demo.movement.MOVEMENTS`, which hold the eight of
        :data:`bp_research.face.schemes.EXPRESSIONS`.
    severity : float, optional
        1 (none) to 6 (complete); the person's own unless given.
    visit : int
        Number of the session: another session has other light and another head pose.
    take : int
        Number of the photo of this expression in this session: effort, head pose and noise differ a little.
    amount : float
        Share of the full movement, 0 to 1.
    size : tuple of int
        Width and height of the photo, pixels.
    picture : bool
        Whether to paint the picture; without, only the landmarks are computed, in about a millisecond.

    Returns
    -------
    image : ndarray of uint8, shape (height, width, 3), BGR, or None
    landmarks : ndarray of float64, shape (68, 2)
        True landmarks, pixels, x then y, iBUG order.

    Raises
    ------
    BadSettingError
        For an unknown expression or a severity outside 1 to 6.
    """
    if expression not in MOVEMENTS:
        raise BadSettingError(f"expression {expression!r} cannot be simulated; known: {', '.join(MOVEMENTS)}")
    if severity is not None and not 1 <= severity <= 6:
        raise BadSettingError(f"severity is {severity}; it goes from 1 (none) to 6 (complete)")
    key = (visit, MOVEMENTS.index(expression), take)
    posed = pose(person, expression, severity, visit, take, amount)
    camera = _camera(person, key, size)
    landmarks = camera.to_pixels(posed.points)
    image = None
    if picture:
        colours, look = _colours(person)
        image = _expose(paint(portrait(person.face), colours, camera, posed, look), person, key)
    if person.mirrored:
        landmarks = (landmarks * (-1, 1) + (size[0] - 1, 0))[MIRROR_68]
        image = image[:, ::-1].copy() if picture else None
    return image, landmarks


def _photo_size(person, size):
    """Return the size of a person's portrait photos: around 720 x 1080 unless given."""
    if size is not None:
        return tuple(size)
    width = int(person.random(8).choice([640, 720, 720, 768, 800]))
    return width, int(width * 1.5)


def _make_photos(job):
    """Write one person's photos and return their true landmarks, one (68, 2) each.

    `job` is (person, size, list of (path, keyword arguments of `simulate`)): all that a worker needs.
    """
    person, size, photos = job
    quality = int(person.random(7).integers(84, 96))
    found = []
    for path, settings in photos:
        # The systems are small: more threads only get into each other's way, and could change the last digit.
        with threadpool_limits(1):
            image, landmarks = simulate(person, size=size, **settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
        found.append(landmarks)
    return found


def meei_people(people, seed=0):
    """Plan the people of the MEEI-like tree: a quarter healthy, the others spread over the ten bands.

    Parameters
    ----------
    people : int
    seed : int

    Returns
    -------
    DataFrame
        ``Category, Sub-category, #, Side, Gender, Age`` as in the set's spreadsheet, and ``name`` and ``person``.
    """
    healthy = max(1, round(people / 4))
    cells = [("Normal", 1)] * healthy + [_CELLS[i % len(_CELLS)] for i in range(people - healthy)]
    count, rows = {}, []
    for number, (category, grade) in enumerate(cells):
        count[category, grade] = index = count.get((category, grade), 0) + 1
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, 10)))
        severity = 1.0 if grade == 1 else float(np.clip(grade + rng.normal(0, 0.30), 1.2, 6))
        person = make_person(number + (number // 10), seed, category.lower() if grade > 1 else "healthy", severity)
        band = "" if grade == 1 else BANDS[grade - 1]
        rows.append({
            "Category": category, "Sub-category": band, "#": index,
            "Side": "" if person.side is None else person.side.capitalize(), "Gender": "F",
            "Age": int(rng.integers(28, 50) if person.face == "collins" else rng.integers(58, 82)),
            "name": f"{band}{category}{index}", "person": person,
        })  # fmt: skip
    order = {"Flaccid": 0, "Synkinetic": 1, "Normal": 2}
    table = pd.DataFrame(rows)
    rank = table["Category"].map(order) * 100 - table["Sub-category"].map(lambda band: BANDS.index(band or "Normal"))
    return table.assign(rank=rank).sort_values(["rank", "#"]).drop(columns="rank").reset_index(drop=True)


def _plan_meei(folder, people, seed, size):
    """Plan the MEEI-like tree: return its spreadsheet and the photos (person, size, [(path, settings)])."""
    table = meei_people(people, seed)
    jobs = []
    for row in table.to_dict("records"):
        parts = ["Normal"] if row["Category"] == "Normal" else [row["Category"], row["Sub-category"] + row["Category"]]
        place = folder.joinpath(*parts, row["name"])
        suffix = ".JPG" if row["Category"] == "Normal" else ".jpg"
        photos = [(place / f"{row['name']}_{i}{suffix}", {"expression": e}) for i, e in enumerate(EXPRESSIONS, 1)]
        jobs.append((row["person"], _photo_size(row["person"], size), photos))
    return table.drop(columns=["name", "person"]), jobs


def _plan_neuroface(folder, people, seed, size, tasks_each=4, frames_each=3):
    """Plan the NeuroFace-like tree: return its photos (person, size, [(path, settings)])."""
    jobs, tasks = [], list(TASKS)
    for i in range(people):
        group, letter, kind = _GROUPS[i % len(_GROUPS)]
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(i, 11)))
        severity = 1.0 if kind == "healthy" else rng.uniform(2, 6)
        person = make_person(1000 + i + i // 6, seed, kind, severity)
        chosen = sorted(rng.choice(len(tasks), min(tasks_each, len(tasks)), replace=False))
        photos = []
        for task in (tasks[k] for k in chosen):
            numbers = np.sort(rng.choice(np.arange(20, 600), frames_each, replace=False))
            for take, number in enumerate(numbers):
                name = f"{letter}{i // len(_GROUPS) + 1:03d}_02_{task}_color.avi_{number}.jpg"
                settings = {"expression": TASKS[task], "take": take, "amount": float(rng.uniform(0.3, 1.0))}
                photos.append((folder / group / "Frames" / name, settings))
        jobs.append((person, size or (640, 480), photos))
    return jobs


def _plan_recovery(folder, seed, size):
    """Plan two people over half a year: return their photos (person, size, [(path, settings)])."""
    days = np.array([0, 7, 14, 28, 42, 63, 91, 126, 182])
    course = {"recovering": 1.3 + 4.3 * np.exp(-((days / 60) ** 1.3)), "stable": np.full(len(days), 3.4)}
    jobs = []
    for number, (name, severities) in enumerate(course.items()):
        person = make_person(2000 + number, seed, "flaccid", severities[0])
        photos = []
        for visit, (day, severity) in enumerate(zip(days, severities, strict=True), start=1):
            when = (date(2024, 1, 8) + timedelta(days=int(day))).isoformat()
            for i, expression in enumerate(EXPRESSIONS, 1):
                settings = {"expression": expression, "severity": float(severity), "visit": visit}
                photos.append((folder / name / when / f"{name}_{when}_{i}.jpg", settings))
        jobs.append((person, _photo_size(person, size), photos))
    return jobs


def _write_spreadsheet(table, path):
    """Write an Excel file without the time of writing, so that the same table gives the same bytes."""
    content = io.BytesIO()
    table.to_excel(content, sheet_name="Sheet1", index=False)
    with zipfile.ZipFile(content) as written, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as undated:
        for name in written.namelist():
            part = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", written.read(name))
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            undated.writestr(entry, part)


def _write_landmarks(photos, landmarks, path):
    """Write landmarks (n, 68, 2) as a table: photo_id, x0, y0, ... x67, y67."""
    columns = [f"{axis}{i}" for i in range(68) for axis in "xy"]
    table = pd.DataFrame(landmarks.reshape(-1, 136).round(3), columns=columns, index=photos["photo_id"])
    table.to_csv(path)


def _write_neuroface_truth(root, photos, landmarks):
    """Write Landmarks_gt and Bbox_gt beside the frames, one file of each per video."""
    groups, videos, frames = photos["path"].str.extract(r"(.*)/Frames/(.*)\.avi_(\d+)").to_numpy().T
    names = [f"{axis}{i}" for i in range(1, 69) for axis in "xy"]
    boxes = np.concatenate([landmarks.min(axis=1), landmarks.max(axis=1)], axis=1)
    for folder, values, digits in (("Landmarks_gt", landmarks.reshape(-1, 136), 3), ("Bbox_gt", boxes, 1)):
        table = pd.DataFrame(values, columns=names[: values.shape[1]], index=pd.Index(frames, name="frame"))
        for (group, video), rows in table.groupby([groups, videos]):
            (root / group / folder).mkdir(exist_ok=True)
            rows.to_csv(root / group / folder / f"{video}.txt", float_format=f"%.{digits}f", lineterminator="\n")


def _write_recovery_lists(folder, photos):
    """Write a list of photos for each of the two people."""
    places = photos["path"].str.removeprefix(f"{folder.name}/")
    series = places.str.extract("(?P<name>.*)/(?P<date>.*)/")
    table = pd.DataFrame({"date": series["date"], "expression": photos["expression"], "path": places})
    for name, rows in table.groupby(series["name"]):
        rows.to_csv(folder / f"{name}.csv", index=False)


def _truth(root, jobs):
    """Return what the simulation knows of each photo, a row each."""
    rows = []
    for person, _, photos in jobs:
        for path, settings in photos:
            place = path.relative_to(root)
            rows.append({
                "tree": place.parts[0], "photo_id": path.stem, "path": place.as_posix(),
                "expression": settings["expression"], "kind": person.kind, "side": person.side,
                "severity": round(settings.get("severity", person.severity), 4),
                "amount": round(settings.get("amount", 1.0), 4), "face": person.face, "mirrored": person.mirrored,
            })  # fmt: skip
    return pd.DataFrame(rows)


def _write_all(root, seed, people, neuroface_people, processes, progress, size, marker):
    """Write the three trees below an empty folder."""
    spreadsheet, meei = _plan_meei(root / "MEEI_Standard_Set", people, seed, size)
    neuroface = _plan_neuroface(root / "NeuroFace", neuroface_people, seed, size and (size[1], size[0]))
    jobs = [*meei, *neuroface, *_plan_recovery(root / "demo_recovery", seed, size)]
    found = map_cached(_make_photos, jobs, processes=processes, progress=progress, what="person")
    truth, landmarks = _truth(root, jobs), np.concatenate(found)
    truth.to_csv(root / "simulated_truth.csv", index=False)
    (root / SIMULATED_MARKER).write_text(marker, encoding="utf-8")
    _write_spreadsheet(spreadsheet, root / "MEEI_Standard_Set" / "pat_info.xlsx")
    for tree, photos in truth.groupby("tree"):
        (root / tree / SIMULATED_MARKER).write_text(marker, encoding="utf-8")
        if tree == "NeuroFace":
            _write_neuroface_truth(root, photos, landmarks[photos.index])
        else:
            _write_landmarks(photos, landmarks[photos.index], root / tree / "simulated_landmarks.csv")
        if tree == "demo_recovery":
            _write_recovery_lists(root / tree, photos)


def make_demo(root, seed=0, people=48, neuroface_people=12, processes=None, progress=True, size=None):
    """Write the simulated demo cohort; see the module for what it holds.

    The same settings give the same files, with any number of processes. A folder is only ever seen whole: it is written
    beside `root` and then takes its name.

    Parameters
    ----------
    root : path-like
        A new or empty folder, or an earlier demo, which is replaced.
    seed : int
    people : int
        In the MEEI-like tree, 8 photos each; at least 2. A quarter is healthy.
    neuroface_people : int
        In the NeuroFace-like tree, 4 tasks of 3 frames each; at least 1.
    processes : int, optional
        All cores unless given.
    progress : bool
        Whether to show a progress bar on stderr.
    size : tuple of int, optional
        Width and height of the portrait photos in pixels, for quick tests; different sizes around 720 x 1080 (and
        640 x 480 for NeuroFace) unless given.

    Returns
    -------
    Path
        `root`.

    Raises
    ------
    BadSettingError
        If there are too few people, or `root` holds something else.
    """
    root = Path(root)
    if people < 2 or neuroface_people < 1:
        raise BadSettingError(
            f"a demo needs 2 people and 1 NeuroFace person or more, not {people} and {neuroface_people}"
        )
    if root.exists() and not (root / SIMULATED_MARKER).is_file() and any(root.iterdir()):
        raise BadSettingError(f"{root} holds something else than a simulated demo; give a new or empty folder")
    marker = _MARKER.format(
        seed=seed, people=people, neuroface=neuroface_people, size=size or "varied", version=__version__
    )
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        earlier = _made(root)
        _write_all(new, seed, people, neuroface_people, processes, progress, size, marker)
        if _made(root) == earlier:
            if root.exists():
                root.rename(Path(temporary) / "old")
            new.rename(root)
    return root


def _made(root):
    """Return when the demo at `root` was made (None if there is none): another process may just have made one."""
    marker = root / SIMULATED_MARKER
    return marker.stat().st_mtime_ns if marker.is_file() else None
