"""Late calls of parts: the loops say, call for call, what the tables of the explainer say."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata import region as regions
from routing import land_network
from routing.audit import calibration, charge_loops, charging
from routing.audit.causes import CAUSES, Explainer, Norms
from routing.audit.clean import Cleaned
from routing.audit.crews import Crews
from routing.audit.modelled import Modelled
from routing.audit.weather import Weather
from routing.audit.work import Prepared, Store
from tests.routing import toy
from tests.routing.audit import slow_crews, slow_routes

NOON = 1_709_640_000  # 2024-03-05 12:00 on the local clock
NORMS = Norms(120, 120, {"main_urban": 660, "rural": 840}, (600, 900))
LABELS = {
    "zone": ("main_urban", "rural"),
    "island": ("a", "b", "c"),
    "post": ("东站", "月球", "西站"),
    "vehicle_kind": ("救护车", "直升机", "船"),
}
GROUPS = {key: LABELS[key] for key in ("zone", "island", "post")} | {
    "hour": tuple(f"{hour:02d}" for hour in range(24))
}
POINTS = 3


@pytest.fixture(scope="module")
def model() -> Modelled:
    """The toy with a second post at the far end of the road."""
    region, parameters = toy.archipelago(), toy.parameters()
    second = toy.points(
        [{"post_id": "P2", "kind": "hospital", "vehicles": "ambulance", "at": (18, 5)}],
        name_zh="东站", evidence="confirmed", island_id="a",
    )  # fmt: skip
    posts = pd.concat([region.posts.assign(name_zh=["西站", "船", "机"]), second])
    posts = gpd.GeoDataFrame(posts, crs=region.posts.crs).reset_index(drop=True)
    changed = regions.from_tables({**region.layers, "posts": posts})
    return Modelled.of(changed, land_network.build(changed, parameters), parameters)


def part_of(folder: Path, name: str, rows: list[dict[str, int]]) -> Prepared:
    """Return calls as a cleaned part; texts are codes of `LABELS`."""
    kinds = {"start_s": np.int64, "demand_row": np.int32, "node": np.int32, "response_s": np.int16,
             "dispatch_after_s": np.int16, "turnout_s": np.int16, "travel_s": np.int16}  # fmt: skip
    names = [*kinds, "hour", *LABELS]
    columns = {n: np.array([row[n] for row in rows], kinds.get(n, np.uint8)) for n in names}
    facts = {"used": len(rows), "labels": {key: [*texts] for key, texts in LABELS.items()}}
    return Store(folder).save(name, Cleaned(columns, {}, {}, {}, facts))


def by_tables(
    part: Prepared, dropped: list[int], explainer: Explainer, share: float, most: int
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64], pl.DataFrame]:
    """Return what a part adds by the slow route: tables of texts, one call a row."""
    kept = np.setdiff1d(np.arange(part.facts["used"]), dropped)
    table, columns = slow_routes.calls(part, kept), part.columns("rows")
    found = slow_routes.explain(explainer, table)
    late = (found["excess_s"].fill_null(0) > 0).to_numpy()
    texts = {"zone": table["zone"], "island": table["island_id"], "post": table["post"],
             "hour": table["hour"].cast(pl.String).str.zfill(2)}  # fmt: skip
    charges = {
        key: slow_routes.tally(found.filter(late), texts[key].filter(late), labels)
        for key, labels in GROUPS.items()
    }
    places = np.zeros((POINTS, 2), np.int64)
    for at, judged, is_late in zip(
        columns["demand_row"][kept], found["excess_s"].is_not_null(), late, strict=True
    ):
        if at >= 0 and judged:
            places[at] += (1, is_late)
    drawn = slow_routes.rows(table.filter(_drawn(table, share)), explainer.modelled)
    return charges, places, calibration.sample([drawn], most=most)


def _drawn(table: pl.DataFrame, share: float) -> pl.Series:
    """Return which calls a share of all holds: whole numbers of Python, cut to 64 bits."""
    found = []
    for arrive, response in table.select("arrive_s", "response_s").iter_rows():
        state = ((arrive - response) * 0x9E3779B97F4A7C15 + response) % 2**64
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
        found.append((state ^ (state >> 31)) >> 11 < share * 2**53)
    return pl.Series(found, dtype=pl.Boolean)


unknown = st.just(-1)
seconds = unknown | st.integers(0, 3000)
any_call = st.fixed_dictionaries(
    {
        "start_s": st.integers(NOON - 40 * 86_400, NOON + 40 * 86_400)
        | st.integers(NOON - 900, NOON + 900),
        "response_s": st.integers(0, 6000),
        "dispatch_after_s": seconds,
        "turnout_s": seconds,
        "travel_s": seconds,
        "hour": st.integers(0, 23),
        "node": unknown | st.integers(0, 3),
        "demand_row": st.integers(-1, POINTS - 1),
        **{key: st.integers(0, len(texts)) for key, texts in LABELS.items()},
    }
)
any_jobs = st.lists(
    st.tuples(
        st.sampled_from(["东站", "西站"]), st.sampled_from(["v1", "v2", None]),
        st.integers(-60 * 86_400, 60 * 86_400) | st.integers(-4000, 4000), st.integers(1, 9000),
    ),
    max_size=12,
)  # fmt: skip


def record(model: Modelled, rows: list[tuple[str, str | None, int, int]]) -> Crews:
    kinds = {"post": pl.String, "vehicle": pl.String, "from_s": pl.Int64, "until_s": pl.Int64}
    jobs = [
        (post, vehicle, NOON + begin, NOON + begin + span) for post, vehicle, begin, span in rows
    ]
    return slow_crews.record([pl.DataFrame(jobs, schema=kinds, orient="row")], model)


def agree(
    model: Modelled, rows: list[dict[str, int]], crews: Crews, sky: Weather | None, *, parts: int,
    gone: list[int], share: float, most: int,
) -> NDArray[np.int64]:  # fmt: skip
    """Assert that loops and tables say the same; return seconds by cause of the known zones."""
    explainer = Explainer(model, NORMS, crews, sky)
    with tempfile.TemporaryDirectory() as folder:
        whole = part_of(Path(folder), "whole", rows)
        charges, places, drawn = by_tables(whole, gone, explainer, share, most)
        items = []
        for k in range(parts):
            lost = [place for place, row in enumerate(range(k, len(rows), parts)) if row in gone]
            items.append((part_of(Path(folder), f"{k}", rows[k::parts]), np.array(lost, np.int64)))
        meaning = charging.Meaning.of(
            [part for part, _ in items], GROUPS, explainer, share=share, most=most, points=POINTS
        )
        pieces = [charging.charged(items[:1], meaning), charging.charged(items[1:], meaning)]
    total = meaning.groups.split(sum(piece.total for piece in pieces))
    for key, expected in charges.items():
        assert total[key].tolist() == expected.tolist()
    assert sum(piece.places for piece in pieces).tolist() == places.tolist()
    assert calibration.sample([piece.drawn for piece in pieces], most=most).equals(drawn)
    return np.asarray(total["zone"][:2, :, 2].sum(axis=0))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(any_call, max_size=12), any_jobs, st.booleans(), st.integers(1, 3),
    st.sets(st.integers(0, 11)), st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([2, 100]),
)  # fmt: skip
def test_loops_say_of_parts_what_the_explainer_says_of_tables(
    model: Modelled, rows: list[dict[str, int]], jobs: list[Any], fog: bool, parts: int,
    dropped: set[int], share: float, most: int,
) -> None:  # fmt: skip
    nodes = spread(model)
    rows = [{**r, "node": nodes[r["node"]] if r["node"] >= 0 else -1} for r in rows]
    sky = Weather.of([(NOON - 300, NOON + 600), (NOON + 5000, NOON + 9000)]) if fog else None
    gone = sorted(k for k in dropped if k < len(rows))
    agree(model, rows, record(model, jobs), sky, parts=parts, gone=gone, share=share, most=most)


@pytest.mark.parametrize("seed", range(4))
def test_loops_and_tables_agree_on_busy_days(model: Modelled, seed: int) -> None:
    """Times are whole minutes of two days in two months, so that many meet to the second."""
    rng = np.random.default_rng(seed)
    nodes, count = spread(model), 4000
    days = np.array([NOON, NOON + 30 * 86_400])

    def minutes(most: int, missing: float) -> list[int]:
        found = 60 * rng.integers(0, most, count)
        return np.where(rng.random(count) < missing, -1, found).tolist()

    columns: dict[str, list[int]] = {
        "start_s": (rng.choice(days, count) + 60 * rng.integers(0, 240, count)).tolist(),
        "response_s": minutes(60, 0.0),
        "dispatch_after_s": minutes(6, 0.1),
        "turnout_s": minutes(6, 0.1),
        "travel_s": minutes(40, 0.1),
        "hour": rng.integers(0, 24, count).tolist(),
        "node": rng.choice([*nodes, *nodes, *nodes, -1], count).tolist(),
        "demand_row": rng.integers(-1, POINTS, count).tolist(),
        **{key: rng.integers(0, len(LABELS[key]) + 1, count).tolist() for key in LABELS},
    }
    columns["vehicle_kind"] = rng.choice([0, 1, 1, 1, 2, 3], count).tolist()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    begins = (rng.choice(days, 120) - NOON + 60 * rng.integers(0, 250, 120)).tolist()
    jobs = [
        (("东站", "西站")[k % 2], f"v{k // 2 % 2}", begin, 60 * int(rng.integers(1, 20)))
        for k, begin in enumerate(begins)
        if k % 2 == 0 or begin < 86_400  # in April the one post has no crew
    ]
    sky = Weather.of((int(day) + a, int(day) + a + 1200) for day in days for a in (540, 4800))
    found = agree(model, rows, record(model, jobs), sky, parts=3, gone=[5, 70], share=0.5, most=40)
    assert (found > 0).all()


def spread(model: Modelled) -> list[int]:
    """Return all nodes of the network, or some of them."""
    return [int(node) for node in np.linspace(0, model.travel_s.shape[2] - 1, 4)]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(0, 30), max_size=12), st.integers(0, 12), st.integers(0, 12),
    st.integers(0, 12), st.integers(-1, 31),
)  # fmt: skip
def test_a_search_from_any_guess_finds_the_first_time_that_is_not_before(
    times: list[int], first: int, last: int, guess: int, at_s: int
) -> None:
    ordered = np.sort(np.array(times, np.int64))
    first, last = sorted(min(place, len(times)) for place in (first, last))
    guess = min(max(guess, first), last)
    found = charge_loops._reached(ordered, first, last, guess, at_s)
    assert found == first + np.searchsorted(ordered[first:last], at_s)


def test_the_rows_of_a_table_of_facts_have_the_places_that_the_loops_take_them_from() -> None:
    rows = [*charge_loops.FACTS, *charge_loops.FOUND]
    assert rows[charge_loops._MASS] == "mass"
    assert rows[charge_loops._SENT] == "sent"
    assert len(rows) == charge_loops._GROUPS
    assert charge_loops._UNEXPLAINED == CAUSES.index("unexplained") == charge_loops._CAUSES - 1
    assert CAUSES.index("crossing_water") == charge_loops._WATER
