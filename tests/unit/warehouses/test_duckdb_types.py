"""Types are parsed, not searched: what stands in quotes is a name, whatever it looks like."""

from __future__ import annotations

import duckdb
import pytest

from warehouse_twin.warehouses.catalog import Column
from warehouse_twin.warehouses.duckdb_catalog import as_read
from warehouse_twin.warehouses.duckdb_types import Declared, taken_apart

NESTED = (
    """STRUCT("it's, INTERVAL" INTEGER[3], plain MAP(VARCHAR, DECIMAL(38,10)[]), """
    '"say ""hi""" STRUCT(a TIMESTAMP WITH TIME ZONE)[2][])'
).replace("plain", '"plain"')


def part(*names: str) -> Declared:
    found = taken_apart(NESTED)
    for name in names:
        inner = found.part(name)
        assert inner is not None
        found = inner
    return found


def test_a_nested_type_is_taken_apart() -> None:
    assert [name for name, _ in part().parts] == ["it's, INTERVAL", "plain", 'say "hi"']
    assert part("it's, INTERVAL").length == 3
    assert part("plain", "value", "item").name == "DECIMAL(38,10)"
    assert part('say "hi"').name == "LIST"
    assert part('say "hi"', "item").length == 2
    assert part('say "hi"', "item", "item", "a").name == "TIMESTAMP WITH TIME ZONE"
    assert part("plain").part("no such part") is None


def test_what_a_type_is_read_as_is_one_duckdb_casts_to() -> None:
    wanted = NESTED.replace("[3]", "[]").replace("[2]", "[]")
    with duckdb.connect(":memory:") as connection:
        query = f"SELECT typeof(CAST(NULL AS {part().read_as()})), typeof(CAST(NULL AS {wanted}))"
        [(got, want)] = connection.execute(query).fetchall()
    assert got == want


@pytest.mark.parametrize(
    ("sql_type", "read"),
    [
        ("INTEGER", '"c"'),
        ("INTEGER[3]", 'CAST("c" AS INTEGER[]) AS "c"'),
        ("INTEGER[]", '"c"'),
        ("TIMESTAMP_S", 'CAST("c" AS TIMESTAMP) AS "c"'),
        ("INTERVAL[]", 'CAST("c" AS VARCHAR) AS "c"'),
        ("ENUM('a', 'b[3]')", 'CAST("c" AS VARCHAR) AS "c"'),
        ('STRUCT("INTERVAL" INTEGER)', '"c"'),
        ("UNION(a INTEGER)", 'CAST("c" AS VARCHAR) AS "c"'),
        ("GEOMETRY", 'CAST("c" AS VARCHAR) AS "c"'),
    ],
)
def test_a_column_is_read_as_it_is_where_arrow_holds_it(sql_type: str, read: str) -> None:
    assert as_read(Column("c", sql_type, nullable=True)) == read
