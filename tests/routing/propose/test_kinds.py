"""What new berths and helipads give, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.propose import Request
from routing.propose.conditions import Held
from routing.response import Condition
from tests.routing.propose import isles
from tests.routing.propose.isles import FLOWN_D3, TODAY, after, ask


def one_site(folder: Path, kind: str, at: tuple[float, float]) -> Path:
    return isles.sheet(folder, {"N": at}, kind=[kind])


def test_a_helipad_saves_the_unprepared_landing(tmp_path: Path) -> None:
    """H to D2 is 5.831 km, 1.4577 min; 2 + 25 + 6 + 3 more, and no 5 for an unprepared site.

    D2 is sooner by road (20.8), so the pad shows where no ambulance runs.
    """
    path = one_site(tmp_path, "helipad", (10, 8))
    air = Held("air@day", Condition("calm", vehicles=("helicopter",)))
    request = Request(objective="min-mean", new=1, keep=("N",), candidates=path)
    found = after(ask(request, held=(air,)))
    assert found["D2"] == pytest.approx(37.4577, abs=1e-3)
    before = after(ask(Request(objective="min-mean", new=0, candidates=path), held=(air,)))
    assert before["D2"] == pytest.approx(42.4577, abs=1e-3)


def test_a_berth_takes_its_crew_from_the_nearest_post(tmp_path: Path) -> None:
    """At BB's own quay, once BB is closed: crew 2 + 18, then as BB by the way over water.

    That begins at the shore a kilometre east, so it is up to 1.2 km shorter than BB's link.
    """
    path = one_site(tmp_path, "boat_berth", (19, 5))
    request = Request(objective="min-mean", new=1, keep=("N",), close=("BB",), candidates=path)
    found = ask(request)
    assert after(found)["D3"] == pytest.approx(TODAY["D3"], abs=1.2)
    assert "kinds_by_themselves" in [notice["key"] for notice in found.result["notices"]]


def test_a_berth_without_a_crew_sends_no_boat(tmp_path: Path) -> None:
    """No post of today stands on island B."""
    path = one_site(tmp_path, "boat_berth", (30.5, 2))
    request = Request(objective="min-mean", new=1, keep=("N",), close=("BB",), candidates=path)
    assert after(ask(request))["D3"] == pytest.approx(FLOWN_D3, abs=1e-3)


def test_boats_that_do_not_run_make_berths_useless(tmp_path: Path) -> None:
    path = one_site(tmp_path, "boat_berth", (19, 5))
    held = Held("no_boat@day", Condition("no_boat", vehicles=("ambulance", "helicopter")))
    request = Request(objective="min-mean", new=1, keep=("N",), candidates=path)
    assert after(ask(request, held=(held,)))["D3"] == pytest.approx(FLOWN_D3, abs=1e-3)


def test_a_limit_on_a_kind_holds(tmp_path: Path) -> None:
    places = {"N1": (10, 5), "N2": (30.5, 2)}
    path = isles.sheet(tmp_path, places)
    request = Request(objective="min-mean", new=2, candidates=path, kinds={"ambulance_post": 1})
    assert isles.plan(request) == ["N2"]
