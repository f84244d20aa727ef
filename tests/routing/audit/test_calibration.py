from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from geodata import region as regions
from geodata import schemas
from geodata.region import Region
from routing import config, land_network, paths
from routing.audit import calibration, calibration_file, calibration_fit, class_times
from routing.audit.calibration import Calibration, Moments
from routing.audit.calibration_fit import FitParameters
from routing.audit.class_times import CLASSES, FERRY
from routing.audit.modelled import Modelled
from routing.config import Parameters
from routing.land_network import LandNetwork
from tests.routing.audit import slow_routes


@dataclass(frozen=True)
class World:
    region: Region
    parameters: Parameters
    land: LandNetwork
    modelled: Modelled
    post_nodes: np.ndarray


@pytest.fixture(scope="module")
def world() -> World:
    region, parameters = regions.load("zhoushan"), config.load()
    land = land_network.build(region, parameters)
    modelled = Modelled.of(region, land, parameters)
    return World(region, parameters, land, modelled, land.node_of("posts", modelled.post_ids))


def trips(world: World, n: int, *, truth: dict[str, float], peak: float, noise: float,
          outliers: float = 0.0) -> pl.DataFrame:  # fmt: skip
    """Return trips whose roads are slower by `truth` by class, and all by `peak` from 7 to 9."""
    rng = np.random.default_rng(3)
    demand = world.land.node_of("demand", world.region.demand["demand_id"])
    node = rng.choice(demand, 6 * n)
    hour = rng.integers(0, 24, 6 * n)
    near = world.modelled.order[world.modelled.hour_class[hour], node, rng.integers(0, 3, 6 * n)]
    x = class_times.split(world.land, world.post_nodes[near], node)
    drivable = np.flatnonzero((x[:, CLASSES.index(FERRY)] == 0) & (x.sum(axis=1) > 2))[:n]
    node, hour, post, x = node[drivable], hour[drivable], near[drivable], x[drivable]
    pace = np.array([truth.get(c, 1.0) for c in CLASSES])
    factors = np.array(
        [getattr(world.parameters.traffic, c) for c in (*schemas.ROAD_CLASSES, "residential")]
    )
    base = x[:, : len(factors)] / factors[:, hour].T
    minutes = (base * pace[: len(factors)]).sum(axis=1) * np.where(
        (hour >= 7) & (hour < 9), peak, 1
    )
    minutes *= np.exp(rng.normal(0, noise, len(minutes)))
    wild = rng.random(len(minutes)) < outliers
    minutes[wild] *= rng.uniform(3, 10, wild.sum())
    return pl.DataFrame(
        {
            "key": np.arange(len(node), dtype=np.uint64) * np.uint64(2654435761),
            "post": post.astype(np.int32), "node": node.astype(np.int32),
            "hour": hour.astype(np.int8), "travel_s": np.rint(minutes * 60).astype(np.int32),
            "island_id": ["zhoushan"] * len(node),
        }
    )  # fmt: skip


def calibrated(world: World, table: pl.DataFrame, **more: Moments) -> Calibration:
    return calibration.calibrate(table, world.land, world.post_nodes, world.parameters, phases=more)


def test_minutes_by_class_add_up_to_the_fastest_way(world: World) -> None:
    rng = np.random.default_rng(0)
    node = rng.choice(world.land.node_of("demand", world.region.demand["demand_id"]), 300)
    start = rng.choice(world.post_nodes, 300)
    found = class_times.split(world.land, start, node)
    for s, n, row in zip(start[:60], node[:60], found[:60], strict=True):
        tree = paths.tree(world.land.graph, int(s))
        if np.isnan(tree.travel_min[n]):
            assert np.isnan(row).all()
            continue
        edges = tree.edges_to(int(n))
        kind = class_times.class_of_edges(world.land)[edges]
        minutes = np.bincount(kind, world.land.graph.travel_min[edges], len(CLASSES))
        assert np.allclose(row, minutes, atol=1e-3)


@pytest.fixture(scope="module")
def slower(world: World) -> tuple[pl.DataFrame, Calibration]:
    table = trips(world, 6000, truth={"synthetic": 1.4, "primary": 0.8, "trunk": 1.25}, peak=1.3,
                  noise=0.15, outliers=0.03)  # fmt: skip
    return table, calibrated(world, table)


def test_true_paces_are_recovered_despite_noise_and_outliers(
    slower: tuple[pl.DataFrame, Calibration],
) -> None:
    _, found = slower
    assert found.level == "class_and_hour"
    pace = {(r["road_class"], r["hours"]): r for r in found.pace.iter_rows(named=True)}
    for name, true in (("synthetic", 1.4), ("primary", 0.8), ("trunk", 1.25)):
        assert pace[name, "day"]["pace"] == pytest.approx(true, rel=0.05)
        assert pace[name, "morning_peak"]["pace"] == pytest.approx(1.3 * true, rel=0.08)
    best = found.trials[-1]
    assert best.error_min < 0.8 * found.trials[0].error_min
    assert abs(best.bias_min) < abs(found.trials[0].bias_min)


def test_the_parameter_file_is_taken_and_predicts_the_log(
    world: World, slower: tuple[pl.DataFrame, Calibration], tmp_path: Path
) -> None:
    table, found = slower
    file = tmp_path / "calibrated.toml"
    after = calibration_file.write(found, file, log="log.csv", synthetic=True)
    assert config.load(file) == after
    origin = after.origins["traffic.primary"]
    assert origin["source"] == "audit"
    assert str(found.calls) in file.read_text("utf-8")
    assert origin["note_zh"].startswith("【模拟数据】")
    modelled = Modelled.of(world.region, land_network.build(world.region, after), after)
    hour = table["hour"].to_numpy().astype(int)
    post, node = (table[c].to_numpy().astype(np.int64) for c in ("post", "node"))
    recorded = table["travel_s"].to_numpy()
    errors = [
        np.median(np.abs(slow_routes.travel_seconds(m, post, node, hour) / recorded - 1))
        for m in (world.modelled, modelled)
    ]
    assert errors[1] < 0.14
    assert errors[1] < 0.7 * errors[0]


def test_speeds_that_are_right_already_are_left_alone(world: World, tmp_path: Path) -> None:
    table = trips(world, 3000, truth={}, peak=1.0, noise=0.3)
    found = calibrated(world, table)
    assert found.level == "present"
    assert not any(v.changed for v in found.values)
    text = calibration_file.text(found, log="log")
    assert "no real gain" in text
    file = tmp_path / "same.toml"
    assert calibration_file.write(found, file, log="log") == world.parameters
    hostile = {"zh": "雾\n[ambulance]", "en": "fog\n[ambulance]"}
    assert calibration_file.write(found, file, log="log", under=hostile) == world.parameters
    assert "fog [ambulance]" in file.read_text("utf-8")


@pytest.mark.parametrize("truth", [1.0, 1.15])
def test_skewed_travel_is_met_in_its_mean(world: World, truth: float) -> None:
    """Log-normal noise of mean 1: its median is 4.4 % less."""
    table = trips(world, 3000, truth=dict.fromkeys(CLASSES, truth), peak=1.0, noise=0.3)
    table = table.with_columns((pl.col("travel_s") * np.exp(-(0.3**2) / 2)).round().cast(pl.Int32))
    found = calibrated(world, table)
    speed = next(v for v in found.values if v.name == "ambulance.speed_factor")
    whole = found.comparison.filter(pl.col("by") == "all").row(0, named=True)
    if truth == 1.0:
        assert found.level == "present"
        assert speed.value == world.parameters.ambulance.speed_factor
        return
    assert speed.value == pytest.approx(world.parameters.ambulance.speed_factor / 1.15, rel=0.02)
    assert whole["calibrated_min"] == pytest.approx(whole["recorded_min"], rel=0.01)
    assert whole["ratio_after"] < 0.98
    assert abs(found.trials[-1].bias_min) < 0.2 < abs(found.trials[0].bias_min)


def test_the_file_gives_every_class_the_pace_that_was_cross_validated(world: World) -> None:
    truth = dict.fromkeys(CLASSES, 1.2) | {"trunk": 0.6, "secondary": 1.8}
    table = trips(world, 4000, truth=truth, peak=1.0, noise=0.05)
    found = calibrated(world, table)
    before = np.array([getattr(world.parameters.traffic, c) for c in schemas.ROAD_CLASSES])
    values = {v.name: v for v in found.values}
    overall = values["ambulance.speed_factor"]
    after = np.array([values[f"traffic.{c}"].value for c in schemas.ROAD_CLASSES])
    scale = overall.value / overall.before
    streets = schemas.ROAD_CLASSES.index("residential")
    pace = (before / (after * scale))[:, [3, 7, 12, 16]]
    drove = found.fit.calls.sum(axis=1)[: len(schemas.ROAD_CLASSES)]
    assert (drove < 30).any()
    for c in range(len(schemas.ROAD_CLASSES)):
        if c != streets:
            assert pace[c] == pytest.approx(found.fit.pace[c], rel=2e-3), schemas.ROAD_CLASSES[c]
    text = calibration_file.text(found, log="log")
    rare = next(
        c for c, n in zip(schemas.ROAD_CLASSES, drove, strict=True) if n < 30 and c != "residential"
    )
    assert values[f"traffic.{rare}"].changed
    assert "too few for a pace of its own" in text


def test_classes_that_are_driven_together_have_wide_intervals() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(5, 15, (400, 2))
    x[:, 1] = x[:, 0] * (1 + rng.normal(0, 0.002, 400))
    y = x @ np.array([0.8, 1.2]) * np.exp(rng.normal(0, 0.1, 400))
    found = calibration_fit.fitted(x, y, np.zeros(400, np.int64), 1, "class", FitParameters())
    for c, true in enumerate((0.8, 1.2)):
        assert found.low[c, 0] <= true <= found.high[c, 0]


@pytest.mark.parametrize("noise", [0.1, 0.4])
def test_intervals_of_paces_hold_the_truth(noise: float) -> None:
    held, drawn = 0, 60
    for seed in range(drawn):
        rng = np.random.default_rng(seed)
        x = rng.uniform(0, 12, (300, 3)) * (rng.random((300, 3)) < 0.6) + 0.1
        y = x @ np.array([1.2, 0.9, 1.0]) * np.exp(rng.normal(-(noise**2) / 2, noise, 300))
        found = calibration_fit.fitted(x, y, np.zeros(300, np.int64), 1, "class", FitParameters())
        held += int(
            ((found.low[:, 0] <= [1.2, 0.9, 1.0]) & (found.high[:, 0] >= [1.2, 0.9, 1.0])).sum()
        )
    assert held / (3 * drawn) > 0.88


def test_hardly_any_trips_change_nothing(world: World) -> None:
    table = trips(world, 20, truth={"synthetic": 2.0}, peak=1.0, noise=0.1)
    found = calibrated(world, table)
    assert found.level == "present"
    assert calibrated(world, table.clear()).calls == 0


def test_means_of_phases_replace_what_they_exclude(world: World) -> None:
    seconds = np.full(400, 200) + np.arange(400) % 41 - 20
    handling = Moments(len(seconds), int(seconds.sum()), int((seconds**2).sum()))
    same = np.full(400, 120) + np.arange(400) % 41 - 20
    turnout = Moments(len(same), int(same.sum()), int((same**2).sum()))
    found = calibrated(
        world, trips(world, 10, truth={}, peak=1, noise=0), call_handling=handling, turnout=turnout
    )
    by_name = {v.name: v for v in found.values}
    value = by_name["clock.call_handling_min"]
    mean = seconds.mean() / 60
    assert value.value == pytest.approx(mean, abs=1e-3)
    assert value.low < mean < value.high
    assert by_name["ambulance.turnout_min"].reason == "no_difference"
    assert by_name["ambulance.turnout_min"].value == world.parameters.ambulance.turnout_min


def test_the_fit_is_the_plain_least_squares_one_without_ridge_and_outliers() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 10, (500, 3))
    y = x @ np.array([1.2, 0.9, 1.0]) + rng.normal(0, 0.01, 500)
    given = FitParameters(ridge_calls=1e-9)
    found = calibration_fit.fitted(x, y, np.zeros(500, np.int64), 1, "class", given)
    w = 1 / (x.sum(axis=1) + 1)
    plain = np.linalg.lstsq(x * w[:, None], y * w, rcond=None)[0]
    assert np.allclose(found.pace[:, 0], plain, atol=2e-3)
    assert (
        np.abs(found.pace[:, 0] - [1.2, 0.9, 1.0]) <= found.high[:, 0] - found.pace[:, 0] + 1e-3
    ).all()


def test_paces_stay_within_bounds() -> None:
    x = np.full((100, 1), 5.0)
    found = calibration_fit.fitted(
        x, np.full(100, 500.0), np.zeros(100, np.int64), 1, "class", FitParameters()
    )
    assert found.pace.max() <= calibration_fit.LIMITS[1]


def test_a_gain_by_chance_is_no_gain() -> None:
    rng = np.random.default_rng(2)
    before = rng.uniform(1, 2, 200)
    assert not calibration_fit.better(before, before + rng.normal(0, 0.1, 200), FitParameters())[2]
    assert calibration_fit.better(before, before * 0.9, FitParameters())[2]
    assert not calibration_fit.better(before, before * 0.999, FitParameters())[2]


def test_samples_do_not_depend_on_parts_or_their_order(world: World) -> None:
    table = trips(world, 500, truth={}, peak=1, noise=0.1)
    calls = (
        table.with_columns(
            dispatch_s=pl.int_range(len(table)) * 60,
            post=pl.Series([world.modelled.post_ids[k] for k in table["post"]]),
            vehicle_kind=pl.lit("救护车"),
        )
        .with_columns(arrive_s=pl.col("dispatch_s") + pl.col("travel_s"))
        .drop("key")
    )
    whole = calibration.sample([slow_routes.rows(calls, world.modelled)], most=100)
    parts = [slow_routes.rows(calls[k::3], world.modelled) for k in (2, 0, 1)]
    halves = [calibration.sample(parts[:2], most=100), calibration.sample(parts[2:], most=100)]
    assert len(whole) == 100
    assert calibration.sample(halves, most=100).equals(whole)
    assert whole["key"].n_unique() == 100


def test_boats_short_trips_and_unknown_posts_are_no_rows(world: World) -> None:
    calls = pl.DataFrame(
        {
            "dispatch_s": [0] * 5, "arrive_s": [600] * 5, "travel_s": [600, 600, 30, 600, None],
            "hour": [1] * 5, "post": ["zs-hospital", "月球", *["zs-hospital"] * 3],
            "node": [5] * 5, "vehicle_kind": [None, None, None, "急救船", None],
            "island_id": ["zhoushan"] * 5,
        }
    )  # fmt: skip
    assert len(slow_routes.rows(calls, world.modelled)) == 1


def test_recorded_against_modelled_by_class_hour_and_island(
    slower: tuple[pl.DataFrame, Calibration],
) -> None:
    _, found = slower
    rows = found.comparison
    for by in ("all", "road_class", "hour", "island"):
        assert rows.filter(pl.col("by") == by)["calls"].sum() == found.calls
    whole = rows.filter(pl.col("by") == "all").row(0, named=True)
    assert abs(whole["ratio_after"] - 1) < 0.03 < abs(whole["ratio_before"] - 1)
