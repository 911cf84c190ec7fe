"""Large pages are advice only: they change no number, and systems without them do not notice."""

import sys

import numpy as np
from matplotlib.cbook import get_sample_data

from bp_research import GetLandmarks
from bp_research.landmarks import engine as predictors
from bp_research.landmarks import memory
from bp_research.landmarks.files import model_path


def test_predictions_are_the_same_without_large_pages(monkeypatch):
    portrait = get_sample_data("grace_hopper.jpg", asfileobj=False)
    usual = GetLandmarks(portrait).landmarks
    monkeypatch.setattr(predictors, "use_large_pages", lambda: None)
    plain = predictors.DlibEngine("plain", model_path("iBUG"))
    monkeypatch.setattr(predictors, "_load", lambda *model: plain)
    np.testing.assert_array_equal(GetLandmarks(portrait).landmarks, usual)


def test_what_is_stored_survives_the_change():
    kept = [bytes([i % 256]) * 997 for i in range(20_000)]
    memory.use_large_pages()
    assert all(piece == bytes([i % 256]) * 997 for i, piece in enumerate(kept))


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", None)  # would fail if it were called
    memory.use_large_pages()
