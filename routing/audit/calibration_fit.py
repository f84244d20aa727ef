"""Pace of road classes and hours from recorded travel: a robust, bounded, shrunken regression.

Recorded travel ``y`` is held against the modelled minutes ``x[c]`` on each class of road:
``y ≈ Σ s[c, b] x[c]``, where the pace ``s`` of class c in hour band b is 1 where the present
parameters are right and 1.25 where it takes a quarter longer. The fit

- counts relative errors, as long trips err by more (weights ``1 / (Σx + 1 min)²``),
- bounds the say of outliers (Huber 1964, doi:10.1214/aoms/1177703732, at 1.345 robust standard
  deviations, by iteratively reweighted least squares),
- keeps every pace within `LIMITS` (bounded least squares, Stark & Parker 1995), and
- pulls it towards 1 (ridge: Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634), which
  decides where a class was hardly driven.

Three models of rising freedom are tried, each on top of the one before: one pace for all, one a
class, one a class and band. A freer one is taken only where it predicts calls that it has not seen
better than the one before (`better`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from geodata.jit import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS: Final = ("present", "overall", "class", "class_and_hour")
LIMITS: Final = (0.25, 4.0)
_TUNING = 1.345
_ROUNDS = 30


@dataclass(frozen=True)
class FitParameters:
    """How paces are fitted and judged.

    Attributes:
        folds: parts of the cross-validation.
        ridge_calls: a class driven by this many calls is pulled half-way to 1.
        least_gain: least share by which the mean absolute error has to fall.
        confidence: one-sided confidence that it falls at all.
        least_calls: a class or band with fewer calls keeps the pace of the model before.
    """

    folds: int = 5
    ridge_calls: float = 10.0
    least_gain: float = 0.01
    confidence: float = 0.975
    least_calls: int = 30


@dataclass(frozen=True)
class Trial:
    """How well one model predicts calls that it has not seen.

    Attributes:
        level: one of `LEVELS`.
        error_min: mean absolute error, minutes.
        bias_min: mean of predicted less recorded, minutes.
        gain: share by which the error is below that of the model before.
        gain_low_min: lower confidence bound of the gain in minutes a call.
        taken: whether it is better than the model before.
    """

    level: str
    error_min: float
    bias_min: float
    gain: float
    gain_low_min: float
    taken: bool


@dataclass(frozen=True)
class Fit:
    """Paces of one model.

    Attributes:
        pace: shape (classes, bands).
        low, high: 95 % interval of each, NaN where it was not fitted; same shape.
        calls: calls that drove at least half a minute on the class in the band; same shape.
    """

    pace: Floats
    low: Floats
    high: Floats
    calls: Ints


def fitted(x: Floats, y: Floats, band: Ints, bands: int, level: str, given: FitParameters) -> Fit:
    """Return the paces of one model, fitted on all rows.

    Args:
        x: modelled minutes on each class, shape (n, classes).
        y: recorded travel, minutes, shape (n,).
        band: hour band of each call, shape (n,).
        bands: number of bands.
        level: one of `LEVELS`.
        given: how.
    """
    classes = x.shape[1]
    driven = x >= 0.5
    calls = np.stack([driven[band == b].sum(axis=0) for b in range(bands)], axis=1)
    pace = np.ones((classes, bands))
    low, high = np.full_like(pace, np.nan), np.full_like(pace, np.nan)
    if len(y) < given.least_calls:
        return Fit(pace, low, high, calls)
    for step in LEVELS[1 : LEVELS.index(level) + 1]:
        group = _groups(step, classes, bands)
        number = int(group.max()) + 1
        exposed = np.bincount(group.ravel(), calls.ravel(), number).astype(float)
        design = _design(x * pace[:, band].T, group, band, number)
        factor, spread = _robust(design, y, exposed, given)
        enough = (exposed >= given.least_calls)[group]
        old, width = pace.copy(), spread[group]
        pace = np.where(enough, old * factor[group], old)
        low = np.where(enough, old * (factor[group] - width), low)
        high = np.where(enough, old * (factor[group] + width), high)
    return Fit(np.clip(pace, *LIMITS), low, high, calls)


def predicted(x: Floats, band: Ints, pace: Floats) -> Floats:
    """Return the minutes that a model gives, shape (n,)."""
    return np.asarray((x * pace[:, band].T).sum(axis=1))


def trials(
    x: Floats, y: Floats, band: Ints, bands: int, fold: Ints, given: FitParameters
) -> list[Trial]:
    """Return how well each model predicts calls of folds that it was not fitted on.

    Args:
        x, y, band, bands: as of `fitted`.
        fold: fold of each call, from 0, shape (n,).
        given: how.
    """
    unseen = {"present": predicted(x, band, np.ones((x.shape[1], bands)))}
    for level in LEVELS[1:]:
        minutes = np.empty(len(y))
        for k in range(given.folds):
            rest = fold != k
            found = fitted(x[rest], y[rest], band[rest], bands, level, given)
            minutes[~rest] = predicted(x[~rest], band[~rest], found.pace)
        unseen[level] = minutes
    rows: list[Trial] = []
    best = "present"
    for level, minutes in unseen.items():
        error = np.abs(minutes - y)
        before = np.abs(unseen[best] - y)
        gain, low, taken = better(before, error, given)
        taken = taken and level != "present"
        bias = float(np.mean(minutes - y)) if len(y) else float("nan")
        mean = float(np.mean(error)) if len(y) else float("nan")
        rows.append(Trial(level, mean, bias, gain, low, taken))
        best = level if taken else best
    return rows


def better(before: Floats, after: Floats, given: FitParameters) -> tuple[float, float, bool]:
    """Return the share gained, the lower bound of the gain (minutes), and whether it is real.

    The gain of a call is the fall of its absolute error. It is real where the lower bound of its
    mean (Student's t, paired) is above 0 and the mean error falls by at least `least_gain`.
    """
    gain = before - after
    if len(gain) < 2 or not before.mean() > 0:
        return 0.0, float("nan"), False
    share = float(gain.mean() / before.mean())
    t = float(stats.t.ppf(given.confidence, len(gain) - 1))
    low = float(gain.mean() - t * gain.std(ddof=1) / np.sqrt(len(gain)))
    return share, low, low > 0.0 and share >= given.least_gain


def _groups(level: str, classes: int, bands: int) -> Ints:
    """Return which pace each class and band shares, shape (classes, bands)."""
    if level == "overall":
        return np.zeros((classes, bands), np.int64)
    if level == "class":
        return np.repeat(np.arange(classes)[:, None], bands, axis=1)
    return np.arange(classes * bands).reshape(classes, bands)


def _design(x: Floats, group: Ints, band: Ints, number: int) -> Floats:
    design = np.zeros((len(x), number))
    rows = np.arange(len(x))
    for c in range(x.shape[1]):
        design[rows, group[c, band]] += x[:, c]
    return design


def _robust(
    design: Floats, y: Floats, exposed: Floats, given: FitParameters
) -> tuple[Floats, Floats]:
    """Return the factors on a design and the half width of their 95 % intervals."""
    total = design.sum(axis=1)
    scale = 1.0 / (total + 1.0)
    a, b = design * scale[:, None], y * scale
    factor = np.ones(design.shape[1])
    per_call = (a**2).sum(axis=0) / np.maximum(exposed, 1.0)
    ridge = given.ridge_calls * np.where(per_call > 0, per_call, 1.0)
    spread = 0.0
    weight = np.ones(len(y))
    for _ in range(_ROUNDS):
        residual = b - (a * factor).sum(axis=1)
        spread = 1.4826 * float(np.median(np.abs(residual))) + 1e-9
        weight = np.minimum(1.0, _TUNING * spread / np.maximum(np.abs(residual), 1e-12))
        new = _bounded(*_normal(a, b, weight), ridge)
        done = np.abs(new - factor).max() < 1e-6
        factor = new
        if done:
            break
    return factor, _half_width(a, b - (a * factor).sum(axis=1), weight, ridge)


def _bounded(normal: Floats, right: Floats, ridge: Floats) -> Floats:
    """Minimise ``s' N s - 2 r' s + Σ ridge (s - 1)²`` within `LIMITS`: N and r of `_normal`."""
    root = np.linalg.cholesky(normal + np.diag(ridge))
    solved = optimize.lsq_linear(
        root.T, np.linalg.solve(root, right + ridge), bounds=LIMITS, method="bvls", tol=1e-12
    )
    return np.asarray(solved.x)


def _half_width(a: Floats, residual: Floats, weight: Floats, ridge: Floats) -> Floats:
    """Return 1.96 standard errors by the sandwich (Huber 1967; White 1980)."""
    inverse = np.linalg.inv(_normal(a, residual, weight)[0] + np.diag(ridge))
    scores = _normal(a, residual, (weight * residual) ** 2)[0]
    return np.asarray(1.96 * np.sqrt(np.diag(inverse @ scores @ inverse)))


@compiled
def _normal(a: Floats, b: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return ``a' diag(weight) a`` and ``a' diag(weight) b``: sums in the order of the rows.

    A library's product of matrices may add in another order on another machine, and its threads
    wait for each other where the processor is shared.
    """
    n, k = a.shape
    normal, right = np.zeros((k, k)), np.zeros(k)
    for row in range(n):
        for i in range(k):
            weighed = a[row, i] * weight[row]
            if weighed != 0.0:
                right[i] += weighed * b[row]
                for j in range(i + 1):
                    normal[i, j] += weighed * a[row, j]
    for i in range(k):
        for j in range(i):
            normal[j, i] = normal[i, j]
    return normal, right
