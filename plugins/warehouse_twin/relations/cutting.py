"""Keys at which a circle of tables was cut: empty while the tables are drawn, filled when all of them are there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import codes_of, columns_of
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.blueprints import Blueprint, Ints, taken
from warehouse_twin.relations.contexts import key_label, parent_features
from warehouse_twin.relations.counting import scaled_within
from warehouse_twin.relations.dealing import balanced, deal
from warehouse_twin.relations.linking import exactly, target_counts


def empty_keys(blueprint: Blueprint, rows: int) -> dict[str, pa.Array]:
    """The columns that only cut keys have, null for now."""
    columns = [name for key in blueprint.plan.cut for name in blueprint.table.table.own_columns(key)]
    return {name: pa.nulls(rows, type=blueprint.types.field(name).type) for name in columns}


def fill_cut(blueprint: Blueprint, rows: pa.Table, parents: Mapping[str, pa.Table], *, seed: int) -> pa.Table:
    """The drawn rows of a table with its cut keys filled: as many null as in the source, every parent with the children it is to
    have, and of the type that a row wants. Columns of the key that another key holds too stay as they are.
    """
    for key in blueprint.plan.cut:
        parent = parents[key.references]
        link = _link(blueprint, key, rows, parent, seed=seed)
        for name, values in taken(blueprint.table, parent, key, link).items():
            if name in blueprint.table.table.own_columns(key):
                place = rows.column_names.index(name)
                rows = rows.set_column(place, rows.schema.field(place), values.cast(rows.schema.field(place).type))
    return rows


def _link(blueprint: Blueprint, key: ForeignKey, rows: pa.Table, parent: pa.Table, *, seed: int) -> Ints:
    """The parent of each row, -1 for none."""
    link = np.full(rows.num_rows, -1, dtype=np.int64)
    mine, theirs = _groups(blueprint, key, rows, parent)
    able = np.flatnonzero((mine >= 0) & np.isin(mine, theirs))
    total = min(len(able), rows.num_rows - round(rows.num_rows * blueprint.nulls(key)))
    if not total:
        return link
    stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
    wanted, types = _types(blueprint, key, rows, parent, seed=derive_seed(seed, stream, "types"))
    wanted = exactly(wanted[able], total, seed=seed, stream=f"{stream}/nulls")
    some = able[wanted >= 0]
    counts = target_counts(blueprint, key, parent, total, seed=seed)
    if not theirs.any():
        counts = balanced(counts, types, np.bincount(wanted[wanted >= 0], minlength=int(types.max()) + 1), seed=seed, stream=stream)
    counts = scaled_within(counts, theirs, np.bincount(mine[some], minlength=int(theirs.max()) + 1))
    size = int(max(types.max(), wanted.max())) + 1
    link[some] = deal(mine[some] * size + wanted[wanted >= 0], counts, theirs * size + types, seed=seed, stream=f"{stream}/links")
    return link


def _groups(blueprint: Blueprint, key: ForeignKey, rows: pa.Table, parent: pa.Table) -> tuple[Ints, Ints]:
    """Codes of rows and parents by the key's columns that are settled: a row's parent must agree with it there."""
    own = blueprint.table.table.own_columns(key)
    settled = [(name, theirs) for name, theirs in zip(key.columns, key.references_columns, strict=True) if name not in own]
    if not settled:
        return np.zeros(rows.num_rows, dtype=np.int64), np.zeros(parent.num_rows, dtype=np.int64)
    mine, theirs = codes_of(columns_of(rows, [name for name, _ in settled]), columns_of(parent, [name for _, name in settled]))
    return mine, theirs


def _types(blueprint: Blueprint, key: ForeignKey, rows: pa.Table, parent: pa.Table, *, seed: int) -> tuple[Ints, Ints]:
    """The type of parent each row wants, -1 for none, and the type of each parent."""
    sorts, model = blueprint.links.types.get(key_label(key)), blueprint.links.late.get(key_label(key))
    if sorts is None or model is None:
        return np.zeros(rows.num_rows, dtype=np.int64), np.zeros(parent.num_rows, dtype=np.int64)
    types = sorts.of(parent_features(parent, sorts.ways, lambda name, columns: parent.select(list(columns))))
    wanted = model.sample(rows.num_rows, seed=seed, context=rows).column(0).cast(pa.int64()).fill_null(-1)
    return wanted.to_numpy().astype(np.int64), types
