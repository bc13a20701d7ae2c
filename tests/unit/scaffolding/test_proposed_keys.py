"""Primary and foreign keys that nobody declared: found where names, types and values agree, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from warehouse_twin.manifest.model import Manifest
from warehouse_twin.scaffolding.schema_scaffold import Scaffold

Made = Callable[[str], Manifest]
Scaffolded = Callable[[str], Scaffold]


def keys(manifest: Manifest, table: str) -> dict[tuple[str, ...], str]:
    """columns → parent."""
    return {key.columns: key.references for key in manifest.tables[table].foreign_keys or ()}


def test_a_key_is_found_by_uniqueness_and_name(manifest_of: Made) -> None:
    manifest = manifest_of("CREATE TABLE orders AS SELECT i AS id, i * 7 AS total, 'x' || i AS note FROM range(40) t(i)")
    assert manifest.tables["orders"].primary_key == ("id",)


def test_a_number_that_is_unique_by_chance_is_no_key(manifest_of: Made) -> None:
    manifest = manifest_of("CREATE TABLE readings AS SELECT 'a' AS place, i * 1.5 AS celsius, i AS milliseconds FROM range(9) t(i)")
    assert manifest.tables["readings"].primary_key is None


def test_a_key_of_several_columns(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE orders AS SELECT i AS order_id FROM range(30) t(i);"
        "CREATE TABLE lines AS SELECT i % 30 AS order_id, i // 30 AS line_no, i % 4 AS amount FROM range(90) t(i)"
    )
    assert manifest.tables["lines"].primary_key == ("order_id", "line_no")
    assert keys(manifest, "lines") == {("order_id",): "orders"}


def test_a_key_to_a_key_of_several_columns_and_not_beside_it(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE orders AS SELECT i AS order_id FROM range(30) t(i);"
        "CREATE TABLE lines AS SELECT i % 30 AS order_id, i // 30 AS line_no FROM range(90) t(i);"
        "CREATE TABLE returned AS SELECT i AS return_id, i % 30 AS order_id, i // 30 AS line_no FROM range(60) t(i)"
    )
    assert keys(manifest, "returned") == {("order_id", "line_no"): "lines"}


def test_columns_with_the_names_of_a_parents_key_need_not_say_that_they_are_one(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE weather (origin VARCHAR, hour_of TIMESTAMP, wind DOUBLE, PRIMARY KEY (origin, hour_of));"
        "INSERT INTO weather SELECT 'A' || i % 2, TIMESTAMP '2024-01-01' + INTERVAL (i // 2) HOUR, i FROM range(200) t(i);"
        "CREATE TABLE starts AS SELECT 'A' || i % 2 AS origin, TIMESTAMP '2024-01-01' + INTERVAL (i % 90) HOUR AS hour_of"
        " FROM range(300) t(i)"
    )
    assert keys(manifest, "starts") == {("origin", "hour_of"): "weather"}


def test_a_key_the_source_keeps_only_nearly(scaffolded: Scaffolded, manifest_of: Made) -> None:
    statements = (
        "CREATE TABLE users AS SELECT CASE WHEN i = 5 THEN 4 WHEN i = 7 THEN NULL ELSE i END AS id FROM range(200) t(i);"
        "CREATE TABLE visits AS SELECT i AS id, CASE WHEN i = 3 THEN 999 ELSE i % 190 END AS user_id FROM range(400) t(i)"
    )
    manifest = manifest_of(statements)
    assert manifest.tables["users"].primary_key == ("id",)
    assert keys(manifest, "visits") == {("user_id",): "users"}
    text = " ".join(scaffolded(statements).text.split())
    assert "2 rows repeat a key or have none" in text
    assert "row" in text.split("leads nowhere")[0]


def test_small_numbers_are_in_every_key_and_prove_nothing(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE customers AS SELECT i AS id FROM range(100) t(i);"
        "CREATE TABLE orders AS SELECT i AS id, i % 5 AS quantity, i % 90 AS points, i % 100 AS customer_id FROM range(300) t(i)"
    )
    assert keys(manifest, "orders") == {("customer_id",): "customers"}


def test_texts_that_are_all_in_one_key_need_no_name(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE airports AS SELECT 'AP' || (100 + i) AS iata_code FROM range(60) t(i);"
        "CREATE TABLE flights AS SELECT i AS id, 'AP' || (100 + i % 50) AS origin, 'XY' || i % 50 AS gate FROM range(200) t(i)"
    )
    assert keys(manifest, "flights") == {("origin",): "airports"}


def test_several_keys_to_one_parent_and_one_to_the_table_itself(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE employees AS SELECT i AS id, CASE WHEN i > 0 THEN i // 3 END AS manager_id FROM range(50) t(i);"
        "CREATE TABLE tickets AS SELECT i AS id, i % 40 AS opened_by_employee_id, i % 41 AS closing_employee_id FROM range(99) t(i)"
    )
    assert keys(manifest, "employees") == {("manager_id",): "employees"}
    assert keys(manifest, "tickets") == {("opened_by_employee_id",): "employees", ("closing_employee_id",): "employees"}


def test_of_two_tables_with_the_same_key_one_is_the_parent(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE customers AS SELECT i AS customer_id FROM range(80) t(i);"
        "CREATE TABLE customer_details AS SELECT i AS customer_id, i * 2 AS height FROM range(60) t(i)"
    )
    assert keys(manifest, "customer_details") == {("customer_id",): "customers"}
    assert keys(manifest, "customers") == {}


def test_other_types_are_no_keys_to_each_other(manifest_of: Made) -> None:
    manifest = manifest_of(
        "CREATE TABLE users AS SELECT i::BIGINT AS id FROM range(60) t(i);"
        "CREATE TABLE logins AS SELECT i AS id, (i % 60)::INTEGER AS user_id FROM range(100) t(i)"
    )
    assert keys(manifest, "logins") == {}


DECLARED = """
CREATE TABLE a (id INTEGER PRIMARY KEY, code VARCHAR UNIQUE);
CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id), a_code VARCHAR REFERENCES a (code));
"""


def test_declared_keys_are_not_repeated(scaffolded: Scaffolded, manifest_of: Made) -> None:
    statements = "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id))"
    assert manifest_of(statements).tables["b"].foreign_keys is None
    assert "Foreign keys as declared: a_id -> a." in scaffolded(statements).text


def test_a_declared_key_that_a_manifest_cannot_have_is_left_out_and_said(scaffolded: Scaffolded, manifest_of: Made) -> None:
    assert keys(manifest_of(DECLARED), "b") == {("a_id",): "a"}
    text = " ".join(scaffolded(DECLARED).text.replace("#", "").split())
    assert "The declared foreign key (a_code) to a is left out: it refers to (code), which is not that table's primary key." in text


def test_a_circle_without_a_key_that_may_be_null_is_opened(scaffolded: Scaffolded, manifest_of: Made) -> None:
    statements = (
        "CREATE TABLE clubs (id INTEGER PRIMARY KEY, captain_player_id INTEGER NOT NULL);"
        "CREATE TABLE players (id INTEGER PRIMARY KEY, club_id INTEGER NOT NULL);"
        "INSERT INTO clubs SELECT i, i FROM range(50) t(i); INSERT INTO players SELECT i, i % 50 FROM range(500) t(i)"
    )
    manifest = manifest_of(statements)
    assert len(keys(manifest, "clubs")) + len(keys(manifest, "players")) == 1
    assert manifest.tables["clubs"].keep is None  # its captains are players, who are drawn anew
    assert "it closes a circle in which no key may be null" in " ".join(scaffolded(statements).text.replace("#", "").split())


@pytest.mark.parametrize("rows", [0, 1])
def test_empty_tables_have_the_keys_that_their_names_say(manifest_of: Made, rows: int) -> None:
    manifest = manifest_of(
        f"CREATE TABLE users AS SELECT i AS id FROM range({rows}) t(i);"
        f"CREATE TABLE visits AS SELECT i AS id, i AS user_id FROM range({rows}) t(i)"
    )
    assert manifest.tables["users"].primary_key == ("id",)
    assert keys(manifest, "visits") == {("user_id",): "users"}
