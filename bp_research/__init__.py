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

#: The landmark model wherever none is named: the one that keeps most of the faces' asymmetry without annotated photos
#: (notebook 06).
DEFAULT_MODEL = "FaceMesh"

_HOMES = {
    "GetLandmarks": "landmarks.get_landmarks",
    "ProcessResults": "face.process_results",
    "LandmarkTester": "measuring.landmark_tester",
    "DatasetTester": "accuracy.dataset_tester",
    "measure_cohort": "measuring.cohort",
    "fit_adapter": "accuracy.fitting",
    "train_predictor": "accuracy.training",
    "compare": "people.healthy_norms",
    "clinical_measures": "clinical.measures",
    "PersonScale": "clinical.measures",
    "auto_eface": "clinical.eface",
    "suggest_affected_side": "clinical.eface",
    "movement_score": "clinical.eface",
    "sunnybrook": "clinical.scales",
    "fngs": "clinical.scales",
    "grade": "grading.verdict",
}

__all__ = ["DEFAULT_MODEL", "DISCLAIMER", "__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOMES])
