"""The k nearest places of every other place, in one rise and one sweep whatever their number.

Every position keeps a short sorted list of minutes and labels, a label being the number of a
place in the caller's list. Of a fastest way that passes a position, at most k - 1 other places
can be nearer there, so lists of k entries lose nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geodata.jit import compiled
from routing.hierarchy.customization import Metric
from routing.hierarchy.sweeps import Selection, at_and_above, select
from routing.hierarchy.topology import Topology

NO_LABEL = -1


def nearest_labels(
    topology: Topology,
    metric: Metric,
    places: NDArray[np.int32],
    asking: NDArray[np.int32],
    k: int,
    *,
    towards_places: bool,
    limit_min: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return minutes and labels of the k nearest places, each of shape (len(asking), k).

    Rows are sorted by minutes, then label; entries without a place have NaN and `NO_LABEL`.

    Args:
        topology: the hierarchy.
        metric: its minutes.
        places: positions to choose from, shape (p,); the label of ``places[i]`` is i.
        asking: positions that ask, shape (a,).
        k: number of places wanted, at least 1.
        towards_places: count the way from the asking to the place, not from the place.
        limit_min: longest travel time of interest, may be ``inf``.
    """
    up, down = metric.rise_min, metric.fall_min
    if towards_places:
        up, down = down, up
    selection = select(topology, asking)
    above, index = at_and_above(topology.parent, places)
    best_min, best_label = risen_labels(
        topology.arc_ptr, topology.arc_head, up, above, index, places, k
    )
    selected_min = down if selection.arc is None else down[selection.arc]
    return _swept(topology, selection, selected_min, index, best_min, best_label, limit_min)


def _swept(
    topology: Topology,
    selection: Selection,
    selected_min: NDArray[np.float64],
    index: NDArray[np.int32],
    best_min: NDArray[np.float64],
    best_label: NDArray[np.int64],
    limit_min: float,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    swept = swept_nearest if best_min.shape[1] == 1 else swept_labels
    travel_min, label = swept(
        topology.root,
        selection.at,
        selection.arc_ptr,
        selection.arc_head,
        selected_min,
        index,
        best_min,
        best_label,
    )
    travel_min, label = travel_min[selection.wanted], label[selection.wanted]
    lost = ~(travel_min <= limit_min) | np.isinf(travel_min)
    travel_min[lost] = np.nan
    label[lost] = NO_LABEL
    return travel_min, label


@compiled
def offer(
    best_min: NDArray[np.float64],
    best_label: NDArray[np.int64],
    row: int,
    minutes: float,
    label: int,
) -> bool:
    """Enter a label into a sorted row unless it is there with less; False if it is too slow.

    A label appears at most once in a row. Equal minutes are ranked by label.
    """
    last = best_min.shape[1] - 1
    if minutes > best_min[row, last]:
        return False
    for c in range(last + 1):
        if best_label[row, c] == label:
            if best_min[row, c] <= minutes:
                return True
            last = c
            break
    if minutes == best_min[row, last] and label >= best_label[row, last] >= 0:
        return True
    while last > 0 and (
        minutes < best_min[row, last - 1]
        or (minutes == best_min[row, last - 1] and label < best_label[row, last - 1])
    ):
        best_min[row, last] = best_min[row, last - 1]
        best_label[row, last] = best_label[row, last - 1]
        last -= 1
    best_min[row, last] = minutes
    best_label[row, last] = label
    return True


@compiled
def risen_labels(
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
    up_min: NDArray[np.float64],
    above: NDArray[np.int32],
    index: NDArray[np.int32],
    places: NDArray[np.int32],
    k: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the lists of all positions at or above the places, by rising arcs alone."""
    best_min = np.full((len(above), k), np.inf)
    best_label = np.full((len(above), k), NO_LABEL, np.int64)
    for label in range(len(places)):
        r = index[places[label]]
        offer(best_min, best_label, r, 0.0, label)
    for r in range(len(above) - 1, -1, -1):
        for e in range(arc_ptr[above[r]], arc_ptr[above[r] + 1]):
            h = index[arc_head[e]]
            for c in range(k):
                minutes = best_min[r, c] + up_min[e]
                if minutes == np.inf or not offer(
                    best_min, best_label, h, minutes, best_label[r, c]
                ):
                    break
    return best_min, best_label


@compiled
def swept_labels(
    root: NDArray[np.int32],
    at: NDArray[np.int32],
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
    down_min: NDArray[np.float64],
    index: NDArray[np.int32],
    best_min: NDArray[np.float64],
    best_label: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the lists of all selected positions."""
    k = best_min.shape[1]
    here_min = np.full((len(at), k), np.inf)
    here_label = np.full((len(at), k), NO_LABEL, np.int64)
    for i in range(len(at)):
        if index[root[at[i]]] < 0:
            continue
        r = index[at[i]]
        if r >= 0:
            here_min[i] = best_min[r]
            here_label[i] = best_label[r]
        for e in range(arc_ptr[i], arc_ptr[i + 1]):
            h = arc_head[e]
            for c in range(k):
                minutes = here_min[h, c] + down_min[e]
                if minutes == np.inf or not offer(
                    here_min, here_label, i, minutes, here_label[h, c]
                ):
                    break
    return here_min, here_label


@compiled
def swept_nearest(
    root: NDArray[np.int32],
    at: NDArray[np.int32],
    arc_ptr: NDArray[np.int64],
    arc_head: NDArray[np.int32],
    down_min: NDArray[np.float64],
    index: NDArray[np.int32],
    best_min: NDArray[np.float64],
    best_label: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return what `swept_labels` does for k = 1, several times as fast."""
    here_min = np.full((len(at), 1), np.inf)
    here_label = np.full((len(at), 1), NO_LABEL, np.int64)
    for i in range(len(at)):
        if index[root[at[i]]] < 0:
            continue
        least, label = np.inf, NO_LABEL
        r = index[at[i]]
        if r >= 0:
            least, label = best_min[r, 0], best_label[r, 0]
        for e in range(arc_ptr[i], arc_ptr[i + 1]):
            h = arc_head[e]
            minutes = here_min[h, 0] + down_min[e]
            if minutes < least or (minutes == least and here_label[h, 0] < label):
                least, label = minutes, here_label[h, 0]
        here_min[i, 0] = least
        here_label[i, 0] = label
    return here_min, here_label
