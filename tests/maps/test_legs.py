"""Legs from their JSON text."""

from __future__ import annotations

import json

import pytest

from maps import legs


def test_legs_keep_their_order_and_values() -> None:
    text = json.dumps(
        [
            {
                "kind": "turnout",
                "from_zh": "站",
                "from_en": "Post",
                "minutes": 2,
                "schematic": False,
            },
            {"kind": "road", "to_zh": "村", "minutes": None, "schematic": True},
        ]
    )
    first, second = legs.parse(text)
    assert (first.kind, first.from_zh, first.minutes, first.schematic) == (
        "turnout",
        "站",
        2.0,
        False,
    )
    assert (second.to_zh, second.minutes, second.schematic) == ("村", None, True)


@pytest.mark.parametrize("text", [None, float("nan"), "", "[", "{}", "7", '["x", 3]', '[{"kind": '])
def test_what_cannot_be_read_gives_no_legs(text: object) -> None:
    assert legs.parse(text) == []
