"""Which columns say something about which: the profile's pairs first, the training rows for what it has none for."""

import numpy as np
import pyarrow as pa
import pytest

from tiny_profiles import profile_of
from warehouse_twin.synthesizers.predecessors import LEAST, LIMIT, dependence, predecessors
from warehouse_twin.synthesizers.sequential import TREE


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


def test_a_tree_of_a_narrow_table_sees_all_columns_before_it() -> None:
    found = predecessors(np.zeros((LIMIT + 1, LIMIT + 1)))
    assert found == tuple(tuple(range(place)) for place in range(LIMIT + 1))


def test_of_many_columns_those_count_that_say_most_and_no_more_than_the_limit() -> None:
    size = LIMIT + 20
    information = np.full((size, size), 0.2)
    information[-1, :5] = 0.1  # the last column hears least of the first five
    assert predecessors(information)[-1] == tuple(range(5, LIMIT + 5))
    information[-1, 5:] = [0.5, 0.04, *[0.06] * 3, *[0.0001] * (size - 10)]
    assert predecessors(information)[-1] == (0, 1, 2, 3, 4, 5, 7, 8, 9)


def test_where_no_column_says_much_a_few_are_seen_all_the_same() -> None:
    assert predecessors(np.zeros((LIMIT + 2, LIMIT + 2)))[-1] == tuple(range(LEAST))


def test_a_wide_tables_trees_split_on_what_their_columns_depend_on(tmp_path) -> None:
    draw = np.random.default_rng(1)
    columns = {f"coin_{place:02}": draw.integers(0, 2, 2_000) for place in range(LIMIT + 10)}
    table = pa.table({**columns, "sum": sum(columns[f"coin_{place:02}"] for place in range(3))})
    model = TREE.fit(table, profile_of(table), given=tuple(columns), parameters={}, seed=1)
    ((_, tree),) = model.trees.items()
    assert {0, 1, 2} <= set(tree.feature.tolist()) <= {-1, *predecessors(dependence(table, profile_of(table)))[-1]}
    context = table.drop_columns(["sum"])
    assert model.sample(table.num_rows, seed=1, context=context).column("sum").equals(table.column("sum"))
    model.save(tmp_path)
    assert TREE.load(tmp_path).sample(2_000, seed=1, context=context).column("sum").equals(table.column("sum"))
