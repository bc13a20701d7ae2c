"""The rows of a table that refers to itself, drawn level by level from the top, each given the row above it.

All rows of a level must be at hand before the next is drawn, so they are drawn here and not in Spark. Rows are counted as they
are everywhere, so that neither levels nor stretches change a draw. Levels deeper than are told apart are drawn together, each row
given the nearest one above it that is drawn already.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.relations.ancestry import LEVEL, Ancestry, rows_above, standing
from warehouse_twin.relations.blueprints import Blueprint, Ints
from warehouse_twin.relations.contexts import Way, beside, given_context
from warehouse_twin.relations.frames import ROW, STRETCH, Contexts, Frame, contexts_of


def descended(blueprint: Blueprint, ancestry: Ancestry, frame: Frame, parents: Mapping[str, pa.Table], *, seed: int) -> Frame:
    """The frame with every column of the table drawn; `frame` has all keys of its rows."""
    above = rows_above(frame.rows, ancestry.key)
    stand = standing(above)
    levels = stand.column(LEVEL).to_numpy()
    order = np.argsort(levels, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    nearest = _nearest(above, levels)[order]
    links = np.where(nearest < 0, -1, place[np.maximum(nearest, 0)])
    taken = pa.array(order)
    rows, tables = frame.rows.take(taken), {**parents, blueprint.table.name: frame.rows}
    far = contexts_of(rows, [way for way in ancestry.ways if len(way.keys) > 1], lambda name, names: tables[name].select(list(names)))
    found = [(way, table, there[order]) for way, table, there in frame.contexts.found]
    more = [part.take(taken) for part in (frame.contexts.more, stand) if part.num_columns]
    ordered = Frame(rows, Contexts((*found, *far.found), beside(*more)))
    near = [way for way in ancestry.ways if len(way.keys) == 1]
    drawn = _levels(blueprint, ordered, near, links, np.sort(levels), seed=seed).take(pa.array(place))
    new = [name for name in drawn.column_names if name not in frame.rows.column_names]
    return Frame(beside(frame.rows, drawn.select(new)))


def _nearest(above: Ints, levels: Ints) -> Ints:
    """For each row the nearest one above it that is of an earlier level; -1 at the top."""
    nearest = above.copy()
    while len(same := np.flatnonzero((nearest >= 0) & (levels[nearest] >= levels))):
        nearest[same] = nearest[nearest[same]]
    return nearest


def _levels(blueprint: Blueprint, frame: Frame, near: list[Way], links: Ints, levels: Ints, *, seed: int) -> pa.Table:
    """The model's columns for the rows of a frame in the order of their levels; `links` leads to the row above, a level before."""
    names = [name for name in blueprint.types.names if name in blueprint.plan.modelled]
    before = pa.schema([blueprint.types.field(name) for name in names]).empty_table()
    drawn, first = [], 0
    for level in range(int(levels.max(initial=0)) + 1):
        begin, end = np.searchsorted(levels, [level, level + 1]).tolist()
        parts = []
        for start in range(begin, max(end, begin + 1), STRETCH):
            some = slice(start, min(start + STRETCH, end))
            parts.append(_part(blueprint, frame, some, _above(near, before, np.maximum(links[some] - first, -1)), seed=seed))
        before, first = pa.concat_tables(parts), begin
        drawn.append(before)
    return pa.concat_tables(drawn)


def _above(near: list[Way], before: pa.Table, links: NDArray[np.int64]) -> pa.Table:
    return beside(*(given_context(before, way.prefix, way.columns, links) for way in near))


def _part(blueprint: Blueprint, frame: Frame, some: slice, above: pa.Table, *, seed: int) -> pa.Table:
    rows = frame.part(some.start, some.stop)
    known = [name for name in blueprint.types.names if name in rows.column_names]
    context = beside(above, rows).select([*blueprint.given, *known])
    return blueprint.model.sample(rows.num_rows, seed=seed, counters=rows.column(ROW).to_numpy(), context=context)
