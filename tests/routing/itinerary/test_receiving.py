"""Who receives whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from geodata.errors import InputError
from geodata.region import Region
from routing import config
from routing.config import Parameters
from routing.itinerary import receiving
from routing.itinerary.receiving import ANY, NEEDS, TIER_LEVELS


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return config.load()


def ids(region: Region, flags: np.ndarray) -> set[str]:
    return set(region.hospitals["hospital_id"][flags])


def test_capability_decides_not_nearness(zhoushan: Region, parameters: Parameters) -> None:
    found = receiving.receiving(zhoushan, parameters)
    here = ["liuheng"]
    assert ids(zhoushan, found.allowed(here, "maternal")[0]) == {"zs-wch"}
    trauma = ids(zhoushan, found.allowed(here, "trauma")[0])
    assert trauma == {"zs-hospital", "pt-hospital", "nb-sixth"}


def test_mutual_aid_counts_for_the_islands_that_its_rules_name(
    zhoushan: Region, parameters: Parameters
) -> None:
    found = receiving.receiving(zhoushan, parameters)
    assert "sh-sixth-lingang" in ids(zhoushan, found.allowed(["dayangshan"], "stroke")[0])
    assert "sh-sixth-lingang" not in ids(zhoushan, found.allowed(["liuheng"], "stroke")[0])
    assert "nbu-people" in ids(zhoushan, found.allowed(["jintang"], "stroke")[0])
    assert "nbu-people" not in ids(zhoushan, found.allowed(["nowhere"], "stroke")[0])


def test_mutual_aid_can_be_switched_off(zhoushan: Region, parameters: Parameters) -> None:
    off = replace(parameters, mutual_aid=replace(parameters.mutual_aid, enabled=False))
    found = receiving.receiving(zhoushan, off)
    for level in (*NEEDS, ANY, *TIER_LEVELS):
        kept = found.allowed(["jintang", "dayangshan", "zhoushan"], level)
        assert not kept[:, found.outside].any()


def test_what_a_parameter_assumes_is_marked(zhoushan: Region, parameters: Parameters) -> None:
    found = receiving.receiving(zhoushan, parameters)
    marked = ids(zhoushan, found.assumed["stroke"])
    assert marked == {"nbu-people", "bl-people", "sh-sixth-lingang"}
    assert "nb-sixth" not in ids(zhoushan, found.assumed["trauma"])


def test_the_psychiatric_hospital_and_unconfirmed_ones_receive_nobody(
    zhoushan: Region, parameters: Parameters
) -> None:
    found = receiving.receiving(zhoushan, parameters)
    for level in (*NEEDS, ANY, *TIER_LEVELS):
        assert not ids(zhoushan, found.can[level]) & {"zs-second", "renji-hospital", "ds-tcm"}


def test_levels_of_tier_contain_each_other(zhoushan: Region, parameters: Parameters) -> None:
    found = receiving.receiving(zhoushan, parameters)
    assert (found.can["peak"] <= found.can["sub_centre"]).all()
    assert (found.can["sub_centre"] <= found.can["node"]).all()


def test_every_hospital_that_does_not_receive_has_a_reason(
    zhoushan: Region, parameters: Parameters
) -> None:
    found = receiving.receiving(zhoushan, parameters)
    for level, reasons in found.reasons.items():
        assert [not why for why in reasons] == found.can[level].tolist()


def test_entries_of_one_id_add_up() -> None:
    found = receiving.entries(["a: x, y", "b:", "a: z"])
    assert found == {"a": ("x", "y", "z"), "b": ()}


def test_a_rule_for_every_island(zhoushan: Region, parameters: Parameters) -> None:
    aid = replace(parameters.mutual_aid, rules=("nb-sixth: *",))
    found = receiving.receiving(zhoushan, replace(parameters, mutual_aid=aid))
    assert "nb-sixth" in ids(zhoushan, found.allowed(["gouqi"], "trauma")[0])


@pytest.mark.parametrize("value", ['"nb-sixth: *"', "[1, 2]", "true"])
def test_rules_must_be_a_list_of_texts(tmp_path: Path, value: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[mutual_aid]\nrules = {value}\n", "utf-8")
    with pytest.raises(InputError) as error:
        config.load(path)
    assert [fault.key for fault in error.value.faults] == ["not_texts"]
