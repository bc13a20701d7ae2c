"""Primary keys that cannot be one are counted when the source is read."""

import pyarrow as pa

from warehouse_twin.manifest.resolved import Column, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.stages.snapshots import repair


def test_null_and_repeated_primary_keys_are_counted_and_whole_ones_are_not() -> None:
    dirty = Table("dirty", (Column("a", "INTEGER", True), Column("b", "VARCHAR", True)), ("a", "b"))
    whole = Table("whole", (Column("id", "INTEGER", False),), ("id",))
    resolved = tuple(ResolvedTable(table, False, "tree") for table in (dirty, whole))
    twin = ResolvedTwin("t", "w", "s", "v", "s", 1, None, 10, 0.2, resolved)
    tables = {
        "dirty": pa.table({"a": [1, 1, 1, None, None], "b": ["x", "y", "x", "x", "x"]}),
        "whole": pa.table({"id": [1, 2]}),
    }
    assert repair(twin, tables) == {"dirty.a+b (primary key)": 3}
