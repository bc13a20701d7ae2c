"""A frame row completed by the model: columns in the table's order and types, the same row however the work is split."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.drawing import Drawing, draw_here, merge
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.sequential import TREE

SCHEMA = pa.schema([("id", pa.int32()), ("total", pa.decimal128(8, 2)), ("vip", pa.bool_()), ("customer", pa.int64())])


@pytest.fixture(scope="module")
def model() -> Model:
    """`total` and `vip` follow from the customer's age: 20 gives 5.00 and false, 60 gives 9.50 and true."""
    ages = np.repeat([20, 60], 200)
    training = pa.table(
        {
            "customers.age": ages,
            "total": pa.array(np.where(ages == 20, 5.0, 9.5)).cast(pa.decimal128(8, 2)),
            "vip": ages == 60,
        }
    )
    columns = tuple(profile_column(ColumnTask(name, "T"), training.column(name), np.arange(400), k=10) for name in training.column_names)
    profile = TableProfile("orders", 10, 400, 0, 400, 0, columns)
    return TREE.fit(training, profile, given=("customers.age",), parameters={}, seed=1)


@pytest.fixture
def drawing(tmp_path: Path) -> Drawing:
    return Drawing("tree", tmp_path, 7, SCHEMA, ("customers.age",))


def frame(rows: int, **more: list) -> pa.Table:
    ages = [20 if row % 2 else 60 for row in range(rows)]
    return pa.table({"__row": range(rows), "customers.age": ages, "id": range(1, rows + 1), "customer": [8] * rows, **more})


def test_rows_are_completed_given_their_context(drawing: Drawing, model: Model) -> None:
    drawn = drawing.complete(frame(50), model)
    assert drawn.schema.names == ["__row", *SCHEMA.names]
    assert drawn.schema.types[1:] == SCHEMA.types
    assert {(row["vip"], str(row["total"])) for row in drawn.to_pylist()} == {(False, "5.00"), (True, "9.50")}
    assert all(row["vip"] == (row["__row"] % 2 == 0) for row in drawn.to_pylist())
    assert drawn.column("id").to_pylist() == list(range(1, 51))


def test_what_the_frame_has_is_kept_and_conditioned_on(drawing: Drawing, model: Model) -> None:
    totals = pa.array([5.0] * 50).cast(pa.decimal128(8, 2))
    drawn = drawing.complete(frame(50).append_column("total", totals), model)
    assert drawn.column("total").to_pylist() == totals.to_pylist()


def test_the_same_row_comes_out_of_any_part(drawing: Drawing, model: Model) -> None:
    whole = frame(90)
    parts = [drawing.complete(whole.slice(start, 30), model) for start in (60, 0, 30)]
    assert pa.concat_tables([parts[1], parts[2], parts[0]]).equals(drawing.complete(whole, model).combine_chunks())


def test_no_rows(drawing: Drawing, model: Model) -> None:
    assert drawing.complete(frame(3).slice(0, 0), model).num_rows == 0


def test_parts_become_one_file_in_order(tmp_path: Path) -> None:
    schema = pa.schema([("x", pa.int64())])
    for name, values in (("a", [3, 1]), ("b", []), ("c", [2])):
        pq.write_table(pa.table({"x": pa.array(values, pa.int64())}), tmp_path / name)
    merge([tmp_path / name for name in "abc"], tmp_path / "whole.parquet", schema)
    assert pq.read_table(tmp_path / "whole.parquet").column("x").to_pylist() == [3, 1, 2]


def test_a_table_is_drawn_here_as_a_whole(tmp_path: Path, drawing: Drawing) -> None:
    class Whole:
        """A model that takes neither counters nor context."""

        def sample(self, rows: int, *, seed: int, **more: object) -> pa.Table:
            assert not more
            return pa.table({"total": [float(seed)] * rows, "vip": [True] * rows})

        def save(self, folder: Path) -> None:
            """Nothing to save."""

    draw_here(drawing, frame(4), Whole(), target=tmp_path / "orders.parquet")
    drawn = pq.read_table(tmp_path / "orders.parquet")
    assert drawn.schema.equals(SCHEMA)
    assert [str(value) for value in drawn.column("total").to_pylist()] == ["7.00"] * 4
    assert drawn.column("id").to_pylist() == [1, 2, 3, 4]
