"""The DuckDB warehouse: what it reads, and what it says when there is nothing to read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from warehouse_twin.digests import digest_table
from warehouse_twin.errors import LockedError, SourceError, TerminalError, TransientError
from warehouse_twin.warehouses import Publication, Snapshot, Warehouse, open_warehouse, quoted
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table
from warehouse_twin.warehouses.duckdb_connection import without_values
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

FIRST = Publication(twin="shop", release=1, data_digest="d1", published_at="2025-01-02T03:04:05+00:00")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_a_warehouse(tmp_path: Path) -> None:
    opened: Warehouse = open_warehouse("dev", f"duckdb://{tmp_path}/a.duckdb", lock_seconds=1.0)
    assert (opened.name, opened.schemas()) == ("dev", ())
    assert opened.published("shop") is None
    assert not (tmp_path / "a.duckdb").exists()


def test_the_catalog_is_exact(warehouse: Any) -> None:
    warehouse.run(
        "CREATE SCHEMA s",
        "CREATE TYPE s.mood AS ENUM ('it''s', 'ok')",
        "CREATE TABLE s.parent (a INTEGER, b VARCHAR, m s.mood, PRIMARY KEY (a, b))",
        """CREATE TABLE s.child (id BIGINT PRIMARY KEY, d DECIMAL(38, 10) NOT NULL, t TIMESTAMPTZ, l INTEGER[],
           pa INTEGER, pb VARCHAR, boss BIGINT REFERENCES s.child (id), u INTEGER UNIQUE CHECK (u > 0),
           FOREIGN KEY (pa, pb) REFERENCES s.parent (a, b))""",
        "COMMENT ON TABLE s.child IS 'all''s well'",
        "COMMENT ON COLUMN s.child.d IS 'amount'",
        "CREATE VIEW s.seen AS SELECT * FROM s.child",
        "CREATE TABLE main.elsewhere (a INTEGER)",
    )
    with warehouse.snapshot("s") as snapshot:
        child, parent = snapshot.tables()
    assert parent == Table(
        name="parent",
        columns=(Column("a", "INTEGER", False), Column("b", "VARCHAR", False), Column("m", "ENUM('it''s', 'ok')", True)),
        primary_key=("a", "b"),
    )
    assert child.comment == "all's well"
    assert [(column.sql_type, column.nullable) for column in child.columns][:4] == [
        ("BIGINT", False),
        ("DECIMAL(38,10)", False),
        ("TIMESTAMP WITH TIME ZONE", True),
        ("INTEGER[]", True),
    ]
    assert child.column("d").comment == "amount"
    assert child.primary_key == ("id",)
    assert child.foreign_keys == (ForeignKey(("boss",), "child", ("id",)), ForeignKey(("pa", "pb"), "parent", ("a", "b")))


VALUES = {
    "DECIMAL(38,10)": ("1234567890123456789012345678.0123456789", Decimal("1234567890123456789012345678.0123456789")),
    "TIMESTAMP WITH TIME ZONE": ("'2020-01-01 12:00:00.000001+02'", datetime(2020, 1, 1, 10, 0, 0, 1, tzinfo=UTC)),
    "TIMESTAMP": ("'2020-01-01 12:00:00.000001'", datetime(2020, 1, 1, 12, 0, 0, 1)),
    "DATE": ("'2020-02-29'", date(2020, 2, 29)),
    "UUID": ("'05659282-9c23-4878-aa20-09a220c36fdb'", "05659282-9c23-4878-aa20-09a220c36fdb"),
    "JSON": ("""'{"a": [1]}'""", '{"a": [1]}'),
    "INTEGER[]": ("[1, NULL]", [1, None]),
    'STRUCT(a INTEGER, "b c" VARCHAR)': ("{'a': 1, 'b c': 'x'}", {"a": 1, "b c": "x"}),
    "MAP(VARCHAR, INTEGER)": ("MAP {'a': 1}", [("a", 1)]),
    "ENUM('x', 'y')": ("'y'", "y"),
    "BLOB": ("'\\x00\\xFF'::BLOB", b"\x00\xff"),
    "HUGEINT": ("12345678901234567890123456789012345678", Decimal("12345678901234567890123456789012345678")),
    "UTINYINT": ("255", 255),
    "BOOLEAN": ("true", True),
    "FLOAT": ("0.5", 0.5),
    "TIME WITH TIME ZONE": ("'10:00:00+02:00'", "10:00:00+02"),
    "INTERVAL": ("INTERVAL '1 month 3 seconds'", "1 month 00:00:03"),
    "BIT": ("'101'", "101"),
    "BIGNUM": ("1234567890123456789012345678901234567890123", "1234567890123456789012345678901234567890123"),
    "UHUGEINT": ("340282366920938463463374607431768211455", "340282366920938463463374607431768211455"),
}


@pytest.mark.parametrize("sql_type", VALUES)
def test_a_value_comes_back_through_parquet_and_a_second_warehouse(warehouse: Any, tmp_path: Path, sql_type: str) -> None:
    written, wanted = VALUES[sql_type]
    warehouse.run("CREATE SCHEMA s", f"CREATE TABLE s.t (v {sql_type})", f"INSERT INTO s.t VALUES (NULL), ({written})")
    with warehouse.snapshot("s") as snapshot:
        (table,) = snapshot.tables()
        rows = snapshot.read(table)
    assert table.column("v").sql_type == sql_type
    assert rows.column("v").to_pylist() == [None, wanted]
    pq.write_table(rows, tmp_path / "t.parquet")
    copy = DuckDBWarehouse(name="copy", path=tmp_path / "copy.duckdb")
    copy.install("s__r1", ("CREATE SCHEMA s__r1", f"CREATE TABLE s__r1.t (v {sql_type})"), {"t": tmp_path / "t.parquet"})
    again = copy.read("s__r1", "t")
    assert again.schema == rows.schema
    assert digest_table(again) == digest_table(rows)


def test_instants_are_utc_whatever_the_time_zone_of_the_process(warehouse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    warehouse.run("CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT TIMESTAMPTZ '2020-01-01 00:00:00+00' AS v")
    assert warehouse.read("s", "t").schema.field("v").type == pa.timestamp("us", tz="UTC")


def test_rows_come_in_stored_order_also_beside_a_column_called_rowid(warehouse: Any) -> None:
    warehouse.run(
        "CREATE SCHEMA s",
        "CREATE TABLE s.t AS SELECT 300000 - i AS v FROM range(300000) AS r(i)",
        'CREATE TABLE s.u AS SELECT 300000 - i AS v, i % 7 AS "RowId" FROM range(300000) AS r(i)',
        "CREATE VIEW s.w AS SELECT v FROM s.t ORDER BY v",
    )
    assert warehouse.read("s", "t").column("v").to_pylist() == list(range(300000, 0, -1))
    assert warehouse.read("s", "u").column("v").to_pylist() == list(range(300000, 0, -1))
    assert warehouse.read("s", "w").column("v").to_pylist() == list(range(1, 300001))


@pytest.mark.parametrize("name", ['a.b"c', "x y;--", "select", "dev", "ünï", "a*b[1]?", "'"])
def test_any_name_is_safe(warehouse: Any, tmp_path: Path, name: str) -> None:
    schema, private = name, f"{name}__r1"
    statements = (f"CREATE SCHEMA {quoted(private)}", f"CREATE TABLE {quoted(private)}.{quoted(name)} ({quoted(name)} INTEGER PRIMARY KEY)")
    path = tmp_path / f"{name}.parquet"
    pq.write_table(pa.table({name: pa.array([3], pa.int32())}), path)
    warehouse.install(private, statements, {name: path})
    with warehouse.snapshot(private) as snapshot:
        tables = snapshot.tables()
    warehouse.publish(public=schema, private=private, tables=tables, publication=FIRST)
    warehouse.publish(public=schema, private=private, tables=tables, publication=FIRST)
    assert warehouse.read(schema, name).to_pydict() == {name: [3]}
    assert warehouse.published(schema) == FIRST
    with pytest.raises(TerminalError, match="not dropped"):
        warehouse.drop(private)


def test_a_snapshot_is_one_view_while_it_is_open(warehouse: Any) -> None:
    warehouse.run("CREATE SCHEMA s", "CREATE TABLE s.t AS SELECT 1 AS v")
    writer = DuckDBWarehouse(name="dev", path=warehouse.path, lock_seconds=0.1)
    with warehouse.snapshot("s") as snapshot:
        kept: Snapshot = snapshot
        with pytest.raises(LockedError, match="this process, in the other mode"):
            writer.install("s__r1", (), {})
        assert kept.read(kept.tables()[0]).num_rows == 1
    warehouse.run("INSERT INTO s.t VALUES (2)")


# ── what is not there ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_missing_name_says_the_nearest(shop: Any) -> None:
    with pytest.raises(SourceError, match=r"no schema 'SHOP__r2'.*did you mean shop__r1\?"), shop.snapshot("SHOP__r2"):
        pass
    with pytest.raises(SourceError, match=r"no table 'Order'.*did you mean orders\?"):
        shop.read("shop__r1", "Order")
    with pytest.raises(SourceError, match="there are: customers, orders"):
        shop.read("shop__r1", "zzz")
    lost = DuckDBWarehouse(name="dev", path=shop.path.with_name("devv.duckdb"))
    with pytest.raises(SourceError, match=r"no file .*devv\.duckdb; did you mean dev\.duckdb\?"):
        lost.read("shop__r1", "orders")
    with pytest.raises(SourceError, match="no folder"):
        DuckDBWarehouse(name="dev", path=shop.path.parent / "away" / "dev.duckdb").read("s", "t")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.duckdb").write_text("nothing of the kind" * 1000)
    with pytest.raises(SourceError, match="not a valid DuckDB database file"):
        DuckDBWarehouse(name="dev", path=tmp_path / "dev.duckdb").schemas()


def test_errors_of_duckdb_quote_no_row() -> None:
    opened = duckdb.connect()
    opened.execute("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (4711)")
    for statement, told in [
        ("INSERT INTO t VALUES (4711)", "rows break a primary key constraint"),
        ("SELECT CAST('x4711' AS INTEGER)", "ConversionException in DuckDB"),
        ("SELECT x4711 FROM t", "x4711"),  # a name, not a value
    ]:
        with pytest.raises(TerminalError, match=told) as caught, without_values("t"):
            opened.execute(statement)
        assert told == "x4711" or "4711" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    with pytest.raises(TransientError, match="TransactionException"), without_values("t"):
        opened.execute("COMMIT")
    opened.close()
    with pytest.raises(TransientError, match="No space left on device"), without_values("t"):
        raise duckdb.IOException("Could not write file: No space left on device\nsecond line")
