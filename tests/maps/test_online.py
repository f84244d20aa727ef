"""Map tiles: only those asked for, and none that would lie off the map."""

from __future__ import annotations

from typing import Any

import pytest

from geodata.errors import InputError
from maps.interactive import coverage_page
from maps.online import OnlineLayers
from maps.tables import CoverageTables
from tests.maps.pagecheck import Page


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_tiles_in_a_shifted_system_are_refused_with_the_reason(crs: str, lang: str) -> None:
    with pytest.raises(InputError) as caught:
        OnlineLayers(tiles_url="http://maps.local/{z}/{x}/{y}.png", tiles_crs=crs)
    text = caught.value.text(lang)
    assert {"gcj02": "GCJ-02", "bd09": "BD-09"}[crs] in text
    assert "maps.local" in text
    assert "--tianditu-key" in text
    assert ("hundreds of metres" if lang == "en" else "数百米") in text


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}", "GCJ-02"),
        ("https://webrd0{1-4}.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}", "GCJ-02"),
        ("https://WPRD01.IS.AutoNavi.com/t?x={x}&y={y}&z={z}", "GCJ-02"),
        ("https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={y}", "GCJ-02"),
        ("https://maponline0.bdimg.com/tile/?x={x}&y={y}&z={z}", "BD-09"),
    ],
)
def test_known_shifted_services_are_refused_whatever_they_are_said_to_be(
    url: str, name: str
) -> None:
    with pytest.raises(InputError, match=name):
        OnlineLayers(tiles_url=url, tiles_crs="wgs84")


@pytest.mark.parametrize(
    "url",
    [
        "", "tiles/{z}/{x}/{y}.png", "https://host/{z}/{x}.png", "https://host/{s}/{z}/{x}/{y}.png",
        "javascript:alert(1)//{z}{x}{y}", "https://host/{z}/{x}/{y}.png'); alert(1);//",
        "https://user:word@host/{z}/{x}/{y}.png", "https://ho st/{z}/{x}/{y}.png",
    ],
)  # fmt: skip
def test_what_is_no_address_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(InputError) as caught:
        OnlineLayers(tiles_url=url)
    assert caught.value.faults[0].key == "maps_bad_tiles"


def test_all_faults_are_reported_together() -> None:
    with pytest.raises(InputError) as caught:
        OnlineLayers(tianditu_key="short", tiles_url="nowhere", tiles_crs="epsg:3857")
    assert [fault.key for fault in caught.value.faults] == [
        "maps_bad_key", "not_a_choice", "maps_bad_tiles",
    ]  # fmt: skip


def test_a_host_that_only_resembles_a_shifted_one_is_accepted() -> None:
    found = OnlineLayers(tiles_url="https://notbaidu.com/{z}/{x}/{y}.png")
    assert found.hosts == ["https://notbaidu.com"]


def test_own_tiles_are_the_one_host_that_the_page_may_ask(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    own = OnlineLayers(tiles_url="http://maps.local:8080/{z}/{x}/{y}.png", tiles_crs="cgcs2000")
    page = coverage_page(tables, result, lang="zh", online=own)
    assert "img-src data: http://maps.local:8080;" in page
    assert "http://maps.local:8080/{z}/{x}/{y}.png" in page
    assert Page(page).foreign() == []
