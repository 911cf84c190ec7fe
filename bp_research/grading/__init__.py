"""Detecting palsy and grading its severity, with every number judged on people whom the model never saw.

- :mod:`.inputs`: what a classifier is given, per photo and per person
- :mod:`.classifiers`: the models, scalings, and how one is chosen
- :mod:`.metrics` and :mod:`.evaluation`: how good they are
- :mod:`.saved`, :mod:`.verdict` and :mod:`.formula`: a classifier in a file, one person's grade from it, and its numbers for
  other programs
"""

# ruff: noqa: F401 - what is imported here is what the package offers

from .classifiers import MODELS, ORDINAL_MODELS, SCALINGS, Choice, Committee, all_candidates, make_pipeline
from .evaluation import Evaluation, calibration, evaluate, importance, pool_by_person, readable
from .formula import as_formula, describe
from .inputs import INPUT_SETS, PERSON_SETS, add_blendshapes, healthy_or_palsy, make_inputs, person_inputs, person_table
from .saved import Grader, fit_grader, load_model, model_card, save_model
from .verdict import CANNOT_TELL, Grade, grade
