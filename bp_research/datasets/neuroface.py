"""Toronto NeuroFace (Bandini et al. 2021): annotated video frames of people with ALS, after stroke, and
healthy ones.

Two spellings of the set are read: groups ``ALS``, ``Stroke``, ``Healthy controls`` with files
``..._color.txt``, and ``ALS``, ``PS``, ``HC`` with files ``..._color_gt.txt`` and spaces after the commas.
"""

import re
from pathlib import Path

import numpy as np

from ..paths import SIMULATED_MARKER
from .files import Problems, find_set, listing, videos_in
from .records import Photo, PhotoSet

_GROUPS = {name: name for name in ("ALS", "Stroke", "Healthy controls")} | {"PS": "Stroke", "HC": "Healthy controls"}
#: Patient, session and task of a video, then what kind of file of it this is.
_FRAME = re.compile(r"(\w+)_color\.avi_(\d+)\.(?:jpe?g|png)")
_ANNOTATION = re.compile(r"([^_]+_[^_]+_[^_]+_[^_]+)_color(?:_gt)?\.txt")


def load_neuroface(root):
    """Read Toronto NeuroFace as it lies on disk.

    Parameters
    ----------
    root : path-like
        The folder with the three groups, or the one that holds it.

    Returns
    -------
    PhotoSet
        One record per annotated frame whose file is there, by group, video and frame number. Frames that
        cannot be read keep their record, so that they count as failed, and are among the problems.

    Raises
    ------
    DatasetNotFoundError
        If the folder is not laid out as the set is.
    """
    looked_for = "group folders (ALS, Stroke or PS, Healthy controls or HC) that hold Landmarks_gt"
    root = find_set(Path(root), _is_neuroface, "Toronto NeuroFace", looked_for)
    simulated = (root / SIMULATED_MARKER).is_file()
    name = "simulated demo (NeuroFace layout)" if simulated else "NeuroFace"
    problems, photos, homes = Problems(root), [], {}
    for folder in listing(root):
        if folder.name in _GROUPS:
            photos += _load_group(folder, name, problems)
        elif folder.name != SIMULATED_MARKER:
            problems.add("ignored", folder, "not one of the set's groups")
    for photo in photos:
        if homes.setdefault(photo.patient_id, photo.group) != photo.group:
            problems.add("contradictory", photo.path, f"{photo.patient_id} is also in {homes[photo.patient_id]}")
    return PhotoSet(name, photos, problems.table(), simulated=simulated, videos=videos_in(root))


def _is_neuroface(folder):
    return any((folder / group / "Landmarks_gt").is_dir() for group in _GROUPS)


def _load_group(folder, dataset, problems):
    """The photos of a group; frames and annotations are known by video and number."""
    frames = {(name[1], int(name[2])): path for path, name in _files(folder / "Frames", _FRAME, problems)}
    boxes = _annotations(folder / "Bbox_gt", 4, problems)
    marks = _annotations(folder / "Landmarks_gt", 136, problems)
    photos = []
    for (video, number), (source, numbers) in marks.items():
        path, points = frames.get((video, number)), numbers.reshape(68, 2)
        if path is None:
            problems.add("missing photo", source, f"frame {number} is annotated, its file is not in Frames")
            continue
        size = problems.size_of(path)
        if size and ((points >= 0) & (points <= size)).all(axis=1).mean() <= 0.5:
            detail = f"frame {number}: most points lie outside its {size[0]} x {size[1]} pixels"
            problems.add("contradictory", source, detail)
        _, box = boxes.get((video, number), (None, None))
        if box is None:
            problems.add("missing box", source, f"frame {number} has no row in Bbox_gt")
        patient, _, *task = video.split("_")
        said = {"group": _GROUPS[folder.name], "task": "_".join(task), "frame": number}
        said |= {"landmarks_gt": points, "bbox_gt": problems.box_about(points, box, path)}
        photos.append(Photo(dataset, patient, f"{video}_{number}", path, **said))
    for what, found in (("frames", frames), ("boxes", boxes)):
        lonely = [key for key in found if key not in marks]
        for video in dict.fromkeys(video for video, _ in lonely):
            numbers = sorted(number for one, number in lonely if one == video)
            detail = f"{len(numbers)} {what} without landmarks: {', '.join(map(str, numbers[:10]))}"
            problems.add("not annotated", f"{folder.name}/{video}", detail)
    return photos


def _files(folder, pattern, problems):
    """Yields the files of a folder whose names have a form, and the match."""
    if not folder.is_dir():
        problems.add("missing folder", folder, "the group has no such folder")
        return
    for path in listing(folder):
        if match := pattern.fullmatch(path.name):
            yield path, match
        else:
            problems.add("ignored", path, "its name is none of the set's")


def _annotations(folder, n_numbers, problems):
    """File and numbers by video and frame number, in order; lines that cannot be read are problems."""
    found = {}
    for path, name in _files(folder, _ANNOTATION, problems):
        rows = {}
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
        for number, line in enumerate(lines[1:], start=2):
            if not line.strip():
                continue
            try:
                frame, *values = map(float, line.split(","))
            except ValueError:
                frame, values = np.nan, []
            if len(values) != n_numbers or not np.isfinite([frame, *values]).all():
                problems.add("unreadable", path, f"line {number}: not a frame number and {n_numbers} numbers")
            elif frame in rows:
                detail = f"line {number}: frame {frame:.0f} a second time, the first is used"
                problems.add("contradictory", path, detail)
            else:
                rows[int(frame)] = path, np.array(values)
        found |= {(name[1], frame): rows[frame] for frame in sorted(rows)}
    return found
