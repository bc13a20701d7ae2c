"""`rebalance:` in a manifest: shares of a root table's categories, and every way to get them wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from warehouse_twin.manifest.resolved import ResolvedTwin

Resolve = Callable[..., ResolvedTwin]
Faults = Callable[..., list[str]]

GOOD = """\
tables:
  customers: {primary_key: id, foreign_keys: [], columns: {age: {kind: categorical}}}
  orders: {foreign_keys: [{columns: customer, references: customers}]}
"""


def with_shares(shares: str) -> str:
    return GOOD.replace("primary_key: id,", f"primary_key: id, rebalance: {shares},")


def test_values_are_text_however_yaml_reads_them(resolve: Resolve) -> None:
    twin = resolve(with_shares("{age: {18: 0.25, true: 0, no: 0.5}, country: {DE: 1}}"))
    assert twin["customers"].rebalance == {"age": {"18": 0.25, "true": 0.0, "no": 0.5}, "country": {"DE": 1.0}}
    assert ResolvedTwin.from_dict(twin.to_dict()) == twin
    assert resolve(GOOD)["customers"].rebalance == {}


@pytest.mark.parametrize(
    ("shares", "fault"),
    [
        ("{contry: {DE: 0.2}}", "rebalance.contry: unknown column 'contry'; known: id, mail, age, country, boss; did you mean country?"),
        ("{id: {1: 0.2}}", "rebalance.id: column id is part of a key; wanted one that is not"),
        ("{boss: {1: 0.2}}", "rebalance.boss: column boss is INTEGER; wanted a boolean, a text or an enumeration, or one with kind"),
    ],
)
def test_a_column_must_be_there_and_have_categories(catalog_faults: Faults, shares: str, fault: str) -> None:
    (found,) = catalog_faults(with_shares(shares))
    assert fault in found


def test_personal_data_is_drawn_by_a_generator(catalog_faults: Faults) -> None:
    text = GOOD.replace("age: {kind: categorical}", "mail: {pii: email}")
    text = text.replace("primary_key: id,", "primary_key: id, rebalance: {mail: {x: 1}},")
    assert "column mail is personal data; wanted a boolean" in catalog_faults(text)[0]


def test_a_table_with_parents_follows_them(catalog_faults: Faults) -> None:
    text = with_shares("{country: {DE: 0.2}}").replace("orders: {", "orders: {rebalance: {note: {x: 0.5}}, ")
    assert any("orders gets its rows from its parents (customers); rebalance one that has none" in fault for fault in catalog_faults(text))


@pytest.mark.parametrize(
    ("shares", "fault"),
    [
        ("{country: {DE: 0.6, FR: 0.6}}", "the shares add up to 1.2; wanted at most 1"),
        ("{country: {DE: -0.1}}", "got -0.1, wanted at least 0"),
        ("{country: {DE: 1.5}}", "got 1.5, wanted at most 1"),
        ("{country: {DE: many}}", "got 'many', wanted a number"),
        ("{country: {}}", "wanted at least 1 entry"),
        ("{country: 0.5}", "got 0.5, wanted a mapping"),
    ],
)
def test_shares_are_shares(faults_of_text: Callable[[str], tuple], shares: str, fault: str) -> None:
    head = "twin: shop\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: shop}\nseed: 7\n"
    (found,) = faults_of_text(head + with_shares(shares))
    assert fault in found.message


def test_a_table_kept_as_it_is_has_nothing_to_rebalance(faults_of_text: Callable[[str], tuple]) -> None:
    head = "twin: shop\nsource: {warehouse: prod, schema: shop}\ntarget: {warehouse: dev, schema: shop}\nseed: 7\n"
    (found,) = faults_of_text(head + "tables: {customers: {keep: real, rebalance: {country: {DE: 1}}}}\n")
    assert "nothing is drawn" in found.message
