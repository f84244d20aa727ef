"""Scenarios: dated changes to a region and the condition it is looked at under.

>>> from routing import scenario                                         # doctest: +SKIP
>>> asked = scenario.load(Path("bridge.toml"))                           # doctest: +SKIP
>>> after = scenario.apply(region, asked)                                # doctest: +SKIP
"""

from routing.scenario.change import applied, apply
from routing.scenario.combine import combined
from routing.scenario.model import (
    ConditionAsked,
    HelipadAdded,
    LinkClosed,
    LinkOpened,
    PopulationShift,
    PostAdded,
    PostChanged,
    PostMoved,
    PostRemoved,
    Scenario,
)
from routing.scenario.read import examples, find, load, parse
from routing.scenario.told import notices, scenarios_of

__all__ = [
    "ConditionAsked",
    "HelipadAdded",
    "LinkClosed",
    "LinkOpened",
    "PopulationShift",
    "PostAdded",
    "PostChanged",
    "PostMoved",
    "PostRemoved",
    "Scenario",
    "applied",
    "apply",
    "combined",
    "examples",
    "find",
    "load",
    "notices",
    "parse",
    "scenarios_of",
]
