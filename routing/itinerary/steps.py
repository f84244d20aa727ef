"""The steps of an itinerary, and the drives, rides, passages and flights that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from geodata import crs
from geodata.names import latin
from routing import paths, travel_time
from routing.itinerary.state import State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Name = tuple[str, str]

KINDS = (
    "call_handling", "turnout", "mobilisation", "road", "ferry_wait", "ferry", "boat", "flight",
    "transfer", "scene", "wait", "stabilise",
)  # fmt: skip
MOVING = ("road", "ferry", "boat", "flight")
_NO_LINE: Floats = np.empty((0, 2))


@dataclass(frozen=True)
class Step:
    """One part of an itinerary; each begins when the one before ends.

    Attributes:
        kind: one of `KINDS`.
        minutes: its duration.
        start, end: Chinese and Latin names of its ends.
        vehicle: ambulance, boat, helicopter, local_vehicle, or blank where none is in use.
        post: row of the post that the vehicle is from; -1 for none, -2 where the receiving hospital
            sends it, -3 where the first hospital does.
        crew: row of the post of the crew that attends the patient or is on its way, -1 for none.
        schematic: whether it runs over schematic roads.
        link_id: the ferry.
        sails_min: minute of the day of the sailing, NaN where the clock is not known.
        xy: vertices of its line, metres, shape (n, 2); empty where it stands still.
    """

    kind: str
    minutes: float
    start: Name = ("", "")
    end: Name = ("", "")
    vehicle: str = ""
    post: int = -1
    crew: int = -1
    schematic: bool = False
    link_id: str = ""
    sails_min: float = float("nan")
    xy: Floats = field(default_factory=lambda: _NO_LINE)


class Maker:
    """Makes steps over the network of one condition.

    Args:
        state: the condition.
        lines: whether roads and ferries get their vertices.
    """

    def __init__(self, state: State, *, lines: bool = True) -> None:
        self.state, self.lines = state, lines
        self.schematic = state.region.network == "schematic"
        self._trees: dict[tuple[int, bool], paths.Tree] = {}
        self._names: dict[str, list[Name]] = {}

    def name(self, layer: str, row: int) -> Name:
        """Return the Chinese and the Latin name of a row of a layer."""
        if layer not in self._names:
            self._names[layer] = _names(self.state.region.layers[layer])
        return self._names[layer][row]

    def node_name(self, node: int) -> Name:
        """Return the Chinese and the Latin name of a node."""
        return _names(self.state.land.nodes.iloc[[node]])[0]

    def road_min(self, start: int, end: int) -> float:
        """Return an ambulance's minutes by road alone; NaN where there is no way."""
        return float(self._tree(start, ferries=False).travel_min[end])

    def road_line(self, start: int, end: int) -> Floats:
        """Return the vertices of the fastest way by road alone, metres; none without lines."""
        if not self.lines:
            return _NO_LINE
        return self._line(start, self._tree(start, ferries=False).edges_to(end))

    def quays_min(self, start: int, end: int) -> tuple[Floats, Floats]:
        """Return road minutes from `start` to each quay and from there to `end`; inf for none."""
        quays = self.state.ferries.quays
        onward = travel_time.matrix(self.state.roads, quays, [end])[:, 0]
        return _inf(self._tree(start, ferries=False).travel_min[quays]), _inf(onward)

    def ferry_line(self, link: str, here: int, there: int) -> Floats:
        """Return the vertices of a ferry from node to node, metres; none without lines."""
        if not self.lines:
            return _NO_LINE
        ferries = self.state.region.ferries
        shape = ferries.geometry[(ferries["link_id"] == link).to_numpy()].iloc[0]
        line = self._metres(shapely.get_coordinates(shape))
        ends = self.state.xy[[here, there]]
        backwards = np.hypot(*(line[0] - ends[0])) > np.hypot(*(line[-1] - ends[0]))
        return line[::-1] if backwards else line

    def road(self, start: int, end: int, base: Step, *, factor: float = 1.0) -> Step:
        """Return a drive by road alone; `base` holds names, vehicle and posts.

        Args:
            start, end: nodes.
            base: what the step is to be made of.
            factor: speed against an ambulance's.
        """
        minutes, line = self.road_min(start, end) / factor, self.road_line(start, end)
        return replace(base, kind="road", minutes=minutes, schematic=self.schematic, xy=line)

    def ride(
        self,
        start: int,
        end: int,
        base: Step,
        *,
        leave_min: float | None,
        at_quay: Floats | None = None,
    ) -> list[Step]:
        """Return a drive that may take ferries, as road, waiting and ferry steps.

        Args:
            start, end: nodes.
            base: names of the two ends, vehicle and posts.
            leave_min: minute of the day of leaving, or None for mean waits.
            at_quay: when each quay is reached, minute of the day, where it is known already.
        """
        if leave_min is None:
            pieces = self.mean_pieces(start, end)
        else:
            pieces = self._timed(start, end, leave_min, at_quay)
        joined = list(_merged(pieces))
        if not joined:
            joined = [Step("road", 0.0)]
        found = []
        for k, piece in enumerate(joined):
            begin = base.start if k == 0 else joined[k].start
            finish = base.end if k == len(joined) - 1 else joined[k].end
            waits = piece.kind == "ferry_wait"
            found.append(
                replace(
                    piece,
                    start=begin,
                    end=begin if waits else finish,
                    vehicle=base.vehicle,
                    post=base.post,
                    crew=base.crew,
                    schematic=self.schematic and piece.kind == "road",
                )
            )
        return found

    def passage(self, port: int, landing: int, base: Step) -> Step:
        """Return a boat's way from a port to a landing (column of the passages)."""
        state = self.state
        minutes = float(state.passage_min[port, landing])
        return replace(base, kind="boat", minutes=minutes, xy=state.sea.path(port, landing))

    def from_base(self, post: int, port: int, length_km: float, base: Step) -> Step:
        """Return a boat's way from its base to a port."""
        boat = self.state.parameters.boat
        minutes = 60.0 * length_km / (boat.speed_kn * 1.852) + boat.berthing_min
        return replace(base, kind="boat", minutes=minutes, xy=self._sea_line(post, port))

    def flight(self, start: Floats, end: Floats, base: Step) -> Step:
        """Return a flight between two points, metres."""
        minutes = float(self.state.flight_min(start[None, :], end[None, :])[0, 0])
        return replace(base, kind="flight", minutes=minutes, xy=np.vstack([start, end]))

    def mean_pieces(self, start: int, end: int) -> Iterator[Step]:
        """Yield the way with ferries at their mean waits, edge by edge."""
        land = self.state.land
        edges = self._tree(start, ferries=True).edges_to(end)
        here = start
        for edge in edges.tolist():
            there = int(land.graph.edge_to[edge])
            row = land.edges.iloc[edge]
            line = self.state.xy[[here, there]]
            if row["kind"] == "ferry":
                yield from self._crossing(edge, here, there, float(row["wait_min"]), np.nan)
            else:
                yield Step("road", float(row["travel_min"] + row["wait_min"]), xy=line)
            here = there

    def _timed(
        self, start: int, end: int, leave_min: float, at_quay: Floats | None
    ) -> Iterator[Step]:
        ferries = self.state.ferries
        to_quay, onward = self.quays_min(start, end)
        direct = float(_inf(np.array(self.road_min(start, end))))
        clock = leave_min
        for piece in ferries.way(leave_min, to_quay, onward, direct, at_quay):
            here = start if piece.start < 0 else int(ferries.quays[piece.start])
            there = end if piece.end < 0 else int(ferries.quays[piece.end])
            if piece.ride is None:
                if here != there:
                    yield Step("road", piece.minutes, xy=self.road_line(here, there))
                clock += piece.minutes
                continue
            wait = piece.sails_min - clock
            for step in self._crossing(piece.ride.edge, here, there, wait, piece.sails_min):
                yield replace(step, minutes=piece.minutes) if step.kind == "ferry" else step
            clock = piece.sails_min + piece.minutes

    def _crossing(
        self, edge: int, here: int, there: int, wait_min: float, sails_min: float
    ) -> Iterator[Step]:
        row = self.state.land.edges.iloc[edge]
        names = self.node_name(here), self.node_name(there)
        link = str(row["link_id"])
        yield Step("ferry_wait", wait_min, names[0], names[0], link_id=link, sails_min=sails_min)
        yield Step(
            "ferry",
            float(row["travel_min"]),
            *names,
            link_id=link,
            sails_min=sails_min,
            xy=self.ferry_line(link, here, there),
        )

    def _tree(self, start: int, *, ferries: bool) -> paths.Tree:
        key = (start, ferries)
        if key not in self._trees:
            prepared = self.state.full if ferries else self.state.roads
            self._trees[key] = paths.tree(prepared.network, start)
        return self._trees[key]

    def _line(self, start: int, edges: Ints) -> Floats:
        nodes = np.concatenate([[start], self.state.land.graph.edge_to[edges]]).astype(np.int64)
        return self.state.xy[nodes]

    def _sea_line(self, post: int, port: int) -> Floats:
        region = self.state.region
        ids = region.posts["post_id"].iloc[post], region.ports["port_id"].iloc[port]
        links = region.sea_links
        mine = (links["from_post_id"] == ids[0]) & (links["to_port_id"] == ids[1])
        ends = self.state.xy[
            [int(self.state.post_node(np.array([post]))[0]), int(self.state.port_node[port])]
        ]
        if not mine.any() or "geometry" not in links:
            return ends
        return self._metres(shapely.get_coordinates(links.geometry[mine.to_numpy()].iloc[0]))

    def _metres(self, lon_lat: Floats) -> Floats:
        return crs.to_metric(lon_lat[:, 0], lon_lat[:, 1], self.state.region.metric_crs)


def _merged(pieces: Iterator[Step]) -> Iterator[Step]:
    """Join consecutive road pieces into one."""
    held: Step | None = None
    for piece in pieces:
        if held is not None and held.kind == piece.kind == "road":
            held = replace(
                held, minutes=held.minutes + piece.minutes, xy=np.vstack([held.xy, piece.xy[1:]])
            )
            continue
        if held is not None:
            yield held
        held = piece
    if held is not None:
        yield held


def _names(table: pd.DataFrame) -> list[Name]:
    """Return the Chinese and the Latin name of each row."""
    pairs = zip(table["name_zh"], table["name_en"], strict=True)
    return [(str(zh), en if isinstance(en, str) else latin(str(zh))) for zh, en in pairs]


def _inf(minutes: Floats) -> Floats:
    return np.where(np.isnan(minutes), np.inf, minutes)
