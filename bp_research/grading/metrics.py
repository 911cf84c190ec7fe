"""How good predictions are, from tables of counts: accuracy and its kin, kappa, area under the ROC curve.

Everything works on confusion matrices ``(..., k, k)``, the true class in the rows and the answer in the columns, with any
number of leading axes. A metric is NaN where it is not defined, as is every metric over classes if one of them is absent.
"""

import numpy as np

from ..errors import BadTableError


def rates(counts):
    """Accuracy, balanced accuracy, sensitivity, specificity and F1.

    With two classes the second one is the positive class. With more, sensitivity, specificity and F1 are means over
    the classes, each against all others; sensitivity then equals balanced accuracy.

    Parameters
    ----------
    counts : array_like (..., k, k)

    Returns
    -------
    dict of str to ndarray (...)
    """
    counts = np.asarray(counts, float)
    total = counts.sum(axis=(-2, -1))
    hits = np.diagonal(counts, axis1=-2, axis2=-1)
    true, answered = counts.sum(axis=-1), counts.sum(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall = hits / true
        specificity = (total[..., None] - true - answered + hits) / (total[..., None] - true)
        f1 = 2 * hits / (true + answered)
        of_class = (lambda values: values[..., 1]) if counts.shape[-1] == 2 else (lambda values: values.mean(axis=-1))
        return {
            "accuracy": hits.sum(axis=-1) / total,
            "balanced_accuracy": recall.mean(axis=-1),
            "sensitivity": of_class(recall),
            "specificity": of_class(specificity),
            "f1": of_class(f1),
        }


def kappa(counts, weights):
    """Cohen's weighted kappa.

    Parameters
    ----------
    counts : array_like (..., k, k)
        Counts or proportions.
    weights : array_like (k, k)
        How bad each disagreement is, 0 on the diagonal. See :func:`ordered_rates` for the quadratic weights.

    Returns
    -------
    ndarray (...)
        1 for full agreement, 0 for agreement by chance; NaN if chance allows no disagreement.

    References
    ----------
    Cohen, J. (1968). Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial credit.
    Psychological Bulletin 70, 213-220.
    """
    counts = np.asarray(counts, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = counts / counts.sum(axis=(-2, -1), keepdims=True)
        chance = shares.sum(axis=-1)[..., :, None] * shares.sum(axis=-2)[..., None, :]
        ratio = (shares * weights).sum(axis=(-2, -1)) / (chance * weights).sum(axis=(-2, -1))
    return 1 - np.round(ratio, 14)  # rounded, so that agreement by chance is 0 and not -2e-16


def ordered_rates(counts, grades):
    """Agreement of ordered grades: within one grade, mean absolute error, quadratic-weighted kappa.

    Parameters
    ----------
    counts : array_like (..., k, k)
    grades : array_like (k,)
        The grades' values, such as 1..6.

    Returns
    -------
    dict of str to ndarray (...)
        ``within_one`` (share), ``mae`` (grades), ``kappa``.
    """
    counts, grades = np.asarray(counts, float), np.asarray(grades, float)
    apart = np.abs(grades[:, None] - grades)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = counts / counts.sum(axis=(-2, -1), keepdims=True)
    return {
        "within_one": (shares * (apart <= 1)).sum(axis=(-2, -1)),
        "mae": (shares * apart).sum(axis=(-2, -1)),
        "kappa": kappa(counts, apart**2),
    }


class Tally:
    """The predictions of a cross-validation, summed up by person, so that metrics of any draw of people are quick.

    Parameters
    ----------
    true, predicted : ndarray of int (n,)
        Codes 0..k-1 of each judged row.
    probability : ndarray (n, k)
    person : ndarray of int (n,)
        Codes 0..people-1.
    repeat : ndarray of int (n,)
        Scores of different repeats are never ranked against each other.
    grades : sequence of float (k,), optional
        Values of the classes where they are ordered.

    Attributes
    ----------
    names : list of str
        The metrics, in the order of :meth:`metrics`.
    counts : ndarray (people, k, k)
        One confusion matrix for each person.
    """

    def __init__(self, true, predicted, probability, person, repeat, grades=None):
        k, people = probability.shape[1], person.max() + 1
        cell = (person * k + true) * k + predicted
        self.counts = np.bincount(cell, minlength=people * k * k).reshape(people, k, k)
        self.grades = grades
        classes = [1] if k == 2 else range(k)
        self._wins = np.zeros((len(classes), people, people))
        self._pairs = np.zeros((len(classes), people, people))
        for one in np.unique(repeat):
            rows = np.flatnonzero(repeat == one)
            member = np.eye(people)[person[rows]]
            for i, label in enumerate(classes):
                positive, scores = true[rows] == label, probability[rows, label]
                pairs = np.outer(positive, ~positive)
                # the area under the ROC curve is the share of pairs that the positive row wins (Mann and Whitney)
                wins = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
                self._wins[i] += member.T @ (wins * pairs) @ member
                self._pairs[i] += member.T @ pairs @ member
        self.names = list(self._named(np.arange(people)))

    def metrics(self, drawn=None):
        """The metrics, ndarray (n_metrics,), of all people or of those drawn (codes, (n,), repetitions allowed)."""
        people = np.arange(len(self.counts)) if drawn is None else np.asarray(drawn, int)
        return np.array([float(value) for value in self._named(people).values()])

    def rates(self, counts):
        """The metrics of confusion matrices (..., k, k) that can be had of these, dict of str to ndarray (...)."""
        return rates(counts) | ({} if self.grades is None else ordered_rates(counts, self.grades))

    def truth(self):
        """The class of each person, ndarray of int (people,); an error if somebody has several."""
        seen = self.counts.sum(axis=2) > 0
        if (seen.sum(axis=1) > 1).any():
            raise BadTableError("a person has several classes: a permutation by person needs one (or permutations=0)")
        return seen.argmax(axis=1)

    def _named(self, people):
        counts = self.counts[people].sum(axis=0)
        weight = np.bincount(people, minlength=len(self.counts)).astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            auc = (weight @ self._wins @ weight / (weight @ self._pairs @ weight)).mean()
        return self.rates(counts) | {"auc": auc}


def permutation_p(tally, metric, n, seed):
    """Share of shuffled truths that the predictions fit at least as well as the real one.

    The predictions stay as they are and the people's true classes are dealt anew among the people, all photos of a person
    keeping one class. This tests whether the out-of-fold predictions have anything to do with the truth; the models are
    not fitted again.

    Parameters
    ----------
    tally : Tally
    metric : str
        What is judged, one of :meth:`Tally.rates`; larger is better.
    n : int
        Number of shuffles.
    seed : int

    Returns
    -------
    float
        (1 + number at least as good) / (1 + n), which is never 0 (Phipson and Smyth 2010).
    """
    rng, truth, answers = np.random.default_rng(seed), tally.truth(), tally.counts.sum(axis=1)
    shuffled = np.eye(answers.shape[1])[np.array([rng.permutation(truth) for _ in range(n)])]
    chance = tally.rates(np.einsum("npi,pj->nij", shuffled, answers))[metric]
    real = tally.rates(tally.counts.sum(axis=0))[metric]
    return float((1 + np.sum(chance >= real - 1e-12)) / (1 + n))
