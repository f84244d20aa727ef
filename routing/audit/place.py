"""Where calls lie: island, zone, county, township, demand point and road node of each.

Millions of points a second: see `routing.audit.place_grid`. A call a little off the shore counts to
the nearest land; one farther out is off the map. A call without coordinates is known by the names
of its township and county at most, and has no road node: nothing is modelled for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import landmass, schemas
from geodata.calls.columns import Numbered
from geodata.region import Region
from routing.audit import place_loops
from routing.audit.codes import fixed
from routing.audit.place_grid import Floats, Ground, Ints, Lattice, Nearby, Polygons, project
from routing.audit.place_names import Gazetteer
from routing.audit.placing import COUNTY, POINT, SHORE, TOWNSHIP, UNKNOWN, Placed
from routing.land_network import LandNetwork

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
        self.zones = (*schemas.ZONES,)
        self.counties = _names(demand["county_zh"].tolist())
        self.townships = _names(demand["township_zh"].tolist())
        self.islands = tuple(islands["island_id"].tolist())
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
        self._build(region, land)

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

    def _build(self, region: Region, land: LandNetwork) -> None:
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
        demand_xy = shapely.get_coordinates(region.demand.to_crs(region.metric_crs).geometry)
        mass = dict(zip(self.islands, self.mass_of_island.tolist(), strict=True))
        demand_mass = np.array([mass[i] for i in region.demand["island_id"]], np.int64)
        self.node_number, node_xy, node_mass = _usable(land, mass)
        used = [m for m in np.union1d(demand_mass, node_mass).tolist() if m >= 0]
        grounds = self._grounds(used)
        self.demand = Nearby.of(demand_xy, demand_mass, grounds, lattice)
        self.demand_xy = _columns(demand_xy)
        self.nodes = Nearby.of(node_xy, node_mass, grounds, lattice)
        self.node_xy = _columns(node_xy)

    def _grounds(self, masses: list[int]) -> dict[int, Ground]:
        """Return where calls of each landmass can lie."""
        covered = np.flatnonzero(self.land.cover >= 0)
        cover_mass = self.mass_of_island[self.land.cover[covered]]
        groups = np.diff(self.land.group_start)
        edge_cell = np.repeat(np.arange(self.lattice.cells), groups)
        edge_mass = self.mass_of_island[self.land.group_tag]

        def cells(m: int) -> Ints:
            shore = self.lattice.around(edge_cell[edge_mass == m], self.reach)
            return np.union1d(covered[cover_mass == m], shore)

        return {m: Ground.of(cells(m), self.lattice) for m in masses}

    def locate(self, lon: Floats, lat: Floats, county: Numbered, township: Numbered) -> Placed:
        """Return where calls lie.

        Args:
            lon, lat: degrees on WGS84, NaN where unknown, shape (n,).
            county, township: names as recorded, which count where there are no coordinates; a post
                says nothing about where it was called to.
        """
        n = len(lon)
        island, zone, of_county, of_township, demand, node = np.full((6, n), -1, np.int32)
        how = np.full(n, UNKNOWN, np.uint8)
        self._locate(lon, lat, (island, zone, of_county, of_township, demand, node, how))
        self._name_islets(county, township, (zone, of_county, of_township), how)
        if UNKNOWN in how:
            rows = np.flatnonzero(how == UNKNOWN)
            named = self._named(county, township, rows)
            zone[rows], of_county[rows], of_township[rows], island[rows] = named
            how[rows] = np.where((named[2] >= 0) | (named[3] >= 0), TOWNSHIP, COUNTY)
            how[rows[(named < 0).all(axis=0)]] = UNKNOWN
        return Placed(
            zone=Numbered(zone, self.zones),
            county=Numbered(of_county, self.counties),
            township=Numbered(of_township, self.townships),
            island=Numbered(island, self.islands),
            demand_row=demand,
            node=node,
            how=how,
        )

    def _name_islets(
        self,
        county: Numbered,
        township: Numbered,
        out: tuple[NDArray[np.int32], ...],
        how: NDArray[np.uint8],
    ) -> None:
        """Take zone, county and township by name where coordinates tell of no residents near by."""
        unnamed = np.any([column < 0 for column in out[:2]], axis=0)
        rows = np.flatnonzero(unnamed & ((how == POINT) | (how == SHORE)))
        if len(rows) and self.counties:
            named = self._named(county, township, rows)
            for column, names in zip(out, named[: len(out)], strict=True):
                column[rows] = np.where(column[rows] < 0, names, column[rows])

    def _locate(self, lon: Floats, lat: Floats, out: tuple[NDArray[np.generic], ...]) -> None:
        lattice = self.lattice
        frame = (lattice.west, lattice.south, lattice.width, lattice.height,
                 float(lattice.middle[0]), float(lattice.middle[1]),
                 float(lattice.half[0]), float(lattice.half[1]))  # fmt: skip
        numbers = (
            self.mass_of_island,
            self.zone_of_demand,
            self.county_of_demand,
            self.township_of_demand,
            self.node_number,
        )
        place_loops.locate(
            fixed(lon), fixed(lat), frame, (lattice.columns, lattice.rows), lattice.coefficients,
            lattice.terms, self.land.layer, self.land.edges, self.land_metric,
            self.zone_shapes.layer, self.zone_shapes.edges,
            tuple(self.demand), self.demand_xy, tuple(self.nodes), self.node_xy, numbers,
            self.reach, float(self.parameters.shore_m), out,
        )  # fmt: skip

    def _named(self, county: Numbered, township: Numbered, rows: Ints) -> Ints:
        """Return zone, county, township and island of the names in `rows`, shape (4, n)."""
        width = len(township.labels) + 1
        pair = (county.codes[rows] + 1).astype(np.int64) * width + township.codes[rows] + 1
        unique, which = np.unique(pair, return_inverse=True)
        counties, townships = (None, *county.labels), (None, *township.labels)
        found = [self.names.find(counties[p // width], townships[p % width]) for p in unique]
        table = np.array([[n.zone, n.county, n.township, n.island] for n in found], np.int64)
        return np.asarray(table.reshape(-1, 4)[which].T)


def _names(values: list[object]) -> tuple[str, ...]:
    return tuple(sorted({v for v in values if isinstance(v, str)}))


def _codes(values: list[object], names: Sequence[str]) -> NDArray[np.int32]:
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
