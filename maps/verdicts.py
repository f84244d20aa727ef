"""The verdict of each zone in words, with its variants beside it."""

from __future__ import annotations

from typing import Any

from maps.words import Words, number, rounded

VARIANTS = ("confirmed", "confirmed_assumed", "with_clinics", "without_helicopter")
HEADLINE = "confirmed_assumed"


def verdicts(
    result: dict[str, Any], words: Words, *, zones: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return one entry per zone: name, mean, target, met or not, and what the mean hides.

    Args:
        result: the run's result.
        words: texts in the page's language.
        zones: statistics to judge; today's by default. Variants stand beside today's alone.

    Returns:
        dicts with ``name, mean, unit_mean, target, met, verdict, median, p90, share, people,
        calls, unreachable, unreachable_text, variants``; all but `met` and `unreachable` texts.
    """
    today = zones is None
    shown = zones if zones is not None else result.get("zones") or {}
    return [
        _verdict(zone, found, words) | {"variants": _variants(zone, result, words) if today else []}
        for zone, found in shown.items()
        if isinstance(found, dict)
    ]


def mean_text(found: dict[str, Any], words: Words) -> str:
    """Return a zone's mean in minutes, with the decimals that its verdict needs."""
    mean = number(found.get("mean_min"))
    if mean is None:
        return words("unknown")
    return rounded(mean, bound=number(found.get("target_min")))


def judged(found: dict[str, Any], words: Words, *, short: bool = False) -> dict[str, Any]:
    """Return whether a zone's target is met, as ``met``, ``mark`` and ``verdict``.

    A zone without a mean, as nobody there is reached, has no verdict: ``met`` is None. Where the
    mean keeps the target and residents are cut off, or where chance may decide about recorded
    calls (``certain`` is false), the verdict says so.
    """
    met = found.get("target_met")
    if not isinstance(met, bool):
        return {"met": None, "mark": "–", "verdict": words("verdict_unknown")}
    manner = "short" if short else "verdict"
    cut_off = found.get("target_met_reason") == "cut_off"
    outcome = "met" if met else "cut_off" if cut_off else "missed"
    verdict = words(f"{manner}_{outcome}")
    if found.get("certain") is False:
        verdict = words("verdict_uncertain", verdict=verdict)
    return {"met": met, "mark": "✓" if met else "✗", "verdict": verdict}


def _verdict(zone: str, found: dict[str, Any], words: Words) -> dict[str, Any]:
    target = number(found.get("target_min"))
    unreachable = number(found.get("unreachable_population")) or 0
    return {
        "zone": zone,
        "name": words.code("zone", zone),
        "mean": mean_text(found, words),
        "target": words("unknown") if target is None else f"{target:g}",
        **judged(found, words),
        "median": words.minutes(found.get("median_min")),
        "p90": words.minutes(found.get("p90_min")),
        "share": words.percent(found.get("share_within_target")),
        "people": words.count(found.get("population")),
        "calls": words.count(found.get("calls_per_year")),
        "unreachable": unreachable,
        "unreachable_text": words.count(unreachable),
    }


def _variants(zone: str, result: dict[str, Any], words: Words) -> list[dict[str, Any]]:
    found = []
    for variant in VARIANTS:
        zones = (result.get("variants") or {}).get(variant) or {}
        if variant != HEADLINE and isinstance(zones.get(zone), dict):
            found.append(
                {
                    "name": words.code("variant", variant),
                    "mean": mean_text(zones[zone], words),
                    **judged(zones[zone], words, short=True),
                }
            )
    return found
