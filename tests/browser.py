"""A page as a browser without network shows it: what is cut off, too wide, too pale, unnamed or in error. And JupyterLab."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from bp_research import paths

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SCREENS = {"1280": {"width": 1280, "height": 800}, "390": {"width": 390, "height": 844}}

# Everything that is folded is opened first; then all that a reader of this width would miss. A figure may be moved sideways in
# its own frame, so that its letters can be read.
_LOOK = """() => {
  for (const part of document.querySelectorAll("details")) part.open = true;
  const found = [], room = document.documentElement.clientWidth;
  const name = (one) => one.tagName + ": " + one.textContent.trim().replace(/\\s+/g, " ").slice(0, 50);
  if (document.documentElement.scrollWidth > room) found.push("the page is wider than the screen");
  for (const one of document.querySelectorAll("main *")) {
    const box = one.getBoundingClientRect();
    if (!box.width || !one.checkVisibility()) continue;
    const style = getComputedStyle(one);
    if (box.right > room + 1 && !one.closest("figure")) found.push("beyond the edge, " + name(one));
    const cut = style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
    if (cut && !one.matches("figure")) found.push("cut off, " + name(one));
  }
  for (const image of document.querySelectorAll("figure img")) {
    const drawn = image.getAttribute("width") ?? image.naturalWidth;
    if (image.width < Math.min(500, drawn)) found.push("letters too small, picture " + image.width);
  }
  for (const image of document.images)
    if (!image.alt && !image.closest("a")) found.push("without text, picture " + image.src.slice(0, 40));
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !one.checkVisibility() || one.closest("style, script")) continue;
    const style = getComputedStyle(one);
    let ground = one;
    while (ground && (colour(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
    const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
    const [a, b] = [style.color, ground && getComputedStyle(ground).backgroundColor]
      .map((text) => light(text ? colour(text) : canvas));
    const large = parseFloat(style.fontSize) >= (style.fontWeight >= 700 ? 18.66 : 24);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < (large ? 3 : 4.5)) found.push("contrast " + contrast.toFixed(1) + ", " + name(one));
  }
  return [...new Set(found)].slice(0, 10);
}"""


def _playwright():
    if not CHROMIUM:
        pytest.skip("no chromium to look with")
    return pytest.importorskip("playwright.sync_api", reason="no playwright to look with")


def pointed_at(page):
    """What a page says where its first figure is pointed at: before, by mouse, away from it, by key, by finger."""
    said = "() => [...document.querySelectorAll('.face')].filter((one) => one.checkVisibility()).map((one) => one.innerHTML)"
    with _playwright().sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        window = browser.new_page(viewport=SCREENS["390"], has_touch=True)
        window.goto(page.as_uri())
        figure = window.locator("figure[data-pointed-at]")
        figure.scroll_into_view_if_needed()
        (x, y, _), *_ = json.loads(figure.get_attribute("data-pointed-at"))["spots"]
        box = figure.locator("img").bounding_box()
        place, found = (box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]), [window.evaluate(said)]
        for act in (
            lambda: window.mouse.move(place[0] + 3, place[1] - 3),
            lambda: window.mouse.move(place[0] + 60, place[1] - 60),
            lambda: figure.press("ArrowRight"),
            lambda: figure.press("Escape"),
            lambda: window.touchscreen.tap(*place),
        ):
            act()
            found.append(window.evaluate(said))
        browser.close()
    return found


def faults(*pages):
    """What is wrong with pages, a list of str: on a wide and on a narrow screen, in light and in dark colours."""
    playwright = _playwright()
    found = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width, screen in SCREENS.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(viewport=screen, color_scheme=scheme, offline=True)
                window = context.new_page()
                errors = []
                window.on("console", lambda said, errors=errors: said.type == "error" and errors.append(said.text))
                window.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
                for page in pages:
                    window.goto(page.as_uri())
                    found += [f"{page.name}, {width} px, {scheme}: {fault}" for fault in window.evaluate(_LOOK) + errors]
                    errors.clear()
                context.close()
        browser.close()
    return found + [f"{page.name}: {page.stat().st_size} bytes" for page in pages if page.stat().st_size > 5e6]


@contextmanager
def jupyterlab(folder, call):
    """Address of a JupyterLab as ``make lab`` starts it, in a folder with a notebook whose cell calls the widget."""
    cell = nbformat.v4.new_code_cell(f"from bp_research.annotating.widget import annotate\n{call}")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), folder / "n.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = str(Path(paths.__file__).resolve().parent.parent)
    mine = {"PYTHONPATH": home, "BP_WORK_DIR": str(paths.project_root())}
    mine |= {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")}
    options = ["--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--LabApp.news_url="]
    options += ["--IdentityProvider.token=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, str(folder)],
        env=os.environ | mine,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api")
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/lab/tree/n.ipynb?reset"
    finally:
        server.terminate()
        server.wait(30)


def open_widget(browser, address):
    """A page in which the notebook's cell was run; foreign requests are listed in the second answer."""
    page, foreign = browser.new_page(viewport={"width": 1280, "height": 1000}), []
    page.on("request", lambda r: foreign.append(r.url) if r.url[:4] == "http" and "//127.0.0.1" not in r.url else None)
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .cm-content", timeout=60_000)
    page.wait_for_selector("text=Python 3 (ipykernel) | Idle", timeout=60_000)
    page.wait_for_timeout(1000)
    page.click(".jp-Notebook .cm-content")
    page.keyboard.press("Shift+Enter")
    page.wait_for_selector(".bp-annotator [data-handle='30']", timeout=60_000)
    page.wait_for_function("document.querySelector('.bp-annotator img').naturalWidth > 0")
    return page, foreign
