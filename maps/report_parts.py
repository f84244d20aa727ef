"""Blocks that reports share: verdicts, tables of zones, pictures with definition, n and caveat."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from maps.document import Card, Cards, Cell, Column, Notice, Picture, Row, Table
from maps.verdicts import judged, mean_text, verdicts
from maps.words import ReportWords, clean, number


def noted(words: ReportWords, key: str, *, n: str = "", caveat: str = "") -> str:
    """Return definition, number of cases and caveat as one note.

    Args:
        words: texts of the report.
        key: catalogue key of the definition below ``report.define.``.
        n: what the figure rests on, in words; blank leaves it out.
        caveat: catalogue key below ``report.caveat.``; blank leaves it out.
    """
    parts = [words.r("note.definition", text=words.r(f"define.{key}"))]
    if n:
        parts.append(words.r("note.n", text=n))
    if caveat:
        parts.append(words.r("note.caveat", text=words.r(f"caveat.{caveat}")))
    return words.r("finding.sentence_mark").join(parts)


def residents(zones: dict[str, Any] | None, words: ReportWords) -> str:
    """Return how many residents and expected calls a model's figures rest on."""
    found = [zone for zone in (zones or {}).values() if isinstance(zone, dict)]
    people = [number(zone.get("population")) for zone in found]
    calls = [number(zone.get("calls_per_year")) for zone in found]
    if not found or None in people:
        return ""
    total = sum(value or 0.0 for value in people)
    if None in calls:
        return words.r("n_residents", people=words.count(total))
    yearly = sum(value or 0.0 for value in calls)
    return words.r("n_residents_calls", people=words.count(total), calls=words.count(yearly))


def roads_caveat(result: dict[str, Any]) -> str:
    """Return the key of the caveat on times: that of a schematic network where it was used."""
    return "schematic" if result.get("network") == "schematic" else "free_crew"


def cards(result: dict[str, Any], words: ReportWords, *, zones: dict[str, Any]) -> Cards | None:
    """Return the verdict of each zone, large, with what its mean hides."""
    found = tuple(_card(verdict, words) for verdict in verdicts(result, words, zones=zones))
    if not found:
        return None
    note = noted(words, "zone_mean", n=residents(zones, words), caveat=roads_caveat(result))
    return Cards(cards=found, note=note)


def zones_table(
    result: dict[str, Any], words: ReportWords, *, zones: dict[str, Any], caption: str
) -> Table | None:
    """Return the statistics of each zone."""
    rows = tuple(_zone_row(verdict, words) for verdict in verdicts(result, words, zones=zones))
    if not rows:
        return None
    r = words.r
    numbers = ("people", "calls", "mean", "median", "p90", "share", "unreachable")
    columns = (
        Column(title=r("column.zone"), width=1.9),
        *(Column(title=r(f"column.{name}"), number=True) for name in numbers),
        Column(title=r("column.verdict"), width=1.1),
    )
    note = noted(words, "zones", n=residents(zones, words), caveat="unreachable")
    return Table(caption=caption, columns=columns, rows=rows, note=note)


def before_after_table(
    result: dict[str, Any],
    words: ReportWords,
    *,
    before: dict[str, Any],
    after: dict[str, Any],
) -> Table | None:
    """Return mean and share within target of each zone before and after."""
    pairs = zip(
        verdicts(result, words, zones=before), verdicts(result, words, zones=after), strict=False
    )
    rows = tuple(
        Row(
            cells=(
                Cell(text=new["name"], small=words("goal", target=new["target"]), head=True),
                *(Cell(text=text, number=True) for text in (old["mean"], new["mean"])),
                *(Cell(text=text, number=True) for text in (old["share"], new["share"])),
                *(Cell(text=text, number=True) for text in (old["p90"], new["p90"])),
                verdict_cell(new),
            )
        )
        for old, new in pairs
    )
    if not rows:
        return None
    names = ("mean_before", "mean_after", "share_before", "share_after", "p90_before", "p90_after")
    columns = (
        Column(title=words.r("column.zone"), width=1.9),
        *(Column(title=words.r(f"column.{name}"), number=True) for name in names),
        Column(title=words.r("column.verdict_after")),
    )
    note = noted(words, "before_after", n=residents(after, words), caveat="same_model")
    caption = words.r("before_after_caption")
    return Table(caption=caption, columns=columns, rows=rows, note=note)


def means_table(
    named_zones: Sequence[tuple[str, dict[str, Any], bool]],
    words: ReportWords,
    *,
    caption: str,
    first: str,
    note: str,
    more: Sequence[tuple[str, Sequence[str]]] = (),
) -> Table | None:
    """Return mean and verdict of each zone, one row a way of counting or a condition.

    Args:
        named_zones: name of the row, its zones, whether it is the headline.
        words: texts of the report.
        caption: of the table.
        first: heading of the first column.
        note: below the table.
        more: further columns, behind: heading and one text for each row.
    """
    shown = [(name, zones, strong) for name, zones, strong in named_zones if zones]
    if not shown:
        return None
    codes = list(dict.fromkeys(zone for _, zones, _ in shown for zone in zones))
    columns = [Column(title=first, width=1.6)]
    for code in codes:
        title = words.r("column.zone_mean", zone=words.code("zone", code))
        columns += [Column(title=title, number=True), Column(title=words.r("column.verdict"))]
    columns += [Column(title=title, number=True) for title, _ in more]
    rows = []
    for place, (name, zones, strong) in enumerate(shown):
        cells = [Cell(text=name, head=True)]
        for code in codes:
            zone = zones.get(code) or {}
            cells += [Cell(text=mean_text(zone, words), number=True), verdict_of(zone, words)]
        cells += [Cell(text=texts[place], number=True) for _, texts in more]
        rows.append(Row(cells=tuple(cells), strong=strong))
    return Table(caption=caption, columns=tuple(columns), rows=tuple(rows), note=note)


def sites_table(sites: list[dict[str, Any]], words: ReportWords) -> Table | None:
    """Return the new posts: where, of what kind, whom each serves and what it gains."""
    if not sites:
        return None
    firm = any(number(site.get("chosen_share")) is not None for site in sites)
    names = [
        ("site", False, 2.0), ("island_of", False, 1.1), ("kind", False, 1.2),
        ("serves", True, 1.0), ("gain", True, 1.0), ("where", True, 1.2),
    ]  # fmt: skip
    if firm:
        names.append(("chosen_share", True, 1.0))
    columns = tuple(
        Column(title=words.r(f"column.{name}"), number=is_number, width=width)
        for name, is_number, width in names
    )
    rows = tuple(_site(site, words, firm=firm) for site in sites)
    n = words.r("n_sites", n=len(rows))
    note = noted(words, "sites", n=n, caveat="sites")
    return Table(caption=words.r("sites_caption"), columns=columns, rows=rows, note=note)


def verdict_of(zone: dict[str, Any], words: ReportWords) -> Cell:
    """Return whether a zone's target is met, as a cell."""
    return verdict_cell(judged(zone, words, short=True))


def verdict_cell(verdict: dict[str, Any]) -> Cell:
    """Return a verdict with its mark as a cell."""
    return Cell(text=f"{verdict['mark']} {verdict['verdict']}", met=verdict["met"])


def picture(
    names: Collection[str],
    name: str,
    words: ReportWords,
    *,
    note: str = "",
    wide: bool = True,
) -> Picture | None:
    """Return a picture if it is there; its caption is ``report.caption.<name>``."""
    if name not in names:
        return None
    caption = words.r(f"caption.{name}")
    alt = words.r_or(f"alt.{name}", caption)
    return Picture(name=name, caption=caption, note=note, alt=alt, wide=wide)


def notices(result: dict[str, Any], words: ReportWords, *, title: str = "") -> Notice | None:
    """Return what a reader has to know, in a box; None without any."""
    texts = tuple(words.notices(result))
    return Notice(title=title or words("notice_title"), items=texts) if texts else None


def one(value: object) -> str:
    """Return a number with one decimal, a dash where it is missing."""
    found = number(value)
    return "–" if found is None else f"{found:.1f}"


def _card(verdict: dict[str, Any], words: ReportWords) -> Card:
    lines = [
        words("card_share", share=verdict["share"]),
        words("card_spread", median=verdict["median"], p90=verdict["p90"]),
    ]
    if verdict["unreachable"]:
        lines.append(words("card_unreachable", n=verdict["unreachable_text"]))
    return Card(
        name=verdict["name"],
        mean=verdict["mean"],
        unit=words("unit_mean"),
        met=verdict["met"],
        verdict=f"{verdict['mark']} {verdict['verdict']}",
        goal=words("goal", target=verdict["target"]),
        lines=tuple(lines),
    )


def _zone_row(verdict: dict[str, Any], words: ReportWords) -> Row:
    texts = ("people", "calls", "mean", "median", "p90", "share", "unreachable_text")
    return Row(
        cells=(
            Cell(text=verdict["name"], small=words("goal", target=verdict["target"]), head=True),
            *(Cell(text=verdict[name], number=True) for name in texts),
            verdict_cell(verdict),
        )
    )


def _site(site: dict[str, Any], words: ReportWords, *, firm: bool) -> Row:
    gain = number(site.get("gain_min"))
    kind = clean(site.get("kind"))
    cells = [
        Cell(text=words.named(site), head=True),
        Cell(text=words.place(site.get("island"))),
        Cell(text=words.r_or(f"site_kind.{kind}", words.code("kind", kind))),
        Cell(text=words.count(site.get("serves_population")), number=True),
        Cell(text=words.minutes(gain) if gain else "–", number=True),
        Cell(text=_where(site), number=True),
    ]
    if firm:
        cells.append(Cell(text=words.percent(site.get("chosen_share")), number=True))
    return Row(cells=tuple(cells))


def _where(site: dict[str, Any]) -> str:
    lon, lat = number(site.get("lon")), number(site.get("lat"))
    return "" if lon is None or lat is None else f"{lat:.4f}, {lon:.4f}"
