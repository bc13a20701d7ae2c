"""Publication is one transaction: a reader who reopens the file sees one release, whole, whatever the publisher does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.errors import TerminalError
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.catalog import Column, Table
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

RELEASES = (1, 2, 3)
ROWS = 50

READER = """
import collections, json, pathlib, sys, time, duckdb
path, until = sys.argv[1:]
seen, locked = collections.Counter(), 0
print("ready", flush=True)
while not pathlib.Path(until).exists():
    try:
        opened = duckdb.connect(path, read_only=True)
    except duckdb.IOException as error:
        assert "Could not set lock" in str(error), error
        locked += 1
        time.sleep(0.002)
        continue
    try:
        one = opened.execute(
            'SELECT p.release, min(c.release), max(c.release), min(o.release), max(o.release), count(*)'
            ' FROM shop.customers c JOIN shop.orders o ON o.customer = c.id CROSS JOIN shop._release p GROUP BY p.release'
        ).fetchall()
        opened.execute("BEGIN")
        ends = "SELECT max(release), min(release) FROM shop."
        several = [opened.execute(ends + table).fetchall()[0] for table in ("orders", "_release", "customers")]
        seen[json.dumps([one, several])] += 1
    finally:
        opened.close()
    time.sleep(0.005)
print(json.dumps({"locked": locked, "seen": {key: count for key, count in seen.items()}}))
"""

PUBLISHER = """
import itertools, sys, pathlib
from warehouse_twin.warehouses import Publication
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse
warehouse = DuckDBWarehouse(name="dev", path=pathlib.Path(sys.argv[1]), lock_seconds=30)
with warehouse.snapshot("shop__r1") as snapshot:
    tables = snapshot.tables()
print("ready", flush=True)
for number in itertools.cycle((1, 2, 3)):
    warehouse.publish(
        public="shop", private=f"shop__r{number}", tables=tables,
        publication=Publication("shop", number, f"d{number}", "2025-01-01T00:00:00+00:00"),
    )
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """Three releases of two tables; every row says which release it is of. The first is published."""
    warehouse = DuckDBWarehouse(name="dev", path=tmp_path / "dev.duckdb", lock_seconds=30)
    ids = pa.array(range(ROWS), pa.int32())
    for number in RELEASES:
        schema = f"shop__r{number}"
        release = pa.array([number] * ROWS, pa.int32())
        files = {name: tmp_path / f"{name}{number}.parquet" for name in ("customers", "orders")}
        pq.write_table(pa.table({"id": ids, "release": release}), files["customers"])
        pq.write_table(pa.table({"customer": ids, "release": release}), files["orders"])
        statements = (
            f"CREATE SCHEMA {schema}",
            f"CREATE TABLE {schema}.customers (id INTEGER PRIMARY KEY, release INTEGER)",
            f"CREATE TABLE {schema}.orders (customer INTEGER REFERENCES {schema}.customers (id), release INTEGER)",
        )
        warehouse.install(schema, statements, files)
    publish(warehouse, 1)
    return warehouse


def tables_of(warehouse: DuckDBWarehouse, number: int) -> tuple[Table, ...]:
    with warehouse.snapshot(f"shop__r{number}") as snapshot:
        return snapshot.tables()


def publish(warehouse: DuckDBWarehouse, number: int, *, tables: tuple[Table, ...] | None = None) -> None:
    publication = Publication("shop", number, f"d{number}", "2025-01-01T00:00:00+00:00")
    tables = tables or tables_of(warehouse, number)
    warehouse.publish(public="shop", private=f"shop__r{number}", tables=tables, publication=publication)


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    package = str(Path(__file__).parents[3] / "plugins")
    started = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": package}
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    return started


def check_whole(found: dict[str, int]) -> set[int]:
    """Every sight of the reader was of one release and all its rows; gives the releases seen."""
    releases = set()
    for text in found:
        one, several = json.loads(text)
        number = one[0][0]
        assert one == [[number, number, number, number, number, ROWS]]
        assert several == [[number, number]] * 3
        releases.add(number)
    return releases


def test_a_reader_never_sees_two_releases_mixed(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    reader = start(READER, str(warehouse.path), str(stop))
    for turn in range(24):
        number = RELEASES[turn % 3]
        if turn % 6 == 5:
            customers, orders = tables_of(warehouse, number)
            bad = Table("orders", (*orders.columns, Column("nowhere", "INTEGER", True)))
            with pytest.raises(TerminalError, match="nowhere"):
                publish(warehouse, number, tables=(customers, bad))
        else:
            publish(warehouse, number)
        time.sleep(0.05)
    stop.touch()
    output, _ = reader.communicate(timeout=30)
    assert reader.returncode == 0
    told = json.loads(output)
    assert check_whole(told["seen"]) == set(RELEASES)
    assert sum(told["seen"].values()) >= 20


def test_a_publisher_killed_at_any_moment_leaves_one_release(warehouse: DuckDBWarehouse) -> None:
    for turn in range(6):
        publisher = start(PUBLISHER, str(warehouse.path))
        time.sleep(0.013 * turn)
        publisher.send_signal(signal.SIGKILL)
        publisher.communicate()
        opened = duckdb.connect(str(warehouse.path), read_only=True)
        query = (
            "SELECT p.release, min(c.release), max(c.release), min(o.release), max(o.release), count(*) "
            "FROM shop.customers c JOIN shop.orders o ON o.customer = c.id CROSS JOIN shop._release p GROUP BY p.release"
        )
        rows = opened.execute(query).fetchall()
        opened.close()
        assert rows == [(rows[0][0],) * 5 + (ROWS,)]
        published = warehouse.published("shop")
        assert published is not None
        assert published.release == rows[0][0]
    publish(warehouse, 2)
    assert set(warehouse.read("shop", "orders").column("release").to_pylist()) == {2}
