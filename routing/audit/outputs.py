"""The files of an audit: tables, workbook, rejected records. Equal figures give equal bytes."""

from __future__ import annotations

import datetime
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
_BAD_IN_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


def write_tables(found: Mapping[str, Table], folder: Path) -> None:
    """Write every table as CSV, in UTF-8 with a byte order mark, no live formula."""
    for table in found.values():
        write_csv(table.rows, folder / f"{_file_name(table)}.csv")


def write_csv(frame: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV that Excel opens with Chinese intact; texts are no formulas."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(_neutral(frame[name]) for name in texts)
    flags = [name for name, kind in safe.schema.items() if kind == pl.Boolean]
    words = {True: "yes", False: "no"}
    safe.with_columns(
        pl.col(name).replace_strict(words, return_dtype=pl.String) for name in flags
    ).write_csv(path, include_bom=True, line_terminator="\r\n")


def write_rejected(rejected: pl.DataFrame, files: Sequence[str], folder: Path) -> None:
    """Write the rejected records as Parquet and CSV: file, line, reason, the record kept instead.

    Nothing else of a record is written: no id, name, phone or address.

    Args:
        rejected: ``file``, ``line``, ``reason`` (code), ``kept_file``, ``kept_line``.
        files: names of the files, by number.
        folder: where to write.
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
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": _CREATED, "title": _say("title", lang)})
        sheets = _Sheets(book, lang)
        sheets.add(_say("sheet.summary", lang), _summary(result, lang))
        sheets.add(_say("sheet.records", lang), _records(result, lang))
        for table in found.values():
            if table.keys:
                sheets.add(_title(table, lang), table.of("response").drop("measure"))
        sheets.add(_say("sheet.phases", lang), _phases(found))
        for name in ("trends", "changes"):
            if result[name]:
                sheets.add(_say(f"sheet.{name}", lang), _plain_frame(result[name]))
        for name, frame in more.items():
            sheets.add(name, frame)


class _Sheets:
    """Adds sheets with headings in the reader's language."""

    def __init__(self, book: Any, lang: str) -> None:
        self.book, self.lang = book, lang
        self.head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.formats = {
            "share": book.add_format({"num_format": "0.0%"}),
            "minutes": book.add_format({"num_format": "0.00"}),
            "count": book.add_format({"num_format": "#,##0"}),
        }
        self.taken: set[str] = set()

    def add(self, name: str, frame: pl.DataFrame) -> None:
        """Add one table; rows beyond what a sheet holds stay in the CSV."""
        sheet = self.book.add_worksheet(self._free(name))
        sheet.freeze_panes(1, 0)
        for column, (title, kind) in enumerate(frame.schema.items()):
            sheet.write_string(0, column, column_title(title, self.lang), self.head)
            text = kind == pl.String
            sheet.set_column(column, column, _WIDTHS["label" if text else "figure"])
            form = self._format(title, kind)
            for row, value in enumerate(frame[title].head(_SHEET_ROWS - 1).to_list(), start=1):
                _write_cell(sheet, row, column, title, value, form, self.lang)

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


def column_title(name: str, lang: str) -> str:
    """Return the heading of a column, or its name where it has none."""
    return catalogue.strings(lang).get(f"audit.column.{name}", name)


def label(key: str, text: str, lang: str) -> str:
    """Return a label as people read it: zones, weekdays and the reserved labels in words."""
    known = catalogue.strings(lang)
    found = known.get(f"audit.label.{key}.{text}")
    return found or known.get(f"audit.label.any.{text}", text)


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
    "share_within_target", "target_min", "target_met",
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
