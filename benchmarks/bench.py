"""Run every benchmark, one after the other, each in a process of its own: ``make bench``."""

import subprocess
import sys
from pathlib import Path


def main():
    """Exit with 1 if one of them failed."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    failed = []
    for name in names:
        print(f"== {name.removeprefix('bench_')}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
