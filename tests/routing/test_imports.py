"""What a command pays before it begins: heavy libraries are loaded where they are needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("matplotlib", "ortools", "pypinyin", "scipy.optimize", "scipy.stats")


@pytest.mark.parametrize("name", ["routing.audit", "routing.brief", "routing.itinerary.router"])
def test_a_module_loads_no_library_that_it_seldom_needs(name: str) -> None:
    told = f"import sys, {name}; print([heavy for heavy in {HEAVY} if heavy in sys.modules])"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
