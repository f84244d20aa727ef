"""What a proposal is asked: the options of the command, checked as far as no region is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from geodata.errors import Fault, InputError
from routing.config import Parameters
from routing.propose.given import KINDS
from routing.siting.candidates import SOURCES
from routing.siting.question import COUNTING, DE_MAIO, OBJECTIVES

SYSTEMS = ("wgs84", "gcj02", "bd09")


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        objective: one of `routing.siting.OBJECTIVES`.
        new: largest number of new sites, or None.
        until_target: as few new sites as it takes to meet the targets on the means, and of those
            the best by the objective.
        keep: ids of posts and candidates that must be open.
        close: ids of posts and candidates that must not.
        closable, movable: ids of posts that may be closed or moved; ``all`` for every one that is
            not named elsewhere, in `movable` for every one of the kinds to choose from.
        candidates: file of candidates, or None to take them from the region.
        coordinates: system of the file's lon and lat: ``wgs84``, ``gcj02`` or ``bd09``.
        sources: places of the region to take candidates from.
        lattice_km: spacing of further candidates on built land, or None.
        kinds: kinds of site to choose from, each with its largest number of new ones or None; empty
            for ambulance posts or, with a file of candidates, for every kind that it holds.
        costs: cost of a new site by kind, and what closing a post of that kind saves; where not
            given, that of the parameters.
        budget: most that may be spent, less what closing posts saves, or None.
        exclusive: groups of ids of which at most one may be open.
        min_new_by_county: least number of new sites by county.
        share_within: least share of each zone's calls reached within its target, or None.
        worst_island_min: bound on the mean of every inhabited island, or None.
        outer_min: of ``double-standard``: everybody within so many minutes, or None.
        covered_share, first_share, busy, survival, step_min: of the objectives that take them;
            `busy` by zone.
        curve: number of new sites up to which the trade-off curve goes, or None.
        alternatives: how many other answers to look for.
        apart_km: sites nearer than this count as the same place in alternatives and sensitivity; 0
            for the very site alone.
        sensitivity: how many random states of the world to try the answer in.
        time_limit_s: of each of: the answer, the curve, the alternatives, the sensitivity.
        seed: of solvers and random states.
        next_best: whether to tell as well what the next single site of each kind buys.
    """

    objective: str = "min-sites"
    new: int | None = None
    until_target: bool = False
    keep: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    closable: tuple[str, ...] = ()
    movable: tuple[str, ...] = ()
    candidates: Path | None = None
    coordinates: str = "wgs84"
    sources: tuple[str, ...] = SOURCES
    lattice_km: float | None = None
    kinds: Mapping[str, int | None] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None
    exclusive: tuple[tuple[str, ...], ...] = ()
    min_new_by_county: Mapping[str, int] = field(default_factory=dict)
    share_within: float | None = None
    worst_island_min: float | None = None
    outer_min: float | None = None
    covered_share: float = 0.0
    first_share: float = 0.5
    busy: Mapping[str, float] = field(default_factory=dict)
    survival: tuple[float, float] = DE_MAIO
    step_min: float = 1.0
    curve: int | None = None
    alternatives: int = 0
    apart_km: float = 0.0
    sensitivity: int = 0
    time_limit_s: float = 60.0
    seed: int = 0
    next_best: bool = False

    def __post_init__(self) -> None:
        """Check what can be checked without a region.

        Raises:
            InputError: with every fault found.
        """
        faults = [*self._choices(), *self._contradictions(), *self._numbers()]
        if faults:
            raise InputError(faults)

    def _choices(self) -> list[Fault]:
        given = (
            ("--objective", [self.objective], OBJECTIVES),
            ("--kind", list(self.kinds), KINDS),
            ("--cost", list(self.costs), KINDS),
            ("--from", list(self.sources), SOURCES),
            ("--coordinates", [self.coordinates], SYSTEMS),
        )
        return [
            Fault("not_a_choice", option, value, {"choices": ", ".join(choices)})
            for option, values, choices in given
            for value in values
            if value not in choices
        ]

    def _contradictions(self) -> list[Fault]:
        """Return what the options say against each other."""
        faults = []
        for one, other in combinations(("keep", "close", "closable", "movable"), 2):
            both = sorted(set(getattr(self, one)) & set(getattr(self, other)))
            faults += [
                Fault("propose_both", f"--{one}, --{other}", site, {"other": f"--{other}"})
                for site in both
            ]
        if self.new is not None and self.until_target:
            faults.append(Fault("propose_new_and_until", "--new, --until-target", self.new))
        known = self.objective in COUNTING or self.objective not in OBJECTIVES
        if self.new is None and not self.until_target and not known:
            faults.append(Fault("propose_needs_new", "--new", params={"objective": self.objective}))
        is_sheet = self.candidates is not None and self.candidates.suffix.lower() == ".csv"
        if self.coordinates in SYSTEMS[1:] and not is_sheet:
            faults.append(Fault("propose_no_coordinates", "--coordinates", self.coordinates))
        return faults

    @property
    def wanted(self) -> tuple[str, ...]:
        """Kinds of site to choose from."""
        return tuple(self.kinds) or (KINDS if self.candidates is not None else KINDS[:1])

    def cost_of(self, kind: str, parameters: Parameters) -> float:
        """Return the cost of a new site of `kind`."""
        return self.costs.get(kind, parameters.cost.of(kind))

    def _numbers(self) -> list[Fault]:
        at_least_0: list[tuple[str, float | None]] = [
            ("--new", self.new),
            ("--budget", self.budget),
            ("--worst-island", self.worst_island_min),
            ("--outer", self.outer_min),
            ("--curve", self.curve),
            ("--apart", self.apart_km),
            ("--alternatives", self.alternatives),
            ("--sensitivity", self.sensitivity),
            *((f"--cost {kind}", cost) for kind, cost in self.costs.items()),
            *((f"--kind {kind}", most) for kind, most in self.kinds.items()),
            *((f"--min-per-county {name}", n) for name, n in self.min_new_by_county.items()),
        ]
        faults = [
            Fault("siting_negative", name, value)
            for name, value in at_least_0
            if value is not None and not 0 <= value < math.inf
        ]
        positive = (("--lattice", self.lattice_km), ("--time-limit", self.time_limit_s))
        faults += [
            Fault("number_too_small", name, value, {"minimum": 0})
            for name, value in positive
            if value is not None and not 0 < value < math.inf
        ]
        shares: list[tuple[str, float | None]] = [
            ("--share", self.share_within),
            ("--covered-share", self.covered_share),
            ("--first-share", self.first_share),
            *((f"--busy {zone}", fraction) for zone, fraction in self.busy.items()),
        ]
        return faults + [
            Fault("propose_not_a_share", name, value)
            for name, value in shares
            if value is not None and not 0 <= value <= 1
        ]
