"""``python -m bp_research.demo`` makes the demo and its films where they belong."""

from ..paths import demo_dir
from .clips import make_clips
from .cohort import make_demo

make_clips(make_demo(demo_dir()) / "demo_films")
print(f"simulated demo in {demo_dir()}")
