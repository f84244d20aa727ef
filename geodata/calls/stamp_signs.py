"""A stamp's bytes brought to plain signs, in compiled loops; see `geodata.calls.stamps.plain`."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geodata.calls import stamps
from geodata.calls.stamps import LONGEST
from geodata.calls.words import integer
from geodata.jit import compiled

Bytes = NDArray[np.uint8]

ROOM: Final = LONGEST + 4
"""Length of the array that plain signs are written to."""
SPACE, HYPHEN, DOT, COMMA, SLASH, COLON, PLUS, APOSTROPHE = (ord(c) for c in " -.,/:+'")
ZERO, NINE = ord("0"), ord("9")
CAP_A, CAP_C, CAP_M, CAP_P, CAP_T, CAP_U, CAP_Z = (ord(c) for c in "ACMPTUZ")
YEAR, MONTH, DAY, HOUR, MINUTE, SECOND = (ord(c) for c in "yndhms")
MORNING, AFTERNOON, NOON = (ord(c) for c in "apw")
_LOW_A, _LOW_Z = ord("a"), ord("z")


@cache
def signs_of(encoding: str) -> Bytes:
    """Return the plain sign of every character as the loops look them up, shape (65536,).

    The index is the two bytes of a GB18030 character, or else the code point; 0 is no sign.
    """
    table = np.zeros(65_536, np.uint8)
    for character, sign in stamps.SIGNS.items():
        code = character.encode("gb18030") if encoding == "gb18030" else b""
        if encoding == "gb18030" and len(code) == 2:
            table[code[0] << 8 | code[1]] = ord(sign)
        elif encoding != "gb18030":
            table[ord(character)] = ord(sign)
    table[:128] = [_ascii_sign(code) for code in range(128)]
    return table


def _ascii_sign(code: int) -> int:
    if code in (9, 10, 13):
        return SPACE
    return ord(chr(code).upper()) if 32 <= code < 127 else 0


@cache
def blanks() -> Bytes:
    """Return the plain texts that mean nothing, one a row, padded with zeros."""
    texts = sorted(stamps.BLANKS)
    table = np.zeros((len(texts), max(map(len, texts)) + 1), np.uint8)
    for row, text in enumerate(texts):
        table[row, : len(text)] = np.frombuffer(text.encode(), np.uint8)
    return table


@compiled
def plain(buffer: Bytes, start: int, end: int, gb: bool, signs: Bytes, out: Bytes) -> int:
    """Write the plain signs of a text into `out`; return how many, or -1 if one is unknown."""
    size = 0
    at = start
    while at < end:
        byte = buffer[at]
        sign = np.uint8(0)
        if byte < 128:
            sign = signs[byte]
            at += 1
        elif gb:
            if at + 1 < end:
                second = buffer[at + 1]
                sign = signs[integer(byte) << 8 | second]
                at += 2
                if ZERO <= second <= NINE:
                    # The no-break space is the one character of four bytes that is a sign.
                    if at + 1 >= end or byte != 0x81 or second != 0x30:
                        return -1
                    if buffer[at] != 0x84 or buffer[at + 1] != 0x32:
                        return -1
                    sign = np.uint8(SPACE)
                    at += 2
        elif at + 1 < end and buffer[at + 1] & 0xC0 == 0x80:
            code = integer(buffer[at + 1]) & 63
            if 0xC2 <= byte < 0xE0:
                sign = signs[(integer(byte) & 31) << 6 | code]
                at += 2
            elif 0xE0 <= byte < 0xF0 and at + 2 < end and buffer[at + 2] & 0xC0 == 0x80:
                code = (integer(byte) & 15) << 12 | code << 6 | (integer(buffer[at + 2]) & 63)
                sign = signs[code] if code >= 0x800 else np.uint8(0)
                at += 3
        if sign == 0:
            return -1
        marker = byte >= 128 and (_LOW_A <= sign <= _LOW_Z)
        if sign == SPACE and (
            size == 0 or out[size - 1] == SPACE or _LOW_A <= out[size - 1] <= _LOW_Z
        ):
            continue
        if marker and size > 0 and out[size - 1] == SPACE:
            size -= 1
        out[size] = sign
        size += 1
        if size == ROOM - 1:
            return -1
    if size > 0 and out[size - 1] == SPACE:
        size -= 1
    if size > 0 and out[0] == APOSTROPHE:
        for i in range(1, size):
            out[i - 1] = out[i]
        size -= 1
    return size if size <= LONGEST else -1


@compiled
def is_blank(signs: Bytes, size: int, nothing: Bytes) -> bool:
    """Return whether plain signs mean that nothing is recorded."""
    if size == 0:
        return True
    if size < nothing.shape[1]:
        for row in range(nothing.shape[0]):
            same = nothing[row, size] == 0
            for i in range(size):
                same = same and nothing[row, i] == signs[i]
            if same:
                return True
    if size >= 10 and signs[0] == ZERO:
        mark = signs[4]
        if mark not in (HYPHEN, SLASH):
            return False
        for i in range(10):
            if signs[i] != (mark if i in (4, 7) else ZERO):
                return False
        if size > 10 and signs[10] not in (SPACE, CAP_T):
            return False
        zeros = True
        for i in range(11, size):
            zeros = zeros and signs[i] in (ZERO, COLON, DOT)
        return zeros
    return False
