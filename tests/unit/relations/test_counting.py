"""How many children: the distribution kept, sums exact, every parent as often as its count says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.profiling.table_profile import Part
from warehouse_twin.relations.counting import add_rows, draw_counts, drop_rows, in_ranks_of, nudged, scaled_to, scaled_within

CHILDREN = Part("number", cells=((0.0, 0.0, 50), (1.0, 1.0, 30), (2.0, 8.0, 20)), step=1.0)
COUNTS = st.lists(st.integers(0, 50), max_size=20).map(lambda counts: np.asarray(counts, dtype=np.int64))


def test_counts_are_distributed_as_profiled() -> None:
    counts = draw_counts(CHILDREN, 1_000, seed=1, stream="s")
    assert abs((counts == 0).mean() - 0.5) < 0.002
    assert abs((counts == 1).mean() - 0.3) < 0.002
    assert counts[counts > 1].min() == 2
    assert counts.max() == 8
    assert abs(counts.mean() - (0.3 + 0.2 * 5)) < 0.06


def test_counts_come_from_the_seed_and_in_no_order() -> None:
    first = draw_counts(CHILDREN, 400, seed=1, stream="s")
    assert (first == draw_counts(CHILDREN, 400, seed=1, stream="s")).all()
    assert not (first == draw_counts(CHILDREN, 400, seed=2, stream="s")).all()
    assert not (first == draw_counts(CHILDREN, 400, seed=1, stream="t")).all()
    assert abs(np.corrcoef(np.arange(400), first)[0, 1]) < 0.15


@pytest.mark.parametrize(("part", "parents"), [(Part("number"), 3), (CHILDREN, 0), (Part("number"), 0)])
def test_without_parents_or_cells_there_are_no_children(part: Part, parents: int) -> None:
    assert draw_counts(part, parents, seed=1, stream="s").tolist() == [0] * parents


def test_cells_below_zero_are_no_children() -> None:
    assert (draw_counts(Part("number", cells=((-2.0, 0.0, 9),)), 50, seed=1, stream="s") == 0).all()


def test_counts_are_scaled_by_largest_remainder() -> None:
    assert scaled_to(np.asarray([1, 2, 3]), 12).tolist() == [2, 4, 6]
    assert scaled_to(np.asarray([1, 1, 1]), 4).tolist() == [2, 1, 1]
    assert scaled_to(np.asarray([5, 1]), 3).tolist() == [3, 0]
    assert scaled_to(np.asarray([0, 0]), 5).tolist() == [3, 2]


@given(COUNTS, st.integers(0, 10_000))
def test_scaled_counts_add_up(counts: np.ndarray, total: int) -> None:
    scaled = scaled_to(counts, total)
    assert scaled.sum() == (total if len(counts) else 0)
    assert (scaled >= 0).all()
    if counts.sum():
        assert (scaled[counts == 0] == 0).all()
        assert (np.abs(scaled - counts * (total / counts.sum())) < 1 + 1e-6).all()


@given(COUNTS, st.integers(0, 500), st.integers(0, 3))
def test_more_rows_are_added_exactly(counts: np.ndarray, rows: int, seed: int) -> None:
    more = add_rows(counts, rows, seed=seed, stream="s")
    assert more.sum() == (counts.sum() + rows if len(counts) else 0)
    assert (more >= counts).all()
    if counts.any():
        assert (more[counts == 0] == 0).all()


@given(COUNTS, st.integers(0, 500), st.integers(0, 3))
def test_rows_are_dropped_exactly_and_a_family_at_a_time(counts: np.ndarray, rows: int, seed: int) -> None:
    fewer = drop_rows(counts, rows, seed=seed, stream="s")
    assert fewer.sum() == max(0, counts.sum() - rows)
    assert ((fewer >= 0) & (fewer <= counts)).all()
    assert ((fewer > 0) & (fewer < counts)).sum() <= 1


def test_a_few_more_rows_leave_most_counts_as_they_are() -> None:
    counts = np.full(100, 24)
    more = add_rows(counts, 240, seed=1, stream="s")
    assert np.unique(more, return_counts=True)[0].tolist() == [24, 48]
    assert (more == 48).sum() == 10


@given(COUNTS, st.integers(0, 600), st.integers(0, 3))
def test_nudged_counts_add_up_and_most_are_counts_that_were_there(counts: np.ndarray, total: int, seed: int) -> None:
    found = nudged(counts, total, seed=seed, stream="s")
    assert found.sum() == (total if len(counts) else 0)
    assert (found >= 0).all()


def test_a_nudge_leaves_no_count_that_was_not_drawn() -> None:
    counts = np.repeat([1, 4, 7], 100)
    found = nudged(counts, 1_260, seed=1, stream="s")
    assert found.sum() == 1_260
    assert set(found.tolist()) == {1, 4, 7}
    assert np.abs(np.bincount(found) - np.bincount(counts)).max() < 25


def test_counts_take_the_ranks_of_others() -> None:
    assert in_ranks_of(np.asarray([0, 9, 5]), np.asarray([2, 0, 1]), seed=1, stream="s").tolist() == [9, 0, 5]
    tied = in_ranks_of(np.arange(100), np.zeros(100, dtype=np.int64), seed=1, stream="s")
    assert sorted(tied) == list(range(100))
    assert abs(np.corrcoef(tied, np.arange(100))[0, 1]) < 0.3


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=15),
    st.lists(st.integers(0, 30), min_size=3, max_size=3),
)
def test_counts_are_scaled_in_each_group(parents: list[tuple[int, int]], totals: list[int]) -> None:
    counts, groups = np.asarray([count for count, _ in parents]), np.asarray([group for _, group in parents])
    found = scaled_within(counts, groups, np.asarray(totals))
    for group in range(3):
        here = groups == group
        assert found[here].sum() == (totals[group] if here.any() else 0)
        if counts[here].any():
            assert np.abs(found[here] - counts[here] * totals[group] / counts[here].sum()).max(initial=0) < 1 + 1e-6
