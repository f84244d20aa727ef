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

A line fitted so runs near the median of travel, which is skewed: some trips take much longer, none
much shorter. But targets bind means. So all paces are then multiplied by the one number that brings
the mean predicted to the mean recorded (the idea of Duan 1983, doi:10.1080/01621459.1983.10478017)
over the calls within 5 robust standard deviations of the line; the others are taken for stamps
pressed late or trips with a stop, and the bias that they leave is told.

Three models of rising freedom are tried, each on top of the one before: one pace for all, one a
class, one a class and band. A freer one is taken only where it predicts calls that it has not seen
better than the one before (`better`).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

from routing.audit import fit_loops

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Rows = tuple[Ints, Floats]

LEVELS: Final = ("present", "overall", "class", "class_and_hour")
LIMITS: Final = (0.25, 4.0)
LEAST_DRIVEN_MIN: Final = 0.5
"""A call drove on a class where it spent at least so long there."""
_TUNING = 1.345
_ROUNDS = 30
_WILD = 5.0
# Folds do not depend on each other, and their loops release the GIL.
_FOLDS_AT_ONCE = 2


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
    return _chain(x, y, band, bands, given, level)[-1]


def _chain(
    x: Floats, y: Floats, band: Ints, bands: int, given: FitParameters, last: str = LEVELS[-1]
) -> list[Fit]:
    """Return the fits of `LEVELS` up to the last, each on top of the one before; see `fitted`."""
    classes = x.shape[1]
    driven = x >= LEAST_DRIVEN_MIN
    calls = np.stack([driven[band == b].sum(axis=0) for b in range(bands)], axis=1)
    pace = np.ones((classes, bands))
    low, high = np.full_like(pace, np.nan), np.full_like(pace, np.nan)
    found = [Fit(pace, low, high, calls)]
    for step in LEVELS[1 : LEVELS.index(last) + 1]:
        if len(y) >= given.least_calls:
            group = _groups(step, classes, bands)
            number = int(group.max()) + 1
            exposed = np.bincount(group.ravel(), calls.ravel(), number).astype(float)
            rows = fit_loops.packed(x, pace, group, band)
            factor, least, most = _robust(rows, y, exposed, given)
            enough = (exposed >= given.least_calls)[group]
            low = np.where(enough, pace * least[group], low)
            high = np.where(enough, pace * most[group], high)
            pace = np.where(enough, pace * factor[group], pace)
        found.append(_to_the_mean(Fit(pace, low, high, calls), x, y, band, given))
    return found


def _to_the_mean(fit: Fit, x: Floats, y: Floats, band: Ints, given: FitParameters) -> Fit:
    """Return a fit whose predictions have the mean that was recorded, wild calls left out."""
    factor = 1.0
    if len(y) >= given.least_calls:
        line = predicted(x, band, fit.pace)
        error = np.abs(y - line) / (line + 1.0)
        near = error <= _WILD * 1.4826 * np.median(error) + 1e-9
        factor = float(y[near].sum() / line[near].sum())
    low, high = (np.clip(factor * bound, *LIMITS) for bound in (fit.low, fit.high))
    return Fit(np.clip(factor * fit.pace, *LIMITS), low, high, fit.calls)


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
    unseen = {level: np.empty(len(y)) for level in LEVELS}

    def without(k: int) -> list[Fit]:
        rest = fold != k
        return _chain(x[rest], y[rest], band[rest], bands, given)

    with ThreadPoolExecutor(_FOLDS_AT_ONCE) as pool:
        fits = list(pool.map(without, range(given.folds)))
    for k, found in enumerate(fits):
        mine = fold == k
        for level, fit in zip(LEVELS, found, strict=True):
            unseen[level][mine] = predicted(x[mine], band[mine], fit.pace)
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
    t = float(special.stdtrit(len(gain) - 1, given.confidence))
    low = float(gain.mean() - t * gain.std(ddof=1) / np.sqrt(len(gain)))
    return share, low, low > 0.0 and share >= given.least_gain


def _groups(level: str, classes: int, bands: int) -> Ints:
    """Return which pace each class and band shares, shape (classes, bands)."""
    if level == "overall":
        return np.zeros((classes, bands), np.int64)
    if level == "class":
        return np.repeat(np.arange(classes)[:, None], bands, axis=1)
    return np.arange(classes * bands).reshape(classes, bands)


def _robust(
    rows: _Rows, y: Floats, exposed: Floats, given: FitParameters
) -> tuple[Floats, Floats, Floats]:
    """Return the factors on a design, and the bounds of their 95 % intervals."""
    number = len(exposed)
    scale = 1.0 / (fit_loops.predicted(*rows, np.ones(number)) + 1.0)
    rows = rows[0], rows[1] * scale[:, None]
    b, squares = y * scale, rows[1] ** 2
    # As numpy adds the columns of a table up, one that stands alone pairwise.
    alone = squares.sum(axis=0)
    summed = alone if number == 1 else np.bincount(rows[0].ravel(), squares.ravel(), number)
    per_call = summed / np.maximum(exposed, 1.0)
    ridge = given.ridge_calls * np.where(per_call > 0, per_call, 1.0)
    factor, weight = np.ones(number), np.ones(len(y))
    for _ in range(_ROUNDS):
        error = np.abs(b - fit_loops.predicted(*rows, factor))
        spread = 1.4826 * float(np.median(error)) + 1e-9
        weight = np.minimum(1.0, _TUNING * spread / np.maximum(error, 1e-12))
        new = _bounded(*fit_loops.normal(*rows, number, b, weight), ridge)
        done = np.abs(new - factor).max() < 1e-6
        factor = new
        if done:
            break
    residual = b - fit_loops.predicted(*rows, factor)
    return factor, *_interval(rows, factor, residual, weight, ridge)


def _bounded(normal: Floats, right: Floats, ridge: Floats) -> Floats:
    """Minimise ``s' N s - 2 r' s + Σ ridge (s - 1)²`` within `LIMITS`."""
    # It takes long to load, and only a log with modelled trips gets here.
    from scipy import optimize

    root = np.linalg.cholesky(normal + np.diag(ridge))
    solved = optimize.lsq_linear(
        root.T, np.linalg.solve(root, right + ridge), bounds=LIMITS, method="bvls", tol=1e-12
    )
    return np.asarray(solved.x)


def _interval(
    rows: _Rows, factor: Floats, residual: Floats, weight: Floats, ridge: Floats
) -> tuple[Floats, Floats]:
    """Return 95 % intervals by the sandwich (Huber 1967; White 1980), as without the ridge.

    The ridge pulls what the calls say, and settles how classes share that are always driven
    together. Its answer would look more certain than it is, so that intervals are those of the
    plain regression, one step from here, widened to hold the answer as well.
    """
    number = len(ridge)
    normal, right = fit_loops.normal(*rows, number, residual, weight)
    # A class that nobody drove has no interval, and must not keep the others from theirs.
    inverse = np.linalg.inv(normal + np.diag(np.where(np.diag(normal) > 0, 1e-9 * ridge, 1.0)))
    plain = factor + inverse @ right
    scores = fit_loops.normal(*rows, number, residual, (weight * residual) ** 2)[0]
    half = 1.96 * np.sqrt(np.diag(inverse @ scores @ inverse))
    return np.minimum(factor, plain) - half, np.maximum(factor, plain) + half
