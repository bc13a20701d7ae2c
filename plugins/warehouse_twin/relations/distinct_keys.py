"""Primary keys of several columns, drawn or taken from parents, made unique.

Rows that repeat a key have one part of it changed: a number or time moves to the nearest free step, a category, a generated
text or the parent of a second link is drawn again, and at last moved to the next free one. Only what still repeats is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.profiling.matching import codes_of, columns_of, duplicated, match_rows
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.matching_keys import slots_apart, spread_apart
from warehouse_twin.relations.new_keys import distinct_texts
from warehouse_twin.synthesizers.generators import generate

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]
REDRAWS = 8
GENERATED = ("code", "text", "uuid")


class DistinctKeys:
    """The primary key of one table's frame on its way to being unique."""

    def __init__(self, table: ResolvedTable, plan: KeyPlan, profile: TableProfile, parents: Mapping[str, pa.Table], *, seed: int) -> None:
        self.table, self.plan, self.profile, self.parents, self.seed = table, plan, profile, parents, seed
        self.primary = table.table.primary_key

    def apply(self, frame: pa.Table) -> pa.Table:
        """The frame with unique primary keys; rows whose key cannot be made unique are dropped."""
        if not self.primary or self.plan.new_key is not None or not set(self.primary) <= set(frame.column_names):
            return frame  # without a key, with a new one, or with times in it that ascend
        if not self._repeats(frame):
            return frame
        for name in self._drawn("numeric", "datetime"):
            frame = _with(frame, {name: spread_apart(frame.column(name), self._others(frame, [name]), self.profile.column(name))})
        for name in self._drawn("categorical"):
            if self._repeats(frame):
                frame = self._category(frame, name)
        for name in self._drawn(*GENERATED):
            if self._repeats(frame):
                frame = self._text(frame, name)
        for key in self._movable_links():
            if self._repeats(frame):
                frame = self._link(frame, key)
        return frame.filter(pa.array(~duplicated(columns_of(frame, self.primary))))

    def _repeats(self, frame: pa.Table) -> bool:
        return bool(duplicated(columns_of(frame, self.primary)).any())

    def _others(self, frame: pa.Table, names: Sequence[str]) -> list[pa.ChunkedArray]:
        return columns_of(frame, [name for name in self.primary if name not in names])

    def _drawn(self, *kinds: str) -> Iterator[str]:
        """Columns of the key that are drawn and not bound by another key, but one that leads to a reference table."""
        bound = {column for key in self.plan.matched for column in key.columns}
        for name in self.primary:
            if name in self.plan.leading and name not in bound and self.profile.column(name).kind in kinds:
                yield name

    def _category(self, frame: pa.Table, name: str) -> pa.Table:
        """Among the kept values and, where the column leads to a reference table, all its keys."""
        column = frame.column(name)
        values = pa.array(self.profile.column(name).parts[0].values, type=pa.string()).cast(column.type)
        for key in self.table.table.foreign_keys:
            if key.columns == (name,) and key.references in self.parents:
                public = self.parents[key.references].column(key.references_columns[0]).cast(column.type)
                values = pc.unique(pa.chunked_array([values, *pc.drop_null(public).chunks]))
        slots = pc.index_in(column, value_set=values).to_numpy().astype(np.int64)
        moved = self._settled(slots, self._others(frame, [name]), len(values), name)
        return _with(frame, {name: pa.chunked_array([values.take(pa.array(moved))])})

    def _text(self, frame: pa.Table, name: str) -> pa.Table:
        profile, column, others = self.profile.column(name), frame.column(name), self._others(frame, [name])

        def again(rows: Ints, attempt: int) -> Texts:
            return _generated(profile, rows, seed=derive_seed(self.seed, "again", name, attempt))

        def repeats(texts: Texts) -> Ints:
            return np.flatnonzero(duplicated([*others, pa.chunked_array([pa.array(texts, type=pa.string())])]))

        texts = distinct_texts(np.asarray(column.to_pylist(), dtype=object), repeats, again)
        return _with(frame, {name: pa.chunked_array([pa.array(texts, type=pa.string()).cast(column.type)])})

    def _movable_links(self) -> Iterator[ForeignKey]:
        """Keys to other tables but the driving one, whose columns no other key holds."""
        keys = self.table.table.foreign_keys
        for key in (*self.plan.links[1:], *self.plan.matched):
            bound = {column for other in keys if other != key for column in other.columns}
            if set(key.columns) <= set(self.primary) and not bound.intersection(key.columns) and self.parents[key.references].num_rows:
                yield key

    def _link(self, frame: pa.Table, key: ForeignKey) -> pa.Table:
        parent = self.parents[key.references]
        link = np.maximum(match_rows(columns_of(frame, key.columns), columns_of(parent, key.references_columns)), 0)
        moved = self._settled(link, self._others(frame, key.columns), parent.num_rows, "+".join(key.columns))
        pairs = zip(key.columns, key.references_columns, strict=True)
        return _with(frame, {column: parent.column(theirs).take(pa.array(moved)) for column, theirs in pairs})

    def _settled(self, slots: Ints, others: list[pa.ChunkedArray], size: int, name: str) -> Ints:
        """Slots in [0, size) that repeat in no group: drawn again as others have them, then moved to the next free ones.

        A group of more than `size` rows keeps repeats.
        """
        (groups,) = codes_of(others) if others else (np.zeros(len(slots), dtype=np.int64),)
        slots = slots.copy()
        for attempt in range(REDRAWS):
            rows = np.flatnonzero(duplicated([_column(groups), _column(slots)]))
            if not len(rows):
                return slots
            draws = uniforms(rows, seed=self.seed, stream=f"{name}/redraw/{attempt}")
            slots[rows] = slots[(draws * len(slots)).astype(np.int64)]
        return np.minimum(slots_apart(slots, groups, lowest=0, highest=size - 1), size - 1)


def _generated(profile: ColumnProfile, rows: Ints, *, seed: int) -> Texts:
    made = generate(profile, pa.string(), np.ones(len(rows), dtype=bool), rows, seed=seed)
    return np.asarray(made.to_pylist(), dtype=object)


def _column(values: Ints) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values)])


def _with(frame: pa.Table, columns: Mapping[str, pa.ChunkedArray]) -> pa.Table:
    for name, column in columns.items():
        frame = frame.set_column(frame.column_names.index(name), name, column)
    return frame
