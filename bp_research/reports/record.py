"""The numbers that a notebook found, kept as JSON for the report, the index page and whoever compares runs."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from numbers import Real

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

    def answer(self, sentence, estimate, *, label, unit=None, baseline=None, n=None):
        """Answer the report's question in one plain sentence: the first thing on its page and on its card.

        Where the interval holds the baseline, "cannot tell" is put before it; of simulated people it says so.

        Parameters
        ----------
        sentence : str
            With ``{value}`` where the number stands, with unit and interval, and ``{baseline}``, if there is one.
        estimate, label, unit, baseline, n
            As in :meth:`add`; it becomes the first headline number.

        Returns
        -------
        Report
            Itself.
        """
        self.add(label, estimate, unit=unit, baseline=baseline, n=n)
        headline = self.values["headline"]
        headline.insert(0, headline.pop())
        told = in_words(headline[0])
        text = sentence.format(value=told["value"], baseline=told["baseline"])
        low, high = headline[0].get("interval") or (np.nan, np.nan)
        if isinstance(baseline, Real) and low <= baseline <= high:
            text = f"Cannot tell: {text}"
        return self.keep(answer=f"Simulated people: {text}" if self.values["simulated"] else text)

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
    content = json.dumps(values | {"versions": versions()}, default=_plain)
    finite = json.loads(content, parse_constant=lambda name: None)
    path = results_dir() / f"{name}.json" if path is None else path
    return write_atomic(path, json.dumps(finite, indent=1, ensure_ascii=False) + "\n")


def in_words(line):
    """A headline number in words.

    Parameters
    ----------
    line : dict
        Of :func:`record`'s headline.

    Returns
    -------
    dict of str
        ``label``, ``value`` with unit and interval, ``baseline``, and ``details``: baseline and n where given. Value and
        baseline are rounded to the interval; a baseline that is a whole number by definition stays one.
    """
    value, unit, interval, baseline = (line.get(name) for name in ("value", "unit", "interval", "baseline"))
    unit = "" if unit is None else f" {unit}"
    if isinstance(interval, list | tuple) and None not in (value, *interval):
        half = abs(interval[1] - interval[0]) / 2
        # one digit of the interval's half, two where that digit is 1
        decimals = max(0, int(np.ceil(-np.log10(half / 2)))) if half > 0 else 3
        value, low, high = (f"{number:.{decimals}f}" for number in (value, *interval))
        value = f"{value}{unit} [{low}, {high}]"
        baseline = f"{baseline:.{decimals}f}{unit}" if isinstance(baseline, float) else baseline
    else:
        value = f"{_number(value)}{unit}"
    beside = "" if baseline is None else f"{_number(baseline)}{unit if isinstance(baseline, Real) else ''}"
    details = [f"baseline {beside}" if beside else "", f"n = {count_in_words(line['n'])}" if line.get("n") is not None else ""]
    return {"label": line["label"], "value": value, "baseline": beside, "details": " · ".join(filter(None, details))}


def count_in_words(n):
    """``48 people, 384 photos`` of a dict, ``1 photo``, or a plain number."""
    if isinstance(n, dict):
        one = {what: "person" if what == "people" else what.removesuffix("s") for what in n}
        return ", ".join(f"{_number(count)} {one[what] if count == 1 else what}" for what, count in n.items())
    return _number(n)


def versions():
    """Releases of Python, this package and the packages that can move a result: dict of name to version."""
    found = {"python": platform.python_version(), "bp_research": __version__}
    for package in VERSIONED:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _number(value):
    """Three digits of a fraction, all of a whole number; None is what a computation left undefined."""
    if value is None:
        return "undefined"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)


def _plain(value):
    """A list or number in place of what JSON does not know."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, range):
        return list(value)
    raise BadSettingError(f"results: there is a {type(value).__name__}; give numbers, strings, lists, dicts or arrays")
