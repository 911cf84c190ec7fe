"""Measure facial nerve paralysis from ordinary photos: landmarks, distances, asymmetry features, and how far to trust them.

Importing the package is cheap: the names below load what they need on first use.
"""

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec

__version__ = "0.1.0"

#: Stands in every report and beside every grade.
DISCLAIMER = (
    "Research software, not a medical device: do not use it for diagnosis or treatment. "
    "Sudden facial weakness can be a stroke: call emergency services at once."
)

#: The landmark model wherever none is named: quick, and what the healthy people of report 12 were read with. By purpose, on
#: PALDA's 69 photos with palsy (notebook 06): for points an adapter (error .028 against .043); for asymmetry without training
#: "FaceMesh halves" (mouth, brows, eyes .97, .69, .91 kept against .86, .43, .59). Healthy, central or peripheral is told
#: equally well from the plain reading, the frontal one and the halves: all intervals overlap.
DEFAULT_MODEL = "FaceMesh"

_HOMES = {
    "GetLandmarks": "landmarks.get_landmarks",
    "ProcessResults": "face.process_results",
    "LandmarkTester": "measuring.landmark_tester",
    "DatasetTester": "accuracy.dataset_tester",
    "measure_cohort": "measuring.cohort",
    "measure_video": "measuring.video",
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

#: Modules that were moved into the package's rooms, by the names under which programs may still import them.
_MOVED = {
    **dict.fromkeys(("schemes", "geometry", "images", "process_results"), "face"),
    **dict.fromkeys(("facemesh", "iris", "get_landmarks"), "landmarks"),
    **dict.fromkeys(("cohort", "landmark_tester", "intervals"), "measuring"),
    **dict.fromkeys(("dataset_tester", "training"), "accuracy"),
    **dict.fromkeys(("one_person", "recovery", "group_differences", "maps"), "people"),
}
_RENAMED = {
    **{name: f"{room}.{name}" for name, room in _MOVED.items()},
    "adapters": "landmarks.adapter accuracy.fitting",
    "augment": "measuring.copies",
    "models": "landmarks.files",
    "predictors": "landmarks.engine landmarks.dlib_engine landmarks.models",
    "statistics": "accuracy.scores",
}

__all__ = ["DEFAULT_MODEL", "DISCLAIMER", "__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOMES])


class _Renamed(MetaPathFinder, Loader):
    """Finds modules under the names that they had before."""

    def find_spec(self, fullname, path=None, target=None):
        package, _, name = fullname.rpartition(".")
        return ModuleSpec(fullname, self) if package == __name__ and name in _RENAMED else None

    def create_module(self, spec):
        """An ordinary module, for :meth:`exec_module` to fill."""

    def exec_module(self, module):
        for home in _RENAMED[module.__name__.rpartition(".")[2]].split():
            names = vars(import_module(f".{home}", __name__))
            vars(module).update({name: value for name, value in names.items() if not name.startswith("__")})


sys.meta_path.append(_Renamed())
