"""What a stamp's text means: the readable, slow form of the rules.

`geodata.calls.stamp_loops` does the same on bytes, with `stamp_signs`, `stamp_grammar` and
`stamp_values`; tests hold the two together.

A text is first brought to plain signs (`plain`): full-width digits and punctuation become ASCII,
年月日时分秒 become ``y n d h m s``, 上午 and 下午 become ``aw`` and ``pw``, and letters capitals.
Then it must match one of the forms below as a whole. Order of day and month is never guessed: a
year of four digits comes first unless the mapping says otherwise.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Final, NamedTuple

FORMATS: Final = (
    "auto",
    "ymd",
    "dmy",
    "mdy",
    "hms",
    "epoch_s",
    "epoch_ms",
    "excel1900",
    "excel1904",
)
"""What a mapping may say of a stamp; the index is the code that the loops take.

``auto`` takes what cannot be misread; ``ymd``, ``dmy``, ``mdy`` also take years of two digits and
days or months first; ``hms`` takes bare digits as a time of day (``90233`` is 09:02:33); the others
take every number as what they say.
"""
AUTO, YMD, DMY, MDY, HMS, EPOCH_S, EPOCH_MS, EXCEL_1900, EXCEL_1904 = range(len(FORMATS))

BLANK, LOCAL, UTC, TIME, DATE, BAD, MIDNIGHT = range(7)
"""Kinds of value: nothing; seconds on the local clock; seconds UTC; seconds of the day; a date as
seconds at its midnight; unreadable; a date cell that may stand for its midnight."""

DAY_S: Final = 86_400
EXCEL_DAYS: Final = {1900: 25_569, 1904: 24_107}
"""Days from serial 0 of a spreadsheet's date system to 1970-01-01."""
LONGEST: Final = 40
"""Signs of the longest text that can be a stamp."""
FIRST_YEAR, LAST_YEAR = 1900, 2199
EPOCH_FROM, EPOCH_TO = 946_684_800, 2_147_483_648
SERIAL_FROM, SERIAL_TO = 20_000, 80_000

SIGNS: Final = {
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    **dict.fromkeys("年", "y"),
    **dict.fromkeys("月", "n"),
    **dict.fromkeys("日号號", "d"),
    **dict.fromkeys("时時点點", "h"),
    **dict.fromkeys("分", "m"),
    **dict.fromkeys("秒", "s"),
    **dict.fromkeys("上", "a"),
    **dict.fromkeys("下", "p"),
    **dict.fromkeys("午", "w"),
    **dict.fromkeys("：", ":"),
    **dict.fromkeys("－—", "-"),
    **dict.fromkeys("／", "/"),
    **dict.fromkeys("．", "."),
    **dict.fromkeys("　\u00a0", " "),
    **dict.fromkeys("无無", "@"),
}
"""Plain sign of each character beyond ASCII that may stand in a stamp."""

BLANKS: Final = frozenset(
    ("", "-", "--", "/", "@", "\\N", "NULL", "NONE", "NAN", "NAT", "N/A", "#N/A")
)
"""Plain texts that mean: nothing recorded."""

# Dates that databases and spreadsheets put before a mere time of day.
ZERO_DATES: Final = frozenset(
    (date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1904, 1, 1))
)
_NO_DATE = re.compile(r"0000([-/])00\1(?:00)(?:[ T][0:.]*)?")
_TIME = r"(?:(?P<H>\d\d?):(?P<M>\d\d?)(?::(?P<S>\d\d?)(?:[.,]\d+)?)?"
_TIME_ZH = r"|(?P<h>\d\d?)h(?P<m>\d\d?)(?:m(?:(?P<s>\d\d?)(?:\.\d+)?s?)?)?)"
_CLOCK = r"(?P<half>[ap]w)?" + _TIME + _TIME_ZH + r" ?(?P<half2>AM|PM|[ap]w)?"
_ZONE = r"(?: ?(?:(?P<Z>Z|UTC)|(?P<sign>[+-])(?P<zh>\d\d)(?::?(?P<zm>\d\d))?))?"
_PARTS = r"(?P<sep>[-/.])(?P<b>\d\d?)(?P=sep)(?P<c>\d{1,4})"
_DAY = rf"(?P<a>\d{{1,4}})(?:{_PARTS}|y(?P<bz>\d\d?)n(?P<cz>\d\d?)(?P<d>d)?)"
_FULL = re.compile(f"{_DAY}(?P<join>[ T]|)(?:{_CLOCK}{_ZONE})?")
_CLOCK_ONLY = re.compile(_CLOCK)
_COMPACT = re.compile(
    f"(?P<Y>\\d{{4}})(?P<mon>\\d\\d)(?P<day>\\d\\d)[ T](?:(?P<hms>\\d{{6}})|{_CLOCK}){_ZONE}"
)
_NUMBER = re.compile(r"(\d{1,17})(?:\.(\d*))?")


class Value(NamedTuple):
    """One stamp as read: its kind and, unless blank or bad, its seconds."""

    kind: int
    seconds: int = 0


def plain(text: str) -> str:
    """Return `text` in the plain signs that stamps are made of; unknown signs become ``?``."""
    out: list[str] = []
    for character in text:
        sign = SIGNS.get(character)
        if sign is None:
            code = ord(character)
            sign = " " if character in "\t\r\n" else character if 32 <= code < 127 else "?"
            # Lower-case letters are kept for the signs of 年月日时分秒.
            sign = sign.upper()
        if sign == " " and (not out or out[-1] in " yndhmsapw"):
            continue
        if sign in "yndhmsapw" and out and out[-1] == " ":
            out.pop()
        out.append(sign)
    if out and out[-1] == " ":
        out.pop()
    if out and out[0] == "'":
        del out[0]
    return "".join(out)


def parse(text: str, form: int = AUTO) -> Value:
    """Return what `text` says.

    Args:
        text: a cell as it stands in the file.
        form: index in `FORMATS`.

    Example:
        >>> parse("2024年3月5日 下午2:02:33") == parse("2024-03-05T14:02:33")
        True
    """
    signs = plain(text)
    if len(signs) > LONGEST:
        return Value(BAD)
    if signs in BLANKS or _NO_DATE.fullmatch(signs):
        return Value(BLANK)
    if number := _NUMBER.fullmatch(signs):
        return _number(number[1], number[2] or "", form)
    if match := _CLOCK_ONLY.fullmatch(signs):
        seconds = _seconds(match)
        return Value(BAD) if seconds is None else Value(TIME, seconds)
    if match := _COMPACT.fullmatch(signs):
        hms = match["hms"]
        clock = _of_day(hms[:2], hms[2:4], hms[4:]) if hms else _seconds(match)
        return _joined(_date(match["Y"], match["mon"], match["day"]), clock, match)
    if match := _FULL.fullmatch(signs):
        return _full(match, form)
    return Value(BAD)


def number(value: float, form: int = AUTO) -> Value:
    """Return what a number in a typed column says: an epoch, a serial or digits of a date."""
    if math.isnan(value):
        return Value(BLANK)
    if not 0 <= value < 1e17:
        return Value(BAD)
    whole = math.floor(value)
    tail = math.floor((value - whole) * 1e9)
    return _number(str(whole), f"{tail:09d}" if tail else "", form)


def _number(digits: str, decimals: str, form: int) -> Value:
    if form == HMS:
        padded = digits.zfill(6)
        seconds = _of_day(padded[:-4], padded[-4:-2], padded[-2:]) if len(padded) == 6 else None
        return Value(BAD) if seconds is None or decimals else Value(TIME, seconds)
    whole, size = int(digits), len(digits)
    if form == EPOCH_S:
        return Value(UTC, whole) if whole < EPOCH_TO * 2 else Value(BAD)
    if form == EPOCH_MS:
        return Value(UTC, whole // 1000) if whole < EPOCH_TO * 2000 else Value(BAD)
    if form in (EXCEL_1900, EXCEL_1904) and whole < SERIAL_TO:
        return _serial(whole, decimals, 1904 if form == EXCEL_1904 else 1900)
    if size in (14, 17) or (size == 12 and not decimals):
        day = _date(digits[:4], digits[4:6], digits[6:8])
        return _joined(day, _of_day(digits[8:10], digits[10:12], digits[12:14] or "0"), None)
    if size == 8 and not decimals:
        return _joined(_date(digits[:4], digits[4:6], digits[6:]), None, None, bare=True)
    scale = {10: 1, 13: 1000, 16: 1_000_000}.get(size)
    if scale is not None:
        seconds = whole // scale
        return Value(UTC, seconds) if EPOCH_FROM <= seconds < EPOCH_TO else Value(BAD)
    if size == 5 and SERIAL_FROM <= whole < SERIAL_TO:
        return _serial(whole, decimals, 1900)
    if whole == 0 and size == 1 and decimals:
        return _serial(0, decimals, 1900)
    return Value(BAD)


def _serial(days: int, decimals: str, system: int) -> Value:
    """Return a spreadsheet's serial, rounded to the nearest second."""
    tail = decimals[:12]
    scale = 10 ** len(tail)
    seconds = (int(tail or "0") * DAY_S * 2 + scale) // (scale * 2)
    if days == 0:
        return Value(TIME, seconds % DAY_S)
    return Value(LOCAL, (days - EXCEL_DAYS[system]) * DAY_S + seconds)


def _full(match: re.Match[str], form: int) -> Value:
    first = match["a"]
    second, third = match["b"] or match["bz"], match["c"] or match["cz"]
    if len(first) == 4 and len(third) <= 2:
        day = _date(first, second, third)
    elif match["sep"] is None or len(first) > 2 or form not in (YMD, DMY, MDY):
        return Value(BAD)
    elif form == YMD:
        if len(first) != 2 or len(third) > 2:
            return Value(BAD)
        day = _date("20" + first, second, third)
    else:
        if len(third) not in (2, 4):
            return Value(BAD)
        year = third if len(third) == 4 else "20" + third
        day = _date(year, first, second) if form == MDY else _date(year, second, first)
    timed = match["H"] is not None or match["h"] is not None
    if not timed:
        return Value(BAD) if match["join"] else _joined(day, None, None, bare=True)
    if not match["join"] and not (match["d"] or match["half"]):
        return Value(BAD)
    return _joined(day, _seconds(match), match)


def _seconds(match: re.Match[str]) -> int | None:
    if match["H"] is not None:
        hour, minute, second = match["H"], match["M"], match["S"]
    else:
        hour, minute, second = match["h"], match["m"], match["s"]
    if match["half"] and match["half2"]:
        return None
    half = (match["half"] or match["half2"] or "")[:1].upper()
    return _of_day(hour, minute, second or "0", half=half)


def _of_day(hour: str, minute: str, second: str, *, half: str = "") -> int | None:
    h, m, s = int(hour), int(minute), int(second)
    if h > 23 or m > 59 or s > 59:
        return None
    if half == "P" and h < 12:
        h += 12
    elif half == "A" and h == 12:
        h = 0
    elif half == "A" and h > 12:
        return None
    return h * 3600 + m * 60 + s


def _date(year: str, month: str, day: str) -> date | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    if not FIRST_YEAR <= found.year <= LAST_YEAR and found not in ZERO_DATES:
        return None
    return found


def _joined(
    day: date | None, clock: int | None, match: re.Match[str] | None, *, bare: bool = False
) -> Value:
    if day is None or (clock is None and not bare):
        return Value(BAD)
    midnight = (day.toordinal() - date(1970, 1, 1).toordinal()) * DAY_S
    if clock is None:
        return Value(BAD) if day in ZERO_DATES else Value(DATE, midnight)
    if match is not None and match["Z"]:
        return Value(UTC, midnight + clock)
    if match is not None and match["sign"]:
        away = int(match["zh"]) * 3600 + int(match["zm"] or "0") * 60
        if int(match["zh"]) > 14 or int(match["zm"] or "0") > 59:
            return Value(BAD)
        return Value(UTC, midnight + clock + (away if match["sign"] == "-" else -away))
    return Value(TIME, clock) if day in ZERO_DATES else Value(LOCAL, midnight + clock)
