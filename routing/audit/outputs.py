"""The files of an audit: tables, workbook, rejected records. Equal figures give equal bytes."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter

from geodata import catalogue, tables
from routing.audit import reasons
from routing.audit.findings import FIGURES, Table

_CREATED = datetime.datetime(2000, 1, 1)
_SHEET_ROWS = 1_048_576
_WIDTHS = {"label": 26, "figure": 12}
SYNTHETIC = "synthetic"
"""Last column of every table of records that are made up; others do not have it."""

_BAD_IN_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def marked(frame: pl.DataFrame, synthetic: bool) -> pl.DataFrame:
    """Return a table that says so in its last column if its records are made up."""
    return frame.with_columns(pl.lit(True).alias(SYNTHETIC)) if synthetic else frame


def write_tables(found: Mapping[str, Table], folder: Path, *, synthetic: bool = False) -> None:
    """Write every table as CSV, in UTF-8 with a byte order mark, no live formula.

    Args:
        found: tables of figures.
        folder: where to write.
        synthetic: whether the records are made up, which every table then says.
    """
    for table in found.values():
        write_csv(marked(table.rows, synthetic), folder / f"{_file_name(table)}.csv")


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV that Excel opens with Chinese intact; texts are no formulas."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(_neutral(frame[name]) for name in texts)
    flags = [name for name, kind in safe.schema.items() if kind == pl.Boolean]
    words = {True: "yes", False: "no"}
    safe.with_columns(
        pl.col(name).replace_strict(words, return_dtype=pl.String) for name in flags
    ).write_csv(path, include_bom=True, line_terminator="\r\n")


def write_rejected(
    rejected: pl.DataFrame, files: Sequence[str], folder: Path, *, synthetic: bool = False
) -> None:
    """Write the rejected records as Parquet and CSV: file, line, reason, the record kept instead.

    Nothing else of a record is written: no id, name, phone or address.

    Args:
        rejected: ``file``, ``line``, ``reason`` (code), ``kept_file``, ``kept_line``.
        files: names of the files, by number.
        folder: where to write.
        synthetic: whether the records are made up, which both files then say.
    """
    names = pl.Series([*files, None], dtype=pl.String)
    keys = pl.Series([None, *reasons.REASONS], dtype=pl.String)
    whole = rejected.select(
        _named(rejected["file"], names),
        "line",
        keys.gather(rejected["reason"].cast(pl.UInt32)).alias("reason"),
        _named(rejected["kept_file"], names),
        "kept_line",
    )
    whole = marked(whole, synthetic)
    whole.write_parquet(folder / "rejected.parquet", compression="zstd", row_group_size=1 << 20)
    write_csv(whole, folder / "rejected.csv")


def write_workbook(
    result: Mapping[str, Any],
    found: Mapping[str, Table],
    more: Mapping[str, pl.DataFrame],
    path: Path,
    *,
    lang: str,
) -> None:
    """Write the workbook: verdicts, one sheet a group, phases, records; texts are never formulas.

    Args:
        result: the content of ``result.json``.
        found: tables of figures.
        more: further sheets by name.
        path: file to write.
        lang: ``zh`` or ``en``.
    """
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    synthetic = result.get("synthetic") is True
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": _CREATED, **_properties(lang, synthetic=synthetic)})
        sheets = _Sheets(book, lang, line=_say("notice.synthetic", lang) if synthetic else "")
        sheets.add(_say("sheet.summary", lang), _summary(result, lang))
        sheets.add(_say("sheet.records", lang), _records(result, lang))
        for table in found.values():
            if table.keys:
                sheets.add(_title(table, lang), table.of("response").drop("measure"))
        islands = _island_names(found, lang)
        sheets.add(_say("sheet.phases", lang), worded(_phases(found), islands, lang))
        for name in ("trends", "changes"):
            if result[name]:
                sheets.add(_say(f"sheet.{name}", lang), _plain_frame(result[name]), of=name)
        for name, frame in more.items():
            sheets.add(_say(f"sheet.{name}", lang), worded(frame, islands, lang), of=name)


def _properties(lang: str, *, synthetic: bool) -> dict[str, str]:
    """Return the title of the workbook, and what has to be known before it is opened."""
    title = _say("title", lang)
    if not synthetic:
        return {"title": title}
    mark = catalogue.text("audit_calibration.synthetic", lang).strip()
    return {"title": f"{mark} {title}", "comments": _say("notice.synthetic", lang)}


class _Sheets:
    """Adds sheets with headings in the reader's language, below a line that all of them carry."""

    def __init__(self, book: Any, lang: str, *, line: str) -> None:
        self.book, self.lang, self.line = book, lang, line
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.warning = book.add_format({"bold": True, "font_color": "#C00000"}) if line else None
        self.formats = {
            "share": book.add_format({"num_format": "0.0%"}),
            "minutes": book.add_format({"num_format": "0.00"}),
            "count": book.add_format({"num_format": "#,##0"}),
        }
        self.taken: set[str] = set()

    def add(self, name: str, frame: pl.DataFrame, *, of: str = "") -> None:
        """Add one table; rows beyond what a sheet holds stay in the CSV.

        Args:
            name: of the sheet, in the reader's language.
            frame: the table; headings and labels are put in words here.
            of: key of the sheet, for headings that mean something else there.
        """
        sheet = self.book.add_worksheet(self._free(name))
        top = self._warn(sheet)
        sheet.freeze_panes(top + 1, 0)
        for column, (title, kind) in enumerate(frame.schema.items()):
            sheet.write_string(top, column, column_title(title, self.lang, of=of), self.head)
            text = kind == pl.String
            sheet.set_column(column, column, _WIDTHS["label" if text else "figure"])
            form = self._format(title, kind)
            values = frame[title].head(_SHEET_ROWS - top - 1).to_list()
            for row, value in enumerate(values, start=top + 1):
                _write_cell(sheet, row, column, title, value, form, self.lang)

    def _warn(self, sheet: Any) -> int:
        """Write the line above the headings, and on every page of a print; return its rows."""
        if not self.line:
            return 0
        sheet.write_string(0, 0, self.line, self.warning)
        sheet.set_header(f"&C{self.line.replace('&', '&&')}")
        return 1

    def _free(self, name: str) -> str:
        base = name.translate(_BAD_IN_SHEET_NAME)[:28].strip() or "-"
        free, count = base, 1
        while free.lower() in self.taken:
            count += 1
            free = f"{base} {count}"
        self.taken.add(free.lower())
        return free

    def _format(self, title: str, kind: pl.DataType) -> Any:
        if title.startswith("share"):
            return self.formats["share"]
        if kind.is_float():
            return self.formats["minutes"]
        return self.formats["count"] if title != "line" else None


def column_title(name: str, lang: str, *, of: str = "") -> str:
    """Return the heading of a column, or its name where it has none.

    Args:
        name: of the column.
        lang: ``zh`` or ``en``.
        of: key of the sheet; its own heading of the column comes first.
    """
    known = catalogue.strings(lang)
    return known.get(f"audit.column_of.{of}.{name}") or known.get(f"audit.column.{name}", name)


def label(key: str, text: str, lang: str) -> str:
    """Return a label as people read it: zones, weekdays and the reserved labels in words."""
    known = catalogue.strings(lang)
    found = known.get(f"audit.label.{key}.{text}")
    return found or known.get(f"audit.label.any.{text}", text)


def worded(frame: pl.DataFrame, islands: Mapping[str, str], lang: str) -> pl.DataFrame:
    """Return a table with its keys in words: groupings, their groups, phases and causes.

    Args:
        frame: may have ``by`` with ``group`` (a label of that grouping), ``measure``, ``cause``.
        islands: what islands are called, by id.
        lang: ``zh`` or ``en``.
    """
    known = catalogue.strings(lang)
    changed = []
    if {"by", "group"} <= set(frame.columns):
        pairs = [*zip(frame["by"].to_list(), frame["group"].to_list(), strict=True)]
        groups = [_group_word(by, group, islands, lang) for by, group in pairs]
        changed.append(pl.Series("by", [_by_word(by, lang) for by, _ in pairs], pl.String))
        changed.append(pl.Series("group", groups, pl.String))
    for name, area in (("measure", "audit.phase"), ("cause", "audit_causes.cause")):
        if name in frame.columns:
            texts = [None if v is None else known.get(f"{area}.{v}", v) for v in frame[name]]
            changed.append(pl.Series(name, texts, pl.String))
    return frame.with_columns(changed)


_WHOLE = ("overall", "all")


def _by_word(by: str, lang: str) -> str:
    return label("by", "overall", lang) if by in _WHOLE else column_title(by, lang)


def _group_word(by: str, group: str | None, islands: Mapping[str, str], lang: str) -> str | None:
    if group is None:
        return None
    if by in _WHOLE:
        return label(by, "overall", lang) if group else ""
    if by == "island" and group in islands:
        return islands[group]
    road = catalogue.strings(lang).get(f"conditions.road_class.{group}")
    return road if by == "road_class" and road else label(by, group, lang)


def _island_names(found: Mapping[str, Table], lang: str) -> dict[str, str]:
    """Return what islands are called, by id; the id stands beside a name that several share."""
    if "island" not in found or f"name_{lang}" not in found["island"].rows.columns:
        return {}
    rows = found["island"].rows.select("island", f"name_{lang}").unique().drop_nulls().rows()
    shared = Counter(name for _, name in rows)
    return {key: name if shared[name] == 1 else f"{name} ({key})" for key, name in rows if name}


def _write_cell(
    sheet: Any, row: int, column: int, title: str, value: object, form: Any, lang: str
) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_string(row, column, _say(f"flag.{'yes' if value else 'no'}", lang))
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value, form)
    else:
        sheet.write_string(row, column, label(title, str(value), lang))


def _summary(result: Mapping[str, Any], lang: str) -> pl.DataFrame:
    rows = [("overall", result["overall"]), *result["zones"].items()]
    names = [*FIGURES_OF_RESULT]
    table: dict[str, list[Any]] = {"zone": [label("zone", zone, lang) for zone, _ in rows]}
    table |= {name: [figures.get(name) for _, figures in rows] for name in names}
    return pl.DataFrame(table, strict=False)


FIGURES_OF_RESULT = (
    "n", "mean_min", "mean_low_min", "mean_high_min", "median_min", "p90_min",
    "share_within_target", "target_min", "target_met", "certain",
)  # fmt: skip


def _records(result: Mapping[str, Any], lang: str) -> pl.DataFrame:
    found = result["records"]
    rows = [(_say(f"record.{key}", lang), found[key]) for key in ("read", "used", "rejected")]
    rows += [
        (reason_text(key, lang), number)
        for key, number in found["rejected_by_reason"].items()
        if number
    ]
    return pl.DataFrame({"record": [r[0] for r in rows], "n": [r[1] for r in rows]})


def reason_text(key: str, lang: str) -> str:
    """Return why a record is not used, in words."""
    return catalogue.text(f"audit.reason.{key}", lang)


def _phases(found: Mapping[str, Table]) -> pl.DataFrame:
    frames = []
    for name in ("overall", "zone", "county", "post", "vehicle_kind"):
        if name in found:
            table = found[name]
            group = pl.lit("") if not table.keys else pl.col(table.keys[0])
            frames.append(
                table.rows.select(
                    pl.lit(name).alias("by"), group.alias("group"), "measure", *FIGURES
                )
            )
    return pl.concat(frames) if frames else pl.DataFrame()


def _plain_frame(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    flat = [{k: ", ".join(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows]
    return pl.DataFrame(flat, infer_schema_length=None, strict=False)


def _title(table: Table, lang: str) -> str:
    joiner = " × "
    return joiner.join(column_title(key, lang) for key in table.keys)


def _file_name(table: Table) -> str:
    return f"by_{table.name}" if table.keys else "overall"


def _named(number: pl.Series, names: pl.Series) -> pl.Series:
    last = len(names) - 1
    return names.gather(number.cast(pl.UInt32).fill_null(last)).alias(number.name)


def _neutral(column: pl.Series) -> pl.Series:
    """Return texts as cells that no spreadsheet takes for a formula."""
    different = column.unique().drop_nulls()
    safe = pl.Series([tables.cell(text) for text in different], dtype=pl.String)
    if not len(different) or (safe == different).all():
        return column
    return column.replace_strict(different, safe, default=None)


def _say(key: str, lang: str) -> str:
    return catalogue.text(f"audit.{key}", lang)
