"""A server that goes in the middle of something: an error that may pass, in one line, and readers have what they had."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from postgres_server import Server, postgres_server
from warehouse_twin.errors import TransientError
from warehouse_twin.warehouses import Publication, Snapshot
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse

MANY = 800_000
WAYS = {"shut down": signal.SIGINT, "killed": signal.SIGQUIT}
"""PostgreSQL's fast and its immediate shutdown."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own, as these tests stop it."""
    with postgres_server() as server:
        many = f"INSERT INTO bank.many SELECT i, md5(i::text), i / 7.0 FROM generate_series(1, {MANY}) i"
        server.run(
            "CREATE SCHEMA bank", "CREATE TABLE bank.few (id integer)", "CREATE TABLE bank.many (id integer, word text, part numeric)", many
        )
        yield server


@pytest.fixture
def warehouse(server: Server) -> PostgresWarehouse:
    return PostgresWarehouse("vault", server.url(), lock_seconds=30)


@pytest.fixture(params=WAYS)
def stopped(request: pytest.FixtureRequest, server: Server) -> Iterator[Callable[[], None]]:
    """Stops the server; it is there again when the test is over."""
    yield lambda: server.stop(WAYS[request.param])
    server.stop()
    server.start_again()


def told(error: pytest.ExceptionInfo[TransientError]) -> str:
    text = str(error.value)
    assert "\n" not in text
    assert text.startswith("warehouse vault: ")
    return text


def test_in_the_middle_of_a_snapshot(warehouse: PostgresWarehouse, stopped: Callable[[], None]) -> None:
    with warehouse.snapshot("bank") as snapshot:
        few, many = snapshot.tables()
        assert snapshot.read(few).num_rows == 0
        stopped()
        with pytest.raises(TransientError) as error:
            snapshot.read(many)
    assert "cannot be reached" in told(error)


def test_in_the_middle_of_a_table(warehouse: PostgresWarehouse, stopped: Callable[[], None]) -> None:
    ending = threading.Timer(0.2, stopped)
    with warehouse.snapshot("bank") as snapshot:
        [_, many] = snapshot.tables()
        ending.start()
        with pytest.raises(TransientError) as error:
            _read_for_ever(snapshot, many)
    ending.join()
    assert "try again later" in told(error) or "start the server" in told(error)


def test_in_the_middle_of_publishing(server: Server, warehouse: PostgresWarehouse, stopped: Callable[[], None], tmp_path: Path) -> None:
    """While the publisher waits for a reader: when the server is back, release 1 is what is published, and 2 can be."""
    from adbc_driver_postgresql import dbapi

    pq.write_table(pa.table({"id": pa.array([1, 2], pa.int32())}), tmp_path / "few.parquet")
    for release in (1, 2):
        schema = f"shop__r{release}"
        warehouse.install(schema, [f"CREATE SCHEMA {schema}", f"CREATE TABLE {schema}.few (id integer)"], {"few": tmp_path / "few.parquet"})
    _publish(warehouse, 1)
    with dbapi.connect(server.url()) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT * FROM shop.few")
        cursor.fetchall()
        ending = threading.Timer(0.5, stopped)
        ending.start()
        with pytest.raises(TransientError) as error:
            _publish(warehouse, 2)
        ending.join()
    told(error)
    server.start_again()
    back = PostgresWarehouse("vault", server.url(), lock_seconds=30)
    found = back.published("shop")
    assert found is not None
    assert (found.release, back.read("shop", "few").num_rows) == (1, 2)
    _publish(back, 2)
    found = back.published("shop")
    assert found is not None
    assert found.release == 2
    _publish(back, 1)


def _read_for_ever(snapshot: Snapshot, table: Table) -> None:
    while True:
        snapshot.read(table)


def _publish(warehouse: PostgresWarehouse, release: int) -> None:
    with warehouse.snapshot(f"shop__r{release}") as snapshot:
        tables = snapshot.tables()
    warehouse.publish(
        public="shop",
        private=f"shop__r{release}",
        tables=tables,
        publication=Publication("shop", release, f"d{release}", "2025-01-02T03:04:05+00:00"),
    )
