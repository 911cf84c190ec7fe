"""One person's photos in, a verdict out: its probability, what drove it, and "cannot tell" where the photos do not say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import logit

from .. import DISCLAIMER
from ..datasets import Photo, PhotoSet
from ..errors import BadModelError, BadSettingError, BpResearchError, NoFaceError
from ..face.schemes import EXPRESSIONS, FEATURE_LABELS, FEATURES, REGIONS
from ..landmarks.models import model_name
from ..measuring.landmark_tester import LandmarkTester, quantities
from .inputs import person_table
from .saved import Grader, load_model

#: The verdict where landmarks that are as good as these would give another one.
CANNOT_TELL = "cannot tell"

_IN_WORDS = Path(__file__).with_name("grade.txt.j2")

#: The set of inputs that is measured from the photos.
_MEASURED = "features and asymmetries"


@dataclass(frozen=True)
class Grade:
    """One person's verdict. Printed, it stands beside the disclaimer.

    Attributes
    ----------
    verdict : object
        One of the grader's classes, or :data:`CANNOT_TELL`.
    nearest : object
        The class that the photos themselves give, also where the verdict is :data:`CANNOT_TELL`.
    probability : DataFrame
        Index: the classes. Columns ``probability``, ``low``, ``high``: of the photos themselves, and between which it lies for
        the middle share ``level`` of looks at slightly changed copies.
    agreement : float
        Share of looks that give ``nearest``.
    drivers : DataFrame
        ``input``, ``meaning``, ``value``, ``reference`` (median of the training's first class) and ``contribution``: by how
        much the log-odds of ``nearest`` would fall if the input had the reference's value. The largest first.
    n_photos : int
        Photos that were measured.
    failed : dict of str to str
        Photos that were not, and why.
    warned : dict of str to str
        Photos whose numbers should be used with reserve, and why, see :mod:`bp_research.landmarks.quality`.
    missing : list of str
        Expressions that the grader knows and that were not measured. With fewer than anyone in its training had, the
        verdict is :data:`CANNOT_TELL`: the worst of one photo is not comparable with the worst of eight.
    about : dict
        Of the grader.
    """

    verdict: object
    nearest: object
    probability: pd.DataFrame = field(repr=False)
    agreement: float
    drivers: pd.DataFrame = field(repr=False)
    n_photos: int
    failed: dict = field(repr=False)
    about: dict = field(repr=False)
    missing: list = field(default_factory=list, repr=False)
    warned: dict = field(default_factory=dict, repr=False)
    disclaimer: str = DISCLAIMER

    def __str__(self):
        import jinja2

        template = jinja2.Template(_IN_WORDS.read_text(encoding="utf-8"))
        shown = tuple(self.probability.loc[self.nearest, ["probability", "low", "high"]])
        return template.render(grade=self, about=self.about, shown=shown)


def grade(photos, model, *, landmark_model=None, looks=30, level=0.9, seed=0):
    """Grade one person.

    Parameters
    ----------
    photos : image, Photo, sequence of these, or dict
        The person's photos: paths or arrays, or ``{expression: image or list of images}`` with the names of
        :data:`bp_research.face.schemes.EXPRESSIONS`, which a grader of people (in place of photos) needs.
    model : Grader or path-like
        From :func:`bp_research.grading.fit_grader` or a file of :func:`bp_research.grading.save_model`. Its inputs must be
        features and asymmetries.
    landmark_model : str, path-like, tuple or list, optional
        The landmark model, see :mod:`bp_research.landmarks.engine`; needed only where the grader's name of it is not
        one of the
        registry.
    looks : int
        How many slightly changed copies of each photo are measured to see whether the verdict holds.
    level : float
        Share of the copies that the intervals hold. The verdict is "cannot tell" if the interval spans a boundary: if
        more than half of the remaining share give another class (for ordered grades: one that is two or more away), or if
        most copies do not give the nearest class.
    seed : int

    Returns
    -------
    Grade

    Raises
    ------
    NoFaceError
        If no photo could be measured.
    BadModelError
        If the grader's file is damaged, or was trained with another landmark model.
    BadSettingError
        If there is no photo, they are of several people, or expressions are needed and missing.
    """
    grader = model if isinstance(model, Grader) else load_model(model)
    landmark_model = grader.landmark_model if landmark_model is None else landmark_model
    if model_name(landmark_model) != grader.landmark_model:
        raise BadModelError(
            f"the classifier was trained on landmarks of {grader.landmark_model!r}, not of {model_name(landmark_model)!r}"
        )
    table, failed, warned = _measure(_listed(photos, grader.by_person), landmark_model, looks, seed)
    single, copies = table[table["look"] == 0], table[table["look"] > 0]

    probability, nearest, rows = _judge(grader, single)
    over_looks, answers, _ = zip(*(_judge(grader, part) for _, part in copies.groupby("look")), strict=True)
    low, high = np.quantile(over_looks, [(1 - level) / 2, (1 + level) / 2], axis=0)
    # the photo itself is one more look, and may lie at the edge of its copies
    bounds = {"low": np.minimum(low, probability), "high": np.maximum(high, probability)}
    apart = np.abs([grader.labels.index(label) - grader.labels.index(nearest) for label in answers])
    agreement = float(np.mean(apart == 0))
    compatible = np.mean(apart <= 1) if grader.about["ordered"] else agreement
    known = grader.about.get("expressions", [])
    missing = [name for name in known if name not in set(single["expression"])]
    enough = len(known) - len(missing) >= grader.about.get("fewest_expressions", 0)
    return Grade(
        verdict=nearest if enough and agreement >= 0.5 and compatible >= (1 + level) / 2 else CANNOT_TELL,
        nearest=nearest,
        probability=pd.DataFrame({"probability": probability, **bounds}, index=grader.labels),
        agreement=agreement,
        drivers=_drivers(grader, rows, nearest),
        n_photos=len(single),
        failed=failed,
        about=grader.about,
        missing=missing,
        warned=warned,
    )


def _listed(photos, by_person):
    """List of (expression, image)."""
    given = photos if isinstance(photos, Mapping) else {None: photos}
    if unknown := set(given) - {None, *EXPRESSIONS}:
        raise BadSettingError(f"there are no expressions {sorted(map(str, unknown))}; there are {list(EXPRESSIONS)}")
    listed, people = [], set()
    for expression, some in given.items():
        for photo in some if isinstance(some, list | tuple | PhotoSet) else [some]:
            if isinstance(photo, Photo):
                people.add(photo.patient_id)
                listed.append((expression or photo.expression, photo.path))
            else:
                listed.append((expression, photo))
    if not listed or len(people) > 1:
        raise BadSettingError(f"photos of one person are needed; here are {len(listed)} photos of {len(people)} people")
    if by_person and any(expression is None for expression, _ in listed):
        raise BadSettingError("this grader looks at expressions: give the photos as {expression: image}")
    return listed


def _measure(photos, landmark_model, looks, seed):
    """Features and asymmetries, one row per photo and look (0: the photo itself); which failed, and which are not fit."""
    blocks, failed, warned, error = [], {}, {}, None
    for number, (expression, image) in enumerate(photos, start=1):
        name = f"photo {number}"
        try:
            tester = LandmarkTester(image, landmark_model, seed=seed).run(looks)
        except BpResearchError as reason:
            failed[name], error = f"{type(reason).__name__}: {reason}", reason
            continue
        if reasons := tester.single.quality_for(expression):
            warned[name] = "; ".join(reason.text for reason in reasons)
        points = np.concatenate([tester.single.landmarks[None], tester.test_landmarks])
        block = pd.DataFrame(quantities(points), columns=[*FEATURES, *REGIONS])
        blocks.append(block.assign(look=np.arange(len(points)), photo_id=name, expression=expression, patient_id="one"))
    if not blocks:
        raise NoFaceError(f"none of the {len(photos)} photos could be measured: {failed}") from error
    return pd.concat(blocks, ignore_index=True), failed, warned


def _judge(grader, rows):
    """Probability of each class (mean over the photos), the class, and the rows that the classifier was given."""
    if grader.by_person:
        made = person_table(rows, _MEASURED)
        known = {name.split(", ")[0] for name in made}
        if strange := sorted({name for name in grader.inputs if name.split(", ")[0] not in known}):
            raise BadModelError(f"the grader takes inputs that are not measured here: {strange[:5]}")
        rows = made.reindex(columns=grader.inputs)  # what expressions that are missing would have told is NaN
        return grader.probabilities(rows).to_numpy()[0], grader.predict(rows).iloc[0], rows
    probability = grader.probabilities(rows).to_numpy().mean(axis=0)
    return probability, grader.labels[int(np.argmax(probability))], rows


def _drivers(grader, rows, nearest):
    """What each input adds to the log-odds of a class, against the median of the training's first class."""
    x = grader.matrix(rows)
    column = grader.labels.index(nearest)
    reference, each = np.array(grader.about["reference"], float), np.arange(x.shape[1])

    # every input in turn is given its reference, in all rows; the last block is left as it is
    blocks = np.tile(x.to_numpy(), (x.shape[1] + 1, 1, 1))
    blocks[each, :, each] = reference[:, None]
    p = grader.probabilities(pd.DataFrame(blocks.reshape(-1, x.shape[1]), columns=x.columns)).to_numpy()[:, column]
    log_odds = logit(np.clip(p, 1e-6, 1 - 1e-6)).reshape(len(blocks), len(x)).mean(axis=1)
    found = pd.DataFrame({"input": list(x), "meaning": [*map(_meaning, x)], "value": x.mean().to_numpy()})
    found = found.assign(reference=reference, contribution=log_odds[-1] - log_odds[:-1])
    return found.sort_values("contribution", ascending=False, kind="stable", ignore_index=True)


def _meaning(name):
    base = name.replace(" (", ",").split(",")[0]
    return FEATURE_LABELS.get(base, f"{base}, left minus right" if base in REGIONS else base)
