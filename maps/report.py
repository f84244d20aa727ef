"""The report: one self-contained page, built from the result and the figures alone."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from maps import assets, findings
from maps.scale import scale
from maps.verdicts import HEADLINE, VARIANTS, judged, mean_text, verdicts
from maps.words import NOTE_LIMIT, ReportWords, Words, clean, is_missing, number, rounded

KNOWN_FIGURES = ("coverage", "distribution", "parts", "coverage_after")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def report_page(result: dict[str, Any], figures: dict[str, bytes], lang: str) -> str:
    """Return the report as one HTML page without scripts and without foreign references.

    Args:
        result: the run's result, ``island-response/brief/1``; parts that are absent are left out.
        figures: pictures (PNG or SVG) by name: ``coverage``, ``distribution``, ``parts`` and
            ``coverage_after`` stand where they belong, others at the end.
        lang: ``zh`` or ``en``.

    Returns:
        the page; equal inputs give equal pages.
    """
    words = ReportWords(lang)
    sources = _sources(result)
    anchors = {source["id"]: source["anchor"] for source in sources}
    return (
        assets.environment()
        .get_template("report.html.j2")
        .render(
            words=words,
            style=Markup(assets.text("page.css") + assets.text("report.css")),  # noqa: S704
            policy=_POLICY,
            lang="zh-CN" if lang == "zh" else lang,
            region=words.named(result.get("region") or {}),
            setting=words.setting(result),
            verdicts=verdicts(result, words),
            variants=_variants(result, words),
            findings=findings.findings(result, words),
            notices=words.notices(result),
            zones=verdicts(result, words),
            parts=_parts(result, words),
            islands=_islands(result, words),
            townships=_townships(result, words),
            vehicles=_vehicles(result, words),
            proposal=_proposal(result, words),
            assumptions=_assumptions(result, words, anchors),
            checks=_checks(result, words, anchors),
            unlocated=_unlocated(result, words),
            unjoined=_unjoined(result, words),
            sources=sources,
            start_stamp=words.r_or(f"clock.{result.get('start_stamp')}", ""),
            schematic=result.get("network") == "schematic",
            figures={name: assets.data_url(picture) for name, picture in figures.items()},
            more_figures=sorted(set(figures) - set(KNOWN_FIGURES)),
        )
    )


def _rows(result: dict[str, Any], key: str) -> Iterable[dict[str, Any]]:
    return (row for row in result.get(key) or () if isinstance(row, dict))


def _variants(result: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    found = []
    for variant in VARIANTS:
        zones = (result.get("variants") or {}).get(variant)
        if zones:
            found.append(
                {
                    "name": words.code("variant", variant),
                    "headline": variant == HEADLINE,
                    "zones": [
                        {
                            "mean": mean_text(zone, words),
                            **judged(zone, words, short=True),
                        }
                        for zone in zones.values()
                    ],
                    "names": [words.code("zone", name) for name in zones],
                }
            )
    return found


def _parts(result: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    keys = ("call_handling_min", "turnout_min", "travel_min", "transfer_min")
    return [
        {"name": words.code("zone", zone), "minutes": [_one(parts.get(key)) for key in keys]}
        for zone, parts in (result.get("parts") or {}).items()
    ]


def _islands(result: dict[str, Any], words: ReportWords) -> list[dict[str, Any]]:
    targets = [zone.get("target_min") for zone in (result.get("zones") or {}).values()]
    bands = scale(number(target) for target in targets)
    found = []
    for row in _rows(result, "islands"):
        mean = number(row.get("mean_min"))
        band = bands.bands[int(bands.index([float("nan") if mean is None else mean])[0])]
        notes = row.get("notice") or ()
        found.append(
            {
                "name": words.named(row),
                "county": words.place(row.get("county")),
                "people": words.count(row.get("population")),
                "mean": words("band.unreachable") if mean is None else rounded(mean),
                "worst": _one(row.get("worst_min")),
                "colour": band.colour,
                "ink": band.ink,
                "vehicle": words.vehicle(row.get("best_vehicle")),
                "post": _name_or_blank(row.get("post"), row.get("post_en"), words),
                "notes": words("list_mark").join(
                    words.r_or(f"island_notice.{note}", clean(note)) for note in notes
                ),
            }
        )
    return found


def _townships(result: dict[str, Any], words: ReportWords) -> list[dict[str, Any]]:
    found = [
        {
            "name": words.place(row.get("name_zh")),
            "county": words.place(row.get("county")),
            "people": words.count(row.get("population")),
            "mean": _one(row.get("mean_min")),
            "median": _one(row.get("median_min")),
            "p90": _one(row.get("p90_min")),
            "order": number(row.get("mean_min")),
        }
        for row in _rows(result, "townships")
    ]
    slowest_first = float("inf")
    return sorted(found, key=lambda r: -(slowest_first if r["order"] is None else r["order"]))


def _vehicles(result: dict[str, Any], words: ReportWords) -> list[dict[str, str]]:
    counts = {
        name: number((entry or {}).get("population")) or 0.0
        for name, entry in (result.get("vehicles") or {}).items()
    }
    total = sum(counts.values())
    return [
        {
            "name": words.vehicle(name),
            "people": words.count(count),
            "share": words.percent(count / total) if total else words("unknown"),
        }
        for name, count in counts.items()
    ]


def _proposal(result: dict[str, Any], words: ReportWords) -> dict[str, Any] | None:
    proposal = result.get("proposal")
    if not findings.asked(proposal):
        return None
    sites = [
        {
            "name": words.named(site),
            "island": words.place(site.get("island")),
            "kind": words.code("kind", site.get("kind")),
            "people": words.count(site.get("serves_population")),
            "gain": words.minutes(site.get("gain_min")) if number(site.get("gain_min")) else "–",
            "where": _where(site),
        }
        for site in proposal.get("sites") or ()
    ]
    before, after = proposal.get("before") or {}, proposal.get("after") or {}
    return {
        "statement": findings.proposal_sentence(proposal, words),
        "proof": findings.proof_sentence(proposal, words),
        "objective": words.r_or(
            f"objective.{proposal.get('objective')}", clean(proposal.get("objective"))
        ),
        "solver": clean(proposal.get("solver")),
        "runtime": _one(proposal.get("runtime_s")),
        "sites": sites,
        "zones": [
            {"before": old, "after": new}
            for old, new in zip(
                verdicts(result, words, zones=before),
                verdicts(result, words, zones=after),
                strict=False,
            )
        ],
    }


def _assumptions(
    result: dict[str, Any], words: ReportWords, anchors: dict[str, str]
) -> list[dict[str, Any]]:
    found = []
    for row in _rows(result, "assumptions"):
        status = clean(row.get("status"))
        # A value overridden without a note keeps the default's Chinese note, which is not about it.
        note = "" if is_missing(row.get("note")) else words.note(row)
        name = clean(row.get("name"))
        found.append(
            {
                "name": words.r_or(f"parameter.{name}", name),
                "code": name,
                "value": _value(row.get("value"), words),
                "unit": words.r_or(f"unit.{clean(row.get('unit'))}", clean(row.get("unit"))),
                "status": words.r_or(f"status_of_value.{status}", status),
                "sourced": status == "sourced",
                "sources": _references(row.get("source"), words, anchors),
                "note": note,
            }
        )
    return found


def _checks(
    result: dict[str, Any], words: ReportWords, anchors: dict[str, str]
) -> list[dict[str, Any]]:
    rows = [*_rows(result, "checks"), *_rows(result, "known_times")]
    return [
        {
            "name": words.named(row),
            "unit": words.r(f"unit_{quantity}"),
            "modelled": _one(modelled),
            "known": "–".join(dict.fromkeys(f"{bound:g}" for bound in known)) or "–",
            "difference": _difference(modelled, known, words),
            "sources": _references(row.get("source"), words, anchors),
            "note": words.note(row),
        }
        for row in rows
        for quantity in ("min", "km")
        if (known := _known(row, quantity))
        for modelled in [number(row.get(f"modelled_{quantity}"))]
    ]


def _known(row: dict[str, Any], quantity: str) -> list[float]:
    """Return the known value, or both bounds of a known range; empty where nothing is known."""
    keys = (f"known_{quantity}", f"known_{quantity}_low", f"known_{quantity}_high")
    found = [number(row.get(key)) for key in keys]
    return sorted(value for value in found if value is not None)


def _unjoined(result: dict[str, Any], words: ReportWords) -> str:
    counts = {k: number(n) for k, n in (result.get("unjoined_places") or {}).items()}
    places = words("list_mark").join(
        words.r(
            "unjoined_layer", layer=words.r_or(f"layer.{layer}", clean(layer)), n=words.count(n)
        )
        for layer, n in counts.items()
        if n
    )
    return words.r("unjoined", places=places) if places else ""


def _unlocated(result: dict[str, Any], words: Words) -> list[dict[str, str]]:
    return [
        {"name": words.named(row), "note": words.note(row)} for row in _rows(result, "unlocated")
    ]


def _sources(result: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for place, row in enumerate(_rows(result, "sources"), start=1):
        url = clean(row.get("url"), limit=500)
        found.append(
            {
                "anchor": f"source-{place}",
                "id": clean(row.get("source_id")),
                "title": clean(row.get("title"), limit=NOTE_LIMIT),
                "publisher": clean(row.get("publisher"), limit=200),
                "date": clean(row.get("date")),
                "url": url,
                "link": url if _is_web_address(url) else "",
                "licence": clean(row.get("licence"), limit=200),
            }
        )
    return found


def _is_web_address(url: str) -> bool:
    """Return whether `url` is one plain web address: no script, no second address behind it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in url


def _references(
    value: object, words: ReportWords, anchors: dict[str, str]
) -> list[dict[str, str | None]]:
    names = [name.strip() for name in clean(value, limit=200).split(";") if name.strip()]
    return [
        {
            "text": words.r_or(f"status_of_value.{name}", name),
            "anchor": anchors.get(name),
        }
        for name in names
    ]


def _value(value: object, words: ReportWords) -> str:
    if isinstance(value, bool):
        return words.r("yes" if value else "no")
    if isinstance(value, (int, float)):
        return f"{value:g}" if number(value) is not None else words("unknown")
    if isinstance(value, (list, tuple)) and len(value) == 24:
        factors = [factor for factor in map(number, value) if factor is not None]
        if len(factors) == 24:
            return _by_hour(factors, words)
    text = clean(value)
    return words.r_or(f"value.{text}", text)


def _by_hour(factors: list[float], words: ReportWords) -> str:
    """Return 24 hourly values as the spans that depart from the commonest one."""
    texts = [f"{factor:g}" for factor in factors]
    usual = max(texts, key=texts.count)
    spans: dict[str, list[str]] = {}
    hour = 0
    for text, run in groupby(texts):
        start, hour = hour, hour + len(list(run))
        spans.setdefault(text, []).append(f"{start:02d}–{hour:02d}")
    del spans[usual]
    if not spans:
        return words.r("all_hours", value=usual)
    mark = words.r("hours_mark")
    parts = [words.r("at_hours", value=v, hours=mark.join(at)) for v, at in spans.items()]
    return words.r("by_hour", parts=words.r("finding.clause_mark").join(parts), value=usual)


def _one(value: object) -> str:
    found = number(value)
    return "–" if found is None else f"{found:.1f}"


def _difference(modelled: float | None, known: list[float], words: ReportWords) -> str:
    """Return modelled less known; against a range, less its nearer bound."""
    if modelled is None:
        return "–"
    nearest = min(max(modelled, known[0]), known[-1])
    if nearest == modelled and len(set(known)) > 1:
        return words.r("in_range")
    if abs(modelled - nearest) < 0.05:
        return "0"
    percent = f" ({100 * (modelled - nearest) / nearest:+.0f}%)" if nearest else ""
    return f"{modelled - nearest:+.1f}{percent}"


def _where(site: dict[str, Any]) -> str:
    lon, lat = number(site.get("lon")), number(site.get("lat"))
    return "" if lon is None or lat is None else f"{lat:.4f}, {lon:.4f}"


def _name_or_blank(zh: object, en: object, words: Words) -> str:
    return "" if is_missing(zh) and is_missing(en) else words.name(zh, en)
