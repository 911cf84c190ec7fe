"""One photo and a cohort, against the report's procedure on the same photos in the same run."""

import resource

import numpy as np

from benchmarks.common import demo_photos, portraits, seconds, straightforward, tell
from bp_research import GetLandmarks, measure_cohort

_SAMPLE = 12
_COHORT = 384


def main():
    """Print the comparisons."""
    photos = demo_photos()
    with portraits(photos[:: max(1, len(photos) // _SAMPLE)][:_SAMPLE]) as sample:
        GetLandmarks(sample[0], "iBUG")  # detector and model load on first use
        ratios, gaps, slow = [], [], []
        for path in sample:
            before, expected = seconds(straightforward, path)
            after, face = seconds(GetLandmarks, path, "iBUG")
            ratios.append(before / after)
            slow.append(before)
            gaps.append(np.linalg.norm(face.landmarks - expected, axis=1).max())
        tell("One photo of 720 x 1080 px, dlib", ratios)
        tell("  largest distance of a landmark from that procedure's", gaps, "px")

        cohort = [sample[i % len(sample)] for i in range(_COHORT)]
        each, table = seconds(lambda: measure_cohort(cohort, "iBUG", progress=False))
        assert (table["status"] == "ok").all()
        tell(f"A cohort of {_COHORT} photos, all cores, features too", np.array(slow) * _COHORT / each)
        print(f"  {each:.1f} s here; the other procedure, timed on {len(sample)} of them, takes {np.median(slow):.2f} s each")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  memory of the largest worker: {peak:.0f} MB")


if __name__ == "__main__":
    main()
