"""A siting problem, free of any solver: sites, demand, times and what is already there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from geodata.errors import Fault, InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SitingProblem:
    """Which sites could serve which demand, and how fast.

    Build it with `from_matrix`, which checks everything.

    Attributes:
        times_min: shape (demand, sites), minutes from each site to each demand point; NaN where the
            site cannot reach the point.
        weights: shape (demand,), for instance expected calls a year; not negative.
        zones: zone label of each demand point, shape (demand,).
        existing: sites that are open already and stay open, shape (sites,) of bool.
        site_costs: shape (sites,), cost of opening each site; the existing ones cost nothing.
    """

    times_min: Floats
    weights: Floats
    zones: NDArray[np.str_]
    existing: NDArray[np.bool_]
    site_costs: Floats

    @classmethod
    def from_matrix(
        cls,
        times_min: ArrayLike | sparse.sparray,
        *,
        weights: ArrayLike | None = None,
        zones: Sequence[str] | None = None,
        existing: Sequence[int] = (),
        site_costs: ArrayLike | None = None,
    ) -> SitingProblem:
        """Return a problem after checking all of its parts.

        Args:
            times_min: shape (demand, sites), minutes, not negative; dense with NaN or inf for
                unreachable pairs, or a scipy sparse array whose absent entries are unreachable.
            weights: shape (demand,), not negative; default 1 each.
            zones: label of each demand point; default one zone ``all``.
            existing: indices of sites that are open already.
            site_costs: shape (sites,), not negative; default 1 each.

        Raises:
            InputError: with every fault found.
        """
        times = _dense(times_min)
        faults: list[Fault] = []
        if times.ndim != 2 or 0 in times.shape:
            raise InputError(Fault("siting_shape", "times_min", str(times.shape)))
        n, m = times.shape
        if (times < 0).any():
            faults.append(Fault("siting_negative", "times_min", float(np.nanmin(times))))
        weight = _vector(weights, n, "weights", faults)
        cost = _vector(site_costs, m, "site_costs", faults)
        label = np.asarray(["all"] * n if zones is None else list(zones), dtype=np.str_)
        if label.shape != (n,):
            faults.append(Fault("siting_length", "zones", len(label), {"expected": n}))
        open_ = np.zeros(m, dtype=bool)
        for site in existing:
            if not 0 <= int(site) < m:
                faults.append(Fault("siting_no_such_site", "existing", site, {"sites": m}))
            else:
                open_[int(site)] = True
        if faults:
            raise InputError(faults)
        return cls(times, weight, label, open_, np.where(open_, 0.0, cost))

    def today_min(self) -> Floats:
        """Return the time from the nearest existing site to each demand point; NaN where none."""
        return nearest_min(self.times_min, np.flatnonzero(self.existing))

    def mean_min(self, times: Floats) -> dict[str, float]:
        """Return the weighted mean of known `times` by zone; NaN where a zone has no weight."""
        found = {}
        for zone in sorted(set(self.zones.tolist())):
            mine = (self.zones == zone) & ~np.isnan(times) & (self.weights > 0)
            weight = self.weights[mine]
            found[zone] = float((times[mine] * weight).sum() / weight.sum()) if mine.any() else np.nan
        return found


def nearest_min(times_min: Floats, open_sites: NDArray[np.int64]) -> Floats:
    """Return the smallest time of the open sites for each demand point; NaN where none reaches it."""
    if not len(open_sites):
        return np.full(times_min.shape[0], np.nan)
    return np.asarray(np.fmin.reduce(times_min[:, open_sites], axis=1))


def _dense(times_min: ArrayLike | sparse.sparray) -> Floats:
    if sparse.issparse(times_min):
        entries = times_min.tocoo()  # type: ignore[union-attr]
        dense = np.full(entries.shape, np.nan)
        dense[entries.row, entries.col] = entries.data
        return dense
    times = np.array(times_min, dtype=np.float64)
    return np.where(np.isposinf(times), np.nan, times)


def _vector(values: ArrayLike | None, size: int, name: str, faults: list[Fault]) -> Floats:
    if values is None:
        return np.ones(size)
    vector = np.array(values, dtype=np.float64)
    if vector.shape != (size,):
        faults.append(Fault("siting_length", name, str(vector.shape), {"expected": size}))
        return np.ones(size)
    if not np.isfinite(vector).all() or (vector < 0).any():
        wrong = vector[~np.isfinite(vector) | (vector < 0)][0]
        faults.append(Fault("siting_negative", name, float(wrong)))
    return vector
