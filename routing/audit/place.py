"""Where calls lie: island, zone, county, township, demand point and road node of each.

Millions of points a second: see `routing.audit.place_grid`. A call a little off the shore counts to
the nearest land; one farther out is off the map. A call without coordinates is known by the names
of its township and county at most, and has no road node: nothing is modelled for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from geodata import landmass, schemas
from geodata.region import Region
from routing.audit import place_loops
from routing.audit.place_grid import Floats, Ints, Lattice, Nearby, Polygons, project
from routing.audit.place_names import Gazetteer, Named
from routing.land_network import LandNetwork

HOW: Final = ("point", "shore", "township", "county", "off_map", "unknown")
"""How a call was placed, by the code in column `place`; texts are below ``audit_place``.

- ``point``: by its coordinates, on land; ``shore``: by its coordinates, off the shore within reach;
- ``township``, ``county``: by name, for want of coordinates;
- ``off_map``: its coordinates are too far from any land;
- ``unknown``: neither coordinates nor a name that the region knows.
"""
_POINT, _SHORE, _TOWNSHIP, _COUNTY, _OFF, _UNKNOWN = range(6)

CELL_M = 200.0


@dataclass(frozen=True)
class PlaceParameters:
    """How calls are placed.

    Attributes:
        shore_m: how far off the shore a call still counts to the land, metres, itself excluded.
    """

    shore_m: float = 500.0


class Places:
    """The places of a region; picklable, and the same on every machine.

    Zones are the polygons of the layer ``zones``; land that none of them covers has the zone of its
    nearest demand point. County and township are those of the nearest demand point of the same
    landmass, which the region has in place of boundaries.
    """

    def __init__(self, region: Region, land: LandNetwork, parameters: PlaceParameters) -> None:
        demand, islands = region.demand, region.islands
        self.parameters = parameters
        self.zones: list[str] = [*schemas.ZONES]
        self.counties = _names(demand["county_zh"].tolist())
        self.townships = _names(demand["township_zh"].tolist())
        self.islands: list[str] = islands["island_id"].tolist()
        self.names = Gazetteer(
            region,
            zones=self.zones,
            counties=self.counties,
            townships=self.townships,
            islands=self.islands,
        )
        self.zone_of_demand = _codes(demand["zone"].tolist(), self.zones)
        self.county_of_demand = _codes(demand["county_zh"].tolist(), self.counties)
        self.township_of_demand = _codes(demand["township_zh"].tolist(), self.townships)
        masses = islands["landmass_id"]
        if masses.isna().any():
            masses = landmass.assign(islands, region.roads)
        names = sorted(set(masses))
        self.mass_of_island = _codes(masses.tolist(), names)
        self._build(region, land, len(names))

    @classmethod
    def of(
        cls, region: Region, land: LandNetwork, parameters: PlaceParameters | None = None
    ) -> Places:
        """Return the places of a region, ready to locate calls.

        Args:
            region: a valid region.
            land: its ambulance network, whose nodes calls are snapped to.
            parameters: how calls are placed.
        """
        return cls(region, land, parameters or PlaceParameters())

    def _build(self, region: Region, land: LandNetwork, masses: int) -> None:
        shore_m = self.parameters.shore_m
        bounds = np.asarray(region.islands.total_bounds, float)
        lattice = Lattice.over(bounds, region.metric_crs, cell_m=CELL_M, margin_m=shore_m)
        if lattice is None:
            raise ValueError(f"{region.metric_crs} is no projection for a region of this size")
        self.lattice = lattice
        self.reach = int(np.ceil(shore_m / lattice.least_side_m)) + 1
        self.land = Polygons.of(region.islands.geometry.to_numpy(), lattice)
        by_name = dict(zip(region.zones["zone"], region.zones.geometry, strict=True))
        empty = shapely.MultiPolygon()
        shapes = np.array([by_name.get(zone, empty) for zone in self.zones], dtype=object)
        self.zone_shapes = Polygons.of(shapes, lattice)
        edges = self.land.edges
        ends = [project(lattice, np.column_stack(edges[k : k + 2])) for k in (0, 2)]
        self.land_metric = tuple(
            np.ascontiguousarray(end[:, axis]) for end in ends for axis in (0, 1)
        )
        cells_of = self._cells_of()
        demand_xy = shapely.get_coordinates(region.demand.to_crs(region.metric_crs).geometry)
        mass = dict(zip(self.islands, self.mass_of_island.tolist(), strict=True))
        demand_mass = np.array([mass[i] for i in region.demand["island_id"]], np.int64)
        self.demand = Nearby.of(demand_xy, demand_mass, cells_of, masses, lattice)
        self.demand_xy = _columns(demand_xy)
        self.node_number, node_xy, node_mass = _usable(land, mass)
        self.nodes = Nearby.of(node_xy, node_mass, cells_of, masses, lattice)
        self.node_xy = _columns(node_xy)

    def _cells_of(self) -> Callable[[int], Ints]:
        """Return a function that gives the cells in which a call of a landmass can lie."""
        covered = np.flatnonzero(self.land.cover >= 0)
        cover_mass = self.mass_of_island[self.land.cover[covered]]
        groups = np.diff(self.land.group_start)
        edge_cell = np.repeat(np.arange(self.lattice.cells), groups)
        edge_mass = self.mass_of_island[self.land.group_tag]

        def cells(m: int) -> Ints:
            shore = self.lattice.around(edge_cell[edge_mass == m], self.reach)
            return np.union1d(covered[cover_mass == m], shore)

        return cells

    def locate(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Return a row for each call.

        Args:
            calls: ``lon``, ``lat`` (degrees on WGS84, null where unknown), ``county`` and
                ``township`` (names as recorded, null where blank), which count where there are no
                coordinates; a post says nothing about where it was called to.

        Returns:
            ``zone``, ``county``, ``township``, ``island_id`` (names, null where unknown),
            ``demand_row``, ``node``, ``node_km`` (null where unknown), ``off_map`` and ``place``
            (a code of `HOW`).
        """
        x, y = (_floats(calls[name]) for name in ("lon", "lat"))
        n = len(x)
        island, zone, demand, node = (np.full(n, -1, np.int32) for _ in range(4))
        node_km, off_shore_m = (np.full(n, np.nan, np.float32) for _ in range(2))
        self._locate(x, y, island, zone, demand, node, node_km, off_shore_m)
        pointed = ~(np.isnan(x) | np.isnan(y))
        how = np.where(off_shore_m > 0, np.uint8(_SHORE), np.uint8(_POINT))
        how[pointed & (island < 0)] = _OFF
        of_demand = np.maximum(demand, 0)
        found = demand >= 0
        counties = np.where(found, self.county_of_demand[of_demand], -1)
        townships = np.where(found, self.township_of_demand[of_demand], -1)
        if not pointed.all():
            rows = np.flatnonzero(~pointed)
            named = self._named(calls["county"].gather(rows), calls["township"].gather(rows))
            counties[rows], townships[rows] = named[1], named[2]
            zone[rows], island[rows] = named[0], named[3]
            how[rows] = np.where((named[2] >= 0) | (named[3] >= 0), _TOWNSHIP, _COUNTY)
            how[rows[(named < 0).all(axis=0)]] = _UNKNOWN
        return pl.DataFrame(
            {
                "zone": _texts(zone, self.zones),
                "county": _texts(counties, self.counties),
                "township": _texts(townships, self.townships),
                "island_id": _texts(island, self.islands),
                "demand_row": _numbers(demand),
                "node": _numbers(node),
                "node_km": pl.Series(node_km).fill_nan(None),
                "off_map": pl.Series(how == _OFF),
                "place": pl.Series(how),
            }
        )

    def _locate(self, x: Floats, y: Floats, *out: NDArray[np.generic]) -> None:
        lattice = self.lattice
        frame = (lattice.west, lattice.south, lattice.width, lattice.height,
                 float(lattice.middle[0]), float(lattice.middle[1]),
                 float(lattice.half[0]), float(lattice.half[1]))  # fmt: skip
        place_loops.locate(
            x, y, frame, (lattice.columns, lattice.rows), lattice.coefficients, lattice.terms,
            self.land.layer, self.land.edges, self.land_metric,
            self.zone_shapes.layer, self.zone_shapes.edges,
            tuple(self.demand), self.demand_xy, tuple(self.nodes), self.node_xy,
            (self.mass_of_island, self.zone_of_demand, self.node_number),
            self.reach, float(self.parameters.shore_m), out,
        )  # fmt: skip

    def _named(self, county: pl.Series, township: pl.Series) -> Ints:
        """Return zone, county, township and island of names, shape (4, n)."""
        pairs = pl.DataFrame({"c": county.cast(pl.String), "t": township.cast(pl.String)})
        code = pairs.select(pl.struct("c", "t").rank("dense")).to_series().to_numpy() - 1
        order = np.unique(code, return_index=True)[1]
        unique = pairs[order].rows()
        found = [self.names.find(c, t) for c, t in unique] or [Named()]
        table = np.array([[n.zone, n.county, n.township, n.island] for n in found], np.int64)
        return np.asarray(table[code].T)


def _names(values: list[object]) -> list[str]:
    return sorted({v for v in values if isinstance(v, str)})


def _codes(values: list[object], names: list[str]) -> NDArray[np.int32]:
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(v, -1) if isinstance(v, str) else -1 for v in values], np.int32)


def _columns(xy: Floats) -> tuple[Floats, Floats]:
    return np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])


def _usable(land: LandNetwork, mass: dict[str, int]) -> tuple[NDArray[np.int32], Floats, Ints]:
    """Return the nodes that some edge leaves or enters and that lie on an island."""
    joined = np.zeros(land.graph.n_nodes, dtype=bool)
    joined[land.graph.edge_from] = joined[land.graph.edge_to] = True
    owner = np.array([mass.get(i, -1) for i in land.nodes["island_id"]], np.int64)
    number = np.flatnonzero(joined & (owner >= 0))
    xy = land.nodes[["x", "y"]].to_numpy(float)[number]
    return number.astype(np.int32), xy, owner[number]


def _floats(series: pl.Series) -> Floats:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _numbers(values: NDArray[np.int32]) -> pl.Series:
    series = pl.Series(values)
    return series.set(series < 0, None)


def _texts(codes: NDArray[np.integer], names: list[str]) -> pl.Series:
    table = pl.Series([*names, None], dtype=pl.Enum(names))
    return table.gather(np.where(codes < 0, len(names), codes).astype(np.uint32))
