"""Distances in 16-bit integers, known by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse_twin.errors import TerminalError
from warehouse_twin.metrics.points import Points, encode_points, nearest_in_groups

TRAINING = pa.table({"n": pa.array([0, 10, 20, None], pa.int64()), "c": ["a", "b", "b", None]})


def distance(one: tuple[object, object], other: tuple[object, object]) -> int:
    """The distance of two rows, in units of `scale` / 6 (three values that are present have mid-ranks 1/6, 3/6, 5/6)."""
    sides = [pa.table({"n": pa.array([n], pa.float64()), "c": pa.array([c], pa.string())}) for n, c in (one, other)]
    training, query, reference = encode_points([TRAINING, *sides], ("n", "c"))
    found = nearest_in_groups(query, reference, starts=np.array([0]))
    return round(float(found[0, 0]) * 6 / training.scale)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ((10, "a"), (10, "a"), 0),
        ((0, "a"), (10, "a"), 2),
        ((0, "a"), (0, "b"), 6),
        ((0, "a"), (20, "b"), 10),
        ((None, "a"), (20, "a"), 6),
        ((None, None), (None, None), 0),
        ((5, None), (5, "zz"), 6),
        ((-99, "a"), (99, "a"), 6),
    ],
)
def test_numbers_by_rank_categories_by_equality_missing_as_a_category(one, other, wanted) -> None:
    assert distance(one, other) == distance(other, one) == wanted


def test_the_closest_is_found_in_every_group() -> None:
    training, reference = encode_points([TRAINING, TRAINING], ("n", "c"))
    found = nearest_in_groups(training.take(np.array([1])), reference, starts=np.array([0, 2]))
    assert found.tolist() == [[0, round(training.scale / 3)]] or abs(int(found[0, 1]) - training.scale / 3) < 1


@given(
    seed=st.integers(0, 10_000), kinds=st.integers(0, 3), numbers=st.integers(0, 3), values=st.integers(1, 6), groups=st.integers(1, 7)
)
def test_who_shares_categories_finds_what_everybody_does(seed: int, kinds: int, numbers: int, values: int, groups: int) -> None:
    """However queries are looked at, the distances are those of all pairs; a rank of twice the scale is missing."""
    draw, scale, rows = np.random.default_rng(seed), 50, (60, 40)

    def points(count: int) -> Points:
        ranks = draw.integers(0, scale + 1, (numbers, count)).astype(np.int16)
        ranks[draw.random(ranks.shape) < 0.1] = 2 * scale
        return Points(ranks, draw.integers(0, values, (kinds, count)).astype(np.uint16), scale)

    queries, references = points(rows[0]), points(rows[1])
    starts = np.sort(np.r_[0, draw.choice(np.arange(1, rows[1]), groups - 1, replace=False)])
    apart = np.minimum(np.abs(queries.ranks[:, :, None].astype(int) - references.ranks[:, None, :]), scale).sum(axis=0)
    apart = apart + scale * (queries.codes[:, :, None] != references.codes[:, None, :]).sum(axis=0)
    assert np.array_equal(nearest_in_groups(queries, references, starts=starts), np.minimum.reduceat(apart, starts, axis=1))


def test_many_columns_keep_within_sixteen_bits() -> None:
    wide = pa.table({f"c{index}": ["a", "b"] for index in range(200)})
    one, other = encode_points([wide, wide], wide.column_names)
    assert nearest_in_groups(one, other.take(np.array([1])), starts=np.array([0])).tolist() == [[200 * one.scale], [0]]


def test_no_columns_are_refused() -> None:
    with pytest.raises(TerminalError, match="got 0"):
        encode_points([TRAINING], ())


def test_very_many_categories_are_not_taken_for_each_other() -> None:
    """A value that no training row has is far from all of them, however many there are on both sides."""
    training = pa.table({"code": [f"t{number}" for number in range(50_000)]})
    drawn = pa.table({"code": [f"d{number}" for number in range(50_000)]})
    known, others = (points.codes[0] for points in encode_points([training, drawn], ["code"]))
    assert len(np.unique(known)) == 50_000
    assert not np.isin(others, known).any()
