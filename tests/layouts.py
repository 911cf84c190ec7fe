"""Tiny trees of faces in the layout of every data set, made of the simulated cohort's pictures."""

import shutil

import numpy as np
import pandas as pd
from test_healthy_sets import template

from bp_research.datasets import load_meei, load_neuroface
from bp_research.datasets.london import _TO_68
from bp_research.paths import write_atomic

#: Photos of each group.
FEW = 4


def make_layouts(demo, root):
    """Write a tree of each layout below ``root``.

    Parameters
    ----------
    demo, root : Path
        The simulated cohort; where the trees come.

    Returns
    -------
    dict of Path
        By the layout's name.
    """
    meei, frames = load_meei(demo), load_neuroface(demo)
    well = meei.select([photo.severity == 1 for photo in meei])
    rest = [photo for photo in meei if photo.expression == "at rest"]
    ill = [photo for photo in rest if photo.severity > 3][: 2 * FEW]
    healthy = [photo for photo in well if photo.expression in ("at rest", "open smile", "lip pucker")][:FEW]
    groups = {"Healthy": healthy, "central": ill[::2], "peripheral": ill[1::2]}
    layouts = {name: root / name.replace(" ", "_") for name in LAYOUTS}
    for name, wanted in {"PALDA": list(groups), "no healthy": ["central", "peripheral"], "one group": ["Healthy"]}.items():
        for group in wanted:
            _palda(layouts[name] / "palda_dataset" / group, groups[group], frames[0].landmarks_gt)
    _london(layouts["London"], well, frames[0].landmarks_gt)
    for i, photo in enumerate(ill[:3]):
        _copy(photo, layouts["folder"] / f"somebody {i} at rest.jpg")
    _copy(ill[0], layouts["one photo"] / "2024-03-31 at rest.jpg")
    shutil.copytree(demo / "NeuroFace", layouts["NeuroFace"] / "NeuroFace", ignore=shutil.ignore_patterns("SIMULATED*"))
    shutil.copytree(demo / "MEEI_Standard_Set", layouts["MEEI"] / "MEEI", ignore=shutil.ignore_patterns("SIMULATED*"))
    return layouts


LAYOUTS = ("MEEI", "NeuroFace", "PALDA", "London", "folder", "one photo", "no healthy", "one group")


def _copy(photo, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(photo.path, path)
    return path


def _palda(folder, photos, points):
    for i, photo in enumerate(photos):
        path = _copy(photo, folder / f"face_{i}.jpg")
        np.save(path.with_suffix(".npy"), points + i)
        np.save(path.with_name(f"{path.stem}_box.npy"), np.r_[points.min(0) - 20, points.max(0) + 20])


def _london(root, photos, points):
    """Pairs of photos; of the 189 points those are given that count."""
    full = np.zeros((189, 2))
    for own, point in zip(_TO_68, points, strict=True):
        full[own] = point
    pairs = zip(*([p for p in photos if p.expression == e] for e in ("at rest", "open smile")), strict=False)
    for i, pair in enumerate(pairs):
        for photo, folder, suffix in zip(pair, ("neutral_front", "smiling_front"), ("03", "08"), strict=True):
            path = _copy(photo, root / "inst" / folder / f"{i:03d}_{suffix}.jpg")
            if suffix == "03":
                write_atomic(path.with_suffix(".tem"), template(full))
    ages = pd.DataFrame({"face_id": [f"{i:03d}" for i in range(i + 1)], "face_age": 30, "face_gender": "female"})
    write_atomic(root / "data-raw/london_info.csv", ages.to_csv(index=False))
