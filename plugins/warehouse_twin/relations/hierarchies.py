"""Keys of a table to itself: who is above whom."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import codes_of, columns_of
from warehouse_twin.randomness import uniforms
from warehouse_twin.relations.blueprints import Blueprint, taken


def to_itself(blueprint: Blueprint, key: ForeignKey, frame: pa.Table, *, seed: int) -> pa.Table:
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
    required = blueprint.table.table.clearable(key) is None
    lonely = (earlier == 0) | (uniforms(counters, seed=seed, stream=f"{stream}/nulls") < blueprint.nulls(key))
    link = np.where(earlier == 0, counters, target) if required else np.where(lonely, -1, target)
    for column, values in taken(blueprint.table, frame, key, link).items():
        if column not in settled:
            frame = frame.append_column(column, values)
    return frame
