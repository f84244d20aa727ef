"""The findings of a run in plain sentences, most important first."""

from __future__ import annotations

from typing import Any, TypeGuard

from maps.verdicts import HEADLINE, judged, mean_text
from maps.words import ReportWords, clean, number, rounded

WORST_NAMED = 3
COUNTS_OF_POSTS = ("confirmed", HEADLINE, "with_clinics")
PLAN_STATEMENTS = ("met_today", "nothing_new", "reached", "best_found", "infeasible", "unknown")
NO_PROOF = ("infeasible", "unknown")  # the statement itself says what is proven
UNKNOWN_ZONE = "(unknown)"  # calls whose zone is not known have no target
PHASES_OF_RESPONSE = ("answering", "call_handling", "turnout", "travel")


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
        return words.r("proof.fewest" if _is_fewest(proposal) else "proof.optimal")
    if status == "infeasible":
        return words.r("proof.infeasible")
    if status == "feasible" and bound is not None and gap is not None:
        return words.r("proof.feasible", bound=f"{bound:g}", gap=words.percent(gap))
    return words.r("proof.unknown")


def _is_fewest(proposal: dict[str, Any]) -> bool:
    """Return whether what is proven is a number of sites, and not their cost or something else."""
    value, count = number(proposal.get("objective_value")), number(proposal.get("new_posts"))
    counted = proposal.get("objective") in (None, "min-sites")
    return counted and proposal.get("statement") == "reached" and value in (None, count)


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
    slow = [
        island
        for island in result.get("islands") or ()
        # Where nobody is known to live, nobody waits.
        if number(island.get("mean_min")) is not None and number(island.get("population"))
    ]
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


def plan_findings(result: dict[str, Any], words: ReportWords) -> list[str]:
    """Return the findings of a proposal: what it achieves, its proof, who gains, how firm it is."""
    sentences = [
        _plan_statement(result, words),
        "" if result.get("statement") in NO_PROOF else proof_sentence(result, words),
        _fewest(result, words),
        *_changes(result, words),
        _gains(result, words),
        *_losses(result, words),
        *_held(result, words),
        _sensitivity(result, words),
        _never_reached(result, words),
    ]
    if result.get("network") == "schematic":
        sentences.append(words.r("finding.schematic"))
    return [sentence.strip() for sentence in sentences if sentence and sentence.strip()]


def relaxations(result: dict[str, Any], words: ReportWords) -> list[str]:
    """Return the least that would have to give way for the request to have an answer."""
    why = result.get("relaxation") or {}
    told = []
    rules = [clean(rule) for rule in why.get("rules") or ()]
    if rules:
        named = words("list_mark").join(words.r_or(f"rule.{rule}", rule) for rule in rules)
        told.append(words.r("relax.rules", rules=named))
    elif why.get("proven") is True and not why.get("relaxed"):
        told.append(words.r("relax.rules_all"))
    names = {row.get("island_id"): words.named(row) for row in result.get("blocking") or ()}
    for one in why.get("relaxed") or ():
        label = one.get("label")
        named = names.get(label) or words.code("zone", label)
        if one.get("of") == "all":
            named = words.r("relax.all")
        told.append(
            words.r(
                "relax.share" if one.get("what") == "share" else "relax.minutes",
                label=_in_condition(named, one.get("condition"), result, words),
                asked=_bound(one, "asked", words),
                needed=_bound(one, "needed", words),
            )
        )
    return list(dict.fromkeys(told))


def _in_condition(named: str, condition: object, result: dict[str, Any], words: ReportWords) -> str:
    """Return a name with the condition that is meant alone, if one is."""
    if not condition:
        return named
    known = (row for row in result.get("conditions") or () if isinstance(row, dict))
    row = next((row for row in known if row.get("name") == condition), {})
    told = clean(row.get(f"name_{words.lang}")) or words.condition(condition)
    return words.r("relax.in_condition", label=named, condition=told)


def audit_findings(result: dict[str, Any], words: ReportWords) -> list[str]:
    """Return the findings of an audit: verdicts with n and interval, phases, causes, records."""
    sentences = [
        *(
            _recorded(zone, found, words)
            for zone, found in (result.get("zones") or {}).items()
            if zone != UNKNOWN_ZONE
        ),
        _longest_phase(result, words),
        _causes(result, words),
        _records(result, words),
    ]
    return [sentence for sentence in sentences if sentence]


def _plan_statement(result: dict[str, Any], words: ReportWords) -> str:
    key = result.get("statement")
    if key not in PLAN_STATEMENTS:
        key = "found"
    sites = [site for site in result.get("sites") or () if isinstance(site, dict)]
    return words.r(
        f"plan.{key}",
        n=words.count(result.get("new_posts", len(sites))),
        sites=words("list_mark").join(words.named(site) for site in sites),
        candidates=words.count(result.get("candidates")),
    )


def _changes(result: dict[str, Any], words: ReportWords) -> list[str]:
    before, after = result.get("before") or {}, result.get("after") or {}
    if result.get("status") not in ("optimal", "feasible"):
        after = {}
    return [
        words.r(
            "finding.change",
            zone=words.code("zone", zone),
            before=mean_text(before.get(zone) or {}, words),
            after=mean_text(found, words),
            verdict=judged(found, words, short=True)["verdict"],
            share_before=words.percent((before.get(zone) or {}).get("share_within_target")),
            share_after=words.percent(found.get("share_within_target")),
        )
        for zone, found in after.items()
    ]


def _gains(result: dict[str, Any], words: ReportWords) -> str:
    rows = [r for r in result.get("gains_by_island") or () if (number(r.get("gain_min")) or 0) > 0]
    names = words("list_mark").join(
        words.r("finding.gain_of", name=words.named(row), gain=f"{float(row['gain_min']):.1f}")
        for row in rows[:WORST_NAMED]
    )
    return words.r("finding.gains", n=len(rows), names=names) if rows else ""


def _losses(result: dict[str, Any], words: ReportWords) -> list[str]:
    """Return who is slower to reach with the plan, and who is not reached any more."""
    every = [row for row in result.get("gains_by_island") or () if isinstance(row, dict)]
    slower = [row for row in every if (number(row.get("gain_min")) or 0.0) < 0]
    slower.sort(key=lambda row: number(row.get("gain_people_min")) or 0.0)
    told = []
    if slower:
        names = words("list_mark").join(
            words.r("finding.loss_of", name=words.named(row), loss=f"{-float(row['gain_min']):.1f}")
            for row in slower[:WORST_NAMED]
        )
        told.append(words.r("finding.losses", n=len(slower), names=names))
    lost = [row for row in every if number(row.get("cut_off_population"))]
    if lost:
        people = sum(number(row.get("cut_off_population")) or 0.0 for row in lost)
        names = words("list_mark").join(words.named(row) for row in lost[: 2 * WORST_NAMED])
        told.append(words.r("finding.cut_off", n=words.count(people), names=names))
    return told


def _fewest(result: dict[str, Any], words: ReportWords) -> str:
    """Return how many new sites the targets take, where the number was asked for first."""
    found = result.get("fewest")
    if not isinstance(found, dict):
        return ""
    status = clean(found.get("status"))
    key = "fewest" if status in ("optimal", "feasible") else "fewest_none"
    proof = words.r_or(f"status.{status}", status)
    return words.r(f"finding.{key}", n=words.count(found.get("new_posts")), proof=proof)


def _held(result: dict[str, Any], words: ReportWords) -> list[str]:
    """Return what the plan comes to under each further condition."""
    rows = [row for row in result.get("conditions") or () if isinstance(row, dict)]
    if len(rows) < 2:
        return []
    return [
        words.r(
            "finding.held",
            condition=words.condition_of(row),
            means=_means(row.get("after") or {}, words),
        )
        for row in rows[1:]
    ]


def _sensitivity(result: dict[str, Any], words: ReportWords) -> str:
    """Return in how many of the states tried the plan still meets each target on the mean."""
    rows, after = result.get("sensitivity_runs") or (), result.get("after") or {}
    if not rows:
        return ""
    targets = {zone: number(found.get("target_min")) for zone, found in after.items()}
    met = [all(_within(row.get(f"held_{z}_mean_min"), t) for z, t in targets.items())
           for row in rows]  # fmt: skip
    return words.r("finding.sensitivity", n=len(rows), met=sum(met))


def _within(value: object, bound: float | None) -> bool:
    mean = number(value)
    return mean is None or bound is None or mean <= bound


def _never_reached(result: dict[str, Any], words: ReportWords) -> str:
    rows = [row for row in result.get("unreachable") or () if isinstance(row, dict)]
    if not rows:
        return ""
    people = sum(number(row.get("population")) or 0.0 for row in rows)
    names = words("list_mark").join(words.named(row) for row in rows[: 2 * WORST_NAMED])
    return words.r("finding.never", n=words.count(people), islands=len(rows), names=names)


def _bound(one: dict[str, Any], key: str, words: ReportWords) -> str:
    value = number(one.get(key))
    if value is None:
        return words("unknown")
    return words.percent(value) if one.get("what") == "share" else f"{value:.1f}"


def _recorded(zone: str, found: dict[str, Any], words: ReportWords) -> str:
    name, mean = words.code("zone", zone), number(found.get("mean_min"))
    if found.get("suppressed") is True or mean is None:
        return words.r("finding.recorded_none", zone=name)
    low, high = number(found.get("mean_low_min")), number(found.get("mean_high_min"))
    target = number(found.get("target_min"))
    interval = ""
    if low is not None and high is not None:
        interval = words.r("finding.interval", low=f"{low:.1f}", high=f"{high:.1f}")
    return words.r(
        "finding.recorded",
        zone=name,
        n=words.count(found.get("n")),
        mean=mean_text(found, words),
        interval=interval,
        target=words("unknown") if target is None else f"{target:g}",
        verdict=judged(found, words)["verdict"],
        share=words.percent(found.get("share_within_target")),
        p90=words.minutes(found.get("p90_min")),
    ) + (words.r("finding.unsure") if _straddles(low, high, target) else "")


def _straddles(low: float | None, high: float | None, target: float | None) -> bool:
    """Return whether the interval of a mean has its target inside, so that chance may decide."""
    return low is not None and high is not None and target is not None and low <= target < high


def _longest_phase(result: dict[str, Any], words: ReportWords) -> str:
    means = {
        phase: number((found or {}).get("mean_min"))
        for phase, found in (result.get("phases") or {}).items()
        if phase in PHASES_OF_RESPONSE and (found or {}).get("suppressed") is not True
    }
    known = {phase: mean for phase, mean in means.items() if mean is not None}
    if not known:
        return ""
    parts = words("list_mark").join(
        words.r("finding.phase", phase=words.r_or(f"phase.{phase}", phase), mean=f"{mean:.1f}")
        for phase, mean in known.items()
    )
    return words.r("finding.phases", parts=parts)


def _causes(result: dict[str, Any], words: ReportWords) -> str:
    rows = [
        r
        for r in result.get("late_causes") or ()
        if r.get("suppressed") is not True and number(r.get("share")) is not None
    ]
    parts = words("list_mark").join(
        words.r(
            "finding.cause", cause=words.cause(row.get("cause")), share=words.percent(row["share"])
        )
        for row in rows[:WORST_NAMED]
    )
    return words.r("finding.causes", parts=parts) if rows else ""


def _records(result: dict[str, Any], words: ReportWords) -> str:
    records = result.get("records") or {}
    if number(records.get("read")) is None:
        return ""
    counts = {key: words.count(records.get(key)) for key in ("read", "used", "rejected")}
    return words.r("finding.records", **counts)
