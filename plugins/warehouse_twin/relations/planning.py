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
from warehouse_twin.relations.blueprints import Blueprint, Columns, require_rows, taken
from warehouse_twin.relations.contexts import beside
from warehouse_twin.relations.cutting import empty_keys
from warehouse_twin.relations.descending import descended
from warehouse_twin.relations.distinct_keys import DistinctKeys
from warehouse_twin.relations.embedding import with_key
from warehouse_twin.relations.families import brought_together, drawn_ahead, families_of
from warehouse_twin.relations.frames import ROW, Contexts, Frame, contexts_of, drawn_in_stretches
from warehouse_twin.relations.kinds import KIND
from warehouse_twin.relations.linking import draw_driving, draw_second, match_drawn
from warehouse_twin.relations.making import with_made_keys, with_made_rows
from warehouse_twin.relations.new_keys import new_keys
from warehouse_twin.relations.numbering import with_positions
from warehouse_twin.relations.orphans import linked, unmatched
from warehouse_twin.relations.rebalancing import rebalanced
from warehouse_twin.relations.self_keys import to_itself
from warehouse_twin.relations.siblings import siblings
from warehouse_twin.synthesizers.sequence_terms import FAMILY


def planned(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> Frame:
    """The frame: `__row`, context as `blueprint.given` names it, keys, leading columns. `parents` are twin tables, by name: all
    that the table refers to, and those where its context is found; of their columns at least those of keys and context.

    Every foreign key to one of `parents` is valid, and primary keys are unique; the few rows for which that cannot be had are
    dropped. Raises SourceError where rows must refer to a table that has none.
    """
    plan = blueprint.plan
    columns: Columns = {}
    kinds: pa.Array | None = None
    rows = _root_rows(blueprint) if plan.drive is None else 0
    if plan.drive is not None:
        link, kinds = draw_driving(blueprint, parents, seed=seed)
        columns, rows = linked(blueprint, plan.drive, parents[plan.drive.references], link, seed=seed), len(link)
        columns |= families_of(blueprint.table, link)
    drawn = _draw_first(blueprint, _contexts(blueprint, columns, parents, kinds, driving=True), rows, seed=seed)
    for key in plan.links[1:]:
        link = draw_second(blueprint, key, parents, columns, drawn, rows, seed=seed)
        columns.update(linked(blueprint, key, parents[key.references], link, seed=seed))
    if plan.new_key is not None and plan.new_key not in blueprint.table.made:
        columns[plan.new_key] = _new_key(blueprint, plan.new_key, dict(columns), rows, seed=seed)
    if blueprint.table.order_by is None:
        columns.update({name: drawn[name] for name in plan.leading})
    elif drawn_ahead(blueprint.table, plan):
        columns.update(_draw_all(blueprint, columns, _contexts(blueprint, columns, parents, kinds), rows, seed=seed))
    columns.update({name: pa.chunked_array([values]) for name, values in empty_keys(blueprint, rows).items()})
    _match(blueprint, parents, columns, seed=seed)
    frame = pa.table({ROW: np.arange(rows, dtype=np.int64), **columns})
    frame = with_positions(frame, blueprint.profile.rules)
    frame = DistinctKeys(blueprint.table, plan, blueprint.profile, parents, seed=derive_seed(seed, "distinct")).apply(frame)
    frame = brought_together(_valid(blueprint, frame, parents))
    if frame.num_rows < rows:  # a row that is gone leaves a gap
        frame = with_positions(frame, blueprint.profile.rules)
    frame = frame.set_column(0, ROW, pa.array(np.arange(frame.num_rows, dtype=np.int64)))
    frame = with_made_keys(blueprint, frame, seed=seed)
    for key in plan.itself:
        frame = to_itself(blueprint, key, frame, seed=seed)
    frame = with_made_rows(blueprint, frame, seed=seed)
    columns = {name: frame.column(name) for name in frame.column_names if name != ROW}
    found = Frame(frame, _contexts(blueprint, columns, parents, kinds))
    ancestry = blueprint.links.ancestry
    return found if ancestry is None else descended(blueprint, ancestry, found, parents, seed=seed)


def _new_key(blueprint: Blueprint, name: str, columns: Columns, rows: int, *, seed: int) -> pa.ChunkedArray:
    """New keys; codes with the key of the row above in them where the source's have it."""
    profile, rules = blueprint.profile, [rule for rule in blueprint.profile.rules if rule.kind == "code" and rule.target == name]
    finish = (lambda texts, numbers: with_key(rules, name, texts, numbers, columns)) if rules else None
    return new_keys(profile.column(name), blueprint.types.field(name).type, rows, seed=seed, finish=finish)


def _root_rows(blueprint: Blueprint) -> int:
    table = blueprint.table
    if table.rows is not None:
        return table.rows
    return round(blueprint.source_rows * (table.factor or 1.0))


def _contexts(
    blueprint: Blueprint, columns: Columns, parents: Mapping[str, pa.Table], kinds: pa.Array | None, *, driving: bool = False
) -> Contexts:
    """What ancestors say of each row: all of them, or only those that the driving parent leads to, whose rows are of these `kinds`."""
    drive = blueprint.plan.drive
    ways = [way for way in blueprint.ways if not driving or way.keys[0] == drive]
    rows, more = pa.table(columns), []
    if blueprint.in_families and drive is not None:
        key = columns_of(rows, drive.columns)
        more.append(siblings(key, key))
    if kinds is not None and drive is not None:
        links = match_rows(columns_of(rows, drive.columns), columns_of(parents[drive.references], drive.references_columns))
        more.append(pa.table({KIND: kinds.take(pa.array(np.maximum(links, 0), mask=links < 0))}))
    return contexts_of(rows, ways, lambda name, names: parents[name].select(list(names)), more=beside(*more))


def _draw_first(blueprint: Blueprint, contexts: Contexts, rows: int, *, seed: int) -> Columns:
    """The columns that must be known of all rows at once, and the types of parents that the rows want."""
    plan, links, own = blueprint.plan, blueprint.links, derive_seed(seed, blueprint.table.name)
    if links.model is not None:
        drawn = drawn_in_stretches(links.model, rows, contexts.part, seed=own)
    elif not plan.leading or blueprint.table.order_by is not None:
        return {}
    elif blueprint.table.rebalance:  # of root tables alone, which have no context
        given = pa.table(rebalanced(blueprint.model, blueprint.table.rebalance, rows, seed=own, apart=blueprint.table.apart))
        drawn = blueprint.model.sample(rows, seed=own, context=given, columns=plan.leading)
    else:
        drawn = drawn_in_stretches(blueprint.model, rows, contexts.part, seed=own, columns=plan.leading)
    return {name: drawn.column(name) for name in drawn.column_names}


def _draw_all(blueprint: Blueprint, columns: Columns, contexts: Contexts, rows: int, *, seed: int) -> Columns:
    """Every column of a sequence that cannot be drawn in parts."""
    context = contexts.part(0, rows)
    given = beside(*([] if context is None else [context]), pa.table({FAMILY: columns[FAMILY]}))
    drawn = blueprint.model.sample(rows, seed=derive_seed(seed, blueprint.table.name), context=given)
    return {name: drawn.column(name) for name in drawn.column_names}


def _match(blueprint: Blueprint, parents: Mapping[str, pa.Table], columns: Columns, *, seed: int) -> None:
    """Move matched keys to keys that exist."""
    settled = {column for key in blueprint.plan.links for column in key.columns}
    for key in blueprint.plan.matched:
        parent = parents[key.references]
        fixed = [place for place, column in enumerate(key.columns) if column in settled]
        found = match_drawn(blueprint, key, parent, columns, fixed, seed=seed)
        if key.keeps_orphans:
            found, astray = unmatched(blueprint, key, parent, columns, found, seed=seed)
            columns.update({name: astray[name] for place, name in enumerate(key.columns) if name in astray and place not in fixed})
        there = taken(blueprint.table, parent, key, found)
        for place, column in enumerate(key.columns):
            if place not in fixed:
                columns[column] = pc.if_else(pa.array(found >= 0), there[column].cast(columns[column].type), columns[column])
        settled.update(key.columns)


def _valid(blueprint: Blueprint, frame: pa.Table, parents: Mapping[str, pa.Table]) -> pa.Table:
    """The frame with every foreign key valid: one that leads nowhere becomes null, or its row is dropped where it may not."""
    for key in blueprint.table.table.foreign_keys:
        if key.references not in parents or key.keeps_orphans:
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
        free = blueprint.table.table.clearable(key)
        if free is None:
            require_rows(blueprint, key, parents[key.references], int(wrong.sum()))
            frame = frame.filter(pa.array(~wrong))
            continue
        column = frame.column(free)
        cleared = pc.if_else(pa.array(wrong), pa.scalar(None, type=column.type), column)
        frame = frame.set_column(frame.column_names.index(free), free, cleared)
    return frame
