"""The charts that a result holds the tables for, ready for its report."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from maps import charts, charts_audit, charts_plan
from maps.chart_frame import Pen
from maps.fonts import Type
from maps.methods import entries
from maps.words import ReportWords, number


def charts_of(result: dict[str, Any], *, lang: str, type_: Type | None = None) -> dict[str, Figure]:
    """Return the charts by the names under which reports place them.

    Args:
        result: content of ``result.json`` of a brief, a coverage, a proposal or an audit. A chart
            whose table is absent or empty is left out. Read are: ``parts`` (parts);
            ``conditions`` of more than one (resilience); ``curve`` (tradeoff); and of an audit
            ``hour_weekday``, ``months``, ``late_causes``, ``phases_by_zone`` (phases) and
            ``distribution`` (recorded), rows with the columns that the charts name.
        lang: ``zh`` or ``en``.
        type_: type to set the charts in; by default `fonts.choose` decides.
    """
    look: dict[str, Any] = {"lang": lang, "type_": type_}
    targets = {
        zone: number(found.get("target_min")) or float("nan")
        for zone, found in (result.get("after") or result.get("zones") or {}).items()
    }
    found: dict[str, Figure] = {}
    if result.get("parts"):
        found["parts"] = charts.parts_figure(result, **look)
    states = resilience_rows(result, lang=Pen.of(lang, type_).type_.lang)
    if len({row["condition"] for row in states}) > 1:
        found["resilience"] = charts_plan.resilience_figure(states, targets, **look)
    if rows := entries(result, "curve"):
        found["tradeoff"] = charts_plan.tradeoff_figure(rows, targets, **look)
    return found | _of_audit(result, look)


def resilience_rows(result: dict[str, Any], *, lang: str) -> list[dict[str, Any]]:
    """Return the table of `charts_plan.resilience_figure` from a result with conditions.

    A proposal gives the state after it. Conditions with the same name by day and by night are kept
    apart by their light.
    """
    words = ReportWords(lang)
    rows = []
    for one in entries(result, "conditions"):
        name = words.condition_of(one)
        for zone, found in (one.get("after") or one.get("zones") or {}).items():
            people = number(found.get("population"))
            lost = number(found.get("unreachable_population"))
            share = lost / people if people and lost is not None else None
            rows.append(
                {
                    "condition": name,
                    "zone": zone,
                    "mean_min": found.get("mean_min"),
                    "share_cut_off": share,
                }
            )
    return rows


def _of_audit(result: dict[str, Any], look: dict[str, Any]) -> dict[str, Figure]:
    found: dict[str, Figure] = {}
    target = number((result.get("overall") or {}).get("target_min"))
    if rows := entries(result, "hour_weekday"):
        found["hour_weekday"] = charts_audit.hour_weekday_figure(rows, target_min=target, **look)
    if rows := entries(result, "months"):
        found["months"] = charts_audit.trend_figure(rows, target_min=target, **look)
    if rows := entries(result, "late_causes"):
        found["late_causes"] = charts_audit.late_causes_figure(rows, **look)
    if rows := entries(result, "phases_by_zone"):
        found["phases"] = charts.phases_figure(rows, **look)
    if rows := entries(result, "distribution"):
        zones = result.get("zones") or {}
        marks = [{"series": zone, **stat} for zone, stat in zones.items()]
        found["recorded"] = charts.curves_figure(rows, marks, **look)
    return found
