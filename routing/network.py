"""The network as arrays: what every travel-time question is asked of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.errors import Fault, InputError

MAX_NODES = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Network:
    """Directed graph whose edges take minutes.

    Parallel edges are allowed (the faster one counts), so are self loops, edges of zero minutes,
    isolated nodes and any number of components. The arrays are copied at construction and cannot
    be written to afterwards.

    Attributes:
        n_nodes: number of nodes; nodes are 0 … n_nodes - 1.
        edge_from: node each edge starts at, shape (m,).
        edge_to: node each edge ends at, shape (m,).
        travel_min: minutes along each edge, shape (m,), at least 0; ``inf`` closes the edge.
        node_xy: metric coordinates, shape (n_nodes, 2), or None; carried along for the caller,
            they never enter a travel time.
        topology_memo: what was derived from the nodes and edges alone, shared by all
            re-weightings; like `condition_memo` not copied to other processes.
        condition_memo: what was derived from the minutes too.

    Raises:
        InputError: listing every fault of the arrays (shape, range, NaN, negative time).
    """

    n_nodes: int
    edge_from: NDArray[np.int32]
    edge_to: NDArray[np.int32]
    travel_min: NDArray[np.float64]
    node_xy: NDArray[np.float64] | None = None
    topology_memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    condition_memo: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        n_nodes, faults = _checked_count(self.n_nodes)
        edge_from = _checked_ends(self.edge_from, "edge_from", n_nodes, faults)
        edge_to = _checked_ends(self.edge_to, "edge_to", n_nodes, faults)
        travel_min = _checked_minutes(self.travel_min, faults)
        node_xy = _checked_xy(self.node_xy, n_nodes, faults)
        lengths = {len(edge_from), len(edge_to), len(travel_min)}
        if len(lengths) > 1 and not faults:
            shown = f"{len(edge_from)}, {len(edge_to)}, {len(travel_min)}"
            faults.append(Fault("network_edge_lengths", "network", shown))
        if faults:
            raise InputError(faults)
        object.__setattr__(self, "n_nodes", n_nodes)
        object.__setattr__(self, "edge_from", edge_from)
        object.__setattr__(self, "edge_to", edge_to)
        object.__setattr__(self, "travel_min", travel_min)
        object.__setattr__(self, "node_xy", node_xy)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "topology_memo": {}, "condition_memo": {}}

    @property
    def n_edges(self) -> int:
        """Number of directed edges, closed ones included."""
        return len(self.edge_from)

    def with_travel_min(self, travel_min: ArrayLike) -> Network:
        """Return the same topology under another condition or hour.

        Args:
            travel_min: minutes along each edge, shape (m,), at least 0; ``inf`` closes the edge.

        Raises:
            InputError: if the shape differs from the edges or a value is NaN or negative.
        """
        faults: list[Fault] = []
        checked = _checked_minutes(travel_min, faults)
        if len(checked) != self.n_edges and not faults:
            faults.append(
                Fault("network_reweight", "travel_min", len(checked), {"edges": self.n_edges})
            )
        if faults:
            raise InputError(faults)
        # Everything but the minutes was checked already, so construction is bypassed: re-weighting
        # for every condition and hour has to cost no more than looking at the new minutes.
        other = object.__new__(Network)
        other.__dict__.update(self.__dict__, travel_min=checked, condition_memo={})
        return other

    def topology_hash(self) -> str:
        """Return a digest of the nodes and edges, the same for every re-weighting."""
        memo = self.topology_memo
        if "hash" not in memo:
            memo["hash"] = _digest(str(self.n_nodes).encode(), self.edge_from, self.edge_to)
        return cast(str, memo["hash"])

    def content_hash(self) -> str:
        """Return a digest of the nodes, the edges and their minutes."""
        return _digest(self.topology_hash().encode(), self.travel_min)


def checked_nodes(nodes: ArrayLike, name: str, network: Network) -> NDArray[np.int32]:
    """Return `nodes` as an int32 array, each value a node of `network`.

    Args:
        nodes: node numbers, shape (k,); may be empty and may repeat.
        name: how to call the array in a message.
        network: the network the nodes must belong to.

    Raises:
        InputError: if the shape is not (k,), a value is no whole number or no such node exists.
    """
    faults: list[Fault] = []
    checked = _checked_ends(nodes, name, network.n_nodes, faults)
    if faults:
        raise InputError(faults)
    return checked


def _digest(head: bytes, *arrays: NDArray[Any]) -> str:
    digest = hashlib.blake2b(head, digest_size=16)
    for array in arrays:
        little_endian = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(str(little_endian.shape).encode())
        digest.update(np.ascontiguousarray(little_endian).data)
    return digest.hexdigest()


def _checked_count(n_nodes: object) -> tuple[int, list[Fault]]:
    whole = isinstance(n_nodes, int | np.integer) and not isinstance(n_nodes, bool)
    if whole and 0 <= (count := int(cast(int, n_nodes))) <= MAX_NODES:
        return count, []
    return MAX_NODES, [Fault("network_n_nodes", "n_nodes", n_nodes)]


def _checked_ends(
    values: ArrayLike, name: str, n_nodes: int, faults: list[Fault]
) -> NDArray[np.int32]:
    array = np.asarray(values)
    if array.size == 0 and array.ndim == 1:
        return _frozen(array.astype(np.int32))
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        shown = f"{array.dtype} {array.shape}"
        faults.append(Fault("network_node_array", name, shown))
        return np.empty(0, np.int32)
    outside = (array < 0) | (array >= n_nodes)
    if outside.any():
        first = int(np.argmax(outside))
        params: dict[str, object] = {"count": int(outside.sum()), "last": n_nodes - 1}
        faults.append(Fault("network_no_such_node", f"{name}[{first}]", int(array[first]), params))
    return _frozen(array.astype(np.int32))


def _checked_minutes(values: ArrayLike, faults: list[Fault]) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if array.ndim != 1:
        faults.append(Fault("network_minutes_shape", "travel_min", array.shape))
        return np.empty(0)
    wrong = ~(array >= 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        params: dict[str, object] = {"count": int(wrong.sum())}
        faults.append(Fault("network_minutes", f"travel_min[{first}]", float(array[first]), params))
    # A negative zero would compare equal to zero yet print as "-0".
    np.abs(array, out=array)
    return _frozen(array)


def _checked_xy(
    values: ArrayLike | None, n_nodes: int, faults: list[Fault]
) -> NDArray[np.float64] | None:
    if values is None:
        return None
    array = np.array(values, dtype=np.float64)
    if not faults and array.shape != (n_nodes, 2):
        faults.append(Fault("network_xy_shape", "node_xy", array.shape, {"nodes": n_nodes}))
    elif not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        faults.append(Fault("network_xy_finite", "node_xy", count))
    return _frozen(array)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
