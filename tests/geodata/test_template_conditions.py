from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from geodata import template
from routing import conditions


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_conditions_of_the_template_change_nothing(lang: str, tmp_path: Path) -> None:
    template.write_template(tmp_path, lang)
    file = tmp_path / "conditions.toml"
    assert tomllib.loads(file.read_text("utf-8")) == {}
    assert conditions.load(file).entries == conditions.load().entries


def test_with_its_comments_taken_off_it_states_what_is_shipped() -> None:
    lines = template.conditions_text("en").splitlines()[2:]
    bare = "\n".join(line.removeprefix("# ") for line in lines if not line.startswith("#  "))
    shipped = {name: one.effect for name, one in conditions.load().entries.items()}
    found = tomllib.loads(bare)
    assert list(found) == list(shipped)
    assert found["fog"]["days_per_year"] == 15.0
    assert found["gale"]["structure_speed_factors"] == dict(
        shipped["gale"]["structure_speed_factors"]
    )
