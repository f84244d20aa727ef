from __future__ import annotations

import pickle
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
import shapely

from geodata import region as regions
from geodata.calls.columns import Numbered
from geodata.region import WGS84, Region
from routing import config, land_network
from routing.audit.place import PlaceParameters, Places
from routing.audit.place_names import plain, short
from routing.audit.placing import HOW, OFF, POINT, SHORE
from routing.land_network import LandNetwork
from tests.routing import toy
from tests.routing.audit.records import placed_table


@pytest.fixture(scope="module")
def zhoushan() -> Region:
    return regions.load("zhoushan")


@pytest.fixture(scope="module")
def land(zhoushan: Region) -> LandNetwork:
    return land_network.build(zhoushan, config.load())


@pytest.fixture(scope="module")
def places(zhoushan: Region, land: LandNetwork) -> Places:
    return Places.of(zhoushan, land)


def located(places: Places, lon: Any, lat: Any) -> pl.DataFrame:
    x, y = (np.asarray(values, float) for values in (lon, lat))
    none = Numbered.none(len(x))
    return placed_table(places.locate(x, y, none, none))


def named(places: Places, *rows: tuple[str | None, str | None]) -> pl.DataFrame:
    nowhere = np.full(len(rows), np.nan)
    county = Numbered.of(pl.Series([c for c, _ in rows], dtype=pl.String))
    township = Numbered.of(pl.Series([t for _, t in rows], dtype=pl.String))
    return placed_table(places.locate(nowhere, nowhere, county, township))


def by_hand(region: Region, land: LandNetwork, xy: np.ndarray, shore_m: float) -> pd.DataFrame:
    """Return the same by spatial joins and by measuring every distance."""
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=WGS84)
    metric = points.to_crs(region.metric_crs)
    islands = region.islands.to_crs(region.metric_crs)
    joined = points.sjoin(region.islands[["island_id", "geometry"]], how="left")
    island = joined[~joined.index.duplicated()]["island_id"].tolist()
    zone = points.sjoin(region.zones[["zone", "geometry"]], how="left")
    zone = zone[~zone.index.duplicated()]["zone"].tolist()
    mass = dict(zip(region.islands["island_id"], region.islands["landmass_id"], strict=True))
    demand_xy = shapely.get_coordinates(region.demand.to_crs(region.metric_crs).geometry)
    demand_mass = np.array([mass[i] for i in region.demand["island_id"]])
    joined_up = np.zeros(len(land.nodes), bool)
    joined_up[land.graph.edge_from] = joined_up[land.graph.edge_to] = True
    usable = np.flatnonzero(joined_up & land.nodes["island_id"].notna().to_numpy())
    node_xy = land.nodes[["x", "y"]].to_numpy(float)[usable]
    node_mass = np.array([mass[i] for i in land.nodes["island_id"].iloc[usable]])
    rows = []
    for k, spot in enumerate(metric.geometry):
        here, own = island[k], zone[k]
        if not isinstance(here, str):
            metres = islands.distance(spot).to_numpy()
            near = int(metres.argmin())
            if metres[near] >= shore_m:
                rows.append((None, None, None, None))
                continue
            here = islands["island_id"].iloc[near]
        at = np.array([spot.x, spot.y])
        mine = np.flatnonzero(demand_mass == mass[here])
        row = int(mine[np.hypot(*(demand_xy[mine] - at).T).argmin()]) if len(mine) else None
        if not isinstance(own, str):
            own = None if row is None else region.demand["zone"].iloc[row]
        stops = np.flatnonzero(node_mass == mass[here])
        metres = np.hypot(*(node_xy[stops] - at).T)
        node = int(usable[stops[metres.argmin()]]) if len(stops) else None
        rows.append((here, own, row, node))
    return pd.DataFrame(rows, columns=["island_id", "zone", "demand_row", "node"])


def test_it_agrees_with_spatial_joins_and_measured_distances(
    zhoushan: Region, land: LandNetwork, places: Places
) -> None:
    rng = np.random.default_rng(5)
    west, south, east, north = zhoushan.islands.total_bounds
    anywhere = rng.uniform((west - 0.1, south - 0.1), (east + 0.1, north + 0.1), (150, 2))
    vertices = shapely.get_coordinates(zhoushan.islands.geometry)
    shore = vertices[rng.integers(0, len(vertices), 2000)] + rng.normal(0, 0.002, (2000, 2))
    homes = shapely.get_coordinates(zhoushan.demand.geometry)
    inland = homes[rng.integers(0, len(homes), 200)] + rng.normal(0, 0.002, (200, 2))
    xy = np.vstack([anywhere, shore, inland])
    expected = by_hand(zhoushan, land, xy, 500.0)
    found = pd.DataFrame(located(places, xy[:, 0], xy[:, 1]).to_dict(as_series=False))
    assert found["off_map"].sum() > 100
    assert (found["place"] == SHORE).sum() > 100
    for column in ("island_id", "zone"):
        ours = [v if isinstance(v, str) else None for v in found[column]]
        theirs = [v if isinstance(v, str) else None for v in expected[column]]
        assert ours == theirs
    for column in ("demand_row", "node"):
        assert np.array_equal(found[column].fillna(-1), expected[column].fillna(-1))


def test_a_hole_in_an_island_is_water() -> None:
    region = toy.archipelago()
    islands = region.islands.to_crs(toy.CRS)
    ring = islands.geometry[0].difference(shapely.Point(404_000, 3_302_000).buffer(1_500))
    islands.loc[0, "geometry"] = shapely.MultiPolygon([ring])
    region = region.replace(islands=islands.to_crs(WGS84))
    places = Places.of(region, land_network.build(region, toy.parameters()))
    spots = gpd.GeoSeries(
        gpd.points_from_xy([404_000, 404_000 + 1_300, 404_000 + 1_700], [3_302_000] * 3),
        crs=toy.CRS,
    ).to_crs(WGS84)
    found = located(places, spots.x, spots.y)
    assert found["place"].to_list() == [OFF, SHORE, POINT]


@pytest.mark.parametrize(("metres", "how"), [(1.0, SHORE), (499.0, SHORE), (501.0, OFF)])
def test_the_reach_off_the_shore_is_a_parameter(metres: float, how: int) -> None:
    region = toy.archipelago()
    land = land_network.build(region, toy.parameters())
    spot = gpd.GeoSeries(gpd.points_from_xy([420_000 + metres], [3_305_000]), crs=toy.CRS).to_crs(
        WGS84
    )
    assert located(Places.of(region, land), spot.x, spot.y)["place"][0] == how
    near = Places.of(region, land, PlaceParameters(shore_m=0.5))
    assert located(near, spot.x, spot.y)["off_map"][0]


def test_coordinates_far_away_or_not_finite_are_off_the_map(places: Places) -> None:
    found = located(places, [0.0, 122.1, np.inf, 1e300], [0.0, -89.0, 30.0, -1e300])
    assert found["off_map"].to_list() == [True] * 4
    assert found["zone"].null_count() == 4


def test_without_coordinates_the_township_tells_zone_and_county(places: Places) -> None:
    found = named(places, ("普陀区", "沈家门街道"), (None, "沈家门"), ("普陀", " 六横 镇 "))
    assert [HOW[k] for k in found["place"]] == ["township"] * 3
    assert found["county"].to_list() == ["普陀区"] * 3
    assert found["township"].to_list() == ["沈家门街道", "沈家门街道", "六横镇"]
    assert found["node"].null_count() == 3
    assert found["zone"][2] == "rural"


def test_an_island_named_as_township_is_known(places: Places) -> None:
    found = named(places, (None, "登步岛"))
    assert found["island_id"].to_list() == ["dengbu"]


def test_a_county_of_both_zones_tells_none_and_nonsense_tells_nothing(places: Places) -> None:
    found = named(places, ("定海", None), ("火星", "奥林帕斯"), (None, None))
    assert [HOW[k] for k in found["place"]] == ["county", "unknown", "unknown"]
    assert found["county"].to_list() == ["定海区", None, None]
    assert found["zone"].null_count() == 3


def test_a_county_that_is_all_rural_tells_its_zone(places: Places) -> None:
    found = named(places, ("嵊泗县", None), ("岱山", None))
    assert found["zone"].to_list() == ["rural", "rural"]
    assert found["township"].null_count() == found["demand_row"].null_count() == 2


def test_a_township_of_another_county_than_named_is_not_taken(places: Places) -> None:
    found = named(places, ("嵊泗县", "沈家门街道"))
    assert found["township"].to_list() == [None]
    assert found["county"].to_list() == ["嵊泗县"]


def test_coordinates_count_before_names(places: Places, zhoushan: Region) -> None:
    home = zhoushan.demand.query("island_id == 'dengbu'").geometry.iloc[0]
    names = (Numbered(np.zeros(1, np.int32), (name,)) for name in ("定海区", "临城街道"))
    found = placed_table(places.locate(np.array([home.x]), np.array([home.y]), *names))
    assert found["county"].to_list() == ["普陀区"]
    assert found["island_id"].to_list() == ["dengbu"]


def test_names_tell_what_an_islet_without_residents_does_not(
    places: Places, zhoushan: Region
) -> None:
    lived_on = set(zhoushan.demand["island_id"])
    masses = zhoushan.islands.groupby("landmass_id")["island_id"].agg(set)
    empty = {one for mass in masses if not mass & lived_on for one in mass}
    islets = zhoushan.islands[zhoushan.islands["island_id"].isin(empty)]
    spots = islets.geometry.representative_point()
    # On land, and in the water some 300 m off.
    at = np.concatenate(
        [shapely.get_coordinates(spots) + np.array([0, north]) for north in (0, 0.003)]
    )
    bare = located(places, at[:, 0], at[:, 1])
    assert bare["county"].null_count() > 400
    k = np.flatnonzero(bare["zone"].is_null().to_numpy() & ~bare["off_map"].to_numpy())[0]
    names = (Numbered(np.zeros(1, np.int32), (name,)) for name in ("普陀区", "六横镇"))
    found = placed_table(places.locate(at[k : k + 1, 0], at[k : k + 1, 1], *names))
    assert found["island_id"].to_list() == [bare["island_id"][int(k)]]
    assert (found["zone"][0], found["county"][0], found["township"][0]) == (
        "rural", "普陀区", "六横镇",
    )  # fmt: skip
    assert found["demand_row"].null_count() == found["node"].null_count() == 1


def test_rows_are_conserved_and_parts_change_nothing(places: Places, zhoushan: Region) -> None:
    xy = shapely.get_coordinates(zhoushan.demand.geometry)[::7]
    whole = located(places, xy[:, 0], xy[:, 1])
    parts = [located(places, xy[k : k + 50, 0], xy[k : k + 50, 1]) for k in range(0, len(xy), 50)]
    assert len(whole) == len(xy)
    assert pl.concat(parts).equals(whole)
    again = located(pickle.loads(pickle.dumps(places)), xy[:, 0], xy[:, 1])
    assert again.equals(whole)


def test_no_calls_are_no_rows(places: Places) -> None:
    assert len(located(places, np.empty(0), np.empty(0))) == 0


def test_names_are_compared_without_spaces_width_and_kind_of_place() -> None:
    assert plain("ＡＢＣ 岛") == "abc岛"
    assert short("沈家门街道") == "沈家门"
    assert short("东极镇") == "东极"
    assert short("岱山") == "岱山"
