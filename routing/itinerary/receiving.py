"""Which hospitals receive which patients: capability, tier and mutual aid, not distance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geodata.region import Region
from routing.config import MutualAid, Parameters

Flags = NDArray[np.bool_]

NEEDS = ("stroke", "chest_pain", "trauma", "maternal", "neonatal")
ANY = "any"
# Levels of care beside the needs: at least this tier.
TIER_LEVELS: dict[str, tuple[str, ...]] = {
    "peak": ("peak",),
    "sub_centre": ("peak", "sub_centre"),
    "node": ("peak", "sub_centre", "node"),
}
EVERYWHERE = "*"


@dataclass(frozen=True)
class Receiving:
    """Who may receive whom.

    Attributes:
        can: by need, by ``any`` (need not stated) and by tier level: whether each hospital does,
            shape (hospitals,).
        assumed: by the same names: whether it does only because a parameter assumes it.
        takes_from: whether each hospital takes patients of each island, shape (hospitals, islands).
        islands: island ids, in the order of the columns of `takes_from`.
        outside: whether each hospital is outside the region, shape (hospitals,).
        reasons: by the same names as `can`: why a hospital does not, ``""`` where it does.
    """

    can: Mapping[str, Flags]
    assumed: Mapping[str, Flags]
    takes_from: Flags
    islands: Sequence[str]
    outside: Flags
    reasons: Mapping[str, list[str]]

    def allowed(self, island_ids: Iterable[object], level: str) -> Flags:
        """Return whether each hospital receives a patient of `level` from each island.

        Args:
            island_ids: islands of the patients, shape (n,); one that is unknown counts as one that
                no rule names.
            level: a need, ``any`` or a tier level.

        Returns:
            shape (n, hospitals).
        """
        position = {island: k for k, island in enumerate(self.islands)}
        rows = [position.get(str(one), len(self.islands)) for one in island_ids]
        return np.asarray(self.takes_from.T[rows] & self.can[level][None, :])


def receiving(region: Region, parameters: Parameters) -> Receiving:
    """Return which hospitals of `region` receive which patients.

    A hospital must exist. For a need it must have the capability; for none its tier must be one of
    ``care.receiving_tiers``, or a rule of mutual aid must name it. Hospitals outside the region
    count only where mutual aid is on, and for the islands that a rule names, if one names them.
    """
    hospitals, aid = region.hospitals, parameters.mutual_aid
    outside = flags(hospitals["outside"])
    rules = entries(aid.rules)
    named = np.array([h in rules for h in hospitals["hospital_id"]], dtype=bool)
    closed = _closed(hospitals, parameters, outside)
    can, assumed, reasons = {}, {}, {}
    for level in (*NEEDS, ANY, *TIER_LEVELS):
        fits, by_parameter = _fits(hospitals, parameters, level, named)
        can[level] = fits & (closed == "")
        assumed[level] = can[level] & by_parameter
        lacking = _lacking(hospitals, level)
        reasons[level] = [
            c or ("" if fit else why)
            for c, fit, why in zip(closed.tolist(), fits.tolist(), lacking, strict=True)
        ]
    islands = region.islands["island_id"].astype(str).tolist()
    takes_from = takes(hospitals["hospital_id"], outside, aid, islands)
    return Receiving(can, assumed, takes_from, islands, outside, reasons)


def takes(ids: Iterable[str], outside: Flags, aid: MutualAid, islands: Sequence[str]) -> Flags:
    """Return whether each place serves each island, shape (places, islands + 1).

    The last column is for a place on none of the islands.

    Args:
        ids: places.
        outside: whether each is outside the region; one inside serves everybody.
        aid: the rules.
        islands: island ids.
    """
    rules = entries(aid.rules)
    table = np.ones((len(outside), len(islands) + 1), dtype=bool)
    for row, (place, is_outside) in enumerate(zip(ids, outside, strict=True)):
        if is_outside and not aid.enabled:
            table[row] = False
        elif is_outside and place in rules and EVERYWHERE not in rules[place]:
            table[row] = [*(island in rules[place] for island in islands), False]
    return table


def entries(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return ``<id>: <values, comma apart>`` as id to values; an id given twice has both."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, _, values = text.partition(":")
        listed = tuple(v.strip() for v in values.split(",") if v.strip())
        found[name.strip()] = (*found.get(name.strip(), ()), *listed)
    return found


def flags(column: pd.Series) -> Flags:
    """Return a flag column as booleans, blank as no."""
    return np.array([value is not pd.NA and value == True for value in column], dtype=bool)  # noqa: E712


def _closed(hospitals: pd.DataFrame, parameters: Parameters, outside: Flags) -> NDArray[np.object_]:
    """Return why a hospital receives nobody at all, ``""`` where it may."""
    closed = np.full(len(hospitals), "", dtype=object)
    closed[(hospitals["status"] != "existing").to_numpy()] = "not_confirmed"
    closed[hospitals["hospital_id"].isin(parameters.care.not_receiving).to_numpy()] = "no_emergency"
    if not parameters.mutual_aid.enabled:
        closed[outside] = "mutual_aid_off"
    return closed


def _fits(
    hospitals: pd.DataFrame, parameters: Parameters, level: str, named: Flags
) -> tuple[Flags, Flags]:
    """Return whether each hospital fits `level`, and whether by a parameter alone."""
    if level in TIER_LEVELS:
        fits = hospitals["tier"].isin(TIER_LEVELS[level]).to_numpy()
        return fits, np.zeros(len(hospitals), dtype=bool)
    if level == ANY:
        fits = hospitals["tier"].isin(parameters.care.receiving_tiers).to_numpy() | named
        return fits, named & ~hospitals["tier"].isin(parameters.care.receiving_tiers).to_numpy()
    extra = entries(parameters.mutual_aid.capabilities)
    stated = np.array([level in _listed(text) for text in hospitals["capabilities"]], dtype=bool)
    added = np.array([level in extra.get(h, ()) for h in hospitals["hospital_id"]], dtype=bool)
    return stated | added, added & ~stated


def _lacking(hospitals: pd.DataFrame, level: str) -> list[str]:
    if level in (ANY, *TIER_LEVELS):
        return ["tier"] * len(hospitals)
    known = [bool(_listed(text)) for text in hospitals["capabilities"]]
    return ["not_capable" if one else "capability_unknown" for one in known]


def _listed(text: object) -> list[str]:
    return [one.strip() for one in text.split(";")] if isinstance(text, str) else []
