from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.warehouses.catalog import ForeignKey

Resolve = Callable[..., ResolvedTwin]
Faults = Callable[..., list[str]]

GOOD = """\
entity: customers
k: 5
gates: {goals: {column_shape: {goal: 0.9, reason: the columns are few}}}
tables:
  orders:
    foreign_keys:
      - {columns: customer, references: customers}
    columns: {note: {kind: text}}
  customers:
    primary_key: id
    foreign_keys:
      - {columns: country, references: countries}
      - {columns: boss, references: customers}
    columns: {mail: {pii: email}}
    challengers: [independent]
    factor: 0.5
  shipments:
  countries: {keep: real, primary_key: code}
"""


def test_a_manifest_is_completed_from_the_catalog(resolve: Resolve) -> None:
    twin = resolve(GOOD)
    assert [table.name for table in twin.tables] == ["countries", "customers", "orders", "shipments"]
    assert (twin.source_warehouse, twin.target_warehouse, twin.entity, twin.k, twin.holdout) == ("prod", "dev", "customers", 5, 0.2)
    assert [table.name for table in twin.protected] == ["customers", "orders", "shipments"]
    customers = twin["customers"]
    assert customers.table.primary_key == ("id",)
    assert customers.table.foreign_keys == (
        ForeignKey(("country",), "countries", ("code",)),
        ForeignKey(("boss",), "customers", ("id",)),
    )
    assert (customers.synthesizer, customers.challengers, customers.factor) == ("tree", (("independent", {}),), 0.5)
    assert customers.pii == {"mail": ("email", "en_US")}
    assert twin["orders"].kinds == {"note": "text"}


def test_primary_keys_become_not_null_and_other_columns_stay(resolve: Resolve) -> None:
    customers = resolve(GOOD)["customers"].table
    assert not customers.column("id").nullable
    assert customers.column("age").nullable


def test_declared_keys_hold_where_the_manifest_is_silent(resolve: Resolve) -> None:
    twin = resolve(GOOD)
    assert twin["orders"].table.primary_key == ("id",)
    assert twin["shipments"].table.foreign_keys == (ForeignKey(("order_id",), "orders", ("id",)),)


def test_declared_foreign_keys_to_tables_outside_the_twin_are_dropped(resolve: Resolve) -> None:
    assert resolve("tables:\n  shipments:\n")["shipments"].table.foreign_keys == ()


def test_an_empty_list_of_foreign_keys_drops_the_declared_ones(resolve: Resolve) -> None:
    assert resolve("tables:\n  orders:\n  shipments: {foreign_keys: []}\n")["shipments"].table.foreign_keys == ()


def test_kept_tables_carry_no_synthesizer(resolve: Resolve) -> None:
    countries = resolve(GOOD)["countries"]
    assert countries.keep_real
    assert (countries.synthesizer, countries.challengers) == ("", ())


def test_canaries_are_planted_where_rows_of_one_table_are_learned_unless_somebody_wants_none(resolve: Resolve) -> None:
    def planted(more: str = "") -> set[str]:
        return {table.name for table in resolve(GOOD.replace("gates: {", "gates: {" + more)).tables if table.canaries}

    assert planted() == {"customers", "orders", "shipments"}
    assert planted("canaries: false, ") == set()
    assert resolve(GOOD.replace("    factor: 0.5\n", "    factor: 0.5\n    gates: {canaries: false}\n"))["customers"].canaries is False
    ordered = resolve(GOOD.replace("  orders:\n", "  orders:\n    order_by: id\n"))
    assert not ordered["orders"].canaries


def test_a_resolved_twin_survives_json(resolve: Resolve) -> None:
    twin = resolve(GOOD)
    assert ResolvedTwin.from_dict(json.loads(json.dumps(twin.to_dict()))) == twin


def test_composite_keys_take_the_order_of_the_parent(resolve: Resolve) -> None:
    text = """\
tables:
  items: {primary_key: [order_id, line]}
  shipments:
    foreign_keys: [{columns: [line, order_id], references: items, references_columns: [line, order_id]}]
"""
    assert resolve(text)["shipments"].table.foreign_keys == (ForeignKey(("order_id", "line"), "items", ("order_id", "line")),)


def test_rows_of_a_table_whose_only_parents_are_public_or_itself(resolve: Resolve) -> None:
    assert resolve(GOOD.replace("factor: 0.5", "rows: 9"))["customers"].rows == 9


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "  shipments:",
            "  shipment:",
            "17:3: tables.shipment: unknown table 'shipment'; known: countries, customers, items, notes, orders, shipments; "
            "did you mean shipments? (in schema shop of warehouse prod)",
        ),
        (
            "{note: {kind",
            "{nota: {kind",
            "8:15: tables.orders.columns.nota: unknown column 'nota'; known: id, customer, payer, note; did you mean note? (of orders)",
        ),
        ("primary_key: id", "primary_key: idd", "10:18: tables.customers.primary_key[0]: unknown column 'idd'; known: id, mail"),
        ("primary_key: id", "primary_key: [id, id]", "10:23: tables.customers.primary_key[1]: column id stands twice in one key"),
        ("{columns: customer,", "{columns: customr,", "7:19: tables.orders.foreign_keys[0].columns[0]: unknown column 'customr'"),
        (
            "references: countries",
            "references: contries",
            "12:40: tables.customers.foreign_keys[0].references: unknown table 'contries'; known: orders, customers, shipments, "
            "countries; did you mean countries?",
        ),
        (
            "references: countries",
            "references: items",
            "12:40: tables.customers.foreign_keys[0].references: table items is not part of this twin; add it to tables",
        ),
        (", primary_key: code", "", "12:40: tables.customers.foreign_keys[0].references: table countries has no primary key to refer to"),
        (
            "{columns: customer,",
            "{columns: [customer, payer],",
            "7:19: tables.orders.foreign_keys[0].columns: got 2 columns (customer, payer), "
            "but the primary key of customers has 1 column (id); wanted as many",
        ),
        (
            "references: countries",
            "references: countries, references_columns: [name]",
            "12:71: tables.customers.foreign_keys[0].references_columns: (name) is not the primary key of countries, which is (code)",
        ),
        (
            "references: countries",
            "references: countries, references_columns: [nam]",
            "12:72: tables.customers.foreign_keys[0].references_columns[0]: unknown column 'nam'; known: code, name; did you mean name?",
        ),
        (
            "{columns: customer,",
            "{columns: payer,",
            "7:19: tables.orders.foreign_keys[0].columns[0]: column payer is BIGINT, but customers.id is INTEGER; wanted the same type",
        ),
        (
            "      - {columns: boss",
            "      - {columns: country, references: countries}\n      - {columns: boss",
            "13:9: tables.customers.foreign_keys[1]: this foreign key to countries is listed twice",
        ),
        ("entity: customers", "entity: customer", "1:9: entity: unknown table 'customer'; known: orders, customers"),
        ("entity: customers", "entity: countries", "1:9: entity: countries has keep: real and is not protected"),
        ("entity: customers", "entity: shipments", "1:9: entity: shipments has no primary key to tell its rows apart"),
        (
            "k: 5",
            "synthesizer: three",
            "2:14: synthesizer: unknown synthesizer 'three'; known: gaussian_copula, independent, tree; did you mean tree?",
        ),
        ("k: 5", "synthesizer: {name: three}", "2:21: synthesizer.name: unknown synthesizer 'three'"),
        ("factor: 0.5", "synthesizer: three", "16:18: tables.customers.synthesizer: unknown synthesizer 'three'"),
        ("[independent]", "[independant]", "15:19: tables.customers.challengers[0]: unknown synthesizer 'independant'"),
        ("[independent]", "[tree]", "15:19: tables.customers.challengers[0]: tree is what customers is published from"),
        ("[independent]", "[independent, independent]", "15:32: tables.customers.challengers[1]: challenger independent stands twice"),
        ("{column_shape:", "{column_shap:", "3:17: gates.goals.column_shap: unknown goal 'column_shap'; known: column_shape, pair_trend"),
        (
            "factor: 0.5",
            "gates: {goals: {trend: {goal: 1, reason: because it is so}}}",
            "16:21: tables.customers.gates.goals.trend: unknown goal 'trend'",
        ),
        (
            "    columns: {note: {kind: text}}",
            "    rows: 5",
            "8:11: tables.orders.rows: orders gets its rows from its parents (customers); set rows there, or remove it",
        ),
        ("  shipments:", "  shipments: {factor: 2}", "17:23: tables.shipments.factor: shipments gets its rows from its parents (orders)"),
        ("{mail: {pii: email}}", "{country: {pii: city}}", "14:30: tables.customers.columns.country.pii: column country is part of a key"),
        ("{mail: {pii: email}}", "{id: {pii: phone}}", "14:25: tables.customers.columns.id.pii: column id is part of a key"),
        ("{mail: {pii: email}}", "{age: {pii: phone}}", "14:26: tables.customers.columns.age.pii: column age is INTEGER; wanted a text"),
        (
            "{mail: {pii: email}}",
            "{mail: {pii: email, locale: de_DD}}",
            "14:42: tables.customers.columns.mail.locale: unknown locale 'de_DD'",
        ),
        (
            "{keep: real, primary_key: code}",
            "{keep: real, primary_key: code, foreign_keys: [{columns: name, references: notes}]}\n  notes: {primary_key: x}",
            "18:89: tables.countries.foreign_keys[0].references: countries has keep: real but refers to notes",
        ),
    ],
)
def test_each_guard_names_place_value_and_nearest_name(catalog_faults: Faults, old: str, new: str, fault: str) -> None:
    assert GOOD.count(old) == 1
    found = catalog_faults(GOOD.replace(old, new))
    assert [text for text in found if text.startswith(fault)], found


def test_all_faults_come_together(catalog_faults: Faults) -> None:
    text = (
        GOOD.replace("entity: customers", "entity: nobody")
        .replace("primary_key: id", "primary_key: idd")
        .replace("[independent]", "[tree]")
        .replace("column_shape:", "shape:")
        .replace("  shipments:", "  shipment:")
        .replace("{note: {kind", "{nota: {kind")
    )
    assert [fault.split(": ")[1] for fault in catalog_faults(text)] == [
        "entity",
        "gates.goals.shape",
        "tables.orders.columns.nota",
        "tables.customers.primary_key[0]",
        "tables.customers.challengers[0]",
        "tables.shipment",
    ]


def test_a_rule_to_ignore_names_columns_that_are_there(catalog_faults: Faults, resolve: Resolve) -> None:
    rules = "  orders:\n    rules: {ignore: [customers.age <= customer, payer -> note, %s]}\n"
    good = GOOD.replace("  orders:\n", rules % "null(note) = null(payer)")
    assert resolve(good)["orders"].ignored_rules == ("customers.age <= customer", "payer -> note", "null(note) = null(payer)")
    (fault,) = catalog_faults(GOOD.replace("  orders:\n", rules % "custmer < payer"))
    assert "tables.orders.rules.ignore[2]: unknown column 'custmer'" in fault
    assert "did you mean customer? (of orders, in a rule)" in fault
