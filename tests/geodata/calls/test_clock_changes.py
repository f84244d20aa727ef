"""Durations of calls during which the clocks of the zone were changed, against every way to read
them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import calls

# Malta's clocks: 2024-03-31 02:00 becomes 03:00, 2024-10-27 03:00 becomes 02:00, both 01:00 UTC.
MALTA = ZoneInfo("Europe/Malta")
HEADINGS = "受理时间,派车时间,到达现场时间,任务结束时间"


def read(folder: Path, *stamps: str, tz: str = "Europe/Malta") -> list[int | None]:
    """Return the minutes of each stamp since the first one."""
    path = folder / "log.csv"
    path.write_text(f"{HEADINGS}\n{','.join(stamps)}\n", "utf-8")
    (part,) = calls.open(path, tz=tz).parts()
    (row,) = calls.read(part).table().to_dicts()
    seconds = [row[f"{name}_s"] for name in ("answer", "dispatch", "arrive", "clear")]
    assert row["stamp_fault"] == 0
    first = next(s for s in seconds if s is not None)
    return [None if s is None else (s - first) // 60 for s in seconds]


@pytest.mark.parametrize(
    ("stamps", "minutes"),
    [
        # Into summer: 01:55 and 03:05 are ten minutes apart.
        (("2024-03-31 01:55", "2024-03-31 01:58", "2024-03-31 03:05", ""), [0, 3, 10, None]),
        # 02:30 never was.
        (("2024-03-31 01:55", "2024-03-31 02:30", "2024-03-31 03:35", ""), [0, 35, 40, None]),
        # Into winter: from the first 02:55 to the second 02:05 it is ten minutes,
        (("2024-10-27 02:55", "2024-10-27 02:58", "2024-10-27 02:05", ""), [0, 3, 10, None]),
        # from 01:55 to 03:05 two hours and ten minutes,
        (("2024-10-27 01:55", "", "2024-10-27 03:05", ""), [0, None, 130, None]),
        # and what may be ten minutes is not taken for seventy.
        (("2024-10-27 02:55", "", "2024-10-27 03:05", ""), [0, None, 10, None]),
        (("2024-10-27 02:10", "2024-10-27 02:50", "2024-10-27 02:20", ""), [0, 40, 70, None]),
        # Stamps with a zone leave nothing to guess.
        (("2024-03-31T00:55Z", "", "2024-03-31T01:05Z", ""), [0, None, 10, None]),
        (("2024-10-27T00:55Z", "", "2024-10-27T01:05Z", ""), [0, None, 10, None]),
        (("2024-10-27T00:10Z", "", "2024-10-27T01:20Z", "2024-10-27 02:30"), [0, None, 70, 80]),
        # Times of day without a date.
        (("2024-03-31 01:55", "01:58", "03:05", "03:30"), [0, 3, 10, 35]),
        # The day after, an hour less has passed than the clock says.
        (("2024-03-30 23:00", "", "2024-03-31 01:00", "2024-03-31 12:00"), [0, None, 120, 720]),
        # A stamp before the one before it stays so.
        (("2024-10-27 02:55", "", "2024-10-27 01:05", ""), [0, None, -110, None]),
        # No clock was changed that day.
        (("2024-06-01 01:55", "", "2024-06-01 03:05", ""), [0, None, 70, None]),
    ],
)  # fmt: skip
def test_durations_are_true_by_hand(
    tmp_path: Path, stamps: tuple[str, ...], minutes: list[int | None]
) -> None:
    assert read(tmp_path, *stamps) == minutes


def test_the_first_stamp_keeps_its_hour(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"{HEADINGS}\n2024-10-27T00:55Z,,2024-10-27T01:05Z,\n", "utf-8")
    (part,) = calls.open(path, tz="Europe/Malta").parts()
    (row,) = calls.read(part).table().to_dicts()
    assert datetime.fromtimestamp(row["answer_s"], UTC).strftime("%H:%M") == "02:55"


def test_the_summer_times_of_china_count_too(tmp_path: Path) -> None:
    # 1991-04-14 02:00 became 03:00.
    stamps = ("1991-04-14 01:55:00", "", "1991-04-14 03:05:00", "")
    assert read(tmp_path, *stamps, tz="Asia/Shanghai") == [0, None, 10, None]
    later = tuple(s.replace("1991", "1992") for s in stamps)
    assert read(tmp_path, *later, tz="Asia/Shanghai") == [0, None, 70, None]


def readings(wall: datetime) -> set[datetime]:
    """Return when the clock read `wall`: at two moments, one, or by rule the one before a gap."""
    found = {wall.replace(tzinfo=MALTA, fold=fold).astimezone(UTC) for fold in (0, 1)}
    good = {m for m in found if m.astimezone(MALTA).replace(tzinfo=None) == wall}
    return good or {wall.replace(tzinfo=MALTA, fold=0).astimezone(UTC)}


@given(
    st.sampled_from([datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2024, 7, 1)]),
    st.lists(st.integers(0, 300), min_size=4, max_size=4),
    st.sets(st.integers(0, 3), max_size=3),
)
@settings(max_examples=300)
def test_rising_stamps_are_read_as_near_to_each_other_as_can_be(
    tmp_path_factory: pytest.TempPathFactory, day: datetime, minutes: list[int], blank: set[int]
) -> None:
    walls = [None if k in blank else day + timedelta(minutes=m) for k, m in enumerate(minutes)]
    ways = list(product(*(readings(wall) for wall in walls if wall is not None)))
    rising = [way for way in ways if list(way) == sorted(way)]
    stamps = ["" if wall is None else f"{wall:%Y-%m-%d %H:%M}" for wall in walls]
    found = [m for m in read(tmp_path_factory.mktemp("log"), *stamps) if m is not None]
    passed = [[int((moment - way[0]).total_seconds()) // 60 for moment in way] for way in ways]
    if not rising:
        assert found in passed
        assert found != sorted(found)
        return
    least = min((way[-1] - way[0]).total_seconds() // 60 for way in rising)
    assert found == sorted(found)
    assert found in passed
    assert found[-1] == least
