"""Maps of a cohort in two dimensions, and numbers that keep readers from seeing groups in noise."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from sklearn.preprocessing import StandardScaler

from ..accuracy.scores import bootstrap_ci
from ..errors import BadSettingError, BadTableError
from ..face.schemes import FEATURE_GROUPS, FEATURES, RATIOS
from .group_differences import measured_rows


@dataclass(frozen=True)
class Components:
    """A principal component analysis.

    Attributes
    ----------
    scores : ndarray (n, k)
        The rows on the components.
    explained : ndarray (k,)
        Share of the variance that each component holds.
    loadings : DataFrame (29, k)
        Weight of each feature in each component, unit length per component; index f0..f28, columns "PC1", "PC2", ...
    """

    scores: np.ndarray
    explained: np.ndarray
    loadings: pd.DataFrame

    def by_region(self):
        """DataFrame: share of each component that each facial region's features make up; columns sum to 1."""
        squares = self.loadings**2
        return pd.DataFrame({region: squares.loc[list(f)].sum() for region, f in FEATURE_GROUPS.items()}).T


def scaled(table, unit="photo"):
    """Features made comparable: ratios as logarithms, then each feature with mean 0 and standard deviation 1.

    Parameters
    ----------
    table : DataFrame
        From :func:`bp_research.measuring.cohort.measure_cohort`; photos that failed are left out.
    unit : {"photo", "person"}
        One row per photo, or per person with the mean of the person's photos.

    Returns
    -------
    values : ndarray (n, 29)
    about : DataFrame (n rows)
        What is known of each row; for people without ``expression`` and what else differs between their photos.

    Raises
    ------
    BadTableError
        If fewer than 4 rows are left, which no map can be made of.
    BadSettingError
        For another unit.
    """
    if unit not in ("photo", "person"):
        raise BadSettingError(f"unit is 'photo' or 'person', not {unit!r}")
    about = measured_rows(table).reset_index(drop=True)
    values = about[list(FEATURES)].to_numpy(float)
    values = np.where(np.isin(FEATURES, RATIOS), np.log(np.maximum(values, 1)), values)
    if unit == "person":
        codes, people = pd.factorize(about["patient_id"])
        values = pd.DataFrame(values).groupby(codes).mean().to_numpy()
        same = [c for c in about if about.groupby(codes)[c].nunique(dropna=False).max() == 1]
        about = about[same].groupby(codes).first().reset_index(drop=True)
    if len(values) < 4:
        raise BadTableError(f"a map needs at least 4 rows; there are {len(values)} by {unit}")
    return StandardScaler().fit_transform(values), about


def components(values):
    """Principal components of scaled features, the largest first.

    Parameters
    ----------
    values : ndarray (n, 29)

    Returns
    -------
    Components
        The sign of a component means nothing and is chosen so that its loadings sum to a positive number.
    """
    found = PCA(svd_solver="full").fit(values)
    signs = np.where(found.components_.sum(axis=1) < 0, -1, 1)
    names = [f"PC{i + 1}" for i in range(len(signs))]
    loadings = pd.DataFrame((found.components_ * signs[:, None]).T, index=list(FEATURES), columns=names)
    return Components(found.transform(values) * signs, found.explained_variance_ratio_, loadings)


def tsne(values, perplexity=30, seed=0):
    """A t-SNE map, (n, 2); the perplexity, roughly the number of neighbours that count, is at most a third of the rows."""
    perplexity = min(perplexity, (len(values) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(values.astype(np.float32))


def umap(values, neighbours=15, seed=0):
    """A UMAP map, (n, 2); the same on every run on one machine, not across systems."""
    with warnings.catch_warnings():
        # its progress bar asks for notebook widgets, which are not wanted
        warnings.filterwarnings("ignore", message="IProgress not found")
        from umap import UMAP  # takes seconds to import

    settings = {"n_neighbors": min(neighbours, len(values) - 1), "random_state": seed, "n_jobs": 1}
    # the spectral start needs more rows than a tiny cohort has
    settings["init"] = "spectral" if len(values) > 10 else "random"
    return UMAP(**settings).fit_transform(values)


def map_numbers(points, labels, people, neighbours=10, shuffles=200, seed=0):
    """How far a map keeps groups together, beside what the same map gives for shuffled labels.

    Two numbers. *Silhouette*: -1 to 1, how much nearer rows lie to their own group than to the next one (Rousseeuw,
    J. Comput. Appl. Math. 1987, 20, 53). *Purity*: the share of the nearest rows **of other people** that have the same
    label; photos of one person lie together whatever they show, so they may not vouch for each other. The labels are
    shuffled as they were made: dealt anew to whole people where all photos of a person share one, else among each
    person's photos. If the labels name the people, own photos count and labels are shuffled freely.

    Parameters
    ----------
    points : array_like (n, k)
        A map, or the features themselves.
    labels : array_like (n,)
        Rows with missing labels are left out.
    people : array_like (n,)
        Whose row it is.
    neighbours : int
        How many nearest rows count.
    shuffles : int
        Number of shuffles.
    seed : int

    Returns
    -------
    dict
        For ``silhouette`` and ``purity`` the value, ``..._chance`` (mean over shuffles), ``..._low`` and ``..._high`` (the
        middle 95 % of shuffles) and ``..._p`` (share of shuffles that do at least as well, themselves counted);
        ``purity_from`` and ``purity_to``, its 95 % interval by drawing people, each with the neighbours that were found; ``n``
        (rows), ``people``, ``groups``.

    Raises
    ------
    BadTableError
        If fewer than two groups are left, or each row is a group of its own.
    """
    known = ~pd.isna(np.asarray(labels, dtype=object))
    points = np.asarray(points, float)[known]
    label_codes, names = pd.factorize(np.asarray(labels, dtype=object)[known])
    person_codes, persons = pd.factorize(np.asarray(people, dtype=object)[known])
    if not 2 <= len(names) < len(label_codes):
        raise BadTableError(f"{len(label_codes)} rows are in {len(names)} groups: a map needs two or more, of several rows")
    distances = squareform(pdist(points))
    by_person = pd.Series(label_codes).groupby(person_codes).nunique().max() == 1
    names_people = by_person and len(names) == len(persons)
    barred = np.eye(len(points), dtype=bool) if names_people else person_codes[:, None] == person_codes
    nearest, counted = _nearest(distances, barred, neighbours)
    rng = np.random.default_rng(seed)

    def silhouette_and_purity(codes):
        purity = (codes[nearest] == codes[:, None])[counted].mean()
        return float(silhouette_score(distances, codes, metric="precomputed")), float(purity)

    same, whose = label_codes[nearest] == label_codes[:, None], np.broadcast_to(person_codes[:, None], nearest.shape)
    _, start, end = bootstrap_ci(same[counted], whose[counted], "share", seed=seed)
    value = np.array(silhouette_and_purity(label_codes))
    deal = rng.permutation if names_people else _dealer(person_codes, by_person, rng)
    chance = np.array([silhouette_and_purity(deal(label_codes)) for _ in range(shuffles)])
    found = {"n": len(points), "people": len(persons), "groups": len(names), "purity_from": start, "purity_to": end}
    for name, own, shuffled in zip(("silhouette", "purity"), value.tolist(), chance.T, strict=True):
        low, high = np.quantile(shuffled, [0.025, 0.975]).tolist()
        p = float(1 + (shuffled >= own).sum()) / (1 + shuffles)
        found |= {name: own, f"{name}_chance": float(shuffled.mean())}
        found |= {f"{name}_low": low, f"{name}_high": high, f"{name}_p": p}
    return found


def compare_maps(layouts, about, labels, neighbours=10, seed=0, unit="photo"):
    """:func:`map_numbers` of several maps and labels as one table.

    Parameters
    ----------
    layouts : dict of str to ndarray (n, k)
        Maps by name.
    about : DataFrame (n rows)
        From :func:`scaled`.
    labels : sequence of str
        Columns of ``about``.
    neighbours, seed
        As in :func:`map_numbers`.
    unit : {"photo", "person"}
        What the rows are.

    Returns
    -------
    DataFrame
        A row for each map and label: ``map``, ``label``, ``unit`` and the numbers.
    """
    return pd.DataFrame(
        {"map": name, "label": label, "unit": unit}
        | map_numbers(points, about[label], about["patient_id"], neighbours, seed=seed)
        for name, points in layouts.items()
        for label in labels
    )


def _nearest(distances, barred, neighbours):
    """Indices of each row's nearest rows that are not barred, (n, k), and which of them count."""
    distances = np.where(barred, np.inf, distances)
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : min(neighbours, len(distances) - 1)]
    return nearest, np.isfinite(np.take_along_axis(distances, nearest, axis=1))


def _dealer(person_codes, by_person, rng):
    """A function that shuffles labels between people, or within each of them."""
    if by_person:
        first = np.unique(person_codes, return_index=True)[1]
        return lambda codes: rng.permutation(codes[first])[person_codes]
    own = np.argsort(person_codes, kind="stable")

    def within(codes):
        # sorting by person, then by a random number, deals each person's labels to the person's own rows
        out = np.empty_like(codes)
        out[own] = codes[np.lexsort((rng.random(len(codes)), person_codes))]
        return out

    return within
