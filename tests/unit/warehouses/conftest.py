"""A shop in a DuckDB warehouse: two tables, in as many releases as a test wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

PUBLISHED_AT = "2025-01-02T03:04:05+00:00"
STATEMENTS = (
    'CREATE SCHEMA "shop__r1"',
    'CREATE TABLE "shop__r1"."customers" ("id" INTEGER PRIMARY KEY, "name" VARCHAR NOT NULL)',
    'CREATE TABLE "shop__r1"."orders" ("id" INTEGER PRIMARY KEY, "customer" INTEGER REFERENCES "shop__r1"."customers" ("id"))',
    """COMMENT ON TABLE "shop__r1"."customers" IS 'Synthetic, it''s shop@1'""",
    """COMMENT ON COLUMN "shop__r1"."customers"."name" IS 'Not a real name'""",
)


class ShopWarehouse(DuckDBWarehouse):
    """A warehouse with what tests do to it."""

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as somebody else would, and give the rows of the last."""
        opened = duckdb.connect(str(self.path))
        try:
            for statement in statements:
                opened.execute(statement)
            return opened.fetchall()
        finally:
            opened.close()

    def statements(self, release: int = 1) -> tuple[str, ...]:
        return tuple(text.replace("shop__r1", f"shop__r{release}").replace("shop@1", f"shop@{release}") for text in STATEMENTS)

    def files(self, *names: str) -> dict[str, Path]:
        """Parquet files of a release: customers of these names, and an order of each."""
        folder = self.path.parent / "-".join(names)
        folder.mkdir(exist_ok=True)
        ids = pa.array(range(len(names)), pa.int32())
        pq.write_table(pa.table({"id": ids, "name": list(names)}), folder / "customers.parquet")
        pq.write_table(pa.table({"id": ids, "customer": ids}), folder / "orders.parquet")
        return {name: folder / f"{name}.parquet" for name in ("customers", "orders")}

    def install_release(self, release: int, *names: str) -> None:
        self.install(f"shop__r{release}", self.statements(release), self.files(*names))

    def publish_release(self, release: int = 1, *, tables: tuple[Table, ...] | None = None) -> None:
        private = f"shop__r{release}"
        if tables is None:
            with self.snapshot(private) as snapshot:
                tables = snapshot.tables()
        publication = Publication("shop", release, f"d{release}", PUBLISHED_AT)
        self.publish(public="shop", private=private, tables=tables, publication=publication)

    def hurried(self) -> DuckDBWarehouse:
        """The same warehouse, for one who waits no longer than a moment."""
        return DuckDBWarehouse(name=self.name, path=self.path, lock_seconds=0.3)


@pytest.fixture
def warehouse(tmp_path: Path) -> ShopWarehouse:
    """A warehouse whose file is not there yet."""
    return ShopWarehouse(name="dev", path=tmp_path / "dev.duckdb", lock_seconds=5)


@pytest.fixture
def shop(warehouse: ShopWarehouse) -> ShopWarehouse:
    """A warehouse with release 1 of the shop installed, not published."""
    warehouse.install_release(1, "Ann", "Bob")
    return warehouse
