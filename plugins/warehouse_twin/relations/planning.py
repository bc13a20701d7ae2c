"""The frame of a synthetic table, before its columns are drawn: rows, links, new keys, leading columns, context.

Runs where all rows are at hand (keys are global); the rest of a row is drawn from its frame row alone, in Spark.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.errors import SourceError
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.profiling.matching import columns_of, duplicated
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.relations.counting import draw_counts, links_of, scaled_to
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.matching_keys import snap, spread_apart
from warehouse_twin.relations.new_keys import new_keys
from warehouse_twin.relations.training import CHILDREN, given_context
from warehouse_twin.synthesizers.protocol import Model

Ints = NDArray[np.int64]
ROW = "__row"


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


def frame_of(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> pa.Table:
    """The frame: `__row`, context as `<parent>.<column>`, keys, leading columns. `parents` are twin tables, by name."""
    plan, name = blueprint.plan, blueprint.table.name
    links = _links(blueprint, parents, seed=seed)
    rows = len(links[0]) if links else _root_rows(blueprint)
    columns: dict[str, pa.ChunkedArray] = {}
    for key, link in zip(plan.links, links, strict=True):
        columns.update(_taken(parents[key.references], key, link, skip=columns))
    if plan.new_key is not None:
        columns[plan.new_key] = new_keys(blueprint.profile.column(plan.new_key), blueprint.types.field(plan.new_key).type, rows, seed=seed)
    for key in plan.itself:
        columns.update(_to_itself(blueprint, key, columns, rows, seed=seed))
    context = pa.table({ROW: np.arange(rows, dtype=np.int64)})
    if plan.drive is not None and blueprint.context:
        parent = given_context(parents[plan.drive.references], plan.drive.references, blueprint.context, links[0])
        context = pa.table([*context.columns, *parent.columns], names=[ROW, *parent.column_names])
    if plan.leading:
        given = context.drop_columns([ROW]) if context.num_columns > 1 else None
        leading = blueprint.model.sample(rows, seed=derive_seed(seed, name), context=given, columns=plan.leading)
        columns.update({column: leading.column(column) for column in plan.leading})
    for key in plan.matched:
        _match(key, parents[key.references], columns, seed=derive_seed(seed, name, *key.columns))
    frame = pa.table([*context.columns, *columns.values()], names=[*context.column_names, *columns])
    return _unique(blueprint, frame)


def _root_rows(blueprint: Blueprint) -> int:
    table = blueprint.table
    if table.rows is not None:
        return table.rows
    return round(blueprint.source_rows * (table.factor or 1.0))


def _links(blueprint: Blueprint, parents: Mapping[str, pa.Table], *, seed: int) -> list[Ints]:
    """For each link the parent row of every row, -1 for null; the driving one first, which also sets the number of rows."""
    links: list[Ints] = []
    for index, key in enumerate(blueprint.plan.links):
        evidence = blueprint.profile.key(key.columns, key.references)
        parent_rows = parents[key.references].num_rows
        stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
        if index == 0 and blueprint.children is not None:
            given = parents[key.references].select(list(blueprint.context))
            drawn_counts = blueprint.children.sample(parent_rows, seed=derive_seed(seed, stream), context=given).column(CHILDREN)
            counts = np.maximum(drawn_counts.to_numpy().astype(np.int64), 0)
        else:
            counts = draw_counts(evidence.children, parent_rows, seed=seed, stream=f"{stream}/counts")
        if key.columns == blueprint.table.table.primary_key:
            counts = np.minimum(counts, 1)
        if index == 0:
            linked = np.repeat(np.arange(parent_rows, dtype=np.int64), counts)
            nulls = round(len(linked) * evidence.nulls / (1 - evidence.nulls)) if evidence.nulls < 1 else blueprint.source_rows
            links.append(np.concatenate([linked, np.full(nulls, -1, dtype=np.int64)]))
            continue
        rows = len(links[0])
        filled = rows - round(rows * evidence.nulls)
        if parent_rows == 0 and filled:
            raise SourceError(f"{blueprint.table.name}: {key.columns} must refer to {key.references}, which has no row in the twin")
        drawn = links_of(scaled_to(counts, filled), seed=seed, stream=f"{stream}/links")
        link = np.concatenate([drawn, np.full(rows - filled, -1, dtype=np.int64)])
        links.append(link[permutation(rows, seed=seed, stream=f"{stream}/nulls")] if filled < rows else link)
    return links


def _taken(parent: pa.Table, key: ForeignKey, link: Ints, *, skip: Mapping[str, object]) -> dict[str, pa.ChunkedArray]:
    index = pa.array(np.where(link < 0, 0, link), mask=link < 0)
    pairs = zip(key.columns, key.references_columns, strict=True)
    return {column: parent.column(theirs).take(index) for column, theirs in pairs if column not in skip}


def _to_itself(
    blueprint: Blueprint, key: ForeignKey, columns: Mapping[str, pa.ChunkedArray], rows: int, *, seed: int
) -> dict[str, pa.ChunkedArray]:
    """Links to an earlier row of the same table, so that no row is its own ancestor; the first row links to nobody."""
    nulls = blueprint.profile.key(key.columns, key.references).nulls
    counters = np.arange(rows, dtype=np.int64)
    stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
    target = (uniforms(counters, seed=seed, stream=stream) * counters).astype(np.int64)
    none = (uniforms(counters, seed=seed, stream=f"{stream}/nulls") < nulls) | (counters == 0)
    own = pa.table({name: columns[name] for name in key.references_columns})
    return _taken(own, key, np.where(none, -1, target), skip={})


def _match(key: ForeignKey, parent: pa.Table, columns: dict[str, pa.ChunkedArray], *, seed: int) -> None:
    found = snap(columns_of(pa.table(columns), key.columns), columns_of(parent, key.references_columns), seed=seed)
    columns.update(_taken(parent, key, found, skip={}))


def _unique(blueprint: Blueprint, frame: pa.Table) -> pa.Table:
    """The frame with unique primary keys: drawn numbers and times are spread apart, what still repeats is dropped."""
    primary = blueprint.table.table.primary_key
    if not primary or blueprint.plan.new_key is not None:
        return frame
    matched = {column for key in blueprint.plan.matched for column in key.columns}
    movable = [name for name in primary if name in blueprint.plan.leading and name not in matched]
    for name in movable:
        profile = blueprint.profile.column(name)
        if profile.kind in ("numeric", "datetime"):
            others = [frame.column(other) for other in primary if other != name]
            moved = spread_apart(frame.column(name), others, profile)
            frame = frame.set_column(frame.column_names.index(name), name, moved)
            break
    repeated = duplicated(columns_of(frame, primary))
    if not repeated.any():
        return frame
    frame = frame.filter(pa.array(~repeated))
    return frame.set_column(0, ROW, pa.array(np.arange(frame.num_rows, dtype=np.int64)))
