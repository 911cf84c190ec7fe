"""Detecting palsy and grading its severity, with every number judged on people whom the model never saw.

- :mod:`.inputs` and :mod:`.blendshapes`: what a classifier is given, per photo and per person
- :mod:`.classifiers`: the models, scalings, and how one is chosen
- :mod:`.metrics` and :mod:`.evaluation`: how good they are
- :mod:`.saved` and :mod:`.verdict`: a classifier in a file, and one person's grade from it
"""

from .blendshapes import add_blendshapes
from .classifiers import MODELS, ORDINAL_MODELS, SCALINGS, Choice, Committee, all_candidates, make_pipeline
from .evaluation import Evaluation, calibration, evaluate, importance, pool_by_person, readable, refit_permutation_p
from .inputs import INPUT_SETS, PERSON_SETS, healthy_or_palsy, make_inputs, person_inputs, person_table
from .saved import Grader, fit_grader, load_model, model_card, save_model
from .verdict import CANNOT_TELL, Grade, grade

__all__ = [
    "CANNOT_TELL",
    "INPUT_SETS",
    "MODELS",
    "ORDINAL_MODELS",
    "PERSON_SETS",
    "SCALINGS",
    "Choice",
    "Committee",
    "Evaluation",
    "Grade",
    "Grader",
    "add_blendshapes",
    "all_candidates",
    "calibration",
    "evaluate",
    "fit_grader",
    "grade",
    "healthy_or_palsy",
    "importance",
    "load_model",
    "make_inputs",
    "make_pipeline",
    "model_card",
    "person_inputs",
    "person_table",
    "pool_by_person",
    "readable",
    "refit_permutation_p",
    "save_model",
]
