"""Rules of one table in memory: mined, and counted where they are broken."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.rules.evaluating import violations
from warehouse_twin.profiling.rules.evidence import Evidence
from warehouse_twin.profiling.rules.mining import mine
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.sequential import TREE


def learned(table: pa.Table, *, k: int = 5, fixed: Collection[str] = (), ignored: Collection[str] = ()) -> TableProfile:
    """The profile of a table, every row an entity of its own, with its rules."""
    entities = np.arange(table.num_rows)
    columns = tuple(profile_column(ColumnTask(name, "T"), table.column(name), entities, k=k) for name in table.column_names)
    evidence = Evidence(
        {column.name: column for column in columns}, lambda names: {name: table.column(name) for name in names}, entities, k, fixed
    )
    profile = TableProfile("t", k, table.num_rows, 0, table.num_rows, 0, columns)
    return replace(profile, rules=mine(evidence, ignored=tuple(ignored)))


def texts(table: pa.Table, *kinds: str, **more: Collection[str]) -> list[str]:
    """The rules of a table, of these kinds, or all."""
    return [rule.text for rule in learned(table, **more).rules if not kinds or rule.kind in kinds]  # type: ignore[arg-type]


def drawn(table: pa.Table, profile: TableProfile, *, rows: int = 2_000, seed: int = 3) -> pa.Table:
    return TREE.fit(table, profile, given=(), parameters={}, seed=1).sample(rows, seed=seed, counters=np.arange(rows))


def broken(rules: Collection[Rule], table: pa.Table) -> dict[str, int]:
    """Rows that break each rule, where there are any."""
    columns = {name: table.column(name) for name in table.column_names}
    counts = {rule.text: int(violations(rule, columns).sum()) for rule in rules if rule.kind != "aggregate"}
    return {text: count for text, count in counts.items() if count}
