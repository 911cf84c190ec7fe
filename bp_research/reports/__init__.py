"""Notebooks run, recorded and shown as pages that need no network."""

from .notebooks import build_index, main, run_notebook
from .record import Report, record, versions

__all__ = ["Report", "build_index", "main", "record", "run_notebook", "versions"]
