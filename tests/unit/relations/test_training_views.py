"""What a synthesizer is trained on: a table's own columns, led by those of the parent that drives it."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import KeyProfile, Part, TableProfile
from warehouse_twin.relations.contexts import Read, given_context
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.training import children_view, context_columns, training_view

CUSTOMERS = resolved("customers", "id BIGINT", "age BIGINT", "mail VARCHAR", key=("id",))
TO_CUSTOMER = link("customer", "customers")
ORDERS = resolved("orders", "id BIGINT", "customer BIGINT", "total DOUBLE", key=("id",), foreign=(TO_CUSTOMER,))
TWIN = twin_of(CUSTOMERS, ORDERS)
PLANS = key_plans(TWIN)
TRAINING = {
    "customers": pa.table({"id": [1, 2, 4], "age": [30, 40, 60], "mail": ["a1@x", "b2@x", "c3@x"]}),
    "orders": pa.table({"id": [1, 2, 3, 5], "customer": [2, 3, None, 2], "total": [5.0, 6.0, 7.0, 8.0]}),
}
WHOLE = {
    "orders": pa.table({"id": [1, 2, 3, 4, 5], "customer": [2, 3, None, 1, 2], "total": [5.0, 6.0, 7.0, 9.0, 8.0]}),
}


def profile(table: ResolvedTable, rows: pa.Table, *, children: Part | None = None) -> TableProfile:
    columns = tuple(
        profile_column(ColumnTask(name, "T", kind="code"), rows.column(name), np.arange(rows.num_rows), k=1) for name in rows.column_names
    )
    cells = Part("number", cells=((0.0, 0.0, 1), (1.0, 2.0, 2)), step=1.0) if children is None else children
    keys = tuple(KeyProfile(key.columns, key.references, 0.0, 0.25, cells) for key in table.table.foreign_keys)
    return TableProfile(table.name, 2, rows.num_rows, 0, rows.num_rows, 0, columns, keys)


PROFILES = {table.name: profile(table, TRAINING[table.name]) for table in TWIN.tables}


def reading(tables: dict[str, pa.Table]) -> Read:
    return lambda name, columns: tables[name].select(list(columns))


def all_rows(name: str, columns: Sequence[str]) -> pa.Table:
    return WHOLE[name].select(list(columns))


def test_a_root_table_is_trained_on_its_own_columns() -> None:
    view = training_view(CUSTOMERS, PLANS, PROFILES, reading(TRAINING), all_rows)
    assert (view.training.column_names, view.given) == (["age", "mail"], ())
    assert [column.name for column in view.profile.columns] == ["age", "mail"]


def test_a_child_is_given_the_columns_of_its_parent() -> None:
    """Customer 3 is held out and one order has none: their context is null."""
    view = training_view(ORDERS, PLANS, PROFILES, reading(TRAINING), all_rows)
    assert view.given == ("customers.age", "#siblings")
    assert view.training.column("customers.age").to_pylist() == [40, None, None, 40]
    assert view.training.column("#siblings").to_pylist() == [2, 1, None, 2]
    assert view.training.column("total").to_pylist() == [5.0, 6.0, 7.0, 8.0]
    assert [column.name for column in view.profile.columns] == view.training.column_names


def test_codes_and_keys_of_the_parent_say_nothing() -> None:
    assert PROFILES["customers"].column("mail").kind == "code"
    assert context_columns(PLANS["orders"], PLANS, PROFILES) == ("age",)
    assert context_columns(PLANS["customers"], PLANS, PROFILES) == ()


def test_alone_a_view_has_no_context() -> None:
    view = training_view(ORDERS, PLANS, PROFILES, reading(TRAINING), all_rows).alone()
    assert (view.training.column_names, view.given) == (["total"], ())
    assert [column.name for column in view.profile.columns] == ["total"]


def test_the_number_of_children_is_learned_a_parent_a_row_and_counts_all_children() -> None:
    """Customer 1's only order is held out: it is still an order of customer 1, who is not."""
    view = children_view(ORDERS, PLANS, PROFILES, reading(TRAINING), reading(WHOLE))
    assert view is not None
    assert view.training.column("#children").to_pylist() == [1, 2, 0]
    assert view.training.column_names[-1] == "#children"
    assert view.profile.columns[-1].parts[0].cells == ((0.0, 0.0, 1), (1.0, 2.0, 2))
    assert not view.profile.columns[-1].nullable
    assert view.profile.table == "customers"


@pytest.mark.parametrize("case", ["root", "no cells", "no context"])
def test_where_there_is_nothing_to_learn_from_there_is_no_view(case: str) -> None:
    if case == "root":
        assert children_view(CUSTOMERS, PLANS, PROFILES, reading(TRAINING), reading(WHOLE)) is None
        return
    profiles = {**PROFILES}
    if case == "no cells":
        profiles["orders"] = profile(ORDERS, TRAINING["orders"], children=Part("number", protected=3))
        assert children_view(ORDERS, PLANS, profiles, reading(TRAINING), reading(WHOLE)) is None
        return
    bare = resolved("customers", "id BIGINT", key=("id",))
    plans = key_plans(twin_of(bare, ORDERS))
    tables = {**TRAINING, "customers": TRAINING["customers"].select(["id"])}
    profiles["customers"] = profile(bare, tables["customers"])
    assert children_view(ORDERS, plans, profiles, reading(tables), reading(WHOLE)) is None
    assert training_view(ORDERS, plans, profiles, reading(tables), all_rows).given == ()


def test_context_is_null_where_there_is_no_parent() -> None:
    found = given_context(TRAINING["customers"], "customers", ("age",), np.asarray([2, -1, 0]))
    assert found.to_pydict() == {"customers.age": [60, None, 30]}
    nobody = given_context(TRAINING["customers"].slice(0, 0), "customers", ("age",), np.asarray([-1, -1]))
    assert nobody.to_pydict() == {"customers.age": [None, None]}
