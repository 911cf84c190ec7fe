"""What all tests share: no network, outputs in a temporary folder, one tiny simulated cohort."""

import ipaddress
import os
import socket

import pytest

from bp_research import paths
from bp_research.datasets import open_dataset
from bp_research.errors import DatasetNotFoundError

#: Where the user says that data sets lie; tests see none, but for those that ask for the real ones.
GIVEN_DATA_DIR = os.environ.get("BP_DATA_DIR")


@pytest.fixture
def real_sets(monkeypatch):
    """The sets of healthy people, where they are; the test is skipped where they are not."""
    if GIVEN_DATA_DIR:
        monkeypatch.setenv("BP_DATA_DIR", GIVEN_DATA_DIR)
    try:
        return open_dataset("London"), open_dataset("MEEI normals")
    except DatasetNotFoundError:
        pytest.skip("London and MEEI normals are not there")


@pytest.fixture(scope="session", autouse=True)
def work_dir(tmp_path_factory):
    """The folder below which all that the package makes lies; models that are there already can be used."""
    models = paths.models_dir()
    work = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BP_WORK_DIR", str(work))
        patch.delenv("BP_DATA_DIR", raising=False)
        paths.models_dir().mkdir(parents=True)
        for model in models.iterdir() if models.is_dir() else ():
            (paths.models_dir() / model.name).symlink_to(model)
        yield work


@pytest.fixture(scope="session", autouse=True)
def offline():
    """Refuse connections to anywhere but this computer."""
    connect = socket.socket.connect

    def local_only(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = "127.0.0.1" if address[0] == "localhost" else address[0]
            if not ipaddress.ip_address(host).is_loopback:
                raise OSError(f"a test wanted to connect to {host}")
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_only)
        yield


@pytest.fixture(scope="session")
def tiny_demo(work_dir):
    """Folder of a simulated cohort of few people, where ``open_dataset("auto")`` finds it."""
    from bp_research.demo.cohort import make_demo

    make_demo(paths.demo_dir(), seed=0, people=14, neuroface_people=6, progress=False, size=(360, 540))
    return paths.demo_dir()
