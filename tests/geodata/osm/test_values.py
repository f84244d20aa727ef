from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.osm import values


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50.0),
        ("50 km/h", 50.0),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("10 knots", 18.52),
        ("CN:urban", 50.0),
        ("CN:rural", 70.0),
        ("CN:motorway", 120.0),
        ("GB:nsl_single", 96.56),
        ("DE:zone:30", 30.0),
        ("CN:zone20", 20.0),
        ("walk", 5.0),
        ("DE:walk", 5.0),
        ("none", 120.0),
        ("60;50", 50.0),
        ("60|80", 60.0),
        ("signals;40", 40.0),
        ("7,5", 7.5),
    ],
)
def test_a_speed_limit_is_read(text: str, kmh: float) -> None:
    assert values.speed_kmh(text).value == pytest.approx(kmh)


@pytest.mark.parametrize("text", ["signals", "variable"])
def test_a_limit_shown_by_signals_has_no_number(text: str) -> None:
    reading = values.speed_kmh(text)
    assert math.isnan(reading.value)
    assert reading.how == "variable"


@pytest.mark.parametrize("text", ["fast", "", "50 m/s", "XX:moon", ";;", "5 0", "50 km/h extra"])
def test_nonsense_is_no_speed_limit(text: str) -> None:
    assert values.speed_kmh(text).how == "unreadable"


@pytest.mark.parametrize("text", ["0", "-20", "0 mph", "999", "201", "50;0", "0.5"])
def test_a_limit_that_cannot_be_is_told_apart_from_nonsense(text: str) -> None:
    assert values.speed_kmh(text).how == "impossible"


@pytest.mark.parametrize("text", ["1", "200"])
def test_the_bounds_of_speed_limits_belong_to_the_possible(text: str) -> None:
    assert values.speed_kmh(text).how == "tagged"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("PT1H30M", 90.0),
        ("PT45M", 45.0),
        ("P1D", 1440.0),
        ("PT1.5H", 90.0),
        ("PT0,5H", 30.0),
        ("PT1H12,5M", 72.5),
        ("PT90,0S", 1.5),
        ("PT90S", 1.5),
        ("1:45", 105.0),
        ("01:45", 105.0),
        ("00:05:00", 5.0),
        ("24:00", 1440.0),
        ("25", 25.0),
        ("25 min", 25.0),
        ("1 h 30 min", 90.0),
        ("1h30", 90.0),
        ("2 hours", 120.0),
    ],
)
def test_a_duration_is_read(text: str, minutes: float) -> None:
    reading = values.duration_min(text)
    assert reading.value == pytest.approx(minutes)
    assert reading.how == "tagged"


@pytest.mark.parametrize("text", ["0", "00:00", "-20", "-00:20", "-PT20M", "24:01", "P2D", "1441"])
def test_a_duration_that_cannot_be_is_told_apart_from_nonsense(text: str) -> None:
    assert values.duration_min(text).how == "impossible"


@pytest.mark.parametrize(
    "text", ["", "soon", "1:75", "PT", "P", "20-30", "h", "PT,5H", "PT1,H", "PT1,5,0H"]
)
def test_nonsense_is_no_duration(text: str) -> None:
    assert values.duration_min(text).how == "unreadable"


@given(st.integers(0, 23), st.integers(0, 59))
def test_both_notations_of_a_duration_agree(hours: int, minutes: int) -> None:
    clock, iso = f"{hours:02d}:{minutes:02d}", f"PT{hours}H{minutes}M"
    assert values.duration_min(clock) == values.duration_min(iso)


@given(st.text(max_size=30))
def test_no_text_breaks_a_parser(text: str) -> None:
    assert values.speed_kmh(text).how
    assert values.duration_min(text).how
    assert math.isnan(values.people(text)) or values.people(text) >= 0


@pytest.mark.parametrize(
    ("text", "count"),
    [("1234", 1234.0), ("1,234", 1234.0), ("12 000 (2011)", 12000.0), ("~500", 500.0), ("0", 0.0)],
)
def test_a_count_of_people_is_read(text: str, count: float) -> None:
    assert values.people(text) == count


@pytest.mark.parametrize("text", ["many", "-5", "1.5", "12,34", "1e9", "1234567890"])
def test_what_is_no_count_of_people_is_unknown(text: str) -> None:
    assert math.isnan(values.people(text))


def test_the_year_of_a_count_is_found() -> None:
    assert values.year("2020-11-01") == 2020.0
    assert math.isnan(values.year("census"))
