"""The options for map tiles: they reach the page, and refused ones stop the run at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from routing.cli import drawing, main


@pytest.mark.parametrize(
    "command", [["brief"], ["coverage"], ["coverage", "--all-conditions"]], ids=" ".join
)
def test_shifted_tiles_are_refused_before_anything_is_computed(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}"
    out = tmp_path / "out"
    given = ["--lang", "en", *command, "--tiles", url, "--out", str(out)]
    assert main(given) == 2
    assert "GCJ-02" in capsys.readouterr().err
    assert not out.exists()


def test_options_become_layers() -> None:
    found = drawing.Tiles(osm_tiles=True, tiles="http://a.local/{z}/{x}/{y}.png").layers()
    assert found.hosts == ["https://tile.openstreetmap.org", "http://a.local"]
    assert drawing.Tiles().layers().hosts == []
