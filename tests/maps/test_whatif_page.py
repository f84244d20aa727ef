"""The what-if page as text: its parts, its policy, and data that stay data."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from geodata import catalogue
from geodata.errors import InputError
from maps import assets, whatif_page
from maps.whatif_page import WhatIfTables
from tests.maps.conftest import HOSTILE
from tests.maps.pagecheck import Page

SETTING: dict[str, Any] = {
    "region": {"name_zh": "松屿群岛", "name_en": "Songyu Islands"},
    "network": "schematic",
    "start_stamp": "answer",
    "conditions": [
        {"name": "calm", "label": "calm weather", "effects": []},
        {"name": "fog", "label": "fog", "effects": ["stopped: boats"]},
    ],
    "shown": {"condition": "calm", "daylight": "day"},
}


def table(rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    columns = {c: pd.Series([row[c] for row in rows], dtype=object) for c in rows[0]}
    return gpd.GeoDataFrame(columns, geometry="geometry", crs="EPSG:4326")


def tables(text: str = "松屿") -> WhatIfTables:
    land = shapely.box(122.0, 30.0, 122.1, 30.1)
    line = shapely.LineString([(122.0, 30.0), (122.1, 30.1)])
    named = {"name_zh": text, "name_en": text}
    post = {"kind": "ambulance_station", "evidence": "confirmed", "vehicles": "ambulance;boat"}
    return WhatIfTables(
        cells=table(
            [{"demand_id": "d", "island_id": text, **named, "zone": "rural", "population": 5.0,
              "target_min": 14.0, "geometry": land}]
        ),
        islands=table([{"island_id": text, **named, "geometry": land}]),
        posts=table(
            [
                {"post_id": text, **named, **post, "outside": False, "geometry": land.centroid},
                {"post_id": "away", **named, **post, "outside": True, "geometry": land.centroid},
            ]
        ),
        helipads=table(
            [
                {"helipad_id": text, **named, "status": "existing", "geometry": land.centroid},
                {"helipad_id": "later", **named, "status": "planned", "geometry": land.centroid},
            ]
        ),
        roads=table(
            [{"link_id": text, **named, "structure": "bridge", "status": "planned",
              "geometry": line}]
        ),
        ferries=table([{"link_id": "F", **named, "status": "in_service", "geometry": line}]),
        zones=table([{"zone": "main_urban", "geometry": land}]),
    )  # fmt: skip


def data(html: str) -> dict[str, Any]:
    found = re.search(r'id="whatif-data">(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_refers_to_nothing_outside_it(lang: str) -> None:
    for made in (
        whatif_page.page(tables(), SETTING, lang=lang),
        whatif_page.door(lang=lang),
    ):
        page = Page(made.html)
        assert page.foreign() == []
        assert page.handlers == []
        assert len(page.ids) == len(set(page.ids))
    assert Page(whatif_page.page(tables(), SETTING, lang=lang).html).references


def test_the_policy_lets_the_pages_own_scripts_and_style_run_and_nothing_else() -> None:
    made = whatif_page.page(tables(), SETTING, lang="en")
    page = Page(made.html)
    scripts = [text for attributes, text in page.scripts if not attributes]
    assert len(scripts) == 2
    for text in scripts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in made.policy
    assert "unsafe" not in made.policy
    assert "connect-src 'self'" in made.policy
    assert "style=" not in made.html.split("<body>")[1].split("<script")[0]


def test_leaflet_is_inside_whole() -> None:
    html = whatif_page.page(tables(), SETTING, lang="en").html
    assert assets.leaflet_script() in html
    assert assets.leaflet_style() in html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    setting = SETTING | {
        "region": {"name_zh": text, "name_en": text},
        "conditions": [{"name": "calm", "label": text, "effects": [text]}],
    }
    html = whatif_page.page(tables(text), setting, lang="zh").html
    page, plain = Page(html), Page(whatif_page.page(tables(), SETTING, lang="zh").html)
    assert page.handlers == []
    assert page.foreign() == []
    assert len(page.scripts) == len(plain.scripts)
    assert sorted(set(page.tags)) == sorted(set(plain.tags))
    assert data(html)["posts"][0]["vehicles"]


def test_posts_outside_the_region_stand_on_no_map() -> None:
    found = data(whatif_page.page(tables(), SETTING, lang="zh").html)
    assert [post["id"] for post in found["posts"]] == ["松屿"]
    assert [(road["structure"], road["open"]) for road in found["roads"]] == [("bridge", False)]
    assert found["ferries"][0]["open"] is True


def test_helipads_are_shown_where_helicopters_land_today() -> None:
    found = data(whatif_page.page(tables(), SETTING, lang="en").html)
    assert [(pad["id"], pad["at"]) for pad in found["helipads"]] == [("松屿", [30.05, 122.05])]


def test_a_missing_column_is_told() -> None:
    whole = tables()
    with pytest.raises(InputError) as caught:
        WhatIfTables(
            cells=whole.cells.drop(columns="zone"),
            islands=whole.islands,
            posts=whole.posts.drop(columns=["kind", "vehicles"]),
            helipads=whole.helipads,
            roads=whole.roads,
            ferries=whole.ferries,
            zones=whole.zones,
        )
    assert [fault.value for fault in caught.value.faults] == ["zone", "kind, vehicles"]


def test_every_text_that_the_scripts_ask_for_is_there() -> None:
    source = "".join(assets.text(name) for name in whatif_page.SCRIPTS if "whatif" in name)
    asked = set(re.findall(r"(?:\.text|\brow|\boffer)\('([a-z_0-9]+)'", source))
    asked |= set(re.findall(r"\bui\.([a-z_]+)", source))
    assert len(asked) > 30, "the search for keys finds too few to mean anything"
    known = {k.removeprefix("whatif.ui.") for k in catalogue.strings("en") if "whatif.ui." in k}
    stems = {key for key in asked if key.endswith("_")}
    assert asked - stems <= known
    assert all(any(k.startswith(stem) for k in known) for stem in stems)


def test_equal_inputs_give_equal_pages() -> None:
    pages = {whatif_page.page(tables(), SETTING, lang="zh").html for _ in range(2)}
    assert len(pages) == 1
