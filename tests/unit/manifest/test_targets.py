"""`targets:` in a manifest: columns that are predicted, and every way to get them wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.comparable import predicted_columns

Resolve = Callable[..., ResolvedTwin]
Faults = Callable[..., list[str]]

GOOD = """\
tables:
  customers: {primary_key: id, foreign_keys: [], columns: {mail: {pii: email}}}
  orders: {foreign_keys: [{columns: customer, references: customers}], columns: {note: {kind: text}}}
"""


def with_targets(targets: str, table: str = "customers") -> str:
    return GOOD.replace(f"{table}: {{", f"{table}: {{targets: {targets}, ")


def test_a_name_is_short_for_a_list_and_an_empty_list_is_no_default(resolve: Resolve) -> None:
    for text, wanted in (("age", ("age",)), ("[age, country]", ("age", "country")), ("[]", ())):
        twin = resolve(with_targets(text))
        assert twin["customers"].targets == predicted_columns(twin, twin["customers"]) == wanted
        assert ResolvedTwin.from_dict(twin.to_dict()) == twin
    twin = resolve(GOOD)
    assert twin["customers"].targets is None
    assert {"age", "country"} <= set(predicted_columns(twin, twin["customers"]))
    assert not {"id", "mail"} & set(predicted_columns(twin, twin["customers"]))


@pytest.mark.parametrize(
    ("table", "targets", "fault"),
    [
        ("customers", "[age, contry]", "targets[1]: unknown column 'contry'; known: id, mail, age, country, boss; did you mean country?"),
        ("customers", "[age, age]", "targets[1]: column age is there already; wanted once"),
        ("customers", "id", "column id is part of a key; wanted a column with values of the source"),
        ("customers", "mail", "column mail is personal data"),
        ("orders", "customer", "column customer is part of a key"),
        ("orders", "note", "column note has kind text and is made up"),
    ],
)
def test_a_column_must_be_there_and_learned(catalog_faults: Faults, table: str, targets: str, fault: str) -> None:
    (found,) = catalog_faults(with_targets(targets, table))
    assert fault in found


def test_what_a_generator_makes_is_not_learned(catalog_faults: Faults) -> None:
    text = with_targets("age").replace("mail: {pii: email}", "age: {generator: {constant: 5}}")
    assert any("column age is made by a generator" in fault for fault in catalog_faults(text))


def test_of_a_table_that_is_kept_nothing_is_predicted(catalog_faults: Faults) -> None:
    text = "tables:\n  customers: {primary_key: id, foreign_keys: [], keep: real, targets: age}\n"
    assert any("is passed through as it is, nothing is drawn; remove one of the two" in fault for fault in catalog_faults(text))
