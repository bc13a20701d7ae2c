"""Publication in PostgreSQL: views, the `_release` row, comments, grants, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from postgres_server import Server
from warehouse_twin.errors import IntegrityError, LockedError, SourceError, TerminalError
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse

PUBLISHED_AT = "2025-01-02T03:04:05+00:00"
DDL = (
    'CREATE SCHEMA "shop__r1"',
    "CREATE TYPE \"shop__r1\".\"mood\" AS ENUM ('sad', 'glad')",
    'CREATE TABLE "shop__r1"."customers" ("id" integer PRIMARY KEY, "name" varchar(20) NOT NULL)',
    'CREATE TABLE "shop__r1"."orders" ("id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "customer" integer)',
    "COMMENT ON TABLE \"shop__r1\".\"customers\" IS 'Synthetic, it''s shop@1'",
    'COMMENT ON COLUMN "shop__r1"."customers"."name" IS \'Not a real name\'',
)
KEY = 'ALTER TABLE "shop__r1"."orders" ADD FOREIGN KEY ("customer") REFERENCES "shop__r1"."customers" ("id")'


class Shop:
    """A database with what tests do to it."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder, self.database = server, folder, server.new_database()
        self.warehouse = PostgresWarehouse("dev", server.url(self.database), lock_seconds=10)

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        return self.server.run(*statements, database=self.database)

    def install(self, release: int, *names: str, customers: list[int] | None = None) -> None:
        ids = pa.array(range(len(names)), pa.int32())
        pq.write_table(pa.table({"id": ids, "name": list(names)}), self.folder / "customers.parquet")
        pq.write_table(pa.table({"id": ids.cast(pa.int64()), "customer": customers or ids}), self.folder / "orders.parquet")
        files = {name: self.folder / f"{name}.parquet" for name in ("orders", "customers")}  # children first: keys come last
        here = [text.replace("shop__r1", f"shop__r{release}") for text in (*DDL, KEY)]
        self.warehouse.install(f"shop__r{release}", here[:-1], files, [(here[-1], "")])

    def tables(self, release: int) -> tuple[Table, ...]:
        with self.warehouse.snapshot(f"shop__r{release}") as snapshot:
            return snapshot.tables()

    def publish(self, release: int, *, twin: str = "shop", tables: tuple[Table, ...] | None = None) -> None:
        tables = self.tables(release) if tables is None else tables
        publication = Publication(twin, release, f"d{release}", PUBLISHED_AT)
        self.warehouse.publish(public="shop", private=f"shop__r{release}", tables=tables, publication=publication)

    def grants(self, name: str) -> set[tuple[str, str]]:
        query = "SELECT grantee, privilege_type FROM information_schema.role_table_grants WHERE table_schema = 'shop' AND table_name = "
        return {(who, what) for who, what in self.run(f"{query}'{name}'") if who != "twin"}


@pytest.fixture
def shop(postgres: Server, tmp_path: Path) -> Shop:
    """A database with release 1 of the shop installed, not published."""
    made = Shop(postgres, tmp_path)
    made.install(1, "Ann", "Bob")
    return made


def test_views_show_the_release_with_its_comments_and_the_row_says_which(shop: Shop) -> None:
    assert shop.warehouse.published("shop") is None
    shop.publish(1)
    assert shop.warehouse.published("shop") == Publication("shop", 1, "d1", PUBLISHED_AT)
    assert shop.warehouse.read("shop", "customers").to_pydict() == {"id": [0, 1], "name": ["Ann", "Bob"]}
    comments = "SELECT obj_description('shop.customers'::regclass), col_description('shop.customers'::regclass, 2)"
    assert shop.run(comments) == [("Synthetic, it's shop@1", "Not a real name")]
    assert shop.run("SELECT release FROM shop._release") == [(1,)]


def test_going_on_and_back_keeps_who_may_read(shop: Shop) -> None:
    shop.publish(1)
    shop.run("DROP ROLE IF EXISTS analyst", "CREATE ROLE analyst", "GRANT SELECT ON shop.customers TO analyst, PUBLIC")
    shop.install(2, "Cy")
    assert shop.warehouse.read("shop", "customers").num_rows == 2
    shop.publish(2)
    assert shop.warehouse.read("shop", "customers").num_rows == 1
    assert shop.grants("customers") == {("analyst", "SELECT"), ("PUBLIC", "SELECT")}
    assert shop.grants("_release") == {("analyst", "SELECT"), ("PUBLIC", "SELECT")}
    shop.publish(1)
    assert shop.warehouse.published("shop") == Publication("shop", 1, "d1", PUBLISHED_AT)
    shop.run("DROP OWNED BY analyst", "DROP ROLE analyst")


def test_a_view_whose_columns_change_keeps_who_may_read_it(shop: Shop) -> None:
    shop.publish(1)
    shop.run("GRANT SELECT ON shop.customers TO PUBLIC")
    shop.install(2, "Cy")
    shop.run("ALTER TABLE shop__r2.customers ALTER COLUMN name TYPE text", "ALTER TABLE shop__r2.customers ADD COLUMN age integer")
    shop.publish(2)
    assert shop.warehouse.read("shop", "customers").to_pydict() == {"id": [0], "name": ["Cy"], "age": [None]}
    assert shop.grants("customers") == {("PUBLIC", "SELECT")}


def test_a_new_view_is_given_to_the_sources_readers_who_are_there(shop: Shop) -> None:
    customers, orders = shop.tables(1)
    given = Table(
        **{**{name: getattr(customers, name) for name in customers.__slots__}, "grants": (("PUBLIC", "SELECT"), ("nobody", "SELECT"))}
    )
    shop.publish(1, tables=(given, orders))
    assert (shop.grants("customers"), shop.grants("orders")) == ({("PUBLIC", "SELECT")}, set())
    shop.run("CREATE ROLE passer LOGIN PASSWORD 'passer'")
    visitor = PostgresWarehouse("dev", shop.server.url(shop.database, user="passer", password="passer"))
    assert visitor.read("shop", "customers").num_rows == 2
    with pytest.raises(SourceError, match="permission denied for"):
        visitor.read("shop__r1", "customers")


def test_a_table_that_left_the_twin_is_no_longer_shown(shop: Shop) -> None:
    shop.publish(1)
    customers, _ = shop.tables(1)
    shop.publish(1, tables=(customers,))
    with pytest.raises(SourceError, match="no table 'orders'"):
        shop.warehouse.read("shop", "orders")


def test_numbers_go_on_after_those_installed(shop: Shop) -> None:
    assert shop.run("INSERT INTO shop__r1.orders (customer) VALUES (0) RETURNING id") == [(2,)]


def test_what_somebody_else_made_is_not_touched(shop: Shop) -> None:
    shop.run("CREATE SCHEMA shop", "CREATE TABLE shop.theirs (i int)")
    with pytest.raises(TerminalError, match="holds what publishing did not make: theirs"):
        shop.publish(1)
    shop.run("DROP TABLE shop.theirs", "CREATE VIEW shop.customers AS SELECT 1 AS i")
    with pytest.raises(TerminalError, match="holds what publishing did not make: customers"):
        shop.publish(1)
    shop.run("DROP VIEW shop.customers", "CREATE TABLE shop._release (i int)")
    with pytest.raises(TerminalError, match="it was not made by publishing"):
        shop.publish(1)
    assert shop.run("SELECT count(*) FROM pg_views WHERE schemaname = 'shop'") == [(0,)]


def test_a_schema_is_one_twins(shop: Shop) -> None:
    shop.publish(1)
    with pytest.raises(TerminalError, match="published by twin 'shop', got 'other'"):
        shop.publish(1, twin="other")
    assert shop.warehouse.published("shop") == Publication("shop", 1, "d1", PUBLISHED_AT)


def test_a_release_that_is_read_is_not_dropped(shop: Shop) -> None:
    shop.publish(1)
    with pytest.raises(TerminalError, match="is what 'shop' shows"):
        shop.warehouse.drop("shop__r1")
    shop.install(2, "Cy")
    shop.publish(2)
    shop.run("CREATE VIEW public.mine AS SELECT * FROM shop__r1.orders")
    with pytest.raises(TerminalError, match=r"is read by public\.mine"):
        shop.warehouse.drop("shop__r1")
    shop.run("DROP VIEW public.mine")
    shop.warehouse.drop("shop__r1")
    shop.warehouse.drop("shop__r1")
    assert "shop__r1" not in shop.warehouse.schemas()


def test_only_a_releases_schema_is_made_or_dropped(shop: Shop) -> None:
    for attempt in (lambda: shop.warehouse.drop("public"), lambda: shop.warehouse.install("public", (), {})):
        with pytest.raises(TerminalError, match="is not a release's"):
            attempt()


def test_rows_that_break_a_key_leave_nothing_and_are_not_quoted(shop: Shop) -> None:
    with pytest.raises(TerminalError, match="rows break a foreign key constraint") as caught:
        shop.install(2, "Ann", customers=[987654])
    assert "987654" not in str(caught.value)
    assert "shop__r2" not in shop.warehouse.schemas()
    pq.write_table(pa.table({"id": [1]}), shop.folder / "customers.parquet")
    with pytest.raises(IntegrityError, match="not the columns of"):
        shop.warehouse.install(
            "shop__r2", ['CREATE SCHEMA "shop__r2"', DDL[2].replace("r1", "r2")], {"customers": shop.folder / "customers.parquet"}
        )


def test_a_reader_who_holds_on_is_waited_for_and_then_named_a_lock(shop: Shop) -> None:
    from adbc_driver_postgresql import dbapi

    shop.publish(1)
    shop.install(2, "Cy")
    hurried = PostgresWarehouse("dev", shop.server.url(shop.database), lock_seconds=1.0)
    with dbapi.connect(shop.server.url(shop.database)) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop.orders")
        cursor.fetchall()
        publication = Publication("shop", 2, "d2", PUBLISHED_AT)
        with pytest.raises(LockedError, match=r"warehouse dev: shop is locked by others; waited 1\.0 s"):
            hurried.publish(public="shop", private="shop__r2", tables=shop.tables(2), publication=publication)
        cursor.execute("SELECT count(*) FROM shop.customers")
        assert cursor.fetchall() == [(2,)]
    shop.publish(2)
    assert shop.warehouse.read("shop", "customers").num_rows == 1
