"""What is measured, and weights that set all of it right: against counts known by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from warehouse_twin.privacy.accounting import Account, Cost
from warehouse_twin.synthesizers.marginal_counting import Coded
from warehouse_twin.synthesizers.marginal_fitting import Mean, fit
from warehouse_twin.synthesizers.marginal_measuring import Estimate, Measured, Spending, coarse_parts, combined, measure

ROWS = 4_000
ROUGHLY = Estimate(3_900.0, 300.0)


def coded(seed: int = 2) -> Coded:
    """b follows a, c follows b, d is alone."""
    draw = np.random.default_rng(seed)
    a = draw.integers(0, 3, ROWS)
    b = np.where(draw.random(ROWS) < 0.9, a, draw.integers(0, 3, ROWS))
    c = np.where(draw.random(ROWS) < 0.9, 2 - b, draw.integers(0, 3, ROWS))
    return Coded(np.stack([a, c, draw.integers(0, 5, ROWS), b]), (3, 3, 5, 3), (False, False, True, False))


@pytest.fixture(scope="module")
def measured() -> Measured:
    return measure(coded(), [], ROUGHLY, Spending(50.0, 1, Account(Cost(50.0))))


def test_the_tree_joins_what_depends(measured: Measured) -> None:
    edges = {frozenset(count.columns) for count in measured.tree}
    assert {frozenset((0, 3)), frozenset((1, 3))} <= edges  # a with b, b with c
    assert len(edges) == 3
    assert measured.rows.value == pytest.approx(ROWS, abs=10)


def test_all_that_is_spent_is_booked() -> None:
    account = Account(Cost(0.5))
    measure(coded(), [], ROUGHLY, Spending(0.5, 3, account))
    assert account.total.rho == pytest.approx(0.5, rel=1e-3)
    assert account.total.rho <= 0.5


def test_rows_that_are_drawn_have_the_counts(measured: Measured) -> None:
    given = np.zeros((0, ROWS), dtype=np.int64)
    drawn = fit(measured, given, seed=1).draw(given, np.arange(ROWS), seed=5)
    real = coded()
    for pair in ((0, 3), (1, 3), (0, 1), (0, 2)):  # the last two are no edges of the tree, or need not be
        found = Coded(drawn, real.sizes, real.ordered).table(*pair)
        assert np.abs(found - real.table(*pair)).sum() / ROWS < 0.12


def test_what_is_measured_several_times_is_weighted_by_precision() -> None:
    both = combined([Estimate(100.0, 1.0), Estimate(110.0, 2.0)])
    assert both.value == pytest.approx(102.0)  # (100 · 1 + 110 · 1/4) / (5/4)
    assert both.deviation == pytest.approx(0.8**0.5)
    assert combined([Estimate(-5.0, 1.0)]).value == 1.0
    assert Estimate(200.0, 3.0).over(Estimate(100.0, 2.0)) == Estimate(2.0, pytest.approx(0.05))


def test_what_is_known_of_a_mean_moves_cells_that_are_known_less() -> None:
    """d is 0 to 4, 2 on average; a mean of 2.4 pulls it up where that is known better than the counts are, and not where it is not."""
    rough = measure(coded(), [], ROUGHLY, Spending(0.005, 1, Account(Cost(0.005))))
    given, worth = np.zeros((0, ROWS), dtype=np.int64), np.arange(5) / 4
    plain, firm, vague = (
        fit(rough, given, means, seed=1).draw(given, np.arange(ROWS), seed=5)[2].mean()
        for means in ([], [Mean(2, worth, Estimate(0.6, 0.0005))], [Mean(2, worth, Estimate(0.6, 10.0))])
    )
    assert plain < 2.3
    assert firm == pytest.approx(2.4, abs=0.07)
    assert vague == pytest.approx(plain, abs=0.02)


def test_a_count_beyond_the_tree_moves_it_as_far_as_it_is_known() -> None:
    """Three columns follow a fourth that nobody sees: a tree of two of their pairs gets the third pair wrong by a sixth of the rows."""
    draw = np.random.default_rng(5)
    unseen = draw.integers(0, 3, ROWS)
    a, b, c = (np.where(draw.random(ROWS) < 0.75, unseen, draw.integers(0, 3, ROWS)) for _ in range(3))
    exact = measure(Coded([a, b, c], (3, 3, 3), (False,) * 3), [], ROUGHLY, Spending(50.0, 1, Account(Cost(50.0))))
    given = np.zeros((0, ROWS), dtype=np.int64)
    (left,) = {(0, 1), (0, 2), (1, 2)} - {count.columns for count in exact.tree}

    def agree(codes: np.ndarray) -> float:
        return float((codes[left[0]] == codes[left[1]]).mean())

    def drawn(deviation: float) -> float:
        told = replace(exact, counts=tuple(replace(count, deviation=deviation) for count in exact.counts))
        return agree(fit(told, given, seed=1).draw(given, np.arange(ROWS), seed=5))

    alone, real = agree(fit(exact, None, seed=1).draw(given, np.arange(ROWS), seed=5)), agree(np.stack([a, b, c]))
    assert real - alone > 0.12
    known, rough, unknown = ((drawn(deviation) - alone) / (real - alone) for deviation in (3.0, 30.0, 3_000.0))
    assert known == pytest.approx(1.0, abs=0.15)
    assert rough > 0.6  # 30 of some 1,300 rows a cell: nearly as good as known
    assert abs(unknown) < 0.1


def test_nothing_is_learned_from_noise_alone() -> None:
    poor = measure(coded(), [], ROUGHLY, Spending(1e-7, 1, Account(Cost(1e-7))))
    given = np.zeros((0, 500), dtype=np.int64)
    drawn = fit(poor, given, seed=1).draw(given, np.arange(500), seed=5)
    assert drawn.shape == (4, 500)
    assert all(codes.min() >= 0 and codes.max() < size for codes, size in zip(drawn, poor.sizes, strict=True))


def test_coarse_parts_are_equal_shares_in_order_or_the_largest_by_themselves() -> None:
    assert coarse_parts(np.full(16, 10), ordered=True) == (0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7)
    assert coarse_parts(np.asarray([920, 20, 20, 20, 20]), ordered=True) == (0, 1, 2, 3, 4)  # few are not one part because most are zero
    assert coarse_parts(np.asarray([5, 500, 20, 20, 400, 20, 10, 10, 10]), ordered=True) == (0, 1, 2, 3, 4, 5, 6, 7, 7)
    assert coarse_parts(np.asarray([-3, 0, 0]), ordered=True) == (0, 0, 0)
    assert coarse_parts(np.asarray([1, 90, 2, 80, 70, 60, 50, 40, 30]), ordered=False) == (7, 0, 7, 1, 2, 3, 4, 5, 6)


def test_what_was_measured_comes_back_from_its_file(measured: Measured) -> None:
    again = Measured.from_dict(measured.to_dict())
    assert (again.sizes, again.parts, again.rows) == (measured.sizes, measured.parts, measured.rows)
    assert all(np.array_equal(one.counts, other.counts) for one, other in zip(again.counts, measured.counts, strict=True))
