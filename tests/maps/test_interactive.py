"""The coverage page: nothing from outside, nothing from data that runs."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from geodata.errors import InputError
from maps.interactive import OnlineLayers, coverage_page
from maps.tables import CoverageTables
from tests.maps.conftest import make_result, make_tables
from tests.maps.pagecheck import Page

LANGS = ("zh", "en")


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_refers_to_nothing_outside(
    tables: CoverageTables, result: dict[str, Any], lang: str
) -> None:
    page = Page(coverage_page(tables, result, lang=lang))
    assert page.foreign() == []
    assert page.anchors() == []
    assert not {"link", "iframe", "object", "base", "form"} & set(page.tags)


def test_no_library_but_leaflet_is_carried(tables: CoverageTables, result: dict[str, Any]) -> None:
    text = coverage_page(tables, result, lang="zh").lower()
    for library in ("jquery", "bootstrap", "awesome", "cdn.", "sourcemappingurl"):
        assert library not in text


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_names_stay_text(hostile: tuple[CoverageTables, dict[str, Any]], lang: str) -> None:
    good = Page(coverage_page(make_tables(), make_result(make_tables()), lang=lang))
    page = Page(coverage_page(*hostile, lang=lang))
    assert page.handlers == []
    assert page.foreign() == []
    assert page.anchors() == []
    assert page.tags.count("script") == good.tags.count("script")
    assert set(page.tags) == set(good.tags)
    assert "<img src=x onerror=window.pwned=1>" in page.text
    assert "{{ 7*7 }}{% raw %}{% endraw %}{{ 6*7 }}@slot:body@" in page.text


def test_the_policy_allows_these_scripts_and_no_other(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    text = coverage_page(tables, result, lang="en")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    scripts = [body for attrs, body in Page(text).scripts if not attrs]
    assert len(scripts) == 2
    for body in scripts:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[1]
    assert "unsafe-inline" not in policy[1].split("style-src")[0]
    assert "http" not in policy[1]


@pytest.mark.parametrize("lang", LANGS)
def test_the_page_is_in_one_language_and_says_the_verdict(
    tables: CoverageTables, result: dict[str, Any], lang: str
) -> None:
    text = coverage_page(tables, result, lang=lang)
    page = Page(text)
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in text
    expected = {
        "zh": ("主城区", "未达标", "只计已证实", "道路为示意网。", "57 人无法到达"),
        "en": ("Main urban area", "target missed", "confirmed only", "Roads are schematic."),
    }
    for words in expected[lang]:
        assert words in page.text
    if lang == "en":
        visible = re.sub(r"[\u4e00-\u9fff]", "", page.text)
        assert visible == page.text


def test_islands_stand_in_the_order_given(tables: CoverageTables, result: dict[str, Any]) -> None:
    text = coverage_page(tables, result, lang="zh")
    ids = re.findall(r'<tr data-id="([^"]+)"', text)
    assert ids == [island["island_id"] for island in result["islands"]]


def test_the_switch_is_there_only_with_a_proposal(result: dict[str, Any]) -> None:
    with_after = coverage_page(make_tables(), result, lang="en")
    without = coverage_page(make_tables(after=False), result, lang="en")
    assert 'value="after"' in with_after
    assert 'value="after"' not in without
    assert "9.9" in Page(with_after).text


def test_equal_inputs_give_equal_pages(tables: CoverageTables, result: dict[str, Any]) -> None:
    first, second = (coverage_page(tables, result, lang="zh") for _ in range(2))
    assert first == second


def test_four_thousand_cells_fit_in_five_megabytes(
    many_cells: Callable[[], CoverageTables],
) -> None:
    tables = many_cells()
    page = coverage_page(tables, make_result(tables), lang="zh")
    assert len(tables.cells) > 4000
    assert len(page.encode()) < 5 * 2**20


def test_online_layers_come_only_when_asked_for(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    plain = coverage_page(tables, result, lang="zh")
    online = coverage_page(
        tables, result, lang="zh", online=OnlineLayers(tianditu_key=key, osm=True)
    )
    assert "tianditu.gov.cn" not in plain
    assert "openstreetmap.org" not in plain
    assert f"tk={key}" in online
    assert "img-src data: https://*.tianditu.gov.cn https://tile.openstreetmap.org;" in online
    assert Page(online).foreign() == []


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "0123456789abcdef'onload=alert(1)"])
def test_a_key_that_cannot_be_one_is_refused(key: str) -> None:
    with pytest.raises(InputError) as caught:
        OnlineLayers(tianditu_key=key)
    assert "Tianditu" in caught.value.text("en")


@pytest.mark.parametrize("more", [(), ("cells",), ("cells", "islands")])
def test_a_result_with_little_in_it_still_gives_a_page(
    tables: CoverageTables, more: tuple[str, ...]
) -> None:
    empty = replace(
        tables,
        **{
            name: getattr(tables, name).iloc[:0]
            for name in (
                *more,
                "posts",
                "helipads",
                "hospitals",
                "ports",
                "roads",
                "ferries",
                "zones",
            )
        },
        proposal_sites=tables.proposal_sites.iloc[:0],
    )
    page = Page(coverage_page(empty, {"schema": "island-response/coverage/1"}, lang="en"))
    assert page.foreign() == []
