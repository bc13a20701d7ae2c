"""The frame of a table: keys and leading columns of all its rows, and where each row finds its context.

Context is looked up for a stretch of rows at a time, so that a table of millions of rows has its keys in memory, and not all that
ancestors say of each. Drawing stretch by stretch counts every row, so the stretches change no draw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.relations.contexts import Read, Way, beside, follow, given_context
from warehouse_twin.relations.families import parts_of
from warehouse_twin.synthesizers.protocol import Model

ROW = "__row"
STRETCH = 200_000


@dataclass(frozen=True)
class Contexts:
    """For each way the columns of the table where it ends, and the row of it that each row of a frame is led to; `more` besides."""

    found: tuple[tuple[Way, pa.Table, NDArray[np.int32]], ...] = ()
    more: pa.Table = field(default_factory=lambda: pa.table({}))

    def part(self, begin: int, end: int) -> pa.Table | None:
        """The context of some rows; None where there is none."""
        tables = [given_context(table, way.prefix, way.columns, links[begin:end].astype(np.int64)) for way, table, links in self.found]
        part = beside(*tables, self.more.slice(begin, end - begin))
        return part if part.num_columns else None


def contexts_of(rows: pa.Table, ways: Sequence[Way], read: Read, *, more: pa.Table | None = None) -> Contexts:
    """The context of `rows`, which have the columns of each way's first key."""
    found = [(way, read(way.table, way.columns), follow(rows, way, read).astype(np.int32)) for way in ways if way.columns]
    return Contexts(tuple(found)) if more is None else Contexts(tuple(found), more)


@dataclass(frozen=True)
class Frame:
    """`rows` has `__row` first, then keys and leading columns."""

    rows: pa.Table
    contexts: Contexts = field(default_factory=Contexts)

    def part(self, begin: int, end: int) -> pa.Table:
        """Rows with their context: `__row`, context, and the rest."""
        rows, context = self.rows.slice(begin, end - begin), self.contexts.part(begin, end)
        return beside(rows.select([ROW]), *([] if context is None else [context]), rows.drop_columns([ROW]))

    def parts(self, size: int) -> Iterator[pa.Table]:
        """All rows in parts of about `size`, none of which ends inside a family; at least one."""
        begin = 0
        for part in parts_of(self.rows, size):
            yield self.part(begin, begin + part.num_rows)
            begin += part.num_rows

    def whole(self) -> pa.Table:
        return self.part(0, self.rows.num_rows)


def drawn_in_stretches(
    model: Model,
    rows: int,
    context: Callable[[int, int], pa.Table | None],
    *,
    seed: int,
    columns: Sequence[str] | None = None,
    stretch: int = STRETCH,
) -> pa.Table:
    """A draw of `rows` rows: as one whole where they are few, else a stretch at a time, each row by its number.

    `context` gives that of the rows from one number to another.
    """
    if rows <= stretch:
        return model.sample(rows, seed=seed, context=context(0, rows), columns=columns)
    parts = []
    for begin in range(0, rows, stretch):
        counters = np.arange(begin, min(begin + stretch, rows), dtype=np.int64)
        given = context(begin, begin + len(counters))
        parts.append(model.sample(len(counters), seed=seed, counters=counters, context=given, columns=columns))
    return pa.concat_tables(parts)
