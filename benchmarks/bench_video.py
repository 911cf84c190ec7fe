"""A film of ten seconds and one of ten minutes: frames per second beside the face mesh alone, and the memory of both."""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2

from benchmarks.common import seconds
from bp_research import GetLandmarks, measure_video
from bp_research.demo import clips
from bp_research.landmarks.models import get_engine
from bp_research.measuring.video import pictures

_RATE = 10  # frames per second: what counts for the memory is how many frames there are


def run(film, out):
    """Measure a film; print frames per second and this process's peak memory in MB."""
    get_engine()
    took, rows = seconds(lambda: measure_video(film, out=out, progress=False))
    print(rows.count_rows() / took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main(longest=600):
    """Print the numbers; ``longest`` is the length of the longer film in s."""
    images = pictures(clips.clip(), list(range(0, 420, 4)))
    with tempfile.TemporaryDirectory() as folder:
        peaks = []
        for length in (10, longest):
            path = Path(folder, f"{length}.avi")
            film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), _RATE, clips.SIZE)
            for i in range(length * _RATE):
                film.write(images[i % len(images)])
            film.release()
            command = [sys.executable, "-m", "benchmarks.bench_video", "run", str(path), str(Path(folder, f"rows {length}"))]
            rate, peak = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
            print(f"{length} s of film, {length * _RATE} frames: {rate:.1f} frames per second, peak {peak:.0f} MB", flush=True)
            peaks.append(peak)
    mesh, engine = GetLandmarks(images[0]).mesh, get_engine()
    alone = min(seconds(engine.look_again, image, mesh)[0] for image in images)
    mean = sum(seconds(engine.look_again, image, mesh)[0] for image in images) / len(images)
    print(f"memory of the longer over the shorter: {peaks[1] / peaks[0]:.3f}")
    print(f"the mesh net alone: {1 / mean:.1f} frames per second (at best {1 / alone:.1f})")


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(*sys.argv[2:4])
    else:
        main(*map(int, sys.argv[1:2]))
