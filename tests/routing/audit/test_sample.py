from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geodata import calls as readers
from geodata import crs
from geodata import region as regions
from geodata.calls.columns import Numbered
from geodata.errors import InputError
from geodata.region import Region
from routing import config, land_network
from routing.audit import calibration, sample, sample_file, weather
from routing.audit.causes import CAUSES, Explainer, Norms
from routing.audit.modelled import Modelled
from routing.audit.place import Places
from routing.audit.sample import HEADINGS, Sample, SampleParameters
from routing.audit.sample_dirt import DirtParameters
from routing.audit.weather import Weather
from routing.config import Parameters
from routing.land_network import LandNetwork
from tests.routing.audit import slow_crews, slow_routes
from tests.routing.audit.records import placed_table

CLEAN = DirtParameters.none()


@dataclass(frozen=True)
class World:
    region: Region
    parameters: Parameters
    land: LandNetwork


@pytest.fixture(scope="module")
def world() -> World:
    region, parameters = regions.load("zhoushan"), config.load()
    return World(region, parameters, land_network.build(region, parameters))


@pytest.fixture(scope="module")
def dirty(world: World) -> Sample:
    return drawn(world, 20_000)


@pytest.fixture(scope="module")
def clean(world: World) -> Sample:
    return drawn(world, 20_000, dirt=CLEAN)


def drawn(world: World, n: int, seed: int = 0, **given: object) -> Sample:
    options = replace(SampleParameters(), **given)  # type: ignore[arg-type]
    return sample.draw(world.region, world.land, world.parameters, n, seed=seed, given=options)


def used(world: World, log: Sample) -> pl.DataFrame:
    """Return a clean log as an audit has it after cleaning: seconds, phases and places."""
    table = log.table
    stamp = {name: table[heading].dt.epoch("s") for name, heading in HEADINGS.items()}
    calls = pl.DataFrame({f"{name}_s": values for name, values in stamp.items()})
    lon, lat = (table[heading].fill_null(np.nan).to_numpy() for heading in ("经度", "纬度"))
    names = (Numbered.of(table[heading]) for heading in ("县区", "乡镇"))
    placed = placed_table(Places.of(world.region, world.land).locate(lon, lat, *names))
    return calls.with_columns(
        response_s=stamp["arrive"] - stamp["answer"],
        handling_s=stamp["dispatch"] - stamp["answer"],
        turnout_s=stamp["depart"] - stamp["dispatch"],
        travel_s=stamp["arrive"] - stamp["depart"],
        hour=table["受理时间"].dt.hour(),
        post=table["出车站点"],
        vehicle=table["车辆编号"],
        vehicle_kind=table["车辆类型"],
    ).hstack(placed)


def explained(world: World, log: Sample) -> pl.DataFrame:
    calls = used(world, log)
    modelled = Modelled.of(world.region, world.land, world.parameters)
    record = slow_crews.record([slow_crews.jobs(calls)], modelled)
    spans = log.weather.select(pl.col("from", "until").dt.epoch("s")).rows()
    by = Explainer(modelled, Norms.of(world.parameters), record, Weather.of(spans))
    return slow_routes.explain(by, calls)


def test_the_weather_of_a_log_is_marked_and_reads_back(clean: Sample, tmp_path: Path) -> None:
    file = tmp_path / "weather.csv"
    sample_file.write_weather(clean.weather, file)
    assert pl.read_csv(file)["synthetic"].to_list() == ["yes"] * len(clean.weather)
    spans = clean.weather.select(pl.col("from", "until").dt.epoch("s")).rows()
    found, expected = weather.load(file), Weather.of(spans)
    assert len(found.begins) > 0
    assert found.begins.tolist() == expected.begins.tolist()
    assert found.ends.tolist() == expected.ends.tolist()


def test_the_same_seed_gives_the_same_log(world: World) -> None:
    one, two, other = (drawn(world, 300, seed=s) for s in (5, 5, 6))
    assert one.table.equals(two.table)
    assert one.truth.equals(two.truth)
    assert not one.table.equals(other.table)


def test_every_record_says_that_it_is_simulated(dirty: Sample) -> None:
    table = dirty.table
    assert set(table[sample.MARK].to_list()) == {sample.SIMULATED}
    assert sample.is_synthetic(table.columns)
    assert not sample.is_synthetic(["受理时间", "到达现场时间"])


def test_a_clean_log_has_one_record_a_call_with_its_phases_in_order(clean: Sample) -> None:
    log = clean
    assert len(log.table) == len(log.truth) == 20_000
    stamps = log.table.select(list(HEADINGS.values()))
    both = stamps.filter(pl.all_horizontal(pl.all().is_not_null()))
    for before, after in zip(list(HEADINGS.values()), list(HEADINGS.values())[1:], strict=False):
        assert (both[before] <= both[after]).all()
    assert log.table["受理时间"].dt.year().unique().to_list() == [2024]
    assert log.table["呼救编号"].n_unique() == 20_000


def test_calls_follow_demand_hours_and_quarters(world: World, clean: Sample) -> None:
    log = clean
    hour = np.bincount(log.table["呼救时间"].dt.hour().to_numpy(), minlength=24)
    assert hour[20:22].sum() == max(hour[h : h + 2].sum() for h in range(23))
    assert hour[4:6].sum() == min(hour[h : h + 2].sum() for h in range(23))
    quarter = np.bincount(log.table["呼救时间"].dt.quarter().to_numpy(), minlength=5)[1:]
    assert quarter.argmax() == 0
    share = log.table["县区"].value_counts(normalize=True)
    people = world.region.demand.groupby("county_zh")["population"].sum()
    for county, part in share.iter_rows():
        assert part == pytest.approx(people[county] / people.sum(), abs=0.02)


def test_no_vehicle_is_in_two_places_at_once(clean: Sample) -> None:
    log = clean
    road = log.table.filter(pl.col("车辆类型") == "救护车").sort("车辆编号", "派车时间")
    clash = road.filter(
        (pl.col("车辆编号") == pl.col("车辆编号").shift())
        & (pl.col("派车时间") < pl.col("返站时间").shift())
    )
    assert len(clash) == 0


def test_dirt_is_done_to_about_as_many_records_as_asked(dirty: Sample) -> None:
    log = dirty
    counts = dict(log.truth["dirt"].value_counts().iter_rows())
    n = len(log.table)
    assert counts["cancelled"] == pytest.approx(0.04 * n, rel=0.2)
    assert counts["duplicate"] == pytest.approx(0.005 * n, rel=0.3)
    table, dirt = log.table, log.truth["dirt"]
    assert table.filter(dirt == "cancelled")["到达现场时间"].null_count() == counts["cancelled"]
    assert table.filter(dirt == "without_place")["经度"].null_count() == counts["without_place"]
    twice = table.filter(dirt == "duplicate")
    assert table.filter(dirt != "duplicate")["呼救编号"].is_in(
        twice["呼救编号"].to_list()
    ).sum() >= len(twice)
    wrong = table.filter(dirt == "out_of_order")
    assert (wrong["出车时间"] > wrong["到达现场时间"]).all()


def test_gcj02_coordinates_come_back_to_where_they_were(world: World) -> None:
    plain, moved = (
        drawn(world, 200, dirt=replace(CLEAN, gcj02=flag)).table for flag in (False, True)
    )
    lon, lat = crs.gcj02_to_wgs84(moved["经度"].to_numpy(), moved["纬度"].to_numpy())
    assert np.allclose(lon, plain["经度"], atol=2e-6)
    assert np.allclose(lat, plain["纬度"], atol=2e-6)
    assert not np.allclose(moved["经度"], plain["经度"], atol=1e-3)


def share(causes_: pl.Series, cause: str) -> float:
    return float((causes_.to_numpy() == cause).mean())


def test_injected_delays_are_charged_to_their_causes(world: World) -> None:
    log = drawn(world, 8000, seed=2, dirt=CLEAN, slow_handling=0.1, slow_turnout=0.1)
    found, truth = explained(world, log), log.truth
    late = found["excess_s"] > 0
    main = found["main_cause"].replace_strict(dict(enumerate(CAUSES)), return_dtype=pl.String)
    road = truth["waited_s"] == 0
    handling = main.filter(late & road & (truth["handling_extra_s"] > 600))
    assert share(handling, "handling") > 0.85
    turnout = main.filter(
        late & road & (truth["turnout_extra_s"] > 300) & (truth["handling_extra_s"] == 0)
    )
    assert share(turnout, "turnout") > 0.45
    nothing = (truth["handling_extra_s"] == 0) & (truth["turnout_extra_s"] == 0) & road
    assert share(main.filter(late & nothing), "handling") < 0.25
    charges = found.select(slow_routes.COLUMNS).sum_horizontal()
    assert (charges == found["excess_s"].fill_null(0)).all()


def test_busy_crews_and_overlooked_posts_are_told_apart(world: World) -> None:
    log = drawn(world, 12_000, seed=4, dirt=CLEAN, overlooked=0.05, load=0.9)
    found, truth = explained(world, log), log.truth
    road = (log.table["车辆类型"] == "救护车") & (found["excess_s"] > 0)
    farther = (truth["post"] != truth["nearest_post"]) & road
    overlooked = found.filter(farther & truth["overlooked"])
    busy = found.filter(farther & ~truth["overlooked"])
    assert min(len(overlooked), len(busy)) > 50
    by_choice, by_load = "farther_post_late_s", "crew_busy_late_s"
    assert overlooked[by_choice].sum() > 3 * overlooked[by_load].sum()
    assert busy[by_load].sum() > 3 * busy[by_choice].sum()


@pytest.mark.slow
def test_true_speeds_are_recovered_from_a_log(world: World) -> None:
    truth = {"synthetic": 1.3, "primary": 0.85}
    log = drawn(world, 6_000, seed=3, dirt=CLEAN, pace=truth, peak_pace=1.2, weather_pace=1.0)
    modelled = Modelled.of(world.region, world.land, world.parameters)
    rows = calibration.sample([slow_routes.rows(used(world, log), modelled)])
    nodes = world.land.node_of("posts", modelled.post_ids)
    found = calibration.calibrate(rows, world.land, nodes, world.parameters)
    pace = {(r["road_class"], r["hours"]): r["pace"] for r in found.pace.iter_rows(named=True)}
    assert found.level == "class_and_hour"
    # Calls lie up to 250 m beside the demand point that the true trip went to.
    assert pace["synthetic", "day"] == pytest.approx(1.3, rel=0.1)
    assert pace["primary", "day"] == pytest.approx(0.85, rel=0.1)
    assert pace["synthetic", "morning_peak"] == pytest.approx(1.56, rel=0.12)


@pytest.mark.parametrize(
    ("name", "encoding", "stamps"),
    [
        ("a.csv", "gb18030", "chinese"),
        ("a.csv", "utf-8", "plain"),
        ("a.tsv", "utf-8-sig", "plain"),
        ("a.parquet", "utf-8", "plain"),
        ("a.xlsx", "utf-8", "plain"),
    ],
)
def test_each_format_reads_back_as_what_was_drawn(
    dirty: Sample, tmp_path: Path, name: str, encoding: str, stamps: str
) -> None:
    log = Sample(dirty.table[:500], dirty.truth[:500], dirty.weather)
    file = tmp_path / name
    sample_file.write(log.table, file, encoding=encoding, stamps=stamps)
    source = readers.open([file])
    found = pl.concat([readers.read(part).table() for part in source.parts()])
    assert len(found) == len(log.table)
    assert sample.is_synthetic(source.mapping.headings)
    for stamp, heading in HEADINGS.items():
        assert found[f"{stamp}_s"].equals(log.table[heading].dt.epoch("s"), null_equal=True)
    assert found["call_id"].to_list() == log.table["呼救编号"].to_list()
    assert np.allclose(found["lon"].fill_null(0), log.table["经度"].fill_null(0), atol=1e-6)
    for column, heading in (
        ("post", "出车站点"),
        ("vehicle_kind", "车辆类型"),
        ("outcome", "出车结果"),
    ):
        assert (
            found[column].cast(pl.String).to_list() == log.table[heading].cast(pl.String).to_list()
        )


def test_what_cannot_be_written_is_refused(dirty: Sample, tmp_path: Path) -> None:
    table = dirty.table[:10]
    for name, more in (
        ("a.doc", {}),
        ("a.csv", {"encoding": "latin-1"}),
        ("a.csv", {"stamps": "us"}),
    ):
        with pytest.raises(InputError):
            sample_file.write(table, tmp_path / name, **more)
    with pytest.raises(InputError, match="one sheet"):
        sample_file.write(pl.concat([table] * 110_000), tmp_path / "a.xlsx")


def test_text_files_are_written_in_blocks_without_a_seam(
    dirty: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = dirty.table[:100]
    monkeypatch.setattr(sample_file, "_BLOCK", 7)
    sample_file.write(table, tmp_path / "a.csv", encoding="utf-8")
    again = pl.read_csv(io.BytesIO((tmp_path / "a.csv").read_bytes()))
    assert again["呼救编号"].to_list() == table["呼救编号"].to_list()
