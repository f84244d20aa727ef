"""The report as one self-contained page, built from the result and the pictures alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from maps import assets, report_audit, report_brief, report_compare, report_plan
from maps.document import Document, Picture, Section, numbered
from maps.words import ReportWords

Pictures = Mapping[str, bytes | Path]
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def page(
    result: dict[str, Any],
    pictures: Pictures,
    lang: str,
    *,
    run: dict[str, Any] | None = None,
) -> str:
    """Return the report as one HTML page without scripts and without foreign references.

    Args:
        result: content of ``result.json`` of a brief, a coverage, a proposal, a comparison or an
            audit; parts that are absent are left out.
        pictures: PNG or SVG by name, as bytes or as the path of a file. These stand where they
            belong, others at the end: ``coverage``, ``coverage_after``, ``coverage_pair``,
            ``distribution``, ``parts``, ``conditions``, ``resilience``, ``tradeoff``,
            ``recorded``, ``phases``, ``hour_weekday``, ``months``, ``late_causes``.
        lang: ``zh`` or ``en``.
        run: the run record, told among the methods; None leaves it out.

    Returns:
        the page; equal inputs give equal pages.
    """
    words = ReportWords(lang)
    shown = {name: assets.data_url(bytes_of(picture)) for name, picture in pictures.items()}
    return (
        assets.environment()
        .get_template("report.html.j2")
        .render(
            words=words,
            document=document(result, tuple(pictures), lang, run=run),
            style=Markup(assets.text("page.css") + assets.text("report.css")),  # noqa: S704
            policy=_POLICY,
            lang="zh-CN" if lang == "zh" else lang,
            pictures=shown,
        )
    )


def document(
    result: dict[str, Any],
    pictures: Collection[str],
    lang: str,
    *,
    run: dict[str, Any] | None = None,
) -> Document:
    """Return what the report says, for a page or a Word file.

    Args:
        result, lang, run: as of `page`.
        pictures: names of the pictures there are.
    """
    words = ReportWords(lang)
    kind = kind_of(result)
    build = {
        "propose": report_plan.sections,
        "audit": report_audit.sections,
        "compare": report_compare.sections,
    }.get(kind, report_brief.sections)
    sections = [one for one in build(result, words, pictures, run) if one is not None]
    placed = Document(lang=lang, title="", lead="", sections=tuple(sections)).pictures()
    others = [
        Picture(name=name, caption=words.r_or(f"caption.{name}", name), alt=name)
        for name in sorted(set(pictures) - set(placed))
    ]
    if others:
        more = Section(anchor="pictures", title=words.r("section.more"), blocks=tuple(others))
        sections.insert(-1 if sections[-1].anchor == "sources" else len(sections), more)
    title = words.r(
        {
            "propose": "title_plan",
            "audit": "title_audit",
            "compare": "title_compare",
        }.get(kind, "title"),
        region=words.named(result.get("region") or {}),
    )
    return Document(
        lang=lang,
        title=title,
        lead=_lead(result, kind, words),
        sections=numbered(sections, table=words.r("table"), figure=words.r("figure")),
    )


def kind_of(result: dict[str, Any]) -> str:
    """Return what command a result is of, by its schema: ``brief``, ``propose``, ``audit`` …"""
    parts = str(result.get("schema") or "").split("/")
    return parts[1] if len(parts) > 1 else "brief"


def bytes_of(picture: bytes | Path) -> bytes:
    """Return a picture's bytes."""
    return picture.read_bytes() if isinstance(picture, Path) else picture


def _lead(result: dict[str, Any], kind: str, words: ReportWords) -> str:
    if kind != "audit":
        return words.setting(result)
    period = result.get("period") or {}
    first, last = (str(period.get(key) or "")[:10] for key in ("first", "last"))
    stamp = words.code("start_stamp", result.get("start_stamp"))
    if first and last:
        return words.r("audit_lead_period", start_stamp=stamp, first=first, last=last)
    return words.r("audit_lead", start_stamp=stamp)
