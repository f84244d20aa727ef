"""From the numbers to the story: which steps lead the patient to a hospital."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from routing.itinerary.router import Journeys
from routing.itinerary.state import Onward
from routing.itinerary.steps import Maker, Name, Step
from routing.itinerary.story import HOSPITAL, NOBODY, Origin, Story, Support
from routing.itinerary.ways import AT_SCENE


class Tracer:
    """Tells the itineraries of one journey.

    Args:
        journeys: scenes under one condition.
        row: which of the scenes.
        make: what makes the steps, where several tracers share one.
    """

    def __init__(self, journeys: Journeys, row: int = 0, make: Maker | None = None) -> None:
        self.journeys, self.row = journeys, row
        self.state = journeys.state
        self.make = make or Maker(self.state)
        self.scene: Name = journeys.scenes.names[row]
        self._response: list[Step] | None = None
        self.option = int(journeys.crews.best.option[row])

    def crew(self) -> int:
        """Return the row of the post of the first crew."""
        found = self.journeys.crews.found
        rider = int(found.crew_post[self.option])
        return self._post(rider if rider >= 0 else self.option)

    def response(self) -> list[Step]:
        """Return the steps of the first crew up to its arrival on scene."""
        if self._response is None:
            self._response = self._first_crew()
        return list(self._response)

    def _first_crew(self) -> list[Step]:
        found, option = self.journeys.crews.found, self.option
        vehicle = str(found.table["vehicle"].iloc[option])
        before = self.state.parameters.clock.before_dispatch_min()
        steps = [Step("call_handling", before)] if before else []
        if vehicle == "ambulance":
            return steps + self._ambulance(before)
        return steps + (self._boat() if vehicle == "boat" else self._helicopter())

    def direct(self, vehicle: str, hospital: int) -> Story:
        """Return the itinerary that brings the patient by `vehicle` to `hospital`."""
        steps = self.response()
        patients, row = self.journeys.patients, self.row
        arrive = float(self.journeys.crews.best.response_min[row])
        leave = float(patients.leave_min[row])
        crew = self.crew()
        steps.append(Step("scene", leave - arrive, self.scene, self.scene, crew=crew))
        origin = self.origin()
        onward, support, post = self.onward(origin, vehicle, hospital)
        end = float(self.journeys.ways.arrival_min[vehicle][row, hospital])
        return Story((*steps, *onward), tuple(support), vehicle, post, hospital, arrive, leave, end)

    def origin(self) -> Origin:
        """Return where the patient is brought on from: the scene."""
        first = int(self.journeys.crews.ambulance[self.row])
        patients, crew = self.journeys.patients, self.crew()
        ambulance = NOBODY if first < 0 else self._post(first)
        if patients.by_ambulance[self.row]:
            ambulance = crew
        return Origin(patients, self.row, self.journeys.ways, self.scene, crew, ambulance)

    def onward(
        self, origin: Origin, vehicle: str, hospital: int
    ) -> tuple[list[Step], list[Support], int]:
        """Return the steps to `hospital` by `vehicle`, who meets the patient, and its post."""
        if vehicle == "ambulance":
            return self._by_road(origin, hospital)
        if vehicle == "boat":
            return self._by_boat(origin, hospital)
        if vehicle == "local_vehicle":
            return self._by_local_vehicle(origin, hospital)
        return self._by_air(origin, hospital)

    # The first crew

    def _ambulance(self, before: float) -> list[Step]:
        found, patients, row = self.journeys.crews.found, self.journeys.patients, self.row
        post = self._post(self.option)
        turnout = float(found.prepare_min[self.option])
        name = self.make.name("posts", post)
        base = Step("road", 0.0, name, self.scene, vehicle="ambulance", post=post, crew=post)
        leave = None
        if patients.call_min is not None:
            leave = float(patients.call_min[row]) + before + turnout
        steps = self.make.ride(self._node(post), int(patients.node[row]), base, leave_min=leave)
        steps = self._with_access(steps, float(patients.access_min[row]), at_end=True)
        return [replace(base, kind="turnout", minutes=turnout, end=name), *steps]

    def _boat(self) -> list[Step]:
        """As `routing.legs`: the crew drives while the boat makes ready."""
        found, state = self.journeys.crews.found, self.state
        base_row, crew = self._post(self.option), self.crew()
        port = int(found.via[self.option, self.row])
        drive = float(found.crew_road_min[self.option])
        ready = float(found.prepare_min[self.option])
        late = min(max(0.0, ready - state.parameters.boat.mobilisation_min), drive)
        names = self.make.name("posts", crew), self.make.name("posts", base_row)
        landing = self.make.name("ports", port)
        boat = Step("boat", 0.0, vehicle="boat", post=base_row, crew=crew)
        steps = [replace(boat, kind="mobilisation", minutes=ready - late, start=names[0],
                         end=names[0] if late else names[1])]  # fmt: skip
        if late > 0:
            by_road = Step("road", 0.0, *names, vehicle="ambulance", post=crew, crew=crew)
            drive_step = self.make.road(self._node(crew), self._node(base_row), by_road)
            steps.append(replace(drive_step, minutes=late))
        km = float(found.sea_km[self.option, port])
        sail = replace(boat, start=names[1], end=landing)
        steps.append(self.make.from_base(base_row, port, km, sail))
        transfer = float(state.port_transfer_min[port])
        steps.append(replace(boat, kind="transfer", minutes=transfer, start=landing, end=landing))
        return [*steps, self._to_scene(int(state.port_node[port]), landing, crew)]

    def _helicopter(self) -> list[Step]:
        found, state, row = self.journeys.crews.found, self.state, self.row
        heli, post = state.parameters.helicopter, self._post(self.option)
        pad = int(found.via[self.option, row])
        patients = self.journeys.patients
        name = self.make.name("posts", post)
        base = Step("flight", 0.0, name, name, vehicle="helicopter", post=post, crew=post)
        ready = float(found.prepare_min[self.option])
        steps = [replace(base, kind="mobilisation", minutes=ready)]
        land = self.journeys.crews.land
        if pad < 0:
            scene = self.journeys.scenes.table["demand_id"].iloc[row]
            target, extra = int(land.node_of("demand", [scene])[0]), heli.unprepared_site_min
            end = self.scene
        else:
            helipad = state.region.helipads.loc[pad, "helipad_id"]
            target, extra = int(land.node_of("helipads", [helipad])[0]), 0.0
            end = self.make.name("helipads", pad)
        xy = land.nodes[["x", "y"]].to_numpy(float)
        fly = replace(base, end=end)
        steps.append(self.make.flight(xy[self._node(post)], xy[target], fly))
        minutes = heli.transfer_min + extra
        steps.append(replace(base, kind="transfer", minutes=minutes, start=end, end=end))
        if pad >= 0:
            return [*steps, self._to_scene(target, end, post)]
        access = float(patients.access_min[row]) / state.parameters.boat.onshore_speed_factor
        if np.isfinite(access) and access > 0:
            walk = Step("road", 0.0, end, end, vehicle="local_vehicle", crew=post)
            steps += self._with_access([walk], access, at_end=True)
        return steps

    def _to_scene(self, start: int, name: Name, crew: int) -> Step:
        patients, row = self.journeys.patients, self.row
        factor = self.state.parameters.boat.onshore_speed_factor
        base = Step("road", 0.0, name, self.scene, vehicle="local_vehicle", crew=crew)
        step = self.make.road(start, int(patients.node[row]), base, factor=factor)
        return self._with_access([step], float(patients.access_min[row]) / factor, at_end=True)[0]

    # To the hospital

    def _by_road(self, origin: Origin, hospital: int) -> tuple[list[Step], list[Support], int]:
        patients, row = origin.patients, origin.row
        start = float(patients.ambulance_from_min[row])
        steps = self._wait(origin, float(patients.leave_min[row]), start)
        support = self._second_ambulance(origin)
        door = self.make.name("hospitals", hospital)
        base = Step("road", 0.0, origin.name, door, vehicle="ambulance",
                    post=origin.ambulance, crew=origin.ambulance)  # fmt: skip
        access = float(patients.access_min[row])
        leave = None
        if patients.call_min is not None:
            leave = float(patients.call_min[row]) + start + access
        goal = int(self.state.hospital_node[hospital])
        at_quay = None if origin.ways.at_quay is None else origin.ways.at_quay[row]
        start_node = int(patients.node[row])
        drive = self.make.ride(start_node, goal, base, leave_min=leave, at_quay=at_quay)
        return steps + self._with_access(drive, access, at_end=False), support, origin.ambulance

    def _by_local_vehicle(
        self, origin: Origin, hospital: int
    ) -> tuple[list[Step], list[Support], int]:
        patients, row = origin.patients, origin.row
        factor = self.state.parameters.boat.onshore_speed_factor
        door = self.make.name("hospitals", hospital)
        base = Step("road", 0.0, origin.name, door, vehicle="local_vehicle", crew=origin.crew)
        goal = int(self.state.hospital_node[hospital])
        step = self.make.road(int(patients.node[row]), goal, base, factor=factor)
        access = float(patients.access_min[row]) / factor
        return self._with_access([step], access, at_end=False), [], NOBODY

    def _by_boat(self, origin: Origin, hospital: int) -> tuple[list[Step], list[Support], int]:
        state, ways, row = self.state, origin.ways, origin.row
        landing = int(ways.boat_to[row, hospital])
        port = int(ways.boat_from[row, landing])
        name, there = (self.make.name("ports", k) for k in (port, int(state.sea.to_port[landing])))
        steps, support, clock = self._carried(origin, int(state.port_node[port]), name)
        ready, posts = state.boat_at_port
        post = int(posts[port])
        meets = float(origin.patients.tasked_min[row] + ready[port])
        support.append(Support("boat", post, float(origin.patients.tasked_min[row]), meets, name))
        steps += self._wait(replace(origin, name=name), clock, meets)
        clock = max(clock, meets)
        base = Step("boat", 0.0, name, name, vehicle="boat", post=post, crew=origin.crew)
        board = float(state.port_transfer_min[port])
        sail = self.make.passage(port, landing, replace(base, end=there))
        leave = float(state.port_transfer_min[state.sea.to_port[landing]])
        steps += [
            replace(base, kind="transfer", minutes=board),
            sail,
            replace(base, kind="transfer", minutes=leave, start=there, end=there),
        ]
        clock += board + sail.minutes + leave
        node = int(state.port_node[state.sea.to_port[landing]])
        last, met = self._met(origin, hospital, node, there, clock, state.landing_onward, landing)
        return steps + last, support + met, post

    def _by_air(self, origin: Origin, hospital: int) -> tuple[list[Step], list[Support], int]:
        state, ways, row = self.state, origin.ways, origin.row
        heli, patients = state.parameters.helicopter, origin.patients
        pad = int(ways.flight_to[row, hospital])
        begin = int(ways.flight_from[row, pad])
        there = self.make.name("helipads", int(state.pad_row[pad]))
        goal = state.xy[state.pad_node[pad]]
        support: list[Support] = []
        if begin == AT_SCENE:
            name, start, steps = origin.name, patients.xy[row], list[Step]()
            clock, extra = float(patients.leave_min[row]), heli.unprepared_site_min
            handover = patients.handover_min
        else:
            name = self.make.name("helipads", int(state.pad_row[begin]))
            start = state.xy[state.pad_node[begin]]
            steps, support, clock = self._carried(origin, int(state.pad_node[begin]), name)
            extra = handover = 0.0
        ready, posts = state.helicopter_at(start[None, :])
        post = int(posts[0])
        tasked = float(patients.tasked_min[row])
        meets = tasked + float(ready[0]) + extra
        support.append(Support("helicopter", post, tasked, meets, name))
        board = meets + handover
        steps += self._wait(replace(origin, name=name), clock, board)
        base = Step("flight", 0.0, name, name, vehicle="helicopter", post=post, crew=origin.crew)
        fly = self.make.flight(start, goal, replace(base, end=there))
        steps += [
            replace(base, kind="transfer", minutes=heli.transfer_min),
            fly,
            replace(base, kind="transfer", minutes=heli.transfer_min, start=there, end=there),
        ]
        clock = max(clock, board) + 2 * heli.transfer_min + fly.minutes
        last, met = self._met(
            origin, hospital, int(state.pad_node[pad]), there, clock, state.pad_onward, pad
        )
        return steps + last, support + met, post

    def _carried(
        self, origin: Origin, node: int, name: Name
    ) -> tuple[list[Step], list[Support], float]:
        """Return the way from the scene to a port or pad by the quicker carrier, and its end."""
        patients, row = origin.patients, origin.row
        leave, later = float(patients.leave_min[row]), float(patients.ambulance_from_min[row])
        drive = self.make.road_min(int(patients.node[row]), node) + float(patients.access_min[row])
        factor = 1.0
        if not patients.by_ambulance[row]:
            factor = self.state.parameters.boat.onshore_speed_factor
        own = leave + drive / factor
        if own <= later + drive:
            vehicle = "ambulance" if patients.by_ambulance[row] else "local_vehicle"
            post = origin.ambulance if patients.by_ambulance[row] else NOBODY
            steps, support, start = [], [], leave
        else:
            vehicle, post, factor, start = "ambulance", origin.ambulance, 1.0, later
            steps, support = self._wait(origin, leave, later), self._second_ambulance(origin)
        base = Step("road", 0.0, origin.name, name, vehicle=vehicle, post=post, crew=origin.crew)
        step = self.make.road(int(patients.node[row]), node, base, factor=factor)
        access = float(patients.access_min[row]) / factor
        steps = [*steps, *self._with_access([step], access, at_end=False)]
        return steps, support, start + drive / factor

    def _met(
        self,
        origin: Origin,
        hospital: int,
        node: int,
        name: Name,
        clock: float,
        onward: Onward,
        place: int,
    ) -> tuple[list[Step], list[Support]]:
        """Return the last stretch by the ambulance that meets boat or helicopter."""
        if onward.on_foot[place, hospital]:
            return [], []
        post = int(onward.post[place, hospital])
        tasked = float(origin.patients.tasked_min[origin.row])
        ready = tasked + float(onward.ready_min[place, hospital])
        sender = HOSPITAL if post == NOBODY else post
        steps = self._wait(replace(origin, name=name), clock, ready)
        door = self.make.name("hospitals", hospital)
        base = Step("road", 0.0, name, door, vehicle="ambulance", post=sender, crew=origin.crew)
        goal = int(self.state.hospital_node[hospital])
        steps.append(self.make.road(node, goal, base))
        return steps, [Support("ambulance", sender, tasked, ready, name)]

    def _second_ambulance(self, origin: Origin) -> list[Support]:
        if origin.patients.by_ambulance[origin.row]:
            return []
        before = self.state.parameters.clock.before_dispatch_min()
        ready = float(self.journeys.crews.ambulance_min[self.row])
        return [Support("ambulance", origin.ambulance, before, ready, origin.name)]

    def _wait(self, origin: Origin, clock: float, until: float) -> list[Step]:
        if until <= clock + 1e-9:
            return []
        return [Step("wait", until - clock, origin.name, origin.name, crew=origin.crew)]

    def _with_access(self, steps: list[Step], minutes: float, *, at_end: bool) -> list[Step]:
        """Return `steps` with the drive between scene and network in its first or last road."""
        if minutes <= 0:
            return steps
        xy = self.journeys.patients.xy[[self.row]]
        at = len(steps) - 1 if at_end else 0
        step = steps[at]
        line = np.vstack([step.xy, xy] if at_end else [xy, step.xy])
        if step.kind == "road":
            longer = replace(step, minutes=step.minutes + minutes, xy=line)
            return [*steps[:at], longer, *steps[at + 1 :]]
        extra = replace(
            step, kind="road", minutes=minutes, xy=line[-2:] if at_end else line[:2],
            link_id="", sails_min=float("nan"), schematic=self.make.schematic,
        )  # fmt: skip
        if at_end:
            return [*steps, replace(extra, start=step.end, end=self.scene)]
        return [replace(extra, start=self.scene, end=step.start), *steps]

    def _post(self, option: int) -> int:
        return self.state.post_row[self.journeys.crews.post_ids[option]]

    def _node(self, post: int) -> int:
        return int(self.state.post_node(np.array([post]))[0])
