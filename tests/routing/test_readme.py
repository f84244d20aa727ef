"""The README's figures are those that the model gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from geodata import region
from routing import config, known_times, land_network

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.skipif(not README.exists(), reason="no README beside the tests (installed package)")
def test_known_times_of_the_readme_are_those_of_the_model() -> None:
    place, parameters = region.load("zhoushan"), config.load()
    text = README.read_text("utf-8")
    rows = known_times.compare(place, land_network.build(place, parameters), parameters)
    assert len(rows) == 10
    missing = [r["name_en"] for r in rows if f"{r['modelled_min']:.1f} min" not in text
               and f"{r['modelled_min']:g} min" not in text]  # fmt: skip
    assert not missing


@pytest.mark.skipif(not README.exists(), reason="no README beside the tests (installed package)")
def test_pictures_of_the_readme_exist() -> None:
    text = README.read_text("utf-8")
    names = [part.split(")")[0] for part in text.split("](")[1:] if part.startswith("docs/")]
    assert names
    assert all((README.parent / name).is_file() for name in names)
