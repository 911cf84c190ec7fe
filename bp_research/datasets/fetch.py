"""The known data sets: which are there, how to get each; and fetching those that anyone may have without asking.

``python -m bp_research.datasets.fetch`` (``make data``) lists and fetches what ``known.json`` tells of. Checked of a
fetched set is that its loader reads as many photos as are published, and the SHA-256 where that is known. Of all files a
list of SHA-256 is kept beside the set's folder, as ``sha256sum --check`` reads it: at every later look, and when the set is
fetched anew, they must be the ones that came first.
"""

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from zipfile import BadZipFile

import pooch

from ..errors import CannotAnswerError, DatasetNotFoundError
from ..paths import data_dir, given_data_dir, write_atomic
from . import LOADERS, open_dataset

_TIMEOUT = 30  # seconds without an answer
_UNKNOWN = {"url": None, "members": (), "photos": 0, "sha256": None}


def known_sets():
    """What is known about the data sets.

    Returns
    -------
    list of SimpleNamespace
        Each with ``name``, ``what`` it is, ``licence``; ``url``, where its authors publish it, at a fixed commit, as an
        archive or the one file, None if it has to be asked for; ``members``, the files and folders below the archive's top
        folder that make the set; ``photos``, how many its loader must find; ``sha256`` of what lies at the address, or None.
    """
    text = Path(__file__).with_name("known.json").read_text(encoding="utf-8")
    return [SimpleNamespace(**_UNKNOWN | entry) for entry in json.loads(text)]


def require(*names):
    """Data sets that an analysis cannot do without.

    Parameters
    ----------
    *names : str
        As in ``known.json``.

    Returns
    -------
    list of PhotoSet

    Raises
    ------
    CannotAnswerError
        If one is not there; the message says how to get it and names no folder of this computer.
    """
    try:
        return [open_dataset(name) for name in names]
    except DatasetNotFoundError:
        what = " and ".join(names)
        raise CannotAnswerError(f"The rest needs {what}: `make data` lists the data sets and fetches those it may.") from None


def fetch(known, folder):
    """Fetch one set, whole or not at all.

    Parameters
    ----------
    known : SimpleNamespace
        One of :func:`known_sets` that has an address.
    folder : path-like
        The set comes to ``folder/NAME``, the list of its files' SHA-256 to ``folder/NAME.sha256``.

    Returns
    -------
    Path
        The set's folder.

    Raises
    ------
    DatasetNotFoundError
        If it cannot be had, or is not what is known of it or what was fetched before, or ``folder/NAME`` is there already and
        something else. Nothing half-written is left.
    """
    target = Path(folder) / known.name
    if target.exists():
        raise DatasetNotFoundError(f"{target} is there, but is not {known.name}: move it away to fetch the set")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as partial:
        try:
            unpacked = _download(known, Path(partial))
        except (BadZipFile, OSError, ValueError) as error:  # OSError: requests' too
            advice = "check the connection and try again, or get it as data/README.md says"
            raise DatasetNotFoundError(f"{known.name} could not be fetched from {known.url}: {error}; {advice}") from error
        found = len(LOADERS[known.name](unpacked))
        if found != known.photos:
            raise DatasetNotFoundError(f"{known.name} was changed at {known.url}: {found} photos, not {known.photos}")
        sums = check_files(unpacked, target)
        unpacked.rename(target)
    write_atomic(f"{target}.sha256", sums)
    return target


def check_files(folder, target):
    """Compare a set's files with the SHA-256 that were noted beside ``target`` when it was first fetched, if any were.

    Parameters
    ----------
    folder, target : Path
        Where the files lie, and where they lie for good.

    Returns
    -------
    str
        Lines of SHA-256, two spaces and the file's place in the folder.

    Raises
    ------
    DatasetNotFoundError
        With the number and one of the files that are others, missing or new.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{pooch.file_hash(path)}  {path.relative_to(folder).as_posix()}\n" for path in files)
    noted = Path(f"{target}.sha256")
    others = set(sums.splitlines()) ^ set(noted.read_text(encoding="utf-8").splitlines()) if noted.is_file() else ()
    if names := sorted({line.split("  ", 1)[1] for line in others}):
        raise DatasetNotFoundError(
            f"{len(names)} files of {target} are not those that were fetched first, such as {names[0]}: move the folder away "
            f"and fetch it again; if the change is right, delete {noted}"
        )
    return sums


def _download(known, partial):
    """Download and unpack below ``partial``; the folder that holds the set."""
    *_, repository, _, file = known.url.split("/")
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=_TIMEOUT)
    if not known.members:
        return Path(pooch.retrieve(known.url, known.sha256, file, partial / "set", downloader=downloader)).parent
    top = f"{repository}-{file.removesuffix('.zip')}"
    unzip = pooch.Unzip([f"{top}/{member}" for member in known.members], "unpacked")
    pooch.retrieve(known.url, known.sha256, file, partial, unzip, downloader)
    return partial / "unpacked" / top


def main(names=()):
    """List the known sets, fetch those that are not there; with names, only these. 1 if one cannot be had or is wrong."""
    folder, wrong = given_data_dir() or data_dir() / "raw", False
    for known in known_sets():
        print(f"{known.name}: {known.what}. Licence: {known.licence}.", flush=True)
        try:
            if known.url and (not names or known.name in names) and not _is_there(known):
                fetch(known, folder)
            if (folder / known.name).is_dir():
                check_files(folder / known.name, folder / known.name)
            state = "there" if _is_there(known) else f"not there: {known.url or 'ask its authors'}, see data/README.md"
        except DatasetNotFoundError as error:
            state, wrong = f"WRONG: {error}", True
        print(f"    {state}", flush=True)
    return int(wrong)


def _is_there(known):
    try:
        return bool(open_dataset(known.name))
    except DatasetNotFoundError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
