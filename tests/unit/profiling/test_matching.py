"""Keys as integers, on tables one can check by eye."""

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.matching import child_counts, codes_of, duplicated, match_rows


def column(*values):
    return pa.chunked_array([pa.array(values)])


def test_children_find_their_parents() -> None:
    links = match_rows([column("b", "x", None, "a")], [column("a", "b", "c")])
    assert links.tolist() == [1, -1, -1, 0]


def test_composite_keys_match_as_tuples() -> None:
    child = [column(1, 1, 2), column("p", "q", "p")]
    parent = [column(2, 1), column("p", "p")]
    assert match_rows(child, parent).tolist() == [1, -1, 0]


def test_the_first_of_two_equal_parents_stands() -> None:
    assert match_rows([column(7)], [column(7, 7)]).tolist() == [0]


def test_parents_with_null_keys_match_nobody() -> None:
    parent = [pa.chunked_array([pa.array([None, 4], type=pa.int64())])]
    assert match_rows([column(4)], parent).tolist() == [1]


def test_codes_are_equal_exactly_where_tuples_are() -> None:
    (codes,) = codes_of([column("a", "b", "a"), column(1, 1, 1)])
    assert codes[0] == codes[2] != codes[1]


def test_counts_and_duplicates() -> None:
    assert child_counts(np.asarray([0, 0, 2, -1]), 3).tolist() == [2, 0, 1]
    assert duplicated([column(1, 2, 1)]).tolist() == [False, False, True]


def test_empty_sides() -> None:
    nothing = [pa.chunked_array([pa.array([], type=pa.int64())])]
    assert match_rows(nothing, [column(1)]).tolist() == []
    assert match_rows([column(1)], nothing).tolist() == [-1]
