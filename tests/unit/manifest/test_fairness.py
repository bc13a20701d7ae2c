"""`fairness:` in a manifest: protected columns, an outcome, and every way to get them wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from warehouse_twin.manifest.resolved import ResolvedFairness, ResolvedTwin

Resolve = Callable[..., ResolvedTwin]
Faults = Callable[..., list[str]]

GOOD = """\
tables:
  customers: {primary_key: id, foreign_keys: [], columns: {mail: {pii: email}, age: {kind: categorical}}}
  orders: {foreign_keys: [{columns: customer, references: customers}]}
"""


def with_fairness(fairness: str, table: str = "customers") -> str:
    return GOOD.replace(f"{table}: {{", f"{table}: {{fairness: {fairness}, ")


@pytest.mark.parametrize(("written", "text"), [("'18'", "18"), ("18", "18"), ("true", "true"), ("DE", "DE")])
def test_the_favourable_value_is_text_however_yaml_reads_it(resolve: Resolve, written: str, text: str) -> None:
    twin = resolve(with_fairness(f"{{protected: country, outcome: age, favourable: {written}}}"))
    assert twin["customers"].fairness == ResolvedFairness(("country",), "age", text)
    assert twin["customers"].apart is None
    assert twin["customers"].rebalance == {}
    assert ResolvedTwin.from_dict(twin.to_dict()) == twin


def test_what_is_mended_leads_without_shares_of_its_own(resolve: Resolve) -> None:
    text = with_fairness("{protected: country, outcome: age, favourable: 18, mend: true}, rebalance: {country: {DE: 0.5}}")
    table = resolve(text)["customers"]
    assert table.rebalance == {"country": {"DE": 0.5}, "age": {}}
    assert table.apart == (("country",), "age")


@pytest.mark.parametrize(
    ("table", "fairness", "fault"),
    [
        ("customers", "{protected: contry, outcome: age, favourable: 1}", "fairness.protected: unknown column 'contry'"),
        ("customers", "{protected: country, outcome: aeg, favourable: 1}", "fairness.outcome: unknown column 'aeg'"),
        ("customers", "{protected: id, outcome: age, favourable: 1}", "column id has values of its own in the twin"),
        ("customers", "{protected: mail, outcome: age, favourable: 1}", "column mail has values of its own in the twin"),
        ("orders", "{protected: customer, outcome: note, favourable: x}", "column customer has values of its own"),
        ("customers", "{protected: [age, country], outcome: age, favourable: 1}", "column age is protected, too"),
        ("orders", "{protected: note, outcome: note, favourable: x, mend: true}", "rebalance one that has none"),
    ],
)
def test_columns_must_be_there_and_learned(catalog_faults: Faults, table: str, fairness: str, fault: str) -> None:
    assert any(fault in found for found in catalog_faults(with_fairness(fairness, table)))


def test_only_categories_are_mended(catalog_faults: Faults) -> None:
    text = with_fairness("{protected: country, outcome: age, favourable: 1, mend: true}").replace(", age: {kind: categorical}", "")
    assert any("column age is INTEGER; wanted a boolean, a text or an enumeration" in found for found in catalog_faults(text))


def test_of_a_table_that_is_kept_nothing_is_asked(catalog_faults: Faults) -> None:
    text = "tables:\n  customers: {primary_key: id, foreign_keys: [], keep: real, "
    text += "fairness: {protected: country, outcome: age, favourable: 1}}\n"
    assert any("is passed through as it is, nothing is drawn; remove one of the two" in fault for fault in catalog_faults(text))
