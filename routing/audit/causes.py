"""Why late: the seconds that a call took beyond its target, split over causes without remainder.

A late call has the excess ``E = response - target > 0``, whole seconds. With norms ``h`` for what
passes before dispatch and ``u`` for turnout (what the model takes boats and helicopters to need
until they leave, where one was sent), the road has the budget ``a = target - h - u``. Let
``near`` be the modelled travel from the nearest post that had crews, ``free`` that from the
nearest one with a crew free by the log itself, ``sent`` that from the post that went, and ``t``
the recorded travel. Times over the norm, in the order of `CAUSES`:

====================  ===========================================================================
``handling``          ``(recorded before dispatch - h)+``
``turnout``           ``(recorded turnout - u)+``
``distance``          ``(near - a)+``: no post is near enough even with a free crew
``crossing_water``    the same where the nearest post's way takes a ferry; all of ``(t - a)+`` where
                      the vehicle was a boat, or a helicopter to another landmass; what no model
                      of the road explains where post and call lie on different landmasses
``crew_busy``         ``(free - max(near, a))+``: crews of every nearer post were out by the log
``farther_post``      ``(sent - max(free, a))+``: a nearer post had a crew free by the log
``weather``           ``(t - max(sent, a))+`` where a table of conditions says bad weather
``slow_travel``       the same in other weather: slower than modelled
``unexplained``       what remains: stamps or places are missing
====================  ===========================================================================

The road's terms telescope, so that with all stamps and places known they add up to ``(t - a)+`` and
nothing is unexplained. Where something was faster than its norm, the terms add up to more than E.
The attribution is a sequence of counterfactuals: each cause in turn is set to its norm, and is
charged with what that takes off the lateness still there. So charges add up to E exactly, and a
cause that comes later in the order is charged only what earlier ones leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from routing.audit.crews import Crews
from routing.audit.modelled import Modelled
from routing.audit.weather import Weather
from routing.config import Parameters

CAUSES: Final = (
    "handling",
    "turnout",
    "distance",
    "crossing_water",
    "crew_busy",
    "farther_post",
    "weather",
    "slow_travel",
    "unexplained",
)
"""Causes in the order in which they are charged; texts are below ``audit_causes.cause``."""


@dataclass(frozen=True)
class Norms:
    """What a call may take before the road, and when it is late; whole seconds.

    Attributes:
        before_dispatch_s: from the start stamp to dispatch.
        turnout_s: from dispatch to departure, of ambulances.
        target_s: by zone; a call is late when its response is greater.
        mobilisation_s: from dispatch to departure, of boats and of helicopters.
    """

    before_dispatch_s: int
    turnout_s: int
    target_s: dict[str, int]
    mobilisation_s: tuple[int, int]

    @property
    def leaving_s(self) -> tuple[int, int, int]:
        """From dispatch to departure, by class of vehicle; see `modelled.VEHICLE_CLASSES`."""
        return (self.turnout_s, *self.mobilisation_s)

    @classmethod
    def of(cls, parameters: Parameters) -> Norms:
        """Return the norms of the response model; its start stamp is the audit's."""
        return cls(
            round(60 * parameters.clock.before_dispatch_min()),
            round(60 * parameters.ambulance.turnout_min),
            {zone: round(60 * parameters.target.of(zone)) for zone in ("main_urban", "rural")},
            (
                round(60 * parameters.boat.mobilisation_min),
                round(60 * parameters.helicopter.mobilisation_min),
            ),
        )


@dataclass(frozen=True)
class Explainer:
    """All that the causes of a late call are told from; picklable.

    Attributes:
        modelled: modelled times of the region.
        norms: what is within the norm.
        crews: record of all jobs of the log, or None where it cannot be told who was out. Without
            one, or where it names no vehicle of any post that the region knows, the posts that
            count in the region's headline are taken, with a crew always free.
        weather: table of conditions, or None.
    """

    modelled: Modelled
    norms: Norms
    crews: Crews | None = None
    weather: Weather | None = None
