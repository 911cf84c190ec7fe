"""Measure facial nerve paralysis from ordinary photos: landmarks, distances, asymmetry features, and how far to trust them.

Importing the package is cheap: the names below load what they need on first use.
"""

from importlib import import_module

__version__ = "0.1.0"

#: Stands in every report and beside every grade.
DISCLAIMER = (
    "Research software, not a medical device: do not use it for diagnosis or treatment. "
    "Sudden facial weakness can be a stroke: call emergency services at once."
)

#: The landmark model that the notebooks use when their ``model`` parameter is None: the one that keeps most of the
#: faces' asymmetry without annotated photos (notebook 06).
DEFAULT_MODEL = "FaceMesh"

_HOMES = {
    "GetLandmarks": "get_landmarks",
    "ProcessResults": "process_results",
    "LandmarkTester": "landmark_tester",
    "DatasetTester": "dataset_tester",
    "measure_cohort": "cohort",
}

__all__ = ["DEFAULT_MODEL", "DISCLAIMER", "__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOMES])
