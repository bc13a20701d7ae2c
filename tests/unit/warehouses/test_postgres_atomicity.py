"""A hundred publications and rollbacks, while others read: nobody sees tables of two releases."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from postgres_server import Server
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse

TABLES = ("customers", "orders", "shipments")
PUBLICATIONS, RELEASES = 100, 3
ONE_STATEMENT = (
    "SELECT p.release, min(c.release), max(c.release), min(o.release), max(o.release), min(s.release), max(s.release) "
    "FROM shop.customers c CROSS JOIN shop.orders o CROSS JOIN shop.shipments s CROSS JOIN shop._release p GROUP BY p.release"
)


class Reader(threading.Thread):
    """Reads all tables and the `_release` row again and again, in one statement or in one transaction of several."""

    def __init__(self, url: str, done: threading.Event, *, order: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.url, self.done, self.order = url, done, order
        self.seen: Counter[frozenset[int]] = Counter()
        self.problems: list[str] = []

    def run(self) -> None:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            while not self.done.is_set():
                try:
                    self.seen[self._look(cursor)] += 1
                except dbapi.Error as error:
                    self.problems.append(str(error))
                connection.rollback()
                self.done.wait(0.03)

    def _look(self, cursor: object) -> frozenset[int]:
        execute, rows = cursor.execute, cursor.fetchall  # type: ignore[attr-defined]
        if not self.order:
            execute(ONE_STATEMENT)
            return frozenset(rows()[0])
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found: set[int] = set()
        for name in self.order:
            execute(f"SELECT min(release), max(release) FROM shop.{name}")
            found |= set(rows()[0])
        return frozenset(found)


def test_no_reader_sees_two_releases_at_once(postgres: Server, tmp_path: Path) -> None:
    url = postgres.url(postgres.new_database())
    warehouse = PostgresWarehouse("dev", url, lock_seconds=60)
    declared = {}
    for release in range(1, RELEASES + 1):
        pq.write_table(pa.table({"release": pa.array([release] * 20, pa.int32())}), tmp_path / "rows.parquet")
        schema = f"shop__r{release}"
        statements = [f'CREATE SCHEMA "{schema}"', *(f'CREATE TABLE "{schema}"."{name}" ("release" integer)' for name in TABLES)]
        warehouse.install(schema, statements, dict.fromkeys(TABLES, tmp_path / "rows.parquet"))
        with warehouse.snapshot(schema) as snapshot:
            declared[release] = snapshot.tables()

    def publish(release: int) -> None:
        publication = Publication("shop", release, f"d{release}", "2025-01-02T03:04:05+00:00")
        warehouse.publish(public="shop", private=f"shop__r{release}", tables=declared[release], publication=publication)

    publish(1)
    done = threading.Event()
    orders = ((), (*TABLES, "_release"), ("_release", *reversed(TABLES)), ("orders", "_release", "customers", "shipments"))
    readers = [Reader(url, done, order=order) for order in orders]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, PUBLICATIONS + 1):
            publish(1 + number % RELEASES)  # on to 2 and 3, and back to 1
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert [reader.problems for reader in readers] == [[], [], [], []]
    assert [{tuple(sorted(seen)) for seen in reader.seen if len(seen) > 1} for reader in readers] == [set(), set(), set(), set()]
    assert all(set().union(*reader.seen) == {1, 2, 3} for reader in readers)
