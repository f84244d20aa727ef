"""Parameters: defaults, overrides and every way they can be wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geodata import catalogue
from geodata.errors import InputError
from routing import config


def written(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "参数.toml"
    path.write_text(text, encoding)
    return path


def is_chinese(text: str) -> bool:
    return re.search("[一-鿿]", text) is not None


def labels_below(prefix: str) -> dict[str, dict[str, str]]:
    entries = catalogue.entries()
    return {key.removeprefix(prefix): entries[key] for key in entries if key.startswith(prefix)}


def test_every_parameter_has_value_unit_source_and_note() -> None:
    rows = config.load().as_rows()
    assert [row["name"] for row in rows] == config.names()
    assert all({"value", "unit", "source", "note"} <= set(row) for row in rows)


def test_every_parameter_has_a_note_in_chinese() -> None:
    without = [r["name"] for r in config.load().as_rows() if not is_chinese(r.get("note_zh", ""))]
    assert without == []


def test_every_parameter_and_no_other_is_labelled_in_both_languages() -> None:
    labels = labels_below("report.parameter.")
    assert set(labels) == set(config.names())
    assert [name for name, label in labels.items() if not is_chinese(label["zh"])] == []
    assert [n for n, label in labels.items() if not label["en"] or is_chinese(label["en"])] == []


def test_every_unit_is_labelled_in_both_languages() -> None:
    labels = labels_below("report.unit.")
    units = {row["unit"] for row in config.load().as_rows()}
    assert units <= set(labels)
    assert [unit for unit in units if not is_chinese(labels[unit]["zh"])] == []
    assert [unit for unit in units if not labels[unit]["en"]] == []


def test_a_bare_value_overrides_one_parameter_and_says_so(tmp_path: Path) -> None:
    found = config.load(written(tmp_path, "[ambulance]\nturnout_min = 3\n"))
    assert found.ambulance.turnout_min == 3.0
    assert found.origins["ambulance.turnout_min"]["source"] == "user"
    assert found.ambulance.speed_factor == config.load().ambulance.speed_factor


def test_a_table_overrides_with_its_own_source(tmp_path: Path) -> None:
    text = '[target.rural_min]\nvalue = 12.0\nsource = "plan 2027"\n'
    found = config.load(written(tmp_path, text))
    assert found.target.rural_min == 12.0
    assert found.origins["target.rural_min"]["source"] == "plan 2027"


def test_a_file_with_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "[boat]\nspeed_kn = 25\n", encoding="utf-8-sig")
    assert config.load(path).boat.speed_kn == 25.0


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    text = "[boat]\nspeed_kn = 0\nspeed = 3\n[helicopter]\ncruise_kmh = 'fast'\n"
    text += "[clock]\nstart_stamp = 'ring'\n"
    with pytest.raises(InputError) as caught:
        config.load(written(tmp_path, text))
    values = {str(fault.value) for fault in caught.value.faults}
    assert values == {"boat.speed", "0.0", "fast", "ring"}


@pytest.mark.parametrize("text", ["[boat", "boat = 1", "[boat.speed_kn]\nunit = 'kn'"])
def test_malformed_files_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        config.load(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        config.load(tmp_path / "none.toml")


@pytest.mark.parametrize("value", ["nan", "inf", "-1.0", "true", "'x'"])
def test_numbers_must_be_finite_and_not_negative(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError):
        config.load(written(tmp_path, f"[boat]\nspeed_kn = {value}\n"))


def test_clock_starts_where_the_stamp_says() -> None:
    clock = {"answer_delay_min": 0.2, "call_handling_min": 2.0}
    minutes = [config.Clock(s, **clock).before_dispatch_min() for s in config.START_STAMPS]
    assert minutes == [2.2, 2.0, 0.0]
