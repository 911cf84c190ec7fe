"""The face mesh against the report's procedure, and the time that fitting takes."""

import tempfile
from pathlib import Path

from benchmarks.common import demo_photos, portraits, seconds, straightforward, tell
from bp_research import GetLandmarks
from bp_research.accuracy.fitting import fit_adapter
from bp_research.accuracy.training import train_predictor
from bp_research.datasets import open_dataset

_SAMPLE = 12
_REPEATS = 5
_FITTED = 99


def main():
    """Print the comparisons."""
    photos = demo_photos()
    with portraits(photos[:: max(1, len(photos) // _SAMPLE)][:_SAMPLE]) as sample:
        for model in ("FaceMesh", "FaceMesh halves"):
            GetLandmarks(sample[0], model)  # the nets load on first use
            ratios, times = [], []
            for path in sample:
                before, _ = seconds(straightforward, path)
                after = min(seconds(GetLandmarks, path, model)[0] for _ in range(_REPEATS))
                ratios.append(before / after)
                times.append(1000 * after)
            tell(f"One photo of 720 x 1080 px, {model}", ratios)
            tell("  time for it", times, "ms")

    annotated = open_dataset("auto", prefer=("PALDA", "NeuroFace"), annotated=True, kind="NeuroFace").limited(_FITTED)
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder) / "1", Path(folder) / "2"
        for what, fit in (("an adapter", _adapter), ("a dlib predictor", _predictor)):
            before, _ = seconds(fit, annotated, first)
            fit(annotated, second)
            same = "the same file again" if first.read_bytes() == second.read_bytes() else "ANOTHER FILE the second time"
            print(f"Fitting {what} to {len(annotated)} photos of {annotated.name}: {before:.1f} s; {same}", flush=True)


def _adapter(photos, out):
    return fit_adapter(photos, out=out, progress=False)


def _predictor(photos, out):
    return train_predictor(photos, out, progress=False)


if __name__ == "__main__":
    main()
