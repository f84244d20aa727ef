"""Maps side by side: same extent and bands, every panel with its verdict."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from maps import panels, static
from maps.tables import CoverageTables
from tests.maps.conftest import zones

CRS = "EPSG:32651"


def texts(figure: Figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text")))


def with_conditions(tables: CoverageTables, names: list[str]) -> CoverageTables:
    cells, islands = tables.cells.copy(), tables.islands.copy()
    for number, name in enumerate(names):
        cells[name] = cells["response_min"] * (1 + 0.1 * number)
        islands[name] = islands["mean_min"] * (1 + 0.1 * number)
    return replace(tables, cells=cells, islands=islands)


def made(tables: CoverageTables, result: dict[str, Any], n: int, lang: str = "en") -> Figure:
    names = [f"condition {number}" for number in range(n)]
    wanted = [panels.Panel(title=name, column=name, zones=zones(10.0, 18.0)) for name in names]
    drawn = with_conditions(tables, names)
    return panels.conditions_figure(drawn, result, wanted, lang=lang, crs=CRS)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pair_tells_both_states_and_names_the_new_posts(
    tables: CoverageTables, result: dict[str, Any], lang: str
) -> None:
    figure = panels.pair_figure(tables, result, lang=lang, crs=CRS)
    said = texts(figure)
    for expected in ("10.4", "18.2", "9.9", "13.2"):
        assert expected in said
    assert Image.open(io.BytesIO(static.png_bytes(figure, dpi=60))).size == (701, 496)


def test_a_result_of_propose_gives_the_same_pair(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    plan = {**result, **result["proposal"]}
    del plan["proposal"]
    one, other = (panels.pair_figure(tables, r, lang="en", crs=CRS) for r in (result, plan))
    assert texts(one) == texts(other)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 10])
def test_panels_do_not_overlap_and_stay_on_the_page(
    tables: CoverageTables, result: dict[str, Any], n: int
) -> None:
    figure = made(tables, result, n)
    maps = [ax.get_position() for ax in figure.axes]
    assert len(maps) == n
    assert not any(a.overlaps(b) for a, b in itertools.combinations(maps, 2))
    page = figure.bbox.padded(1)
    heads = [text.get_window_extent() for text in figure.texts if "min" in text.get_text()]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(heads, 2))
    for text in figure.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 and box.x1 <= page.x1, text.get_text()  # noqa: PT018
        assert page.y0 <= box.y0 and box.y1 <= page.y1, text.get_text()  # noqa: PT018


def test_all_panels_show_the_same_extent(tables: CoverageTables, result: dict[str, Any]) -> None:
    limits = {(*ax.get_xlim(), *ax.get_ylim()) for ax in made(tables, result, 4).axes}
    assert len({tuple(np.round(values)) for values in limits}) == 1


def test_residents_cut_off_are_told_beside_the_mean(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    assert "57 unreachable" in texts(made(tables, result, 2))


def test_small_islands_without_minutes_of_a_condition_get_no_dot(
    tables: CoverageTables, result: dict[str, Any]
) -> None:
    cells = tables.cells.assign(fog=tables.cells["response_min"])
    wanted = [panels.Panel(title="fog", column="fog", zones={})]
    figure = panels.conditions_figure(
        replace(tables, cells=cells), result, wanted, lang="en", crs=CRS
    )
    assert sum(len(c.get_offsets()) for c in figure.axes[0].collections
               if type(c).__name__ == "PathCollection" and c.get_zorder() == 5.5) == 0  # fmt: skip


def test_hostile_names_are_drawn_as_they_are(hostile: tuple[CoverageTables, Any]) -> None:
    for lang in ("zh", "en"):
        figure = panels.pair_figure(*hostile, lang=lang, crs=CRS)
        assert static.png_bytes(figure, dpi=40)


def test_posts_that_a_plan_closes_are_on_the_first_map_alone(
    tables: CoverageTables, result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[set[str]] = []
    monkeypatch.setattr(
        panels.static, "draw_layers", lambda _, sheet, *__, **___: drawn.append(
            set(sheet.metric["posts"]["post_id"])
        ),
    )  # fmt: skip
    gone = str(tables.posts["post_id"].iloc[0])
    proposal = {**(result.get("proposal") or {}), "closed": [{"id": gone}]}
    panels.pair_figure(tables, {**result, "proposal": proposal}, lang="en", crs=CRS)
    assert drawn[0] - drawn[1] == {gone}
    assert len(drawn) == 2
