"""Intervals of shares against published figures."""

from __future__ import annotations

import pytest

from warehouse_twin.metrics.intervals import at_level, newcombe, reach, wilson


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


def test_ends_lie_as_far_off_as_published_tables_say() -> None:
    assert reach(None) == pytest.approx(1.95996, abs=1e-5)
    assert reach(9) == pytest.approx(2.262, abs=5e-4)  # Student's t, any table
    assert reach(9, level=0.0005) == pytest.approx(4.781, abs=5e-4)


def test_an_interval_at_another_level_keeps_its_standard_error() -> None:
    assert at_level((0.8, 0.9, 0.92), 9, level=0.025) == pytest.approx((0.8, 0.9, 0.92))
    low, value, high = at_level((0.8, 0.9, 0.92), 9, level=0.0005)
    assert (value, (value - low) / 0.1, (high - value) / 0.02) == pytest.approx((0.9, 4.781 / 2.262, 4.781 / 2.262), rel=1e-3)
    assert at_level((0.5, 0.5, 0.5), None, level=1e-6) == (0.5, 0.5, 0.5)
