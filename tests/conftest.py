"""Which examples property tests try: the same ones everywhere, or new ones with `make explore`."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("new", derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("ISLAND_RESPONSE_EXAMPLES", "same"))
