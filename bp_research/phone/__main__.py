"""``python -m bp_research.phone`` makes the page."""

import sys

from ..errors import BpResearchError
from .site import build

try:
    print(f"The page is in {build()}")
except BpResearchError as error:
    sys.exit(f"{type(error).__name__}: {error}")
