"""Rows made up from declarations: every type, keys that hold, parents that read tables speak of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.matching import duplicated
from warehouse_twin.relations.cold_start import unread, with_made_up

TYPES = (
    "yes BOOLEAN", "tiny TINYINT", "whole BIGINT", "price DECIMAL(5,2)", "share DOUBLE", "day DATE", "at TIMESTAMP",
    "zoned TIMESTAMP WITH TIME ZONE", "hour TIME", "name VARCHAR", "token UUID",
    "mood ENUM('sad', 'it''s ok')", "gap INTERVAL", "facts JSON", "raw BLOB", "list INTEGER[]",
)  # fmt: skip


def cold(name: str, *columns: str, **more: object) -> ResolvedTable:
    parameters = more.pop("parameters", {"rows": 200})
    return replace(resolved(name, *columns, **more), synthesizer="day_z", parameters=parameters)  # type: ignore[arg-type]


def test_every_type_has_values_of_its_kind() -> None:
    twin = twin_of(cold("things", "id INTEGER", *TYPES, key=("id",)))
    rows = with_made_up(twin, {})["things"]
    assert rows.num_rows == 200
    assert rows["id"].to_pylist() == list(range(1, 201))
    assert rows.schema.field("price").type == pa.decimal128(5, 2)
    assert rows.schema.field("zoned").type.tz == "UTC"
    assert set(rows["mood"].drop_null().to_pylist()) == {"sad", "it's ok"}
    assert set(rows["list"].drop_null().to_pylist()[0]) == set()
    assert max(rows["tiny"].drop_null().to_pylist()) < 100
    shares = [rows[column.split()[0]].null_count / 200 for column in TYPES]
    assert all(0.03 < share < 0.2 for share in shares), shares
    assert rows.equals(with_made_up(twin, {})["things"])
    assert not rows.equals(with_made_up(replace(twin, seed=twin.seed + 1), {})["things"])


def test_what_may_not_be_null_has_a_value() -> None:
    rows = with_made_up(twin_of(cold("things", *(f"{column}!" for column in TYPES))), {})["things"]
    assert sum(column.null_count for column in rows.columns) == 0


def test_keys_hold_and_rows_that_were_read_say_which_there_are() -> None:
    """Accounts may not be read; orders, which are, name three of them. Notes may not be read and refer to orders."""
    accounts = cold("accounts", "id BIGINT", "name VARCHAR", key=("id",))
    orders = resolved("orders", "id BIGINT", "account BIGINT", key=("id",), foreign=(link("account", "accounts"),))
    keys = (link("of_order", "orders"), link("above", "notes"))
    notes = cold("notes", "id UUID", "of_order BIGINT!", "above UUID", key=("id",), foreign=keys, parameters={"rows": 50, "nulls": 0.5})
    twin = twin_of(accounts, orders, notes)
    assert [table.name for table in unread(twin)] == ["accounts", "notes"]
    read = {"orders": pa.table({"id": [1, 2, 3, 4], "account": [700, 5, None, 31]})}
    tables = with_made_up(twin, read)
    assert list(tables) == ["accounts", "orders", "notes"]
    assert tables["accounts"]["id"].to_pylist() == [5, 31, 700]
    assert tables["notes"].num_rows == 50
    assert set(tables["notes"]["of_order"].to_pylist()) == {1, 2, 3, 4}
    assert tables["notes"]["above"].null_count == 50
    assert not duplicated([tables["notes"]["id"]]).any()


def test_a_key_of_several_columns_is_never_repeated_and_without_parents_there_are_no_rows() -> None:
    people = resolved("people", "id INTEGER", key=("id",))
    days = cold("days", "person INTEGER!", "line SMALLINT", "x DOUBLE", key=("person", "line"), foreign=(link("person", "people"),))
    twin = twin_of(people, days)
    rows = with_made_up(twin, {"people": pa.table({"id": np.arange(5, dtype=np.int32)})})["days"]
    assert rows.num_rows == 200
    assert not duplicated([rows["person"], rows["line"]]).any()
    assert with_made_up(twin, {"people": pa.table({"id": pa.array([], type=pa.int32())})})["days"].num_rows == 0
