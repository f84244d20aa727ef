"""Many-to-many travel times: rise from a few places at once, then sweep down to all others.

Restricted PHAST (Delling, Goldberg, Nowatzyk & Werneck 2013, doi:10.1016/j.jpdc.2012.02.007;
Delling, Goldberg & Werneck 2011, doi:10.4230/OASIcs.ATMOS.2011.52) on a customized hierarchy. A
*lane* is one place of the side with fewer of them; `LANES` lanes share each pass over the arcs.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled
from routing.hierarchy.customization import Metric
from routing.hierarchy.lanes import LANES, relax
from routing.hierarchy.topology import Topology

ARCS_PER_THREAD = 500_000
LONGEST_FINITE = float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class Selection:
    """The part of a hierarchy that matters to a set of places: them and all above them.

    Attributes:
        at: position of each selected place, rising, shape (s,).
        arc_ptr: arcs of each selected place, shape (s + 1,).
        arc_head: the more important end, as an index into `at`.
        arc: number of each arc in the whole hierarchy, or None where all of it is selected.
        wanted: index into `at` of each place asked for.
    """

    at: NDArray[np.int32]
    arc_ptr: NDArray[np.int64]
    arc_head: NDArray[np.int32]
    arc: NDArray[np.int64] | None
    wanted: NDArray[np.int32]


def select(topology: Topology, positions: NDArray[np.int32]) -> Selection:
    """Return the selection for `positions`, shape (k,); they may repeat."""
    if len(positions) >= topology.n_nodes:
        everything = np.arange(topology.n_nodes, dtype=np.int32)
        return Selection(everything, topology.arc_ptr, topology.arc_head, None, positions)
    at, index = at_and_above(topology.parent, positions)
    arc_ptr, arc_head, arc = selected_arcs(at, index, topology.arc_ptr, topology.arc_head)
    return Selection(at, arc_ptr, arc_head, arc, index[positions])


def many_to_many(
    topology: Topology,
    metric: Metric,
    sources: NDArray[np.int32],
    targets: NDArray[np.int32],
    *,
    limit_min: float,
    threads: int,
) -> NDArray[np.float64]:
    """Return minutes from each source to each target, NaN where there is no way or above the limit.

    Args:
        topology: the hierarchy.
        metric: its minutes.
        sources: positions, shape (s,).
        targets: positions, shape (t,).
        limit_min: longest travel time of interest, may be ``inf``.
        threads: number of threads to share the work; they never change the result.
    """
    out = np.empty((len(sources), len(targets)))
    by_target = len(targets) < len(sources)
    lanes, swept = (targets, sources) if by_target else (sources, targets)
    if len(lanes) == 0:
        return out
    up, down = metric.rise_min, metric.fall_min
    if by_target:
        up, down = down, up
    selection = select(topology, swept)
    selected_min = down if selection.arc is None else down[selection.arc]
    # Neighbouring lanes share most of the way up, so they are swept together.
    lane_order = np.argsort(lanes, kind="stable")
    lane_at = lanes[lane_order]

    def work(first: int, last: int, scratch: Scratch) -> None:
        sweep(
            topology.arc_ptr,
            topology.arc_head,
            topology.parent,
            topology.root,
            up,
            selection.at,
            selection.arc_ptr,
            selection.arc_head,
            selected_min,
            selection.wanted,
            lane_at[first:last],
            lane_order[first:last],
            by_target,
            limit_min,
            scratch.dist,
            scratch.slot,
            scratch.path,
            out,
        )

    batches = -(-len(lanes) // LANES)
    worthwhile = batches * len(selection.arc_head) // ARCS_PER_THREAD
    threads = max(1, min(threads, batches, worthwhile))
    bounds = np.linspace(0, len(lanes), threads + 1).astype(int)
    # Allocated here rather than in the threads, whose own heaps would be mapped anew every time.
    scratches = [Scratch.of(len(selection.at), topology.n_nodes) for _ in range(threads)]
    if threads == 1:
        work(0, len(lanes), scratches[0])
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, bounds[:-1], bounds[1:], scratches))
    return out


@dataclass(frozen=True, eq=False)
class Scratch:
    """Working arrays of one thread, for the length of one call.

    Attributes:
        dist: minutes of the selected places, shape (s, LANES).
        slot: row of each position on a batch's way up, -1 for the others, shape (n,).
        path: positions on a batch's way up, shape (n,).
    """

    dist: NDArray[np.float64]
    slot: NDArray[np.int32]
    path: NDArray[np.int32]

    @classmethod
    def of(cls, n_selected: int, n_nodes: int) -> Scratch:
        """Return the arrays for a selection of `n_selected` out of `n_nodes`."""
        slot = np.full(n_nodes, -1, np.int32)
        return cls(np.empty((n_selected, LANES)), slot, np.empty(n_nodes, np.int32))


@compiled
def at_and_above(
    parent: NDArray[np.int32], positions: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return all positions at or above the given ones, rising, and the index of each (else -1)."""
    index = np.full(len(parent), -1, np.int32)
    count = 0
    for p in positions:
        v = p
        while v != -1 and index[v] == -1:
            index[v] = 0
            count += 1
            v = parent[v]
    at = np.empty(count, np.int32)
    count = 0
    for v in range(len(parent)):
        if index[v] == 0:
            at[count] = v
            index[v] = count
            count += 1
    return at, index


@compiled
def selected_arcs(
    at: NDArray[np.int32],
    index: NDArray[np.int32],
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return `arc_ptr`, `arc_head` and `arc` of a selection."""
    ptr = np.zeros(len(at) + 1, np.int64)
    for i in range(len(at)):
        ptr[i + 1] = ptr[i] + arc_ptr[at[i] + 1] - arc_ptr[at[i]]
    head = np.empty(ptr[-1], np.int32)
    arc = np.empty(ptr[-1], np.int64)
    for i in range(len(at)):
        first = arc_ptr[at[i]]
        for e in range(ptr[i], ptr[i + 1]):
            arc[e] = first + e - ptr[i]
            head[e] = index[arc_head[arc[e]]]
    return ptr, head, arc


@compiled
def sweep(
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
    parent: NDArray[np.int32],
    root: NDArray[np.int32],
    up_min: NDArray[np.float64],
    at: NDArray[np.int32],
    selected_ptr: NDArray[np.int64],
    selected_head: NDArray[np.int32],
    selected_min: NDArray[np.float64],
    wanted: NDArray[np.int32],
    lane_at: NDArray[np.int32],
    lane_column: NDArray[np.int64],
    lanes_are_columns: bool,
    limit_min: float,
    dist: NDArray[np.float64],
    slot: NDArray[np.int32],
    path: NDArray[np.int32],
    out: NDArray[np.float64],
) -> None:
    """Fill the rows (or columns) `lane_column` of `out`; see `many_to_many`."""
    longest = min(limit_min, LONGEST_FINITE)
    n_batches = -(-len(lane_at) // LANES)
    for batch in range(n_batches):
        start = batch * len(lane_at) // n_batches
        stop = (batch + 1) * len(lane_at) // n_batches
        reached, rising = rise(arc_ptr, arc_head, parent, up_min, lane_at[start:stop], slot, path)
        for i in range(len(at)):
            here = dist[i]
            s = slot[at[i]]
            if s >= 0:
                for lane in range(LANES):
                    here[lane] = rising[s, lane]
            else:
                for lane in range(LANES):
                    here[lane] = np.inf
                if slot[root[at[i]]] < 0:
                    continue
            for e in range(selected_ptr[i], selected_ptr[i + 1]):
                relax(dist, i, selected_head[e], selected_min[e])
        for i in range(reached):
            slot[path[i]] = -1
        if lanes_are_columns:
            for j in range(len(wanted)):
                here = dist[wanted[j]]
                for lane in range(stop - start):
                    minutes = here[lane]
                    out[j, lane_column[start + lane]] = minutes if minutes <= longest else np.nan
        else:
            for lane in range(stop - start):
                row = out[lane_column[start + lane]]
                for j in range(len(wanted)):
                    minutes = dist[wanted[j], lane]
                    row[j] = minutes if minutes <= longest else np.nan


@compiled
def rise(
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
    parent: NDArray[np.int32],
    up_min: NDArray[np.float64],
    lane_at: NDArray[np.int32],
    slot: NDArray[np.int32],
    path: NDArray[np.int32],
) -> tuple[int, NDArray[np.float64]]:
    """Return the number of positions above a batch of lanes, and the minutes by rising arcs alone.

    Writes those positions to `path` and, for each, its row in the result to `slot`.
    """
    first = np.zeros(LANES + 1, np.int64)
    reached = 0
    for lane in range(len(lane_at)):
        v = lane_at[lane]
        while v != -1 and slot[v] == -1:
            slot[v] = reached
            path[reached] = v
            reached += 1
            v = parent[v]
        first[lane + 1] = reached
    dist = np.full((reached, LANES), np.inf)
    for lane in range(len(lane_at)):
        dist[slot[lane_at[lane]], lane] = 0.0
    # A stretch of the path ends below an earlier one, so the last found is the first to be done.
    for lane in range(len(lane_at) - 1, -1, -1):
        for s in range(first[lane], first[lane + 1]):
            for e in range(arc_ptr[path[s]], arc_ptr[path[s] + 1]):
                relax(dist, slot[arc_head[e]], s, up_min[e])
    return reached, dist
