"""Faults of one input as they are found, each with its place in the user's own file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from geodata.errors import Fault, shorten

Cell = tuple[str, int | None, str]


@dataclass(frozen=True)
class Origin:
    """Where the rows of a layer stand in the file that they came from.

    Attributes:
        file: file name, for instance ``posts.csv``.
        rows: number of each row as a spreadsheet shows it (the heading is row 1).
    """

    file: str
    rows: tuple[int, ...]


def place(
    layer: str, row: int | None = None, column: str = "", *, origin: Origin | None = None
) -> str:
    """Return where a fault is, in the words of a person who has the table open.

    Args:
        layer: layer name.
        row: row index from 0, or None for the layer or column as a whole.
        column: column name, or "" for the row as a whole.
        origin: file of the layer; without one, rows count from 1 as in a QGIS attribute table.

    Example:
        >>> place("posts", 2, "lon")
        'posts[3].lon'
        >>> place("posts", 2, "lon", origin=Origin("posts.csv", (2, 3, 4)))
        'posts.csv[4].lon'
    """
    text = origin.file if origin else layer
    if row is not None:
        text += f"[{origin.rows[row] if origin else row + 1}]"
    return text + (f".{column}" if column else "")


class Findings:
    """A growing list of faults.

    A cell that an earlier stage has reported is silent later: what could not be read as a number is
    not reported once more as blank, and a missing column not once for every row.

    Attributes:
        faults: what was found so far, in order.
    """

    def __init__(
        self,
        *,
        origins: Mapping[str, Origin] | None = None,
        silent: Collection[Cell] = (),
    ) -> None:
        """Start a stage.

        Args:
            origins: file of each layer, where there is one.
            silent: cells that earlier stages reported; row None stands for every row and column ""
                for every column.
        """
        self.faults: list[Fault] = []
        self.cells: set[Cell] = set(silent)
        self._silent = frozenset(silent)
        self._origins = dict(origins or {})
        self._ids: dict[str, tuple[str, Sequence[object]]] = {}

    def stands_in(self, layer: str, origin: Origin) -> None:
        """Let faults of `layer` name the file and row numbers of `origin`."""
        self._origins[layer] = origin

    def name_rows(self, layer: str, key: str, ids: Sequence[object]) -> None:
        """Let faults of `layer` name their row by its id as well: the values of column `key`."""
        self._ids[layer] = (key, ids)

    def place(self, layer: str, row: int | None = None, column: str = "") -> str:
        """Return the place of a cell with file, row number and id as far as they are known."""
        where = place(layer, row, column, origin=self._origins.get(layer))
        key, ids = self._ids.get(layer, ("", ()))
        ident = ids[row] if row is not None and row < len(ids) else None
        known = ident is not None and ident == ident and str(ident).strip() and column != key
        return f"{where} ({key}={shorten(ident, limit=40)})" if known else where

    def knows(self, layer: str, row: int | None = None, column: str = "") -> bool:
        """Return whether an earlier stage reported this cell, its row, its column or its layer."""
        wider = ((layer, row, column), (layer, None, column), (layer, row, ""), (layer, None, ""))
        return any(cell in self._silent for cell in wider)

    def add(
        self,
        key: str,
        layer: str,
        row: int | None = None,
        column: str = "",
        *,
        value: object = None,
        **params: object,
    ) -> None:
        """Add a fault, unless an earlier stage reported its cell.

        Args:
            key: catalogue key below ``fault.``.
            layer, row, column: the place; see `place`.
            value: the offending value.
            params: values of the text's fields; texts among them are made printable.
        """
        if self.knows(layer, row, column):
            return
        self.cells.add((layer, row, column))
        if isinstance(value, float):
            value = f"{value:.10g}"
        shown = {k: shorten(v) if isinstance(v, str) else v for k, v in params.items()}
        self.faults.append(Fault(key, self.place(layer, row, column), value, shown))
