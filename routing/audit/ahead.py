"""The first parts of a log, read while the region is still being loaded."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from geodata import calls
from geodata.calls.columns import Columns

MOST = 10
"""Parts that are read before anybody wants them: they are held in memory until then."""


class Ahead:
    """Reads the first parts of a log in a thread of its own, until the end of a with statement.

    Args:
        pieces: parts in the order in which they will be wanted.
    """

    def __init__(self, pieces: Sequence[calls.Part]) -> None:
        pool = ThreadPoolExecutor(1)
        self._begun: dict[str, Future[Columns]] = {
            piece.key: pool.submit(calls.read, piece) for piece in pieces[:MOST]
        }
        pool.shutdown(wait=False)

    def __enter__(self) -> Ahead:
        """Return this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Begin no more."""
        for begun in self._begun.values():
            begun.cancel()

    def read(self, piece: calls.Part) -> Columns:
        """Return the columns of a part, read by now or not; see `calls.read`."""
        begun = self._begun.pop(piece.key, None)
        return calls.read(piece) if begun is None or begun.cancel() else begun.result()
