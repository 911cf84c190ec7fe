"""The package's rooms: where imports may point, how large files and functions are."""

import ast
import graphlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "bp_research"
SOURCES = {
    ".".join(("bp_research", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}

#: Each room may use those before it.
ROOMS = (
    *("errors", "paths", "work", "face", "landmarks", "demo", "datasets", "measuring", "accuracy", "people", "clinical"),
    *("grading", "annotating", "plots", "phone", "reports"),
)

#: Longest function, in lines of code without its docstring.
LONGEST = 60


def imported(name, everywhere):
    """Modules of the package that a module imports when it is imported, or, with ``everywhere``, ever."""
    path = SOURCES[name]
    folder = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else at_import(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in SOURCES)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) + 1 - node.level] if node.level else []
            home = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                whole = f"{home}.{alias.name}"
                if whole in SOURCES or home in SOURCES:
                    yield whole if whole in SOURCES else home


def at_import(node):
    """The nodes of a module's tree that are not inside of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


def room(name):
    return name.partition(".")[2].partition(".")[0]


def test_imports_are_read_as_python_reads_them():
    assert "bp_research.face.geometry" in imported("bp_research.landmarks.engine", everywhere=False)
    assert "bp_research" in imported("bp_research.landmarks.models", everywhere=False)
    assert set(map(room, SOURCES)) <= {"", *ROOMS} and len(SOURCES) > 40


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(imported(name, everywhere=False)) - {name} for name in SOURCES}
    list(graphlib.TopologicalSorter(graph).static_order())  # a CycleError names the modules of a circle


def test_rooms_use_only_those_before_them():
    back = {
        f"{name} imports {other}"
        for name in SOURCES
        for other in imported(name, everywhere=True)
        if room(name) and room(other) and ROOMS.index(room(other)) > ROOMS.index(room(name))
    }
    assert not back


def test_no_room_of_one_module_and_few_modules_outside_of_rooms():
    assert len(list(PACKAGE.glob("*.py"))) <= 5
    for folder in (path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()):
        assert len(list(folder.glob("*.py"))) > 2, f"{folder.name} holds one module"


@pytest.mark.parametrize("name", SOURCES)
def test_functions_are_short(name):
    tree = ast.parse(SOURCES[name].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[bool(ast.get_docstring(node)) : ][:1]
            length = node.end_lineno - first[0].lineno + 1 if first else 0
            assert length <= LONGEST, f"{name}.{node.name} has {length} lines"
