"""What is measured, and weights that set all of it right: against counts known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse_twin.privacy.accounting import Account, Cost
from warehouse_twin.synthesizers.marginal_fitting import fit
from warehouse_twin.synthesizers.marginal_measuring import Coded, Measured, Spending, coarse_parts, measure

ROWS = 4_000


def coded(seed: int = 2) -> Coded:
    """b follows a, c follows b, d is alone."""
    draw = np.random.default_rng(seed)
    a = draw.integers(0, 3, ROWS)
    b = np.where(draw.random(ROWS) < 0.9, a, draw.integers(0, 3, ROWS))
    c = np.where(draw.random(ROWS) < 0.9, 2 - b, draw.integers(0, 3, ROWS))
    return Coded(np.stack([a, c, draw.integers(0, 5, ROWS), b]), (3, 3, 5, 3), (False, False, True, False))


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(coded(), [], Spending(50.0, 1, Account(Cost(50.0))))


def test_the_tree_joins_what_depends(measured: Measured) -> None:
    edges = {frozenset(count.columns) for count in measured.tree}
    assert {frozenset((0, 3)), frozenset((1, 3))} <= edges  # a with b, b with c
    assert len(edges) == 3
    assert measured.rows == pytest.approx(ROWS, abs=10)


def test_all_that_is_spent_is_booked() -> None:
    account = Account(Cost(0.5))
    measure(coded(), [], Spending(0.5, 3, account))
    assert account.total.rho == pytest.approx(0.5, rel=1e-3)
    assert account.total.rho <= 0.5


def test_rows_that_are_drawn_have_the_counts(measured: Measured) -> None:
    given = np.zeros((0, ROWS), dtype=np.int64)
    drawn = fit(measured, given, seed=1).draw(given, np.arange(ROWS), seed=5)
    real = coded()
    for pair in ((0, 3), (1, 3), (0, 1), (0, 2)):  # the last two are no edges of the tree, or need not be
        found = Coded(drawn, real.sizes, real.ordered).table(*pair)
        assert np.abs(found - real.table(*pair)).sum() / ROWS < 0.12


def test_nothing_is_learned_from_noise_alone() -> None:
    poor = measure(coded(), [], Spending(1e-7, 1, Account(Cost(1e-7))))
    given = np.zeros((0, 500), dtype=np.int64)
    drawn = fit(poor, given, seed=1).draw(given, np.arange(500), seed=5)
    assert drawn.shape == (4, 500)
    assert all(codes.min() >= 0 and codes.max() < size for codes, size in zip(drawn, poor.sizes, strict=True))


def test_coarse_parts_are_equal_shares_in_order_or_the_largest_by_themselves() -> None:
    assert coarse_parts(np.asarray([10, 10, 10, 10, 10, 10, 10, 10]), ordered=True) == (0, 0, 1, 1, 2, 2, 3, 3)
    assert coarse_parts(np.asarray([1, 50, 2, 30, 20]), ordered=False) == (3, 0, 3, 1, 2)


def test_what_was_measured_comes_back_from_its_file(measured: Measured) -> None:
    again = Measured.from_dict(measured.to_dict())
    assert (again.sizes, again.parts, again.rows) == (measured.sizes, measured.parts, measured.rows)
    assert all(np.array_equal(one.counts, other.counts) for one, other in zip(again.counts, measured.counts, strict=True))
