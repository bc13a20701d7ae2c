"""Promises that cannot be kept as they stand: each reason, at its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.synthesizers.registry import known_synthesizers

HEAD = "twin: shop\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: shop}\nseed: 7\n"
PROMISE = "privacy: {epsilon: 1, delta: 1.0e-6}\n"
MARGINAL = f"synthesizer: marginal\n{PROMISE}entity: customers\ntables:\n"
BOUNDED = MARGINAL.replace("1.0e-6}", "1.0e-6, rows_per_entity: {orders: 5}}")
SMALL = BOUNDED.replace("delta: 1.0e-6", "delta: 1.0e-6, budget: {epsilon: 0.5, delta: 1.0e-6}")
CUSTOMERS = "  customers: {primary_key: id}\n"
ORDERS = "  orders: {foreign_keys: [{columns: customer, references: customers}]}\n"


def test_what_a_manifest_promises(resolve: Callable[..., ResolvedTwin]) -> None:
    found = resolve(BOUNDED + CUSTOMERS + ORDERS, synthesizers=known_synthesizers()).privacy
    assert found is not None
    assert (found.epsilon, found.delta, dict(found.rows_per_entity)) == (1.0, 1e-6, {"orders": 5})
    assert (found.budget, found.measure, found.measure_anew) == ((1.0, 1e-6), "once", "")  # the budget is what one measurement costs
    again = resolve(BOUNDED.replace("1.0e-6", "1.0e-6, measure_anew: 2026-12-01") + CUSTOMERS + ORDERS, synthesizers=known_synthesizers())
    assert again.privacy == replace(found, measure_anew="2026-12-01")


def test_it_comes_back_from_its_file(resolve: Callable[..., ResolvedTwin]) -> None:
    more = CUSTOMERS.replace("id}", "id, columns: {mail: {domain: {values: [a, 2]}}, age: {domain: {from: 18, to: 99}}}}")
    found = resolve(BOUNDED.replace("1.0e-6", "1.0e-6, measure_anew: 2026-12-01") + more + ORDERS, synthesizers=known_synthesizers())
    assert ResolvedTwin.from_dict(found.to_dict()) == found
    assert found["customers"].domains == {"mail": {"values": ["a", "2"]}, "age": {"from": "18", "to": "99"}}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"{PROMISE}tables:\n{CUSTOMERS}", "1:1: privacy: tree promises nothing; wanted marginal as the twin's synthesizer"),
        (f"synthesizer: marginal\ntables:\n{CUSTOMERS}", "1:14: synthesizer: marginal keeps a promise that has no default"),
        (MARGINAL + CUSTOMERS + ORDERS, "2:1: privacy: rows_per_entity has no number for orders; wanted the most rows of one customers"),
        (BOUNDED + CUSTOMERS, "rows_per_entity.orders: unknown table 'orders'"),
        (BOUNDED + CUSTOMERS + "  orders:\n", "a row of orders is an entity of its own; wanted tables below the entity's: none"),
        (SMALL + CUSTOMERS + ORDERS, "less than one measurement costs (1, 1e-06)"),
        (MARGINAL + "  customers: {primary_key: id, order_by: id}\n", "marginal draws the schema as it is; remove order_by"),
        (MARGINAL + CUSTOMERS + "  notes: {challengers: [marginal]}\n", "marginal draws all tables at once and challenges none"),
    ],
    ids=["without", "no promise", "unbounded", "unknown", "not below", "small budget", "order", "challenger"],
)
def test_what_is_wrong(catalog_faults: Callable[..., list[str]], text: str, fault: str) -> None:
    found = catalog_faults(text, synthesizers=known_synthesizers())
    assert any(fault in one for one in found), found


@pytest.mark.parametrize("domain", ["{}", "{values: [a], from: 1, to: 2}", "{from: 1}", "{values: []}"])
def test_domains_that_say_nothing(faults_of_text: Callable[[str], tuple[Fault, ...]], domain: str) -> None:
    found = faults_of_text(f"{HEAD}{MARGINAL}  customers: {{columns: {{mail: {{domain: {domain}}}}}}}\n")
    assert [fault.path for fault in found] == ["tables.customers.columns.mail.domain" + (".values" if "[]" in domain else "")]
