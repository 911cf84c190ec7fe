"""The annotation widget in a browser: how soon a photo of 12 megapixels is seen, and how closely a drag is followed."""

import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common import demo_photos
from tests.browser import CHROMIUM, jupyterlab, open_widget

# From a movement of the pointer to the end of the frame in which the point was drawn there, ms by the page's own clock.
_WATCH = """() => {
  window.followed = [];
  document.querySelector(".bp-annotator .stage").addEventListener("pointermove", (moved) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.followed.push(performance.now() - moved.timeStamp);
      channel.port2.postMessage(null);
    });
  }, { capture: true });
}"""
# From the key for the next photo to its picture's being decoded and drawn with its points, ms.
_NEXT = """() => new Promise((done) => {
  const root = document.querySelector(".bp-annotator"), start = performance.now();
  const picture = root.querySelector("img"), before = picture.src;
  const look = () => picture.src !== before && picture.complete && picture.naturalWidth
    ? picture.decode().then(() => requestAnimationFrame(() => setTimeout(() => done(performance.now() - start))))
    : setTimeout(look, 1);
  root.focus();
  root.dispatchEvent(new KeyboardEvent("keydown", { key: "]", bubbles: true }));
  look();
})"""


def main(photos=8, moves=200):
    """Print the times of the browser's page."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        folder, names = Path(folder), demo_photos()[:photos]
        for i, path in enumerate(names):
            cv2.imwrite(str(folder / f"{i}.jpg"), cv2.resize(cv2.imread(str(path)), (3000, 4000)))
        with jupyterlab(folder, f"annotate({str(folder)!r}, {str(folder / 'out')!r}, annotator='bench')") as address:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page, _ = open_widget(browser, address)
            shown = [page.evaluate(_NEXT) for _ in names[1:]]
            page.evaluate(_WATCH)
            dot = page.locator(".bp-annotator [data-handle='30'] .dot").bounding_box()
            x, y = dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2
            page.mouse.move(x, y)
            page.mouse.down()
            for turn in np.linspace(0, 4 * np.pi, moves):
                page.mouse.move(x + 40 * np.sin(turn), y + 40 * np.sin(2 * turn))
            page.mouse.up()
            followed = page.evaluate("window.followed")
            browser.close()
    for what, times in (("first display, 3000 x 4000 px", shown), ("a drag is followed", followed)):
        print(f"{what}: median {np.median(times):.1f} ms, largest {max(times):.1f} ms (n = {len(times)})")


if __name__ == "__main__":
    main()
