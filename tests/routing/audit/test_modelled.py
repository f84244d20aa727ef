from __future__ import annotations

import pickle

import numpy as np
import pytest

from geodata import region as regions
from geodata.region import Region
from routing import config, land_network, travel_time
from routing.audit.modelled import Modelled, vehicle_class, with_start
from routing.config import Parameters
from routing.land_network import LandNetwork


@pytest.fixture(scope="module")
def region() -> Region:
    return regions.load("zhoushan")


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return config.load()


@pytest.fixture(scope="module")
def land(region: Region, parameters: Parameters) -> LandNetwork:
    return land_network.build(region, parameters)


@pytest.fixture(scope="module")
def modelled(region: Region, land: LandNetwork, parameters: Parameters) -> Modelled:
    return Modelled.of(region, land, parameters)


@pytest.mark.parametrize("hour", [3, 8])
def test_travel_is_that_of_the_network_at_the_hour(
    modelled: Modelled, land: LandNetwork, parameters: Parameters, hour: int
) -> None:
    rng = np.random.default_rng(hour)
    post = rng.integers(0, len(modelled.post_ids), 400)
    node = rng.integers(0, land.graph.n_nodes, 400)
    graph = land.at_hour(hour, parameters).graph
    start = land.node_of("posts", [modelled.post_ids[p] for p in post])
    expected = np.array(
        [travel_time.matrix(graph, [s], [n])[0, 0] for s, n in zip(start, node, strict=True)]
    )
    found = modelled.travel_s[modelled.hour_class[hour], post, node]
    assert np.array_equal(found < 0, np.isnan(expected))
    assert np.nanmax(np.abs(found - 60 * expected)) <= 0.5 + 1e-6


def test_peaks_are_slower_and_hours_of_equal_speeds_share_a_table(modelled: Modelled) -> None:
    assert len(modelled.travel_s) == 2
    assert modelled.hour_class[8] != modelled.hour_class[3] == modelled.hour_class[12]
    known = (modelled.travel_s >= 0).all(axis=0)
    peak, base = modelled.travel_s[modelled.hour_class[[8, 3]]]
    assert (peak[known] >= base[known]).all()


def test_posts_are_known_by_id_name_and_shorter_forms(modelled: Modelled, region: Region) -> None:
    code = {p: k for k, p in enumerate(modelled.post_ids)}
    wanted = {
        "zs-tcm": "zs-tcm",
        " 舟山市 中医院 ": "zs-tcm",
        "普陀区急救站(分中心)": "pt-120-station",
        "普陀区急救站": "pt-120-station",
        "普陀急救站": "pt-120-station",
        "舟山市120急救中心岱山分中心": "ds-120-subcentre",
        "急救站": None,
        "": None,
    }
    found = modelled.match(list(wanted))
    assert found.tolist() == [code[p] if p else -1 for p in wanted.values()]
    every = region.posts[region.posts["post_id"].isin(modelled.post_ids)]
    assert modelled.match(every["name_zh"]).tolist() == list(range(len(every)))


def test_posts_of_boats_and_helicopters_are_known_too(modelled: Modelled, region: Region) -> None:
    afloat = region.posts.set_index("post_id").loc["msa-liuheng", "name_zh"]
    assert [modelled.sends_others(name) for name in (afloat, "zs-tcm", "月球站", None)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_ways_over_water_are_known(modelled: Modelled, region: Region, land: LandNetwork) -> None:
    mass = region.islands.set_index("island_id")["landmass_id"]
    post = modelled.match(["zs-hospital"])[0]
    rows = region.demand[
        region.demand["island_id"].isin(("zhoushan", "daishan", "qushan", "liuheng"))
    ]
    node = land.node_of("demand", rows["demand_id"])
    apart = rows["island_id"].map(mass).to_numpy() != mass["zhoushan"]
    reached = modelled.travel_s[0, post, node] >= 0
    assert apart.any()
    assert np.array_equal(modelled.by_ferry[post, node][reached], apart[reached])


def test_the_order_of_posts_is_by_travel(modelled: Modelled) -> None:
    sorted_s = np.take_along_axis(
        modelled.travel_s.transpose(0, 2, 1), modelled.order.astype(np.int64), axis=2
    )
    last = np.where(sorted_s < 0, np.iinfo(np.int32).max, sorted_s)
    assert (np.diff(last.astype(np.int64), axis=2) >= 0).all()


def test_it_goes_to_other_processes_unchanged(modelled: Modelled) -> None:
    again = pickle.loads(pickle.dumps(modelled))
    assert np.array_equal(again.travel_s, modelled.travel_s)
    assert again.match(["zs-tcm"]).tolist() == modelled.match(["zs-tcm"]).tolist()


def test_vehicles_are_told_by_their_words() -> None:
    words = {
        "救护车": 0,
        "监护型救护车": 0,
        "120急救艇": 1,
        "Patrol Boat": 1,
        "直升机": 2,
        None: 0,
        "": 0,
    }
    assert [vehicle_class(word) for word in words] == list(words.values())


def test_the_start_stamp_can_be_the_audits(parameters: Parameters) -> None:
    assert with_start(parameters, "dispatch").clock.before_dispatch_min() == 0
    assert with_start(parameters, "dial").clock.before_dispatch_min() > 2.16
