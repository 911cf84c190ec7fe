"""The page for phones, in a real browser: it measures as Python does, and sends nothing anywhere."""

import base64
import contextlib
import gzip
import json
import os
import re
import socket
import threading
import time
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import CHROMIUM

from bp_research import GetLandmarks, PersonScale, clinical_measures
from bp_research.accuracy.damage import damaged
from bp_research.clinical.eface import ITEMS, auto_eface, suggest_affected_side
from bp_research.clinical.sheet import load_person
from bp_research.datasets import load_annotated, open_dataset
from bp_research.demo.cohort import make_person, simulate
from bp_research.errors import DatasetNotFoundError, RuntimeNotFoundError
from bp_research.face.geometry import asymmetry
from bp_research.face.measures import MEASURES
from bp_research.face.schemes import EXPRESSIONS, REGIONS
from bp_research.grading import (
    evaluate,
    fit_grader,
    grade,
    healthy_or_palsy,
    person_inputs,
    person_table,
    save_model,
)
from bp_research.measuring.cohort import measure_cohort
from bp_research.paths import models_dir
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
from bp_research.phone import export
from bp_research.phone.site import build, fetch_packages

GIVEN_DATA_DIR = os.environ.get("BP_DATA_DIR")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine: the page was not tried")


@pytest.fixture(scope="module")
def graders(tiny_demo):
    """Saved graders by name, trained on the tiny cohort: two are said to be of people, of which one is no formula."""
    table = measure_cohort(open_dataset(tiny_demo), "FaceMesh", progress=False)
    table = table[table["status"] == "ok"]
    people = person_table(table, ["f0", "f12", "f14", "mouth", "eyes (absolute)"]).assign(model="FaceMesh")
    persons = {"features": person_inputs(people, "all"), "by_person": True, "ordered": True}
    few = dict(folds=2, repeats=1, permutations=0, draws=20)
    made = {}
    for name, rows, target, model, simulated, options in (
        ("photo", table, healthy_or_palsy(table), "logistic regression", False, {"features": "features and asymmetries"}),
        ("person", people, (people["severity"] > people["severity"].median()) + 1, "ordinal all-threshold", False, persons),
        ("forest", table, healthy_or_palsy(table), "random forest", False, {}),
        ("simulated", table, healthy_or_palsy(table), "logistic regression", True, {}),
    ):
        judged = evaluate(rows, target, [model], **few, **{k: v for k, v in options.items() if k != "by_person"})
        about = {"name": name, "target_name": "test", "dataset": "the test's set", "simulated": simulated}
        made[name] = fit_grader(rows, target, model, judged, **about, **options)
    for path in models_dir().glob("*.grader.json"):  # links to the user's own
        path.unlink()
    for name, grader in made.items():
        save_model(grader, models_dir() / f"{name}.grader.json")
    return made


@pytest.fixture(scope="module")
def site(work_dir, graders):
    try:
        return build()
    except RuntimeNotFoundError as error:
        pytest.skip(f"the page cannot be made: {error}")


class Counting(SimpleHTTPRequestHandler):
    """Remembers how many bytes of which file were sent."""

    sent = []

    def log_request(self, code="-", size="-"):
        path = Path(self.translate_path(self.path))
        Counting.sent.append((self.path, path.stat().st_size if int(code) == 200 and path.is_file() else 0))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(site):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Counting, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def address(site):
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-background-networking"]
    with sync_playwright() as play, play.chromium.launch(executable_path=CHROMIUM, args=options) as browser:
        yield browser


@pytest.fixture
def page(address, browser):
    """A phone's page, consented to, at the list of expressions; no request may leave the origin, no error go unseen."""
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
    page, asked, errors = context.new_page(), [], []
    context.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(error))
    begin(page, address)
    yield page
    assert all(url.startswith((address, "blob:", "data:")) for url in asked) and any(url.endswith(".gzip") for url in asked)
    assert not errors
    context.close()


def begin(page, address):
    page.goto(address)
    page.check("#consent")
    page.click("#begin")


def give(page, path, expression="at rest", wait="#check:not([hidden])"):
    """Choose a file for an expression, and wait for the points or for a message."""
    page.evaluate("location.hash = 'list'")
    page.click(f"[data-expression='{expression}']")
    page.set_input_files("#file", path)
    page.wait_for_selector(wait, timeout=30_000)


MEASURE = """async (files) => {
    const from = async (module) => await import(new URL(module, document.baseURI));
    const { FaceMeshEngine } = await from('facemesh.js');
    const { getLandmarks } = await from('get_landmarks.js');
    const { measure, personScale } = await from('measures.js');
    const { compare } = await from('healthy_norms.js');
    const { findReasons } = await from('quality.js');
    const { autoEface, suggestAffectedSide } = await from('eface.js');
    const { probabilities } = await from('verdict.js');
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
        delete face.file;
        const reasons = findReasons(face, expression, model.quality);
        answers.push({ ...face, reasons, scale, measures, beside, seconds });
    }
    const person = files.map(({ expression }, i) => [expression, answers[i]]).slice(0, model.expressions.length);
    const scale = personScale(Object.fromEntries(person), model.iris_diameter_mm);
    const measures = Object.fromEntries(person.map(([expression, face]) => [expression, measure(face, scale, model)]));
    const eface = Object.fromEntries(['left', 'right'].map((side) => [side, autoEface(measures, side, model.eface)]));
    const known = model.graders.filter(({ formula }) => formula);
    const verdicts = known.map((grader) => [grader.name, probabilities(Object.fromEntries(person), grader, model)]);
    return { answers, eface, suggested: suggestAffectedSide(measures, model.eface), verdicts: Object.fromEntries(verdicts) };
}"""


@pytest.fixture(scope="module")
def twenty(tmp_path_factory):
    """Twenty photos (path, expression), simulated and, where it is there, of London; first one person's eight expressions."""
    folder, photos, london = tmp_path_factory.mktemp("twenty"), [], []
    with pytest.MonkeyPatch.context() as patch:
        if GIVEN_DATA_DIR:
            patch.setenv("BP_DATA_DIR", GIVEN_DATA_DIR)
        with contextlib.suppress(DatasetNotFoundError):
            london = [(photo.path, photo.expression) for photo in list(open_dataset("London"))[::68]]
    for expression in EXPRESSIONS:
        path = folder / f"{expression}.jpg"
        cv2.imwrite(str(path), simulate(make_person(0, kind="flaccid", severity=4), expression)[0])
        photos.append((path, expression))
    return photos + unfit(folder) + london


def unfit(folder):
    """Photos that give reasons against them; the squeezed half makes the mesh see a turned head."""
    picture, points = simulate(make_person(4), "at rest")
    half = np.ptp(points[:, 0]) / 2
    x = (np.arange(720) - points[30, 0]) / half
    columns = np.float32(points[30, 0] + half * (x + 0.45 * np.clip(x**2, 0, 2)))
    rows = np.arange(1080, dtype=np.float32)[:, None]
    pictures = {
        "small": cv2.resize(picture, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA),
        "cut off": picture[:, 300:],
        "several faces": np.hstack([picture, simulate(make_person(5), "at rest")[0]]),
        "turned": cv2.remap(picture, *np.broadcast_arrays(columns, rows), cv2.INTER_LINEAR),
        "eyes closed": simulate(make_person(4), "tight eye closure")[0],
        "eyes open": picture,
    }
    face = GetLandmarks(picture)
    pictures |= {damage: damaged(picture, face, damage) for damage in ("blurred", "eyes covered", "mouth covered")}
    for name, one in pictures.items():
        cv2.imwrite(str(folder / f"{name}.png"), one)
    return [(folder / f"{name}.png", "gentle eye closure" if name == "eyes open" else "at rest") for name in pictures]


def reasons_of(face, expression):
    """Names of Python's reasons against a photo; of covers, what is covered."""
    reasons = face.quality_for(expression)
    return sorted({r.text.split(" (")[0] if r.name == "covered" else r.name for r in reasons})


def test_the_page_measures_as_python_does(address, browser, twenty, graders):
    page = browser.new_page()
    page.goto(f"{address}model.json")  # an empty page of the same origin
    content = [base64.b64encode(path.read_bytes()).decode() for path, _ in twenty]
    files = [{"name": p.name, "expression": e, "content": c} for (p, e), c in zip(twenty, content, strict=True)]
    found = page.evaluate(MEASURE, files)
    answers, faces = found["answers"], {}
    page.close()
    norms, seconds, worst = read_norms(reading=SINGLE, age=ALL_AGES), [], {"px": 0, "mm or degrees": 0, "percentile": 0}
    for (path, expression), answer in zip(twenty, answers, strict=True):
        start = time.perf_counter()
        face = faces[path] = GetLandmarks(path)
        irises = face.right_iris, face.left_iris
        scale = PersonScale([face]) if any(irises) else None
        table, expected = clinical_measures(face, scale=scale), reasons_of(face, expression)
        seconds.append((time.perf_counter() - start, answer["seconds"]))
        width = 720 / cv2.imread(str(path)).shape[1]
        gap = np.linalg.norm(np.array(answer["landmarks"]) - face.landmarks, axis=1).max() * width
        worst["px"] = max(worst["px"], gap)
        assert gap < 0.5, path
        assert len(answer["boxes"]) == face.n_faces
        reasons = sorted(reason["name"] for reason in answer["reasons"])
        assert reasons == expected, path
        assert path.suffix == ".jpg" or path.stem in reasons or path.stem == "eyes covered" and "left eye covered" in reasons
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
                    if scale and "area" not in measure:
                        worst["mm or degrees"] = max(worst["mm or degrees"], abs(own - true))
        if answer["beside"]:
            rows = norms[norms["expression"] == expression]
            signed = asymmetry(face.landmarks)
            reference = healthy_reference(rows)
            true = {COMPOSITE: composite_score(signed, asymmetry_scale(rows)), **dict(zip(REGIONS, signed, strict=True))}
            for name, value in true.items():
                gap = abs(answer["beside"][name]["percentile"] - percentile(abs(value), reference[name]))
                worst["percentile"] = max(worst["percentile"], gap)
                assert gap <= 1, (path, name)
    person = dict(zip(EXPRESSIONS, faces.values(), strict=False))
    measures = {e: clinical_measures(face, scale=PersonScale(person)) for e, face in person.items()}
    assert found["suggested"] == suggest_affected_side(measures)[0]
    for side, scores in found["eface"].items():
        np.testing.assert_allclose(list(scores.values()), auto_eface(measures, side), atol=1)
    own_photos = dict(zip(EXPRESSIONS, faces, strict=False))
    assert found["verdicts"].keys() == {"photo", "person"}
    for name, told in found["verdicts"].items():
        expected = grade(own_photos, graders[name], looks=1).probability["probability"]
        print(f"\ngrader {name}: Python {expected.round(4).to_dict()}, page {np.round(told, 4)}")
        np.testing.assert_allclose(told, expected, atol=0.005)
    python, own = np.median(seconds, axis=0)
    print(f"\n{len(twenty)} photos, largest differences: {worst}")
    print(f"one photo, median seconds: Python {python:.3f}, page {own:.3f}")


@pytest.fixture(scope="module")
def portrait(tmp_path_factory):
    path = tmp_path_factory.mktemp("portrait") / "portrait.jpg"
    cv2.imwrite(str(path), simulate(make_person(0), "at rest")[0])
    return path


def test_what_is_shipped_names_no_address_that_is_asked(site, page, address):
    """Addresses stand only in comments and messages of the runtime, and in the namespace of pictures."""
    known = {"w3.org", "wikipedia.org", "github.com", "github.io", "mozilla.org", "opengroup.org", "unicode.org", "ietf.org"}
    known |= {"server.com", "npms.io", "tensorflow.org", "apache.org", "go", "goto"}
    for path in site.rglob("*"):
        if path.is_file():
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gzip" else path.read_bytes()
            hosts = {host.decode() for host in re.findall(rb"(?:https?|wss?)://([A-Za-z0-9.-]+)", content)}
            own = known if path.parent.name == "litert" else {"w3.org"}
            assert not {".".join(host.rsplit(".", 2)[-2:]) for host in hosts} - own, path
    with socket.socket() as other:  # even this computer's other servers are out of reach
        other.bind(("127.0.0.1", 0))
        other.listen()
        blocked = """(address) => new Promise((resolve) => {
            addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
            fetch(address).catch(() => {});
        })"""
        assert page.evaluate(blocked, f"http://127.0.0.1:{other.getsockname()[1]}/") == "connect-src"


def test_the_first_visit_is_small_and_the_second_needs_no_network(site, browser, portrait):
    context = browser.new_context()
    with served(site) as address:
        Counting.sent.clear()
        page = context.new_page()
        begin(page, address)
        give(page, portrait)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        loaded = sum(size for _, size in Counting.sent)
        assert 1e6 < loaded < 12e6
        print(f"\nfirst visit: {loaded / 1e6:.1f} MB, {len(Counting.sent)} requests")
        page.close()
    with pytest.raises(OSError):  # there is no server any more
        urllib.request.urlopen(address, timeout=5)
    page = context.new_page()
    begin(page, address)
    give(page, portrait)
    context.close()


def test_what_cannot_be_measured_is_said(page, portrait, tmp_path):
    content, face = portrait.read_bytes(), cv2.imread(str(portrait))
    cut_png = cv2.imencode(".png", face)[1].tobytes()[:-5000]
    files = {
        "empty": b"",
        "no picture": b"a letter",
        "damaged": content[: len(content) // 2],
        "is damaged": cut_png,
        "No face": cv2.imencode(".jpg", np.full((600, 400, 3), 120, np.uint8))[1].tobytes(),
        "100 megapixels": cv2.imencode(".jpg", np.zeros((10_000, 10_000), np.uint8))[1].tobytes(),
    }
    suffixes = {"no picture": ".txt", "is damaged": ".png"}
    for message, bad in files.items():
        path = tmp_path / f"photo{suffixes.get(message, '.jpg')}"
        path.write_bytes(bad)
        give(page, path, wait="#problem:not(:empty)")
        assert message in page.text_content("#problem")
        assert page.is_visible("#choose") and not page.text_content("#busy")
    two = tmp_path / "two.jpg"
    cv2.imwrite(str(two), np.hstack([face, simulate(make_person(1), "at rest")[0]]))
    give(page, two)
    assert "2 faces" in page.text_content("#quality")
    page.click("#check a.button")
    page.click("#take")  # in this browser nobody allows the camera
    page.wait_for_selector("#problem:not(:empty)")
    assert "camera" in page.text_content("#problem")


def test_a_browser_without_webassembly_is_told(address, browser):
    context = browser.new_context(locale="en-GB")
    context.add_init_script("delete globalThis.WebAssembly")
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("#engine:has-text('WebAssembly')")
    context.close()


def test_moved_points_are_measured_and_saved_for_python(page, portrait, tmp_path):
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    found = GetLandmarks(portrait)
    give(page, portrait)
    view = [float(number) for number in page.get_attribute("#stage", "viewBox").split()]
    box = page.locator("#stage").bounding_box()
    scale = max(view[2] / box["width"], view[3] / box["height"])
    handle = page.locator("#stage .handle").nth(54).bounding_box()
    x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=2)
    page.mouse.up()
    page.click("#reset")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 4, y + 15, steps=4)
    page.mouse.up()
    page.locator("#stage").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("n")
    page.click("#confirm")
    page.click("#to-result")
    page.fill("#code", "P 7")
    page.click("#save")
    page.wait_for_selector("#saved:not(:empty)")
    page.wait_for_timeout(300)
    assert len(downloads) == 2
    for download in downloads:
        download.save_as(tmp_path / "saved" / download.suggested_filename)
    (photo,) = load_annotated(tmp_path / "saved")
    assert photo.patient_id == "P 7" and photo.expression == "at rest" and "at rest" in photo.path.stem
    np.testing.assert_array_equal(photo.image, cv2.imread(str(photo.path)))
    moved = photo.landmarks_gt - found.landmarks
    np.testing.assert_allclose(moved[54], [4 * scale, 16 * scale], atol=0.2 * scale)
    assert np.abs(np.delete(moved, 54, 0)).max() < 0.5
    (path,) = (tmp_path / "saved").glob("*.json")
    saved = json.loads(path.read_text(encoding="utf-8"))
    face = GetLandmarks(portrait, corrected=photo.landmarks_gt)
    expected = clinical_measures(face, scale=PersonScale([face])).loc["commissure height", "difference"]
    assert saved["measures"]["commissure height"]["difference"] == pytest.approx(expected, abs=0.1) and saved["corrected"]
    assert "needs: Brow raise" in page.text_content(".scores")
    assert load_person(tmp_path / "saved")[0].expression == "at rest"  # as the patient sheet reads them


def test_screen_readers_find_no_serious_fault(page, portrait):
    axe = (fetch_packages("--include=dev") / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    give(page, portrait)
    page.click("#confirm")
    give(page, portrait, "open smile")
    for scheme, language in (("light", "en"), ("dark", "de"), ("light", "zh"), ("dark", "es")):
        page.emulate_media(color_scheme=scheme)
        page.select_option("#language", language)
        for view in ("start", "list", "photo", "check", "result"):
            page.evaluate(f"location.hash = '{view}'")
            page.wait_for_selector(f"#{view}:not([hidden])")
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, (language, view)
            found = page.evaluate(f"() => {{ {axe}; return axe.run(document) }}")["violations"]
            serious = [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]
            assert not serious, (scheme, language, view)
    assert page.locator("#numbers .card").count() == 3 + 3
    assert "lineales" in page.text_content("#numbers")  # why the forest is not shown


def test_languages_have_the_same_texts():
    texts = json.loads((Path(export.__file__).parent / "site" / "texts.json").read_text(encoding="utf-8"))
    places = {code: {key: set(re.findall(r"{\w+}", text)) for key, text in words.items()} for code, words in texts.items()}
    assert set(texts) == {"en", "de", "es", "zh"} and all(place == places["en"] for place in places.values())
    for group, names in {"expression": EXPRESSIONS, "instruction": EXPRESSIONS, "measure": MEASURES, "eface": ITEMS}.items():
        assert {f"{group}.{name}" for name in names} <= set(texts["en"])


@pytest.mark.parametrize("path", [os.environ["PATH"], ""], ids=["npm", "no npm but Python's"])
def test_without_a_connection_to_npm_the_error_says_so(path, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", path)
    monkeypatch.setenv("BP_WORK_DIR", str(tmp_path))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_fetch_retry_mintimeout", "10")
    with pytest.raises(RuntimeNotFoundError, match="litertjs.*ECONNREFUSED"):
        fetch_packages()
