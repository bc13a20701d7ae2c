"""Floor and halves: what is kept of the source's rows, and what is not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tiny_projects import CLINIC, VISITS, as_files, clinic
from tiny_twins import link, resolved, twin_of
from warehouse_twin.errors import IntegrityError
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.parity.sides import halves, open_side, read_rows, shuffled, write_floor
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT


def test_a_floor_keeps_each_column_and_no_two_of_them_together() -> None:
    rows = clinic(1)["visits"]
    floor = shuffled(ResolvedTable(VISITS, False), rows, seed=3)
    assert floor.schema.names == rows.schema.names
    assert floor.column("id").equals(rows.column("id"))
    for name in ("patient", "kind", "cost"):
        assert sorted(floor.column(name).to_pylist()) == sorted(rows.column(name).to_pylist())
        assert not floor.column(name).equals(rows.column(name))
    dear = [cost > 500 for cost in floor.column("cost").to_pylist()]
    surgery = [kind == "surgery" for kind in floor.column("kind").to_pylist()]
    assert abs(np.corrcoef(dear, surgery)[0, 1]) < 0.2, "they are the same in the source"


def test_columns_of_a_foreign_key_stay_together_and_a_key_that_is_primary_stays_where_it_is() -> None:
    item = resolved("lines", "order BIGINT", "nth BIGINT", "part BIGINT", "shop BIGINT", key=("order", "nth"),
        foreign=(link("order", "orders"), link("part shop", "stock", "part shop")))  # fmt: skip
    numbers = np.arange(500)
    rows = pa.table({"order": numbers // 2, "nth": numbers % 2, "part": numbers, "shop": numbers + 1000})
    floor = shuffled(item, rows, seed=3)
    assert floor.select(["order", "nth"]).equals(rows.select(["order", "nth"]))
    assert not floor.column("part").equals(rows.column("part"))
    assert np.array_equal(floor.column("shop").to_numpy(), floor.column("part").to_numpy() + 1000)


def test_halves_share_no_patient_and_take_their_visits_along() -> None:
    tables = clinic(1)
    found = dict(halves(CLINIC, tables.__getitem__, seed=5))
    one, other = ({name: parts[side] for name, parts in found.items()} for side in (0, 1))
    assert one["patients"].num_rows == other["patients"].num_rows == 750
    assert one["visits"].num_rows + other["visits"].num_rows == tables["visits"].num_rows
    for half in (one, other):
        assert set(half["visits"].column("patient").to_pylist()) <= set(half["patients"].column("id").to_pylist())


def test_a_table_that_belongs_to_nobody_is_drawn_anew_under_its_keys() -> None:
    people, rooms = resolved("people", "id BIGINT", key=("id",)), resolved("rooms", "id BIGINT", "size BIGINT", key=("id",))
    twin = twin_of(people, rooms, entity="people")
    numbers = np.arange(300)
    tables = {"people": pa.table({"id": numbers}), "rooms": pa.table({"id": numbers, "size": numbers})}
    one, other = dict(halves(twin, tables.__getitem__, seed=5))["rooms"]
    for half in (one, other):
        assert half.column("id").equals(tables["rooms"].column("id"))
        assert 100 < len(set(half.column("size").to_pylist())) < 250, "with replacement"
    assert not one.column("size").equals(other.column("size"))


def test_without_an_entity_the_table_that_most_lead_to_is_dealt() -> None:
    twin = twin_of(
        resolved("rooms", "id BIGINT", key=("id",)), resolved("people", "id BIGINT", key=("id",)),
        resolved("stays", "who BIGINT", foreign=(link("who", "people"),)),
    )  # fmt: skip
    tables = {"rooms": pa.table({"id": range(10)}), "people": pa.table({"id": range(10)}), "stays": pa.table({"who": [0, 1, 2, None]})}
    found = dict(halves(twin, tables.__getitem__, seed=5))
    assert [part.num_rows for part in found["rooms"]] == [10, 10]
    assert [part.num_rows for part in found["people"]] == [5, 5]
    assert sum(part.num_rows for part in found["stays"]) == 4


def test_a_side_holds_the_tables_with_the_sources_types(tmp_path: Path) -> None:
    path = open_side(tmp_path / "side", resolved=CLINIC, files=as_files(tmp_path, clinic(1)))
    with duckdb.connect(str(path), read_only=True) as opened:
        assert dict(row[:2] for row in opened.execute("DESCRIBE clinic.visits").fetchall())["cost"] == "DECIMAL(10,2)"


def test_a_file_without_a_column_is_named(tmp_path: Path) -> None:
    tables = clinic(1)
    files = as_files(tmp_path, tables | {"visits": tables["visits"].drop_columns(["cost"])})
    with pytest.raises(IntegrityError, match="visits: its file has no column cost"):
        open_side(tmp_path / "side", resolved=CLINIC, files=files)


def test_what_a_snapshot_adds_is_not_read(tmp_path: Path) -> None:
    rows = pa.table({"id": [1], ENTITY: [5], HOLDOUT: [True]})
    files = as_files(tmp_path, {"patients": rows})
    assert read_rows(files["patients"]).column_names == ["id"]


def test_an_empty_table_has_a_floor_too(tmp_path: Path) -> None:
    tables = {name: rows.slice(0, 0) for name, rows in clinic(1).items()}
    floor = write_floor(tmp_path / "floor", resolved=CLINIC, source=as_files(tmp_path, tables), seed=1)
    assert [read_rows(path).num_rows for path in floor.values()] == [0, 0]
    assert dict(halves(CLINIC, tables.__getitem__, seed=1))["visits"][0].num_rows == 0
