"""Noise: counts with Gaussian noise, values that many hold, the best of several; each says what it cost.

OpenDP makes the noise, from the system's randomness and in integers, and its privacy maps say the cost. `distance` is how much one
entity can change: rows, all of which may fall into one cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.privacy.accounting import Cost

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FLOOR = 10
"""The part of the threshold below which a value is not looked at (`frequent`)."""
_ROUNDING = 1 + 1e-6
"""Scales are this much larger, so that no rounding in a privacy map is above what was asked for."""


def deviation(rho: float, *, distance: float) -> float:
    """The standard deviation of noise on counts that costs `rho`."""
    return distance / math.sqrt(2 * rho)


def noisy_counts(counts: Ints, *, rho: float, distance: int) -> tuple[Ints, Cost]:
    """Counts in cells that one row falls into one of, shape `(cells,)`, each with noise; an entity has at most `distance` rows."""
    dp = _opendp()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")
    noise = dp.m.make_gaussian(*space, scale=deviation(rho, distance=distance) * _ROUNDING)
    return np.asarray(noise(counts.astype(int).tolist()), dtype=np.int64), Cost(noise.map(float(distance)))


def frequent(counts: Mapping[str, int], *, rho: float, delta: float, distance: int) -> tuple[dict[str, int], float, Cost]:
    """Of values that nobody declared those that enough rows hold, with noisy counts, and from how many rows on they are shown.

    A value of one entity alone is shown with a chance of `delta` at the most. Noise is drawn for what each value has above a tenth of the
    threshold, and none for values below: that changes by no more than the count does, so the cost is the same, and most values of
    a column of many hold far less.
    """
    from scipy.special import ndtri

    dp = _opendp()
    scale = deviation(rho, distance=distance) * _ROUNDING
    threshold = math.ceil(distance - scale * ndtri(delta / (2 * distance))) + 1
    floor = threshold // FLOOR
    space = (
        dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T="i64")),
        dp.l02inf_distance(dp.absolute_distance(T="i64")),
    )
    noise = dp.m.make_gaussian_threshold(*space, scale=scale, threshold=threshold)
    spent, chance = noise.map((distance, distance, distance))
    found = noise({value: int(count) - floor for value, count in counts.items() if count > floor})
    return {value: count + floor for value, count in sorted(found.items())}, float(threshold + floor), Cost(spent, chance)


def best(scores: Sequence[float], *, rho: float, distance: float) -> tuple[int, Cost]:
    """The place of the greatest score, or of one that is nearly as great; one entity changes each score by at most `distance`."""
    dp = _opendp()
    space = dp.vector_domain(dp.atom_domain(T="f64", nan=False)), dp.linf_distance(T="f64")
    measure = dp.zero_concentrated_divergence()
    unit = dp.m.make_noisy_max(*space, measure, scale=1.0).map(distance)  # the cost falls with the square of the scale
    choose = dp.m.make_noisy_max(*space, measure, scale=math.sqrt(unit / rho) * _ROUNDING)
    return int(choose([float(score) for score in scores])), Cost(choose.map(distance))


def _opendp() -> Any:
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp
