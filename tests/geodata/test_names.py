"""Latin names for places that come with a Chinese name only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import names

# The 6,763 characters of everyday use, without signs and full-width forms.
chinese = st.characters(codec="gb2312", min_codepoint=0x4E00, max_codepoint=0x9FFF)


@pytest.mark.parametrize(
    ("name_zh", "expected"),
    [
        ("沈家门", "Shenjiamen"),
        ("舟山", "Zhoushan"),
        ("R2码头", "R2 Matou"),
        ("G9211 高速", "G9211 Gaosu"),
        ("金塘-大沙", "Jintang - Dasha"),
        ("2号", "2 Hao"),
        ("Port Louis", "Port Louis"),
        ("  ", ""),
        ("", ""),
    ],
)
def test_latin_names(name_zh: str, expected: str) -> None:
    assert names.latin(name_zh) == expected


@given(st.text(chinese, min_size=1, max_size=8))
def test_common_chinese_characters_become_one_capitalised_word(name_zh: str) -> None:
    found = names.latin(name_zh)
    assert found.isalpha()
    assert found == found.capitalize()
    assert all(ord(letter) < 0x250 for letter in found)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20))
def test_ascii_is_kept_but_for_its_spaces(name: str) -> None:
    assert names.latin(name) == " ".join(name.split())
