"""Bounded samples for measures that train a model, follow keys or sort events: as many rows of each kind, whatever a table's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse_twin.gates.inputs import Part
from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.metrics.binning import Binned, ColumnBins, binned
from warehouse_twin.metrics.columns import Ints, row_hashes
from warehouse_twin.metrics.replicates import entity_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.sides import Side, Sides
from warehouse_twin.randomness import derive_seed, first_permuted

LOOKED_AT = 4_000
"""Rows of each kind, at most: 8,000 for a model that tells two kinds apart."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Rows that were learned from, drawn, drawn column by column, and held out."""

    training: Part
    synthetic: Part
    floor: Part | None
    holdout: Part | None


def some(part: Part, size: int, *, seed: int, stream: str) -> Part:
    """So many rows of a part, by chance, or all."""
    chosen = first_permuted(len(part.rows), size, seed=derive_seed(seed, stream), stream="looked-at")
    return Part(part.rows.take(pa.array(chosen)), part.entities[chosen])


def sides_of(table: str, parts: Kinds, columns: Sequence[str], *, seed: int, most: int = LOOKED_AT) -> Sides:
    """Samples of `columns` in jackknife groups: of all kinds but the training part as many rows as the smallest has."""
    sizes = [len(part.rows) for part in (parts.synthetic, parts.floor, parts.holdout) if part is not None and len(part.rows)]
    size = min([most, *sizes])

    def side(part: Part, count: int, stream: str) -> Side:
        chosen = some(part, count, seed=seed, stream=stream)
        group, groups = entity_groups(chosen.entities, seed=seed)
        return Side(chosen.rows.select(list(columns)), group, groups)

    training, synthetic = side(parts.training, most, "training"), side(parts.synthetic, size, "synthetic")
    floor, holdout = (
        side(part, size, name) if part is not None and len(part.rows) else None
        for part, name in ((parts.floor, "floor"), (parts.holdout, "holdout"))
    )
    return Sides(table, training, synthetic, floor, holdout)


def samples_of(sides: Sides, bins: tuple[ColumnBins, ...]) -> Samples:
    """The same in bins."""

    def inside(side: Side) -> Binned:
        return binned(side.rows, bins, group=side.group, groups=side.groups)

    floor, holdout = (None if side is None else inside(side) for side in (sides.floor, sides.holdout))
    return Samples(sides.table, bins, inside(sides.training), inside(sides.synthetic), floor, holdout)


def families(rows: pa.Table, key: ForeignKey | None) -> Ints:
    """Drawn rows of one parent as one entity: what they have in common they have from it. Rows without a parent stand alone."""
    alone = np.arange(len(rows), dtype=np.int64)
    if key is None:
        return alone
    found = owners(rows, key)
    return np.where(found < 0, alone + len(rows), found)


def owners(rows: pa.Table, key: ForeignKey) -> Ints:
    """A number for every parent that rows name, whether it is there or not; -1 where a column of the key is missing."""
    (hashes,) = row_hashes([rows], [key.columns])
    _, place = np.unique(hashes, return_inverse=True)
    missing = np.logical_or.reduce([pc.is_null(rows.column(name)).to_numpy() for name in key.columns])
    return np.where(missing, -1, place)
