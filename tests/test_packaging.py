"""What the package imports is declared, and what is declared is locked."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return {canonicalize_name(one.name): one for one in map(Requirement, sum(groups, []))}


def test_what_is_declared_is_locked_with_hashes():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locked = re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)[^\n]*\\\n +--hash=sha256:", text)
    assert len(locked) == len(re.findall(r"(?m)^\w", text))
    for name, requirement in declared().items():
        releases = [release for locked_name, release in locked if canonicalize_name(locked_name) == name]
        assert releases and all(requirement.specifier.contains(release) for release in releases), name


def test_what_is_imported_is_declared():
    homes = {"dlib": ["dlib-bin"]} | packages_distributions()  # dlib-bin does not list its module
    missing = {}
    for path in [*ROOT.glob("bp_research/**/*.py"), *ROOT.glob("tests/*.py"), *ROOT.glob("benchmarks/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names):
                owned = (ROOT / top).is_dir() or (ROOT / "tests" / f"{top}.py").is_file()
                if not owned and not {canonicalize_name(home) for home in homes.get(top, ())} & set(declared()):
                    missing[top] = path.name
    assert not missing
