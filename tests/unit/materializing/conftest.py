"""A twin whose names try to break out of every quoting there is, its rows, and one build of it for all tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.warehouses import quoted

REFERENCE, PARENT, CHILD = "order", "Mixed Case", 'naïve"; drop table x'
JINJA, CALL, APOSTROPHE = "{{ 1 / 0 }}", "ref('x')", "o'clock {% x"

TABLES = (
    Table(
        name=REFERENCE,
        columns=(
            Column("select", "VARCHAR", nullable=False),
            Column("Ünï label", "VARCHAR", nullable=True, comment="it's {{ a_macro() }}"),
        ),
        primary_key=("select",),
        comment="Kinds; of things.",
    ),
    Table(
        name=PARENT,
        columns=(
            Column("id", "INTEGER", nullable=False),
            Column('Part "No".', "VARCHAR", nullable=False, comment='the "No"'),
            Column("amount", "DECIMAL(38,10)", nullable=False),
            Column("when", "TIMESTAMP WITH TIME ZONE", nullable=True),
            Column("day", "DATE", nullable=True),
            Column("ok", "BOOLEAN", nullable=True),
            Column("kind", "VARCHAR", nullable=False),
        ),
        primary_key=("id", 'Part "No".'),
        foreign_keys=(ForeignKey(("kind",), REFERENCE, ("select",)),),
    ),
    Table(
        name=CHILD,
        columns=(
            Column(CALL, "BIGINT", nullable=False),
            Column(JINJA, "SMALLINT", nullable=False, comment="{% raw %}"),
            Column(APOSTROPHE, "VARCHAR", nullable=True),
            Column("parent", "INTEGER", nullable=True),
            Column("huge", "HUGEINT", nullable=True),
            Column("mood", "ENUM('it''s', 'b')", nullable=True),
            Column("before", "BIGINT", nullable=True),
        ),
        primary_key=(CALL, JINJA),
        foreign_keys=(
            ForeignKey(("parent", APOSTROPHE), PARENT, ("id", 'Part "No".')),
            ForeignKey(("before", JINJA), CHILD, (CALL, JINJA)),
        ),
    ),
)

ROWS = {
    REFERENCE: "VALUES ('it''s', 'one'), ('b;--', NULL)",
    PARENT: """VALUES
        (2, 'x', 0.0000000001::DECIMAL(38,10), TIMESTAMPTZ '2024-03-31 01:30:00.123456+01', DATE '2024-02-29', NULL, 'it''s'),
        (1, 'y', 9999999999999999999999999999.0000000001, NULL, NULL, true, 'b;--'),
        (1, 'x', -1, TIMESTAMPTZ '1969-12-31 23:59:59+00', DATE '1900-01-01', false, 'b;--')""",
    CHILD: """VALUES
        (7::BIGINT, 1::SMALLINT, 'x', 2::INTEGER, 170141183460469231731687303715884105727::HUGEINT, 'it''s', NULL::BIGINT),
        (8, 1, NULL, 5, NULL, NULL, 7),
        (6, 1, 'y', 1, -1, 'b', 8)""",
}


def _twin(*tables: Table, real: tuple[str, ...] = ()) -> ResolvedTwin:
    resolved = tuple(ResolvedTable(table=table, keep_real=table.name in real, synthesizer="tree") for table in tables)
    return ResolvedTwin("hostile", "prod", "raw", "dev", "hostile", 7, None, 10, 0.2, resolved)


def _write_rows(folder: Path, twin: ResolvedTwin, rows: dict[str, str]) -> Path:
    """`<table>.parquet` for each table, with the types Parquet has for the table's own."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for item in twin.tables:
            names = ", ".join(quoted(name) for name in item.table.column_names)
            casts = ", ".join(
                f"{quoted(column.name)}::{'VARCHAR' if column.sql_type == 'HUGEINT' else column.sql_type} AS {quoted(column.name)}"
                for column in item.table.columns
            )
            path = str(folder / f"{item.name}.parquet").replace("'", "''")
            connection.execute(f"COPY (SELECT {casts} FROM ({rows[item.name]}) AS t({names})) TO '{path}'")
    return folder


@pytest.fixture(scope="session")
def dbt_project() -> Path:
    return Path(__file__).resolve().parents[3] / "dbt_project"


@pytest.fixture(scope="session")
def hostile() -> ResolvedTwin:
    """Reference, parent and child, in this order; see TABLES."""
    return _twin(*TABLES, real=(REFERENCE,))


@pytest.fixture(scope="session")
def make_twin() -> Callable[..., ResolvedTwin]:
    return _twin


@pytest.fixture(scope="session")
def write_rows() -> Callable[..., Path]:
    return _write_rows


@pytest.fixture(scope="session")
def synthesized(hostile: ResolvedTwin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_rows(tmp_path_factory.mktemp("{x} [1]") / "it's", hostile, ROWS)
