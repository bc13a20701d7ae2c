"""Rows with what is above and below them: a row beside an ancestor's, a parent with its children's aggregates.

Only rows that were sampled are joined, and only tables that the twin draws: keys to a reference table are values like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.columns import Floats, Ints, decode, kind_of, modelled_kind
from warehouse_twin.metrics.comparable import key_label, shape_columns
from warehouse_twin.metrics.keys import match_parents

Read = Callable[[str], pa.Table]
"""All rows of a table, on one side."""
MOST_HOPS, MOST_KEYS = 3, 4
"""Ways are followed so far, and over the first four keys of a table."""


@dataclass(frozen=True, slots=True)
class Way:
    """Foreign keys from a table to an ancestor, one after the other."""

    tables: tuple[str, ...]

    @property
    def hops(self) -> int:
        return len(self.tables) - 1


@dataclass(frozen=True, slots=True)
class Climbed:
    """Ancestors at the end of a way, and which of the rows that it began with each belongs to."""

    way: Way
    above: pa.Table
    rows: Ints


def ways(twin: ResolvedTwin, table: ResolvedTable) -> list[Way]:
    """The ways up from a table over protected tables, none twice, to tables with columns that can be compared; as `climb` takes them."""
    found: list[Way] = []

    def follow(way: Way) -> None:
        for key in _keys_up(twin, way):
            longer = Way((*way.tables, key.references))
            found.append(longer)
            follow(longer)

    follow(Way((table.name,)))
    return [way for way in found if shape_columns(twin, twin[way.tables[-1]])] if shape_columns(twin, table) else []


def climb(twin: ResolvedTwin, table: ResolvedTable, rows: pa.Table, read: Read) -> Iterator[Climbed]:
    """The ancestors of rows at the end of every way, for those rows that have one."""
    start = Climbed(Way((table.name,)), rows, np.arange(len(rows), dtype=np.int64))
    return (found for found in _climb(twin, start, read) if shape_columns(twin, twin[found.way.tables[-1]]))


def _climb(twin: ResolvedTwin, climbed: Climbed, read: Read) -> Iterator[Climbed]:
    for key in _keys_up(twin, climbed.way):
        parents = read(key.references)
        found = match_parents(climbed.above, parents, columns=key.columns, references=key.references_columns)
        led = found >= 0
        above = Climbed(Way((*climbed.way.tables, key.references)), parents.take(pa.array(found[led])), climbed.rows[led])
        yield above
        yield from _climb(twin, above, read)


def children_keys(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[ResolvedTable, ForeignKey]]:
    """The protected tables that refer to this one, and by which key; keys that keep orphans too."""
    others = [other for other in twin.protected if other.name != table.name]
    return [(other, key) for other in others for key in other.table.foreign_keys if key.references == table.name]


def beside(part: Part, climbed: Climbed, own: Sequence[str], theirs: Sequence[str]) -> Part:
    """Rows and their ancestors in one table, columns called `table.column`, the ancestor's last."""
    rows = part.rows.take(pa.array(climbed.rows))
    start, end = climbed.way.tables[0], climbed.way.tables[-1]
    joined = {f"{start}.{name}": rows.column(name) for name in own} | {f"{end}.{name}": climbed.above.column(name) for name in theirs}
    return Part(pa.table(joined), part.entities[climbed.rows])


def beside_another(part: Part, own: int, order: Ints) -> Part:
    """The floor of joined rows: the first `own` columns beside another row's ancestor."""
    names = part.rows.column_names
    moved = part.rows.select(names[own:]).take(pa.array(order))
    return Part(pa.table({name: (part.rows if place < own else moved).column(name) for place, name in enumerate(names)}), part.entities)


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


def _keys_up(twin: ResolvedTwin, way: Way) -> list[ForeignKey]:
    keys = twin[way.tables[-1]].table.foreign_keys
    return [key for key in keys if key.references not in way.tables and not twin[key.references].keep_real][:MOST_KEYS]
