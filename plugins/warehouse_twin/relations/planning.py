"""The frame of a synthetic table, before its columns are drawn: rows, links, new keys, leading columns, context.

Runs where all rows are at hand (keys are global); the rest of a row is drawn from its frame row alone, in Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.errors import SourceError
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.profiling.matching import codes_of, columns_of, match_rows
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.relations.counting import add_rows, draw_counts, drop_rows, links_of, scaled_to
from warehouse_twin.relations.distinct_keys import DistinctKeys
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.matching_keys import snap
from warehouse_twin.relations.new_keys import new_keys
from warehouse_twin.relations.training import CHILDREN, given_context
from warehouse_twin.synthesizers.protocol import Model

Ints = NDArray[np.int64]
Columns = dict[str, pa.ChunkedArray]
ROW = "__row"
TOLERANCE = 0.05
"""By what share the number of a table's rows may be off before the counts of children are corrected."""


@dataclass(frozen=True)
class Blueprint:
    """What planning needs to know of one table."""

    table: ResolvedTable
    plan: KeyPlan
    profile: TableProfile
    model: Model
    types: pa.Schema
    source_rows: int
    context: tuple[str, ...]
    """columns of the driving parent, by their own names"""
    children: Model | None = None
    """draws the number of children of the driving parent's rows, given their columns"""
    parent_rows: int = 0
    """rows of the driving parent in the source, where there are any"""

    def nulls(self, key: ForeignKey) -> float:
        """The share of rows whose key is null: none where no column of it may be."""
        if not any(self.table.table.column(name).nullable for name in key.columns):
            return 0.0
        return self.profile.key(key.columns, key.references).nulls


def frame_of(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> pa.Table:
    """The frame: `__row`, context as `<parent>.<column>`, keys, leading columns. `parents` are twin tables, by name.

    Every foreign key to one of `parents` is valid, and primary keys are unique; the few rows for which that cannot be had are
    dropped. Raises SourceError where rows must refer to a table that has none.
    """
    plan = blueprint.plan
    links = _links(blueprint, parents, seed=seed)
    rows = len(links[plan.links[0]]) if plan.links else _root_rows(blueprint)
    columns: Columns = {}
    for key, link in links.items():
        columns.update(_taken(blueprint.table, parents[key.references], key, link))
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
        frame = _to_itself(blueprint, key, frame, seed=seed)
    return frame


def _root_rows(blueprint: Blueprint) -> int:
    table = blueprint.table
    if table.rows is not None:
        return table.rows
    return round(blueprint.source_rows * (table.factor or 1.0))


# ── links: keys taken from a parent's row ────────────────────────────────────────────────────────────────────────────


def _links(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> dict[ForeignKey, Ints]:
    """For each link the parent row of every row, -1 for null; the driving one first, which also sets the number of rows."""
    links: dict[ForeignKey, Ints] = {}
    rows = 0
    for key in blueprint.plan.links:
        parent = parents[key.references]
        stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
        if not links:
            links[key] = _driving(blueprint, key, parent, seed=seed, stream=stream)
            rows = len(links[key])
            continue
        nulls = blueprint.nulls(key) if parent.num_rows or not _free(blueprint.table, key) else 1.0
        filled = rows - round(rows * nulls)
        _require(blueprint, key, parent, filled)
        evidence = blueprint.profile.key(key.columns, key.references)
        counts = draw_counts(evidence.children, parent.num_rows, seed=seed, stream=f"{stream}/counts")
        order = permutation(parent.num_rows, seed=seed, stream=f"{stream}/ties")
        wanted = np.zeros_like(counts)
        wanted[order] = scaled_to(counts[order], filled)
        drawn = links_of(wanted, seed=seed, stream=f"{stream}/links")
        link = np.concatenate([drawn, np.full(rows - filled, -1, dtype=np.int64)])
        links[key] = link[permutation(rows, seed=seed, stream=f"{stream}/nulls")] if filled < rows else link
    return links


def _driving(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, *, seed: int, stream: str) -> Ints:
    """Each parent row as often as it has children, and then the rows without a parent."""
    evidence, nulls = blueprint.profile.key(key.columns, key.references), blueprint.nulls(key)
    if blueprint.children is not None:
        given = parent.select(list(blueprint.context))
        drawn = blueprint.children.sample(parent.num_rows, seed=derive_seed(seed, stream), context=given).column(CHILDREN)
        counts = np.maximum(drawn.to_numpy().astype(np.int64), 0)
    else:
        counts = draw_counts(evidence.children, parent.num_rows, seed=seed, stream=f"{stream}/counts")
    found = int(counts.sum())
    expected = _expected(blueprint, parent.num_rows, nulls, default=found)
    if found < (1 - TOLERANCE) * expected:
        counts = add_rows(counts, expected - found, seed=seed, stream=f"{stream}/more")
    elif found > (1 + TOLERANCE) * expected:
        counts = drop_rows(counts, found - expected, seed=seed, stream=f"{stream}/fewer")
    if set(key.columns) == set(blueprint.table.table.primary_key):
        counts = np.minimum(counts, 1)
    linked = np.repeat(np.arange(parent.num_rows, dtype=np.int64), counts)
    alone = round(len(linked) * nulls / (1 - nulls)) if nulls < 1 else blueprint.source_rows
    return np.concatenate([linked, np.full(alone, -1, dtype=np.int64)])


def _expected(blueprint: Blueprint, parents: int, nulls: float, *, default: int) -> int:
    """Rows with a parent, in proportion to the source's.

    Counts fall short of it where few parents have most of the children, which is protected, and by the orphans of a key that
    may not be null, as in the twin they have parents; and in small tables by chance.
    """
    if not blueprint.parent_rows:
        return default
    return round(blueprint.source_rows * (1 - nulls) * parents / blueprint.parent_rows)


def _require(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, rows: int) -> None:
    if rows and not parent.num_rows:
        columns = ", ".join(key.columns)
        raise SourceError(
            f"{blueprint.table.name}: {rows:,} rows must refer to {key.references} by ({columns}), which may not be null, but "
            f"{key.references} has no row in the twin; next: give it rows, or list foreign_keys: of {blueprint.table.name} without this one"
        )


def _taken(table: ResolvedTable, parent: pa.Table, key: ForeignKey, link: Ints) -> Columns:
    """The key's columns from the parent's rows; without a parent null, or where a part of the key may not be null some row's."""
    index = pa.array(np.where(link < 0, 0, link), mask=link < 0)
    some = pa.array(np.where(link < 0, np.arange(len(link)) % max(1, parent.num_rows), link), mask=(link < 0) & (parent.num_rows == 0))
    pairs = zip(key.columns, key.references_columns, strict=True)
    return {mine: parent.column(theirs).take(index if table.table.column(mine).nullable else some) for mine, theirs in pairs}


# ── keys that are drawn and matched ──────────────────────────────────────────────────────────────────────────────────


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
        taken = _taken(blueprint.table, parent, key, found)
        for place, column in enumerate(key.columns):
            if place not in fixed:
                columns[column] = pc.if_else(pa.array(found >= 0), taken[column].cast(columns[column].type), columns[column])
        settled.update(key.columns)


def _free(table: ResolvedTable, key: ForeignKey) -> str | None:
    """A column of the key that can be null without breaking another key."""
    taken = {column for other in table.table.foreign_keys if other != key for column in other.columns} | set(table.table.primary_key)
    return next((name for name in key.columns if table.table.column(name).nullable and name not in taken), None)


def _valid(blueprint: Blueprint, frame: pa.Table, parents: Mapping[str, pa.Table]) -> pa.Table:
    """The frame with every foreign key valid: one that leads nowhere becomes null, or its row is dropped where it may not."""
    for key in blueprint.table.table.foreign_keys:
        if key.references not in parents:
            continue
        if not set(key.columns) <= set(frame.column_names):  # drawn later, from the keys that a reference table has
            if not any(blueprint.table.table.column(name).nullable for name in key.columns):
                _require(blueprint, key, parents[key.references], frame.num_rows)
            continue
        child = columns_of(frame, key.columns)
        filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
        wrong = filled & (match_rows(child, columns_of(parents[key.references], key.references_columns)) < 0)
        if not wrong.any():
            continue
        free = _free(blueprint.table, key)
        if free is None:
            _require(blueprint, key, parents[key.references], int(wrong.sum()))
            frame = frame.filter(pa.array(~wrong))
            continue
        column = frame.column(free)
        cleared = pc.if_else(pa.array(wrong), pa.scalar(None, type=column.type), column)
        frame = frame.set_column(frame.column_names.index(free), free, cleared)
    return frame


# ── keys to the table itself ─────────────────────────────────────────────────────────────────────────────────────────


def _to_itself(blueprint: Blueprint, key: ForeignKey, frame: pa.Table, *, seed: int) -> pa.Table:
    """Links to an earlier row of the same table, so that no row is its own ancestor; where null may not be, the first ones
    link to themselves. Columns that are settled already (those of a primary key that spans groups) agree with the other row's."""
    pairs = list(zip(key.columns, key.references_columns, strict=True))
    settled = [column for column, theirs in pairs if column in frame.column_names]
    if len(settled) == len(pairs):
        return frame
    rows, counters = frame.num_rows, np.arange(frame.num_rows, dtype=np.int64)
    stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
    (groups,) = codes_of(columns_of(frame, settled)) if settled else (np.zeros(rows, dtype=np.int64),)
    order = np.argsort(groups, kind="stable")
    first = np.searchsorted(groups[order], groups)  # where a row's group begins in `order`
    place = np.empty(rows, dtype=np.int64)
    place[order] = counters
    earlier = place - first
    target = order[first + (uniforms(counters, seed=seed, stream=stream) * earlier).astype(np.int64)]
    required = _free(blueprint.table, key) is None
    lonely = (earlier == 0) | (uniforms(counters, seed=seed, stream=f"{stream}/nulls") < blueprint.nulls(key))
    link = np.where(earlier == 0, counters, target) if required else np.where(lonely, -1, target)
    for column, values in _taken(blueprint.table, frame, key, link).items():
        if column not in settled:
            frame = frame.append_column(column, values)
    return frame
