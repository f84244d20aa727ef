"""Travel times on a network: matrices, nearest posts and paths, in minutes, NaN where unreachable.

Times under other conditions and hours are the same questions on a re-weighted network:

>>> prepared = prepare(network)                                   # doctest: +SKIP
>>> for minutes in minutes_by_condition:                          # doctest: +SKIP
...     nearest(prepared.reweight(minutes), posts).travel_min

Every function takes a `Network` or a `Prepared` one. Two engines give the same times (to 1e-9
minutes): ``scipy``, a Dijkstra search per place, and ``hierarchy``, a customizable contraction
hierarchy in compiled loops. ``auto`` takes the hierarchy for networks of at least
`HIERARCHY_FROM_SIZE` nodes and edges, where it is tens of times as fast, and scipy for smaller
ones, which then wait for no compiler, and wherever numba is missing. The choice depends on the
network alone and neither engine on the number of threads, so the same question has the same
answer every time.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geodata.errors import Fault, InputError
from routing.dijkstra import Dijkstra, shortest_path_tree
from routing.network import Network, checked_nodes

ENGINES = ("auto", "scipy", "hierarchy")
HIERARCHY_FROM_SIZE = 50_000


class Engine(Protocol):
    """What both engines do, on arrays already checked."""

    @property
    def name(self) -> str:
        """Name to ask for the engine by."""

    def reweighted(self, network: Network) -> Self:
        """Return the same for other minutes on the same edges."""

    def matrix(
        self, sources: NDArray[np.int32], targets: NDArray[np.int32], limit_min: float
    ) -> NDArray[np.float64]:
        """Return minutes from every source to every target."""

    def nearest(
        self, places: NDArray[np.int32], *, towards_places: bool, limit_min: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return minutes and position in `places` of the nearest place of every node."""

    def k_nearest(
        self,
        places: NDArray[np.int32],
        asking: NDArray[np.int32],
        k: int,
        *,
        towards_places: bool,
        limit_min: float,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return minutes and positions of the k nearest places of every asking node."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A network made ready for many questions; hold it and ask again at no further cost.

    Attributes:
        network: the network with its present minutes.
        engine: what answers.
    """

    network: Network
    engine: Engine

    def reweight(self, travel_min: ArrayLike) -> Prepared:
        """Return the same topology under another condition or hour; this one stays as it is.

        Args:
            travel_min: minutes along each edge, shape (m,), at least 0; ``inf`` closes the edge.

        Raises:
            InputError: if the shape differs from the edges or a value is NaN or negative.
        """
        network = self.network.with_travel_min(travel_min)
        return Prepared(network, self.engine.reweighted(network))


class Nearest(NamedTuple):
    """The nearest sources of some nodes.

    Attributes:
        travel_min: minutes, NaN where no source is reached; shape (n,) from `nearest`, (n, k) from
            `k_nearest`, the nearest first.
        source: position in the list of sources (not its node), -1 where no source is reached; same
            shape. Of equally near sources the same one is named every time, and of several at one
            node the first.
    """

    travel_min: NDArray[np.float64]
    source: NDArray[np.int64]


class Path(NamedTuple):
    """A fastest way.

    Attributes:
        nodes: nodes passed, source and target included; empty where there is no way.
        edges: edges taken, one fewer than nodes.
    """

    nodes: NDArray[np.int64]
    edges: NDArray[np.int64]


def prepare(network: Network, *, engine: str = "auto", cached: bool = True) -> Prepared:
    """Return `network` made ready for many questions and re-weightings.

    Args:
        network: the network.
        engine: ``auto``, ``scipy`` or ``hierarchy``.
        cached: let the hierarchy keep its order of the nodes on disk, by topology (see
            `routing.hierarchy.cache`), and find it there.

    Raises:
        InputError: if the engine is unknown, or is ``hierarchy`` and numba is missing.
    """
    name = _engine_name(network, engine)
    if name not in network.condition_memo:
        network.condition_memo[name] = _new_engine(network, name, cached=cached)
    return Prepared(network, cast(Engine, network.condition_memo[name]))


def matrix(
    network: Network | Prepared,
    sources: ArrayLike,
    targets: ArrayLike,
    *,
    limit_min: float | None = None,
    engine: str = "auto",
) -> NDArray[np.float64]:
    """Return the minutes from every source to every target.

    Args:
        network: the network, prepared or not.
        sources: nodes to start from, shape (s,); may repeat.
        targets: nodes to arrive at, shape (t,); may repeat.
        limit_min: longest travel time of interest, itself included; longer ones are NaN.
        engine: ``auto``, ``scipy`` or ``hierarchy``.

    Returns:
        Minutes, shape (s, t), NaN where there is no way within the limit.

    Raises:
        InputError: if a node, the limit or the engine is none.
    """
    prepared = _prepared(network, engine)
    limit = _checked_limit(limit_min)
    starts = checked_nodes(sources, "sources", prepared.network)
    ends = checked_nodes(targets, "targets", prepared.network)
    if len(starts) == 0 or len(ends) == 0:
        return np.empty((len(starts), len(ends)))
    return prepared.engine.matrix(starts, ends, limit)


def nearest(
    network: Network | Prepared,
    sources: ArrayLike,
    *,
    towards_sources: bool = False,
    limit_min: float | None = None,
    engine: str = "auto",
) -> Nearest:
    """Return for every node the nearest source and the minutes from it.

    Args:
        network: the network, prepared or not.
        sources: nodes, shape (s,); may repeat.
        towards_sources: count the minutes from the node to the source (scene to hospital), not
            from the source to the node (post to scene).
        limit_min: longest travel time of interest, itself included.
        engine: ``auto``, ``scipy`` or ``hierarchy``.

    Raises:
        InputError: if a node, the limit or the engine is none.
    """
    prepared = _prepared(network, engine)
    limit = _checked_limit(limit_min)
    places = checked_nodes(sources, "sources", prepared.network)
    found = prepared.engine.nearest(places, towards_places=towards_sources, limit_min=limit)
    return Nearest(*found)


def k_nearest(
    network: Network | Prepared,
    sources: ArrayLike,
    k: int,
    *,
    targets: ArrayLike | None = None,
    towards_sources: bool = False,
    limit_min: float | None = None,
    engine: str = "auto",
) -> Nearest:
    """Return the k nearest sources of every node, or of every target, the nearest first.

    Args:
        network: the network, prepared or not.
        sources: nodes, shape (s,); may repeat, and each repetition counts as a source of its own.
        k: number of sources wanted, at least 1; may exceed their number.
        targets: nodes that ask, shape (t,); all nodes by default.
        towards_sources: count the minutes from the target to the source.
        limit_min: longest travel time of interest, itself included.
        engine: ``auto``, ``scipy`` or ``hierarchy``.

    Returns:
        Arrays of shape (t, k), NaN and -1 where fewer than k sources are reached.

    Raises:
        InputError: if a node, k, the limit or the engine is none.
    """
    prepared = _prepared(network, engine)
    limit = _checked_limit(limit_min)
    if not isinstance(k, int | np.integer) or k < 1:
        raise InputError(Fault("travel_time_k", "k", k))
    places = checked_nodes(sources, "sources", prepared.network)
    everyone = np.arange(prepared.network.n_nodes)
    asking = checked_nodes(everyone if targets is None else targets, "targets", prepared.network)
    found = prepared.engine.k_nearest(
        places, asking, int(k), towards_places=towards_sources, limit_min=limit
    )
    return Nearest(*found)


def path(network: Network | Prepared, source: int, target: int) -> Path:
    """Return a fastest way from `source` to `target`; see `paths`."""
    return paths(network, source, [target])[0]


def paths(network: Network | Prepared, source: int, targets: ArrayLike) -> list[Path]:
    """Return a fastest way from `source` to each target.

    Of several fastest ways the one with the fewest edges is taken; of those, going back from the
    target, the one whose edge comes first in the network. So the answer is the same every time.

    Args:
        network: the network, prepared or not; the answer does not depend on its engine.
        source: node to start from.
        targets: nodes to arrive at, shape (t,).

    Raises:
        InputError: if a node is none.
    """
    if isinstance(network, Prepared):
        network = network.network
    start = int(checked_nodes([source], "source", network)[0])
    ends = checked_nodes(targets, "targets", network)
    travel_min, reached_by = shortest_path_tree(network, start)
    return [
        _followed_back(network, reached_by, start, int(end))
        if np.isfinite(travel_min[end])
        else Path(np.empty(0, np.int64), np.empty(0, np.int64))
        for end in ends
    ]


def _followed_back(
    network: Network, reached_by: NDArray[np.int64], source: int, target: int
) -> Path:
    nodes, edges = [target], []
    while nodes[-1] != source:
        edges.append(int(reached_by[nodes[-1]]))
        nodes.append(int(network.edge_from[edges[-1]]))
    return Path(_reversed(nodes), _reversed(edges))


def _reversed(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.array(numbers[::-1], dtype=np.int64)


def _prepared(network: Network | Prepared, engine: str) -> Prepared:
    if isinstance(network, Network):
        return prepare(network, engine=engine)
    if engine in ("auto", network.engine.name):
        return network
    return prepare(network.network, engine=engine)


def _engine_name(network: Network, wanted: str) -> str:
    if wanted not in ENGINES:
        raise InputError(Fault("travel_time_engine", "engine", wanted))
    with_numba = importlib.util.find_spec("numba") is not None
    if wanted == "hierarchy" and not with_numba:
        raise InputError(Fault("travel_time_no_numba", "engine", wanted))
    if wanted == "auto":
        large = network.n_nodes + network.n_edges >= HIERARCHY_FROM_SIZE
        return "hierarchy" if large and with_numba else "scipy"
    return wanted


def _new_engine(network: Network, name: str, *, cached: bool) -> Engine:
    if name == "scipy":
        return Dijkstra(network)
    # Imported here because it takes numba's start-up time, which small networks need not pay.
    from routing.hierarchy.engine import Hierarchy

    return Hierarchy.of(network, cached=cached)


def _checked_limit(limit_min: float | None) -> float:
    if limit_min is None:
        return math.inf
    if not limit_min >= 0:
        raise InputError(Fault("travel_time_limit", "limit_min", limit_min))
    return float(limit_min)
