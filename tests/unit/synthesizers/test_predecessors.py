"""Which columns say something about which: the profile's pairs first, the training rows for what it has none for."""

import numpy as np
import pyarrow as pa
import pytest

from tiny_profiles import profile_of
from warehouse_twin.synthesizers.predecessors import dependence


def test_the_profiles_pairs_count_and_the_rest_is_computed_from_the_rows() -> None:
    coin = np.tile([0, 1], 200)
    table = pa.table({"parent.coin": coin, "coin": coin, "other": np.repeat([0, 1], 200)})
    found = dependence(table, profile_of(table, pairs=(("coin", "other", 0.25), ("gone", "coin", 0.9))))
    assert found[1, 2] == found[2, 1] == 0.25
    assert found[0, 1] == found[1, 0] == pytest.approx(1.0, abs=0.01)
    assert found[0, 2] == pytest.approx(0.0, abs=0.01)
    assert not found.diagonal().any()


def test_a_profile_with_all_pairs_needs_no_rows() -> None:
    table = pa.table({"a": [1, 2], "b": [1, 2]})
    profile = profile_of(table, k=1, pairs=(("a", "b", 0.5),))
    assert dependence(table.slice(0, 0), profile).tolist() == [[0.0, 0.5], [0.5, 0.0]]
