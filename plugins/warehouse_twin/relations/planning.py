"""The frame of a synthetic table, before its columns are drawn: rows, links, new keys, leading columns, context.

Runs where all rows are at hand (keys are global); the rest of a row is drawn from its frame row alone, in Spark.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.blueprints import Blueprint, Columns, free_column, require_rows, taken
from warehouse_twin.relations.distinct_keys import DistinctKeys
from warehouse_twin.relations.hierarchies import to_itself
from warehouse_twin.relations.linking import draw_links
from warehouse_twin.relations.matching_keys import snap
from warehouse_twin.relations.new_keys import new_keys
from warehouse_twin.relations.training import given_context

ROW = "__row"


def frame_of(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> pa.Table:
    """The frame: `__row`, context as `<parent>.<column>`, keys, leading columns. `parents` are twin tables, by name.

    Every foreign key to one of `parents` is valid, and primary keys are unique; the few rows for which that cannot be had are
    dropped. Raises SourceError where rows must refer to a table that has none.
    """
    plan = blueprint.plan
    links = draw_links(blueprint, parents, seed=seed)
    rows = len(links[plan.links[0]]) if plan.links else _root_rows(blueprint)
    columns: Columns = {}
    for key, link in links.items():
        columns.update(taken(blueprint.table, parents[key.references], key, link))
    if plan.new_key is not None:
        columns[plan.new_key] = new_keys(blueprint.profile.column(plan.new_key), blueprint.types.field(plan.new_key).type, rows, seed=seed)
    context = pa.table({ROW: np.arange(rows, dtype=np.int64)})
    if plan.drive is not None and blueprint.context:
        parent = given_context(parents[plan.drive.references], plan.drive.references, blueprint.context, links[plan.drive])
        context = pa.table([*context.columns, *parent.columns], names=[ROW, *parent.column_names])
    _draw_leading(blueprint, parents, columns, context, seed=seed)
    frame = pa.table([*context.columns, *columns.values()], names=[*context.column_names, *columns])
    frame = DistinctKeys(blueprint.table, plan, blueprint.profile, parents, seed=derive_seed(seed, "distinct")).apply(frame)
    frame = _valid(blueprint, frame, parents)
    frame = frame.set_column(0, ROW, pa.array(np.arange(frame.num_rows, dtype=np.int64)))
    for key in plan.itself:
        frame = to_itself(blueprint, key, frame, seed=seed)
    return frame


def _root_rows(blueprint: Blueprint) -> int:
    table = blueprint.table
    if table.rows is not None:
        return table.rows
    return round(blueprint.source_rows * (table.factor or 1.0))


def _draw_leading(blueprint: Blueprint, parents: Mapping[str, pa.Table], columns: Columns, context: pa.Table, *, seed: int) -> None:
    """Draw the columns that must be known of all rows at once, and move matched keys to keys that exist."""
    plan, name, rows = blueprint.plan, blueprint.table.name, context.num_rows
    if plan.leading:
        given = context.drop_columns([ROW]) if context.num_columns > 1 else None
        leading = blueprint.model.sample(rows, seed=derive_seed(seed, name), context=given, columns=plan.leading)
        columns.update({column: leading.column(column) for column in plan.leading})
    settled = {column for key in plan.links for column in key.columns}
    for key in plan.matched:
        parent = parents[key.references]
        child, theirs = [columns[column] for column in key.columns], columns_of(parent, key.references_columns)
        fixed = [place for place, column in enumerate(key.columns) if column in settled]
        found = snap(child, theirs, seed=derive_seed(seed, name, *key.columns), fixed=fixed)
        there = taken(blueprint.table, parent, key, found)
        for place, column in enumerate(key.columns):
            if place not in fixed:
                columns[column] = pc.if_else(pa.array(found >= 0), there[column].cast(columns[column].type), columns[column])
        settled.update(key.columns)


def _valid(blueprint: Blueprint, frame: pa.Table, parents: Mapping[str, pa.Table]) -> pa.Table:
    """The frame with every foreign key valid: one that leads nowhere becomes null, or its row is dropped where it may not."""
    for key in blueprint.table.table.foreign_keys:
        if key.references not in parents:
            continue
        if not set(key.columns) <= set(frame.column_names):  # drawn later, from the keys that a reference table has
            if not any(blueprint.table.table.column(name).nullable for name in key.columns):
                require_rows(blueprint, key, parents[key.references], frame.num_rows)
            continue
        child = columns_of(frame, key.columns)
        filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
        wrong = filled & (match_rows(child, columns_of(parents[key.references], key.references_columns)) < 0)
        if not wrong.any():
            continue
        free = free_column(blueprint.table, key)
        if free is None:
            require_rows(blueprint, key, parents[key.references], int(wrong.sum()))
            frame = frame.filter(pa.array(~wrong))
            continue
        column = frame.column(free)
        cleared = pc.if_else(pa.array(wrong), pa.scalar(None, type=column.type), column)
        frame = frame.set_column(frame.column_names.index(free), free, cleared)
    return frame
