from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import catalogue
from geodata.errors import InputError
from routing import land_network
from routing.audit import weather
from routing.audit.causes import CAUSES, Explainer, Norms
from routing.audit.crews import Crews
from routing.audit.modelled import Modelled
from routing.audit.weather import Weather
from tests.routing import toy
from tests.routing.audit import slow_crews
from tests.routing.audit.slow_routes import COLUMNS, explain, tally, travel_seconds

NOON = 1_709_640_000  # 2024-03-05 12:00 on the local clock
H, U = 120, 120  # norms before dispatch and for turnout, seconds
READY = 600, 900  # and for boats and helicopters
TARGET = {"main_urban": 660, "rural": 840}
A_URBAN, A_RURAL = 660 - H - U, 840 - H - U


@pytest.fixture(scope="module")
def modelled() -> Modelled:
    """The toy with a second post at the far end of the road: P1 9 km and P2 8 km from D1."""
    region = toy.archipelago()
    second = toy.points(
        [{"post_id": "P2", "kind": "hospital", "vehicles": "ambulance", "at": (18, 5)}],
        name_zh="东站", evidence="confirmed", island_id="a",
    )  # fmt: skip
    posts = pd.concat([region.posts.assign(name_zh=["西站", "船", "机"]), second])
    posts = gpd.GeoDataFrame(posts, crs=region.posts.crs).reset_index(drop=True)
    parameters = toy.parameters()
    from geodata import region as regions

    changed = regions.from_tables({**region.layers, "posts": posts})
    return Modelled.of(changed, land_network.build(changed, parameters), parameters)


@pytest.fixture(scope="module")
def nodes(modelled: Modelled) -> dict[str, int]:
    region = toy.archipelago()
    land = land_network.build(region, toy.parameters())
    ids = region.demand["demand_id"].tolist()
    return dict(zip(ids, land.node_of("demand", ids).tolist(), strict=True))


def calls(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return used calls from phases: `before`, `turnout`, `travel`, in seconds."""
    table = []
    for row in rows:
        before, turnout, travel = (row.get(k) for k in ("before", "turnout", "travel"))
        response = row.get("response", sum(v or 0 for v in (before, turnout, travel)))
        dispatch = None if before is None else NOON + before
        table.append(
            {
                "response_s": response,
                "turnout_s": turnout,
                "travel_s": travel,
                "dispatch_s": dispatch,
                "arrive_s": NOON + response,
                "hour": row.get("hour", 12),
                "zone": row.get("zone", "main_urban"),
                "island_id": row.get("island", "a"),
                "node": row.get("node"),
                "post": row.get("post", "西站"),
                "vehicle_kind": row.get("kind", "救护车"),
            }
        )
    schema = {"response_s": pl.Int32, "turnout_s": pl.Int32, "travel_s": pl.Int32,
              "dispatch_s": pl.Int64, "arrive_s": pl.Int64, "hour": pl.Int8, "zone": pl.String,
              "island_id": pl.String, "node": pl.Int32, "post": pl.String,
              "vehicle_kind": pl.String}  # fmt: skip
    return pl.DataFrame(table, schema=schema)


def explained(
    modelled: Modelled,
    *rows: dict[str, Any],
    crews: Crews | None = None,
    sky: Weather | None = None,
) -> list[dict[str, int]]:
    found = explain(Explainer(modelled, Norms(H, U, TARGET, READY), crews, sky), calls(*rows))
    keys = [c.removesuffix("_late_s") for c in COLUMNS]
    return [
        {k: v for k, v in zip(keys, row, strict=True) if v}
        for row in found.select(COLUMNS).iter_rows()
    ]


def out_of(post: str, vehicles: int, busy: int) -> pl.DataFrame:
    """Return jobs of a post that has so many vehicles, so many of them out at noon."""
    rows = [
        (
            post,
            f"{post}{k}",
            NOON - (600 if k < busy else 90_000),
            NOON + (3600 if k < busy else -80_000),
        )
        for k in range(vehicles)
    ]
    kinds = {"post": pl.String, "vehicle": pl.String, "from_s": pl.Int64, "until_s": pl.Int64}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def test_the_toy_has_the_travel_times_of_its_drawing(
    modelled: Modelled, nodes: dict[str, int]
) -> None:
    post = modelled.match(["西站", "P2", "东站", "北站"]).astype(np.int64)
    assert post.tolist() == [0, 1, 1, -1]
    node = np.full(2, nodes["D1"])
    noon = np.array([12, 12])
    assert travel_seconds(modelled, post[:2], node, noon).tolist() == [540, 480]


def test_a_call_in_time_is_charged_with_nothing(modelled: Modelled, nodes: dict[str, int]) -> None:
    row = {"before": 60, "turnout": 60, "travel": 540, "node": nodes["D1"]}
    found = explain(Explainer(modelled, Norms(H, U, TARGET, READY)), calls(row))
    assert found["excess_s"].to_list() == [0]
    assert found["main_cause"].to_list() == [None]


def test_each_injected_delay_is_charged_to_its_cause(
    modelled: Modelled, nodes: dict[str, int]
) -> None:
    """P2 is 480 s away, the urban budget on the road is 420 s: 60 s are distance, whatever else."""
    base = {"before": H, "turnout": U, "travel": 480, "node": nodes["D1"], "post": "东站"}
    found = explained(
        modelled, base, {**base, "before": H + 100}, {**base, "turnout": U + 50},
        {**base, "travel": 480 + 70}, {**base, "post": "西站", "travel": 540},
    )  # fmt: skip
    assert found == [
        {"distance": 60},
        {"handling": 100, "distance": 60},
        {"turnout": 50, "distance": 60},
        {"distance": 60, "slow_travel": 70},
        {"distance": 60, "farther_post": 60},
    ]


def test_a_nearer_post_whose_crews_were_all_out_is_no_choice(
    modelled: Modelled, nodes: dict[str, int]
) -> None:
    row = {"before": H, "turnout": U, "travel": 540, "node": nodes["D1"], "post": "西站"}
    all_out = slow_crews.record([out_of("东站", 2, 2), out_of("西站", 1, 0)], modelled)
    one_in = slow_crews.record([out_of("东站", 2, 1), out_of("西站", 1, 0)], modelled)
    never = slow_crews.record([out_of("西站", 1, 0)], modelled)
    assert explained(modelled, row, crews=all_out) == [{"distance": 60, "crew_busy": 60}]
    assert explained(modelled, row, crews=one_in) == [{"distance": 60, "farther_post": 60}]
    assert explained(modelled, row, crews=never) == [{"distance": 120}]


def test_a_log_that_names_no_vehicle_is_held_against_the_posts_of_the_region(
    modelled: Modelled, nodes: dict[str, int]
) -> None:
    row = {"before": H, "turnout": U, "travel": 540, "node": nodes["D1"], "post": "西站"}
    unnamed = out_of("东站", 2, 2).with_columns(vehicle=pl.lit(None, pl.String))
    silent = slow_crews.record([unnamed], modelled)
    assert explained(modelled, row, crews=silent) == [{"distance": 60, "farther_post": 60}]


def test_bad_weather_takes_what_was_slower_than_modelled(
    modelled: Modelled, nodes: dict[str, int]
) -> None:
    row = {"before": H, "turnout": U, "travel": 600, "node": nodes["D1"], "post": "东站"}
    fog = Weather.of([(NOON - 10, NOON + 1000)])
    before = Weather.of([(NOON - 1000, NOON)])
    assert explained(modelled, row, sky=fog) == [{"distance": 60, "weather": 120}]
    assert explained(modelled, row, sky=before) == [{"distance": 60, "slow_travel": 120}]


def test_a_way_over_water_is_charged_to_the_water(
    modelled: Modelled, nodes: dict[str, int]
) -> None:
    """D3 lies on island B: 17 min of ferry model from P2 are far above the budget of 600 s."""
    by_ferry = {"before": H, "turnout": U, "travel": 4000, "node": nodes["D3"], "island": "b",
                "zone": "rural", "post": "东站"}  # fmt: skip
    by_boat = {**by_ferry, "kind": "急救船", "post": "码头船队"}
    flown = {**by_ferry, "kind": "直升机", "post": None, "island": "c", "node": None}
    excess = 4000 - A_RURAL
    found = explained(modelled, by_ferry, by_boat, flown)
    assert found == [{"crossing_water": excess}] * 3


def test_what_is_not_recorded_is_unexplained(modelled: Modelled, nodes: dict[str, int]) -> None:
    found = explained(
        modelled,
        {"response": 1000},
        {"before": H + 30, "response": 1000},
        {"before": H, "turnout": U, "travel": 760, "post": "月球"},
    )
    assert found == [
        {"unexplained": 340},
        {"handling": 30, "unexplained": 310},
        {"unexplained": 340},
    ]


def test_without_a_zone_nothing_is_judged(modelled: Modelled) -> None:
    found = explain(
        Explainer(modelled, Norms(H, U, TARGET, READY)), calls({"response": 9999, "zone": None})
    )
    assert found["excess_s"].to_list() == [None]
    assert found.select(COLUMNS).sum_horizontal().to_list() == [0]


def test_a_call_late_by_exactly_nothing_is_in_time(modelled: Modelled) -> None:
    found = explained(modelled, {"response": 660}, {"response": 661})
    assert found == [{}, {"unexplained": 1}]


seconds = st.none() | st.integers(0, 3000)
any_call = st.fixed_dictionaries(
    {
        "before": seconds,
        "turnout": seconds,
        "travel": seconds,
        "node": st.sampled_from(["D1", "D2", "D3", "D4", None]),
        "zone": st.sampled_from(["main_urban", "rural", None]),
        "island": st.sampled_from(["a", "b", "c", None]),
        "post": st.sampled_from(["西站", "东站", "月球", None]),
        "kind": st.sampled_from(["救护车", "船", "直升机", None]),
        "hour": st.integers(0, 23),
    }
)


@settings(max_examples=80, deadline=None)
@given(st.lists(any_call, min_size=1, max_size=8), st.booleans(), st.booleans())
def test_charges_add_up_to_the_excess_and_no_row_is_lost(
    modelled: Modelled, nodes: dict[str, int], rows: list[dict[str, Any]], log: bool, fog: bool
) -> None:
    rows = [{**r, "node": nodes.get(str(r["node"]))} for r in rows]
    crews = (
        slow_crews.record([out_of("东站", 1, 1), out_of("西站", 1, 0)], modelled) if log else None
    )
    sky = Weather.of([(NOON, NOON + 600)]) if fog else None
    explainer = Explainer(modelled, Norms(H, U, TARGET, READY), crews, sky)
    table = calls(*rows)
    found = explain(explainer, table)
    charges = found.select(COLUMNS).to_numpy()
    assert len(found) == len(rows)
    assert (charges >= 0).all()
    assert charges.sum(axis=1).tolist() == found["excess_s"].fill_null(0).to_list()
    target = np.array([TARGET.get(z, 10**9) for z in table["zone"].to_list()])
    late = np.maximum(table["response_s"].to_numpy() - target, 0)
    assert charges.sum(axis=1).tolist() == late.tolist()
    parts = pl.concat([explain(explainer, table[k : k + 1]) for k in range(len(table))])
    assert parts.equals(found)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 3000), st.sampled_from(["D1", "D2"]),
    st.sampled_from(["西站", "东站"]),
)  # fmt: skip
def test_nothing_is_unexplained_where_everything_is_known(
    modelled: Modelled,
    nodes: dict[str, int],
    before: int,
    turnout: int,
    travel: int,
    at: str,
    post: str,
) -> None:
    row = {"before": before, "turnout": turnout, "travel": travel, "node": nodes[at], "post": post}
    assert "unexplained" not in explained(modelled, row)[0]


def test_tallies_of_parts_add_up(modelled: Modelled, nodes: dict[str, int]) -> None:
    base = {"turnout": U, "travel": 480, "node": nodes["D1"], "post": "东站"}
    zones = ("main_urban", "rural", None)
    rows = [{**base, "before": H + 100 * k, "zone": zone} for k in range(5) for zone in zones]
    table = calls(*rows)
    found = explain(Explainer(modelled, Norms(H, U, TARGET, READY)), table)
    labels = ("main_urban", "rural")
    whole = tally(found, table["zone"], labels)
    parts = [tally(found[k::4], table["zone"][k::4], labels) for k in range(4)]
    assert np.array_equal(whole, np.sum(parts, axis=0))
    told = {cause: whole[0, k].tolist() for k, cause in enumerate(CAUSES) if whole[0, k].any()}
    # Calls charged with it, calls mostly charged with it, seconds.
    assert told == {"handling": [4, 4, 1000], "distance": [5, 1, 300]}


def test_every_cause_has_a_name_in_both_languages() -> None:
    for cause in CAUSES:
        assert catalogue.text(f"audit_causes.cause.{cause}", "zh")
        assert catalogue.text(f"audit_causes.cause.{cause}", "en")


def test_weather_is_read_with_all_its_faults_at_once(tmp_path: Path) -> None:
    file = tmp_path / "weather.csv"
    file.write_bytes(
        "开始时间,结束时间,天气\n2024/03/05 12:00,2024-03-05 13:00,大雾\n"
        "2024-03-05 12:30,2024-03-05 14:00,fog\n2024-03-06,2024-03-07,晴\n".encode("gb18030")
    )
    sky = weather.load(file)
    assert sky.bad(np.array([NOON - 1, NOON, NOON + 7199, NOON + 7200])).tolist() == [
        False, True, True, False,
    ]  # fmt: skip
    file.write_text("from,until,condition\nsoon,2024-03-05,fog\n2024-03-05,2024-03-04,fog\n")
    with pytest.raises(InputError) as caught:
        weather.load(file)
    assert [f.key for f in caught.value.faults] == ["audit_weather_stamp", "audit_weather_order"]
    file.write_text("from,sky\n")
    with pytest.raises(InputError, match="until, condition"):
        weather.load(file)


def test_weather_with_a_zone_of_its_own_is_told_by_the_clock_of_the_log(tmp_path: Path) -> None:
    file = tmp_path / "weather.csv"
    file.write_text("from,until,condition\n2024-03-05T06:00Z,2024-03-05T15:30+08:00,fog\n", "utf-8")
    at = {h: int(datetime(2024, 3, 5, h, tzinfo=UTC).timestamp()) for h in (6, 7, 14, 15, 16)}
    china, malta = (weather.load(file, tz=tz) for tz in ("Asia/Shanghai", "Europe/Malta"))
    hours = np.array(list(at.values()))
    assert china.bad(hours).tolist() == [False, False, True, True, False]
    # 06:00 UTC is 07:00 in Malta in winter, 07:30 UTC is 08:30.
    assert malta.bad(hours).tolist() == [False, True, False, False, False]
