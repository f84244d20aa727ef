"""What the report of a brief or of a coverage says, section by section."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from maps import findings, methods, report_aid, report_checks, report_conditions, report_parts
from maps.document import Block, Bullets, Cell, Column, Heading, Row, Section, Table, Text, section
from maps.methods import entries
from maps.report_parts import noted, one, picture
from maps.scale import scale
from maps.verdicts import HEADLINE, VARIANTS
from maps.words import ReportWords, Words, clean, is_missing, number, rounded

PARTS = ("call_handling_min", "turnout_min", "travel_min", "transfer_min")


def sections(
    result: dict[str, Any],
    words: ReportWords,
    pictures: Collection[str],
    run: dict[str, Any] | None = None,
) -> list[Section | None]:
    """Return the sections of the report, findings first; None for those without content.

    Args:
        result: ``island-response/brief/1``; parts that are absent are left out.
        words: texts of the report.
        pictures: names of the pictures there are.
        run: the run record, if it is to be told.
    """
    anchors = methods.anchors_of(result)
    proposal = result.get("proposal")
    plan = proposal if findings.asked(proposal) else None
    return [
        _findings(result, words, pictures),
        _zones(result, words, pictures),
        _islands(result, words),
        report_conditions.section_of(result, words, pictures),
        report_aid.section_of(result, words),
        _proposal(result, words, pictures),
        assumed(result, words),
        report_checks.section_of(result, words, anchors),
        method(result, words, anchors, run, plan=plan),
        methods.sources_section(result, words),
    ]


def assumed(result: dict[str, Any], words: ReportWords) -> Section:
    """Return what is schematic, assumed, estimated, off the network or without a place."""
    unlocated = tuple(
        (words.named(entry), words.note(entry)) for entry in entries(result, "unlocated")
    )
    unjoined = _unjoined(result, words)
    blocks: list[Block | None] = [
        methods.doubts_table(result, words),
        Text(text=unjoined) if unjoined else None,
    ]
    if unlocated:
        blocks += [Heading(text=words.r("section.unlocated")), Bullets(items=unlocated)]
    return section("assumed", words.r("section.assumed"), blocks)


def _findings(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section:
    told = tuple(("", sentence) for sentence in findings.findings(result, words))
    zones = result.get("zones") or {}
    n = report_parts.residents(zones, words)
    return section(
        "findings",
        words.r("section.findings"),
        [
            report_parts.cards(result, words, zones=zones),
            _variants(result, words),
            Bullets(items=told, ordered=True) if told else None,
            report_parts.notices(result, words),
            picture(pictures, "coverage", words, note=noted(words, "coverage", n=n, caveat="map")),
        ],
    )


def _variants(result: dict[str, Any], words: ReportWords) -> Table | None:
    found = result.get("variants") or {}
    rows = [(words.code("variant", v), found.get(v) or {}, v == HEADLINE) for v in VARIANTS]
    return report_parts.means_table(
        rows,
        words,
        caption=words.r("variants_caption"),
        first=words.r("column.counted"),
        note=noted(words, "variants", caveat="variants"),
    )


def _zones(result: dict[str, Any], words: ReportWords, pictures: Collection[str]) -> Section:
    zones = result.get("zones") or {}
    n = report_parts.residents(zones, words)
    parts = _parts(result, words)
    curve = noted(words, "distribution", n=n, caveat="distribution")
    bars = noted(words, "parts", n=n, caveat="parts")
    blocks: list[Block | None] = [
        report_parts.zones_table(result, words, zones=zones, caption=words.r("caption.zones")),
        picture(pictures, "distribution", words, note=curve, wide=False),
    ]
    if parts is not None:
        blocks += [
            Heading(text=words.r("section.parts")),
            picture(pictures, "parts", words, note=bars, wide=False),
            parts,
        ]
    blocks.append(_vehicles(result, words))
    return section("zones", words.r("section.zones"), blocks)


def _parts(result: dict[str, Any], words: ReportWords) -> Table | None:
    rows = tuple(
        Row(
            cells=(
                Cell(text=words.code("zone", zone), head=True),
                *(Cell(text=one(parts.get(part)), number=True) for part in PARTS),
            )
        )
        for zone, parts in (result.get("parts") or {}).items()
    )
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.zone"), width=1.4),
        *(Column(title=words(f"part.{part}"), number=True) for part in PARTS),
    )
    caption, note = words.r("caption.parts_table"), noted(words, "parts")
    return Table(caption=caption, columns=columns, rows=rows, note=note)


def _vehicles(result: dict[str, Any], words: ReportWords) -> Table | None:
    counts = {
        name: number((entry or {}).get("population")) or 0.0
        for name, entry in (result.get("vehicles") or {}).items()
    }
    total = sum(counts.values())
    rows = tuple(
        Row(
            cells=(
                Cell(text=words.vehicle(name), head=True),
                Cell(text=words.count(count), number=True),
                Cell(text=words.percent(count / total) if total else words("unknown"), number=True),
            )
        )
        for name, count in counts.items()
    )
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.vehicle"), width=1.4),
        Column(title=words.r("column.people"), number=True),
        Column(title=words.r("column.part_of_all"), number=True),
    )
    note = noted(
        words, "vehicles", n=words.r("n_people", people=words.count(total)), caveat="vehicles"
    )
    return Table(caption=words.r("vehicles_caption"), columns=columns, rows=rows, note=note)


def _islands(result: dict[str, Any], words: ReportWords) -> Section | None:
    rows = entries(result, "islands")
    townships = _townships(result, words)
    if not rows and townships is None:
        return None
    targets = [zone.get("target_min") for zone in (result.get("zones") or {}).values()]
    bands = scale(number(target) for target in targets)
    told = any(row.get("notice") for row in rows)
    columns = [
        Column(title=words("column.island"), width=1.5),
        Column(title=words("column.people"), number=True, width=0.9),
        Column(title=words.r("column.mean"), number=True),
        Column(title=words.r("column.worst"), number=True),
        Column(title=words("column.best"), width=1.8),
    ]
    if told:
        columns.append(Column(title=words.r("column.note"), width=1.2))
    unknown = sum(not number(row.get("population")) for row in rows)
    table = Table(
        caption=words.r("caption.islands"),
        columns=tuple(columns),
        rows=tuple(_island(row, words, bands, notes=told) for row in rows),
        note=noted(words, "islands", n=words.r("n_islands", n=len(rows)), caveat="islands"),
    )
    blocks: list[Block | None] = [
        Text(text=words.r("islands_lead", n=len(rows), unknown=unknown)),
        table if rows else None,
    ]
    if townships is not None:
        blocks += [Heading(text=words.r("section.townships")), townships]
    return section("islands", words.r("section.islands"), blocks)


def _island(row: dict[str, Any], words: ReportWords, bands: Any, *, notes: bool) -> Row:
    mean = number(row.get("mean_min"))
    band = bands.bands[int(bands.index([float("nan") if mean is None else mean])[0])]
    remarks = (words.r_or(f"island_notice.{note}", clean(note)) for note in row.get("notice") or ())
    told = words("band.unreachable") if mean is None else rounded(mean)
    return Row(
        cells=(
            Cell(text=words.named(row), small=words.place(row.get("county")), head=True),
            Cell(text=words.count(row.get("population")), number=True),
            Cell(text=told, number=True, fill=band.colour, ink=band.ink),
            Cell(text=one(row.get("worst_min")), number=True),
            Cell(
                text=words.vehicle(row.get("best_vehicle")),
                small=_name_or_blank(row.get("post"), row.get("post_en"), words),
            ),
            *([Cell(text=words("list_mark").join(remarks))] if notes else []),
        )
    )


def _townships(result: dict[str, Any], words: ReportWords) -> Table | None:
    def slowness(row: dict[str, Any]) -> float:
        mean = number(row.get("mean_min"))
        return float("-inf") if mean is None else -mean

    rows = sorted(entries(result, "townships"), key=slowness)
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.township"), width=1.6),
        Column(title=words("column.people"), number=True),
        *(Column(title=words.r(f"column.{c}"), number=True) for c in ("mean", "median", "p90")),
    )
    body = tuple(
        Row(
            cells=(
                Cell(
                    text=words.place(row.get("name_zh")),
                    small=words.place(row.get("county")),
                    head=True,
                ),
                Cell(text=words.count(row.get("population")), number=True),
                *(
                    Cell(text=one(row.get(f"{c}_min")), number=True)
                    for c in ("mean", "median", "p90")
                ),
            )
        )
        for row in rows
    )
    n = words.r("n_townships", n=len(rows))
    note = noted(words, "townships", n=n, caveat="townships")
    return Table(caption=words.r("caption.townships"), columns=columns, rows=body, note=note)


def _proposal(
    result: dict[str, Any], words: ReportWords, pictures: Collection[str]
) -> Section | None:
    proposal = result.get("proposal")
    if not findings.asked(proposal):
        return None
    before, after = proposal.get("before") or {}, proposal.get("after") or {}
    objective = clean(proposal.get("objective"))
    how = words.r(
        "proposal_how",
        objective=words.r_or(f"objective.{objective}", objective),
        solver=clean(proposal.get("solver")),
        runtime=one(proposal.get("runtime_s")),
    )
    proof = findings.proof_sentence(proposal, words)
    n = report_parts.residents(after, words)
    map_note = noted(words, "coverage", n=n, caveat="map")
    return section(
        "proposal",
        words.r("section.proposal"),
        [
            Text(text=findings.proposal_sentence(proposal, words)),
            Text(text=proof) if proof else None,
            Text(text=how, quiet=True),
            report_parts.before_after_table(result, words, before=before, after=after),
            report_parts.sites_table(entries(proposal, "sites"), words),
            picture(pictures, "coverage_pair", words, note=map_note),
            picture(pictures, "coverage_after", words, note=map_note),
        ],
    )


def method(
    result: dict[str, Any],
    words: ReportWords,
    anchors: dict[str, str],
    run: dict[str, Any] | None,
    *,
    plan: dict[str, Any] | None,
) -> Section:
    """Return how the figures come about, with the parameters and the run.

    Args:
        result, words, run: as of `sections`.
        anchors: of the sources.
        plan: what says by which objective sites were chosen; None where none were.
    """
    blocks: list[Block | None] = [*methods.response_blocks(result, words)]
    if plan is not None:
        blocks += methods.siting_blocks(plan, words)
    blocks += parameter_blocks(result, words, anchors, run)
    return section("method", words.r("section.method"), blocks)


def parameter_blocks(
    result: dict[str, Any],
    words: ReportWords,
    anchors: dict[str, str],
    run: dict[str, Any] | None,
) -> list[Block | None]:
    """Return the tables of parameters, of conditions and of the run, under their headings."""
    blocks: list[Block | None] = []
    for key, table in (
        ("parameters", methods.parameters_table(result, words, anchors)),
        ("condition_values", methods.condition_values_table(result, words, anchors)),
        ("run", methods.run_table(run, words)),
    ):
        if table is not None:
            blocks += [Heading(text=words.r(f"section.{key}"), anchor=key), table]
    return blocks


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


def _name_or_blank(zh: object, en: object, words: Words) -> str:
    return "" if is_missing(zh) and is_missing(en) else words.name(zh, en)
