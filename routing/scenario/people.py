"""Residents of a scenario: who leaves, who comes, and whether the total stays."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.errors import Fault
from geodata.region import Region
from routing.scenario.model import PopulationShift, Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def changed(
    region: Region, scenario: Scenario, faults: list[Fault]
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the demand points and the county totals after every shift, adding to `faults`.

    Within a place residents change in proportion; a place without any gets newcomers evenly. Given
    calls per year change as the residents do, or stay where nobody lived.
    """
    demand, counties = region.demand, region.counties
    if not scenario.shifts:
        return demand, counties
    before = demand["population"].to_numpy(float)
    after, touched = before.copy(), np.zeros(len(demand), dtype=bool)
    for k, shift in enumerate(scenario.shifts, start=1):
        where = f"{scenario.place}: population.shift[{k}]"
        mine = _whose(demand, shift, where, faults)
        if mine is None:
            continue
        if (touched & mine).any():
            faults.append(Fault("scenario_overlap", where, _label(shift)))
            continue
        touched |= mine
        _shift(demand, shift, mine, before, after, where, faults)
    if scenario.conserve_total and not faults:
        _conserve(before, after, touched, scenario, faults)
    if faults:
        return demand, counties
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(before > 0, after / before, 1.0)
    calls = demand["calls_per_year"].to_numpy(float) * factor
    return demand.assign(population=after, calls_per_year=calls), _totals(
        counties, demand, after - before
    )


def _whose(
    demand: pd.DataFrame, shift: PopulationShift, where: str, faults: list[Fault]
) -> Flags | None:
    """Return the demand points a shift is about, or None where it does not say so rightly."""
    named = shift.township_zh is not None or shift.county_zh is not None
    if named == (shift.island_id is not None):
        faults.append(Fault("scenario_shift_whose", where))
        return None
    if (shift.factor is None) == (shift.residents is None):
        faults.append(Fault("scenario_shift_what", where))
        return None
    mine = np.ones(len(demand), dtype=bool)
    for column in ("island_id", "township_zh", "county_zh"):
        if (value := getattr(shift, column)) is not None:
            mine &= (demand[column] == value).to_numpy(bool)
    if not mine.any():
        faults.append(Fault("scenario_shift_nobody", where, _label(shift)))
        return None
    return mine


def _shift(
    demand: pd.DataFrame,
    shift: PopulationShift,
    mine: Flags,
    before: Floats,
    after: Floats,
    where: str,
    faults: list[Fault],
) -> None:
    old = float(before[mine].sum())
    new = old * shift.factor if shift.factor is not None else float(shift.residents or 0.0)
    left = old - new
    # Newcomers of an earlier shift stay: the change is on top of what the points have by now.
    share = before[mine] / old if old > 0 else np.full(int(mine.sum()), 1.0 / mine.sum())
    after[mine] += share * (new - old)
    if shift.to_island_id is None and shift.to_township_zh is None:
        return
    if left < 0:
        faults.append(Fault("scenario_shift_grows", where, _label(shift)))
        return
    there = np.zeros(len(demand), dtype=bool)
    for column, value in (("island_id", shift.to_island_id), ("township_zh", shift.to_township_zh)):
        if value is not None:
            there |= (demand[column] == value).to_numpy(bool)
    there &= ~mine
    base = before[there]
    if not base.sum() > 0:
        goal = shift.to_island_id or shift.to_township_zh
        faults.append(Fault("scenario_shift_target", where, goal))
        return
    after[there] += base / base.sum() * left


def _conserve(
    before: Floats, after: Floats, touched: Flags, scenario: Scenario, faults: list[Fault]
) -> None:
    """Scale everybody outside the shifts so that the total is as before."""
    rest = float(after[~touched].sum())
    wanted = rest + float(before.sum() - after.sum())
    if wanted < 0 or (rest <= 0 and abs(wanted) > 1e-9):
        faults.append(Fault("scenario_conserve", f"{scenario.place}: population.conserve_total"))
        return
    after[~touched] *= wanted / rest if rest > 0 else 1.0


def _totals(counties: pd.DataFrame, demand: pd.DataFrame, change: Floats) -> pd.DataFrame:
    """Return the county totals moved by what their demand points changed by."""
    if not len(counties):
        return counties
    by_county = pd.Series(change).groupby(demand["county_zh"].to_numpy()).sum()
    moved = counties["county_zh"].map(by_county).fillna(0.0).astype(float)
    return counties.assign(population=counties["population"] + moved)


def _label(shift: PopulationShift) -> str:
    names = (shift.island_id, shift.county_zh, shift.township_zh)
    return " ".join(name for name in names if name)
