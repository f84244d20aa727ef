"""Solve siting problems with OR-Tools: one entry for every objective."""

from __future__ import annotations

from routing.siting.clock import Clock
from routing.siting.problem import SitingProblem
from routing.siting.question import DE_MAIO, OBJECTIVES, ByZone, ask
from routing.siting.result import SitingResult

__all__ = ["OBJECTIVES", "solve"]


def solve(
    problem: SitingProblem,
    *,
    objective: str,
    new: int | None = None,
    target_min: ByZone = None,
    time_limit_s: float | None = None,
    seed: int = 0,
    mean_min: ByZone = None,
    share_within: ByZone = None,
    worst_island_min: float | None = None,
    outer_min: ByZone = None,
    covered_share: float = 0.0,
    first_share: float = 0.5,
    busy: ByZone = None,
    survival: tuple[float, float] = DE_MAIO,
    step_min: float = 1.0,
    reach_all: bool | None = None,
) -> SitingResult:
    """Solve a siting problem.

    Every demand point is served by the open site that reaches it first. A point that no open site
    reaches is left out of means, here as in the statistics; closing or moving a site never cuts off
    a point that is reached today. Points without weight do not count.

    =====================  =================================================
    ``min-sites``          fewest (cheapest) sites that meet the bounds
    ``max-coverage``       most weight within the target
    ``set-cover``          fewest sites that put everybody within the target
    ``min-mean``           least weighted mean
    ``min-worst``          least longest time
    ``double-standard``    most weight within the target of two crews
    ``backup``             most weight within the target of one and of two
    ``expected-coverage``  most weight that finds a free crew in the target
    ``survival``           most expected survivors
    ``equity``             all times, from the longest down
    =====================  =================================================

    All but ``min-sites`` and ``set-cover`` need `new`; those on coverage need `target_min`, and
    ``expected-coverage`` needs `busy`.
    Their formulas are in `routing.siting.objectives`. Of equally good answers the one that reaches
    the most weight and then has the smallest weighted mean is taken, without new sites, closures
    and moves that gain nothing, and of sites that are the same in everything the first. For the two
    that count sites, the fewest closures and moves come before both.

    Args:
        problem: what to solve.
        objective: one of `OBJECTIVES`.
        new: largest number of new sites; where not needed, any number unless given.
        target_min: minutes, one number for all zones or one for each. For objectives on coverage
            the time within which a point counts as covered; for all others a bound on the mean.
        time_limit_s: wall-time limit; the best answer so far is returned with its true gap.
        seed: passed to the solvers.
        mean_min: bound on the mean of zones, for objectives on coverage too.
        share_within: least share of each zone's weight within its target.
        worst_island_min: bound on the mean of every island with weight.
        outer_min: of ``double-standard``, the time within which everybody has to be.
        covered_share: of ``double-standard``, least share of all weight within the target.
        first_share: of ``backup``, what being covered once is worth, against covered twice; 0 to 1.
        busy: of ``expected-coverage``, busy fraction of the crews serving a zone; 0 to 1.
        survival: of ``survival``, a and b of ``1 / (1 + exp(a + b t))``.
        step_min: of ``equity``, width of a class of times that count as equal.
        reach_all: of ``min-sites``, whether everybody whom some site can reach has to be reached;
            unless given only where no site is open today, as a mean over nobody meets any bound.

    Raises:
        InputError: if the objective is unknown or what it needs is missing or out of range.

    Example:
        >>> problem = SitingProblem.from_matrix([[20.0, 9.0], [16.0, 17.0]], existing=[0])
        >>> solve(problem, objective="min-sites", target_min=14.0).new_sites.tolist()
        [1]
    """
    # OR-Tools takes long to load, and most of what imports this module never asks it anything.
    from routing.siting.answer import answer

    clock = Clock(time_limit_s)
    question = ask(
        problem,
        objective=objective,
        new=new,
        target_min=target_min,
        mean_min=mean_min,
        share_within=share_within,
        worst_island_min=worst_island_min,
        outer_min=outer_min,
        covered_share=covered_share,
        first_share=first_share,
        busy=busy,
        survival=survival,
        step_min=step_min,
        reach_all=reach_all,
    )
    return answer(problem, question, clock=clock, seed=seed)
