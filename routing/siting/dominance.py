"""Sites that some best answer does without, as others are near everybody that they are near to."""

from __future__ import annotations

import numpy as np

from routing.siting.problem import Flags, Ints


def dispensable(near: Flags, crews: Ints, *, enough: int) -> Flags:
    """Return the sites that at least `enough` others dominate.

    Site j dominates i when it has as many crews and is near every row that i is near to; of sites
    that are alike the earlier one does. That is a strict order, so exchanging sites for dominators
    comes to an end. Where the sites differ in nothing else, take an answer that has site i. If one
    of its dominators is not open it can take the place of i, and nothing gets worse. If all are
    open, closing i changes nothing, provided that no row profits from more than `enough` sites. And
    they cannot all be open where an answer has at most `enough` new ones. So either will do: some
    best answer has none of the sites returned.

    Args:
        near: shape (rows, sites).
        crews: crews of each site.
        enough: how many sites near a row are worth anything, or the largest number of new sites;
            at least 1.
    """
    table = near.T.astype(np.float32)
    common, size = table @ table.T, table.sum(axis=1)
    inside = (common >= size[:, None] - 0.5) & (crews[:, None] <= crews[None, :])
    alike = inside & inside.T
    earlier = np.tri(len(size), k=-1, dtype=bool)
    dominates = inside & (~alike | earlier)
    return np.asarray(dominates.sum(axis=1) >= enough)
