"""The content of ``result.json``; nothing in it depends on the run, only on what was read."""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from geodata import catalogue
from routing.audit import phases, reasons, summary, trend
from routing.audit.counting import Counted
from routing.audit.findings import UNKNOWN, Table
from routing.audit.options import Options, Period
from routing.audit.placing import HOW

SCHEMA = "island-response/audit/1"
ZONES = ("main_urban", "rural")
_TRENDS = ("overall", *ZONES)
_CUT_DAYS = 4
"""So many days without a call at the end of a month, and the log is taken not to cover it."""
_BOUNDS = ("mean_low_min", "mean_high_min", "median_low_min", "median_high_min", "p90_low_min",
           "p90_high_min")  # fmt: skip


def assemble(
    counted: Counted,
    tables: Mapping[str, Table],
    options: Options,
    *,
    region: Mapping[str, str],
    files: list[str],
    tz: str,
    crs: str,
    notices: list[dict[str, str]],
    model: Mapping[str, Any] | None = None,
    synthetic: bool = False,
) -> dict[str, Any]:
    """Return the result.

    Args:
        counted: the counts.
        tables: the published figures.
        options: what was asked.
        region: ``name_zh`` and ``name_en``.
        files: names of what was read, in order.
        tz, crs: clock of the audit and reference system of the positions.
        notices: what a reader has to know, ``key``, ``text_zh``, ``text_en``.
        model: what the model side adds: causes, recorded against modelled.
        synthetic: whether the log is made up.
    """
    facts = [part.facts for part in counted.parts]
    spans = [span for fact in facts if (span := fact["span_s"])]
    return {
        "schema": SCHEMA,
        "synthetic": synthetic,
        "region": dict(region),
        "start_stamp": options.start_stamp,
        "longest_min": plain(options.longest_min),
        "time_zone": tz,
        "crs": crs,
        "files": files,
        "period": {
            "first": _clock(min(s[0] for s in spans)) if spans else None,
            "last": _clock(max(s[1] for s in spans)) if spans else None,
        },
        "records": records(counted),
        "stamps": stamps(counted),
        "located": located(counted),
        "overall": _only(tables["overall"]),
        "zones": _zones(tables, counted.plan.bounds_s),
        "phases": _phases(tables["overall"], counted),
        "groups": {
            table.name: _group(table)
            for table in tables.values()
            if table.keys not in ((), ("zone",))
        },
        "trends": trends(tables, options),
        "changes": changes(tables, options),
        "confidence": options.confidence,
        "suppress_below": options.suppress_below,
        "suppressed_cells": int(sum(table.hidden.sum() for table in tables.values())),
        **(model or {}),
        "notices": notices,
    }


def records(counted: Counted) -> dict[str, Any]:
    """Return how many records were read, used and rejected by each reason.

    Raises:
        AssertionError: if they do not add up: a fault of the program.
    """
    read = sum(part.facts["read"] for part in counted.parts)
    by_reason = dict.fromkeys(reasons.REASONS, 0)
    for part in counted.parts:
        for key, number in part.facts["rejected"].items():
            by_reason[key] += number
    for code in counted.repeats.rows["reason"].to_list():
        by_reason[reasons.key_of(code)] += 1
    used = int(summary.sums(counted.tally.counts[counted.plan.cuts[0]]["response"]).n.sum())
    lost = sum(by_reason.values())
    if used + lost != read:
        raise AssertionError(f"{used} used + {lost} rejected records are not the {read} read")
    return {"read": read, "used": used, "rejected": lost, "rejected_by_reason": by_reason}


def stamps(counted: Counted) -> dict[str, dict[str, int]]:
    """Return in how many of the records read each stamp is present, unreadable, missing."""
    read = sum(part.facts["read"] for part in counted.parts)
    found = {}
    for name in phases.STAMPS:
        present = sum(part.facts["stamps"][name][0] for part in counted.parts)
        bad = sum(part.facts["stamps"][name][1] for part in counted.parts)
        found[name] = {"present": present, "unreadable": bad, "missing": read - present - bad}
    return found


def located(counted: Counted) -> dict[str, int]:
    """Return how records in use, repeats included, were placed; see `placing.HOW`."""
    counts = np.array([part.facts["located"] for part in counted.parts]).reshape(-1, len(HOW))
    found: dict[str, int] = dict(zip(HOW, counts.sum(axis=0).tolist(), strict=True))
    # Those are rejected, and counted among the rejected.
    del found["off_map"]
    return found


def trends(tables: Mapping[str, Table], options: Options) -> list[dict[str, Any]]:
    """Return the trend of the monthly means: overall and by zone, where months are enough."""
    found = []
    for group in _TRENDS:
        months = _months(tables, group)
        usable = {m: s for m, s in months.items() if s.n >= max(options.suppress_below, 1)}
        means = [s.total / s.n / 60.0 for s in usable.values()]
        told = trend.of_months(list(usable), means, confidence=options.confidence)
        if told is not None:
            found.append({"of": group, **plain(vars(told))})
    return found


def changes(tables: Mapping[str, Table], options: Options) -> list[dict[str, Any]]:
    """Return the change between periods: overall and by zone."""
    found = []
    for group in _TRENDS:
        months = _months(tables, group)
        for earlier, later in _periods(list(months), options.compare):
            one, two = (_summed(months[m] for m in p if m in months) for p in (earlier, later))
            if min(one.n, two.n) < max(options.suppress_below, 2):
                continue
            change = trend.between(one, two, confidence=options.confidence)
            if change is not None:
                found.append(
                    {
                        "of": group,
                        "earlier": _listed(earlier),
                        "later": _listed(later),
                        "n_earlier": one.n,
                        "n_later": two.n,
                        "mean_earlier_min": plain(one.total / one.n / 60.0),
                        "mean_later_min": plain(two.total / two.n / 60.0),
                        **plain(vars(change)),
                    }
                )
    return found


def notice(key: str, **params: object) -> dict[str, str]:
    """Return a notice in both languages."""
    texts = {
        f"text_{lang}": catalogue.text(f"audit.notice.{key}", lang, **params)
        for lang in catalogue.LANGUAGES
    }
    return {"key": key, **texts}


def notices(
    counted: Counted, tables: Mapping[str, Table], options: Options
) -> list[dict[str, str]]:
    """Return what a reader has to know before trusting a figure of the counts."""
    facts = [part.facts for part in counted.parts]
    found = []
    by_name = {key: sum(f["over_limit"][i] for f in facts) for i, key in enumerate(phases.MEASURES)}
    over = sum(by_name.values())
    if over:
        found.append(notice("over_limit", count=f"{over:,}", limit=f"{options.longest_min:g}"))
    without = sum(f["without_id"] for f in facts)
    if without:
        found.append(notice("without_id", count=f"{without:,}"))
    if counted.repeats.far_apart:
        found.append(notice("ids_far_apart", count=f"{counted.repeats.far_apart:,}"))
    unreadable = sum(s["unreadable"] for s in stamps(counted).values())
    if unreadable:
        found.append(notice("unreadable_stamps", count=f"{unreadable:,}"))
    placed = located(counted)
    named = placed["township"] + placed["county"]
    if named:
        found.append(notice("by_name", count=f"{named:,}"))
    zones = tables["zone"].of("response")
    lost = zones.filter(zones["zone"] == UNKNOWN)
    if len(lost) and lost["n"].item() is not None:
        found.append(notice("without_zone", count=f"{lost['n'].item():,}"))
    if counted.plan.keys.crowded:
        names = ", ".join(counted.plan.keys.crowded)
        found.append(notice("crowded", keys=names))
    if any(table.hidden.any() for table in tables.values()):
        found.append(notice("suppressed", least=options.suppress_below))
    zone = _zone_that_follows(tables)
    if zone is not None:
        found.append(_hidden_zone(zone, options.suppress_below))
    cut = _cut_months([span for f in facts if (span := f["span_s"])])
    if cut:
        found.append(notice("cut_months", months=", ".join(cut)))
    return [*found, notice("intervals")]


def _cut_months(spans: list[list[int]]) -> list[str]:
    """Return the months in which the log begins or ends days away from the month's own end.

    A log of one month alone compares nothing.
    """
    if not spans:
        return []
    ends = (min(s[0] for s in spans), max(s[1] for s in spans))
    first, last = (datetime.fromtimestamp(s, UTC) for s in ends)
    if (first.year, first.month) == (last.year, last.month):
        return []
    days = monthrange(last.year, last.month)[1]
    late, early = first.day > _CUT_DAYS, days - last.day >= _CUT_DAYS
    return [f"{at:%Y-%m}" for at, is_cut in ((first, late), (last, early)) if is_cut]


def _zone_that_follows(tables: Mapping[str, Table]) -> str | None:
    """Return the zone whose suppressed figures are the whole log's less the other zone's."""
    zones = tables["zone"].of("response")
    hidden = zones.filter(pl.col("suppressed"))["zone"].to_list()
    shown = zones.filter(~pl.col("suppressed"))["zone"].to_list()
    follows = len(hidden) == 1 and hidden[0] in ZONES and any(zone in ZONES for zone in shown)
    return hidden[0] if follows else None


def _hidden_zone(zone: str, least: int) -> dict[str, str]:
    found = {"key": "hidden_zone"}
    for lang in catalogue.LANGUAGES:
        name = catalogue.text(f"audit.label.any.{zone}", lang)
        text = catalogue.text("audit.notice.hidden_zone", lang, zone=name, least=least)
        found[f"text_{lang}"] = text
    return found


def plain(value: Any, *, digits: int = 4) -> Any:
    """Return `value` rounded, as JSON can hold it: NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v, digits=digits) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v, digits=digits) for v in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = round(value, digits)
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a response time under the names of the contract."""
    met = row["met"]
    low, high, bound = row["mean_low_min"], row["mean_high_min"], row["bound_min"]
    # A verdict without an interval, as of one call, is a verdict that chance may have made.
    certain = None if met is None else low is not None and bool(high <= bound or low > bound)
    found = {
        "n": row["n"],
        "mean_min": row["mean_min"],
        "median_min": row["median_min"],
        "p90_min": row["p90_min"],
        "share_within_target": row["share_within"],
        "target_min": row["bound_min"],
        "target_met": met,
        "certain": certain,
        **{name: row[name] for name in _BOUNDS},
        "share_low": row["share_low"],
        "share_high": row["share_high"],
    }
    if row["suppressed"]:
        found["suppressed"] = True
    if row["groups"] > 1:
        found["groups"] = row["groups"]
    return found


def _phase(row: Mapping[str, Any], measure: str, over_limit: int) -> dict[str, Any]:
    found = {
        "n": row["n"],
        "mean_min": row["mean_min"],
        "median_min": row["median_min"],
        "p90_min": row["p90_min"],
        **{name: row[name] for name in _BOUNDS},
        "over_limit": over_limit,
    }
    if measure in phases.NORMS:
        found |= {
            "norm_min": plain(phases.NORMS[measure].bound_s / 60.0),
            "norm_share": phases.NORMS[measure].share,
            "norm_source": phases.NORMS[measure].source,
            "share_within_norm": row["share_within"],
            "share_low": row["share_low"],
            "share_high": row["share_high"],
            "norm_met": row["met"],
        }
    if row["suppressed"]:
        found["suppressed"] = True
    return found


def _nothing(bound_min: float | None) -> dict[str, Any]:
    blank = dict.fromkeys(("mean_min", "median_min", "p90_min", "share_within_target"))
    return {"n": 0, **blank, "target_min": bound_min, "target_met": None}


def _only(table: Table) -> dict[str, Any]:
    rows = table.of("response").to_dicts()
    return _figures(rows[0]) if rows else _nothing(None)


def _zones(tables: Mapping[str, Table], bounds_s: Mapping[str, int]) -> dict[str, Any]:
    rows = {row["zone"]: row for row in tables["zone"].of("response").to_dicts()}
    found = {
        zone: _figures(rows[zone]) if zone in rows else _nothing(plain(bound / 60.0))
        for zone, bound in bounds_s.items()
    }
    return found | {zone: _figures(row) for zone, row in rows.items() if zone not in found}


def _phases(table: Table, counted: Counted) -> dict[str, Any]:
    found = {}
    for place, measure in enumerate(phases.MEASURES[1:], start=1):
        rows = table.of(measure).to_dicts()
        over = sum(part.facts["over_limit"][place] for part in counted.parts)
        if rows and (rows[0]["n"] or rows[0]["suppressed"] or over):
            found[measure] = _phase(rows[0], measure, over)
    return found


def _group(table: Table) -> dict[str, Any]:
    return {
        " ".join(str(row[key]) for key in table.keys): _names(row) | _figures(row)
        for row in table.of("response").to_dicts()
    }


def _names(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("name_zh", "name_en") if name in row}


def _months(tables: Mapping[str, Table], group: str) -> dict[int, trend.Sample]:
    """Return the exact sums of each month, of all calls or of a zone."""
    key = "month" if group == "overall" else "zone_month"
    if key not in tables:
        return {}
    table = tables[key]
    s = summary.sums(table.exact.counts[table.keys]["response"])
    judged = table.exact.judged[table.keys].sum(axis=1)
    within = table.exact.within[table.keys].sum(axis=1)
    found = {}
    for place, label in enumerate(table.labels):
        if s.n[place] and (group == "overall" or label[0] == group):
            found[int(label[-1].replace("-", ""))] = trend.Sample(
                int(s.n[place]), int(s.total[place]), int(s.squares[place]),
                int(within[place]), int(judged[place]),
            )  # fmt: skip
    return found


def _summed(samples: Any) -> trend.Sample:
    rows = [(s.n, s.total, s.squares, s.within, s.judged) for s in samples]
    return trend.Sample(*map(sum, zip(*rows, strict=True))) if rows else trend.Sample(0, 0, 0, 0, 0)


def _periods(
    months: list[int], compare: tuple[Period, Period] | None
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    if compare is None:
        return trend.years(months)
    one, two = (tuple(m for m in months if p.first <= m <= p.last) for p in compare)
    return [(one, two)]


def _listed(months: tuple[int, ...]) -> list[str]:
    return [f"{m // 100:04d}-{m % 100:02d}" for m in months]


def _clock(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
