"""Landmasses: islands joined by open road links."""

from __future__ import annotations

import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph


def assign(islands: pd.DataFrame, roads: pd.DataFrame) -> pd.Series:
    """Return the landmass of each island.

    Args:
        islands: rows with `island_id` and `area_km2` (square kilometres, nullable).
        roads: rows with `from_island_id` and `to_island_id` (blank off the region) and `status`;
            only ``open`` links join islands.

    Returns:
        `landmass_id` in the order of `islands`: the id of the largest island of the landmass, by
        area and then by id.
    """
    ids = islands["island_id"].tolist()
    number = {island: i for i, island in enumerate(ids)}
    links = roads[(roads["status"] == "open")][["from_island_id", "to_island_id"]].dropna()
    links = links[links["from_island_id"].isin(number) & links["to_island_id"].isin(number)]
    tail, head = (links[c].map(number).to_numpy(int) for c in links)
    graph = sparse.coo_array(([1.0] * len(links), (tail, head)), shape=(len(ids), len(ids)))
    _, label = csgraph.connected_components(graph.tocsr(), directed=False)
    table = pd.DataFrame({"island_id": ids, "label": label, "area": islands["area_km2"].to_numpy()})
    table["area"] = table["area"].fillna(0.0)
    first = table.sort_values(["area", "island_id"], ascending=[False, True])
    name = first.drop_duplicates("label").set_index("label")["island_id"]
    return pd.Series(table["label"].map(name).to_numpy(), index=islands.index, name="landmass_id")
