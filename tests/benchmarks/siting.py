"""Siting solvers side by side: p-median, p-center and maximal covering; the embedded region.

    python tests/benchmarks/siting.py [--only QUESTION ...] [--tools TOOL ...] [--limit 600]
                                      [--random] [--new 5] [--out F.md]

p-median and p-center run on the OR-Library networks where they are at hand, and on random ones of
the same recipe and the same forty sizes with ``--random`` or without them. Maximal covering follows
the generator of Cordeau, Furini & Ljubić (2019, doi:10.1016/j.ejor.2018.12.021). Each tool runs in
a process of its own, after one small problem that is not counted, so compiling and importing are
shown apart. A peer that is not installed is left out. Compare figures of one run only.

``region`` asks every objective of Zhoushan with a lattice of 1 km as candidates, for ``--new``
sites, and for the trade-off curve of the mean from 0 to 20.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from tests.routing.siting import or_library  # noqa: E402

# Points, sites, radius, open sites, and the time we want to stay below (None: shown only).
COVERAGE = [
    (10_000, 100, 5.5, 10),
    (100_000, 100, 5.5, 10),
    (1_000_000, 100, 5.5, 10),
    (20_000_000, 100, 5.5, 10),
    (1_000_000, 500, 3.25, 10),
    (1_000_000, 500, 5.5, 10),
    (1_000_000, 1000, 5.5, 10),
]
CHUNK = 2_000_000
# Sizes of the forty instances of the library: vertices and open sites.
SIZES = [
    (n, p)
    for n in range(100, 1000, 100)
    for p in sorted({5, 10, n // 10, n // 5, n // 3} if n < 700 else {5, 10, n // 10})
] + [(700, 140)]
SMALL_FOR_SPOPT = 300

Row = dict[str, Any]


def main() -> None:
    options = _options()
    if options.child:
        question, tool = options.child
        for row in QUESTIONS[question][1](tool, options):
            print(json.dumps(row), flush=True)
        return
    report = [_heading()]
    for question in options.only or QUESTIONS:
        tools = [t for t in QUESTIONS[question][0] if _installed(t)]
        chosen = [t for t in tools if not options.tools or t in options.tools]
        report.append(_table(question, {t: _in_child(question, t, options) for t in chosen}))
    text = "\n\n".join(report) + "\n"
    print(text)
    if options.out:
        Path(options.out).write_text(text, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=list(QUESTIONS))
    parser.add_argument("--tools", nargs="+", choices=["ours", "pbp-pmedian", "spopt"])
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a problem and tool")
    parser.add_argument("--new", type=int, default=5, help="new sites in the region")
    parser.add_argument("--random", action="store_true", help="random networks, all forty sizes")
    parser.add_argument("--out", help="write the tables to this file")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def _networks(options: argparse.Namespace) -> Iterator[tuple[str, Any, int, int | None]]:
    if or_library.folder() and not options.random:
        names = sorted(or_library.optima(), key=lambda name: int(name.removeprefix("pmed")))
        for name in names:
            p, optimum = or_library.optima()[name]
            yield name, or_library.read(name), p, optimum
    else:
        for n, p in sorted(SIZES):
            yield f"random {n}/{p}", or_library.random_network(n, 17 * n + p), p, None


def _row(problem: str, known: float | None, answer: Callable[[], tuple[str, float]]) -> Row:
    started = time.perf_counter()
    status, value = answer()
    seconds = time.perf_counter() - started
    return {"problem": problem, "status": status, "value": value, "known": known, "s": seconds}


def _p_median(tool: str, options: argparse.Namespace) -> Iterator[Row]:
    solver = {"ours": _our_median, "pbp-pmedian": _pbp_median, "spopt": _spopt_median}[tool]
    warm = or_library.random_network(40, 1)
    yield _row("(first call)", None, lambda: solver(warm, 4, options.limit))
    for name, costs, p, optimum in _networks(options):
        if tool != "spopt" or len(costs) <= SMALL_FOR_SPOPT:
            yield _row(name, optimum, lambda c=costs, k=p: solver(c, k, options.limit))


def _our_median(costs: Any, p: int, limit: float) -> tuple[str, float]:
    from routing.siting.pmedian import solve_pmedian

    found = solve_pmedian(costs, p, time_limit_s=limit)
    return found.status, found.objective


def _pbp_median(costs: Any, p: int, limit: float) -> tuple[str, float]:
    from pbp_pmedian import solve

    value, _, _, status, _ = solve(costs.T.copy(), p, time_limit=limit)
    return "optimal" if status == 0 else str(status), float(value)


def _spopt_median(costs: Any, p: int, limit: float) -> tuple[str, float]:
    import pulp
    from spopt.locate import PMedian

    model = PMedian.from_cost_matrix(costs, np.ones(len(costs)), p_facilities=p)
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit))
    return pulp.LpStatus[solved.problem.status].lower(), float(pulp.value(solved.problem.objective))


def _p_center(tool: str, options: argparse.Namespace) -> Iterator[Row]:
    solver = {"ours": _our_center, "spopt": _spopt_center}[tool]
    warm = or_library.random_network(40, 1)
    yield _row("(first call)", None, lambda: solver(warm, 4, options.limit))
    for name, times, p, _ in _networks(options):
        if tool != "spopt" or len(times) <= SMALL_FOR_SPOPT // 3:
            yield _row(name, None, lambda t=times, k=p: solver(t, k, options.limit))


def _our_center(times: Any, p: int, limit: float) -> tuple[str, float]:
    from routing.siting.pcenter import solve_pcenter

    found = solve_pcenter(times, p, time_limit_s=limit)
    return found.status, found.objective


def _spopt_center(times: Any, p: int, limit: float) -> tuple[str, float]:
    import pulp
    from spopt.locate import PCenter

    model = PCenter.from_cost_matrix(times, p_facilities=p)
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit))
    return pulp.LpStatus[solved.problem.status].lower(), float(pulp.value(solved.problem.objective))


def _coverage(tool: str, options: argparse.Namespace) -> Iterator[Row]:
    solver = {"ours": _our_coverage, "spopt": _spopt_coverage}[tool]
    yield _row("(first call)", None, lambda: solver(1000, 20, 5.5, 4, options.limit))
    for points, sites, radius, p in COVERAGE if tool == "ours" else COVERAGE[:1]:
        row = _row(
            f"{points:,} points, {sites} sites, radius {radius}, {p} open",
            None,
            lambda n=points, m=sites, r=radius, k=p: solver(n, m, r, k, min(options.limit, 60.0)),
        )
        # Drawing the points is no part of the problem.
        yield row | {"s": row["s"] - _drawing_time(points, sites)}


def _drawing_time(n_points: int, n_sites: int) -> float:
    started = time.perf_counter()
    for _ in _draw(n_points, n_sites)[1]:
        pass
    return time.perf_counter() - started


def _draw(n_points: int, n_sites: int) -> tuple[Any, Iterator[tuple[Any, Any]]]:
    """Return sites and chunks of (points, demand): uniform on a 30 x 30 square, demand 1 to 100."""
    generator = np.random.default_rng(n_sites)
    sites = generator.uniform(0, 30, (n_sites, 2))

    def chunks() -> Iterator[tuple[Any, Any]]:
        for first in range(0, n_points, CHUNK):
            size = min(CHUNK, n_points - first)
            yield generator.uniform(0, 30, (size, 2)), generator.integers(1, 101, size)

    return sites, chunks()


def _our_coverage(n: int, m: int, radius: float, p: int, limit: float) -> tuple[str, float]:
    from routing.siting.coverage import solve_max_coverage
    from routing.siting.merging import merge_plane

    sites, chunks = _draw(n, m)
    groups = merge_plane(sites, chunks, radius, inclusive=False)
    found = solve_max_coverage(groups, p, time_limit_s=limit)
    return f"{found.status}, gap {found.gap:.4%}, {found.n_groups:,} groups", found.objective


def _spopt_coverage(n: int, m: int, radius: float, p: int, limit: float) -> tuple[str, float]:
    import pulp
    from spopt.locate import MCLP

    sites, chunks = _draw(n, m)
    points, weights = next(chunks)
    distances = np.linalg.norm(points[:, None] - sites[None], axis=2)
    # spopt counts a distance of exactly the radius as covered; none is drawn.
    model = MCLP.from_cost_matrix(distances, weights, service_radius=radius, p_facilities=p)
    solved = model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=limit))
    return pulp.LpStatus[solved.problem.status].lower(), float(pulp.value(solved.problem.objective))


def _region(tool: str, options: argparse.Namespace) -> Iterator[Row]:
    from routing.siting import OBJECTIVES, curve, solve
    from routing.siting.question import ask

    problem, targets = _lattice_problem()
    yield {"problem": "(first call)", "status": "", "value": 0.0, "known": None, "s": 0.0}
    for objective in OBJECTIVES:
        asked = _asked(objective, targets, options.new)

        def once(objective: str = objective, asked: Row = asked) -> tuple[str, float]:
            found = solve(problem, objective=objective, time_limit_s=options.limit, **asked)
            return f"{found.status}, ties {found.ties}", found.objective_value

        yield _row(f"{objective}{'' if 'new' not in asked else f', {options.new} new'}", None, once)

    def falling() -> tuple[str, float]:
        question = ask(problem, objective="min-mean", new=0)
        steps = curve.trade_off(problem, question, most_new=20)
        statuses = sorted({step.result.status for step in steps})
        return ", ".join(statuses), steps[-1].result.objective_value

    yield _row("trade-off curve of min-mean, 0 to 20 new", None, falling)


def _asked(objective: str, targets: dict[str, float], new: int) -> Row:
    """Return the options of a question; everybody within 49 min where all must be."""
    asked: Row = {} if objective in ("min-sites", "set-cover") else {"new": new}
    if objective in ("min-sites", "max-coverage", "double-standard", "backup"):
        asked["target_min"] = targets
    if objective == "set-cover":
        asked["target_min"] = 49.0
    if objective == "expected-coverage":
        asked |= {"target_min": targets, "busy": 0.3}
    return asked


def _lattice_problem() -> tuple[Any, dict[str, float]]:
    from geodata import region
    from routing import config, propose

    request = propose.Request(objective="min-mean", new=0, lattice_km=1.0)
    plan = propose.compute(region.load("zhoushan"), config.load(), request).plan
    return plan.problem, dict(plan.question.target_min)


QUESTIONS: dict[str, tuple[list[str], Callable[[str, argparse.Namespace], Iterator[Row]]]] = {
    "p-median": (["ours", "pbp-pmedian", "spopt"], _p_median),
    "p-center": (["ours", "spopt"], _p_center),
    "coverage": (["ours", "spopt"], _coverage),
    "region": (["ours"], _region),
}


def _installed(tool: str) -> bool:
    module = {"pbp-pmedian": "pbp_pmedian", "spopt": "spopt"}.get(tool)
    return module is None or importlib.util.find_spec(module) is not None


def _in_child(question: str, tool: str, options: argparse.Namespace) -> list[Row]:
    """Run one tool on one question in a process of its own; keep what it printed if it fails."""
    command = [sys.executable, __file__, "--child", question, tool, "--limit", str(options.limit)]
    command += ["--new", str(options.new), *(["--random"] if options.random else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def _heading() -> str:
    packages = ("numpy", "numba", "ortools", "pbp-pmedian", "spopt", "pulp")
    versions = []
    for name in packages:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} missing")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"# Siting solvers, {today}\n\n{machine}; {', '.join(versions)}. Seconds."


def _table(question: str, rows: dict[str, list[Row]]) -> str:
    problems = [row["problem"] for row in next(iter(rows.values()), [])]
    by_tool = {tool: {row["problem"]: row for row in found} for tool, found in rows.items()}
    lines = [
        f"## {question}",
        "",
        "| problem | " + " | ".join(f"{tool} | value, status" for tool in rows) + " |",
        "| --- |" + " ---: | --- |" * len(rows),
    ]
    for problem in problems:
        cells = [_cells(found.get(problem)) for found in by_tool.values()]
        lines.append(f"| {problem} | " + " | ".join(cells) + " |")
    counted = [p for p in problems[1:] if all(p in found for found in by_tool.values())]
    for label, chosen in (("all", problems[1:]), ("those that every tool did", counted)):
        sums = [sum(found[p]["s"] for p in chosen if p in found) for found in by_tool.values()]
        lines.append(f"| **{label}** | " + " | ".join(f"**{s:.3f}** | " for s in sums) + " |")
    return "\n".join(lines)


def _cells(row: Row | None) -> str:
    if row is None:
        return "– | –"
    value = row["value"]
    wrong = "" if row["known"] is None or abs(value - row["known"]) < 1e-6 else " (not the optimum)"
    return f"{row['s']:.3f} | {value:.10g}{wrong}, {row['status']}"


if __name__ == "__main__":
    main()
