"""What a gate knows of earlier releases: their rows, and who was in the source when they were made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.snapshot_parts import ENTITY
from warehouse_twin.relations.entities import Membership
from warehouse_twin.stages import across
from warehouse_twin.stages.garbage import collect
from warehouse_twin.stages.runs import mark
from warehouse_twin.stages.snapshots import write_rows

pytestmark = pytest.mark.filterwarnings("ignore:_NoneStep.value will soon raise:DeprecationWarning")  # DVC 3.67 on pygtrie 2.6


def people(first: int, last: int) -> Membership:
    """Customers by number, every fourth of them held out."""
    numbers = np.arange(first, last)
    return Membership(numbers, numbers % 4 == 0)


def snapshot(shop: Any, number: int, customers: Membership) -> None:
    rows = pa.table({"id": pa.array(customers.entity, pa.int32()), "name": [f"n{entity}" for entity in customers.entity]})
    write_rows(shop.context(number).snapshot / "customers.parquet", rows, customers)
    across.remember(shop.context(number), {"customers": customers})


def with_before(shop: Any, number: int) -> Any:
    return across.Kept.of(shop.context(number)).marked(replace(shop.resolved, drawn_before=("customers",)))


def test_a_first_release_is_held_against_none(shop: Any) -> None:
    snapshot(shop, 1, people(0, 600))
    found = with_before(shop, 1)
    assert (found.released_before, found.grown) == ((), ())
    assert across.parameters(shop.context(1)) == {}


def test_the_newest_releases_are_read_and_are_part_of_the_gates_key(shop: Any) -> None:
    for number, name in enumerate(["Ann", "Bob", "Cleo", "Dan"], start=1):
        shop.release(number, names=(name, "Eve"))
    found = [table.column("name").to_pylist() for table in across.Kept.of(shop.context(5)).rows(shop.resolved, "customers")]
    assert found == [["Dan", "Eve"], ["Cleo", "Eve"], ["Bob", "Eve"]]
    assert [number for number, _ in across.parameters(shop.context(5))["kept"]] == [4, 3, 2]
    assert [number for number, _ in across.parameters(shop.context(2))["kept"]] == [1]


@pytest.mark.parametrize(("last", "grown"), [(600, ()), (990, ()), (1_000, ("customers",))])
def test_a_table_has_grown_when_a_hundred_came_on_either_side(shop: Any, last: int, grown: tuple[str, ...]) -> None:
    """Of every four who come one is held out: of 400 a hundred."""
    snapshot(shop, 1, people(0, 600))
    shop.release(1)
    snapshot(shop, 2, people(0, last))
    found = with_before(shop, 2)
    assert (found.released_before, found.grown) == (("customers",), grown)
    assert across.Kept.of(shop.context(2)).present("customers").tolist() == list(range(600))


def test_who_was_there_is_a_number_and_nothing_else(shop: Any) -> None:
    snapshot(shop, 1, people(0, 600))
    (kept,) = (shop.settings.workspace.root / "secure" / "shop" / across.FOLDER / "1").iterdir()
    assert np.load(kept, allow_pickle=False).dtype == np.int64
    assert ENTITY.encode() not in kept.read_bytes()


def test_a_table_with_other_columns_is_not_held_against_what_it_was(shop: Any) -> None:
    shop.release(1)
    (customers, orders) = shop.resolved.tables
    columns = tuple(replace(column, sql_type="BIGINT") if column.name == "name" else column for column in customers.table.columns)
    changed = replace(customers, table=replace(customers.table, columns=columns))
    now = replace(shop.resolved, tables=(changed, orders), drawn_before=("customers",))
    kept = across.Kept.of(shop.context(2))
    assert kept.marked(now).released_before == ()
    assert kept.rows(now, "customers") == []


def test_what_no_gate_compares_with_any_more_is_dropped(shop: Any) -> None:
    for number in (1, 2, 3):
        snapshot(shop, number, people(0, 10))
        mark(shop.settings.workspace, "shop", number, "released" if number < 3 else "open")
    shop.release(1)
    shop.release(2)
    dropped = {path for path in collect(shop.settings, shop.context(1).manifest).paths if across.FOLDER in path}
    assert dropped == {f"secure/shop/{across.FOLDER}/1"}  # 2 is the newest release, 3 is open
