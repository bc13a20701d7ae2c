"""What a manifest may say of keys: circles, orders within a parent, orphans that are kept, types that join."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

Resolve = Callable[..., ResolvedTwin]
Faults = Callable[..., list[str]]

STIFF = (Column("id", "INTEGER", nullable=False), Column("other", "INTEGER", nullable=False))
CYCLE = """tables:
  notes: {primary_key: of_order, foreign_keys: [{columns: of_order, references: orders}]}
  orders: {primary_key: id, foreign_keys: [{columns: customer, references: customers}]}
  customers: {primary_key: id, foreign_keys: [{columns: boss, references: customers}, {columns: age, references: orders}]}
"""


def test_a_cycle_of_foreign_keys_is_cut_where_one_may_be_null_and_a_self_reference_is_none(resolve: Resolve) -> None:
    """Without an entity at the table that stands first in the manifest, else at the entity's own key."""
    twin = resolve(CYCLE)
    assert [table.name for table in twin.tables] == ["orders", "notes", "customers"]
    assert [[key.columns for key in twin.cut(table.name)] for table in twin.tables] == [[("customer",)], [], []]
    twin = resolve("entity: customers\n" + CYCLE)
    assert [table.name for table in twin.tables] == ["customers", "orders", "notes"]
    assert [key.columns for key in twin.cut("customers")] == [("age",)]


def test_a_cycle_that_cannot_be_cut_is_named(catalog_faults: Faults) -> None:
    """Nor where two keys lead the same way and one of them may not be null, or another key needs the column."""
    tables = [Table(name, STIFF, ("id",), (ForeignKey(("other",), other, ("id",)),)) for name, other in ("ab", "ba")]
    assert catalog_faults("tables:\n  a:\n  b:\n", tuple(tables)) == [
        "2:3: tables.a.foreign_keys.references: foreign keys go round in a circle (a -> b -> a) and none of them may be null, "
        "so no table can come first; let one be null in the source, or leave it out of foreign_keys:"
    ]
    loose = (*STIFF, Column("free", "INTEGER", nullable=True))
    free = ForeignKey(("free",), "b", ("id",))
    both = Table("a", loose, ("id",), (ForeignKey(("other",), "b", ("id",)), free))
    assert len(catalog_faults("tables:\n  a:\n  b:\n", (both, tables[1]))) == 1
    needed = Table("a", loose, ("id",), (free, ForeignKey(("free",), "a", ("id",))))
    assert len(catalog_faults("tables:\n  a:\n  b:\n", (needed, tables[1]))) == 1


def test_the_ddl_may_be_asked_to_declare_no_key_that_the_source_does_not(resolve: Resolve) -> None:
    """`keys: source`: keys of the manifest's alone hold, and are no constraints; a column of one may be null where the source's may."""
    text = "tables:\n  orders:\n  shipments:\n  customers: {primary_key: id}\n"
    text += "  notes: {foreign_keys: [{columns: of_order, references: orders}]}\n"
    twin = resolve(text)
    assert all(table.declared == table.table for table in twin.tables)
    twin = resolve(text, keys="source")
    assert [(name, twin[name].table.primary_key, twin[name].declared.primary_key) for name in ("orders", "customers")] == [
        ("orders", ("id",), ("id",)),
        ("customers", ("id",), ()),
    ]
    assert [twin["customers"].table.column("id").nullable, twin["customers"].declared.column("id").nullable] == [False, True]
    assert [len(twin[name].declared.foreign_keys) for name in ("shipments", "notes")] == [1, 0]
    assert len(twin["notes"].table.foreign_keys) == 1
    assert ResolvedTwin.from_dict(json.loads(json.dumps(twin.to_dict()))) == twin


def test_a_cycle_of_declared_keys_stands_at_its_first_table(catalog_faults: Faults, resolve: Resolve) -> None:
    a = Table("a", (Column("x", "INTEGER", True),), ("x",), (ForeignKey(("x",), "b", ("x",)),))
    b = Table("b", (Column("x", "INTEGER", True),), ("x",), (ForeignKey(("x",), "a", ("x",)),))
    (fault,) = catalog_faults("tables:\n  b:\n  a:\n", (a, b))
    assert fault.startswith("2:3: tables.b.foreign_keys.references: foreign keys go round in a circle (b -> a -> b)")
    assert [table.name for table in resolve("tables:\n  b: {foreign_keys: []}\n  a:\n", (a, b)).tables] == ["b", "a"]


def test_a_declared_foreign_key_to_something_else_than_the_twins_key_is_refused(catalog_faults: Faults) -> None:
    text = "tables:\n  orders: {primary_key: [id, customer]}\n  shipments:\n"
    assert catalog_faults(text) == [
        "3:3: tables.shipments.foreign_keys.references_columns: (id) is not the primary key of orders, which is (id, customer); "
        "wanted that key, or list foreign_keys: without this one"
    ]


ORDERED = """\
tables:
  customers: {primary_key: id}
  orders:
    foreign_keys: [{columns: customer, references: customers}]
    columns: {id: {kind: categorical}}
"""


def test_rows_are_ordered_within_a_parent(resolve: Resolve) -> None:
    assert resolve(ORDERED + "    order_by: payer\n")["orders"].order_by == "payer"
    twin = resolve(ORDERED.replace("id: {kind: categorical}", "") + "    validity: {from: customer, to: id}\n")
    assert (twin["orders"].order_by, twin["orders"].validity) == ("customer", ("customer", "id"))
    assert ResolvedTwin.from_dict(json.loads(json.dumps(twin.to_dict()))) == twin


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (
            "order_by: paye",
            "6:15: tables.orders.order_by: unknown column 'paye'; known: id, customer, payer, note; did you mean payer? (of orders)",
        ),
        (
            "order_by: note",
            "6:15: tables.orders.order_by: column note is VARCHAR; wanted a number, a date or a timestamp, which order rows",
        ),
        (
            "order_by: id",
            "6:15: tables.orders.order_by: column id is said to be categorical, and categories order nothing; remove its kind",
        ),
        (
            "validity: {from: customer, to: payer}",
            "6:15: tables.orders.validity: windows from customer (INTEGER) to payer (BIGINT); wanted two columns of the same type",
        ),
        (
            "validity: {from: payer, to: payer}",
            "6:15: tables.orders.validity: windows from payer (BIGINT) to payer (BIGINT); wanted two columns of the same type",
        ),
        (
            "foreign_keys: []\n    order_by: payer",
            "6:15: tables.orders.order_by: rows are ordered within their parent, and orders refers to no table that is synthesized; "
            "wanted such a foreign key",
        ),
    ],
)
def test_what_cannot_order_rows_is_refused(catalog_faults: Faults, said: str, fault: str) -> None:
    text = ORDERED if "foreign" not in said else ORDERED.replace("    foreign_keys: [{columns: customer, references: customers}]\n", "")
    assert catalog_faults(f"{text}    {said}\n") == [fault]


KEEPING = """\
tables:
  customers: {primary_key: id, foreign_keys: [{columns: boss, references: customers, orphans: %s}]}
  orders:
    primary_key: id
    foreign_keys: [{columns: customer, references: customers, orphans: %s}]
  shipments: {primary_key: order_id, foreign_keys: [{columns: order_id, references: orders, orphans: %s}]}
"""


def test_a_key_may_keep_its_orphans(resolve: Resolve) -> None:
    twin = resolve(KEEPING % ("clean", "keep", "clean"))
    (key,) = twin["orders"].table.foreign_keys
    assert key.keeps_orphans
    assert ResolvedTwin.from_dict(json.loads(json.dumps(twin.to_dict())))["orders"].table.foreign_keys[0].keeps_orphans
    assert not twin["shipments"].table.foreign_keys[0].keeps_orphans


def test_a_key_that_cannot_lead_nowhere_keeps_no_orphans(catalog_faults: Faults) -> None:
    assert catalog_faults(KEEPING % ("keep", "keep", "keep")) == [
        "2:95: tables.customers.foreign_keys[0].orphans: customers refers to itself, and its rows are loaded parents first; remove orphans",
        "6:102: tables.shipments.foreign_keys[0].orphans: every column of (order_id) is in another key of shipments; remove orphans",
    ]
    column = Column("ok", "BOOLEAN", True)
    ok = (Table("a", (column,), ("ok",)), Table("b", (column,)))
    text = "tables:\n  a:\n  b: {foreign_keys: [{columns: ok, references: a, orphans: keep}]}\n"
    assert catalog_faults(text, ok) == [
        "3:60: tables.b.foreign_keys[0].orphans: column ok is BOOLEAN; wanted text, a number, a date or a timestamp; remove orphans"
    ]


def test_names_the_twin_needs_for_itself_are_refused(catalog_faults: Faults) -> None:
    catalog = (Table("_release", (Column("a", "INTEGER", True),)), Table("t", (Column("__entity", "INTEGER", True),)))
    assert catalog_faults("tables:\n  _release:\n  t:\n", catalog) == [
        "2:3: tables._release: the name _release is taken by the twin's own table; leave this table out",
        "3:3: tables.t: column __entity has a name that snapshots and frames need; rename it in the source, or leave the table out",
    ]


@pytest.mark.parametrize("pair", [("VARCHAR", "varchar(10)"), ("TEXT", "character varying"), ("INT", "integer"), ("int8", "BIGINT")])
def test_types_of_one_kind_join(resolve: Resolve, pair: tuple[str, str]) -> None:
    parent, child = (Table(name, (Column("x", sql_type, True),)) for name, sql_type in zip(("p", "c"), pair, strict=True))
    text = "tables:\n  c: {foreign_keys: [{columns: x, references: p}]}\n  p: {primary_key: x}\n"
    assert [table.name for table in resolve(text, (parent, child)).tables] == ["p", "c"]
