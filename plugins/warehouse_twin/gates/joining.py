"""Rows with what is below them: a parent with its children's aggregates.

Only rows that were sampled are joined, and only tables that the twin draws: keys to a reference table are values like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.columns import Floats, Ints, decode, kind_of, modelled_kind
from warehouse_twin.metrics.comparable import key_label, shape_columns
from warehouse_twin.metrics.keys import match_parents

Read = Callable[[str], pa.Table]
"""All rows of a table, on one side."""


def children_keys(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[ResolvedTable, ForeignKey]]:
    """The protected tables that refer to this one, and by which key; keys that keep orphans too."""
    others = [other for other in twin.protected if other.name != table.name]
    return [(other, key) for other in others for key in other.table.foreign_keys if key.references == table.name]


def with_children(part: Part, twin: ResolvedTwin, table: ResolvedTable, read: Read) -> Part:
    """Rows with, for every key that leads to them, how many children each has and the means of their numbers and times."""
    rows = part.rows
    for child, key in children_keys(twin, table):
        below = read(child.name)
        found = match_parents(below, part.rows, columns=key.columns, references=key.references_columns)
        label = f"{child.name}({', '.join(key_label(child, key))})"
        columns = [name for name in shape_columns(twin, child) if _is_measured(below, name, child)]
        for name, values in _aggregates(below, found, columns, len(part.rows)):
            rows = rows.append_column(f"{label} {name}", pa.array(values, from_pandas=True))
    return Part(rows, part.entities)


def _is_measured(rows: pa.Table, name: str, table: ResolvedTable) -> bool:
    """Whether a column holds numbers or times that have a mean."""
    return modelled_kind(rows.schema.field(name).type, table.kinds.get(name)) in ("numeric", "datetime")


def _aggregates(below: pa.Table, parents: Ints, columns: Sequence[str], rows: int) -> Iterator[tuple[str, Floats]]:
    led = parents >= 0
    yield "rows", np.bincount(parents[led], minlength=rows).astype(np.float64)
    for name in columns:
        values = decode(below.column(name), kind_of(below.schema.field(name).type), name=name)
        used = led & ~values.missing
        count = np.bincount(parents[used], minlength=rows)
        total = np.bincount(parents[used], weights=values.data[used].astype(np.float64), minlength=rows)
        yield f"mean of {name}", np.where(count > 0, total / np.maximum(count, 1), np.nan)
