"""The page for phones, in a real browser: it measures as Python does, and sends nothing anywhere."""

import base64
import os
import shutil
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest

from bp_research import GetLandmarks, PersonScale, clinical_measures
from bp_research.datasets import open_dataset
from bp_research.demo.cohort import make_person, simulate
from bp_research.errors import DatasetNotFoundError, RuntimeNotFoundError
from bp_research.face.geometry import asymmetry
from bp_research.face.schemes import EXPRESSIONS, REGIONS
from bp_research.people.healthy_norms import (
    ALL_AGES,
    COMPOSITE,
    SINGLE,
    asymmetry_scale,
    composite_score,
    healthy_reference,
    read_norms,
)
from bp_research.people.one_person import percentile
from bp_research.phone.site import build

GIVEN_DATA_DIR = os.environ.get("BP_DATA_DIR")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine: the page was not tried")


@pytest.fixture(scope="module")
def site(work_dir):
    try:
        return build()
    except RuntimeNotFoundError as error:
        pytest.skip(f"the page cannot be made: {error}")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-background-networking"]
    with sync_playwright() as play, play.chromium.launch(executable_path=CHROMIUM, args=options) as browser:
        yield browser


MEASURE = """async (files) => {
    const from = async (module) => await import(new URL(module, document.baseURI));
    const { FaceMeshEngine } = await from('facemesh.js');
    const { getLandmarks } = await from('get_landmarks.js');
    const { measure, personScale } = await from('measures.js');
    const { compare } = await from('healthy_norms.js');
    const model = await (await fetch('model.json')).json();
    const engine = await FaceMeshEngine.load(model);
    const answers = [];
    for (const { name, expression, content } of files) {
        const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
        const start = performance.now();
        const face = await getLandmarks(new File([bytes], name, { type: 'image/jpeg' }), engine, model);
        const scale = personScale({ [expression]: face }, model.iris_diameter_mm);
        const measures = measure(face, scale || 1, model);
        const beside = compare(face.landmarks, model.healthy[expression], model.regions);
        const seconds = (performance.now() - start) / 1000;
        delete face.picture;
        answers.push({ ...face, scale, measures, beside, seconds });
    }
    return answers;
}"""


@pytest.fixture(scope="module")
def twenty(tmp_path_factory):
    """Twenty photos (path, expression), simulated and, where it is there, of London."""
    folder, photos = tmp_path_factory.mktemp("twenty"), []
    with pytest.MonkeyPatch.context() as patch:
        if GIVEN_DATA_DIR:
            patch.setenv("BP_DATA_DIR", GIVEN_DATA_DIR)
        try:
            photos += [(photo.path, photo.expression) for photo in list(open_dataset("London"))[::17]]
        except DatasetNotFoundError:
            pass
    for number, kind in enumerate(("flaccid", "synkinetic")):
        for expression in EXPRESSIONS[: 4 if photos else 8]:
            path = folder / f"{number} {expression}.jpg"
            cv2.imwrite(str(path), simulate(make_person(number, kind=kind, severity=4), expression)[0])
            photos.append((path, expression))
    return photos


def test_the_page_measures_as_python_does(address, browser, twenty):
    page = browser.new_page()
    page.goto(address)
    content = [base64.b64encode(path.read_bytes()).decode() for path, _ in twenty]
    files = [{"name": p.name, "expression": e, "content": c} for (p, e), c in zip(twenty, content, strict=True)]
    answers = page.evaluate(MEASURE, files)
    page.close()
    norms, seconds, worst = read_norms(reading=SINGLE, age=ALL_AGES), [], {"px": 0, "mm or degrees": 0, "percentile": 0}
    for (path, expression), answer in zip(twenty, answers, strict=True):
        start = time.perf_counter()
        face = GetLandmarks(path)
        irises = face.right_iris, face.left_iris
        scale = PersonScale([face]) if any(irises) else None
        table = clinical_measures(face, scale=scale)
        seconds.append((time.perf_counter() - start, answer["seconds"]))
        width = 720 / cv2.imread(str(path)).shape[1]
        gap = np.linalg.norm(np.array(answer["landmarks"]) - face.landmarks, axis=1).max() * width
        worst["px"] = max(worst["px"], gap)
        assert gap < 0.5, path
        assert answer["faces"] == face.n_faces
        np.testing.assert_allclose([answer["pose"][name] for name in ("yaw", "pitch", "roll")], face.pose, atol=0.5)
        assert [iris is None for iris in answer["irises"].values()] == [iris is None for iris in irises]
        ruler = scale.interocular_mm if scale else 1.0
        assert np.nan_to_num(answer["scale"], nan=1.0) == pytest.approx(ruler, rel=0.01)
        for measure, row in answer["measures"].items():
            for column in ("right", "left", "difference"):
                own, true = row[column], table.at[measure, column]
                assert np.isnan(own) == np.isnan(true), (path, measure)
                if np.isfinite(true):
                    assert own == pytest.approx(true, abs=0.1, rel=0.01), (path, measure, column)
                    worst["mm or degrees"] = max(worst["mm or degrees"], abs(own - true) if scale and "area" not in measure else 0)
        if answer["beside"]:
            rows = norms[norms["expression"] == expression]
            signed = asymmetry(face.landmarks)
            reference = healthy_reference(rows)
            true = {COMPOSITE: composite_score(signed, asymmetry_scale(rows)), **dict(zip(REGIONS, signed, strict=True))}
            for name, value in true.items():
                gap = abs(answer["beside"][name]["percentile"] - percentile(abs(value), reference[name]))
                worst["percentile"] = max(worst["percentile"], gap)
                assert gap <= 1, (path, name)
    python, own = np.median(seconds, axis=0)
    print(f"\n{len(twenty)} photos, largest differences: {worst}")
    print(f"one photo, median seconds: Python {python:.3f}, page {own:.3f}")
