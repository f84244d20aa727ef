from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

from geodata.region import Region
from routing import config, land_network
from routing.audit import causes, charging, counting, explaining, lateness, modelled
from routing.audit.charging import Meaning
from routing.audit.engine import Threads
from routing.audit.explaining import Explained
from routing.audit.findings import Known
from routing.audit.options import Options
from routing.config import Parameters
from routing.land_network import LandNetwork
from tests.routing import toy
from tests.routing.audit import slow_crews, slow_routes
from tests.routing.audit.records import call, cut, frame, prepared

BOUNDS = {"main_urban": 660, "rural": 840}


@pytest.fixture(scope="module")
def world() -> tuple[Region, LandNetwork, Parameters]:
    place, parameters = toy.archipelago(), config.load()
    return place, land_network.build(place, parameters), parameters


ROWS = [
    call(
        f"2024-03-{1 + i % 28:02d} {i % 24:02d}:10:00", call_id=str(i // 2 if i % 9 == 1 else i),
        arrive=6.0 + i % 37, leave=60.0, hospital=80.0, clear=90.0,
        post=("P1", "无名站")[i % 5 == 0],
        vehicle=(None, "甲", "乙")[i % 3], township=("城", "镇", None)[i % 7 % 3],
    )
    for i in range(120)
]  # fmt: skip


def explained(
    folder: Path, world: tuple[Region, LandNetwork, Parameters], sizes: list[int]
) -> Explained:
    place, land, parameters = world
    options, threads = Options(), Threads(2)
    parts = prepared(folder, cut(frame(ROWS), sizes), options)
    counted = counting.count(parts, options, BOUNDS, threads, lambda *_: None)
    model = modelled.Modelled.of(place, land, modelled.with_start(parameters, "answer"))
    return explaining.explain(
        counted, place, land, parameters, model=model, crews=explaining.crews_of(parts, model),
        start_stamp="answer", weather=None, engine=threads, report=lambda *_: None,
    )  # fmt: skip


def test_causes_do_not_depend_on_the_partition(
    tmp_path: Path, world: tuple[Region, LandNetwork, Parameters]
) -> None:
    one = explained(tmp_path / "one", world, [])
    many = explained(tmp_path / "many", world, [17, 1, 0, 40])
    for key in one.late:
        assert (one.late[key] == many.late[key]).all()
        assert (one.charges[key] == many.charges[key]).all()
    assert one.unmatched == many.unmatched == {"无名站": 24}
    assert repr(one.calibration.values) == repr(many.calibration.values)
    assert one.labels == many.labels


def test_charges_add_up_to_the_lateness(
    tmp_path: Path, world: tuple[Region, LandNetwork, Parameters]
) -> None:
    found = explained(tmp_path, world, [50])
    late_s, late = 0, 0
    for row in ROWS:
        bound = {"城": 660, "镇": 840}.get(row["township"] or "")
        response = row["arrive_s"] - row["answer_s"]
        if bound is not None and response > bound:
            late += 1
            late_s += response - bound
    # Repeated ids leave some calls out; what is left adds up exactly, whatever the key.
    totals = {key: int(charges[:, :, 2].sum()) for key, charges in found.charges.items()}
    assert len(set(totals.values())) == 1
    assert 0 < next(iter(totals.values())) <= late_s
    assert all(int(n.sum()) <= late for n in found.late.values())


def test_counts_by_cause_are_those_of_the_tally(
    tmp_path: Path, world: tuple[Region, LandNetwork, Parameters]
) -> None:
    place, land, parameters = world
    given = modelled.with_start(parameters, "answer")
    model = modelled.Modelled.of(place, land, given)
    (part,) = prepared(tmp_path, [frame(ROWS)], Options())
    rows = np.arange(part.facts["used"])
    table = slow_routes.calls(part, rows)
    explainer = causes.Explainer(model, causes.Norms.of(given), explaining.crews_of([part], model))
    expected = slow_routes.tally(
        slow_routes.explain(explainer, table), table["zone"], ("main_urban", "rural")
    )
    keys = counting.tally.Keys.of([part])
    assert keys.labels["zone"] == ("main_urban", "rural")
    meaning = Meaning.of(
        [part], {"zone": keys.labels["zone"]}, explainer, share=1.0, most=100, points=4
    )
    piece = charging.charged([(part, np.empty(0, np.int64))], meaning)
    assert (meaning.groups.split(piece.total)["zone"] == expected).all()


def test_the_record_of_crews_is_that_of_the_canonical_table(
    tmp_path: Path, world: tuple[Region, LandNetwork, Parameters]
) -> None:
    place, _, parameters = world
    again = place.posts.assign(post_id=lambda t: t["post_id"] + "x")
    both = place.replace(posts=pd.concat([place.posts, again], ignore_index=True))
    model = modelled.Modelled.of(both, land_network.build(both, parameters), parameters)
    rows = [{**row, "post": ("P1", "P1x", "无名站", None)[i % 4]} for i, row in enumerate(ROWS)]
    parts = prepared(tmp_path, cut(frame(rows), [30]), Options())
    found, expected = (
        explaining.crews_of(parts, model),
        slow_crews.record([slow_crews.jobs(frame(rows))], model),
    )
    assert len(model.post_ids) == 2
    assert found.month_from == expected.month_from
    for name in ("first", "begins", "ends", "crews"):
        assert (getattr(found, name) == getattr(expected, name)).all()
    assert found.unmatched == expected.unmatched


def test_few_late_calls_of_a_group_are_not_told(
    tmp_path: Path, world: tuple[Region, LandNetwork, Parameters]
) -> None:
    found = explained(tmp_path, world, [])
    tables = lateness.tables(found, Known({}), least=10)
    shown = tables["causes"].filter(pl.col("suppressed") != True)  # noqa: E712 - null is neither
    assert (shown["late_calls"] >= 10).all()
    assert (shown["n"] >= 10).all()
    assert "无名站" not in tables["causes"].filter(pl.col("suppressed"))["group"].to_list()
    told = lateness.told(found, least=10)
    assert all(row["n"] is None or row["n"] >= 10 or row["n"] == 0 for row in told["late_causes"])


def test_turnout_is_that_of_ambulances_and_handling_that_of_all(
    tmp_path: Path, world: tuple[Region, LandNetwork, Parameters]
) -> None:
    place, land, parameters = world
    kinds = {"救护车": 2.0, None: 4.0, "急救船": 15.0, "直升机": 16.0}
    rows = [
        call(dispatch=2.0, depart=2.0 + minutes, arrive=20.0, vehicle_kind=kind)
        for kind, minutes in kinds.items()
        for _ in range(60)
    ]
    options, threads = Options(), Threads(1)
    parts = prepared(tmp_path, [frame(rows)], options)
    counted = counting.count(parts, options, BOUNDS, threads, lambda *_: None)
    model = modelled.Modelled.of(place, land, parameters)
    found = explaining.explain(
        counted, place, land, parameters, model=model, crews=explaining.crews_of(parts, model),
        start_stamp="answer", weather=None, engine=threads, report=lambda *_: None,
    )  # fmt: skip
    values = {value.name: value for value in found.calibration.values}
    turnout, handling = values["ambulance.turnout_min"], values["clock.call_handling_min"]
    assert (turnout.n, handling.n) == (120, 240)
    assert turnout.value == 3.0
