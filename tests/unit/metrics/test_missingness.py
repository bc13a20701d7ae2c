"""What is missing together, counted."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.missingness import missing_patterns
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.sides import Side, Sides

ROWS = np.arange(400)


def side(one: np.ndarray, other: np.ndarray) -> Side:
    rows = pa.table({"a": pa.array(ROWS, mask=one), "b": pa.array(ROWS, mask=other), "c": np.where(one, np.nan, 1.0)})
    return Side(rows, *row_groups(len(ROWS), seed=1))


TOGETHER = side(ROWS % 2 == 0, ROWS % 2 == 0)
APART = side(ROWS % 2 == 0, ROWS % 4 < 2)
NEVER = side(ROWS < 0, ROWS < 0)


def test_columns_that_are_null_together_and_columns_that_are_null_as_often() -> None:
    found = missing_patterns(Sides("t", TOGETHER, APART, APART, TOGETHER))
    assert (found.value, found.floor, found.ceiling, found.n) == (0.5, 0.5, 1.0, 400)
    assert found.high < 0.7
    assert missing_patterns(Sides("t", TOGETHER, TOGETHER)).value == 1.0


def test_patterns_that_the_source_has_not_count_against_it() -> None:
    assert missing_patterns(Sides("t", NEVER, TOGETHER)).value == 0.5
    assert missing_patterns(Sides("t", NEVER, NEVER)).value == 1.0
    assert missing_patterns(Sides("t", TOGETHER, NEVER)).value == pytest.approx(0.5)


def test_without_rows_or_columns_it_says_nothing() -> None:
    empty = Side(TOGETHER.rows.slice(0, 0), np.zeros(0, dtype=np.int64), 0)
    bare = Side(TOGETHER.rows.select([]), TOGETHER.group, TOGETHER.groups)
    for found in (missing_patterns(Sides("t", TOGETHER, empty)), missing_patterns(Sides("t", bare, bare))):
        assert (found.n, found.low, found.high) == (0, 0.0, 1.0)
