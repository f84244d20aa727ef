"""The legs of the best response of each demand point, with the minutes of each part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.names import latin
from geodata.region import Region
from routing import paths
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.response import KM_PER_NAUTICAL_MILE, Best, Condition, Options, timed
from routing.timetable import Timetable

LEG_KINDS = (
    "call_handling",
    "turnout",
    "mobilisation",
    "road",
    "ferry_wait",
    "ferry",
    "boat",
    "flight",
    "transfer",
)
# Which part of the response model each kind of leg belongs to.
PART_OF = {
    "call_handling": "call_handling_min",
    "turnout": "turnout_min",
    "mobilisation": "turnout_min",
    "road": "travel_min",
    "ferry": "travel_min",
    "boat": "travel_min",
    "flight": "travel_min",
    "ferry_wait": "transfer_min",
    "transfer": "transfer_min",
}
PARTS = ("call_handling_min", "turnout_min", "travel_min", "transfer_min")


@dataclass(frozen=True)
class Leg:
    """One part of a response.

    Attributes:
        kind: one of `LEG_KINDS`.
        minutes: its duration.
        start, end: Chinese and Latin names of its ends; the scene is ``("", "")``.
        schematic: whether it runs over schematic roads.
    """

    kind: str
    minutes: float
    start: tuple[str, str] = ("", "")
    end: tuple[str, str] = ("", "")
    schematic: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the leg as the outputs hold it."""
        return {
            "kind": self.kind,
            "minutes": round(self.minutes, 3),
            "from_zh": self.start[0],
            "from_en": self.start[1],
            "to_zh": self.end[0],
            "to_en": self.end[1],
            "schematic": self.schematic,
        }


def of_best(
    region: Region,
    land: LandNetwork,
    parameters: Parameters,
    found: Options,
    winner: Best,
    *,
    condition: Condition | None = None,
) -> list[list[Leg]]:
    """Return the legs of the best response of each demand point; [] where nobody can come.

    The minutes of the legs of one response sum to its response time.
    """
    tracer = _Tracer(region, land, parameters, found, condition or Condition())
    chosen = enumerate(winner.option.tolist())
    return [tracer.legs(option, i) if option >= 0 else [] for i, option in chosen]


def parts(legs: list[list[Leg]]) -> pd.DataFrame:
    """Return the minutes of each part of each response, one row a demand point; NaN where none."""
    table = np.zeros((len(legs), len(PARTS)))
    for i, response in enumerate(legs):
        for leg in response:
            table[i, PARTS.index(PART_OF[leg.kind])] += leg.minutes
        if not response:
            table[i] = np.nan
    return pd.DataFrame(table, columns=list(PARTS))


class _Tracer:
    def __init__(
        self,
        region: Region,
        land: LandNetwork,
        parameters: Parameters,
        found: Options,
        condition: Condition,
    ) -> None:
        self.region, self.land, self.found = region, land.under(condition), found
        self.parameters = condition.applied_to(parameters)
        self.condition = condition
        self.timetables: dict[int, Timetable] = {}
        self.demand_node = land.node_of("demand", region.demand["demand_id"])
        self.schematic = region.network == "schematic"
        self.roads_only = self.land.without_ferries()
        self.trees: dict[tuple[int, bool], paths.Tree] = {}
        self.names = [
            (str(zh), str(en) if isinstance(en, str) else latin(str(zh)))
            for zh, en in zip(land.nodes["name_zh"], land.nodes["name_en"], strict=True)
        ]
        self.node_by_place = {
            (layer, place): node
            for node, (layer, place) in enumerate(
                zip(land.nodes["layer"], land.nodes["place_id"], strict=True)
            )
        }

    def legs(self, option: int, demand: int) -> list[Leg]:
        row = self.found.table.iloc[option]
        vehicle = str(row["vehicle"])
        before = self.parameters.clock.before_dispatch_min()
        first = [Leg("call_handling", before)] if before else []
        post = self.node_by_place["posts", str(row["post_id"])]
        if vehicle == "ambulance":
            return [*first, self._turnout(option), *self._road(post, demand)]
        if vehicle == "boat":
            return [*first, *self._boat(option, post, demand)]
        return [*first, *self._helicopter(option, post, demand)]

    def _turnout(self, option: int) -> Leg:
        return Leg("turnout", float(self.found.prepare_min[option]))

    def _road(self, start: int, demand: int) -> list[Leg]:
        """Split a drive into road and ferry legs."""
        if self.condition.when_min is not None:
            return list(_merged(self._timed_pieces(start, demand)))
        edges = self._tree(start, ferries=True).edges_to(int(self.demand_node[demand]))
        return list(_merged(self._pieces(edges, start)))

    def _pieces(self, edges: NDArray[np.int64], start: int) -> Iterator[Leg]:
        table, graph, here = self.land.edges, self.land.graph, start
        kinds, minutes = table["kind"].to_numpy(), table["travel_min"].to_numpy()
        waits = table["wait_min"].to_numpy()
        for edge in edges:
            there = int(graph.edge_to[edge])
            ends = (self._name(here), self._name(there))
            if kinds[edge] == "ferry":
                yield Leg("ferry_wait", float(waits[edge]), ends[0], ends[0])
                yield Leg("ferry", float(minutes[edge]), *ends)
            else:
                yield Leg("road", float(minutes[edge]), *ends, schematic=self.schematic)
            here = there

    def _timed_pieces(self, start: int, demand: int) -> Iterator[Leg]:
        if start not in self.timetables:
            self.timetables[start] = timed(
                self.region,
                self.land,
                self.parameters,
                np.array([start]),
                self.demand_node,
                self.condition,
            )
        for tail, head, minutes, ride in self.timetables[start].legs(0, demand):
            ends = (
                self._name(start if tail < 0 else tail),
                ("", "") if head < 0 else self._name(head),
            )
            if ride is not None:
                yield Leg("ferry_wait", ride.wait_min, ends[0], ends[0])
                yield Leg("ferry", minutes, *ends)
            elif minutes > 0:
                yield Leg("road", minutes, *ends, schematic=self.schematic)

    def _boat(self, option: int, base: int, demand: int) -> Iterator[Leg]:
        boat, port = self.parameters.boat, int(self.found.via[option, demand])
        crew = self.found.table.iloc[int(self.found.crew_post[option])]
        crew_node = self.node_by_place["posts", str(crew["post_id"])]
        landing_row = self.region.ports.iloc[port]
        landing = self.node_by_place["ports", str(landing_row["port_id"])]
        drive = float(self.found.crew_road_min[option])
        ready = float(self.found.prepare_min[option])
        # The crew drives while the boat makes ready: only what it takes longer counts as road.
        late = max(0.0, ready - boat.mobilisation_min)
        yield Leg("mobilisation", ready - min(late, drive), self._name(crew_node), self._name(base))
        if late > 0:
            ends = (self._name(crew_node), self._name(base))
            yield Leg("road", min(late, drive), *ends, schematic=self.schematic)
        length_km = float(self.found.sea_km[option, port])
        passage = 60.0 * length_km / (boat.speed_kn * KM_PER_NAUTICAL_MILE)
        yield Leg("boat", passage + boat.berthing_min, self._name(base), self._name(landing))
        assumed = str(landing_row["port_id"]).startswith("landing-")
        transfer = boat.landing_transfer_min + boat.unlisted_landing_min * assumed
        yield Leg("transfer", transfer, self._name(landing), self._name(landing))
        yield from self._onshore(landing, demand)

    def _helicopter(self, option: int, base: int, demand: int) -> Iterator[Leg]:
        heli, pad = self.parameters.helicopter, int(self.found.via[option, demand])
        yield Leg("mobilisation", float(self.found.prepare_min[option]))
        if pad < 0:
            target, extra = int(self.demand_node[demand]), heli.unprepared_site_min
        else:
            helipad = str(self.region.helipads.loc[pad, "helipad_id"])
            target, extra = self.node_by_place["helipads", helipad], 0.0
        xy = self.land.nodes.loc[[base, target], ["x", "y"]].to_numpy(float)
        flight = float(np.hypot(*(xy[0] - xy[1])) / 1000.0 / heli.cruise_kmh * 60.0)
        end = ("", "") if pad < 0 else self._name(target)
        yield Leg("flight", flight + heli.landing_min, self._name(base), end)
        yield Leg("transfer", heli.transfer_min + extra, end, end)
        if pad >= 0:
            yield from self._onshore(target, demand)

    def _onshore(self, start: int, demand: int) -> Iterator[Leg]:
        drive = float(self._tree(start, ferries=False).travel_min[self.demand_node[demand]])
        minutes = drive / self.parameters.boat.onshore_speed_factor
        yield Leg("road", minutes, self._name(start), ("", ""), self.schematic)

    def _tree(self, start: int, *, ferries: bool) -> paths.Tree:
        key = (start, ferries)
        if key not in self.trees:
            graph = self.land.graph if ferries else self.roads_only
            self.trees[key] = paths.tree(graph, start)
        return self.trees[key]

    def _name(self, node: int) -> tuple[str, str]:
        return self.names[node]


def _merged(pieces: Iterator[Leg]) -> Iterator[Leg]:
    """Join consecutive road pieces into one leg; the last leg ends at the scene."""
    held: Leg | None = None
    for piece in pieces:
        if held is not None and held.kind == piece.kind == "road":
            held = Leg("road", held.minutes + piece.minutes, held.start, piece.end, held.schematic)
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield Leg(held.kind, held.minutes, held.start, ("", ""), held.schematic)
