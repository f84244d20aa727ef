from __future__ import annotations

import threading
from pathlib import Path

import pytest

from geodata import calls
from routing.audit import ahead
from routing.audit.ahead import Ahead

LOG = "受理时间,到达现场时间\n" + "2024-03-05 14:02:33,2024-03-05 14:12:33\n" * 20


def test_what_is_read_ahead_is_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "MOST", 2)
    path = tmp_path / "log.csv"
    path.write_text(LOG, "utf-8")
    pieces = calls.open(path).parts(bytes_per_part=200)
    assert len(pieces) > 2
    with Ahead(pieces) as begun:
        found = [begun.read(piece).table() for piece in pieces]
    for piece, table in zip(pieces, found, strict=True):
        assert table.equals(calls.read(piece).table())


def test_what_nobody_asks_for_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, waiting, read = tmp_path / "log.csv", threading.Event(), []
    path.write_text(LOG, "utf-8")
    pieces = calls.open(path).parts(bytes_per_part=200)

    def slow(piece: calls.Part) -> None:
        read.append(piece.key)
        waiting.wait(10)

    monkeypatch.setattr(calls, "read", slow)
    with Ahead(pieces):
        while not read:
            waiting.wait(0.01)
    waiting.set()
    assert read == [pieces[0].key]
