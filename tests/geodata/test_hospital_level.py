"""Levels of hospitals for readers of English."""

from __future__ import annotations

import pytest

from geodata import hospital_level
from geodata.region import load


@pytest.mark.parametrize(
    ("level", "en"),
    [
        ("三甲", "grade 3A"),
        ("三级甲等", "grade 3A"),
        ("三级", "grade 3"),
        ("二级（待核实）", "grade 2 (unverified)"),
        ("三甲（中医）", "grade 3A (Chinese medicine)"),
        ("二级(规划)", "grade 2 (planned)"),
        ("卫生院", "health centre"),
        ("Level 1 trauma", "Level 1 trauma"),
        ("三甲（综合）", "grade 3A (综合)"),
        ("a（b）c", "a（b）c"),
        ("", ""),
        (None, ""),
        (float("nan"), ""),
    ],
)
def test_a_level_is_told_in_english_as_far_as_the_catalogue_knows(level: object, en: str) -> None:
    assert hospital_level.text(level, "en") == en
    assert hospital_level.text(level, "zh") == (level if isinstance(level, str) else "")


def test_every_level_of_the_embedded_region_has_english_words() -> None:
    for level in load("zhoushan").hospitals["level"].dropna():
        assert hospital_level.text(level, "en").isascii()
