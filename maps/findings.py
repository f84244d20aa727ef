"""The findings of a run in plain sentences, most important first."""

from __future__ import annotations

from typing import Any, TypeGuard

from maps.verdicts import HEADLINE, judged, mean_text
from maps.words import ReportWords, number, rounded

WORST_NAMED = 3
COUNTS_OF_POSTS = ("confirmed", HEADLINE, "with_clinics")


def findings(result: dict[str, Any], words: ReportWords) -> list[str]:
    """Return the findings: verdict, its firmness, the tail, the worst islands, the proposal."""
    sentences = [
        *(_zone(zone, found, words) for zone, found in (result.get("zones") or {}).items()),
        _firmness(result, words),
        _unreachable(result, words),
        _worst(result, words),
        _over_water(result, words),
        _without_helicopter(result, words),
    ]
    proposal = result.get("proposal")
    if asked(proposal):
        both = (proposal_sentence(proposal, words), proof_sentence(proposal, words))
        sentences.append(words.r("finding.sentence_mark").join(both))
    if result.get("network") == "schematic":
        sentences.append(words.r("finding.schematic"))
    return [sentence.strip() for sentence in sentences if sentence and sentence.strip()]


def asked(proposal: dict[str, Any] | None) -> TypeGuard[dict[str, Any]]:
    """Return whether the run was asked for a proposal and holds one."""
    return proposal is not None and bool(proposal) and proposal.get("statement") != "not_asked"


def proposal_sentence(proposal: dict[str, Any], words: ReportWords) -> str:
    """Return what the proposal achieves, in one or two sentences."""
    after = proposal.get("after") or {}
    means = _means(after, words)
    key = proposal.get("statement_key") or proposal.get("statement")
    if key not in ("met_today", "reached", "best_of_k", "undecided"):
        key = "other"
    said = words.r(f"statement.{key}", n=words.count(proposal.get("new_posts")), means=means)
    grounded = (proposal.get("after_variants") or {}).get("without_helicopter")
    if not proposal.get("sites") or not grounded or grounded == after:
        return said
    also = words.r("finding.after_without_helicopter", means=_means(grounded, words))
    return f"{said}{words.r('finding.sentence_mark')}{also}"


def proof_sentence(proposal: dict[str, Any], words: ReportWords) -> str:
    """Return how sure the answer is: proven best, or how far from the bound."""
    status = proposal.get("status")
    bound, gap = number(proposal.get("bound")), number(proposal.get("gap"))
    if status == "optimal" and proposal.get("statement") == "met_today":
        return ""
    if status == "optimal":
        return words.r(
            "proof.fewest" if proposal.get("statement") == "reached" else "proof.optimal"
        )
    if status == "infeasible":
        return words.r("proof.infeasible")
    if status == "feasible" and bound is not None and gap is not None:
        return words.r("proof.feasible", bound=f"{bound:g}", gap=words.percent(gap))
    return words.r("proof.unknown")


def _zone(zone: str, found: dict[str, Any], words: ReportWords) -> str:
    target = number(found.get("target_min"))
    return words.r(
        "finding.zone",
        zone=words.code("zone", zone),
        mean=mean_text(found, words),
        target=words("unknown") if target is None else f"{target:g}",
        verdict=judged(found, words)["verdict"],
        share=words.percent(found.get("share_within_target")),
        p90=words.minutes(found.get("p90_min")),
    )


def _means(zones: dict[str, Any], words: ReportWords) -> str:
    return words("list_mark").join(
        words.r(
            "finding.zone_after",
            zone=words.code("zone", zone),
            mean=mean_text(found, words),
            verdict=judged(found, words, short=True)["verdict"],
        )
        for zone, found in zones.items()
    )


def _firmness(result: dict[str, Any], words: ReportWords) -> str:
    variants = result.get("variants") or {}
    shown = [v for v in COUNTS_OF_POSTS if isinstance(variants.get(v), dict)]
    if len(shown) < 2:
        return ""
    judged = {
        zone: {variants[v][zone].get("target_met") for v in shown if zone in variants[v]}
        for zone in result.get("zones") or {}
    }
    firm = all(len(verdict) == 1 for verdict in judged.values())
    details = words.r("finding.clause_mark").join(
        words.r(
            "finding.variant",
            variant=words.r(f"finding.counting.{v}"),
            means=_means(variants[v], words),
        )
        for v in shown
        if v != HEADLINE
    )
    return words.r("finding.firm" if firm else "finding.hinges", details=details)


def _unreachable(result: dict[str, Any], words: ReportWords) -> str:
    zones = (result.get("zones") or {}).values()
    people = sum(number(found.get("unreachable_population")) or 0 for found in zones)
    islands = [i for i in result.get("islands") or () if number(i.get("mean_min")) is None]
    names = words("list_mark").join(words.named(i) for i in islands[: 2 * WORST_NAMED])
    if not people and islands:
        return words.r("finding.islands_cut_off", islands=len(islands), names=names)
    if not people:
        return words.r("finding.all_reached")
    key = "finding.unreachable_named" if islands else "finding.unreachable"
    return words.r(key, n=words.count(people), islands=len(islands), names=names)


def _worst(result: dict[str, Any], words: ReportWords) -> str:
    slow = [i for i in result.get("islands") or () if number(i.get("mean_min")) is not None]
    if not slow:
        return ""
    names = words("list_mark").join(
        words.r(
            "finding.island",
            name=words.named(island),
            mean=rounded(float(island["mean_min"])),
        )
        for island in slow[:WORST_NAMED]
    )
    return words.r("finding.worst", names=names)


def _over_water(result: dict[str, Any], words: ReportWords) -> str:
    vehicles = result.get("vehicles") or {}
    boat, air = (
        number((vehicles.get(name) or {}).get("population")) or 0 for name in ("boat", "helicopter")
    )
    if not boat and not air:
        return ""
    return words.r("finding.over_water", boat=words.count(boat), air=words.count(air))


def _without_helicopter(result: dict[str, Any], words: ReportWords) -> str:
    zones = (result.get("variants") or {}).get("without_helicopter")
    return words.r("finding.without_helicopter", means=_means(zones, words)) if zones else ""
