"""The classifiers and scalings that are tried: each model after each scaling in one pipeline, so that nothing of the
test fold can leak into the scaling.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import mord
import numpy as np
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid, StratifiedGroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, QuantileTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_sample_weight

from ..errors import BadSettingError

_SCALERS = {
    "standard": StandardScaler(),
    "min-max": MinMaxScaler(clip=True),
    # Yeo and Johnson's, for some inputs are zero or negative, which Box and Cox's is not for
    "power": PowerTransformer(),
    "quantile": QuantileTransformer(n_quantiles=100, output_distribution="normal"),
}

#: The scalings by name.
SCALINGS = tuple(_SCALERS)

#: Baselines, which never look at the inputs.
COMMONEST, MIDDLE = "always the commonest", "always the middle"

#: What is tried when a model is tuned, by name; the first value of each is the default.
GRIDS = json.loads(Path(__file__).with_name("grids.json").read_text(encoding="utf-8"))

#: Models whose answers no monotone scaling of an input changes: a choice tries them with one scaling only.
_SCALE_FREE = ("random forest", "XGBoost")


def _xgboost(seed):
    from xgboost import XGBClassifier  # slow to import

    return XGBClassifier(n_estimators=100, learning_rate=0.1, subsample=0.8, tree_method="hist", n_jobs=1, random_state=seed)


_CLASSIFIERS = {
    "logistic regression": lambda seed: LogisticRegression(max_iter=2000),
    # Platt's calibration on folds by person, set in _fit_pipeline, gives it probabilities
    "SVM": lambda seed: CalibratedClassifierCV(SVC(), ensemble=False),
    "random forest": lambda seed: RandomForestClassifier(100, random_state=seed, n_jobs=1),
    "XGBoost": _xgboost,
    # as small as that of Parra-Dominguez et al. 2021
    "MLP": lambda seed: MLPClassifier((20,), solver="lbfgs", max_iter=200, random_state=seed),
    "ordinal all-threshold": lambda seed: mord.LogisticAT(),
    "ordinal immediate-threshold": lambda seed: mord.LogisticIT(),
}

#: The classifiers by name; those for ordered grades (package mord) are the logistic all-threshold and immediate-threshold
#: models of Rennie and Srebro.
MODELS, ORDINAL_MODELS = tuple(_CLASSIFIERS)[:5], tuple(_CLASSIFIERS)[5:]


def make_pipeline(model, scaling="standard", seed=0, **params):
    """An unfitted pipeline: missing values to the median, constant inputs out, scaling, classifier.

    Parameters
    ----------
    model : str
        One of :data:`MODELS` or :data:`ORDINAL_MODELS`.
    scaling : str
        One of :data:`SCALINGS`.
    seed : int
        Of the models that draw random numbers.
    **params
        Of the classifier.

    Returns
    -------
    sklearn.pipeline.Pipeline

    Raises
    ------
    BadSettingError
        For unknown names.
    """
    if scaling not in _SCALERS:
        raise BadSettingError(f"there is no scaling {scaling!r}; there are {list(SCALINGS)}")
    if model not in _CLASSIFIERS:
        raise BadSettingError(f"there is no classifier {model!r}; there are {list(_CLASSIFIERS)}")
    defaults = {name: values[0] for name, values in GRIDS.get(model, {}).items()}
    return Pipeline(
        [
            ("missing", SimpleImputer(strategy="median", keep_empty_features=True)),
            ("constant", VarianceThreshold()),
            ("scaling", clone(_SCALERS[scaling])),
            ("classifier", _CLASSIFIERS[model](seed).set_params(**{**defaults, **params})),
        ]
    )


def stratified_person_folds(y, groups, folds, seed):
    """Stratified folds by person in which no class is missing, list of (train, test) index arrays.

    Splits are drawn until one has every class in every part.

    Raises
    ------
    BadSettingError
        If a class has fewer people than there are folds, or no such split is found.
    """
    classes = np.unique(y)
    for label in classes:
        n = len(np.unique(groups[y == label]))
        if n < max(folds, 2):
            raise BadSettingError(f"{max(folds, 2)} folds need that many people of each class; class {label} has {n}")
    for attempt in range(200):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed * 1000 + attempt)
        split = list(splitter.split(y, y, groups))
        if all(len(np.unique(y[part])) == len(classes) for pair in split for part in pair):
            return split
    raise BadSettingError(f"no split into {folds} folds by person has every class in each: take fewer folds")


def _fewest_people(y, groups):
    return min(len(np.unique(groups[y == label])) for label in np.unique(y))


def _fit_pipeline(pipeline, x, y, groups, seed):
    """Fit with every class weighing the same; mord and baselines know no weights."""
    pipeline, fit_params = clone(pipeline), {}
    classifier = getattr(pipeline, "named_steps", {}).get("classifier")
    calibrated = isinstance(classifier, CalibratedClassifierCV)
    if calibrated:
        # a class of one person can be divided by photos only
        units = groups if _fewest_people(y, groups) > 1 else np.arange(len(y))
        classifier.set_params(cv=stratified_person_folds(y, units, min(3, _fewest_people(y, units)), seed))
    if classifier is not None and not type(classifier).__module__.startswith("mord"):
        fit_params = {"classifier__sample_weight": compute_sample_weight("balanced", y)}
    with warnings.catch_warnings():
        # the MLP is stopped early on purpose: that is part of how it is kept small
        warnings.simplefilter("ignore", ConvergenceWarning)
        # of fewer photos than quantiles, each is one
        warnings.filterwarnings("ignore", "n_quantiles", UserWarning)
        # mord passes scipy an option that no longer does anything
        warnings.filterwarnings("ignore", "scipy.optimize", DeprecationWarning)
        pipeline.fit(x, y, **fit_params)
    if calibrated:
        classifier.set_params(cv=None)  # the folds are of no more use, and a saved model should not carry them
    return pipeline


def probabilities(fitted, x, k):
    """Probability of each of the classes 0..k-1, ndarray (n, k); 0 for classes that the training did not have."""
    out = np.zeros((len(x), k))
    out[:, np.asarray(fitted.classes_, int)] = fitted.predict_proba(x)
    return out


def answers(fitted, x):
    """The predicted class of each row, ndarray of int (n,): the likeliest one, or the ordinal models' own choice."""
    return np.asarray(fitted.predict(x)).astype(int)


@dataclass(frozen=True)
class Fixed:
    """One pipeline, as it is.

    Attributes
    ----------
    name : str
    pipeline : estimator
        Of scikit-learn's interface, with ``predict_proba``.
    """

    name: str
    pipeline: object

    def fit(self, x, y, groups, seed, ordered=False):
        """Fit; returns the fitted estimator and a text saying what was chosen (here nothing)."""
        return _fit_pipeline(self.pipeline, x, y, groups, seed), ""


@dataclass(frozen=True)
class Choice:
    """The best of several pipelines, found anew in each training set by folds by person inside of it.

    First the candidates compete with their default settings, then the settings of :data:`GRIDS` are tried for the winner.
    The judge is balanced accuracy (for ordered grades the mean distance from the truth, grades weighing the same). Not the
    best candidate wins, which among many candidates and few people is luck, but the first one that is within one standard
    error of it (Breiman et al. 1984): candidates are listed from the simplest to the most flexible.

    Attributes
    ----------
    candidates : tuple of (model, scaling)
    name : str
    folds : int
        Number of inner folds, fewer if a class has fewer people. With one person only in a class nothing can be
        compared, and the first candidate is taken.
    """

    candidates: tuple
    name: str = "chosen in each fold"
    folds: int = 5

    def fit(self, x, y, groups, seed, ordered=False):
        """Choose and fit; returns the fitted pipeline and a text saying what was chosen."""
        fewest = _fewest_people(y, groups)
        if fewest < 2:
            model, scaling = self.candidates[0]
            pipeline = make_pipeline(model, scaling, seed)
            return _fit_pipeline(pipeline, x, y, groups, seed), f"{model}, {scaling} (too few people to choose)"
        split = stratified_person_folds(y, groups, min(self.folds, fewest), seed)

        def best(options):
            pipelines = [make_pipeline(model, scaling, seed, **params) for model, scaling, params in options]
            losses = [_inner_loss(pipeline, x, y, groups, split, seed, ordered) for pipeline in pipelines]
            enough = sum(min(losses))
            first = next(i for i, (loss, _) in enumerate(losses) if loss <= enough)
            return options[first], pipelines[first]

        (model, scaling, _), _ = best([(*pair, {}) for pair in self.candidates])
        (_, _, params), pipeline = best([(model, scaling, one) for one in ParameterGrid(GRIDS.get(model, {}))])
        text = ", ".join([model, scaling, *(f"{name.split('__')[-1]}={value:g}" for name, value in params.items())])
        return _fit_pipeline(pipeline, x, y, groups, seed), text


@dataclass(frozen=True)
class Committee:
    """Several pipelines, none of them chosen: their probabilities are averaged.

    Attributes
    ----------
    members : tuple of (model, scaling)
    name : str
    """

    members: tuple = tuple((model, SCALINGS[0]) for model in MODELS)
    name: str = "all together"

    def fit(self, x, y, groups, seed, ordered=False):
        """Fit all members; returns what averages them, and an empty text."""
        pipelines = [make_pipeline(model, scaling, seed) for model, scaling in self.members]
        fitted = [FrozenEstimator(_fit_pipeline(pipeline, x, y, groups, seed)) for pipeline in pipelines]
        return VotingClassifier([(str(i), one) for i, one in enumerate(fitted)], voting="soft").fit(x, y), ""


def _inner_loss(pipeline, x, y, groups, split, seed, ordered):
    """Loss on the people left out, every class weighing the same, and its standard error over people.

    The loss is the share of wrong answers, so that 1 minus it is balanced accuracy; for ordered grades the distance.
    """
    predicted = np.empty(len(y), int)
    for train, test in split:
        predicted[test] = answers(_fit_pipeline(pipeline, x[train], y[train], groups[train], seed), x[test])
    loss = np.abs(predicted - y) if ordered else (predicted != y)
    weight = compute_sample_weight("balanced", y)
    of_class = (np.bincount(y, loss) / np.bincount(y))[y]
    by_person = np.bincount(np.unique(groups, return_inverse=True)[1], weight * (loss - of_class))
    error = np.sqrt((by_person**2).sum()) / weight.sum()
    return round(float(np.average(loss, weights=weight)), 9), round(float(error), 9)


def all_candidates(models=MODELS):
    """Every model with every scaling, tuple of (model, scaling); tree models, which no scaling changes, with one only."""
    return tuple(
        (model, scaling) for model in models for scaling in (SCALINGS[:1] if model in _SCALE_FREE else SCALINGS)
    )


def make_learner(model, seed=0):
    """What can be fitted, from any of the ways to name it.

    Parameters
    ----------
    model : str, (str, str), (str, estimator), Fixed, Choice or Committee
        A classifier's name (with standard scaling), a pair of classifier and scaling, one of :data:`COMMONEST` and
        :data:`MIDDLE`, or a name of your own with an estimator.
    seed : int

    Returns
    -------
    Fixed, Choice or Committee
    """
    if isinstance(model, Fixed | Choice | Committee):
        return model
    if isinstance(model, str):
        model = (model, {COMMONEST: DummyClassifier(strategy="most_frequent"), MIDDLE: _Middle()}.get(model, SCALINGS[0]))
    if not (isinstance(model, tuple | list) and len(model) == 2):
        raise BadSettingError(f"a model is a name, a (name, scaling) pair or a (name, estimator) pair, not {model!r}")
    name, second = model
    if not isinstance(second, str):
        return Fixed(name, second)
    return Fixed(f"{name}, {second}", make_pipeline(name, second, seed))


class _Middle(DummyClassifier):
    """Always answers the median class of the training set."""

    def fit(self, x, y):
        self.set_params(strategy="constant", constant=np.sort(y)[(len(y) - 1) // 2])
        return super().fit(x, y)
