"""Rows dealt to parents: counts of both sides exact, pairs apart, types met as far as there is room."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse_twin.relations.counting import scaled_to
from warehouse_twin.relations.dealing import apart, balanced, bounded, deal


def ints(*values: int) -> np.ndarray:
    return np.asarray(values, dtype=np.int64)


def nobody(parents: int) -> np.ndarray:
    return np.zeros(parents, dtype=np.int64)


def test_every_row_gets_a_parent_of_the_type_it_wants() -> None:
    wanted = ints(0, 1, 1, -1, 0, 1)
    link = deal(wanted, ints(2, 1, 2), ints(0, 1, 1), seed=1, stream="s")
    assert np.bincount(link[link >= 0]).tolist() == [2, 1, 2]
    assert [(-1 if at < 0 else ints(0, 1, 1)[at]) for at in link] == wanted.tolist()


def test_who_finds_no_room_goes_to_the_nearest_type_that_has_some() -> None:
    link = deal(ints(0, 0, 0, 5), ints(1, 1, 1, 1), ints(0, 1, 4, 5), seed=1, stream="s")
    assert sorted(link.tolist()) == [0, 1, 2, 3]
    assert link[3] == 3


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), min_size=1, max_size=12), st.integers(0, 5), st.integers(0, 9))
def test_counts_are_kept_whatever_rows_want(parents: list[tuple[int, int]], nulls: int, seed: int) -> None:
    types, counts = ints(*(kind for kind, _ in parents)), ints(*(count for _, count in parents))
    draw = np.random.default_rng(seed)
    wanted = draw.permutation(np.r_[draw.integers(0, 5, counts.sum()), np.full(nulls, -1)]).astype(np.int64)
    link = deal(wanted, counts, types, seed=seed, stream="s")
    assert ((link < 0) == (wanted < 0)).all()
    assert np.bincount(link[link >= 0], minlength=len(counts)).tolist() == counts.tolist()


def repeats(groups: np.ndarray, link: np.ndarray) -> int:
    return len(link) - len(set(zip(groups.tolist(), link.tolist(), strict=True)))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 9))
def test_pairs_of_a_regular_bridge_are_all_different(parts: int, each: int, seed: int) -> None:
    """Every part has `each` suppliers, every supplier as many parts as every other: up to the whole grid."""
    groups, suppliers = np.repeat(np.arange(parts), each), each + seed % 3
    counts = scaled_to(nobody(suppliers), parts * each)
    dealt = deal(nobody(parts * each), counts, nobody(suppliers), seed=seed, stream="s")
    link = apart(groups, dealt, nobody(suppliers), seed=seed, stream="s")
    assert repeats(groups, link) == 0
    assert np.bincount(link, minlength=suppliers).tolist() == counts.tolist()


def test_exchanges_stay_inside_a_type_where_they_can() -> None:
    groups, types = np.repeat(np.arange(200), 2), np.arange(40) % 2
    wanted = np.tile([0, 1], 200)
    dealt = deal(wanted, np.full(40, 10), types, seed=1, stream="s")
    link = apart(groups, dealt, types, seed=1, stream="s")
    assert repeats(groups, link) == 0
    assert (types[link] == wanted).all()
    many = deal(nobody(400), np.full(40, 10), nobody(40), seed=1, stream="s")
    assert repeats(groups, many) > 0
    assert repeats(groups, apart(groups, many, types, seed=1, stream="s")) == 0


def test_where_a_pair_cannot_be_had_the_repeat_is_left_and_counts_are_kept() -> None:
    groups = ints(0, 0, 0, 1)
    link = apart(groups, ints(0, 0, 1, 1), nobody(2), seed=1, stream="s")
    assert repeats(groups, link) == 1
    assert np.bincount(link).tolist() == [2, 2]
    assert apart(ints(), ints(), ints(0), seed=1, stream="s").tolist() == []


@pytest.mark.parametrize(("counts", "most", "found"), [([5, 1, 0], 3, [3, 2, 1]), ([9, 9], 3, [3, 3]), ([1, 2], 3, [1, 2]), ([4], 3, [3])])
def test_nobody_gets_more_than_there_are(counts: list[int], most: int, found: list[int]) -> None:
    assert bounded(ints(*counts), most).tolist() == found


def test_types_get_about_as_many_as_are_wanted_and_counts_stay_the_same() -> None:
    draw = np.random.default_rng(1)
    counts, types = draw.integers(0, 30, 200), draw.integers(0, 3, 200)
    total = np.bincount(types, weights=counts)
    wanted = ints(total[0] - 200, total[1], total[2] + 200)
    found = balanced(counts, types, wanted, seed=1, stream="s")
    assert sorted(found) == sorted(counts)
    assert np.abs(np.bincount(types, weights=found) - wanted).max() <= 5
    assert balanced(ints(7), ints(0), ints(9), seed=1, stream="s").tolist() == [7]
