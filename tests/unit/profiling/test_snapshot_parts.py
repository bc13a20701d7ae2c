"""Reading parts of a snapshot, whatever its row groups."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.profiling.snapshot_parts import StoredRows, rows_of, sampled_rows, spread_training, training_part, training_rows

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


def crowd(path: Path, entities: list[int], held: set[int] = frozenset()) -> Path:
    pq.write_table(pa.table({"__entity": entities, "__holdout": [entity in held for entity in entities]}), path)
    return path


def test_a_sample_has_all_rows_of_its_entities_in_every_table(tmp_path: Path) -> None:
    parents = crowd(tmp_path / "parents.parquet", list(range(100)), held={4})
    children = crowd(tmp_path / "children.parquet", [number // 3 for number in range(300)], held={4})
    all_rows = sampled_rows(parents, at_most=99, seed=1)
    assert all_rows.tolist() == [number for number in range(100) if number != 4]
    few, more = (sampled_rows(children, at_most=size, seed=1) for size in (30, 90))
    assert 15 <= len(few) <= 30 < len(more) <= 90
    assert set(few) < set(more)
    assert all({row // 3 * 3 + other for other in range(3)} <= set(more.tolist()) for row in more.tolist())
    assert set(few // 3) <= set(sampled_rows(parents, at_most=30, seed=1).tolist())
    assert set(sampled_rows(children, at_most=30, seed=2)) != set(few)


def test_an_entity_that_has_most_rows_lends_some(tmp_path: Path) -> None:
    rows = sampled_rows(crowd(tmp_path / "one.parquet", [7] * 1_000), at_most=100, seed=1)
    assert len(rows) == 100
    assert rows.max() > 900


def test_stored_rows_are_read_a_column_at_a_time(path: Path) -> None:
    found = StoredRows(path, ["b", "a"], training_rows(path)).take(pa.array([0, 2, 5]))
    assert found.rows.tolist() == [1, 4, 8]
    assert (found.column("a").to_pylist(), found.column("b").to_pylist()) == ([1, 4, 8], ["b", "e", "i"])
    assert found.schema == pa.schema([("b", pa.string()), ("a", pa.int64())])
