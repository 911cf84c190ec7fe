"""A fitted classifier in a file: whole, unaltered, told apart from others, and read without running anything from it.

The file is JSON: what the model is, and its pipeline in the format of skops, base64. Reading checks, in this order, the
digest over everything, the versions, and that the pipeline consists of nothing but the types listed here; only then are
objects made. The digest tells damage, not a forger, who can compute it too: against him stands the list of types.
"""

import base64
import hashlib
import json
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from .. import DISCLAIMER, __version__
from ..errors import BadModelError, BadTableError, ModelNotFoundError
from ..face.schemes import EXPRESSIONS
from ..landmarks.files import find_model_file
from ..paths import models_dir, write_atomic
from .classifiers import answers, make_learner, probabilities
from .evaluation import Evaluation, prepare
from .inputs import make_inputs

#: Types in a pipeline beyond those of numpy and scikit-learn that skops knows to run nothing.
TRUSTED = (
    "mord.threshold_based.LogisticAT",
    "mord.threshold_based.LogisticIT",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
)

_FORMAT = 1
_FIELDS = ("labels", "inputs", "landmark_model", "by_person", "about")
_CARD = Path(__file__).with_name("card.md.j2")
_PACKAGES = ("numpy", "scikit-learn", "xgboost-cpu", "mord")


@dataclass(frozen=True)
class Grader:
    """A fitted classifier and all that is needed to use and to judge it.

    Attributes
    ----------
    pipeline : estimator
    labels : list
        The classes in order.
    inputs : list of str
        Columns it takes, in order.
    landmark_model : str
        The landmark model with which the training photos were measured; no other will do.
    by_person : bool
        Whether it takes one row per person, from :func:`bp_research.grading.person_table`, in place of one per photo.
    about : dict
        ``name``, ``target`` (what the classes are), ``ordered``, ``dataset``, ``simulated``, ``n_rows``, ``n_people``,
        ``training_digest`` (SHA-256 of inputs, classes and people), ``reference`` (median of each input in the first class),
        ``expressions`` (for graders of people: those that the training people were photographed in),
        ``fewest_expressions`` (that any of them had), ``evaluation`` (cross-validated metrics with intervals and
        baseline), ``chosen``, ``seed``, ``versions``, ``disclaimer``.
    """

    pipeline: object = field(repr=False)
    labels: list
    inputs: list = field(repr=False)
    landmark_model: str
    by_person: bool
    about: dict = field(repr=False)

    def matrix(self, table):
        """The inputs, DataFrame (n_rows, n_inputs), of a table that fits the model.

        Raises
        ------
        BadModelError
            If the table lacks inputs, or was measured with another landmark model.
        """
        if "model" in table and set(table["model"].dropna()) - {self.landmark_model}:
            raise BadModelError(
                f"the classifier was trained on landmarks of {self.landmark_model!r}; these were measured with "
                f"{sorted(set(table['model'].dropna()))}: measure the photos with the former"
            )
        try:
            return make_inputs(table, self.inputs)
        except BadTableError as error:
            raise BadModelError(f"the table does not have the inputs that the classifier takes: {error}") from error

    def probabilities(self, table):
        """Probability of each class, DataFrame (n_rows, n_classes); columns are the labels.

        Rows without any measurement, such as photos in which no face was found, are NaN.
        """
        x = self.matrix(table)
        with threadpool_limits(1):
            found = probabilities(self.pipeline, x.to_numpy(), len(self.labels))
        return pd.DataFrame(found, index=x.index, columns=self.labels).mask(x.isna().all(axis=1))

    def predict(self, table):
        """The class of each row, Series; None for rows without any measurement."""
        x = self.matrix(table)
        with threadpool_limits(1):
            found = answers(self.pipeline, x.to_numpy())
        named = pd.Series(np.array(self.labels, object)[found], index=x.index, dtype=object)
        return named.where(x.notna().any(axis=1), None)


def fit_grader(
    table, target, model, evaluation, features="features",
    *, name, target_name, dataset, simulated, by_person=False, ordered=False, seed=0,
):
    """Fit a classifier to all rows, to be saved and used on new people.

    Parameters
    ----------
    table, target, features, ordered, seed
        As in :func:`bp_research.grading.evaluate`; the column ``model`` says what landmarks the table is of.
    model
        One model, as there.
    evaluation : Evaluation
        Of the same model on the same table: what may be expected of it on new people.
    name : str
        Of the grader.
    target_name : str
        What the classes are, such as "healthy or palsy" or the data set's ``severity_name``.
    dataset : str
    simulated : bool
    by_person : bool
        Whether the table has one row per person.

    Returns
    -------
    Grader

    Raises
    ------
    BadTableError
        As ``evaluate``; also if the landmark model is not known, or is not the same for all rows.
    BadModelError
        If the evaluation is of another model.
    """
    table, y, labels, person, _ = prepare(table, target, "patient_id", ordered)
    used = set(table["model"]) if "model" in table else set()
    if len(used) != 1:
        raise BadTableError(f"landmarks of one model are needed, the table has those of {sorted(used)}")
    learner = make_learner(model, seed)
    judged = evaluation.summary[evaluation.summary["model"] == learner.name]
    if judged.empty or evaluation.labels != labels:
        raise BadModelError(f"the evaluation is not one of {learner.name!r} with the classes {labels}")
    x = make_inputs(table, features)
    with threadpool_limits(1):
        pipeline, chosen = learner.fit(x.to_numpy(), y, person, seed, ordered)
    about = {
        "name": name,
        "target": target_name,
        "ordered": ordered,
        "dataset": dataset,
        "simulated": simulated,
        "classifier": learner.name,
        "chosen": chosen,
        "n_rows": len(y),
        "n_people": len(np.unique(person)),
        "training_digest": _digest_of_rows(x, y, person),
        "reference": [float(v) for v in x[y == 0].median()],
        **(_expressions(table) if by_person else {}),
        "evaluation": _judgement(evaluation, judged.iloc[0]),
        "seed": seed,
        "versions": _versions(),
        "disclaimer": DISCLAIMER,
    }
    return Grader(pipeline, labels, list(x), used.pop(), by_person, about)


def _expressions(people):
    """Which expressions a table of people holds, and how many its least photographed person has."""
    photographed = {
        name: people[columns].notna().any(axis=1)
        for name in EXPRESSIONS
        if (columns := [column for column in people if str(column).endswith(f", {name}")])
    }
    fewest = int(sum(photographed.values()).min()) if photographed else 0
    return {"expressions": [name for name, has in photographed.items() if has.any()], "fewest_expressions": fewest}


def save_model(grader, path):
    """Write a grader, and beside it its model card as ``.md``.

    Parameters
    ----------
    grader : Grader
    path : path-like
        By custom ``data/models/NAME.grader.json``.

    Returns
    -------
    Path
    """
    import skops.io  # slow to import: it looks at all of scikit-learn

    path = Path(path)
    pipeline = base64.b64encode(skops.io.dumps(grader.pipeline)).decode()
    content = {"format": _FORMAT, **{name: getattr(grader, name) for name in _FIELDS}, "pipeline": pipeline}
    write_atomic(path.with_suffix(".md"), model_card(grader))
    return write_atomic(path, json.dumps({"sha256": _digest(content), **content}, indent=1))


def load_model(path):
    """Read a grader; nothing in the file is run.

    Parameters
    ----------
    path : path-like
        A file, or the name of one in ``data/models``.

    Returns
    -------
    Grader
        It refuses tables of other landmarks or without its inputs.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    BadModelError
        If the file is damaged or altered, was written with other versions, or holds anything but the types of
        :data:`TRUSTED`.
    """
    path = _find(path)
    try:
        content = json.loads(path.read_bytes())
        if content.pop("sha256") != _digest(content):
            raise BadModelError(f"{path} was altered or damaged: its digest does not fit. Obtain or train it again")
        if content["format"] != _FORMAT:
            raise BadModelError(f"{path} has the format {content['format']}, this version reads {_FORMAT}: train it again")
        _refuse_other_versions(path, content["about"]["versions"])
        fields = {name: content[name] for name in _FIELDS}
        return Grader(_read_pipeline(path, base64.b64decode(content["pipeline"])), **fields)
    except BadModelError:
        raise
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BadModelError(f"{path} is not a whole saved grader ({error!r}): train and save it again") from error


def _find(path):
    try:
        return find_model_file(path)
    except ModelNotFoundError as error:
        there = ", ".join(sorted(found.name for found in models_dir().glob("*.grader.json"))) or "none"
        raise ModelNotFoundError(
            f"there is no grader {path}: no such file, and in {models_dir()}, where notebooks 10 and 11 save theirs, "
            f"there is {there}"
        ) from error


def _read_pipeline(path, content):
    """The pipeline, if it holds trusted types alone."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        return skops.io.loads(content, trusted=list(TRUSTED))
    except UntrustedTypesFoundException as error:
        raise BadModelError(f"{path} holds types that a grader does not need: {error}. Do not use it") from error
    except Exception as error:  # a broken archive fails in skops in many ways, and all mean the same here
        raise BadModelError(f"the pipeline in {path} cannot be read ({type(error).__name__}: {error})") from error


def _digest(content):
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _digest_of_rows(x, y, person):
    digest = hashlib.sha256(np.ascontiguousarray(x.to_numpy(float)).tobytes())
    digest.update(np.asarray(y, np.int64).tobytes() + "\n".join([*x, *person]).encode())
    return digest.hexdigest()


def _versions():
    return {"bp_research": __version__, "python": platform.python_version(), **{p: version(p) for p in _PACKAGES}}


def _refuse_other_versions(path, written):
    """Estimators are not promised to mean the same in another release: the first two numbers must be the same."""
    for package, now in _versions().items():
        then = str(written[package])
        if package != "python" and then.split(".")[:2] != now.split(".")[:2]:
            raise BadModelError(
                f"{path} was written with {package} {then}, here is {now}: install that, or train it again"
            )


def _judgement(evaluation: Evaluation, row):
    """The cross-validated numbers that a grader carries with it."""
    names = ["accuracy", "balanced_accuracy", "auc", "sensitivity", "specificity", "f1", "within_one", "mae", "kappa"]
    found = {name: [float(row[f"{name}{end}"]) for end in ("", "_low", "_high")] for name in names if name in row}
    baseline = {name.removeprefix("baseline_"): float(row[name]) for name in row.index if name.startswith("baseline_")}
    return {
        "metrics": found,
        "baseline": baseline,
        "p": float(row["p"]) if "p" in row else None,
        "verdict": row["verdict"],
        "n_rows": evaluation.n_rows,
        "n_people": evaluation.n_people,
    }


def model_card(grader, heading="#"):
    """What a grader is, what it was trained on and what it can do, as Markdown.

    Parameters
    ----------
    grader : Grader
    heading : str
        Marks of the title's level; sections are one level below it.

    Returns
    -------
    str
    """
    import jinja2

    template = jinja2.Template(_CARD.read_text(encoding="utf-8"))
    return template.render(grader=grader, heading=heading, disclaimer=DISCLAIMER)
