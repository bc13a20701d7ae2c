"""The data digest is of rows as a warehouse gives them back: two warehouses with the same rows agree."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from warehouse_twin.digests import digest_of, digest_table
from warehouse_twin.releases.contents import contents_of
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

DDL = """
CREATE SCHEMA s;
CREATE TABLE s.a (id INTEGER PRIMARY KEY, v DECIMAL(9, 2), t TIMESTAMPTZ NOT NULL);
CREATE TABLE s.b (a INTEGER REFERENCES s.a (id), w VARCHAR);
COMMENT ON TABLE s.a IS 'of one release';
COMMENT ON COLUMN s.a.v IS 'amount';
"""


def warehouse(path: Path, *rows: str) -> DuckDBWarehouse:
    opened = duckdb.connect(str(path))
    opened.execute(DDL)
    for row in rows:
        opened.execute(f"INSERT INTO s.{row}")
    opened.close()
    return DuckDBWarehouse(name="dev", path=path)


A1, A2, B = (
    "a VALUES (1, 1.50, '2020-01-01 00:00:00+00')",
    "a VALUES (2, NULL, '2020-01-01 00:00:00+00')",
    "b VALUES (1, 'x'), (NULL, NULL)",
)


def test_rows_in_another_order_are_the_same(tmp_path: Path) -> None:
    first = contents_of(warehouse(tmp_path / "first.duckdb", A1, A2, B), "s")
    second = contents_of(warehouse(tmp_path / "second.duckdb", A2, A1, B), "s")
    assert first == second
    assert {name: table["rows"] for name, table in first.tables.items()} == {"a": 2, "b": 2}
    assert contents_of(warehouse(tmp_path / "third.duckdb", A1, B), "s").data_digest != first.data_digest


def test_the_digest_is_that_of_the_exported_files(tmp_path: Path) -> None:
    made = warehouse(tmp_path / "dev.duckdb", A1, A2, B)
    opened = duckdb.connect(str(made.path))
    for name in ("a", "b"):
        opened.execute(f"COPY s.{name} TO '{tmp_path / name}.parquet' (FORMAT parquet)")
    opened.close()
    keys = {"a": ("id",), "b": ()}
    digests = {name: digest_table(pq.read_table(tmp_path / f"{name}.parquet"), keys=keys[name]) for name in keys}
    assert contents_of(made, "s").data_digest == digest_of(digests)


def test_the_schema_says_nothing_of_the_release(tmp_path: Path) -> None:
    schema = contents_of(warehouse(tmp_path / "dev.duckdb"), "s").schema()
    assert schema["b"] == {
        "name": "b",
        "columns": ({"name": "a", "sql_type": "INTEGER", "nullable": True}, {"name": "w", "sql_type": "VARCHAR", "nullable": True}),
        "primary_key": (),
        "foreign_keys": ({"columns": ("a",), "references": "a", "references_columns": ("id",)},),
    }
    assert "comment" not in str(schema)
