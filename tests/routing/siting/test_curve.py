"""The trade-off curve against single answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from routing.siting import SitingProblem, curve, solve
from routing.siting.answer import answer
from routing.siting.clock import Clock
from routing.siting.curve import curve_objective, trade_off
from routing.siting.question import MAXIMIZED, REACH_FIRST, Question, ask
from routing.siting.result import SitingResult
from tests.routing.siting import oracle

OBJECTIVES = (
    "min-sites",
    "max-coverage",
    "min-mean",
    "min-worst",
    "backup",
    "survival",
    "double-standard",
)
RADIUS = 3.0


def unreached(problem: SitingProblem, times: object) -> float:
    return float(problem.importance[np.isnan(times)].sum())  # type: ignore[call-overload]


def check_curve_is_that_of_single_answers(problem: SitingProblem, objective: str) -> None:
    needs_new = None if objective == "min-sites" else int(problem.required.sum())
    question = ask(
        problem, objective=objective, new=needs_new, target_min=RADIUS, share_within=0.9,
        worst_island_min=1.0,
    )  # fmt: skip
    steps = trade_off(problem, question, most_new=9)
    least = int((problem.required & ~problem.existing).sum())
    most = int((problem.undecided & ~problem.existing).sum())
    assert [step.new for step in steps] == list(range(least, most + 1))
    shown = curve_objective(objective)
    covering = shown in ("max-coverage", "backup", "double-standard")
    worths: list[tuple[float, float]] = []
    for step in steps:
        alone = solve(
            problem, objective=shown, new=step.new, target_min=RADIUS if covering else None
        )
        assert step.result.status == alone.status
        if not step.result.is_answer:
            assert step.figures is None
            assert worths == []
            continue
        assert step.result.objective_value == pytest.approx(alone.objective_value, abs=1e-6)
        lost = unreached(problem, step.result.times_min) if shown in REACH_FIRST else 0.0
        sign = -1 if shown in MAXIMIZED else 1
        worths.append((lost, round(sign * step.result.objective_value, 6)))
    assert worths == sorted(worths, reverse=True)


test_curve_is_that_of_single_answers, test_many = oracle.few_and_many(
    check_curve_is_that_of_single_answers,
    oracle.problems(), st.sampled_from(OBJECTIVES), few=20, many=400,
)  # fmt: skip


def line(existing: tuple[int, ...] = (0,)) -> SitingProblem:
    random = np.random.default_rng(4)
    points, sites = random.uniform(0, 60, 120), random.uniform(0, 60, 15)
    times = np.abs(points[:, None] - sites)
    zones = np.where(points < 20, "main_urban", "rural").tolist()
    return SitingProblem.from_matrix(times, zones=zones, existing=existing)


def test_figures_of_each_step_are_those_of_its_sites() -> None:
    problem = line()
    question = ask(problem, objective="min-sites", target_min={"main_urban": 4.0, "rural": 6.0})
    for step in trade_off(problem, question, most_new=5):
        times = problem.times_min[:, step.result.sites].min(axis=1)
        assert step.figures is not None
        for zone, target in (("main_urban", 4.0), ("rural", 6.0)):
            mine = times[problem.zones == zone]
            shown = step.figures.zones[zone]
            assert shown.mean_min == pytest.approx(mine.mean())
            assert shown.share_within_target == pytest.approx((mine <= target).mean())
        assert step.figures.longest_min == times.max()
        assert step.figures.worst_island_min == times.max()


def test_a_site_that_must_open_starts_the_curve() -> None:
    problem = replace(line(), required=np.arange(15) == 7)
    steps = trade_off(problem, ask(problem, objective="min-mean", new=1), most_new=3)
    assert [step.new for step in steps] == [1, 2, 3]
    assert all(7 in step.result.sites for step in steps)


def test_a_worse_answer_of_a_time_limit_gives_way_to_that_with_fewer_sites(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = line()
    question = ask(problem, objective="min-mean", new=3)
    found = [answer(problem, replace(question, new=k)) for k in range(4)]
    worse = replace(found[0], status="feasible", bound=found[2].bound)
    nothing = replace(found[0], status="unknown", sites=found[0].sites[:0], bound=np.nan)
    stopped = [found[0], found[1], worse, nothing]
    monkeypatch.setattr(curve, "answer", lambda _, asked, **__: stopped[asked.new])
    steps = trade_off(problem, question, most_new=3)
    values = [step.result.objective_value for step in steps]
    assert values == [found[0].objective_value] + [found[1].objective_value] * 3
    assert [step.result.status for step in steps] == ["optimal", "optimal", "feasible", "feasible"]
    assert steps[2].result.bound == found[2].bound
    assert np.isnan(steps[3].result.bound)
    assert steps[3].result.sites.tolist() == found[1].sites.tolist()


@pytest.mark.parametrize("objective", ["min-mean", "survival", "min-worst"])
def test_a_hurried_curve_is_still_falling_and_true(objective: str) -> None:
    problem = line()
    question = ask(problem, objective=objective, new=0)
    proven = trade_off(problem, question, most_new=6)
    hurried = trade_off(problem, question, most_new=6, clock=Clock(0.05))
    sign = -1 if objective in MAXIMIZED else 1
    for one, best in zip(hurried, proven, strict=True):
        if one.result.is_answer:
            assert sign * one.result.objective_value >= sign * best.result.objective_value - 1e-6
    values = [sign * one.result.objective_value for one in hurried if one.result.is_answer]
    assert values == sorted(values, reverse=True)


def test_a_failure_in_one_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = line()
    question = ask(problem, objective="min-mean", new=0)
    asked: list[int] = []

    def failing(problem: SitingProblem, question: Question, **how: Any) -> SitingResult:
        asked.append(int(question.new or 0))
        if question.new == 2:
            raise ZeroDivisionError
        return answer(problem, question, **how)

    monkeypatch.setattr(curve, "answer", failing)
    with pytest.raises(ZeroDivisionError):
        trade_off(problem, question, most_new=14)
    assert {0, 1, 2} <= set(asked)


def test_steps_worked_on_side_by_side_are_those_of_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = line()
    question = ask(problem, objective="double-standard", new=0, target_min=RADIUS)
    found = []
    for at_once in (1, 3):
        monkeypatch.setattr(curve, "_AT_ONCE", at_once)
        steps = trade_off(problem, question, most_new=6)
        found.append([(s.new, s.result.objective_value, s.result.sites.tolist()) for s in steps])
    assert found[0] == found[1]
    assert [new for new, _, _ in found[0]] == list(range(7))


def test_progress_is_told() -> None:
    heard: list[float] = []
    problem = line()
    trade_off(problem, ask(problem, objective="min-mean", new=0), most_new=1, progress=heard.append)
    assert heard == [0.0, 0.5]
