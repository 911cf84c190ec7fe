"""Landmarks set by hand: the files that hold them, the widget to correct them, and which photos to correct first."""
