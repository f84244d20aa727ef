"""Which examples property tests try: the same ones everywhere, or new ones with `make explore`.

None fails for want of time: a first call compiles, and machines are loaded.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("new", derandomize=False, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("ISLAND_RESPONSE_EXAMPLES", "same"))
