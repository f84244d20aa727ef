"""What the page of an audit is made from: groups in words, and rows for the charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from routing.audit import Audit

ON_PAGE = ("county", "township", "island", "post", "vehicle_kind", "call_type", "priority")
_FIGURES = ("n", "mean_min", "mean_low_min", "mean_high_min", "suppressed")
_PARTS = {"call_handling": "call_handling_min", "turnout": "turnout_min", "travel": "travel_min"}
_TARGET_DIGITS = 2


def draw(told: dict[str, Any], found: Audit, lang: str) -> dict[str, Figure]:
    """Return figures by the names that the report knows.

    Args:
        told: of `page_result`.
        found: the audit.
        lang: ``zh`` or ``en``.
    """
    from maps import late_map, result_charts
    from routing.audit import lateness

    figures = result_charts.charts_of(told, lang=lang)
    least = found.result["suppress_below"]
    spots = lateness.places(found.explained, found.region, least=least, published=found.tables)
    if len(spots):
        rows = spots.assign(lon=spots.geometry.x, lat=spots.geometry.y).drop(columns="geometry")
        islands, crs = found.region.islands, found.region.metric_crs
        figures["late_map"] = late_map.late_map_figure(islands, rows, crs=crs, lang=lang)
    return figures


def page_result(found: Audit, lang: str) -> dict[str, Any]:
    """Return the result as the page tells it.

    Groups have their names in words, and those that are pictures are left out; what the pictures
    are drawn from is added: ``hour_weekday``, ``months``, ``phases_by_zone``, ``distribution``.

    Args:
        found: an audit.
        lang: ``zh`` or ``en``.
    """
    from routing.audit.outputs import label

    groups = {
        kind: {
            str(row.get(f"name_{lang}") or row.get("name_zh") or label(kind, key, lang)): row
            for key, row in rows.items()
        }
        for kind, rows in found.result["groups"].items()
        if kind in ON_PAGE
    }
    target = found.result["overall"]["target_min"]
    shown = None if target is None else round(target, _TARGET_DIGITS)
    return {
        **found.result,
        "overall": {**found.result["overall"], "target_min": shown},
        "groups": groups,
        "hour_weekday": hour_weekday(found),
        "months": _rows(found, "month"),
        "phases_by_zone": phases_by_zone(found),
        "distribution": found.more["distribution"].rename({"zone": "series"}).to_dicts(),
    }


def hour_weekday(found: Audit) -> list[dict[str, Any]]:
    """Return the cells of the heat map: hour 0 to 23, weekday 0 (Monday) to 6."""
    return [
        {**row, "hour": int(row["hour"]), "weekday": int(row["weekday"]) - 1}
        for row in _rows(found, "weekday_hour")
    ]


def phases_by_zone(found: Audit) -> list[dict[str, Any]]:
    """Return the mean parts of each zone, minutes."""
    rows: dict[str, dict[str, Any]] = {}
    for row in found.tables["zone"].rows.to_dicts():
        if row["zone"] not in ("main_urban", "rural"):
            continue
        mine = rows.setdefault(row["zone"], {"zone": row["zone"]})
        if row["measure"] == "response":
            mine |= {"n": row["n"], "target_min": row["bound_min"]}
        elif row["measure"] in _PARTS:
            mine[_PARTS[row["measure"]]] = row["mean_min"]
    return list(rows.values())


def _rows(found: Audit, name: str) -> list[dict[str, Any]]:
    """Return the response times of a table; none where the log has no such groups."""
    table = found.tables.get(name)
    if table is None:
        return []
    return list(table.of("response").select(*table.keys, *_FIGURES).to_dicts())
