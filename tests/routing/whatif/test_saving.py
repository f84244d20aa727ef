"""A saved scenario is read back as the same scenario."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import scenario, whatif

TEXTS = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40).map(
    str.strip
)
NAMES = TEXTS.filter(lambda text: bool(text) and text.isprintable())
DEGREES = st.floats(-90.0, 90.0)
VEHICLES = st.lists(st.sampled_from(["ambulance", "boat", "helicopter"]), min_size=1, unique=True)
REQUESTS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "note": NAMES,
        "condition": st.fixed_dictionaries(
            {"name": NAMES}, optional={"daylight": st.sampled_from(["day", "night"])}
        ),
        "post": st.fixed_dictionaries(
            {
                "add": st.lists(
                    st.fixed_dictionaries(
                        {"post_id": NAMES, "name_zh": NAMES, "name_en": NAMES, "lon": DEGREES,
                         "lat": DEGREES, "vehicles": VEHICLES, "kind": st.just("boat_base")}
                    ),
                    max_size=3,
                ),
                "move": st.lists(
                    st.fixed_dictionaries({"post_id": NAMES, "lon": DEGREES, "lat": DEGREES}),
                    max_size=3,
                ),
                "remove": st.lists(st.fixed_dictionaries({"post_id": NAMES}), max_size=2),
            }
        ),
        "helipad": st.fixed_dictionaries(
            {
                "add": st.lists(
                    st.fixed_dictionaries(
                        {"helipad_id": NAMES, "name_zh": NAMES, "lon": DEGREES, "lat": DEGREES},
                        optional={"name_en": NAMES},
                    ),
                    max_size=2,
                )
            }
        ),
        "link": st.fixed_dictionaries(
            {k: st.lists(st.fixed_dictionaries({"link_id": NAMES}), max_size=2)
             for k in ("close", "open")}
        ),
    }
)  # fmt: skip


@given(raw=REQUESTS)
def test_any_request_survives_the_file(raw: dict[str, Any], tmp_path_factory: Any) -> None:
    asked = whatif.read(raw)
    file: Path = tmp_path_factory.getbasetemp() / "saved.toml"
    file.write_text(whatif.as_toml(asked, lang="zh"), "utf-8")
    assert scenario.load(file) == asked


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_whatever_a_scenario_may_say_is_saved(tmp_path: Path, lang: str) -> None:
    raw = {
        "name": "all", "name_zh": "全部", "date": datetime.date(2027, 12, 31),
        "condition": {"name": "calm", "when": "02:30", "vehicles": ["boat"]},
        "post": {"change": [{"post_id": "p", "hours": "08:00-18:00", "vehicle_count": 2}]},
        "helipad": {"add": [{"helipad_id": "h", "name_zh": "垫", "lon": 1.0, "lat": 2.0,
                             "island_id": "i"}]},
        "link": {"open": [{"link_id": "n", "from_node": "a", "to_node": "b", "speed_kmh": 60.0,
                           "oneway": True}]},
        "population": {"conserve_total": True, "shift": [{"island_id": "i", "factor": 0.5}]},
    }  # fmt: skip
    asked = scenario.parse(raw)
    file = tmp_path / "all.toml"
    file.write_text(whatif.as_toml(asked, lang=lang), "utf-8")
    assert scenario.load(file) == asked
