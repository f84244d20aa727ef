"""The short summary of a proposal, as a director reads it at the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from geodata import catalogue
from geodata.errors import shorten
from routing import statistics
from routing.propose.conditions import OVERALL

_GAINS_TOLD, _BLOCKING_TOLD, _NAMED = 3, 5, 3


def lines(result: Mapping[str, Any], lang: str) -> list[str]:
    """Return the summary, one text a line.

    Args:
        result: the content of ``result.json``.
        lang: ``zh`` or ``en``.
    """
    say = _Words(lang)
    region = result["region"][f"name_{lang}"] or result["region"]["name_zh"]
    conditions = _conditions(result, say)
    objective = say(f"objective.{result['objective']}")
    told = [say("title", region=shorten(region), objective=objective, condition=conditions)]
    told += [f"  {n[f'text_{lang}']}" for n in result["notices"] if n["key"] == "scenario"]
    if result["status"] in ("optimal", "feasible"):
        told += [*_answer(result, say), *_zones(result, say), *_gains(result, say)]
        told += [*_grounded(result, say), *_firmness(result, say)]
    else:
        told += [say(result["status"]), *_relaxation(result, say), *_zones(result, say)]
        told += _curve(result, say)
    told += _following(result, say)
    lost = result["unreachable"]
    if lost:
        people = f"{sum(one['population'] for one in lost):,.0f}"
        told.append(say("unreachable", names=say.list(map(say.named, lost)), people=people))
    schematic = result["network"] == "schematic"
    told.append(catalogue.text(f"brief.caveat{'_schematic' * schematic}", lang))
    return told


def _conditions(result: Mapping[str, Any], say: _Words) -> str:
    """Return the conditions by name, or their number where they would fill the line."""
    names = [one[f"name_{say.lang}"] for one in result["conditions"]]
    return say("many_conditions", count=len(names)) if len(names) > _NAMED else say.list(names)


def _following(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    """Yield what the next site of each kind buys, over all conditions."""
    for row in result.get("next_by_kind") or ():
        if row["condition"] != OVERALL or row["best_for"] != "minutes":
            continue
        kind = say(f"next_kind.{row['kind']}")
        if row["id"] is None:
            yield say("next_nothing", kind=kind)
            continue
        yield say(
            "next_line",
            kind=kind,
            name=say.named(row),
            minutes=f"{row['saved_call_min_per_year']:,.0f}",
            people=f"{row['newly_reached_population']:,.0f}",
            per_cost=_whole(row["saved_call_min_per_cost"]),
        )


class _Words:
    """Texts in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, key: str, **params: object) -> str:
        return catalogue.text(f"propose.{key}", self.lang, **params)

    def list(self, texts: Iterable[str]) -> str:
        return self("joiner").join(texts)

    def named(self, row: Mapping[str, Any]) -> str:
        keys = (f"name_{self.lang}", "name_zh", "island_id", "id")
        return shorten(next((row[key] for key in keys if row.get(key)), "–"))

    def zone(self, zone: str) -> str:
        return catalogue.strings(self.lang).get(f"brief.zone.{zone}", zone)


def _answer(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    status = say(f"status.{result['status']}", gap=f"{100 * (result['gap'] or 0):.2f}")
    if result["status"] == "feasible" and result["bound"] is None:
        status = say("status.feasible_without_bound")
    sites = say.list(map(say.named, result["sites"]))
    count = result["new_posts"]
    yield say(f"statement.{result['statement']}", status=status, count=count, sites=sites)
    fewest = result.get("fewest")
    if fewest is not None and fewest["status"] != "optimal":
        yield say("fewest_unproven", count=fewest["new_posts"])
    if result["closed"]:
        yield say("closed", sites=say.list(map(say.named, result["closed"])))


def _zones(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    yield from (_zone(z, b, result["after"][z], say) for z, b in result["before"].items())
    if len(result["conditions"]) > 1:
        for one in result["conditions"]:
            means = say.list(
                say("change", zone=say.zone(zone), before=_minutes(before["mean_min"]),
                    after=_minutes(one["after"][zone]["mean_min"]))
                for zone, before in one["before"].items()
            )  # fmt: skip
            told = say("in_condition", condition=one[f"name_{say.lang}"], means=means)
            yield told + _left_out(one["after"], say)


def _zone(zone: str, before: dict[str, Any], after: dict[str, Any], say: _Words) -> str:
    verdict = {True: "met", False: "missed", None: "no_mean"}[after["target_met"]]
    told = say(
        "zone",
        zone=say.zone(zone),
        before=_minutes(before["mean_min"]),
        after=_minutes(after["mean_min"], bound=after["target_min"]),
        target=f"{after['target_min']:g}",
        verdict=say(verdict),
        share_before=_percent(before["share_within_target"]),
        share_after=_percent(after["share_within_target"]),
    )
    return told + _left_out({zone: after}, say)


def _left_out(zones: Mapping[str, Any], say: _Words) -> str:
    """Return how many people the means of some zones leave out, blank for none."""
    people = sum(zone["unreachable_population"] for zone in zones.values())
    key = "brief.unreachable_people"
    return catalogue.text(key, say.lang, people=f"{people:,.0f}") if people else ""


def _gains(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    told = []
    for row in result["gains_by_island"]:
        name, first = say.named(row), row["newly_reached_population"]
        if first:
            told.append(say("first_reached", name=name, people=f"{first:,.0f}"))
        elif (row["gain_min"] or 0.0) > 0:
            told.append(say("gain_of", name=name, minutes=_minutes(row["gain_min"])))
    if told:
        yield say("gain", names=say.list(told[:_GAINS_TOLD]))
    slower = [row for row in result["gains_by_island"] if (row["gain_min"] or 0.0) < 0]
    slower.sort(key=lambda row: row["gain_people_min"])
    if slower:
        worst = (
            say("loss_of", name=say.named(row), minutes=_minutes(-row["gain_min"]))
            for row in slower[:_GAINS_TOLD]
        )
        yield say("loss", names=say.list(worst))
    lost = [row for row in result["gains_by_island"] if row["cut_off_population"]]
    if lost:
        people = f"{sum(row['cut_off_population'] for row in lost):,.0f}"
        yield say("cut_off", names=say.list(map(say.named, lost)), people=people)


def _grounded(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    """Yield what the plan comes to with confirmed posts alone, and when no helicopter flies."""
    for name in ("confirmed", "without_helicopter"):
        zones = result["variants"][name]["after"]
        means = say.list(
            say("mean", zone=say.zone(zone), mean=_minutes(after["mean_min"]))
            for zone, after in zones.items()
        )
        yield say(f"variant.{name}", means=means) + _left_out(zones, say)


def _firmness(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    yield from _curve(result, say)
    if "alternatives" in result:
        complete = say("alternatives_complete") if result["alternatives_complete"] else ""
        count = len(result["alternatives"]) - 1
        yield say("alternatives_line", count=count, complete=complete)
    if "sensitivity_runs" in result:
        yield _sensitivity(result, say)


def _curve(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    if result.get("curve"):
        last = result["curve"][-1]
        means = say.list(
            say("mean", zone=say.zone(zone), mean=_minutes(last.get(f"{zone}_mean_min")))
            for zone in result["after"]
            if last.get(f"{zone}_mean_min") is not None
        )
        yield say("curve_line", new=last["new"], means=means or "–")


def _sensitivity(result: Mapping[str, Any], say: _Words) -> str:
    targets = result["asked"]["target_min"]
    means = [
        [(row.get(f"held_{zone}_mean_min"), bound) for zone, bound in targets.items()]
        for row in result["sensitivity_runs"]
    ]
    met = sum(all(m is None or statistics.meets(m, bound) for m, bound in row) for row in means)
    shares = say.list(
        say("share_of", name=say.named(row), share=_percent(row["chosen_share"]))
        for row in result["sensitivity_sites"]
        if row["proposed"]
    )
    return say("sensitivity_line", runs=len(means), met=met, shares=shares or "–")


def _relaxation(result: Mapping[str, Any], say: _Words) -> Iterator[str]:
    why = result.get("relaxation")
    if why is None:
        return
    if not why["relaxed"] and why["proven"]:
        named = say.list(say(f"rule.{rule}") for rule in why["rules"])
        yield say("relax_rules", rules=named) if named else say("relax_rules_all")
    for one in _told_once(why["relaxed"]):
        shown = _percent if one["what"] == "share" else _minutes
        label = _label(one, result, say)
        asked, needed = shown(one["asked"]), shown(one["needed"])
        yield say(f"relax_{one['what']}", label=label, asked=asked, needed=needed)
    # An island may stand in the way of the same bound under several conditions.
    blocking = list(dict.fromkeys(_blocked(row, say) for row in result.get("blocking") or ()))
    if blocking:
        yield say("blocked_by", names=say.list(blocking[:_BLOCKING_TOLD]))


def _label(one: Mapping[str, Any], result: Mapping[str, Any], say: _Words) -> str:
    """Return what a bound is on, with the condition in which it has to hold by itself."""
    if one["of"] == "all":
        label = say("everyone")
    else:
        label = say.zone(one["label"]) if one["of"] == "zone" else say.named(one)
    names = {held["name"]: held[f"name_{say.lang}"] for held in result["conditions"]}
    alone = one["condition"]
    return say("label_in", label=label, condition=names.get(alone, alone)) if alone else label


def _blocked(row: Mapping[str, Any], say: _Words) -> str:
    minutes, soonest = _minutes(row["mean_min"]), _minutes(row["soonest_min"])
    zone = row["zone_or_island"]
    here = not zone or zone == row["island_id"]
    name = say.named(row) if here else f"{say.named(row)} · {say.zone(zone)}"
    if row["mean_min"] is None:
        key = "blocked_unreached" if row["soonest_min"] is None else "blocked_late"
        return say(key, name=name, soonest=soonest)
    return say("blocked_of", name=name, minutes=minutes, soonest=soonest)


def _told_once(relaxed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the relaxed bounds, of those on islands the largest alone: they are one option."""
    islands = [one for one in relaxed if one["of"] == "island"]
    worst = sorted(islands, key=lambda one: -one["needed"])[:1]
    return [one for one in relaxed if one["of"] != "island"] + worst


def _minutes(value: float | None, *, bound: float | None = None) -> str:
    """Return minutes with the decimals that it takes to stand on their side of `bound`."""
    if value is None:
        return "–"
    digits = 1
    while bound is not None and digits < 4 and (round(value, digits) <= bound) != (value <= bound):
        digits += 1
    return f"{value:.{digits}f}"


def _whole(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f}"
