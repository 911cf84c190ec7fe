"""Many looks at a photo: time against one look and against the project report's procedure, and memory.

The report's procedure: for every copy load the model and the detector, turn the whole photo, look for the face in all of
its pixels, upsampled once; two processes.
"""

import resource
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import cv2
import multiprocess
import numpy as np

from bp_research import GetLandmarks, LandmarkTester
from bp_research.landmarks.files import model_path

from .common import demo_photos, portraits, seconds, tell

COPIES = 30
NOISY_COPIES = 40


def main():
    """Print the ratios."""
    with portraits(demo_photos()[:1]) as (photo,):
        LandmarkTester(photo, "iBUG").run(COPIES)
        one, many = [], []
        for _ in range(25):
            one.append(seconds(GetLandmarks, photo, "iBUG")[0])
            many.append(seconds(lambda: LandmarkTester(photo, "iBUG").run(COPIES))[0])
        report = [seconds(report_procedure, photo)[0] for _ in range(3)]
    tell(f"{COPIES} copies with dlib", np.divide(many, one), "times the cost of one GetLandmarks (at most 4)")
    ratios = [slow / np.median(many) for slow in report]
    tell(f"{COPIES} copies with dlib, against the report's procedure", ratios, "times faster (at least 100)")
    with portraits(demo_photos()[:1], 4000, 6000) as (photo,), tempfile.TemporaryDirectory() as folder:
        base, peak = (memory(photo, copies, Path(folder)) for copies in (0, NOISY_COPIES))
    print(
        f"{NOISY_COPIES} noisy copies of a 24-megapixel photo: {peak:.0f} MB at most (less than 400), of which {base:.0f} MB "
        "are needed for one GetLandmarks (n = 1 process each)"
    )


def report_procedure(photo):
    """Landmarks of the copies as the report made them."""
    angles = np.random.default_rng(0).uniform(-10, 10, COPIES)
    with multiprocess.get_context("spawn").Pool(2) as pool:
        return pool.map(partial(report_copy, str(photo), str(model_path("iBUG"))), angles)


def report_copy(photo, model, angle):
    """Landmarks of one copy, a list of points, or None without a face."""
    import dlib

    detector, predictor = dlib.get_frontal_face_detector(), dlib.shape_predictor(model)
    image = cv2.imread(photo)
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    grey = cv2.cvtColor(cv2.warpAffine(image, matrix, (width, height)), cv2.COLOR_BGR2GRAY)
    boxes = detector(grey, 1)
    return [(point.x, point.y) for point in predictor(grey, boxes[0]).parts()] if boxes else None


def memory(photo, copies, folder):
    """Largest resident memory, MB, of a process that measures a photo once and then that many noisy copies."""
    answer = folder / "megabytes"
    subprocess.run([sys.executable, "-m", __spec__.name, str(photo), str(copies), str(answer)], check=True)
    return float(answer.read_text())


def measure_noisy(photo, copies, answer):
    """Do what :func:`memory` measures."""
    tester = LandmarkTester(photo)
    if int(copies):
        tester.test_noises(20, "normal", num_test=int(copies))
    Path(answer).write_text(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else measure_noisy(*sys.argv[1:])
