"""A schema with everything that is wrong with schemas: scaffolded, run and published without a hand laid on its manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from shop_project import Project
from warehouse_twin.warehouses import open_warehouse
from warehouse_twin.warehouses.catalog import Table

ODD = """
CREATE SCHEMA odd; USE odd;

-- a circle in which no key may be null
CREATE TABLE clubs (id INTEGER PRIMARY KEY, captain_player_id INTEGER NOT NULL, town VARCHAR);
CREATE TABLE players (id INTEGER PRIMARY KEY, club_id INTEGER NOT NULL, name VARCHAR, born DATE);
INSERT INTO clubs SELECT i, i * 9, 'town ' || i % 3 FROM range(40) t(i);
INSERT INTO players SELECT i, i % 40, 'player ' || i, DATE '1990-01-01' + (i * 37 % 4000)::INT FROM range(400) t(i);

-- keys that nobody declared: repeated, null, leading nowhere; one to the table itself
CREATE TABLE customers (id INTEGER, email VARCHAR, referrer_customer_id INTEGER, joined DATE, tier VARCHAR);
INSERT INTO customers SELECT
    CASE WHEN i % 100 = 7 THEN i - 1 WHEN i = 11 THEN NULL ELSE i END, 'p' || i || '@mail.example', CASE WHEN i % 3 = 0 THEN i // 2 END,
    DATE '2020-01-01' + (i * 13 % 700)::INT, CASE WHEN i % 5 = 0 THEN 'gold' ELSE 'plain' END FROM range(700) t(i);
CREATE TABLE orders (id INTEGER, customer_id INTEGER, placed TIMESTAMP, total DECIMAL(10, 2), note VARCHAR);
INSERT INTO orders SELECT i, CASE WHEN i % 50 = 3 THEN 9_000 + i ELSE (i * 7 + i // 90) % 700 END,
    TIMESTAMP '2022-01-01' + INTERVAL (hash(i) % 500_000) MINUTE, hash(-i) % 100_000 / 700.0,
    CASE WHEN i % 4 = 0 THEN 'left at the door of house ' || i END FROM range(1_500) t(i);
CREATE TABLE lines (order_id INTEGER, line_no INTEGER, product VARCHAR, quantity INTEGER);
INSERT INTO lines SELECT n, row_number() OVER (PARTITION BY n ORDER BY i) - 1, 'product ' || hash(-i) % 30, 1 + hash(i + 9_999) % 4
    FROM (SELECT i, hash(i) % 1_400 AS n FROM range(2_500) t(i));

-- a list of codes
CREATE TABLE statuses (code VARCHAR PRIMARY KEY, label VARCHAR);
INSERT INTO statuses VALUES ('N', 'new'), ('P', 'paid'), ('X', 'gone');
CREATE TABLE tickets (id BIGINT, status_code VARCHAR, opened_by_customer_id INTEGER);
INSERT INTO tickets SELECT i, CASE i % 3 WHEN 0 THEN 'N' WHEN 1 THEN 'P' ELSE 'X' END, i % 500 FROM range(600) t(i);

-- no key, no rows, one row, one column, nothing but nulls, names in another script
CREATE TABLE log AS SELECT i % 5 AS level, 'message ' || i % 9 AS message, i * 0.25 AS took FROM range(800) t(i);
CREATE TABLE archive (id INTEGER PRIMARY KEY, customer_id INTEGER, reason VARCHAR);
CREATE TABLE settings AS SELECT 1 AS id, 'x' AS value;
CREATE TABLE words AS SELECT 'word ' || i % 50 AS word FROM range(300) t(i);
CREATE TABLE nothing AS SELECT NULL::INTEGER AS a, NULL::VARCHAR AS b FROM range(150) t(i);
CREATE TABLE "Ünïcode, name" AS SELECT i AS "the id", i % 3 = 0 AS "Is it?" FROM range(120) t(i);
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("odd"))
    (project.root / "home").mkdir()
    prod = project.workspace / "warehouses" / "prod.duckdb"
    prod.parent.mkdir(parents=True)
    # Orders and lines are as drawn by chance: what followed from their number would lie beside each other, and have in common with its
    # parent what no model of columns sees. The gate says so, and is right.
    (project.workspace / "secret.key").write_text("2a" * 32)
    with duckdb.connect(str(prod)) as connection:
        connection.execute(ODD)
    return project


def test_it_is_published_as_it_was_written(project: Project) -> None:
    project.twin("manifest", "scaffold", "prod", "odd")
    file = project.root / "twins" / "odd.yml"
    written = file.read_text()
    results = project.json("run", "odd")
    assert results[-1]["stage"] == "publish"
    assert file.read_text() == written
    dev, prod = (project.workspace / "warehouses" / f"{name}.duckdb" for name in ("dev", "prod"))
    declared = catalog(prod, "odd")
    assert catalog(dev, "odd__r1") == declared
    assert published_tables(dev) == set(declared)
    assert "mail.example" not in written
    assert "\nentity: customers\n" in written


def catalog(path: Path, schema: str) -> dict[str, Table]:
    """What a schema declares, but for the comments of its tables, which name the release."""
    with open_warehouse("any", f"duckdb://{path}").snapshot(schema) as snapshot:
        return {table.name: replace(table, comment="") for table in snapshot.tables()}


def published_tables(path: Path) -> set[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        views = connection.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'odd' AND NOT internal").fetchall()
        return {name for (name,) in views} - {"_release"}
