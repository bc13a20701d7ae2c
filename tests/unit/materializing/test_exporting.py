"""The guards of the export, against candidates made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.digests import digest_table
from warehouse_twin.errors import TerminalError
from warehouse_twin.manifest.resolved import Column, ResolvedTwin, Table
from warehouse_twin.materializing.ddl import statements
from warehouse_twin.materializing.exporting import export
from warehouse_twin.warehouses.duckdb_loading import read_file
from warehouse_twin.warehouses.duckdb_warehouse import DuckDBWarehouse

Make = Callable[..., ResolvedTwin]
TABLE = Table("t", (Column("x", "INTEGER", nullable=False, comment="a 'number'"), Column("y", "TIME WITH TIME ZONE", nullable=True)))


def _candidate(folder: Path, twin: ResolvedTwin, *more: str) -> Path:
    path = folder / "candidate.duckdb"
    with duckdb.connect(str(path)) as connection:
        for statement in [*statements(twin, release=1), *more]:
            connection.execute(statement)
    return path


def test_rows_without_a_key_are_sorted_by_all_columns(make_twin: Make, tmp_path: Path) -> None:
    twin = make_twin(TABLE)
    rows = "(2, NULL), (1, '10:00:00+02'), (1, '09:00:00+02'), (1, '09:00:00+02')"
    path = _candidate(tmp_path, twin, f"INSERT INTO hostile__r1.t VALUES {rows}")
    exported = export(path, resolved=twin, release=1, folder=tmp_path, rows={"t": 4})
    assert exported.rows == {"t": 4}
    read = duckdb.sql(f"SELECT * FROM '{tmp_path / 'tables/t.parquet'}'").fetchall()
    assert read == [(1, "09:00:00+02"), (1, "09:00:00+02"), (1, "10:00:00+02"), (2, None)]  # as text: Parquet keeps no offset


@pytest.mark.parametrize(
    "change",
    [
        *("ALTER TABLE hostile__r1.t ALTER x DROP NOT NULL", "ALTER TABLE hostile__r1.t ALTER y TYPE TIME"),
        *("COMMENT ON COLUMN hostile__r1.t.x IS 'other'", "CREATE TABLE hostile__r1.t2 (x INTEGER)", "DROP TABLE hostile__r1.t"),
    ],
)
def test_a_candidate_with_another_catalog_is_refused(make_twin: Make, tmp_path: Path, change: str) -> None:
    twin = make_twin(TABLE)
    path = _candidate(tmp_path, twin, change)
    with pytest.raises(TerminalError, match=r"materialize hostile@1: table 't2?': the candidate's keys and types are not the source's"):
        export(path, resolved=twin, release=1, folder=tmp_path, rows={"t": 0})


def test_a_type_parquet_cannot_hold_is_refused(make_twin: Make, tmp_path: Path) -> None:
    twin = make_twin(Table("t", (Column("x", "STRUCT(a HUGEINT)", nullable=True),)))
    path = _candidate(tmp_path, twin, "INSERT INTO hostile__r1.t VALUES ({'a': 123456789012345678901234567890})")
    with pytest.raises(TerminalError, match="table 't': its Parquet file does not read back as the table"):
        export(path, resolved=twin, release=1, folder=tmp_path, rows={"t": 1})


def test_what_parquet_has_no_type_for_has_the_digest_of_what_publish_reads_back(make_twin: Make, tmp_path: Path) -> None:
    kinds = ("INTERVAL", "UUID", "HUGEINT", "ENUM('a', 'b')", "JSON", "TIMESTAMP_NS", "TIME WITH TIME ZONE")
    table = Table("t", tuple(Column(f"c{place}", kind, nullable=True) for place, kind in enumerate(kinds)))
    values = "'1 month 00:00:00.000001', uuid(), 170141183460469231731687303715, 'b', '{}', '2020-01-01 00:00:00.000000001', '10:00:00+02'"
    path = _candidate(tmp_path, twin := make_twin(table), f"INSERT INTO hostile__r1.t VALUES ({values})")
    exported = export(path, resolved=twin, release=1, folder=tmp_path, rows={"t": 1})
    file = read_file(tmp_path / "tables" / "t.parquet", table)
    assert exported.digests["t"] == digest_table(file) == digest_table(DuckDBWarehouse("dev", path).read("hostile__r1", "t"))
    assert file.column("c0").to_pylist() == ["1 month 00:00:00.000001"]
