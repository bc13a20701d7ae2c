"""Intervals of shares against published figures."""

from __future__ import annotations

import pytest

from warehouse_twin.metrics.intervals import newcombe, wilson


def test_wilson_gives_the_figures_of_the_literature() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)  # Newcombe 1998a, table I
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(20, 20)[1] == 1.0


def test_newcombe_gives_the_figures_of_the_literature() -> None:
    assert newcombe((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)  # Newcombe 1998b, table II, (a)
    assert newcombe((9, 10), (3, 10)) == pytest.approx((0.1705, 0.8090), abs=5e-5)  # (b)


def test_nothing_counted_is_nothing_known() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert newcombe((0, 0), (1, 2)) == (-1.0, 1.0)
