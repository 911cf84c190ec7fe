"""The numbers that a notebook found, kept as JSON for the report, the index page and whoever compares runs."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from .. import __version__
from ..errors import BadSettingError
from ..paths import results_dir, write_atomic

#: Packages whose release can move a result.
VERSIONED = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "scikit-image",
    "opencv-python-headless",
    "dlib-bin",
    "ai-edge-litert",
    "xgboost-cpu",
    "umap-learn",
)

class Report:
    """What a notebook records: of whom, headline numbers for the index page, and details for comparisons between runs.

    Parameters
    ----------
    name : str
        The notebook's file name without ``.ipynb``.
    photoset : PhotoSet
        The photos that it is about; their name says whether they are simulated.
    n : int or dict
        How many, such as ``{"people": 48, "photos": 384}``.
    **details
        As in :meth:`keep`.

    Examples
    --------
    >>> report = Report("05_example", photoset, n=len(table), model="FaceMesh")  # doctest: +SKIP
    >>> report.add("error of the mouth", (0.031, 0.028, 0.034), baseline=0.05)  # doctest: +SKIP
    >>> report.save()  # doctest: +SKIP
    """

    def __init__(self, name, photoset, n, **details):
        self.name = name
        self.values = {"dataset": photoset.name, "simulated": photoset.simulated, "n": n, "headline": []}
        self.keep(**details)

    def add(self, label, estimate, *, unit=None, baseline=None, n=None):
        """Add a headline number.

        Parameters
        ----------
        label : str
        estimate : number, str or sequence of 3 numbers
            Three are the value and the ends of its 95 % interval.
        unit : str, optional
        baseline : number or str, optional
            What a know-nothing method reaches.
        n : int or dict, optional
            Of how many, if not all.

        Returns
        -------
        Report
            Itself.
        """
        value, *interval = estimate if np.ndim(estimate) else [estimate]
        line = {"label": label, "value": value, "interval": interval or None, "unit": unit, "baseline": baseline, "n": n}
        self.values["headline"].append({name: given for name, given in line.items() if given is not None})
        return self

    def keep(self, **details):
        """Keep what is not for the index page: any tree of dicts, lists, arrays, numbers and strings, by name."""
        self.values.update(details)
        return self

    def save(self):
        """Write all that was added: see :func:`record`."""
        return record(self.name, self.values)


def record(name, values, path=None):
    """Write the numbers that a notebook found, for the report, the index page and whoever compares runs.

    Parameters
    ----------
    name : str
        The notebook's file name without ``.ipynb``.
    values : dict
        Any tree of dicts, lists, arrays, numbers and strings; NaN and infinity become null. It must have
        ``dataset`` (str, the data set's name), ``simulated`` (bool) and ``n`` (int, or a dict such as
        ``{"people": 48, "photos": 384}``). ``headline``, a list of dicts, is what the index page shows:
        ``label`` and ``value``, and, where there are any, ``unit`` (str), ``interval`` (low, high: 95 %),
        ``baseline`` (number or words: what a know-nothing method reaches) and ``n`` (as above).
    path : path-like, optional
        File to write; default ``reports/results/NAME.json``.

    Returns
    -------
    Path
        The file written; the package versions are added to it.

    Raises
    ------
    BadSettingError
        A required key is missing, or a value cannot be written as JSON.
    """
    missing = [key for key in ("dataset", "simulated", "n") if key not in values]
    if missing:
        raise BadSettingError(f"results of {name}: no {', '.join(missing)}; say of whom and of how many")
    for line in values.get("headline", ()):
        if not {"label", "value"} <= set(line):
            raise BadSettingError(f"results of {name}: a headline needs label and value, got {line!r}")
    content = _plain(values, name) | {"versions": versions()}
    path = results_dir() / f"{name}.json" if path is None else path
    return write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def versions():
    """Releases of Python, this package and the packages that can move a result: dict of name to version."""
    found = {"python": platform.python_version(), "bp_research": __version__}
    for package in VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _plain(value, where):
    """``value`` as JSON knows it; NaN and infinity become None."""
    if isinstance(value, dict):
        return {str(key): _plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist(), where)
    if isinstance(value, list | tuple | range):
        return [_plain(item, where) for item in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    raise BadSettingError(
        f"results: {where} is a {type(value).__name__}; give numbers, strings, lists, dicts or arrays"
    )
