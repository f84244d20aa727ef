"""Rules on one column at a time: blanks, choices, bounds, duplicates, references, forms of text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata import schemas
from geodata.findings import Findings
from geodata.region import Region

NAME_LIMIT = 200
TEXT_LIMIT = 20_000
_LONG_TEXT = ("note", "what_it_gave", "value", "title", "url", "source_ids")

_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d"
# From and to that are equal could mean all day or never.
HOURS = re.compile(rf"24h|(?P<opens>{_TIME})-(?!(?P=opens))(?:{_TIME}|24:00)")
DEPARTURE = re.compile(_TIME)
DEPARTURES = re.compile(rf"{_TIME}(?:\s*;\s*{_TIME})*")
_FORMS = {
    ("posts", "hours"): (HOURS, "bad_hours"),
    ("ferries", "first_departure"): (DEPARTURE, "bad_departure"),
    ("ferries", "last_departure"): (DEPARTURE, "bad_departure"),
    ("ferries", "departures"): (DEPARTURES, "bad_departures"),
    ("ferries", "departures_back"): (DEPARTURES, "bad_departures"),
}
# Where a number breaks its bounds, these columns deserve words of their own.
_OWN_WORDS = {
    ("speed_kmh", "too_small"): "zero_speed",
    ("duration_min", "too_small"): "bad_duration",
    ("duration_min", "too_large"): "bad_duration",
}


def check(region: Region, found: Findings) -> None:
    """Check every column of every layer against its declaration in `geodata.schemas`."""
    for layer in schemas.LAYERS:
        table = pd.DataFrame(region.layers[layer.name])
        for name, key, value, row in _broken_rules(table, layer):
            _report(table, layer, layer.column(name), key, value, row, found)
        _check_forms(table, layer, found)
    for layer in schemas.LAYERS:
        for column in layer.columns:
            if column.refers_to:
                _check_references(region, layer.name, column, found)


def items(text: object) -> list[str]:
    """Return the items of a list in one cell, which stand between semicolons.

    Example:
        >>> items("ambulance; boat")
        ['ambulance', 'boat']
    """
    return [item.strip() for item in str(text).split(";") if item.strip()]


def _limit(column: schemas.Column) -> int:
    return TEXT_LIMIT if column.name in _LONG_TEXT else NAME_LIMIT


def _broken_rules(
    table: pd.DataFrame, layer: schemas.Layer
) -> Iterator[tuple[str, str, object, int]]:
    """Yield (column, catalogue key, value, row) of every broken rule of one layer."""
    if not len(table):
        return
    for column in layer.columns:
        values = table[column.name]
        for key, broken in _judged(values, column):
            for row in np.flatnonzero(broken):
                yield column.name, key, values.iloc[row], int(row)


def _judged(values: pd.Series, column: schemas.Column) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each rule of a column by its catalogue key, and in which rows it is broken."""
    if not column.nullable:
        yield "blank", values.isna().to_numpy(bool)
    if column.unique:
        yield "duplicate", (values.duplicated() & values.notna()).to_numpy(bool)
    if column.kind in ("number", "integer"):
        numbers = values.to_numpy(float, na_value=np.nan)
        yield "not_finite", np.isinf(numbers)
        if column.minimum is not None:
            yield "too_small", numbers < column.minimum
        if column.maximum is not None:
            yield "too_large", numbers > column.maximum
    if column.choices:
        yield "not_a_choice", (values.notna() & ~values.isin(column.choices)).to_numpy(bool)
    if column.kind == "text":
        limit = _limit(column)
        lengths = [len(value) if isinstance(value, str) else 0 for value in values.tolist()]
        yield "text_too_long", np.array(lengths) > limit


def _report(
    table: pd.DataFrame,
    layer: schemas.Layer,
    column: schemas.Column,
    key: str,
    value: object,
    row: int,
    found: Findings,
) -> None:
    params: dict[str, object] = {}
    if key == "duplicate":
        first = int(np.flatnonzero((table[column.name] == value).to_numpy())[0])
        params = {"first": found.place(layer.name, first)}
    elif key == "not_a_choice":
        params = {"choices": ", ".join(column.choices)}
    elif key in ("too_small", "too_large"):
        params = {"minimum": column.minimum, "maximum": column.maximum}
    elif key == "text_too_long":
        params = {"length": len(str(value)), "limit": _limit(column)}
    key = _OWN_WORDS.get((column.name, key), key)
    value = None if key == "blank" else value
    found.add(key, layer.name, row, column.name, value=value, **params)


def _check_forms(table: pd.DataFrame, layer: schemas.Layer, found: Findings) -> None:
    for (layer_name, column), (form, key) in _FORMS.items():
        if layer_name == layer.name:
            for row, value in enumerate(table[column]):
                if value is not None and not form.fullmatch(value):
                    found.add(key, layer.name, row, column, value=value)
    if layer.name == "posts":
        for row, value in enumerate(table["vehicles"]):
            unknown = [item for item in items(value or "") if item not in schemas.VEHICLES]
            if unknown or (value is not None and not items(value)):
                choices = ", ".join(schemas.VEHICLES)
                value = "; ".join(unknown) or value
                found.add("bad_vehicle", "posts", row, "vehicles", value=value, choices=choices)


def _check_references(region: Region, layer: str, column: schemas.Column, found: Findings) -> None:
    target, target_column = column.refers_to.split(".")
    if found.knows(target) or found.knows(target, None, target_column):
        return
    known = {value for value in region.layers[target][target_column] if value is not None}
    for row, value in enumerate(region.layers[layer][column.name]):
        if value is not None and value not in known:
            close = difflib.get_close_matches(value, sorted(known), 1)
            found.add(
                "dangling_close" if close else "dangling",
                layer,
                row,
                column.name,
                value=value,
                target=target,
                close=close[0] if close else "",
            )
