"""Reading parts of a snapshot, whatever its row groups."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.profiling.snapshot_parts import rows_of, spread_training, training_part, training_rows

ROWS = pa.table({"a": range(10), "b": list("abcdefghij"), "__entity": range(10), "__holdout": [number % 3 == 0 for number in range(10)]})


@pytest.fixture(params=[1, 4, 10])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    pq.write_table(ROWS, tmp_path / "t.parquet", row_group_size=request.param)
    return tmp_path / "t.parquet"


def test_the_training_part_has_the_columns_asked_for_in_order(path: Path) -> None:
    found = training_part(path, ["b", "a", "b"])
    assert found.to_pydict() == {"b": list("bcefhi"), "a": [1, 2, 4, 5, 7, 8]}
    assert training_rows(path).tolist() == [1, 2, 4, 5, 7, 8]


def test_rows_are_found_by_their_number(path: Path) -> None:
    rows = training_rows(path)[[0, 3, 5]]
    assert rows_of(path, ["a"], rows).to_pydict() == {"a": [1, 5, 8]}


def test_spread_rows_are_of_the_training_part_alone(path: Path) -> None:
    assert set(spread_training(path, ["a"], at_most=3).column("a").to_pylist()) <= {1, 2, 4, 5, 7, 8}
    assert spread_training(path, ["a"], at_most=6).num_rows == 6


def test_a_table_without_rows_keeps_its_types(tmp_path: Path) -> None:
    pq.write_table(ROWS.slice(0, 0), tmp_path / "none.parquet")
    assert training_part(tmp_path / "none.parquet", ["b"]).schema.types == [pa.string()]
    assert spread_training(tmp_path / "none.parquet", ["a", "b"]).num_rows == 0
