"""Parents by what the rows below them come to: how many, means of numbers and times, shares of categories, and the first of those in order.

What one parent's children have in common, and how they follow each other, is hers as much as any value of her own row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.gates.joining import Read, children_keys
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.columns import Floats, Ints, decode, kind_of, modelled_kind
from warehouse_twin.metrics.comparable import key_label, record_columns
from warehouse_twin.metrics.keys import match_parents
from warehouse_twin.relations.entities import leads_to_entity

COMMON = 5
"""Categories of a column whose shares are told."""
FIRST = 3
"""Rows of an ordered family that are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Brood:
    """Children: their table, the key that leads to their parents, and the columns that are looked at."""

    table: ResolvedTable
    key: ForeignKey
    columns: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"{self.table.name}({', '.join(key_label(self.table, self.key))})"

    def measured(self, rows: pa.Table) -> list[str]:
        """The columns that have a mean."""
        return [name for name in self.columns if self._kind(rows, name) in ("numeric", "datetime")]

    def named(self, rows: pa.Table) -> list[str]:
        """The columns of categories; of what cannot be compared only whether it is missing is."""
        return [name for name in self.columns if self._kind(rows, name) not in ("numeric", "datetime")]

    def _kind(self, rows: pa.Table, name: str) -> str:
        return modelled_kind(rows.schema.field(name).type, self.table.kinds.get(name))


def own_children(twin: ResolvedTwin, table: ResolvedTable) -> list[tuple[ResolvedTable, ForeignKey]]:
    """The tables below one whose rows are the same entity's, with columns to be compared, and by which key. None without an entity: each
    row is an entity of its own then, whatever it refers to."""
    if table.keep_real or not leads_to_entity(twin, table.name):
        return []
    return [(child, key) for child, key in children_keys(twin, table) if record_columns(twin, child)]


def family_features(broods: Sequence[Brood], parents: Sequence[pa.Table], reads: Sequence[Read]) -> list[pa.Table]:
    """A row of numbers for every parent, for each side: its parents, and what reads all rows of a table on that side. Categories are those
    that are common on the first side."""
    sides: list[dict[str, pa.Array]] = [{} for _ in parents]
    for brood in broods:
        common: dict[str, list[str]] = {}
        for found, rows, read in zip(sides, parents, reads, strict=True):
            below, owner = _below(brood, rows, read(brood.table.name))
            common = common or {name: _common(below, name) for name in brood.named(below)}
            found |= {f"{brood.label} {name}": values for name, values in _of(brood, below, owner, common, size=len(rows))}
    return [pa.table(found) for found in sides]


def _below(brood: Brood, parents: pa.Table, children: pa.Table) -> tuple[pa.Table, Ints]:
    """The children of these parents, and the parent's row of each; by their order where they have one, and by parent."""
    found = match_parents(children, parents, columns=brood.key.columns, references=brood.key.references_columns)
    led = np.flatnonzero(found >= 0)
    order = brood.table.order_by
    below, owner = children.select(list({*brood.columns, *([order] if order else [])})).take(pa.array(led)), found[led]
    if order is None:
        return below, owner
    values = decode(below.column(order), kind_of(below.schema.field(order).type), name=order)
    place = np.lexsort((values.data, values.missing, owner))
    return below.take(pa.array(place)), owner[place]


def _of(brood: Brood, below: pa.Table, owner: Ints, common: Mapping[str, Sequence[str]], *, size: int) -> Iterator[tuple[str, pa.Array]]:
    count = np.bincount(owner, minlength=size)
    yield "rows", pa.array(count)
    for name in brood.measured(below):
        values = decode(below.column(name), kind_of(below.schema.field(name).type), name=name)
        yield f"mean of {name}", _mean(values.data.astype(np.float64), owner, ~values.missing, size)
    for name, categories in common.items():
        column = below.column(name)
        texts = decode(column, "categorical", name=name).data if categories else None  # of what cannot be compared there are none
        told = {f"is {category}": pc.equal(texts, category).fill_null(False).to_numpy(zero_copy_only=False) for category in categories}
        for words, mask in (*told.items(), ("is missing", pc.is_null(column).to_numpy())):
            yield f"{name} {words}", _mean(mask.astype(np.float64), owner, np.ones(len(mask), dtype=bool), size)
    if brood.table.order_by is not None:
        yield from _first(brood, below, owner, count)


def _first(brood: Brood, below: pa.Table, owner: Ints, count: Ints) -> Iterator[tuple[str, pa.Array]]:
    """The values of each column in the first rows of a parent; missing where there are fewer."""
    begin = np.cumsum(count) - count
    for place in range(FIRST):
        rows = pa.array(np.where(count > place, begin + place, -1), mask=count <= place)
        for name in brood.columns:
            yield f"{name} of {place + 1}", below.column(name).take(rows).combine_chunks()


def _mean(values: Floats, owner: Ints, used: np.ndarray, size: int) -> pa.Array:
    count = np.bincount(owner[used], minlength=size)
    total = np.bincount(owner[used], weights=values[used], minlength=size)
    return pa.array(total / np.maximum(count, 1), mask=count == 0)


def _common(below: pa.Table, name: str) -> list[str]:
    """The commonest categories of a column; none of one that cannot be compared."""
    kind = kind_of(below.schema.field(name).type)
    if kind == "opaque":
        return []
    counts = pc.value_counts(decode(below.column(name), "categorical", name=name).data.drop_null()).to_pylist()
    return [str(one["values"]) for one in sorted(counts, key=lambda one: (-one["counts"], one["values"]))[:COMMON]]
