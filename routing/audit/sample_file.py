"""Writing a simulated log as a centre would export it, and the weather of its days."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl

from geodata.errors import Fault, InputError

SHEET_ROWS: Final = 1_048_575
"""Most records that one sheet of a workbook holds below its heading."""

ENCODINGS: Final = ("utf-8", "utf-8-sig", "gb18030")
STAMPS: Final = {"plain": "%Y-%m-%d %H:%M:%S", "chinese": "%Y年%-m月%-d日%H时%M分%S秒"}
_BLOCK = 250_000


def write(
    table: pl.DataFrame, path: Path, *, encoding: str = "utf-8-sig", stamps: str = "plain"
) -> None:
    """Write records by the ending of `path`: ``.csv``, ``.tsv``, ``.parquet`` or ``.xlsx``.

    Args:
        table: of `Sample.table`.
        path: the file; replaced where it exists.
        encoding: of text files, one of `ENCODINGS`.
        stamps: how times are written in text files, one of `STAMPS`; Parquet and workbooks hold
            them as times.

    Raises:
        InputError: if the ending, the encoding or the form of stamps is none of these, or a
            workbook cannot hold so many records.
    """
    ending = path.suffix.lower()
    choices = {".csv": ",", ".tsv": "\t"}
    for where, value, known in (
        ("encoding", encoding, ENCODINGS),
        ("stamps", stamps, tuple(STAMPS)),
    ):
        if value not in known:
            raise InputError(Fault("not_a_choice", where, value, {"choices": ", ".join(known)}))
    if ending == ".parquet":
        table.write_parquet(path)
    elif ending == ".xlsx":
        _write_workbook(table, path)
    elif ending in choices:
        _write_text(table, path, choices[ending], encoding, STAMPS[stamps])
    else:
        endings: dict[str, object] = {"choices": ".csv, .tsv, .parquet, .xlsx"}
        raise InputError(Fault("not_a_choice", str(path), ending, endings))


def write_weather(table: pl.DataFrame, path: Path) -> None:
    """Write when the weather of a simulated log was bad, as `weather.load` reads it.

    Args:
        table: of `Sample.weather`; the file has one more column, ``synthetic``, always ``yes``.
        path: the file; replaced where it exists.
    """
    table.with_columns(pl.lit("yes").alias("synthetic")).write_csv(path)


def _write_text(table: pl.DataFrame, path: Path, separator: str, encoding: str, form: str) -> None:
    """Write blocks of records, so that a large log needs little memory."""
    with path.open("wb") as stream:
        if encoding == "utf-8-sig":
            stream.write(b"\xef\xbb\xbf")
        for first in range(0, max(len(table), 1), _BLOCK):
            text = table[first : first + _BLOCK].write_csv(
                separator=separator, include_header=first == 0, datetime_format=form,
                line_terminator="\r\n",
            )  # fmt: skip
            stream.write(text.encode("gb18030" if encoding == "gb18030" else "utf-8"))


def _write_workbook(table: pl.DataFrame, path: Path) -> None:
    if len(table) > SHEET_ROWS:
        raise InputError(Fault("audit_sample_rows", str(path), len(table), {"most": SHEET_ROWS}))
    table.write_excel(
        path, worksheet="呼救记录", dtype_formats={pl.Datetime: "yyyy-mm-dd hh:mm:ss"}
    )
