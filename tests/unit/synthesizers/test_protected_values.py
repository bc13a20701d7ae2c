"""Values that the profile did not keep: rows that had them get a kept one, and rows without a value stay as rare as they were."""

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.sequential import INDEPENDENT, TREE, Sequential


def fit(table: pa.Table, synthesizer: Sequential, *, k: int = 10, required: tuple[str, ...] = ()) -> Model:
    entities = np.arange(table.num_rows)
    columns = tuple(
        profile_column(ColumnTask(name, "T", nullable=name not in required), table.column(name), entities, k=k)
        for name in table.column_names
    )
    profile = TableProfile("t", k, table.num_rows, 0, table.num_rows, 0, columns)
    return synthesizer.fit(table, profile, given=(), parameters={}, seed=1)


@pytest.mark.parametrize("synthesizer", [TREE, INDEPENDENT], ids=lambda synthesizer: synthesizer.name)
def test_protected_categories_do_not_make_nulls_commoner(synthesizer: Sequential) -> None:
    rare = [f"rare {number}" for number in range(100)]
    word = [None] * 500 + ["kept"] * 400 + rare
    drawn = fit(pa.table({"half": [0] * 500 + [1] * 500, "word": word}), synthesizer).sample(2_000, seed=1)
    words = drawn["word"].to_pylist()
    assert set(words) == {None, "kept"}
    assert abs(words.count(None) / 2_000 - 0.5) < 0.03
    if synthesizer is TREE:
        assert all((half == 0) == (value is None) for half, value in zip(drawn["half"].to_pylist(), words, strict=True))


def test_a_leaf_where_all_is_protected_draws_what_is_kept_elsewhere() -> None:
    rare = [f"rare {number}" for number in range(80)]
    drawn = fit(pa.table({"half": [0] * 400 + [1] * 80, "word": ["kept"] * 400 + rare}), TREE).sample(500, seed=1)
    assert set(drawn["word"].to_pylist()) == {"kept"}


def test_a_column_whose_values_are_all_protected_keeps_its_share_of_nulls() -> None:
    amounts = [float(number) if number % 4 else None for number in range(12)]
    drawn = fit(pa.table({"amount": amounts}), TREE).sample(400, seed=1)["amount"].to_pylist()
    assert set(drawn) == {0.0, None}
    assert 70 < drawn.count(None) < 130


@pytest.mark.parametrize("rows", [0, 3])
@pytest.mark.parametrize(
    "kind", [pa.int16(), pa.float64(), pa.decimal128(8, 2), pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us"), pa.binary()], ids=str
)
def test_a_required_column_always_has_a_value(kind: pa.DataType, rows: int) -> None:
    """With no rows to learn from, and with rows that break the promise."""
    table = pa.table({"x": pa.nulls(rows, kind)})
    drawn = fit(table, TREE, required=("x",)).sample(20, seed=1)["x"]
    assert drawn.null_count == 0
    assert drawn.type == kind


@pytest.mark.parametrize("required", [(), ("x",)], ids=["optional", "required"])
def test_nan_is_a_value_where_k_entities_have_it(required: tuple[str, ...]) -> None:
    drawn = fit(pa.table({"x": [float("nan")] * 20 + [2.0] * 20}), TREE, required=required).sample(100, seed=1)["x"].to_pylist()
    assert {str(value) for value in drawn} == {"2.0", "nan"}
    assert 40 < drawn.count(2.0) < 60


def test_rare_nan_is_null_where_one_may_be() -> None:
    table = pa.table({"x": [float("nan")] * 2 + [2.0] * 38})
    assert set(fit(table, TREE).sample(100, seed=1)["x"].to_pylist()) == {2.0, None}
    assert set(fit(table, TREE, required=("x",)).sample(100, seed=1)["x"].to_pylist()) == {2.0}
