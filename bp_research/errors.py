"""The errors that this package raises on purpose, under one base class.

Each message says what is wrong, where, and what to do about it. In a run over many photos the class name and message
become the row's ``status``.
"""


class BpResearchError(Exception):
    """Base of all errors below: ``except BpResearchError`` catches what bad input can cause."""


class UnreadableImageError(BpResearchError, ValueError):
    """A file, byte string or array that is no picture which can be measured."""


class UnreadableVideoError(BpResearchError, ValueError):
    """A file that is no film of which a frame can be read, or a part of a film that cannot."""


class NoFaceError(BpResearchError):
    """No face was found in a readable photo."""


class BadLandmarksError(BpResearchError, ValueError):
    """Landmarks of the wrong shape, with NaN, or with points that coincide where a distance divides."""


class ModelNotFoundError(BpResearchError, FileNotFoundError):
    """A landmark model, adapter or classifier file is not there and cannot be obtained."""


class BadModelError(BpResearchError, ValueError):
    """A model file is truncated, altered or does not fit what it is used for."""


class RuntimeNotFoundError(BpResearchError, FileNotFoundError):
    """Software that the page for phones runs on is not there and cannot be fetched."""


class DatasetNotFoundError(BpResearchError, FileNotFoundError):
    """A folder is missing or is not laid out as the data set is."""


class BadTableError(BpResearchError, ValueError):
    """A table lacks columns, rows or values that an analysis needs."""


class CannotAnswerError(BadTableError):
    """The data at hand cannot answer what a report asks; with a :class:`BadTableError` a report ends there and says why."""


class BadSettingError(BpResearchError, ValueError):
    """A parameter has a value that makes no sense."""


class ScalingError(BpResearchError, ValueError):
    """Distances were scaled already, or the scale cannot be known."""


class WorkerError(BpResearchError, RuntimeError):
    """A worker process was killed from outside, most likely because the memory ran out."""


class NotebookError(BpResearchError, RuntimeError):
    """A notebook failed; the message names notebook and cell."""
