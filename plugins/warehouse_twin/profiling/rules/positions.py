"""Numbers of rows within their parent: the lines of an order are 1, 2, 3 … and so are the twin's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.matching import codes_of, places_in_runs
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.values import whole_number

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
FIRST = (0, 1)
"""What the first row of a parent may be numbered."""


def positions(column: pa.ChunkedArray, keys: Sequence[pa.ChunkedArray], *, first: int) -> pa.ChunkedArray:
    """The column with the rows of each key numbered from `first` in the order of their values, equal ones as they stand.

    Rows whose key has a null in it keep their value.
    """
    (family,) = codes_of(keys)
    values = whole_number(column)
    order = np.lexsort((values, family))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = places_in_runs(family[order]) + first
    return pa.chunked_array([pa.array(np.where(family < 0, np.nan_to_num(values), rank).astype(np.int64)).cast(column.type)])


def misplaced(rule: Rule, column: pa.ChunkedArray, keys: Sequence[pa.ChunkedArray]) -> Bools:
    """Rows whose number is not the one that `positions` gives them."""
    wrong: Bools = whole_number(column) != whole_number(positions(column, keys, first=rule.detail["first"]))
    return wrong


def position_rule(target: str, sources: Sequence[str], rows: pa.Table, *, least: int) -> Rule | None:
    """The rule that holds in all these rows, of which at least `least` come second or later; None where there is none."""
    column, keys = rows.column(target), [rows.column(name) for name in sources]
    if not pt.is_integer(column.type) or column.null_count or not rows.num_rows:
        return None
    first = int(whole_number(column).min())
    rule = Rule("position", target, tuple(sources), {"first": first})
    if first not in FIRST or misplaced(rule, column, keys).any():
        return None
    return rule if int((whole_number(column) > first).sum()) >= least else None
