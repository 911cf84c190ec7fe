"""Fetching data sets, from a server on this computer: whole or not at all, and never other files than came first."""

import functools
import hashlib
import http.server
import threading
import zipfile
from types import SimpleNamespace

import pytest
from test_healthy_sets import make_london, meei_normals

from bp_research.datasets import fetch as module
from bp_research.datasets.fetch import fetch, known_sets
from bp_research.errors import DatasetNotFoundError

COMMIT = "0123abc"


def known_set(name, url=None, members=(), photos=0, sha256=None):
    about = {"what": "faces", "licence": "as agreed"}
    return SimpleNamespace(name=name, url=url, members=members, photos=photos, sha256=sha256, **about)


def replace(known, **others):
    return SimpleNamespace(**vars(known) | others)


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""

    def end_headers(self):
        if "broken" in self.path:  # promises more than comes
            self.send_header("Content-Length", "100000")
        super().end_headers()


@pytest.fixture
def server(tmp_path):
    """A publisher: its folder and its address."""
    served = tmp_path / "served"
    served.mkdir()
    handler = functools.partial(Handler, directory=served)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield served, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def publish_london(served, name=COMMIT, extra=(), **layout):
    """An archive as a repository's host makes it, in ``faces/archive``."""
    tree = served.parent / f"tree-{name}" / f"faces-{COMMIT}"
    make_london(tree, **layout)
    (tree / "README.md").write_text("not part of the set")
    archive = served / "faces/archive" / f"{name}.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(tree.rglob("*")):
            file.write(path, path.relative_to(tree.parent))
        for member, content in extra:
            file.writestr(member, content)
    return archive


def known_london(address, **others):
    members = ("inst/neutral_front", "inst/smiling_front", "data-raw/london_info.csv")
    return known_set("London", f"{address}/faces/archive/{COMMIT}.zip", members, 6, **others)


def test_a_set_is_fetched_with_what_belongs_to_it_and_nothing_else(server, tmp_path, capsys):
    served, address = server
    publish_london(served, extra=[(f"faces-{COMMIT}/inst/neutral_front/../../../../evil.txt", "out of the folder")])
    folder = fetch(known_london(address), tmp_path / "raw")
    assert sorted(path.name for path in folder.iterdir()) == ["data-raw", "inst"]
    assert sorted(path.name for path in (tmp_path / "raw").iterdir()) == ["London", "London.sha256"]
    assert not list(tmp_path.rglob("../evil.txt")) and not (tmp_path / "evil.txt").exists()
    assert "100%" in capsys.readouterr().err
    # the list is one that sha256sum --check would read, of every file
    lines = (tmp_path / "raw/London.sha256").read_text().splitlines()
    for line in lines:
        digest, place = line.split("  ", 1)
        assert hashlib.sha256((folder / place).read_bytes()).hexdigest() == digest
    assert len(lines) == len([path for path in folder.rglob("*") if path.is_file()]) >= 10


def test_one_file_is_fetched_and_its_digest_checked(server, tmp_path):
    served, address = server
    place = served / "eface/commit"
    place.mkdir(parents=True)
    meei_normals(place / "landmarks_normals.csv")
    digest = hashlib.sha256((place / "landmarks_normals.csv").read_bytes()).hexdigest()
    url = f"{address}/eface/commit/landmarks_normals.csv"
    known = known_set("MEEI normals", url, photos=16, sha256=digest)
    with pytest.raises(DatasetNotFoundError, match="hash"):
        fetch(replace(known, sha256="0" * 64), tmp_path / "raw")
    assert not list((tmp_path / "raw").iterdir())
    assert [path.name for path in fetch(known, tmp_path / "raw").iterdir()] == ["landmarks_normals.csv"]


@pytest.mark.parametrize("fault", ["gone", "broken", "no archive", "another layout", "fewer photos", "no server"])
def test_what_goes_wrong_is_said_and_leaves_nothing(server, tmp_path, fault):
    served, address = server
    archive = publish_london(served, **({"rest": "elsewhere"} if fault == "another layout" else {}))
    known = known_london(address)
    if fault == "gone":
        archive.unlink()
    elif fault == "broken":
        known = replace(known, url=known.url.replace("faces/", "broken/"))
        archive.parent.parent.rename(served / "broken")
    elif fault == "no archive":
        archive.write_text("<html>please log in</html>")
    elif fault == "fewer photos":
        known = replace(known, photos=204)
    elif fault == "no server":
        known = replace(known, url=known.url.replace(address, "http://127.0.0.1:9"))
    with pytest.raises(DatasetNotFoundError, match="London"):
        fetch(known, tmp_path / "raw")
    assert not list((tmp_path / "raw").iterdir())


def test_files_that_were_changed_since_are_noticed_here_and_at_the_publisher(server, tmp_path):
    served, address = server
    publish_london(served)
    known = known_london(address)
    folder = fetch(known, tmp_path / "raw")
    module.check_files(folder, folder)
    (folder / "inst/neutral_front/001_03.tem").write_text("other points")
    with pytest.raises(DatasetNotFoundError, match=r"1 files.*001_03\.tem"):
        module.check_files(folder, folder)
    with pytest.raises(DatasetNotFoundError, match="move it away"):
        fetch(known, tmp_path / "raw")
    folder.rename(tmp_path / "away")
    publish_london(served, extra=[(f"faces-{COMMIT}/inst/neutral_front/new.txt", "not there at first")])
    with pytest.raises(DatasetNotFoundError, match=r"1 files.*new\.txt"):
        fetch(known, tmp_path / "raw")
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["London.sha256"]


def test_listing_says_of_each_set_whether_it_is_there_and_fetches_what_is_asked_for(server, tmp_path, monkeypatch, capsys):
    served, address = server
    publish_london(served)
    unreachable = known_set("PALDA", "http://127.0.0.1:9/palsy/archive/c.zip", ("palda_dataset",), 3)
    sets = [known_set("MEEI"), unreachable, known_london(address)]
    monkeypatch.setattr(module, "known_sets", lambda: sets)
    monkeypatch.setenv("BP_DATA_DIR", str(tmp_path / "raw"))
    assert module.main(["none"]) == 0
    said = capsys.readouterr().out
    assert "ask its authors" in said and unreachable.url in said and "    there" not in said
    assert not (tmp_path / "raw").exists()
    assert module.main() == 1  # one of them cannot be had; the other one is fetched all the same
    said = capsys.readouterr().out
    assert "WRONG: PALDA could not be fetched" in said and "London: faces. Licence: as agreed.\n    there" in said
    assert module.main(["London"]) == 0
    (tmp_path / "raw/London/inst/smiling_front/001_08.jpg").unlink()
    assert module.main(["London"]) == 1
    assert "001_08.jpg" in capsys.readouterr().out


def test_known_sets_are_those_that_can_be_opened_and_are_fixed():
    from bp_research.datasets import LOADERS

    sets = {known.name: known for known in known_sets()}
    assert set(sets) == set(LOADERS)
    for known in sets.values():
        if known.url:
            assert known.url.startswith("https://") and known.photos > 0
            assert len(known.url.split("/")[-1 if known.members else -2].removesuffix(".zip")) == 40  # a commit
