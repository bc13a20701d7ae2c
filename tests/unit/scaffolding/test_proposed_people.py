"""Whose data it is, which tables may be kept as they are, and what orders rows."""

from __future__ import annotations

from collections.abc import Callable

from warehouse_twin.manifest.model import Manifest
from warehouse_twin.scaffolding.schema_scaffold import Scaffold

Made = Callable[[str], Manifest]
Scaffolded = Callable[[str], Scaffold]

SHOP = """
CREATE TABLE countries (code VARCHAR PRIMARY KEY, label VARCHAR);
INSERT INTO countries VALUES ('DE', 'Germany'), ('FR', 'France');
CREATE TABLE employees (id INTEGER PRIMARY KEY, first_name VARCHAR, email VARCHAR, country VARCHAR REFERENCES countries (code));
INSERT INTO employees SELECT i, 'Anna', 'a' || i || '@firm.example', 'DE' FROM range(30) t(i);
CREATE TABLE customers (id INTEGER PRIMARY KEY, email VARCHAR, seller_employee_id INTEGER REFERENCES employees (id));
INSERT INTO customers SELECT i, 'secret' || i || '@mail.example', i % 30 FROM range(700) t(i);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), ordered_at TIMESTAMP NOT NULL, total DOUBLE);
INSERT INTO orders SELECT i, i % 700, TIMESTAMP '2024-01-01' + INTERVAL (i * 977) MINUTE, i / 3 FROM range(4_000) t(i);
CREATE TABLE addresses (id INTEGER, customer_id INTEGER, since DATE, until DATE);
INSERT INTO addresses SELECT i, i % 700, DATE '2020-01-01' + 100 * (i // 700)::INT,
    CASE WHEN i < 700 THEN DATE '2020-04-10' END FROM range(1_400) t(i);
CREATE TABLE bookings AS SELECT i AS id, 'x' || i AS note FROM range(3) t(i);
"""


def test_privacy_protects_the_people_that_are_most(manifest_of: Made) -> None:
    assert manifest_of(SHOP).entity == "customers"


def test_personal_data_is_made_up(manifest_of: Made) -> None:
    columns = manifest_of(SHOP).tables["customers"].columns
    assert {name: spec.pii for name, spec in columns.items()} == {"email": "email"}


def test_no_value_of_the_source_is_in_the_text(scaffolded: Scaffolded) -> None:
    text = scaffolded(SHOP).text
    assert not any(word in text for word in ("secret", "mail.example", "Anna", "Germany", "2024", "2020"))


def test_a_list_of_codes_is_kept_and_says_why(scaffolded: Scaffolded, manifest_of: Made) -> None:
    assert [name for name, spec in manifest_of(SHOP).tables.items() if spec.keep] == ["countries"]
    assert "2 rows of codes and labels that employees refers to" in scaffolded(SHOP).text


def test_nothing_is_kept_that_may_be_of_people(manifest_of: Made) -> None:
    for table, column in (("doctors", "label"), ("teams", "owner_name"), ("rates", "amount"), ("kinds", "valid_from")):
        value = {"amount": "i * 0.5", "valid_from": "DATE '2020-01-01'"}.get(column, "'x' || i")
        manifest = manifest_of(
            f"CREATE TABLE {table} AS SELECT i AS {table}_id, {value} AS {column} FROM range(9) t(i);"
            f"CREATE TABLE visits AS SELECT i AS id, i % 9 AS {table}_id FROM range(900) t(i)"
        )
        assert manifest.tables["visits"].foreign_keys is not None
        assert manifest.tables[table].keep is None, table


def test_a_table_that_refers_to_drawn_ones_is_not_kept(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE plants AS SELECT i AS id, i * 0.5 AS height FROM range(40) t(i);"
        "CREATE TABLE kinds AS SELECT i AS id, i AS plant_id, 'x' AS label FROM range(8) t(i);"
        "CREATE TABLE uses AS SELECT i AS id, i % 8 AS kind_id FROM range(300) t(i)"
    )
    assert manifest.tables["kinds"].keep is None


def test_events_and_windows_are_ordered(manifest_of: Made) -> None:
    manifest = manifest_of(SHOP)
    assert manifest.tables["orders"].order_by == "ordered_at"
    validity = manifest.tables["addresses"].validity
    assert validity is not None
    assert (validity.from_, validity.to) == ("since", "until")


def test_windows_that_overlap_are_none(manifest_of: Made) -> None:
    manifest = manifest_of(SHOP.replace("2020-04-10", "2021-01-01"))
    assert manifest.tables["addresses"].validity is None


def test_what_cannot_be_decided_is_accepted_with_the_reason(manifest_of: Made) -> None:
    tables = manifest_of(SHOP).tables
    reasons = {name: spec.gates.undecided.reason for name, spec in tables.items() if spec.gates.undecided is not None}
    assert reasons["employees"] == "Only 30 rows, too few for attacks on privacy to say anything (about 6 held out, 300 asked for)."
    assert reasons["orders"].startswith("700 rows of customers: privacy scores can come out undecided")
    assert "countries" not in reasons  # kept, so nothing is measured of it


def test_the_reason_says_how_wide_the_interval_is(manifest_of: Made) -> None:
    manifest = manifest_of("CREATE TABLE readings AS SELECT i AS id, i % 7 AS a, i % 11 AS b FROM range(2_500) t(i)")
    assert manifest.tables["readings"].gates.undecided is not None
    assert "is known to 0.025 either way" in manifest.tables["readings"].gates.undecided.reason


def test_a_large_table_accepts_nothing(manifest_of: Made) -> None:
    manifest = manifest_of("CREATE TABLE readings AS SELECT i AS id, i % 7 AS a, i % 11 AS b FROM range(6_000) t(i)")
    assert manifest.tables["readings"].gates.undecided is None
    assert manifest.entity is None
