"""The answers to a request: the proposal itself, and what makes it firm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from routing.brief.state import State
from routing.config import Parameters
from routing.propose import columns
from routing.propose.after import World
from routing.propose.columns import Columns
from routing.propose.request import Request
from routing.propose.slower import Slower
from routing.siting import alternatives, curve, infeasibility, sensitivity
from routing.siting.alternatives import Alternatives
from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.curve import Step
from routing.siting.infeasibility import Relaxation
from routing.siting.problem import Floats, SitingProblem
from routing.siting.question import COVERING, Question, ask
from routing.siting.result import SitingResult
from routing.siting.sensitivity import Run, Variant

Report = Callable[[str, float], None]

# Random states of the world: travel so much longer, demand of a township so much more or less.
SLOWER = (0.1, 0.2)
SHIFT = 0.2


@dataclass(frozen=True)
class Plan:
    """Everything that was found.

    Attributes:
        problem: what was solved.
        question: what was asked of it; with ``until_target`` the one that came out of it.
        result: the answer.
        steps: the trade-off curve.
        others: alternatives, the answer itself first.
        runs: the answer in other states of the world.
        chosen_share: by site, in which share of these it is new again (it or one near it).
        relaxation: where there is no answer, what would give one.
        fewest: with ``until_target`` the answer to how many new sites it takes.
    """

    problem: SitingProblem
    question: Question
    result: SitingResult
    steps: list[Step] = field(default_factory=list)
    others: Alternatives | None = None
    runs: list[Run] = field(default_factory=list)
    chosen_share: Floats | None = None
    relaxation: Relaxation | None = None
    fewest: SitingResult | None = None


def make(world: World, request: Request, *, report: Report = lambda *_: None) -> Plan:
    """Answer a request.

    Args:
        world: the region.
        request: what is asked.
        report: called with the name of each stage and the share of it that is done.

    Raises:
        InputError: if the request does not fit the region.
    """
    report("solve", 0.0)
    problem = columns.problem(world.columns, world.states, world.held, request)
    question, result, fewest = _answered(problem, world, request)
    plan = Plan(problem, question, result, fewest=fewest)
    if result.status == "infeasible":
        clock = Clock(request.time_limit_s)
        why = infeasibility.explain(problem, question, clock=clock, seed=request.seed)
        plan = replace(plan, relaxation=why)
    # The curve drops the bounds: it shows how far sites get where no number of them will do, too.
    plan = _with_curve(plan, request, report)
    if not result.is_answer:
        return plan
    near = _near(world.columns, request.apart_km)
    plan = _with_alternatives(plan, request, near, report)
    return _with_sensitivity(plan, world, request, near, report)


def _answered(
    problem: SitingProblem, world: World, request: Request
) -> tuple[Question, SitingResult, SitingResult | None]:
    """Return the question, its answer and, of ``until_target``, the answer that gave the number."""
    targets, strict = _targets(problem, world.parameters), world.strict
    if not request.until_target or request.objective == "min-sites":
        question = _question(problem, request, targets, new=request.new, strict=strict)
        return question, _solved(problem, question, request), None
    counting = replace(request, objective="min-sites")
    fewest = _question(problem, counting, targets, new=None, strict=strict)
    first = _solved(problem, fewest, request)
    if not first.is_answer:
        return fewest, first, first
    # As movable posts that close allow one more new site each, these are not counted.
    moved = int(problem.movable[first.closed_sites].sum())
    new = len(first.new_sites) - moved
    question = _question(problem, request, targets, new=new, strict=strict)
    question = replace(question, mean_min=targets)
    return question, _solved(problem, question, request), first


def _solved(problem: SitingProblem, question: Question, request: Request) -> SitingResult:
    return answer(problem, question, clock=Clock(request.time_limit_s), seed=request.seed)


def _targets(problem: SitingProblem, parameters: Parameters) -> dict[str, float]:
    heavy = set(problem.zones[problem.weights > 0].tolist())
    return {zone: parameters.target.of(zone) for zone in sorted(heavy)}


def _question(
    problem: SitingProblem,
    request: Request,
    targets: dict[str, float],
    *,
    new: int | None,
    strict: bool,
) -> Question:
    zones = sorted(set(problem.zones.tolist()))
    covers = request.objective in COVERING
    question = ask(
        problem,
        objective=request.objective,
        new=new,
        target_min=_of_every_zone(zones, targets) if covers else targets,
        share_within=None
        if request.share_within is None
        else dict.fromkeys(targets, request.share_within),
        worst_island_min=request.worst_island_min,
        outer_min=request.outer_min,
        covered_share=request.covered_share,
        first_share=request.first_share,
        busy={zone: request.busy.get(zone, 0.0) for zone in zones} if request.busy else None,
        survival=request.survival,
        step_min=request.step_min,
        # A mean over those who can be reached falls when the slowest are cut off.
        reach_all=True if strict else None,
    )
    # Targets bind the fewest sites, and whoever asks for them; a number of sites binds the others.
    bound = request.objective == "min-sites" or covers
    return question if bound else replace(question, mean_min={})


def _of_every_zone(zones: list[str], targets: dict[str, float]) -> dict[str, float]:
    """Return targets for zones without demand too, where they cover nobody anyway."""
    return {zone: targets.get(zone, 0.0) for zone in zones}


def _near(sites: Columns, apart_km: float) -> NDArray[np.bool_] | None:
    """Return which sites are of one kind and so near that they count as one place."""
    if not apart_km > 0:
        return None
    table = sites.table
    lon, lat = np.radians(table["lon"].to_numpy(float)), np.radians(table["lat"].to_numpy(float))
    east = (lon[:, None] - lon[None, :]) * np.cos(0.5 * (lat[:, None] + lat[None, :]))
    away_km = 6371.0 * np.hypot(east, lat[:, None] - lat[None, :])
    kind = table["facility"].to_numpy(object)
    return np.asarray((away_km <= apart_km) & (kind[:, None] == kind[None, :]))


def _with_curve(plan: Plan, request: Request, report: Report) -> Plan:
    if request.curve is None:
        return plan
    steps = curve.trade_off(
        plan.problem,
        plan.question,
        most_new=request.curve,
        clock=Clock(request.time_limit_s * (request.curve + 1)),
        seed=request.seed,
        progress=lambda done: report("curve", done),
    )
    return replace(plan, steps=steps)


def _with_alternatives(
    plan: Plan, request: Request, near: NDArray[np.bool_] | None, report: Report
) -> Plan:
    if not request.alternatives:
        return plan
    others = alternatives.find(
        plan.problem,
        plan.question,
        plan.result,
        count=request.alternatives,
        near=near,
        clock=Clock(request.time_limit_s * request.alternatives),
        seed=request.seed,
        progress=lambda done: report("alternatives", done),
    )
    return replace(plan, others=others)


def _with_sensitivity(
    plan: Plan, world: World, request: Request, near: NDArray[np.bool_] | None, report: Report
) -> Plan:
    if not request.sensitivity:
        return plan
    done = sensitivity.runs(
        _variants(plan.problem, world, request),
        plan.question,
        plan.result,
        clock=Clock(request.time_limit_s * (request.sensitivity + len(SLOWER))),
        seed=request.seed,
        progress=lambda share: report("sensitivity", share),
    )
    share = sensitivity.share_chosen(done, plan.problem.n_sites, near)
    return replace(plan, runs=done, chosen_share=share)


def _variants(problem: SitingProblem, world: World, request: Request) -> Iterator[Variant]:
    """Yield travel 10 and 20 % longer, then random states up to 20 % with demand shifted."""
    slowed = _slowed(problem, world)
    for slower in SLOWER:
        yield Variant(f"slower_{slower:.0%}".rstrip("%"), slowed(slower), slower=slower)
    random = np.random.default_rng(request.seed)
    townships = np.concatenate([_townships(world.states[one.name]) for one in world.held])
    for number in range(1, request.sensitivity + 1):
        slower = float(random.uniform(0.0, SLOWER[-1]))
        other = sensitivity.shifted(slowed(slower), townships, SHIFT, random)
        yield Variant(f"random_{number}", other, slower=slower, shift=SHIFT)


def _slowed(problem: SitingProblem, world: World) -> Callable[[float], SitingProblem]:
    """Return what gives the problem with travel so much longer, 0.1 for 10 %."""
    blocks = np.split(problem.times_min, len(world.held))
    parts = [
        Slower(world.columns, world.states[one.name], block)
        for one, block in zip(world.held, blocks, strict=True)
    ]

    def slowed(slower: float) -> SitingProblem:
        return replace(problem, times_min=np.vstack([part.minutes(slower) for part in parts]))

    return slowed


def _townships(state: State) -> NDArray[np.str_]:
    demand = state.demand
    place = demand["township_zh"].fillna(demand["island_id"]).astype(str)
    return np.asarray(demand["county_zh"].fillna("").astype(str) + "/" + place, dtype=np.str_)
