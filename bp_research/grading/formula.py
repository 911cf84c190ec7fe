"""A grader for another program: what it computes and what may be expected of it, as JSON holds it."""

import numpy as np
from mord import LogisticAT
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from .inputs import INPUT_SETS

_ABOUT = ("name", "target", "ordered", "dataset", "simulated", "n_people")


def describe(grader):
    """A grader without scikit-learn.

    Parameters
    ----------
    grader : Grader

    Returns
    -------
    dict
        As the grader's: ``labels``, ``inputs``, ``landmark_model``, ``by_person``, and of its ``about`` ``name``, ``target``,
        ``ordered``, ``dataset``, ``simulated``, ``n_people``, ``expressions`` and ``fewest_expressions`` (none and 0 for
        graders of photos). ``measured``: mean error of ordered grades, else balanced accuracy, with its interval, and
        ``baseline``. ``formula``: see :func:`as_formula`.
    """
    about = grader.about
    metric, judged = "mae" if about["ordered"] else "balanced_accuracy", about["evaluation"]
    return {
        **{name: getattr(grader, name) for name in ("labels", "inputs", "landmark_model", "by_person")},
        **{name: about[name] for name in _ABOUT},
        "expressions": about.get("expressions", []),
        "fewest_expressions": about.get("fewest_expressions", 0),
        "measured": judged["metrics"][metric],
        "baseline": judged["baseline"][metric],
        "formula": as_formula(grader),
    }


def as_formula(grader):
    """A linear grader of features and asymmetries as weights and thresholds of its inputs.

    Parameters
    ----------
    grader : Grader

    Returns
    -------
    dict or None
        ``missing`` (n_inputs,): what stands for an input that is NaN; ``weights`` (n_inputs,); ``thresholds``
        (n_classes - 1,): the probability of the first k classes together is the logistic function of threshold k minus the
        sum of weights times inputs. None if the grader is anything but a logistic regression of two classes or an ordinal
        all-threshold model (Rennie and Srebro 2005) after standard scaling, or takes other inputs.
    """
    steps = grader.pipeline.named_steps if isinstance(grader.pipeline, Pipeline) else {}
    scaling, classifier = steps.get("scaling"), steps.get("classifier")
    known = {name.partition(", ")[0] for name in grader.inputs} <= {*INPUT_SETS["features and asymmetries"]}
    if not known or not isinstance(scaling, StandardScaler):
        return None
    if isinstance(classifier, LogisticAT):
        slopes, thresholds = classifier.coef_, classifier.theta_
    elif isinstance(classifier, LogisticRegression) and len(grader.labels) == 2:
        slopes, thresholds = classifier.coef_[0], -classifier.intercept_
    else:
        return None
    weights = np.zeros(len(grader.inputs))
    weights[steps["constant"].get_support()] = slopes / scaling.scale_
    thresholds = thresholds + (slopes * scaling.mean_ / scaling.scale_).sum()
    missing = steps["missing"].statistics_
    return {"missing": missing.tolist(), "weights": weights.tolist(), "thresholds": thresholds.tolist()}
