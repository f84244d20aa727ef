"""Travel times side by side: this project's engine and every library at hand, on one network.

    python tests/benchmarks/travel_time.py [--side 245] [--budget 20] [--only TOOL ...] [--out F.md]

``--network F.npz`` takes a real network instead of a street grid: arrays `edge_from`, `edge_to`,
`travel_min` and `node_xy`.

Each tool runs in a process of its own, on the same network and places, and its answers are
compared with scipy's. A tool that would take longer than the budget for one question answers part
of it; its time is then scaled up and marked ``~``. Further tables show how cost grows with the
network, and what 48 conditions cost. Compare figures of one run only.
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
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from networks import street_grid  # noqa: E402
from travel_time_peers import ADAPTERS, Adapter  # noqa: E402

from routing import travel_time  # noqa: E402
from routing.network import Network  # noqa: E402

N_POSTS = 40
QUESTIONS = {"1,000 x 1,000": (1000, 1000), "10,000 x 500": (10_000, 500)}
FEW = f"{N_POSTS} posts x all"
N_CONDITIONS = 48
REPEATS = 7
SCALING_SIDES = (100, 316, 1000)

Places = dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]]


def main() -> None:
    options = _options()
    if options.child:
        job, name = options.child
        print(json.dumps(JOBS[job](name, options)))
        return
    report = [_heading(options)]
    with tempfile.TemporaryDirectory() as folder:
        options.reference = Path(folder) / "reference.npz"
        _write_reference(options)
        tools = [tool for tool in ADAPTERS if not options.only or tool in options.only]
        found = [_in_child("tool", tool, options) for tool in tools if _installed(tool)]
    report.append(_tools_table(found))
    sides = [side for side in SCALING_SIDES if side <= options.largest]
    report.append(_scaling_table([_in_child("scaling", str(side), options) for side in sides]))
    report.append(_conditions_table(_in_child("conditions", "-", options)))
    text = "\n\n".join(report) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=245, help="nodes along one side of the grid")
    parser.add_argument("--network", type=Path, help="network to use instead, .npz")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds for one question")
    parser.add_argument("--only", nargs="*", choices=list(ADAPTERS), help="tools to run")
    parser.add_argument("--largest", type=int, default=1000, help="largest side when scaling")
    parser.add_argument("--out", type=Path, help="Markdown file to write")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _network(options: argparse.Namespace) -> Network:
    if options.network is None:
        return street_grid(options.side)
    with np.load(options.network) as arrays:
        return Network(len(arrays["node_xy"]), **arrays)


def _places(network: Network) -> Places:
    """Return the questions: sources and targets, the same in every process."""
    rng = np.random.default_rng(1)
    everyone = np.arange(network.n_nodes, dtype=np.int32)

    def some(count: int) -> NDArray[np.int32]:
        return rng.choice(everyone, min(count, network.n_nodes), replace=False)

    posts = {FEW: (some(N_POSTS), everyone)}
    return posts | {name: (some(s), some(t)) for name, (s, t) in QUESTIONS.items()}


def _write_reference(options: argparse.Namespace) -> None:
    network = _network(options)
    scipy = ADAPTERS["scipy"](network)
    answers = {name: scipy.table(*ends) for name, ends in _places(network).items()}
    np.savez(options.reference, **answers)


def _error(answer: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Return the largest difference; inf where one has a way and the other has none.

    Tools say differently that there is no way: NaN, inf or a number beyond any drive.
    """
    reached = np.isfinite(expected)
    answered = np.isfinite(answer) & (answer < 1e6)
    if not (reached == answered).all():
        return float("inf")
    return float(np.max(np.abs(answer - expected), where=reached, initial=0.0))


def _tool_job(tool: str, options: argparse.Namespace) -> dict[str, object]:
    """Return a tool's seconds for every question, its memory and its largest error."""
    network = _network(options)
    places = _places(network)
    if tool.startswith("ours"):
        # The compiler works once per machine; what it costs is told apart.
        start = time.perf_counter()
        small = ADAPTERS[tool](street_grid(40))
        for ends in _places(small.network).values():
            small.table(*ends)
        small.nearest(places[FEW][0][:1] * 0)
        warm_s = time.perf_counter() - start
    else:
        ADAPTERS[tool](street_grid(3))
        warm_s = 0.0
    start = time.perf_counter()
    adapter = ADAPTERS[tool](network)
    found: dict[str, object] = {
        "tool": tool,
        "version": ADAPTERS[tool].version(),
        "warm_s": warm_s,
        "build_s": (time.perf_counter() - start, False),
    }
    posts = places[FEW][0]
    if type(adapter).nearest is not Adapter.nearest:
        found["nearest_s"] = (_best(lambda: adapter.nearest(posts)), False)
    errors = []
    with np.load(options.reference) as reference:
        for name, ends in places.items():
            seconds, rows, answer = _timed_table(adapter, *ends, budget_s=options.budget)
            found[name] = (seconds, rows < 1)
            expected = reference[name][: answer.shape[0], : answer.shape[1]]
            errors.append(_error(answer, expected))
    return found | {
        "memory_mb": _peak_memory_mb(),
        "error_min": float(max(errors)),
    }


def _timed_table(
    adapter: Adapter,
    sources: NDArray[np.int32],
    targets: NDArray[np.int32],
    *,
    budget_s: float,
) -> tuple[float, float, NDArray[np.float64]]:
    """Return seconds for the whole table, the share of it answered, and that part."""
    by_target = len(targets) < len(sources)
    n_starts = min(len(sources), len(targets))
    n_asked = max(1, n_starts // 50)

    def part(count: int) -> NDArray[np.float64]:
        if by_target:
            return adapter.table(sources, targets[:count])
        return adapter.table(sources[:count], targets)

    start = time.perf_counter()
    answer = part(n_asked)
    per_start = (time.perf_counter() - start) / n_asked
    affordable = int(budget_s / per_start)
    if affordable < n_starts:
        n_asked = max(n_asked, min(affordable, n_starts))
        start = time.perf_counter()
        answer = part(n_asked)
        seconds = (time.perf_counter() - start) * n_starts / n_asked
        return seconds, n_asked / n_starts, answer
    answer = part(n_starts)
    return _best(lambda: part(n_starts)), 1.0, answer


def _scaling_job(side: str, options: argparse.Namespace) -> dict[str, object]:
    """Return the engine's seconds on a network of `side` squared nodes."""
    network = street_grid(int(side))
    places = _places(network)
    _warm()
    found: dict[str, object] = {"nodes": network.n_nodes, "edges": network.n_edges}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ISLAND_RESPONSE_CACHE"] = folder
        found["prepare"] = _once(lambda: travel_time.prepare(_anew(network), engine="hierarchy"))
        prepared = travel_time.prepare(network, engine="hierarchy")
        found["from disk"] = _best(
            lambda: travel_time.prepare(_anew(network), engine="hierarchy"), repeats=2
        )
    posts, _ = places[FEW]
    found["re-weight"] = _best(lambda: prepared.reweight(network.travel_min * 1.1))
    found["nearest"] = _best(lambda: travel_time.nearest(prepared, posts))
    for name, ends in places.items():
        found[name] = _best(lambda ends=ends: travel_time.matrix(prepared, *ends))
    found["memory_mb"] = _peak_memory_mb()
    scipy = ADAPTERS["scipy"](network)
    found["scipy nearest"] = _best(lambda: scipy.nearest(posts), repeats=3)
    found["scipy, 8 of 40 posts x all"] = _best(lambda: scipy.searches(posts[:8]), repeats=2)
    return found


def _conditions_job(_: str, options: argparse.Namespace) -> dict[str, object]:
    """Return the seconds for tables of 40 posts under 48 conditions, ours and scipy's."""
    network = _network(options)
    posts, everyone = _places(network)[FEW]
    rng = np.random.default_rng(2)
    # A condition slows every street a little and closes one in a hundred.
    minutes = network.travel_min * rng.uniform(1, 2, (N_CONDITIONS, network.n_edges))
    minutes[rng.random(minutes.shape) < 0.01] = np.inf
    _warm()
    prepared = travel_time.prepare(network, engine="hierarchy", cached=False)

    def tables() -> None:
        for condition in minutes:
            travel_time.matrix(prepared.reweight(condition), posts, everyone)

    def nearest_only() -> None:
        for condition in minutes:
            travel_time.nearest(prepared.reweight(condition), posts)

    def with_scipy() -> None:
        other = network.with_travel_min(minutes[0])
        ADAPTERS["ours, scipy engine"](other).table(posts, everyone)

    return {
        "tables": _best(tables, repeats=2),
        "nearest": _best(nearest_only, repeats=2),
        "scipy": _best(with_scipy, repeats=2) * N_CONDITIONS,
    }


JOBS: dict[str, Callable[[str, argparse.Namespace], dict[str, object]]] = {
    "tool": _tool_job,
    "scaling": _scaling_job,
    "conditions": _conditions_job,
}


def _in_child(job: str, name: str, options: argparse.Namespace) -> dict[str, object]:
    command = [sys.executable, __file__, "--child", job, name, "--side", str(options.side)]
    command += ["--budget", str(options.budget), "--reference", str(options.reference)]
    command += ["--network", str(options.network)] if options.network else []
    print(f"{job} {name} …", file=sys.stderr, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr[-2000:], file=sys.stderr)
        return {"tool": name, "failed": done.stderr.strip().splitlines()[-1:]}
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def _installed(tool: str) -> bool:
    return importlib.util.find_spec(ADAPTERS[tool].module) is not None


def _anew(network: Network) -> Network:
    """Return the same network with nothing remembered from earlier preparations."""
    return Network(network.n_nodes, network.edge_from, network.edge_to, network.travel_min)


def _warm() -> None:
    small = travel_time.prepare(street_grid(40), engine="hierarchy", cached=False)
    travel_time.nearest(small.reweight(small.network.travel_min), [0])
    travel_time.matrix(small, [0], np.arange(1600))


def _once(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _best(run: Callable[[], object], *, repeats: int = REPEATS) -> float:
    """Return the least of some runs, of one only where that takes a second."""
    best = _once(run)
    for _ in range(repeats - 1 if best < 1 else 0):
        best = min(best, _once(run))
    return best


def _peak_memory_mb() -> float | None:
    """Return the most memory this process has held; None where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    # Not getrusage, whose peak is that of the parent where it was larger.
    (peak,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


def _heading(options: argparse.Namespace) -> str:
    network = _network(options)
    when = datetime.datetime.now(datetime.UTC).date().isoformat()
    name = options.network.name if options.network else "Street grid"
    return (
        f"## Travel times\n\n{when}; {platform.machine()}, {os.cpu_count()} processors, "
        f"{platform.system()}, Python {platform.python_version()}, numpy {np.__version__}. "
        f"{name} of {network.n_nodes:,} nodes and {network.n_edges:,} directed edges; "
        f"seconds, best of up to {REPEATS} runs; ~ scaled up from part of the question."
    )


def _tools_table(found: list[dict[str, object]]) -> str:
    columns = ["build_s", "nearest_s", FEW, *QUESTIONS]
    head = ["tool", "build", "nearest of 40, all nodes", FEW, *QUESTIONS, "memory MB", "error min"]
    rows = []
    for tool in found:
        if "failed" in tool:
            rows.append([str(tool["tool"]), f"failed: {tool['failed']}"])
            continue
        cells = [_seconds(tool.get(column)) for column in columns]
        memory = "" if tool["memory_mb"] is None else f"{tool['memory_mb']:.0f}"
        rows.append(
            [f"{tool['tool']} {_version(tool)}", *cells, memory, f"{tool['error_min']:.1e}"]
        )
    notes = [
        f"{tool['tool']}: its first use in a process, on 1,600 nodes, took {tool['warm_s']:.1f} s "
        "of loading (of compiling, the first time on a machine); not counted above."
        for tool in found
        if tool.get("warm_s")
    ]
    return "\n".join([_markdown(head, rows), "", *notes])


def _version(tool: dict[str, object]) -> str:
    if not str(tool["tool"]).startswith("ours"):
        return str(tool["version"])
    return f"({'numba' if 'hierarchy' in str(tool['tool']) else 'scipy'} {tool['version']})"


def _scaling_table(found: list[dict[str, object]]) -> str:
    head = [key for key in found[0] if key != "memory_mb"] + ["memory MB"]
    rows = []
    for size in found:
        counts = [f"{size['nodes']:,}", f"{size['edges']:,}"]
        times = [_seconds((size[key], False)) for key in head[2:-1]]
        memory = "" if size["memory_mb"] is None else f"{size['memory_mb']:.0f}"
        rows.append([*counts, *times, memory])
    return "### How cost grows (hierarchy, seconds)\n\n" + _markdown(head, rows)


def _conditions_table(found: dict[str, object]) -> str:
    head = [f"{N_CONDITIONS} conditions, re-weighted each", "seconds"]
    rows = [
        [f"hierarchy, {FEW}", _seconds((found["tables"], False))],
        ["hierarchy, nearest post of all nodes", _seconds((found["nearest"], False))],
        [f"scipy engine, {FEW}", _seconds((found["scipy"], True))],
    ]
    return "### Conditions and hours\n\n" + _markdown(head, rows)


def _seconds(measured: object) -> str:
    if measured is None:
        return ""
    seconds, scaled = measured  # type: ignore[misc]
    digits = f"{seconds:.3g}" if seconds < 100 else f"{seconds:.0f}"
    return f"~{digits}" if scaled else digits


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
