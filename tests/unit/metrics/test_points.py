"""Distances in 16-bit integers, known by hand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.errors import TerminalError
from warehouse_twin.metrics.nearest import nearest_in_groups
from warehouse_twin.metrics.points import encode_points

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
