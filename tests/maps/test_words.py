"""How values read: no rounding across a target, no empty share, no missing name."""

from __future__ import annotations

import tomllib
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.words import Words, clean, is_missing, number, romanised, rounded
from routing import statistics


@settings(deadline=None)
@given(st.floats(0, 300), st.floats(1, 60))
def test_rounding_never_moves_a_value_across_its_bound(value: float, bound: float) -> None:
    text = rounded(value, bound=bound)
    if abs(value - bound) > 1e-5:
        assert (float(text) <= bound) == (value <= bound)
    assert abs(float(text) - value) <= 0.05 + 1e-9
    assert len(text.partition(".")[2]) <= 3


def test_a_mean_just_above_the_target_shows_it() -> None:
    assert rounded(11.04, bound=11.0) == "11.04"
    assert rounded(11.04) == "11.0"
    assert rounded(11.0, bound=11.0) == "11.0"


@pytest.mark.parametrize(
    ("value", "text"),
    [(11.004, "11.004"), (11.0001, "11.001"), (11.000002, "11.001"), (11.0000005, "11.0"),
     (11.000000000000002, "11.0"), (10.99999, "11.0"), (10.96, "11.0")],
)  # fmt: skip
def test_few_decimals_put_a_mean_on_its_side_and_rounding_meets(value: float, text: str) -> None:
    assert rounded(value, bound=11.0) == text
    assert (float(text) <= 11.0) == statistics.meets(value, 11.0)


def test_a_value_that_keeps_an_uneven_bound_never_reads_as_above_it() -> None:
    assert rounded(10.9996, bound=10.9996) == "10.999"
    assert rounded(11.00045, bound=11.0004) == "11.001"


@pytest.mark.parametrize("value", [None, np.nan, float("nan"), pd.NA, pd.NaT, "", "  \n"])
def test_missing_values_are_known_as_such(value: object) -> None:
    assert is_missing(value)
    assert clean(value) == ""
    assert number(value) is None


def test_small_shares_never_read_as_nothing() -> None:
    words = Words("en")
    assert words.percent(0.0) == "0.0%"
    assert words.percent(1e-6) == "<0.1%"
    assert words.percent(0.99999) == ">99.9%"
    assert words.percent(1.0) == "100.0%"
    assert words.percent(None) == "unknown"


def test_english_takes_pinyin_where_there_is_no_english_name() -> None:
    assert Words("en").name("竹岙岛", "") == "Zhuao Island"
    assert Words("en").name("孤礁", None) == "Gujiao"
    assert Words("zh").name("竹岙岛", "") == "竹岙岛"
    assert Words("zh").name(None, "Zhuao") == "Zhuao"
    assert Words("en").name(np.nan, None) == "unnamed"
    assert romanised("岱山县") == "Daishan County"
    assert romanised("定海区/普陀区") == "Dinghai District/Putuo District"
    assert romanised("登步（原登步乡）") == "Dengbu (formerly Dengbu Township)"
    assert romanised("沈家门(墩头)") == "Shenjiamen (Duntou)"


def test_a_name_is_one_short_printable_line() -> None:
    assert clean("a\nb\u2028c\x00d") == "a b c�d"
    assert len(clean("x" * 500)) == 60


def test_unknown_codes_are_shown_as_they_are() -> None:
    assert Words("en").code("kind", "lifeboat") == "lifeboat"
    assert Words("en").code("kind", None) == "none"
    assert Words("zh").vehicle(None) == "无法到达"


def test_conditions_are_named_as_the_shipped_file_names_them() -> None:
    shipped = tomllib.loads(resources.files("seeds").joinpath("conditions.toml").read_text("utf-8"))
    for name, entry in shipped.items():
        assert Words("zh").condition(name) == entry["name_zh"]
        assert Words("en").condition(name) == entry["name_en"]


def test_a_row_names_its_own_condition_before_its_key_does() -> None:
    row = {"key": "fog@night", "name_zh": "海冰", "daylight": "night"}
    assert Words("zh").condition_of(row).startswith("海冰")
    assert Words("en").condition_of(row).startswith("dense fog")
    assert "night" in Words("en").condition_of(row)
