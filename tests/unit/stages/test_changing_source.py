"""A source that others write to while it is read: one consistent snapshot, or an error before anything is learned."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from postgres_server import Server
from warehouse_twin.errors import LockedError, ManifestError
from warehouse_twin.manifest.loading import load
from warehouse_twin.settings import Settings
from warehouse_twin.stages.context import StageContext
from warehouse_twin.stages.snapshots import delete_snapshot, ensure_snapshot, take_snapshot
from warehouse_twin.warehouses.postgres_warehouse import PostgresWarehouse
from warehouse_twin.workspace import Workspace

CHECKOUT = Path(__file__).resolve().parents[3]
MANIFEST = """\
twin: bank
source: {warehouse: vault, schema: bank}
target: {warehouse: lab, schema: bank_twin}
seed: 1
tables:
  left:
  right:
"""
ROWS, TOTAL = 3_000, 6_000
BANK = (
    "CREATE SCHEMA bank",
    'CREATE TABLE bank."left" (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL)',
    'CREATE TABLE bank."right" (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL)',
)
MOVE = ('UPDATE bank."left" SET amount = amount - 1 WHERE id = {0}', 'UPDATE bank."right" SET amount = amount + 1 WHERE id = {0}')
"""One transaction: what both tables have together stays the same."""


def context(folder: Path, url: str) -> StageContext:
    file = folder / "bank.yml"
    file.write_text(MANIFEST)
    settings = Settings(
        CHECKOUT, Workspace(folder / ".twin"), "", "", lock_seconds=5, connections={"vault": url, "lab": f"duckdb://{folder}/lab.duckdb"}
    )
    return StageContext(settings, load(file).manifest, file, 1)


def total(context: StageContext) -> int:
    return sum(pc.sum(pq.read_table(context.snapshot / f"{name}.parquet").column("amount")).as_py() for name in ("left", "right"))


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def database(postgres: Server) -> str:
    database = postgres.new_database()
    filled = [f'INSERT INTO bank."{name}" SELECT i, 1 FROM generate_series(1, {ROWS}) i' for name in ("left", "right")]
    postgres.run(*BANK, *filled, database=database)
    return database


class Writer(threading.Thread):
    """Moves amounts from one table to the other, as fast as it can, each move a transaction."""

    def __init__(self, url: str, done: threading.Event) -> None:
        super().__init__()
        self.url, self.done, self.moved = url, done, 0

    def run(self) -> None:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url) as connection, connection.cursor() as cursor:
            while not self.done.is_set():
                for statement in MOVE:
                    cursor.execute(statement.format(1 + self.moved % ROWS))
                connection.commit()
                self.moved += 1


def test_beside_a_writer_every_snapshot_is_of_one_moment(postgres: Server, database: str, tmp_path: Path) -> None:
    bank, done = context(tmp_path, postgres.url(database)), threading.Event()
    writer = Writer(postgres.url(database), done)
    writer.start()
    try:
        totals, lefts, moved = [], [], []
        for _ in range(5):
            take_snapshot(bank)
            totals.append(total(bank))
            lefts.append(pc.sum(pq.read_table(bank.snapshot / "left.parquet").column("amount")).as_py())
            moved.append(writer.moved)
    finally:
        done.set()
        writer.join()
    assert totals == [TOTAL] * 5
    assert len(set(lefts)) > 1, "nothing was written in between"
    assert moved == sorted(moved)


@pytest.mark.parametrize("statement", ["DROP TABLE", "TRUNCATE"])
def test_nobody_empties_or_drops_a_table_of_a_snapshot_that_is_read(postgres: Server, database: str, statement: str) -> None:
    """Either would show through a snapshot, whichever moment it is of: so each waits until all tables are read."""
    from adbc_driver_manager import Error

    warehouse = PostgresWarehouse("vault", postgres.url(database), lock_seconds=5)
    with warehouse.snapshot("bank") as snapshot:
        tables = snapshot.tables()
        with pytest.raises(Error, match="lock timeout"):
            postgres.run("SET lock_timeout = '200ms'", f'{statement} bank."right"', database=database)
        assert [snapshot.read(table).num_rows for table in tables] == [ROWS, ROWS]
    postgres.run(f'{statement} bank."right"', database=database)


def test_a_table_that_somebody_changes_is_waited_for_and_then_named(postgres: Server, database: str) -> None:
    from adbc_driver_postgresql import dbapi

    hurried = PostgresWarehouse("vault", postgres.url(database), lock_seconds=0.3)
    with dbapi.connect(postgres.url(database)) as other, other.cursor() as cursor:
        cursor.execute('ALTER TABLE bank."right" ADD COLUMN note text')
        with pytest.raises(LockedError, match=r"warehouse vault: bank is locked by others; waited 0\.3 s"), hurried.snapshot("bank"):
            pass
        other.rollback()
    with hurried.snapshot("bank") as snapshot:
        assert [len(table.columns) for table in snapshot.tables()] == [2, 2]


def test_a_table_that_goes_while_the_snapshot_begins_is_not_missed(postgres: Server, database: str) -> None:
    """Somebody drops a third table just then: he is waited for, and the others are read."""
    from adbc_driver_postgresql import dbapi

    warehouse = PostgresWarehouse("vault", postgres.url(database), lock_seconds=20)
    postgres.run("CREATE TABLE bank.passing (id integer)", database=database)
    with dbapi.connect(postgres.url(database)) as other, other.cursor() as cursor:
        cursor.execute("DROP TABLE bank.passing")
        ending = threading.Timer(0.5, other.commit)
        ending.start()
        with warehouse.snapshot("bank") as snapshot:
            assert [table.name for table in snapshot.tables()] == ["left", "right"]
        ending.join()


# ── DuckDB ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "prod.duckdb"
    with duckdb.connect(str(path)) as connection:
        filled = [f'INSERT INTO bank."{name}" SELECT i, 1 FROM range({ROWS}) r(i)' for name in ("left", "right")]
        connection.execute("; ".join([*BANK, *filled]))
    return path


def elsewhere(path: Path, *statements: str) -> subprocess.CompletedProcess[str]:
    """Statements in another process, which opens the file to write to it."""
    code = f"import duckdb\nconnection = duckdb.connect({str(path)!r})\nfor statement in {statements!r}: connection.execute(statement)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def reading(bank: StageContext) -> Iterator[Any]:
    with bank.warehouse("vault").snapshot("bank") as snapshot:
        yield snapshot


def test_a_duckdb_file_that_is_read_is_not_written_to(file: Path, tmp_path: Path) -> None:
    """DuckDB lets no other process write to a file that is open: who wants to is refused, and the snapshot is of one moment."""
    bank = context(tmp_path, f"duckdb://{file}")
    with reading(bank) as snapshot:
        first, second = snapshot.tables()
        assert snapshot.read(first).num_rows == ROWS
        for statement in ('DROP TABLE bank."right"', 'DELETE FROM bank."right"'):
            refused = elsewhere(file, statement)
            assert refused.returncode == 1
            assert "Could not set lock on file" in refused.stderr
        assert snapshot.read(second).num_rows == ROWS
    assert elsewhere(file, *(statement.format(7) for statement in MOVE)).returncode == 0
    take_snapshot(bank)
    assert total(bank) == TOTAL


# ── either ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=["duckdb", "postgres"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[StageContext, Any]:
    """A source of each kind, and how somebody else changes it."""
    if request.param == "duckdb":
        path: Path = request.getfixturevalue("file")
        return context(tmp_path, f"duckdb://{path}"), lambda statement: elsewhere(path, statement)
    server, database = request.getfixturevalue("postgres"), request.getfixturevalue("database")
    return context(tmp_path, server.url(database)), lambda statement: server.run(statement, database=database)


def test_a_table_dropped_before_resolve_is_named_with_its_line(bank: tuple[StageContext, Any]) -> None:
    """The manifest was good an hour ago. Nothing is read."""
    made, change = bank
    change('DROP TABLE bank."right"')
    with pytest.raises(ManifestError, match=r"bank\.yml:7:3: tables\.right: .*right"):
        take_snapshot(made)
    assert not made.snapshot.exists()


def test_a_table_dropped_after_resolve_is_in_the_snapshot(bank: tuple[StageContext, Any]) -> None:
    """All later stages read what resolve left; only where that is gone is the source asked again, and then in vain."""
    made, change = bank
    taken = take_snapshot(made)
    change('DROP TABLE bank."right"')
    ensure_snapshot(made)
    assert total(made) == TOTAL
    assert dict(taken.rows) == {"left": ROWS, "right": ROWS}


def test_without_snapshot_and_table_nothing_is_learned(bank: tuple[StageContext, Any]) -> None:
    from warehouse_twin.receipts import Receipt

    made, change = bank
    Receipt("resolve", "k", "", {}, {}, take_snapshot(made).facts()).write(made.receipt_file("resolve"))
    delete_snapshot(made)
    change('DROP TABLE bank."right"')
    with pytest.raises(ManifestError, match=r"bank\.yml:7:3: tables\.right"):
        ensure_snapshot(made)
    assert not made.snapshot.exists()
