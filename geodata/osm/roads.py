"""The roads layer: drivable ways as links between junctions, with class, speed and structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from scipy import sparse
from scipy.sparse import csgraph
from shapely.geometry.base import BaseGeometry

from geodata import catalogue
from geodata.errors import Fault, InputError
from geodata.osm import access, naming, pieces
from geodata.osm.access import BadSpeed, Barred, Drive
from geodata.osm.assumptions import Assumptions
from geodata.osm.extract import Extract, Floats, Ints, Ways
from geodata.osm.islands import Ground
from geodata.region import WGS84

_GEOD = Geod(ellps="WGS84")
_OVER_WATER = ("bridge", "tunnel")
# The largest connected piece must hold this share of the roads; below it, ways do not share nodes.
_WHOLE_ENOUGH = 0.5


@dataclass
class Counts:
    """What was dropped or guessed, for the import report; lengths in kilometres."""

    barred: dict[str, int] = field(default_factory=dict)
    unreadable_limits: dict[str, int] = field(default_factory=dict)
    forgiven_limits: int = 0
    blocked_nodes: int = 0
    missing_nodes: int = 0
    off_islands_km: float = 0.0
    fragments: int = 0
    fragments_km: float = 0.0
    components: int = 0
    largest_share: float = 0.0
    outside_main_circuit: int = 0
    over_water_untagged: int = 0


@dataclass(frozen=True)
class Links:
    """The roads layer with what an import report says about it."""

    table: gpd.GeoDataFrame
    counts: Counts


def build(
    extract: Extract,
    area: BaseGeometry,
    ground: Ground,
    *,
    file: str,
    source_id: str,
    assumptions: Assumptions,
    forgive: bool = False,
) -> Links:
    """Return the roads of an extract as links of a region.

    Ways are cut wherever a turn is possible and joined again where class, speed, structure,
    direction, name and island agree. Dead ends stay.

    Args:
        extract: what was read.
        area: the area imported, degrees.
        ground: the islands.
        file: name for messages.
        source_id: id of the source that each row names.
        assumptions: see `Assumptions`.
        forgive: take impossible speed limits for missing ones.

    Raises:
        InputError: if there is no road, a speed limit is impossible, or the roads are in pieces.
    """
    counts = Counts()
    drives = _drives(extract.roads, counts, file=file, forgive=forgive)
    ways, drives = _in_driving_direction(extract.roads, drives)
    usable = np.array([one is not None for one in drives], dtype=bool)
    cut = pieces.cut(ways, usable, extract.blocking, area)
    if not len(cut):
        raise InputError(Fault("osm_no_roads", file, len(extract.roads)))
    counts.missing_nodes = int((~np.isfinite(extract.roads.lon)).sum())
    counts.blocked_nodes = len(np.unique(cut.node_ref[cut.node_blocked]))
    return from_pieces(
        cut,
        ways,
        drives,
        ground,
        file=file,
        source_id=source_id,
        assumptions=assumptions,
        counts=counts,
    )


def from_pieces(
    cut: pieces.Pieces,
    ways: Ways,
    drives: list[Drive | None],
    ground: Ground,
    *,
    file: str,
    source_id: str,
    assumptions: Assumptions,
    counts: Counts,
) -> Links:
    """Return pieces of road as links: placed on islands, joined, freed of stray fragments."""
    island = ground.island_number(ground.metres(_lonlat(ways, cut.node_at)))
    island[cut.node_at < 0] = -1
    cut = _on_islands(cut, drives, island, counts, file=file, ways=ways)
    chosen = [drives[k] for k in cut.way.tolist()]
    names = {k: naming.both(ways.tags[k]) for k in set(cut.way.tolist())}
    place = _piece_island(cut, island)
    same = _agreement(chosen, [names[k] for k in cut.way.tolist()], place)
    oneway = np.array([d is not None and d.oneway != 0 for d in chosen], dtype=bool)
    rows, tail, head, paths = pieces.joined(cut, same, oneway)
    first = np.array([r[0] for r in rows])
    table = _table(cut, ways, [chosen[k] for k in first.tolist()], first, tail, head, paths)
    table["island_id"] = _ids(ground, place[first])
    table["from_island_id"], table["to_island_id"] = (_ids(ground, island[n]) for n in (tail, head))
    table["source_ids"] = source_id
    table["position_accuracy_m"] = assumptions.position_accuracy_m
    untagged = (table["island_id"].isna()) & (table["structure"] == "none")
    counts.over_water_untagged = int(untagged.sum())
    table = _without_fragments(table, counts, assumptions)
    _check_whole(table, counts, file=file)
    return Links(_with_ids(table), counts)


def landmass_links(roads: pd.DataFrame) -> pd.DataFrame:
    """Return links that join every two islands which roads connect, for `geodata.landmass.assign`.

    A bridge is often mapped as several links whose inner ends lie over water, on no island; only
    the connected roads as a whole say which islands they join.

    Args:
        roads: rows of the roads layer.
    """
    label = _components(roads)
    ends = pd.concat(
        [
            pd.DataFrame({"part": label, "island": roads[column].to_numpy()})
            for column in ("from_island_id", "to_island_id")
        ]
    ).dropna()
    ends = ends.drop_duplicates().sort_values(["part", "island"])
    same = ends["part"].eq(ends["part"].shift())
    before = ends["island"].shift()
    return pd.DataFrame(
        {"from_island_id": before[same], "to_island_id": ends.loc[same, "island"], "status": "open"}
    ).reset_index(drop=True)


def _drives(ways: Ways, counts: Counts, *, file: str, forgive: bool) -> list[Drive | None]:
    """Return how each way is driven, None for barred ones."""
    barred: Counter[str] = Counter()
    unreadable: Counter[str] = Counter()
    faults: list[Fault] = []
    found: list[Drive | None] = []
    for way_id, tags in zip(ways.ids.tolist(), ways.tags, strict=True):
        one = access.drive(tags, forgive=forgive)
        found.append(one if isinstance(one, Drive) else None)
        if isinstance(one, Barred):
            barred[one.tag] += 1
        elif isinstance(one, BadSpeed):
            faults.append(Fault("osm_speed", f"{file} way {way_id} {one.key}", one.value))
        elif one.limit == "assumed:unreadable":
            unreadable[tags.get("maxspeed", "")[:30]] += 1
        elif one.limit == "assumed:impossible":
            counts.forgiven_limits += 1
    if faults:
        raise InputError(faults)
    counts.barred = dict(barred.most_common())
    counts.unreadable_limits = dict(unreadable.most_common(20))
    return found


def _in_driving_direction(
    ways: Ways, drives: list[Drive | None]
) -> tuple[Ways, list[Drive | None]]:
    """Turn the ways that are one-way against their drawing."""
    against = [k for k, one in enumerate(drives) if one is not None and one.oneway < 0]
    if not against:
        return ways, drives
    order = np.arange(len(ways.refs))
    for k in against:
        span = ways.slice(k)
        order[span] = order[span][::-1]
    turned = Ways(
        ways.ids, ways.start, ways.refs[order], ways.lon[order], ways.lat[order], ways.tags
    )
    return turned, drives


def _lonlat(ways: Ways, at: Ints) -> Floats:
    return np.column_stack((ways.lon[at], ways.lat[at]))


def _on_islands(
    cut: pieces.Pieces,
    drives: list[Drive | None],
    island: NDArray[np.int64],
    counts: Counts,
    *,
    file: str,
    ways: Ways,
) -> pieces.Pieces:
    """Keep what is on an island, and the bridges and tunnels that lead on from there."""
    structure = np.array([getattr(drives[k], "structure", "none") for k in cut.way.tolist()])
    ashore = (island[cut.tail] >= 0) | (island[cut.head] >= 0)
    possible = np.flatnonzero(ashore | np.isin(structure, _OVER_WATER))
    _, label = _graph_parts(cut.tail[possible], cut.head[possible], len(cut.node_ref))
    part = label[cut.tail[possible]]
    reaches = np.unique(part[ashore[possible]])
    kept = possible[np.isin(part, reaches)]
    dropped = np.setdiff1d(np.arange(len(cut)), kept)
    counts.off_islands_km = round(sum(_length_km(ways, cut.path[k]) for k in dropped.tolist()), 3)
    if not len(kept):
        raise InputError(Fault("osm_roads_off_islands", file, f"{counts.off_islands_km:.1f}"))
    return cut.keep(kept)


def _piece_island(cut: pieces.Pieces, island: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the island of each piece: the one that both its ends are on, else -1."""
    return np.where(island[cut.tail] == island[cut.head], island[cut.tail], -1)


def _agreement(
    drives: list[Drive | None], names: list[tuple[str, str]], island: NDArray[np.int64]
) -> Ints:
    """Return a number a piece; equal numbers may be joined."""
    known: dict[object, int] = {}
    keys = [
        (d and (d.road_class, d.highway, d.speed_kmh, d.limit, d.structure, d.private), name, k)
        for d, name, k in zip(drives, names, island.tolist(), strict=True)
    ]
    return np.array([known.setdefault(key, len(known)) for key in keys], dtype=np.int64)


def _table(
    cut: pieces.Pieces,
    ways: Ways,
    drives: list[Drive | None],
    first: Ints,
    tail: Ints,
    head: Ints,
    paths: list[Ints],
) -> gpd.GeoDataFrame:
    way = cut.way[first]
    words = {lang: catalogue.text("osm.unnamed.road", lang) for lang in catalogue.LANGUAGES}
    named = [_road_name(ways.tags[k], words) for k in way.tolist()]
    rows = [d for d in drives if d is not None]
    return gpd.GeoDataFrame(
        {
            "way": ways.ids[way],
            "name_zh": [zh for zh, _ in named],
            "name_en": [en for _, en in named],
            "road_class": [d.road_class for d in rows],
            "structure": [d.structure for d in rows],
            "from_node": _node_names(cut, tail),
            "to_node": _node_names(cut, head),
            "length_km": [round(_length_km(ways, path), 6) for path in paths],
            "speed_kmh": [d.speed_kmh for d in rows],
            "oneway": [d.oneway != 0 for d in rows],
            "status": "open",
            "length_kind": "given",
            "note": [_note(d) for d in rows],
            "highway": [d.highway for d in rows],
            "assumed": [d.limit.startswith("assumed") for d in rows],
        },
        geometry=[shapely.LineString(_lonlat(ways, path)) for path in paths],
        crs=WGS84,
    )


def _road_name(tags: Mapping[str, str], words: Mapping[str, str]) -> tuple[str, str]:
    zh, en = naming.both(tags)
    ref = naming.tidy(tags.get("ref", ""))
    return (zh, en) if zh else (ref or words["zh"], ref or words["en"])


def _note(drive: Drive) -> str:
    """Return where the speed comes from, as the layer's note."""
    said = f"highway={drive.highway}"
    source = {"tagged": "maxspeed", "zone": "maxspeed", "unlimited": "maxspeed=none"}
    return f"{said}; speed: {source.get(drive.limit, 'assumed by class')}" + (
        "; private" if drive.private else ""
    )


def _node_names(cut: pieces.Pieces, nodes: Ints) -> list[str]:
    names = [f"n{ref}" for ref in cut.node_ref[nodes].tolist()]
    blocked = cut.node_blocked[nodes].tolist()
    numbers = nodes.tolist()
    return [f"{n}b{k}" if b else n for n, b, k in zip(names, blocked, numbers, strict=True)]


def _length_km(ways: Ways, path: Ints) -> float:
    return float(_GEOD.line_length(ways.lon[path], ways.lat[path]) / 1000.0)


def _ids(ground: Ground, numbers: NDArray[np.int64]) -> list[str | None]:
    return [ground.ids[k] if k >= 0 else None for k in numbers.tolist()]


def _graph_parts(tail: Ints, head: Ints, n: int, *, strong: bool = False) -> tuple[int, Any]:
    ones = np.ones(len(tail), dtype=np.int8)
    graph = sparse.coo_array((ones, (tail, head)), shape=(n, n)).tocsr()
    kind = "strong" if strong else "weak"
    count, label = csgraph.connected_components(graph, directed=True, connection=kind)
    return int(count), label


def _components(roads: pd.DataFrame, *, strong: bool = False) -> NDArray[np.int64]:
    """Return the number of the connected part of each road, by its tail."""
    ends = pd.concat([roads["from_node"], roads["to_node"]])
    code, names = pd.factorize(ends)
    tail, head = code[: len(roads)], code[len(roads) :]
    if strong:
        both = ~roads["oneway"].to_numpy(bool)
        forward = np.r_[tail, head[both]], np.r_[head, tail[both]]
        _, label = _graph_parts(*forward, len(names), strong=True)
        return np.where(label[tail] == label[head], label[tail], -1)
    _, label = _graph_parts(tail, head, len(names))
    return np.asarray(label[tail], dtype=np.int64)


def _without_fragments(
    table: gpd.GeoDataFrame, counts: Counts, assumptions: Assumptions
) -> gpd.GeoDataFrame:
    """Leave out short stretches that nothing joins to the main roads of their island."""
    part = _components(table)
    km = table["length_km"].groupby(part).transform("sum")
    ends = pd.concat(
        [
            pd.DataFrame({"part": part, "island": table[c].to_numpy(), "km": km.to_numpy()})
            for c in ("from_island_id", "to_island_id")
        ]
    ).dropna()
    main = set(
        ends.sort_values(["km", "part"], ascending=[False, True]).drop_duplicates("island")["part"]
    )
    stray = ~np.isin(part, list(main)) & (km < assumptions.fragment_km).to_numpy(bool)
    counts.fragments = len(np.unique(part[stray]))
    counts.fragments_km = round(float(table.loc[stray, "length_km"].sum()), 3)
    return table[~stray].reset_index(drop=True)


def _check_whole(table: gpd.GeoDataFrame, counts: Counts, *, file: str) -> None:
    """Count connected parts, and refuse roads of which hardly two are joined."""
    part = pd.Series(_components(table))
    per_part = table["length_km"].groupby(part).sum()
    island = table["from_island_id"].fillna(table["to_island_id"])
    on_island = table["length_km"].groupby([island, part]).sum()
    largest = on_island.groupby(level=0).max().sum() / max(on_island.sum(), 1e-9)
    counts.components, counts.largest_share = len(per_part), round(float(largest), 4)
    circuit = _components(table, strong=True)
    by_part = pd.DataFrame({"part": part, "circuit": circuit, "km": table["length_km"]})
    inner = by_part[by_part["circuit"] >= 0].groupby(["part", "circuit"])["km"].sum()
    main = set(inner.sort_values().groupby(level=0).tail(1).index.get_level_values("circuit"))
    counts.outside_main_circuit = int((~np.isin(circuit, list(main))).sum())
    if largest < _WHOLE_ENOUGH:
        said: dict[str, object] = {"parts": len(per_part), "links": len(table)}
        raise InputError(Fault("osm_roads_in_pieces", file, f"{100.0 * largest:.0f}", said))


def _with_ids(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Number the links of each way along the file, and put the columns in the layer's order."""
    table = table.sort_values(["way", "from_node", "to_node"], kind="stable").reset_index(drop=True)
    number = table.groupby("way").cumcount() + 1
    table["link_id"] = [f"w{w}-{n}" for w, n in zip(table["way"], number, strict=True)]
    return table.drop(columns="way")
