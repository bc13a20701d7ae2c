"""Intervals of shares that were counted: Wilson's for one, Newcombe's for the difference of two; and intervals at other levels."""

from __future__ import annotations

import math

Z_95 = 1.959964
ONE_SIDED = 0.025
"""What lies beyond one end of a 95 % interval."""


def reach(df: int | None, *, level: float = ONE_SIDED) -> float:
    """How many standard errors the end of an interval is off its value, that leaves `level` beyond it: Student's t, or the normal's."""
    from scipy.special import ndtri, stdtrit

    return float(-ndtri(level) if df is None else -stdtrit(df, level))


def at_level(interval: tuple[float, float, float], df: int | None, *, level: float) -> tuple[float, float, float]:
    """(low, value, high) of a 95 % interval with each end moved to where it leaves `level` beyond it, by its own standard error."""
    low, value, high = interval
    further = reach(df, level=level) / reach(df)
    return value - (value - low) * further, value, value + (high - value) * further


def wilson(successes: float, n: float, *, z: float = Z_95) -> tuple[float, float]:
    """Wilson's score interval of a share, within [0, 1]; (0, 1) when nothing was counted.

    Wilson 1927, "Probable inference, the law of succession, and statistical inference", doi:10.1080/01621459.1927.10502953.
    """
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))


def newcombe(one: tuple[float, float], other: tuple[float, float], *, z: float = Z_95) -> tuple[float, float]:
    """Interval of the difference of two independent shares, each given as (successes, n), within [-1, 1].

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    if one[1] == 0 or other[1] == 0:
        return -1.0, 1.0
    p, q = one[0] / one[1], other[0] / other[1]
    p_low, p_high = wilson(*one, z=z)
    q_low, q_high = wilson(*other, z=z)
    return p - q - math.hypot(p - p_low, q_high - q), p - q + math.hypot(p_high - p, q - q_low)
