from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from geodata.errors import InputError
from routing import config
from routing.audit import scenarios
from tests.routing import toy

LIGHT = {"day": '[condition]\ndaylight = "day"', "night": '[condition]\ndaylight = "night"'}
SEA = {"calm": "", "typhoon": '[condition]\nname = "typhoon"'}
POST = {"as-is": "", "new": """
[[post.add]]
post_id = "P9"
name_zh = "新站"
lon = {lon}
lat = {lat}
vehicles = "ambulance"
"""}  # fmt: skip


def written(folder: Path) -> Path:
    spot = toy.archipelago().demand.geometry.iloc[1]
    for k, (name, files) in enumerate((("light", LIGHT), ("sea", SEA), ("post", POST))):
        for stem, text in files.items():
            file = folder / f"{k}-{name}" / f"{stem}.toml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(
                text.replace("{lon}", f"{spot.x:.6f}").replace("{lat}", f"{spot.y:.6f}")
            )
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "scenarios")


@dataclass(frozen=True)
class Done:
    folder: Path
    store: Path
    table: pl.DataFrame


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """All eight combinations, computed once in this process."""
    place = tmp_path_factory.mktemp("done")
    folder = written(place / "scenarios")
    return Done(folder, place / "store", computed(folder, place / "store"))


def computed(folder: Path, store: Path, workers: int = 1) -> pl.DataFrame:
    region, parameters = toy.archipelago(), config.load()
    found = scenarios.cases(folder, region, parameters)
    return scenarios.compute(found, region, parameters, store=store, workers=workers)


def test_dimensions_are_crossed_and_compared_with_the_region_as_it_is(done: Done) -> None:
    table = done.table
    assert len(table) == 2 * (1 + 8)
    assert table["scenario"][0] == scenarios.AS_IS
    assert set(table["change_min"].head(2)) == {0.0}
    same = table.filter((pl.col("0-light") == "day") & (pl.col("1-sea") == "calm")
                        & (pl.col("2-post") == "as-is"))  # fmt: skip
    assert same["change_min"].to_list() == [0.0, 0.0]
    new = table.filter((pl.col("2-post") == "new") & (pl.col("0-light") == "day")
                       & (pl.col("1-sea") == "calm") & (pl.col("zone") == "rural"))  # fmt: skip
    assert new["change_min"][0] < 0


def test_a_worse_condition_never_reaches_more_people(done: Done) -> None:
    table = done.table.filter(pl.col("1-sea").is_not_null())
    wide = table.group_by("1-sea").agg(pl.col("unreachable_population").sum())
    by_sea = dict(wide.iter_rows())
    assert by_sea["typhoon"] >= by_sea["calm"]


def results_of(**zones: dict[str, Any]) -> dict[str, Any]:
    return {"zones": zones}


def compared(found: list[scenarios.Case], mean: float | None, lost: float) -> dict[str, Any]:
    """Return the row of a case with this mean and so many cut off, against 16.3 min and 10."""
    base = results_of(rural={"mean_min": 16.3, "unreachable_population": 10.0})
    case = results_of(rural={"mean_min": mean, "unreachable_population": lost})
    return scenarios.table(found, {found[0].key: base, found[1].key: case}).to_dicts()[1]


@pytest.mark.parametrize(
    ("mean", "lost", "change"),
    [
        (13.4, 88_440.0, None),
        (13.4, 10.6, None),
        (13.4, 10.4, -2.9),
        (13.4, 0.0, -2.9),
        (16.29999, 10.0, 0.0),
        (None, 10.0, None),
    ],
)
def test_means_are_compared_only_where_no_more_people_are_cut_off(
    tmp_path: Path, mean: float | None, lost: float, change: float | None
) -> None:
    (tmp_path / "gale.toml").write_text('[condition]\nname = "gale"', "utf-8")
    found = scenarios.cases(tmp_path, toy.archipelago(), config.load())
    row = compared(found, mean, lost)
    assert row["change_min"] == (None if change is None else pytest.approx(change))
    assert str(row["change_min"]) != "-0.0"
    assert row["more_cut_off"] is (lost > 10.5)


@pytest.mark.slow
def test_several_processes_give_the_same_table(done: Done, tmp_path: Path) -> None:
    assert computed(done.folder, tmp_path / "store", workers=2).equals(done.table)


def test_finished_cases_are_not_computed_again(
    done: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    shutil.copytree(done.store, store)
    stored = sorted(store.glob("*.json"))
    stored[0].write_text(
        '{"schema": "island-resp'
    )  # as a killed run might leave it, were it not atomic
    stored[1].unlink()
    fresh = []
    real = scenarios._write

    def counted(place: Path, key: str, result: Mapping[str, Any]) -> None:
        fresh.append(key)
        real(place, key, result)

    monkeypatch.setattr(scenarios, "_write", counted)
    assert computed(done.folder, store).equals(done.table)
    assert sorted(fresh) == sorted(file.stem for file in stored[:2])
    assert not list(store.glob(".*"))


def test_a_change_of_the_parameters_is_another_case(folder: Path) -> None:
    region, parameters = toy.archipelago(), config.load()
    keys = [{c.key for c in scenarios.cases(folder, region, p)} for p in (parameters, toy_like())]
    assert not keys[0] & keys[1]


def toy_like() -> config.Parameters:
    base = config.load()
    table = {k: dict(v) for k, v in base.origins.items()}
    table["ambulance.turnout_min"]["value"] = 9.0
    return config.from_table(table)


def test_files_in_the_folder_itself_are_cases_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "night.toml").write_text('[condition]\nwhen = "02:30"')
    table = computed(tmp_path / "s", tmp_path / "store")
    assert table["scenario"].unique(maintain_order=True).to_list() == ["as_is", "night"]
    assert table["daylight"].to_list() == ["day", "day", "night", "night"]
    assert table["when"].to_list() == [None, None, "02:30", "02:30"]


def test_all_faulty_files_are_named_at_once(folder: Path, tmp_path: Path) -> None:
    (folder / "0-light" / "dusk.toml").write_text('[condition]\ndaylight = "dusk"')
    (folder / "bad.toml").write_text("[[[")
    with pytest.raises(InputError) as caught:
        computed(folder, tmp_path / "store")
    assert [f.key for f in caught.value.faults] == ["scenario_unreadable", "not_a_choice"]
    with pytest.raises(InputError, match="no scenario file"):
        computed(tmp_path / "nothing", tmp_path / "store")


def test_clashing_conditions_and_misfits_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "1-sea" / "dark.toml").write_text('[condition]\ndaylight = "night"')
    with pytest.raises(InputError, match="clash"):
        computed(folder, tmp_path / "store")
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "alone.toml").write_text('[[post.remove]]\npost_id = "P7"')
    with pytest.raises(InputError, match="P7"):
        computed(folder, tmp_path / "store")


def test_stored_results_are_plain_json(done: Done) -> None:
    for file in done.store.glob("*.json"):
        assert json.loads(file.read_text("utf-8"))["schema"] == scenarios.SCHEMA
