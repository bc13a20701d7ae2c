"""What names say of keys."""

from __future__ import annotations

import pytest

from warehouse_twin.scaffolding.naming import is_generic, likeness, says_key, subject_of, words_of


def test_names_are_cut_into_words_in_any_script() -> None:
    assert words_of("AllgLieferAdrID") == ("allg", "liefer", "adr", "id")
    assert words_of("HTTPStatus_2") == ("http", "status", "2")
    assert words_of("Größe") == ("groesse",)
    assert words_of("заказ_id") == ("заказ", "id")
    assert words_of("__") == ()
    assert subject_of("raw_orders") == ("orders",)
    assert subject_of("id") == ("id",)


@pytest.mark.parametrize("name", ["id", "OrderID", "customerid", "order_no", "line_number", "key_2"])
def test_names_that_say_key(name: str) -> None:
    assert says_key(name)


@pytest.mark.parametrize("name", ["paid", "amount", "grid", "name"])
def test_names_that_do_not(name: str) -> None:
    assert not says_key(name)


@pytest.mark.parametrize(
    ("column", "parent", "key", "expected"),
    [
        ("user_id", "users", "id", "named after the table"),
        ("billing_customer_id", "customers", "id", "named after the table"),
        ("customerid", "customer", "customerid", "named after the table"),
        ("country", "countries", "code", "named after the table"),
        ("category_id", "product_categories", "id", "named after the table"),
        ("KundeID", "kunden", "KundeID", "named after the table"),
        ("tailnum", "planes", "tailnum", "same name"),
        ("SpezLieferAdrID", "lieferadresse", "LieferAdrID", "ends with the key's name"),
        ("allglieferadrid", "lieferadresse", "lieferadrid", "ends with the key's name"),
        ("KundeIDVerein", "kunde", "KundeID", "holds the key's name"),
        ("id", "orders", "id", None),
        ("quantity", "orders", "id", None),
        ("status", "orders", "code", None),
        ("order_id", "customers", "id", None),
    ],
)
def test_a_column_is_named_after_a_table_or_its_key(column: str, parent: str, key: str, expected: str | None) -> None:
    assert likeness(column, parent, key, own=False) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [("reports_to", "named as a parent"), ("parent_id", "named as a parent"), ("OberKatID", "named as a parent"), ("id", None)],
)
def test_a_column_leads_up_in_its_own_table(column: str, expected: str | None) -> None:
    assert likeness(column, "employees", "id", own=True) == expected


def test_names_that_any_table_may_have_say_nothing() -> None:
    assert is_generic("id")
    assert is_generic("code_2")
    assert not is_generic("tailnum")
