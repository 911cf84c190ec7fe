"""Judging classifiers so that neither a majority nor a leak can pass for skill: folds by person, baselines in the same folds,
intervals over people, a permutation test, and a verdict in words.
"""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import GroupShuffleSplit
from threadpoolctl import threadpool_limits

from ..accuracy.scores import bootstrap_ci, interval_text
from ..errors import BadSettingError, BadTableError
from ..work import map_cached
from .classifiers import COMMONEST, MIDDLE, answers, make_learner, probabilities, stratified_person_folds
from .inputs import make_inputs
from .metrics import Tally, permutation_p, rates

#: The report's way to split: ten times a quarter of the people, seed 7.
REPORT = GroupShuffleSplit(10, test_size=0.25, random_state=7)

#: Below this p-value a result counts as more than chance.
ALPHA = 0.05


@dataclass(frozen=True)
class Evaluation:
    """The outcome of :func:`evaluate`.

    Attributes
    ----------
    summary : DataFrame
        One row per model, all folds pooled; the baselines come last. See :func:`evaluate`.
    folds : DataFrame
        One row per model and fold: ``model``, ``repeat``, ``fold``, ``chosen`` (what a nested choice took), numbers of
        rows and people, TN, TP, FN, FP (two classes only) and the metrics.
    predictions : DataFrame
        One row per model, repeat and judged row: ``model``, ``repeat``, ``fold``, ``row`` (index of the table), ``person``,
        ``true``, ``predicted``, ``chosen``, and ``p_<class>`` for each class.
    labels : list
        The classes in order; of two, the second is the positive one.
    n_rows, n_people, n_left_out : int
        Judged rows, their people, and rows left out because their measurement failed.
    metric : str
        What the verdict looks at: ``balanced_accuracy``, or ``kappa`` for ordered grades.
    """

    summary: pd.DataFrame
    folds: pd.DataFrame
    predictions: pd.DataFrame = field(repr=False)
    labels: list
    n_rows: int
    n_people: int
    n_left_out: int
    metric: str

    def confusion(self, model):
        """DataFrame (k, k): how often each class (rows) got each answer (columns), summed over the repeats."""
        rows = self.predictions[self.predictions["model"] == model]
        if rows.empty:
            raise BadSettingError(
                f"{model!r} was not evaluated; there are {self.predictions['model'].unique().tolist()}"
            )
        counts = pd.crosstab(rows["true"], rows["predicted"].rename("answer"))
        return counts.reindex(index=self.labels, columns=self.labels, fill_value=0)


def evaluate(
    table,
    target,
    models,
    groups="patient_id",
    cv="repeated",
    features="features",
    *,
    ordered=False,
    adapt=None,
    seed=0,
    repeats=5,
    folds=10,
    permutations=1999,
    draws=2000,
    processes=1,
):
    """Cross-validate classifiers by person, beside the baselines in the same folds.

    Scaling, imputation, calibration, class weights, tuning and choice of a model are all done within the training part of
    each fold. All metrics are of predictions for people whom the model never saw, pooled over folds and repeats; the
    area under the ROC curve compares rows within one repeat only.

    Parameters
    ----------
    table : DataFrame
        One row per photo, or per person. Rows with a ``status`` other than "ok" are left out and counted.
    target : str or Series
        The true classes: a column, or a Series with the table's index.
    models : list
        Each a classifier's name, a pair (name, scaling), a pair (own name, estimator), or a
        :class:`bp_research.grading.Choice` or :class:`bp_research.grading.Committee` of several.
    groups : str
        The column that says whose row it is.
    cv : str or scikit-learn splitter
        "repeated": ``repeats`` times ``folds`` stratified folds by person, every class in each fold. "report": ten
        random quarters of the people, seed 7. A splitter must keep people whole.
    features : str or list of str
        The inputs, see :func:`bp_research.grading.make_inputs`.
    ordered : bool
        Whether the classes are grades, numbers with an order.
    adapt : callable, optional
        For anything fitted on annotations, such as a landmark adapter: called in each fold as ``adapt(train, table)`` with
        the training rows and all rows, it returns the table as measured after fitting on the former.
    seed, repeats, folds : int
    permutations : int
        Number of shuffles of the permutation test; 0 for none. The people's classes are dealt anew among the people
        while the out-of-fold predictions stay: models are not fitted again.
    draws : int
        Number of bootstrap draws of people for the 95 % intervals.
    processes : int or None
        Over how many processes the folds are spread; None for one per core. The numbers do not depend on it.

    Returns
    -------
    Evaluation
        Its ``summary`` has for each model TN, TP, FN, FP (two classes; summed over repeats), each metric with
        ``<metric>_low`` and ``<metric>_high``, the baseline's ``baseline_accuracy`` and
        ``baseline_balanced_accuracy`` (ordered: ``baseline_within_one``, ``baseline_mae`` and ``baseline_kappa`` of
        always giving the middle grade), ``p`` and ``verdict``.

    Raises
    ------
    BadTableError
        For missing columns, targets or people, fewer than two classes, or nothing measured.
    BadSettingError
        For unknown names, folds in which a class is missing from training, or a splitter that puts a person into both
        parts.
    """
    table, y, labels, person, n_left_out = prepare(table, target, groups, ordered)
    split = _splits(y, person, cv, seed, repeats, folds)
    learners = [make_learner(model, seed) for model in [*models, COMMONEST, *([MIDDLE] if ordered else [])]]
    names = [learner.name for learner in learners]
    if len(set(names)) < len(names):
        raise BadSettingError(f"the models need different names: {names}")
    given = {"table": table, "y": y, "person": person, "labels": labels, "learners": learners, "features": features}
    fit = partial(_fit_fold, **given, adapt=adapt, ordered=ordered, seed=seed)
    done = map_cached(fit, split, processes=processes, progress=False)
    # all folds of the first model come first
    predictions = pd.concat([block for folds in zip(*done, strict=True) for block in folds], ignore_index=True)
    metric = "kappa" if ordered else "balanced_accuracy"
    summary = _summary(predictions, labels, metric, permutations, draws, seed)
    by_fold = _fold_table(predictions, labels, metric)
    return Evaluation(summary, by_fold, predictions, labels, len(y), len(np.unique(person)), n_left_out, metric)


def prepare(table, target, groups, ordered):
    """The measured rows, their classes as codes, the classes, the people, and how many rows were left out."""
    for column in [groups, target] if isinstance(target, str) else [groups]:
        if column not in table:
            raise BadTableError(f"the table lacks the column {column!r}: whose photos they are, or their true classes")
    target = table[target] if isinstance(target, str) else target.reindex(table.index)
    measured = table["status"].eq("ok") if "status" in table else pd.Series(True, index=table.index)
    if not measured.any():
        raise BadTableError("no row of the table was measured: see its column status")
    table, target = table[measured], target[measured]
    for what, values in (("target", target), (groups, table[groups])):
        if gaps := int(values.isna().sum()):
            raise BadTableError(f"{gaps} measured rows have no {what}: leave them out first")
    y, labels = pd.factorize(target, sort=True)
    labels = [int(v) if isinstance(v, float) and v.is_integer() else v for v in labels.tolist()]  # grade 3 in place of 3.0
    if len(labels) < 2:
        raise BadTableError(f"all rows are of the class {labels}: there is nothing to tell apart")
    if ordered and not all(isinstance(label, int | float) for label in labels):
        raise BadTableError(f"ordered classes must be numbers, not {labels}")
    return table, y, labels, table[groups].astype(str).to_numpy(), int((~measured).sum())


def _splits(y, person, cv, seed, repeats, folds):
    """List of (repeat, fold, train, test), checked."""
    if isinstance(cv, str) and cv not in ("repeated", "report"):
        raise BadSettingError(f"cv is 'repeated', 'report' or a splitter, not {cv!r}")
    if cv == "repeated":
        drawn = [stratified_person_folds(y, person, folds, seed + repeat) for repeat in range(repeats)]
        parts = [(repeat, fold, *pair) for repeat, pairs in enumerate(drawn) for fold, pair in enumerate(pairs)]
    else:
        splitter = REPORT if cv == "report" else cv
        parts = [(f, 0, *pair) for f, pair in enumerate(splitter.split(y, y, person))]
    for repeat, fold, train, test in parts:
        both = set(person[train]) & set(person[test])
        if both:
            raise BadSettingError(f"{len(both)} people are in training and test of repeat {repeat}, fold {fold}")
        if len(np.unique(y[train])) < len(np.unique(y)):
            raise BadSettingError(f"a class is missing from the training part of repeat {repeat}, fold {fold}")
    return parts


def _fit_fold(part, table, y, person, labels, learners, features, adapt, ordered, seed):
    """What each learner makes of the people left out in one fold, list of DataFrame."""
    repeat, fold, train, test = part
    table = table if adapt is None else adapt(table.iloc[train], table)
    x, named = make_inputs(table, features).to_numpy(), np.array(labels, object)
    about = {"repeat": repeat, "fold": fold, "row": table.index[test], "person": person[test], "true": named[y[test]]}
    found = []
    # one thread, for sums in another order are other sums
    with threadpool_limits(1):
        for learner in learners:
            fitted, chosen = learner.fit(x[train], y[train], person[train], seed, ordered)
            block = {"model": learner.name, **about, "predicted": named[answers(fitted, x[test])], "chosen": chosen}
            probability = probabilities(fitted, x[test], len(labels))
            found.append(pd.DataFrame(block | {f"p_{label}": probability[:, i] for i, label in enumerate(labels)}))
    return found


def _cells(counts):
    """TN, TP, FN, FP of a two-class confusion matrix, nothing for more classes."""
    return dict(zip(("TN", "FP", "FN", "TP"), counts.ravel().tolist(), strict=True)) if counts.shape[-1] == 2 else {}


def _fold_table(predictions, labels, metric):
    """The metrics of each model in each fold, and what a choice took."""
    rows, keys = [], ["model", "repeat", "fold"]
    for key, part in predictions.groupby(keys, sort=False):
        row = dict(zip(keys, key, strict=True)) | {"chosen": part["chosen"].iloc[0]}
        row |= {"n_rows": len(part), "n_people": part["person"].nunique()}
        tally = _tally(part.assign(person="all"), labels, metric)
        rows.append(row | _cells(tally.counts[0]) | dict(zip(tally.names, tally.metrics(), strict=True)))
    return pd.DataFrame(rows)


def _tally(part, labels, metric):
    true, predicted = (pd.Categorical(part[name], labels).codes.astype(int) for name in ("true", "predicted"))
    person, _ = pd.factorize(part["person"], sort=True)
    probability = part[[f"p_{label}" for label in labels]].to_numpy()
    grades = [float(label) for label in labels] if metric == "kappa" else None
    return Tally(true, predicted, probability, person, part["repeat"].to_numpy(), grades)


def _summary(predictions, labels, metric, permutations, draws, seed):
    rows = []
    for name, part in predictions.groupby("model", sort=False):
        tally = _tally(part, labels, metric)
        everyone = np.arange(len(tally.counts))
        estimates = bootstrap_ci(everyone, everyone, tally.metrics, n=draws, seed=seed)
        named = pd.DataFrame(estimates, index=["", "_low", "_high"], columns=tally.names).unstack()
        row = {"model": name, **_cells(tally.counts.sum(axis=0))}
        row |= {f"{statistic}{end}": value for (statistic, end), value in named.items()}
        if permutations:
            row["p"] = permutation_p(tally, metric, permutations, seed)
        row["constant"] = bool((part.groupby(["repeat", "fold"])["predicted"].nunique() == 1).all())
        row["answer"] = part["predicted"].mode()[0]
        rows.append(row)
    summary = pd.DataFrame(rows)
    known = summary.set_index("model")
    baselines = {COMMONEST: ("accuracy", "balanced_accuracy")}
    if metric == "kappa":
        # the middle grade is never far off: a harder baseline than the commonest
        baselines = {COMMONEST: ("accuracy",), MIDDLE: ("within_one", "mae", "kappa")}
    for model, statistics in baselines.items():
        for name in statistics:
            summary[f"baseline_{name}"] = known.loc[model, name]
    summary["verdict"] = [_verdict(row, known.loc[COMMONEST], metric, len(labels)) for _, row in summary.iterrows()]
    return summary.drop(columns=["constant", "answer"])


def _verdict(row, baseline, metric, k):
    """In words, whether a model has learnt anything."""
    always = f"always answering “{baseline['answer']}”"
    if row["constant"]:
        return f"always answers “{row['answer']}”" if row["model"] != COMMONEST else always
    chance = 1 / k if metric == "balanced_accuracy" else 0.0
    if not (row[f"{metric}_low"] > chance and row.get("p", 0) <= ALPHA):
        return f"no better than {always}"
    if row["accuracy"] <= baseline["accuracy"]:
        return f"better than {always}, but not in accuracy"
    return f"better than {always}"


def readable(summary, columns, digits=3):
    """Columns of a summary as a table to read: each metric and its interval in one text, ``0.727 [0.618, 0.816]``.

    Parameters
    ----------
    summary : DataFrame
        Of an :class:`Evaluation`; more columns may have been added.
    columns : sequence of str, or dict of str to str
        Which to show, and under which headers (default: underscores are blanks); the bounds of a metric come with it.
    digits : int

    Returns
    -------
    DataFrame
        Numbers without an interval are kept as such.
    """
    table = summary[[*columns]].reset_index(drop=True)
    for name in columns:
        if f"{name}_low" in summary:
            estimates = summary[[name, f"{name}_low", f"{name}_high"]].to_numpy(float)
            table[name] = [interval_text(*row, digits) for row in estimates]
    headers = columns if isinstance(columns, dict) else {name: name.replace("_", " ") for name in columns}
    return table.rename(columns=headers)


def pool_by_person(evaluation, permutations=1999, draws=2000, seed=0):
    """One answer per person from a classifier of photos: the mean probability over the person's photos.

    Parameters
    ----------
    evaluation : Evaluation
        Of photos.
    permutations, draws, seed
        As in :func:`evaluate`.

    Returns
    -------
    Evaluation
        Its rows are people; the answer is the likeliest class, or for ordered grades the median of the mean
        probability. A baseline that always gives one answer still does.
    """
    labels, metric = evaluation.labels, evaluation.metric
    names = [f"p_{label}" for label in labels]
    mean = {"true": "first", "chosen": "first", **dict.fromkeys(names, "mean")}
    rows = evaluation.predictions.groupby(["model", "repeat", "fold", "person"], sort=False).agg(mean).reset_index()
    p = rows[names].to_numpy()
    place = (p.cumsum(axis=1) < 0.5 - 1e-12).sum(axis=1) if metric == "kappa" else p.argmax(axis=1)
    rows.insert(3, "row", rows["person"])
    rows.insert(6, "predicted", np.array(labels, object)[place])
    summary = _summary(rows, labels, metric, permutations, draws, seed)
    by_fold, people = _fold_table(rows, labels, metric), evaluation.n_people
    return replace(evaluation, summary=summary, folds=by_fold, predictions=rows, n_rows=people)


def calibration(evaluation, model, label, bins=6, draws=2000, seed=0):
    """How often a class was the truth where a model gave it about the same probability.

    Parameters
    ----------
    evaluation : Evaluation
    model : str
        One of its models.
    label : object
        The class.
    bins : int
        Bins of equal width from 0 to 1; empty ones are left out.
    draws, seed : int
        Of the bootstrap over people.

    Returns
    -------
    DataFrame
        Per bin ``predicted`` (mean), ``observed`` (share) with ``low`` and ``high`` (95 %), ``n_rows`` and ``n_people``. Its
        ``attrs`` hold ``brier``, the mean squared difference of probability and truth, and ``brier_baseline``, that
        of always giving the class's share.
    """
    rows = evaluation.predictions[evaluation.predictions["model"] == model]
    p, truth = rows[f"p_{label}"].to_numpy(), (rows["true"] == label).to_numpy().astype(float)
    found = []
    for _, own in rows.assign(p=p, truth=truth).groupby(np.minimum((p * bins).astype(int), bins - 1)):
        observed = bootstrap_ci(own["truth"], own["person"], "mean", n=draws, seed=seed)
        row = {"predicted": own["p"].mean(), **dict(zip(("observed", "low", "high"), observed, strict=True))}
        found.append(row | {"n_rows": len(own), "n_people": own["person"].nunique()})
    table = pd.DataFrame(found)
    table.attrs["brier"] = brier_score_loss(truth, p)
    table.attrs["brier_baseline"] = float(truth.var())
    return table


def importance(
    table, target, model, features="features",
    *, sets=None, seed=0, folds=10, shuffles=10, draws=2000,
):
    """How much balanced accuracy is lost when an input is shuffled among the people whom the model never saw.

    Parameters
    ----------
    table, target, features, seed, folds, draws
        As in :func:`evaluate`; one repeat.
    model
        One model, as in :func:`evaluate`.
    sets : dict of str to collection of str, optional
        Inputs that are shuffled together, by name; what is correlated hides behind its like when shuffled alone.
        Default: each input alone.
    shuffles : int
        How often each input is shuffled within each test fold.

    Returns
    -------
    DataFrame
        ``input``, ``loss`` of balanced accuracy with ``low`` and ``high`` (95 %, over people), the largest loss first.
    """
    table, y, labels, person, _ = prepare(table, target, "patient_id", False)
    inputs = make_inputs(table, features)
    x, k = inputs.to_numpy(), len(labels)
    sets = {name: (name,) for name in inputs} if sets is None else sets
    columns = [[inputs.columns.get_loc(name) for name in names] for names in sets.values()]
    people, codes = np.unique(person, return_inverse=True)
    intact, shuffled = np.zeros((len(people), k, k)), np.zeros((len(columns), len(people), k, k))
    rng, learner = np.random.default_rng(seed), make_learner(model, seed)
    with threadpool_limits(1):
        for train, test in stratified_person_folds(y, person, folds, seed):
            fitted, _ = learner.fit(x[train], y[train], person[train], seed)
            np.add.at(intact, (codes[test], y[test], answers(fitted, x[test])), shuffles)
            for i, which in enumerate(columns):
                for _ in range(shuffles):
                    changed = x[test].copy()
                    changed[:, which] = changed[rng.permutation(len(test))][:, which]
                    np.add.at(shuffled[i], (codes[test], y[test], answers(fitted, changed)), 1)

    def loss(drawn):
        score = rates(intact[drawn].sum(axis=0))["balanced_accuracy"]
        return score - rates(shuffled[:, drawn].sum(axis=1))["balanced_accuracy"]

    everyone = np.arange(len(people))
    estimate, low, high = bootstrap_ci(everyone, everyone, loss, n=draws, seed=seed)
    found = pd.DataFrame({"input": list(sets), "loss": estimate, "low": low, "high": high})
    return found.sort_values("loss", ascending=False, kind="stable", ignore_index=True)
