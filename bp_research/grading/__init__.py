"""Detecting palsy and grading its severity, with every number judged on people whom the model never saw.

- :mod:`.inputs`: what a classifier is given, per photo and per person
- :mod:`.classifiers`: the models, scalings, and how one is chosen
- :mod:`.metrics` and :mod:`.evaluation`: how good they are
"""

from .classifiers import MODELS, ORDINAL_MODELS, SCALINGS, Choice, all_candidates, make_pipeline
from .evaluation import Evaluation, evaluate, importance, refit_permutation_p
from .inputs import INPUT_SETS, PERSON_SETS, healthy_or_palsy, make_inputs, person_inputs, person_table

__all__ = [
    "INPUT_SETS",
    "MODELS",
    "ORDINAL_MODELS",
    "PERSON_SETS",
    "SCALINGS",
    "Choice",
    "Evaluation",
    "all_candidates",
    "evaluate",
    "healthy_or_palsy",
    "importance",
    "make_inputs",
    "make_pipeline",
    "person_inputs",
    "person_table",
    "refit_permutation_p",
]
