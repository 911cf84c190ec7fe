"""A large cohort through ``out=``, by two processes of its own and of a local Dask cluster: photos per second, memory.

``python -m benchmarks.bench_cohort 20000`` takes another number of photos than the default; a tenth of it goes first.
"""

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.dataset

from benchmarks.common import demo_photos, seconds
from bp_research import measure_cohort

_PHOTOS = 2000


def changed_copies(folder, number):
    """Photos of the demo with a few bytes after their end, so that no two files are the same."""
    contents = [path.read_bytes() for path in demo_photos()]
    for i in range(number):
        path = folder / f"{i:07d}.jpg"
        path.write_bytes(contents[i % len(contents)] + i.to_bytes(8, "big"))
        yield path


def run(folder, out, cluster):
    """Measure all photos of a folder; print seconds, peak memory (MB) of this process and of a worker, workers' seconds."""
    if cluster:
        from dask.distributed import Client, LocalCluster

        with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as processes, Client(processes) as client:
            settings = {"executor": client.get_executor(), "processes": 2}
            took, rows = seconds(lambda: measure_cohort(folder, out=out, progress=False, **settings))
    else:
        took, rows = seconds(lambda: measure_cohort(folder, out=out, progress=False, processes=2))
    assert rows.count_rows() == sum(1 for _ in folder.iterdir())
    own, workers = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    print(took, own.ru_maxrss / 1024, workers.ru_maxrss / 1024, workers.ru_utime + workers.ru_stime)


def in_a_process(folder, out, how):
    """The same in a process of its own, whose memory is that of this run alone."""
    command = [sys.executable, "-m", "benchmarks.bench_cohort", "run", str(folder), str(out), how]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return map(float, printed.split()[-4:])


def main(number=_PHOTOS):
    """Print the numbers."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        peaks, rates = [], {}
        for n, how in ((number // 10, "own"), (number, "own"), (number, "cluster")):
            photos = folder / f"{n}"
            if not photos.exists():
                photos.mkdir()
                size = np.mean([path.stat().st_size for path in changed_copies(photos, n)])
            took, peak, largest, worked = in_a_process(photos, folder / f"rows {n} {how}", how)
            print(f"{n} photos, {how}: {n / took:.1f} photos per second, parent's peak {peak:.0f} MB", flush=True)
            print(f"  {worked / n:.3f} core-seconds a photo, memory of the largest worker {largest:.0f} MB", flush=True)
            peaks.append(peak)
            rates[how] = n / took
        rows = pyarrow.dataset.dataset(folder / f"rows {number} own").to_table().nbytes / number
        print(f"parent's memory at 10 n over that at n: {peaks[1] / peaks[0]:.3f}")
        print(f"Dask's photos per second over own processes': {rates['cluster'] / rates['own']:.3f}")
        # not the files' size: photos that are repeated pack better than others
        print(f"a photo takes {size / 1024:.0f} kB, its row {rows / 1024:.2f} kB; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["run"]:
        run(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "cluster")
    else:
        main(*map(int, sys.argv[1:2]))
