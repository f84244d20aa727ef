"""The methods of a report: formulas, terms, parameters, what was assumed, sources."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from maps.document import (
    Block,
    Cell,
    Column,
    Formulas,
    Heading,
    Reference,
    Row,
    Section,
    Table,
    Terms,
    Text,
    section,
)
from maps.formulas import Formula, over, row, size, total
from maps.words import NOTE_LIMIT, ReportWords, clean, is_missing, number

MEAN = row(
    "T\u0304_z", "=",
    over(row(total("i ∈ z, T_i < ∞"), "a_i", "T_i"), row(total("i ∈ z, T_i < ∞"), "a_i")),
)  # fmt: skip
RESPONSE = (
    row("T_i,j,v,c", "=", "h", "+", "m_v,c", "+", total("l"), "t_l,c", "+", total("k"), "w_k,c"),
    row("T_i", "=", "min_j,v", "T_i,j,v,c"),
    row("a_i", "=", "r", "P_i", "/", "1000"),
    MEAN,
    row("Q_z", "=", "min", "{", "t", ":", total("T_i ≤ t"), "a_i", "≥", "0.9",
        total("T_i < ∞"), "a_i", "}"),
    row("S_z", "=", over(row(total("i ∈ z, T_i ≤ τ_z"), "a_i"), row(total("i ∈ z"), "a_i"))),
)  # fmt: skip
RESPONSE_SYMBOLS = {
    "T": row("T_i,j,v,c"), "h": row("h"), "m": row("m_v,c"), "t": row("t_l,c"), "w": row("w_k,c"),
    "a": row("a_i"), "r": row("r", ",", "P_i"), "mean": row("T\u0304_z"), "Q": row("Q_z"),
    "S": row("S_z"), "tau": row("τ_z"),
}  # fmt: skip
SITING_SYMBOLS = {
    "y": row("y_j"), "c": row("c_j"), "value": row("value"), "bound": row("bound"),
    "gap": row("gap"),
}  # fmt: skip
GAP = row("gap", "=", over(row(size("value", "−", "bound")), row(size("value"))))
OBJECTIVES: dict[str, Formula] = {
    "min-sites": row("min", total("j"), "c_j", "y_j", ":", "T\u0304_z", "≤", "τ_z"),
    "set-cover": row("min", total("j"), "c_j", "y_j", ":", "T_i", "≤", "τ_z"),
    "max-coverage": row("max", total("T_i ≤ τ_z"), "a_i"),
    "min-mean": row("min", total("i"), "a_i", "T_i"),
    "min-worst": row("min", "max_i", "T_i"),
    "double-standard": row("max", total("n_i ≥ 2"), "a_i"),
    "backup": row(
        "max", "f", total("n_i ≥ 1"), "a_i", "+", "(1 − f)", total("n_i ≥ 2"), "a_i"
    ),
    "expected-coverage": row("max", total("i"), "a_i", "(1 − q^n_i)"),
    "survival": row("max", total("i"), "a_i", "s(T_i)"),
    "equity": row("lexmin", "sort↓", "T_i"),
}  # fmt: skip
AUDIT = (
    row("T_k", "=", "t_arrive", "−", "t_start"),
    row("T\u0304", "=", over(row("1"), row("n")), total("k"), "T_k"),
    row("T\u0304", "±", "t_n−1; 0.975", "s", "/", "√n"),
    row("S", "=", over(row(total("T_k ≤ τ_z"), "1"), row("n"))),
)
AUDIT_SYMBOLS = {
    "T_k": row("T_k"), "start": row("t_start", ",", "t_arrive"), "n": row("n"), "s": row("s"),
    "interval": row("T\u0304", "±", "t", "s", "/", "√n"), "share_interval": row("S"),
}  # fmt: skip
TERMS = ("target", "mean", "median", "p90", "share", "unreachable", "calls", "zones", "counted")
AUDIT_TERMS = (
    "target_recorded", "mean_recorded", "median_recorded", "p90_recorded", "suppressed", "zones",
)  # fmt: skip


def response_blocks(result: dict[str, Any], words: ReportWords) -> list[Block]:
    """Return the response model: formulas, symbols, terms, the clock."""
    return [
        Text(text=words.r("method.response")),
        Formulas(formulas=RESPONSE),
        _symbols(RESPONSE_SYMBOLS, words),
        Text(text=words.r("method.best")),
        *_clock_and_terms(result, TERMS, words),
    ]


def siting_blocks(proposal: dict[str, Any], words: ReportWords) -> list[Block]:
    """Return the objective as a formula, and what bound and gap mean."""
    objective = clean(proposal.get("objective"))
    formula = OBJECTIVES.get(objective)
    found: list[Block] = [Heading(text=words.r("section.siting"))]
    name = words.r_or(f"objective.{objective}", objective)
    found.append(Text(text=words.r("method.siting", objective=name)))
    found.append(Formulas(formulas=(*([formula] if formula else []), GAP)))
    found.append(_symbols(SITING_SYMBOLS, words))
    keys = ("status", "candidates")
    pairs = tuple((words.r(f"sign.{key}"), words.r(f"symbol.{key}")) for key in keys)
    found.append(Terms(pairs=pairs))
    return found


def audit_blocks(result: dict[str, Any], words: ReportWords) -> list[Block]:
    """Return how an audit counts: formulas, symbols, terms, the clock."""
    return [
        Text(text=words.r("method.audit")),
        Formulas(formulas=AUDIT),
        _symbols(AUDIT_SYMBOLS, words),
        *_clock_and_terms(result, AUDIT_TERMS, words),
    ]


def _clock_and_terms(
    result: dict[str, Any], terms: Sequence[str], words: ReportWords
) -> list[Block]:
    """Return what the clock starts with, and what each of `terms` means."""
    clock = words.r_or(f"clock.{result.get('start_stamp')}", "")
    pairs = tuple((words.r(f"term.{t}"), words.r(f"meaning.{t}")) for t in terms)
    told: list[Block] = [Text(text=clock)] if clock else []
    return [*told, Heading(text=words.r("section.terms")), Terms(pairs=pairs)]


def parameters_table(
    result: dict[str, Any], words: ReportWords, anchors: dict[str, str]
) -> Table | None:
    """Return every parameter with value, unit, standing, source and note; None without any."""
    rows = tuple(_parameter(entry, words, anchors) for entry in entries(result, "assumptions"))
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.parameter"), width=1.7),
        Column(title=words.r("column.value"), number=True),
        Column(title=words.r("column.unit"), width=0.8),
        Column(title=words.r("column.status"), width=0.9),
        Column(title=words.r("column.source"), width=0.9),
        Column(title=words.r("column.note"), width=2.6),
    )
    caption = words.r("caption.parameters")
    return Table(caption=caption, columns=columns, rows=rows, small=True)


def condition_values_table(
    result: dict[str, Any], words: ReportWords, anchors: dict[str, str]
) -> Table | None:
    """Return what each condition stops and slows, value by value; None without any."""
    rows = tuple(
        Row(
            cells=(
                Cell(text=_condition_of(entry, words), small=clean(entry.get("name")), head=True),
                Cell(text=value_text(entry.get("value"), words), number=True),
                _standing(entry, words),
                Cell(references=references(entry.get("source"), words, anchors)),
                Cell(text=words.note(entry)),
            )
        )
        for entry in entries(result, "condition_values")
    )
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.condition"), width=1.5),
        Column(title=words.r("column.value"), number=True, width=1.2),
        Column(title=words.r("column.status"), width=0.9),
        Column(title=words.r("column.source"), width=0.9),
        Column(title=words.r("column.note"), width=2.6),
    )
    caption = words.r("caption.condition_values")
    return Table(caption=caption, columns=columns, rows=rows, small=True)


def doubts_table(result: dict[str, Any], words: ReportWords) -> Table:
    """Return what is schematic, assumed, estimated: where it acts and what would settle it."""
    kinds = ["assumed", "estimate", "free_crew"]
    if result.get("network") == "schematic":
        kinds.insert(0, "schematic")
    rows = tuple(
        Row(
            cells=(
                Cell(text=words.r(f"kind_of_doubt.{kind}"), head=True),
                Cell(text=words.r(f"doubt.{kind}")),
                Cell(text=words.r(f"remedy.{kind}")),
            )
        )
        for kind in kinds
    )
    columns = (
        Column(title=words.r("column.kind_of_doubt")),
        Column(title=words.r("column.doubt"), width=2.4),
        Column(title=words.r("column.remedy"), width=1.6),
    )
    return Table(caption=words.r("caption.doubts"), columns=columns, rows=rows)


def sources_section(result: dict[str, Any], words: ReportWords) -> Section | None:
    """Return the list of sources; None without any."""
    rows = tuple(_source(place, entry, words) for place, entry in enumerate(_sources(result), 1))
    if not rows:
        return None
    columns = (
        Column(title=words.r("column.id"), width=0.9),
        Column(title=words.r("column.title"), width=3.2),
        Column(title=words.r("column.date"), width=0.6),
        Column(title=words.r("column.licence")),
    )
    table = Table(caption=words.r("caption.sources"), columns=columns, rows=rows, small=True)
    return section("sources", words.r("section.sources"), [table])


def run_table(run: dict[str, Any] | None, words: ReportWords) -> Table | None:
    """Return what the run record says of the run; None without one."""
    if not run:
        return None
    versions = run.get("versions") or {}
    inputs = run.get("inputs") or {}
    pairs = [
        (words.r("run.command"), clean(run.get("command"))),
        (words.r("run.arguments"), _told(run.get("arguments"))),
        *((f"{words.r('run.input')} {clean(k)}", _told(v)) for k, v in inputs.items()),
        (words.r("run.seed"), clean(run.get("seed"))),
        (words.r("run.started"), clean(run.get("started_utc"))),
        (words.r("run.versions"), _told(versions)),
    ]
    rows = tuple(
        Row(cells=(Cell(text=name, head=True), Cell(text=value))) for name, value in pairs if value
    )
    columns = (Column(title=words.r("run.item")), Column(title=words.r("run.value"), width=4.0))
    return Table(caption=words.r("caption.run"), columns=columns, rows=rows, small=True)


def anchors_of(result: dict[str, Any]) -> dict[str, str]:
    """Return the anchor of each source by its id."""
    return {
        clean(entry.get("source_id")): f"source-{place}"
        for place, entry in enumerate(_sources(result), start=1)
    }


def references(value: object, words: ReportWords, anchors: dict[str, str]) -> tuple[Reference, ...]:
    """Return the sources that a text names, divided by semicolons."""
    names = [name.strip() for name in clean(value, limit=200).split(";") if name.strip()]
    return tuple(
        Reference(text=words.r_or(f"status_of_value.{name}", name), anchor=anchors.get(name))
        for name in names
    )


def entries(result: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the rows of a table of the result; none where it is absent or no table."""
    found = result.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def is_web_address(url: str) -> bool:
    """Return whether `url` is one plain web address: no script, no second address behind it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and " " not in url


def value_text(value: object, words: ReportWords) -> str:
    """Return a parameter's value in words."""
    if isinstance(value, bool):
        return words.r("yes" if value else "no")
    if isinstance(value, (int, float)):
        return f"{value:g}" if number(value) is not None else words("unknown")
    if isinstance(value, (list, tuple)) and len(value) == 24:
        factors = [factor for factor in map(number, value) if factor is not None]
        if len(factors) == 24:
            return _by_hour(factors, words)
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return words("list_mark").join(_coded(one, words) for one in value)
    if isinstance(value, dict):
        told = (f"{_coded(k, words)} {value_text(v, words)}" for k, v in value.items())
        return words("list_mark").join(told)
    text = clean(value)
    return words.r_or(f"value.{text}", text)


def _symbols(symbols: dict[str, Formula], words: ReportWords) -> Terms:
    return Terms(pairs=tuple((sign, words.r(f"symbol.{key}")) for key, sign in symbols.items()))


def _coded(text: object, words: ReportWords) -> str:
    name = clean(text)
    return words.r_or(f"value.{name}", name)


def _parameter(entry: dict[str, Any], words: ReportWords, anchors: dict[str, str]) -> Row:
    name = clean(entry.get("name"))
    told = words.r_or(f"parameter.{name}", name)
    unit = clean(entry.get("unit"))
    # A value overridden without a note keeps the default's Chinese note, which is not about it.
    note = "" if is_missing(entry.get("note")) else words.note(entry)
    return Row(
        cells=(
            Cell(text=told, small=name if name != told else "", head=True),
            Cell(text=value_text(entry.get("value"), words), number=True),
            Cell(text=words.r_or(f"unit.{unit}", unit)),
            _standing(entry, words),
            Cell(references=references(entry.get("source"), words, anchors)),
            Cell(text=note),
        )
    )


def _standing(entry: dict[str, Any], words: ReportWords) -> Cell:
    """Return whether a value has a source; a row without a status by whether it names one."""
    status = clean(entry.get("status"))
    if not status and not is_missing(entry.get("source")):
        named = clean(entry["source"], limit=200)
        status = "assumed" if named == "assumed" else "sourced"
    text = words.r_or(f"status_of_value.{status}", status)
    return Cell(text=text, tag="sourced" if status == "sourced" else "doubt" if text else "")


def _condition_of(entry: dict[str, Any], words: ReportWords) -> str:
    named = words.name(entry.get("name_zh"), entry.get("name_en")) if entry.get("name_zh") else ""
    code = clean(entry.get("condition")) or clean(entry.get("name")).partition(".")[0]
    return named or words.condition(code)


def _source(place: int, entry: dict[str, Any], words: ReportWords) -> Row:
    url = clean(entry.get("url"), limit=500)
    publisher = words.own(entry.get("publisher"), limit=200)
    link = (Reference(text=url, anchor=url if is_web_address(url) else None),) if url else ()
    return Row(
        cells=(
            Cell(text=clean(entry.get("source_id")), head=True),
            Cell(
                text=words.own(entry.get("title"), limit=NOTE_LIMIT),
                small=publisher,
                references=link,
            ),
            Cell(text=clean(entry.get("date"))),
            Cell(text=words.own(entry.get("licence"), limit=200)),
        ),
        anchor=f"source-{place}",
    )


def _sources(result: dict[str, Any]) -> list[dict[str, Any]]:
    return entries(result, "sources")


def _told(value: object) -> str:
    """Return a value of the run record on one line."""
    if isinstance(value, dict):
        return "; ".join(f"{clean(k)}: {_told(v)}" for k, v in value.items() if v not in (None, ""))
    if isinstance(value, (list, tuple)):
        return ", ".join(_told(one) for one in value)
    return clean(value, limit=NOTE_LIMIT)


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
