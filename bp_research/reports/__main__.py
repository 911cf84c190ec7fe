"""``python -m bp_research.reports run ...`` and ``... index``."""

import sys

from .notebooks import main

sys.exit(main())
