"""Keys of a table to itself, drawn: a hierarchy as learned, or inside groups whatever row came before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import codes_of, columns_of
from warehouse_twin.randomness import permutation, uniforms
from warehouse_twin.relations.blueprints import Blueprint, Ints, taken
from warehouse_twin.relations.contexts import key_label
from warehouse_twin.relations.hierarchies import fallback


def to_itself(blueprint: Blueprint, key: ForeignKey, frame: pa.Table, *, seed: int) -> pa.Table:
    """The frame with the key's columns: links to other rows of it, so that no row is its own ancestor; where null may not be, rows
    with nobody above them link to themselves. Columns that are settled already (those of a primary key that spans groups) agree
    with the other row's.
    """
    settled = [column for column in key.columns if column in frame.column_names]
    if len(settled) == len(key.columns):
        return frame
    stream = f"{blueprint.table.name}/{'+'.join(key.columns)}"
    required = blueprint.table.table.clearable(key) is None
    if settled:
        link = _in_groups(blueprint, key, frame, settled, required=required, seed=seed, stream=stream)
    else:
        link = _whole(blueprint, key, frame.num_rows, seed=seed, stream=stream)
        link = np.where(link < 0, np.arange(frame.num_rows), link) if required else link
    for column, values in taken(blueprint.table, frame, key, link).items():
        if column not in settled:
            frame = frame.append_column(column, values)
    return frame


def _whole(blueprint: Blueprint, key: ForeignKey, rows: int, *, seed: int, stream: str) -> Ints:
    """Who is above whom in the whole table, -1 for nobody: rows in their order, or any where they stand family by family."""
    hierarchy = blueprint.links.hierarchies.get(key_label(key))
    if hierarchy is None:
        hierarchy = fallback(blueprint.nulls(key), blueprint.profile.key(key.columns, key.references).children)
    link = hierarchy.draw(rows, seed=seed, stream=stream)
    if blueprint.plan.drive is None:
        return link
    order, moved = permutation(rows, seed=seed, stream=f"{stream}/order"), np.full(rows, -1, dtype=np.int64)
    moved[order] = np.where(link < 0, -1, order[np.maximum(link, 0)])
    return moved


def _in_groups(
    blueprint: Blueprint, key: ForeignKey, frame: pa.Table, settled: Sequence[str], *, required: bool, seed: int, stream: str
) -> Ints:
    """For each row an earlier one of its group, by the columns that are settled; -1 for none."""
    counters = np.arange(frame.num_rows, dtype=np.int64)
    (groups,) = codes_of(columns_of(frame, settled))
    order = np.argsort(groups, kind="stable")
    first = np.searchsorted(groups[order], groups)  # where a row's group begins in `order`
    place = np.empty(frame.num_rows, dtype=np.int64)
    place[order] = counters
    earlier = place - first
    target = order[first + (uniforms(counters, seed=seed, stream=stream) * earlier).astype(np.int64)]
    lonely = (earlier == 0) | (uniforms(counters, seed=seed, stream=f"{stream}/nulls") < blueprint.nulls(key))
    return np.where(earlier == 0, counters, target) if required else np.where(lonely, -1, target)
