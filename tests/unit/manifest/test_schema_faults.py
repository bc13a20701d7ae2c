"""Schemas that SDV's HMA does not take: each reason, at its line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.synthesizers.registry import known_synthesizers

HMA = "synthesizer: hma\ntables:\n"
CUSTOMERS = "  customers: {primary_key: id}\n"
ORDERS = "  orders: {foreign_keys: [{columns: customer, references: customers}]}\n"
NOTES = "  notes: {foreign_keys: [{columns: of_order, references: orders}]}\n"


def test_parents_and_children_are_a_schema_for_it(resolve: Callable[..., ResolvedTwin]) -> None:
    found = resolve(HMA + CUSTOMERS + ORDERS + "  countries: {keep: real}\n", synthesizers=known_synthesizers())
    assert {table.name: table.synthesizer for table in found.protected} == {"customers": "hma", "orders": "hma"}


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        (CUSTOMERS + "  notes:\n", "1:14: synthesizer: hma takes tables that are connected by keys, and notes are not connected with"),
        (CUSTOMERS + ORDERS + NOTES, "orders, which refers to customers: it takes parents and children, no grandchildren"),
        ("  customers: {primary_key: id, foreign_keys: [{columns: boss, references: customers}]}\n", "customers refers to itself"),
        ("  items: {primary_key: [order_id, line]}\n", "hma takes primary keys of one column, and that of items has 2"),
        (CUSTOMERS + "  orders: {synthesizer: tree}\n", "4:25: tables.orders.synthesizer: hma draws all tables at once"),
        ("  customers: {primary_key: id, factor: 2}\n", "tables.customers.factor: hma draws the schema as it is; remove factor"),
        ("  countries:\n  customers:\n  items:\n  notes:\n  orders:\n  shipments:\n", "hma takes at most 5 tables, and 6 are synthesized"),
    ],
    ids=["apart", "grandchild", "itself", "composite", "mixed", "size", "many"],
)
def test_why_a_schema_is_not_taken(catalog_faults: Callable[..., list[str]], tables: str, fault: str) -> None:
    found = catalog_faults(HMA + tables, synthesizers=known_synthesizers())
    assert any(fault in one for one in found), found


def test_it_challenges_nobody(catalog_faults: Callable[..., list[str]]) -> None:
    (found,) = catalog_faults("tables:\n  customers: {primary_key: id, challengers: [hma]}\n", synthesizers=known_synthesizers())
    assert "2:46: tables.customers.challengers[0]: hma draws all tables at once and challenges none" in found
