"""How many entities hold a value."""

import numpy as np

from warehouse_twin.profiling.holders import holders_of


def test_an_entity_counts_once_for_a_value_however_many_rows_it_has() -> None:
    codes, entities = np.asarray([0, 0, 0, 2, 2]), np.asarray([7, 7, -3, 7, 2**60])
    assert holders_of(codes, entities, size=4).tolist() == [2, 0, 2, 0]


def test_nobody_holds_anything_of_nothing() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert holders_of(nothing, nothing, size=2).tolist() == [0, 0]
