"""The views of a coverage page: each condition, the whole year, today and after a proposal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from maps.cartography import in_service
from maps.packing import Pool, column, whole
from maps.tables import CoverageTables
from maps.verdicts import verdicts
from maps.words import NOTE_LIMIT, Words, clean, number

# Days in a year in which nobody comes: one hue, so that no band is taken for one of minutes.
DAY_BREAKS = (0.0, 1.0, 3.0, 7.0, 30.0)
_DAY_COLOURS = ("#f4f6fb", "#d3dcf0", "#a5b6e0", "#5669b4", "#46489f", "#241a5c")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class View:
    """One thing that the map can show.

    Attributes:
        key: name of its columns, as ``fog@day``; ``now``, ``expected`` or ``days`` without one.
        kind: ``minutes`` or ``days``.
        name, light: of the condition, in the page's language; `name` alone for the whole year.
        values: of each cell, shape (cells,); NaN unreachable.
        vehicle: code of the fastest vehicle of each cell, or None where a view has none.
        post: name of the post that it comes from, "" for none; or None where the tables say none.
        zones: its statistics.
        islands: by island id ``value, vehicle, post, out`` (residents whom nobody reaches) or,
            over the year, ``value, note``.
        effects: what the condition stops and slows, phrases for people.
        setting: the line below the title.
        after: minutes of each cell after the proposal, or None.
        after_vehicle, after_post, after_zones, after_islands: the same, of that state.
    """

    key: str
    kind: str
    name: str
    light: str
    values: Floats
    vehicle: Sequence[Any] | None
    zones: Mapping[str, Any]
    islands: Mapping[str, dict[str, Any]]
    setting: str
    effects: Sequence[str] = ()
    post: Sequence[str] | None = None
    after: Floats | None = None
    after_vehicle: Sequence[Any] | None = None
    after_post: Sequence[str] | None = None
    after_zones: Mapping[str, Any] = field(default_factory=dict)
    after_islands: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name and light, for a selector."""
        return " · ".join(text for text in (self.name, self.light) if text)


def build(
    tables: CoverageTables,
    result: Mapping[str, Any],
    words: Words,
    *,
    effects: Mapping[str, Sequence[str]] | None = None,
) -> list[View]:
    """Return the views: the conditions in their order, then the whole year.

    Without conditions there is the one view that the run was about. It comes first as well where
    the conditions leave it out.

    Args:
        tables: what to draw; ``response_min__KEY`` of the cells holds the minutes of a condition,
            ``after_min__KEY`` those after the proposal.
        result: the run's result; its ``conditions``, ``expected`` and ``resilience`` count.
        words: texts in the page's language.
        effects: by key, what a condition does.
    """
    told = effects or {}
    columns = set(tables.cells.columns)
    states = [s for s in result.get("conditions") or () if f"response_min__{s['key']}" in columns]
    shown = headline(result)
    found = [_state(tables, result, state, words, told) for state in states]
    if shown not in [view.key for view in found]:
        found.insert(0, _headline(tables, result, words, told))
    if states and "expected_min" in columns and result.get("expected"):
        found += list(_year(tables, result, words))
    return found


def headline(result: Mapping[str, Any]) -> str:
    """Return the key of the condition that the run was about."""
    return f"{clean(result.get('condition'))}@{clean(result.get('daylight'))}"


def packed(
    views: Sequence[View], tables: CoverageTables, result: Mapping[str, Any], words: Words,
    names: Pool,
) -> dict[str, Any]:  # fmt: skip
    """Return what the page's script needs of the views.

    Minutes are whole hundredths, in every view but the first the differences to it.

    Args:
        views: at least one.
        tables: what is drawn.
        result: the run's result.
        words: texts in the page's language.
        names: texts that the data block carries once.
    """
    breaks = [band.upper_min for band in tables.scale.bands if band.upper_min is not None]
    base = whole(views[0].values, breaks)
    found = [
        _pack(v, None if n == 0 else base, breaks, tables, words, names)
        for n, v in enumerate(views)
    ]
    for name in ("values", "vehicle", "post"):
        _shared(found, name)
    return {
        "views": found,
        "shown": next((n for n, v in enumerate(views) if v.key == headline(result)), 0),
        "day_bands": [
            {"colour": colour, "ink": _ink(place), "upper": upper, "label": label}
            for place, (colour, upper, label) in enumerate(_day_bands(words))
        ],
    }


def day_shares(days: Floats, people: npt.ArrayLike) -> Floats:
    """Return the share of residents in each band of days without help."""
    weights = np.nan_to_num(np.asarray(people, dtype=float))
    band = np.searchsorted(np.asarray(DAY_BREAKS), np.nan_to_num(days), side="left")
    summed = np.bincount(band, weights, minlength=len(_DAY_COLOURS))
    total = float(weights.sum())
    return summed / total if total > 0 else np.full(len(_DAY_COLOURS), np.nan)


def _headline(
    tables: CoverageTables, result: Mapping[str, Any], words: Words,
    effects: Mapping[str, Sequence[str]],
) -> View:  # fmt: skip
    key = headline(result)
    named = clean(result.get(f"condition_{words.lang}"))
    rows = {clean(r.get("island_id")): r for r in result.get("islands") or ()}
    return View(
        key=key,
        kind="minutes",
        name=named or words.code("condition", result.get("condition")),
        light=words.code("daylight", result.get("daylight")),
        values=tables.cells["response_min"].to_numpy(float),
        vehicle=tables.cells["best_vehicle"].tolist(),
        zones=result.get("zones") or {},
        islands=_island_rows(tables, "", rows, words),
        setting=words.setting(dict(result)),
        effects=[clean(text, limit=NOTE_LIMIT) for text in effects.get(key, ())],
        **_after(tables, "", (result.get("proposal") or {}).get("after"), words),
    )


def _state(
    tables: CoverageTables, result: Mapping[str, Any], state: Mapping[str, Any], words: Words,
    effects: Mapping[str, Sequence[str]],
) -> View:  # fmt: skip
    key = clean(state["key"])
    own = "" if key == headline(result) else f"__{key}"
    rows = {clean(r.get("island_id")): r for r in state.get("islands") or ()}
    weather = {name: state.get(name) for name in
               ("condition", "condition_zh", "condition_en", "daylight")}  # fmt: skip
    weather |= {f"condition_{lang}": state.get(f"name_{lang}") for lang in ("zh", "en")}
    return View(
        key=key,
        kind="minutes",
        name=clean(state.get(f"name_{words.lang}"))
        or words.code("condition", state.get("condition")),
        light=words.code("daylight", state.get("daylight")),
        values=tables.cells[f"response_min__{key}"].to_numpy(float),
        vehicle=tables.cells[f"best_vehicle__{key}"].tolist(),
        zones=(result if own == "" else state).get("zones") or {},
        islands=_island_rows(tables, f"__{key}", rows, words),
        setting=_in_a_year(words, state, words.setting({**result, **weather})),
        effects=[clean(text, limit=NOTE_LIMIT) for text in effects.get(key, ())],
        post=_posts(tables, f"post_zh__{key}", f"post_en__{key}", words),
        **_after(tables, own, (state if own else result.get("proposal") or {}).get("after"), words),
    )


def _in_a_year(words: Words, state: Mapping[str, Any], setting: str) -> str:
    days = number(state.get("days_per_year"))
    return setting if days is None else words("setting_days", setting=setting, days=f"{days:.1f}")


def _after(
    tables: CoverageTables, own: str, zones: Mapping[str, Any] | None, words: Words
) -> dict[str, Any]:
    """Return the state after the proposal, where the tables know it for this condition."""
    name, vehicle = f"after_min{own}", f"after_vehicle{own}"
    posts = f"after_post_zh{own}", f"after_post_en{own}"
    if name not in tables.cells.columns:
        return {}
    told = vehicle in tables.cells.columns
    islands = {}
    if name in tables.islands.columns:
        for row in tables.islands.drop(columns="geometry").to_dict("records"):
            found: dict[str, Any] = {"value": number(row[name])}
            if vehicle in row:
                found["vehicle"] = words.vehicle(row[vehicle])
                found["post"] = _post(row.get(posts[0]), row.get(posts[1]), words)
                found["out"] = number(row.get(f"after_unreachable_population{own}")) or 0
            islands[clean(row["island_id"])] = found
    return {
        "after": tables.cells[name].to_numpy(float),
        "after_vehicle": tables.cells[vehicle].tolist() if told else None,
        "after_post": _posts(tables, *posts, words),
        "after_zones": zones or {},
        "after_islands": islands,
    }


def _posts(tables: CoverageTables, zh: str, en: str, words: Words) -> list[str] | None:
    """Return the names of the posts in two columns of the cells, or None without the columns."""
    cells = tables.cells
    if not {zh, en} <= set(cells.columns):
        return None
    return [_post(*names, words) for names in zip(cells[zh], cells[en], strict=True)]


def _post(zh: object, en: object, words: Words) -> str:
    """Return the name of a post, "" where there is none."""
    name = words.name(zh, en)
    return "" if name == words("unnamed") else name


def _year(tables: CoverageTables, result: Mapping[str, Any], words: Words) -> Iterator[View]:
    setting = words("setting_year", start_stamp=words.code("start_stamp", result["start_stamp"]),
                    network=words.code("network", result["network"]))  # fmt: skip
    rows = {clean(r.get("island_id")): r for r in result.get("resilience") or ()}
    for key, kind, source, value in (
        ("expected", "minutes", "expected_min", "expected_min"),
        ("days", "days", "unreachable_days_per_year", "cut_off_days_per_year"),
    ):
        yield View(
            key=key,
            kind=kind,
            name=words(f"view.{key}"),
            light="",
            values=tables.cells[source].to_numpy(float),
            vehicle=None,
            zones=result["expected"].get("zones") or {},
            islands={
                i: {"value": number(row.get(value)), "note": _year_note(row, key, words)}
                for i, row in rows.items()
            },
            setting=setting,
        )


def _year_note(row: Mapping[str, Any], key: str, words: Words) -> str:
    days, people = (
        number(row.get(n)) for n in ("cut_off_days_per_year", "most_cut_off_population")
    )
    if not days:
        return words("never_cut_off")
    if key == "expected":
        return words("cut_off_days", days=f"{days:.1f}")
    parts = [words("cut_off_people", n=words.count(people))] if people else []
    last = row.get("last_vehicle")
    if last:
        parts.append(words("last_vehicle", vehicle=words.vehicle(last)))
    return words("clause").join(parts)


def _island_rows(
    tables: CoverageTables, own: str, rows: Mapping[str, Mapping[str, Any]], words: Words
) -> dict[str, dict[str, Any]]:
    """Return what each island with cells comes to, the post from the result's row."""
    served = set(map(clean, tables.cells["island_id"]))
    islands = tables.islands
    found = {}
    for island in islands.drop(columns="geometry").to_dict("records"):
        key = clean(island["island_id"])
        if key not in served:
            continue
        row = rows.get(key, {})
        posts = row.get("post", island["post_zh"]), row.get("post_en", island["post_en"])
        found[key] = {
            "value": number(island.get(f"mean_min{own}")),
            "vehicle": words.vehicle(island.get(f"best_vehicle{own}")),
            "post": _post(*posts, words),
            "out": number(island.get(f"unreachable_population{own}")) or 0,
        }
    return found


def _pack(
    view: View, base: Floats | None, breaks: Sequence[float], tables: CoverageTables, words: Words,
    names: Pool,
) -> dict[str, Any]:  # fmt: skip
    days = view.kind == "days"
    edges = DAY_BREAKS if days else breaks
    people = tables.cells["population"]
    found: dict[str, Any] = {
        "key": view.key,
        "kind": view.kind,
        "name": view.name,
        "light": view.light,
        "label": view.label,
        "setting": view.setting,
        "said": said(view, words),
        "effects": list(view.effects),
        "values": column(whole(view.values, edges), None if days else base),
        "islands": {i: _row(row, edges, names) for i, row in view.islands.items()},
        "shares": [words.percent(share) for share in
                   (day_shares(view.values, people) if days
                    else tables.scale.shares(view.values, people))],
        "ferries": _stopped(in_service(tables.ferries), view.key),
        "roads": _stopped(in_service(tables.roads), view.key),
        "posts": _stopped(tables.posts[_placed(tables.posts)], view.key),
    }  # fmt: skip
    if view.vehicle is not None:
        found["vehicle"] = [names.number(words.vehicle(v)) for v in view.vehicle]
    if view.post is not None:
        found["post"] = [names.number(name) for name in view.post]
    if view.after is not None:
        found["after"] = _pack_after(view, view.after, edges, tables, words, names)
    return found


def _pack_after(
    view: View, after: Floats, edges: Sequence[float], tables: CoverageTables, words: Words,
    names: Pool,
) -> dict[str, Any]:  # fmt: skip
    shares = tables.scale.shares(after, tables.cells["population"])
    found: dict[str, Any] = {
        "values": column(whole(after, edges), whole(view.values, edges)),
        "islands": {i: _row(row, edges, names) for i, row in view.after_islands.items()},
        "shares": [words.percent(share) for share in shares],
        "said": said(view, words, after=True),
    }
    if view.after_vehicle is not None:
        found["vehicle"] = [names.number(words.vehicle(v)) for v in view.after_vehicle]
    if view.after_post is not None:
        found["post"] = [names.number(name) for name in view.after_post]
    return found


def _shared(views: list[dict[str, Any]], name: str) -> None:
    """Replace a column that an earlier view has as well by the number of that view."""
    known: dict[str, int] = {}
    for place, view in enumerate(views):
        # Differences compare with the first view, which holds the numbers themselves.
        if place and name in view and view["kind"] == "minutes":
            text = str(view[name])
            if text in known:
                view[name] = known[text]
            else:
                known[text] = place


def said(view: View, words: Words, *, after: bool = False) -> str:
    """Return the sentence that a screen reader says when the view is chosen."""
    zones = view.after_zones if after else view.zones
    told = [
        words("said_zone", zone=v["name"], mean=v["mean"], verdict=v["verdict"])
        for v in verdicts({}, words, zones=dict(zones))
    ]
    label = words("said_after", view=view.label) if after else view.label
    return words("said", view=label, zones=words("clause").join(told))


def _row(row: Mapping[str, Any], edges: Sequence[float], names: Pool) -> list[Any]:
    value = row["value"]
    units = None if value is None else int(whole([value], edges)[0])
    if "note" in row:
        return [units, names.number(row["note"]), 0, 0]
    if "vehicle" not in row:
        return [units]
    return [units, names.number(row["vehicle"]), names.number(row["post"]), round(row["out"])]


def _stopped(table: gpd.GeoDataFrame, key: str) -> list[int]:
    """Return the places in the table of the rows that this condition stops."""
    name = f"stopped__{key}"
    if name not in table.columns:
        return []
    return [place for place, stopped in enumerate(table[name]) if stopped is True or stopped == 1]


def _placed(table: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows have a point: those that the page draws."""
    found: npt.NDArray[np.bool_] = ~(table.geometry.isna() | table.geometry.is_empty).to_numpy(bool)
    return found


def _day_bands(words: Words) -> Iterator[tuple[str, float | None, str]]:
    upper: float | None
    for place, colour in enumerate(_DAY_COLOURS):
        upper = DAY_BREAKS[place] if place < len(DAY_BREAKS) else None
        lower = f"{DAY_BREAKS[place - 1]:g}" if place else ""
        if place == 0:
            label = words("days.none")
        elif upper is None:
            label = words("days.above", lower=lower)
        else:
            label = words("days.between", lower=lower, upper=f"{upper:g}")
        yield colour, upper, label


def _ink(place: int) -> str:
    return "#111111" if place < 3 else "#ffffff"
