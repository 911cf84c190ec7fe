"""Toronto NeuroFace (Bandini et al. 2021): annotated video frames of people with ALS, after stroke, and
healthy ones.

Two spellings of the set are read: groups ``ALS``, ``Stroke``, ``Healthy controls`` with files
``..._color.txt``, and ``ALS``, ``PS``, ``HC`` with files ``..._color_gt.txt`` and spaces after the commas.
"""

import re
from pathlib import Path

import numpy as np

from ..face.images import natural_key
from ..paths import SIMULATED_MARKER
from .files import IMAGE_SUFFIXES, Problems, find_set, inspect_photo, listing, trusted_box
from .records import Photo, PhotoSet

_GROUPS = {
    **{"als": "ALS", "stroke": "Stroke", "ps": "Stroke"},
    **dict.fromkeys(("healthy controls", "healthy_controls", "healthy", "hc"), "Healthy controls"),
}
_FRAME = re.compile(r"(.+?)(?:_color)?(?:_gt)?(?:\.avi)?_(\d+)")
_ANNOTATION = re.compile(r"(.+?)(?:_color)?(?:_gt)?")


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
        if folder.name.lower() not in _GROUPS:
            if folder.name != SIMULATED_MARKER:
                problems.add("ignored", folder, "not one of the set's groups")
            continue
        found = _load_group(folder, name, problems)
        for photo in found:
            if homes.setdefault(photo.patient_id, photo.group) != photo.group:
                detail = f"{photo.patient_id} is also in {homes[photo.patient_id]}"
                problems.add("contradictory", photo.path, detail)
        photos += found
    return PhotoSet(name, photos, problems.table(), simulated=simulated)


def _is_neuroface(folder):
    return any(path.name.lower() in _GROUPS and (path / "Landmarks_gt").is_dir() for path in listing(folder))


def _load_group(folder, dataset, problems):
    group = _GROUPS[folder.name.lower()]
    frames = _index_frames(folder / "Frames", problems)
    boxes = {}
    for path in _annotations(folder / "Bbox_gt", problems):
        boxes[_ANNOTATION.fullmatch(path.stem)[1]] = _read_rows(path, 4, problems)
    photos = []
    for path in _annotations(folder / "Landmarks_gt", problems):
        video = _ANNOTATION.fullmatch(path.stem)[1]
        fields = video.split("_")
        if len(fields) < 4:
            problems.add("ignored", path, "the name does not say patient, session and task")
            continue
        files, video_boxes = frames.pop(video, {}), boxes.pop(video, {})
        for frame, numbers in sorted(_read_rows(path, 136, problems).items()):
            if frame not in files:
                problems.add("missing photo", path, f"frame {frame} is annotated, its file is not in Frames")
                continue
            points = numbers.reshape(68, 2)
            size, fault = inspect_photo(files[frame])
            if fault:
                problems.add("unreadable", files[frame], fault)
            elif not _inside(points, size):
                detail = f"frame {frame}: most points lie outside its {size[0]} x {size[1]} pixels"
                problems.add("contradictory", path, detail)
            if frame not in video_boxes:
                problems.add("missing box", path, f"frame {frame} has no row in Bbox_gt")
            photo = Photo(
                dataset=dataset,
                patient_id=fields[0],
                photo_id=f"{video}_{frame}",
                path=files[frame],
                group=group,
                task="_".join(fields[2:4]),
                frame=frame,
                landmarks_gt=points,
                bbox_gt=trusted_box(video_boxes.pop(frame, None), points, files[frame], problems),
            )
            photos.append(photo)
            del files[frame]
        if files:
            frames[video] = files
        if video_boxes:
            boxes[video] = video_boxes
    for what, left in (("frames", frames), ("boxes", boxes)):
        for video, numbers in left.items():
            shown = ", ".join(map(str, sorted(numbers)[:10]))
            detail = f"{len(numbers)} {what} without landmarks: {shown}"
            problems.add("not annotated", f"{folder.name}/{video}", detail)
    return photos


def _inside(points, size):
    return ((points >= 0) & (points <= size)).all(axis=1).mean() > 0.5


def _annotations(folder, problems):
    if not folder.is_dir():
        problems.add("missing folder", folder, "the group has no such folder")
        return []
    found = [path for path in listing(folder) if path.suffix.lower() in (".txt", ".csv")]
    for path in listing(folder):
        if path not in found:
            problems.add("ignored", path, "not an annotation file")
    return found


def _index_frames(folder, problems):
    """Frame files by video and frame number."""
    frames = {}
    if not folder.is_dir():
        problems.add("missing folder", folder, "the group has no such folder")
        return frames
    for path in folder.iterdir():
        match = _FRAME.fullmatch(path.stem)
        if match and path.suffix.lower() in IMAGE_SUFFIXES:
            frames.setdefault(match[1], {})[int(match[2])] = path
        elif not path.name.startswith("."):
            problems.add("ignored", path, "not a frame named VIDEO.avi_NUMBER.jpg")
    return dict(sorted(frames.items(), key=lambda item: natural_key(item[0])))


def _read_rows(path, n_numbers, problems):
    """Numbers of an annotation file by frame; lines that cannot be read are problems."""
    rows = {}
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    for number, line in enumerate(lines, start=1):
        fields = line.strip().rstrip(",").split(",")
        if fields == [""] or (number == 1 and not _is_number(fields[0])):
            continue
        try:
            values = np.array(fields, dtype=float)
        except ValueError:
            values = np.array([])
        if len(values) != n_numbers + 1 or not np.isfinite(values).all():
            problems.add("unreadable", path, f"line {number}: not a frame number and {n_numbers} numbers")
        elif int(values[0]) in rows:
            detail = f"line {number}: frame {int(values[0])} a second time, the first is used"
            problems.add("contradictory", path, detail)
        else:
            rows[int(values[0])] = values[1:]
    return rows


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True
