"""The generator of the wide case: what it promises of its columns."""

import numpy as np
import pytest
from benchmarks.wide import MAKERS, generated

from warehouse_twin.profiling.pairs import dependence_of


@pytest.fixture(scope="module")
def table():
    return generated(rows=4_000, seed=1, blocks=3)


def test_columns_are_mixed_and_come_from_the_seed(table) -> None:
    assert table.num_columns == 3 * len(MAKERS) == 30
    assert {str(kind) for kind in table.schema.types} >= {"double", "int64", "bool", "string", "date32[day]", "timestamp[us]"}
    assert {name.rsplit("_", 1)[0] for name in table.column_names if table[name].null_count} == {"measure", "moment"}
    assert generated(rows=4_000, seed=1, blocks=3).equals(table)
    assert not generated(rows=4_000, seed=2, blocks=3).equals(table)
    assert generated(rows=10, seed=2, blocks=3).schema == table.schema


def test_columns_depend_within_blocks_and_little_across(table) -> None:
    found, block = dependence_of(table.columns), np.array([name[-2:] for name in table.column_names])
    within = block[:, None] == block[None, :]
    assert found[within].mean() > 10 * found[~within].mean()
