"""What the benchmarks share: the procedure to compare with, paired timing, and how a result is printed."""

import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from bp_research.datasets import load_meei
from bp_research.landmarks.files import model_path
from bp_research.paths import demo_dir


def straightforward(path):
    """The report's procedure for one photo: load detector and model, look for the face at 200 px, predict.

    Returns
    -------
    ndarray (68, 2)
        Landmarks, px.
    """
    import dlib

    detector = dlib.get_frontal_face_detector()
    predictor = dlib.shape_predictor(str(model_path("iBUG")))
    grey = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY)
    scale = grey.shape[1] / 200
    small = cv2.resize(grey, (200, round(grey.shape[0] / scale)), interpolation=cv2.INTER_AREA)
    found = detector(small, 1)
    box = [round(edge * scale) for edge in (found[0].left(), found[0].top(), found[0].right(), found[0].bottom())]
    shape = predictor(grey, dlib.rectangle(*box))
    return np.array([(point.x, point.y) for point in shape.parts()], float)


def demo_photos():
    """Photos of the simulated cohort, in order."""
    return [photo.path for photo in load_meei(demo_dir())]


@contextmanager
def portraits(paths, width=720, height=1080):
    """Copies of photos, each 720 x 1080 px, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        for i, path in enumerate(paths):
            image = cv2.resize(cv2.imread(str(path)), (width, height), interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(folder / f"{i}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        yield [folder / f"{i}.jpg" for i in range(len(paths))]
    finally:
        shutil.rmtree(folder)


def seconds(function, *args):
    """Wall seconds of one call, and its answer."""
    start = time.perf_counter()
    answer = function(*args)
    return time.perf_counter() - start, answer


def tell(what, ratios, unit="times faster"):
    """Print the median and spread of paired ratios."""
    low, middle, high = np.percentile(ratios, [5, 50, 95])
    print(f"{what}: {middle:.3g} {unit} (n = {len(ratios)}, 5-95 %: {low:.3g} to {high:.3g})", flush=True)
