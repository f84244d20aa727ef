from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import catalogue
from geodata.calls import table
from geodata.calls.columns import Columns, Spans
from routing.audit import loops, phases, reasons
from routing.audit.clean import Cleaned, clean, is_cancelled
from routing.audit.codes import encode
from routing.audit.options import Options
from tests.routing.audit.records import STAMP_COLUMNS, Names, call, frame, seconds


def cleaned(*rows: dict[str, Any], **options: Any) -> Cleaned:
    return clean(Columns.of(frame(list(rows))), Options(**options), Names())


def reason(row: dict[str, Any], **options: Any) -> str | None:
    codes = cleaned(row, **options).rejected["reason"].tolist()
    return reasons.key_of(codes[0]) if codes else None


def bit(stamp: str) -> int:
    return 1 << phases.STAMPS.index(stamp)


def test_stamps_are_those_of_the_canonical_table() -> None:
    assert phases.STAMPS == table.STAMPS
    assert phases.STARTS == table.STARTS


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"row_fault": "nul"}, "malformed_row"),
        ({"outcome": "家属取消"}, "cancelled"),
        ({"outcome": "送医院"}, None),
        ({"answer": None}, "missing_start"),
        ({"answer": None, "stamp_fault": bit("answer")}, "unreadable_start"),
        ({"arrive": None}, "missing_arrival"),
        ({"arrive": None, "stamp_fault": bit("arrive")}, "unreadable_arrival"),
        ({"arrive": 0.05, "leave": None}, "negative_response"),
        ({"depart": 1.0}, "out_of_order"),
        ({"dial": 0.2}, "out_of_order"),
        ({"leave": 9.0}, "out_of_order"),
        ({"clear": 39.0}, "out_of_order"),
        ({"place_fault": True}, "unreadable_place"),
        ({"township": "海"}, "off_the_map"),
        # A record without what the response time does not need is used.
        ({"dial": None, "dispatch": None, "depart": None, "leave": None}, None),
        ({"hospital": None, "stamp_fault": bit("hospital")}, None),
        ({"depart": None}, None),
        # Stamps pressed in the same second are in order.
        ({"answer": 0.0, "dispatch": 0.0, "depart": 0.0, "arrive": 0.0}, None),
    ],
)  # fmt: skip
def test_each_fault_gives_its_reason(changes: dict[str, Any], expected: str | None) -> None:
    assert reason(call(**changes)) == expected


def test_the_first_reason_in_order_is_told() -> None:
    worst = call(row_fault="nul", outcome="取消", answer=None, township="海")
    assert reason(worst) == "malformed_row"
    assert reason({**worst, "row_fault": None}) == "cancelled"
    assert reason({**worst, "row_fault": None, "outcome": None}) == "missing_start"


@pytest.mark.parametrize(("minutes", "expected"), [(30.0, None), (30.0 + 1 / 60, "too_long")])
def test_a_response_of_exactly_the_limit_is_used(minutes: float, expected: str | None) -> None:
    row = call(answer=0.0, arrive=minutes, leave=None, hospital=None, clear=None)
    assert reason(row, longest_min=30.0) == expected


def test_a_later_phase_beyond_the_limit_is_left_out_and_counted() -> None:
    found = cleaned(call(leave=100.0, hospital=110.0, clear=120.0), longest_min=30.0)
    assert found.rows["scene_s"].tolist() == [-1]
    assert found.rows["transport_s"].tolist() == [600]
    assert dict(zip(phases.MEASURES, found.facts["over_limit"], strict=True))["scene"] == 1


@pytest.mark.parametrize(
    ("start", "expected_s"), [("dial", 600), ("answer", 594), ("dispatch", 480)]
)
def test_the_start_stamp_starts_the_clock(start: str, expected_s: int) -> None:
    assert cleaned(call(), start_stamp=start).rows["response_s"].tolist() == [expected_s]


def test_phases_last_from_stamp_to_stamp() -> None:
    found = cleaned(call(), call(dispatch=None)).rows
    told = {name: found[name].tolist() for name in phases.MEASURE_COLUMNS}
    assert told == {
        "response_s": [594, 594],
        "answering_s": [6, 6],
        "handling_s": [114, -1],
        "turnout_s": [120, -1],
        "travel_s": [360, 360],
        "scene_s": [900, 900],
        "transport_s": [900, 900],
        "handover_s": [900, 900],
    }
    assert found["dispatch_after_s"].tolist() == [114, -1]


@given(st.integers(-62_135_596_800, 253_402_300_799 - 86_400))
@settings(max_examples=100, deadline=None)
def test_calendar_is_that_of_python(start_s: int) -> None:
    stamps = dict.fromkeys(STAMP_COLUMNS)
    row = call() | stamps | {"answer_s": start_s, "arrive_s": start_s + 60}
    found = clean(Columns.of(frame([row])), Options(), Names()).rows
    when = datetime(1970, 1, 1) + timedelta(seconds=start_s)
    assert found["hour"][0] == when.hour
    assert found["weekday"][0] == when.weekday()
    assert found["month"][0] == when.year * 100 + when.month


@pytest.mark.parametrize("edge", [-(2**63) + 1, 2**63 - 1, 10**15])
def test_stamps_beyond_the_calendar_are_unreadable(edge: int) -> None:
    row = call() | {"answer_s": edge}
    assert reason(row) == "unreadable_start"
    assert reason(call() | {"arrive_s": edge}) in ("unreadable_arrival", "negative_response")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("取消", True), ("已撤销", True), ("中途返回", True), ("CANCELLED", True), ("Aborted", True),
     ("未取消", False), ("not cancelled", False), ("正常", False), ("送医", False), ("", False)],
)  # fmt: skip
def test_outcomes_that_call_off_a_crew(text: str, expected: bool) -> None:
    assert is_cancelled(text) is expected


def test_nothing_but_place_and_reason_is_kept_of_a_rejected_record() -> None:
    found = cleaned(call(call_id="13800000000", arrive=None), call())
    assert set(found.rejected) == {"file", "line", "reason"}
    assert found.rejected["line"].tolist() == [2]


def test_an_empty_part_is_clean() -> None:
    found = clean(Columns.of(table.empty()), Options(), Names())
    assert (found.facts["read"], found.facts["used"], found.facts["rejected"]) == (0, 0, {})


@given(st.lists(st.none() | st.sampled_from(["甲", "乙", "=1+1", "丙 "]), max_size=40))
@settings(deadline=None)
def test_codes_stand_for_their_texts(texts: list[str | None]) -> None:
    for kind in (pl.String, pl.Categorical):
        coded = encode(pl.Series(texts, dtype=kind))
        assert [None if c == 0 else coded.labels[c - 1] for c in coded.codes.tolist()] == texts
        assert list(coded.labels) == sorted({t for t in texts if t is not None})


STAMP = st.none() | st.integers(-3, 20)


@st.composite
def dirty(draw: st.DrawFn) -> dict[str, Any]:
    base = seconds("2024-03-05 23:59:00")
    minutes = {f"{name}_s": draw(STAMP) for name in phases.STAMPS}
    return {
        **{k: None if m is None else base + 60 * m for k, m in minutes.items()},
        "stamp_fault": draw(st.integers(0, 255)),
        "place_fault": draw(st.booleans()),
        "outcome": draw(st.sampled_from([None, "取消", "送医院", "<b>"])),
        "row_fault": draw(st.sampled_from([None, None, None, *table.ROW_FAULTS])),
        "township": draw(st.sampled_from([None, "镇", "海"])),
        "call_id": draw(st.sampled_from([None, "1", "2"])),
    }


def slow_reason(row: dict[str, Any], options: Options) -> str | None:
    """The rules of `reasons`, read aloud."""
    stamps = [row[column] for column in STAMP_COLUMNS]
    start, arrive = stamps[options.start], stamps[phases.ARRIVE]
    there = [s for s in stamps if s is not None]
    rules = {
        "malformed_row": lambda: row["row_fault"] is not None,
        "cancelled": lambda: row["outcome"] is not None and is_cancelled(row["outcome"]),
        "unreadable_start": lambda: start is None and row["stamp_fault"] & (1 << options.start),
        "missing_start": lambda: start is None,
        "unreadable_arrival": lambda: arrive is None and row["stamp_fault"] & bit("arrive"),
        "missing_arrival": lambda: arrive is None,
        "negative_response": lambda: arrive < start,
        "out_of_order": lambda: there != sorted(there),
        "too_long": lambda: arrive - start > 60 * options.longest_min,
        "unreadable_place": lambda: row["place_fault"],
        "off_the_map": lambda: row["township"] == "海",
    }
    assert list(rules) == list(reasons.REASONS[:-2])
    return next((key for key, holds in rules.items() if holds()), None)


@given(st.lists(dirty(), max_size=30), st.sampled_from(phases.STARTS), st.sampled_from([5, 12]))
@settings(max_examples=60, deadline=None)
def test_every_record_is_used_or_rejected_by_the_rules(
    rows: list[dict[str, Any]], start: str, longest: int
) -> None:
    options = Options(start_stamp=start, longest_min=longest)
    found = clean(Columns.of(frame(rows)), options, Names())
    expected = [slow_reason(row, options) for row in rows]
    assert found.rows["line"].tolist() == [i + 2 for i, key in enumerate(expected) if key is None]
    told = zip(found.rejected["line"].tolist(), found.rejected["reason"].tolist(), strict=True)
    assert {line: reasons.key_of(code) for line, code in told} == {
        i + 2: key for i, key in enumerate(expected) if key is not None
    }
    assert found.facts["used"] + sum(found.facts["rejected"].values()) == len(rows)


def test_the_digest_is_murmur_hash_3() -> None:
    # Reference values of MurmurHash3_x64_128 with seed 0.
    texts = ["", "hello", "The quick brown fox jumps over the lazy dog"]
    expected = [
        (0, 0),
        (0xCBD8A7B341BD9B02, 0x5B1E906A48AE1D19),
        (0xE34BBC7BBC071B6C, 0x7A433CA9C49A9347),
    ]
    ids, rows, seeds = Spans.of([*texts, None]), np.arange(4), np.zeros(4, np.uint64)
    high, low, known = np.empty(4, np.uint64), np.empty(4, np.uint64), np.empty(4, np.bool_)
    loops.digests(ids.buffer, ids.starts, ids.ends, rows, seeds, high, low, known)
    assert known.tolist() == [True, True, True, False]
    assert list(zip(high.tolist(), low.tolist(), strict=True))[:3] == expected


def test_every_reason_has_a_text_in_both_languages() -> None:
    for lang in catalogue.LANGUAGES:
        texts = [catalogue.text(f"audit.reason.{key}", lang) for key in reasons.REASONS]
        assert len(set(texts)) == len(reasons.REASONS)
        assert bool(re.search("[\u4e00-\u9fff]", "".join(texts))) is (lang == "zh")
