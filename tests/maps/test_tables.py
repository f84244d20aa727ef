"""The border: all faults of the tables at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from geodata.errors import InputError
from maps.tables import CoverageTables


def test_all_faults_are_reported_together(tables: CoverageTables) -> None:
    with pytest.raises(InputError) as caught:
        replace(
            tables,
            cells=tables.cells.drop(columns=["legs", "zone"]),
            posts=tables.posts.to_crs(32651),
            islands=tables.islands.drop(columns="geometry"),
        )
    text = caught.value.text("en")
    assert len(caught.value.faults) == 3
    assert "zone, legs" in text
    assert "EPSG:32651" in text
    assert "table islands: must be a GeoDataFrame" in text
    assert "table posts" in caught.value.text("zh")


def test_empty_tables_need_no_columns(tables: CoverageTables) -> None:
    empty = tables.proposal_sites.iloc[:0][["geometry"]]
    assert len(replace(tables, proposal_sites=empty).proposal_sites) == 0


def test_bounds_are_those_of_the_people(tables: CoverageTables) -> None:
    assert tables.bounds() == pytest.approx(tuple(tables.cells.total_bounds))
