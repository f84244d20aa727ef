"""The planner's desk: a region as it is, and the responses under any small change to it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from geodata.region import Region
from routing import land_network
from routing.brief.state import respond
from routing.conditions import Catalogue, Condition
from routing.config import Parameters
from routing.land_network import LandNetwork
from routing.scenario import ConditionAsked, Scenario
from routing.scenario.places import Islands
from routing.whatif import answer, changes, network
from routing.whatif.answer import Responses
from routing.whatif.sea import Sea

_NOTHING = Scenario("", "", "")
_KEPT = {"places": 12, "responses": 40}
Found = TypeVar("Found")


@dataclass(frozen=True)
class _Place:
    """A region under some changes and its network in calm weather."""

    region: Region
    land: LandNetwork


class Desk:
    """Answers what-if questions about one region; may be asked from several threads at once.

    Args:
        region: a valid region.
        parameters: the response model.
        catalogue: the conditions that may be asked for.
    """

    def __init__(self, region: Region, parameters: Parameters, catalogue: Catalogue) -> None:
        self.region, self.parameters, self.catalogue = region, parameters, catalogue
        self._islands, self._sea = Islands(region), Sea(region)
        self._memo: dict[str, OrderedDict[Hashable, Any]] = {k: OrderedDict() for k in _KEPT}
        self._lock = threading.RLock()

    def prepare(self) -> None:
        """Do now what the first boat that moves would wait for."""
        self._sea.prepare()

    def answer(self, asked: Scenario) -> dict[str, Any]:
        """Return the responses under a request beside those of the region as it is.

        Args:
            asked: from `routing.whatif.read`. Both sides hold under its condition.

        Returns:
            see `routing.whatif.answer.compare`; the statistics ``now`` are those that a brief of
            the scenario finds.

        Raises:
            InputError: with every id, place or condition that the region or the catalogue lacks.
        """
        with self._lock:
            condition = self.condition(asked.condition)
            before = self.responses(_NOTHING, condition)
            return answer.compare(before, self.responses(asked, condition))

    def condition(self, asked: ConditionAsked) -> Condition:
        """Return the condition that a request asks for.

        Raises:
            InputError: if the catalogue does not know it.
        """
        return asked.condition(self.parameters, catalogue=self.catalogue)

    def responses(self, asked: Scenario, condition: Condition) -> Responses:
        """Return the responses under the changes of a request and a condition.

        Raises:
            InputError: with everything that the region lacks.
        """
        wanted = _changes(asked)

        def found() -> Responses:
            place = self._place(wanted, asked)
            land = place.land.under(condition)
            return Responses.of(respond(place.region, self.parameters, land, condition))

        with self._lock:
            return self._remembered("responses", (wanted, condition), found)

    def _place(self, wanted: Scenario, asked: Scenario) -> _Place:
        return self._remembered("places", wanted, lambda: self._built(wanted, asked))

    def _built(self, wanted: Scenario, asked: Scenario) -> _Place:
        if wanted == _NOTHING:
            sea_links = self._sea.links(self.region.posts, moved=set(), added=set())
            region = replace(
                self.region.replace(sea_links=sea_links), content_hash=self.region.content_hash
            )
            return _Place(region, land_network.build(region, self.parameters))
        base = self._place(_NOTHING, _NOTHING)
        region = changes.apply(self.region, asked, islands=self._islands, sea=self._sea)
        land = network.updated(base.land, self.region, region, asked, self.parameters)
        return _Place(region, land)

    def _remembered(self, name: str, key: Hashable, make: Callable[[], Found]) -> Found:
        memo = self._memo[name]
        if key not in memo:
            memo[key] = make()
        memo.move_to_end(key)
        if len(memo) > _KEPT[name]:
            # What nothing is compared with can go; the region as it is stays.
            oldest = next(k for k in memo if _NOTHING not in (k, *_parts(k)))
            del memo[oldest]
        found: Found = memo[key]
        return found


def _parts(key: Hashable) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else ()


def _changes(asked: Scenario) -> Scenario:
    """Return what of a request the region feels: equal changes give equal answers."""
    return replace(
        asked, name="", name_zh="", name_en="", note="", date=None, condition=ConditionAsked()
    )
