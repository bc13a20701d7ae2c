"""The data of a table's pictures: what the report draws beside the scores, from bounded samples, and k-safe.

Nothing here is judged. All of it is taken from rows that scoring has read, and is the same for the same inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, islice
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part, Real
from warehouse_twin.gates.key_scoring import Family
from warehouse_twin.gates.sampling import some
from warehouse_twin.metrics.binning import Holders
from warehouse_twin.metrics.copies import Records
from warehouse_twin.metrics.histograms import Shown, counts, distribution, joint, season, shown
from warehouse_twin.metrics.membership import membership
from warehouse_twin.metrics.times import cycles_of
from warehouse_twin.randomness import permuted

PICTURED = 20_000
"""Rows a side: the error of a share is then below 0.01."""
PAIRS = 3
SHORT_OF = 0.01
"""The pairs furthest below their ceilings are drawn cell by cell, if they are further than this."""


def picture(real: Real, rows: pa.Table, pairs: Mapping[str, Any]) -> dict[str, Any]:
    """Distributions, seasons, the weakest of `pairs` (as `pair_matrices` has them) and the membership curve of one table, as JSON."""
    names = [name for name in real.shapes if name in rows.column_names]
    training = some(Part(real.fair[0].rows.select(names), real.fair[0].entities), PICTURED, seed=real.seed, stream="pictures/training")
    drawn = some(Part.alone(rows.select(names)), PICTURED, seed=real.seed, stream="pictures/twin").rows
    holders = Holders(training.entities, real.k)
    found = shown(training.rows, drawn, holders, kinds=real.table.kinds)
    roc = _membership(real, rows)
    return {
        "distributions": [distribution(name, found) for name in names],
        "seasons": [season(name, cycle, training.rows, drawn, holders) for name, cycle in cycles_of(training.rows)],
        "pairs": _joint(found, pairs),
        "membership": roc,
    }


def picture_families(families: Sequence[Family], *, k: int, seed: int) -> list[dict[str, Any]]:
    """How many children parents have, for each foreign key."""
    found = []
    for family in families:
        sizes = [len(side) for side in (family.training, family.drawn)]
        sides = [permuted(np.arange(min(PICTURED, size)), size=size, seed=seed, stream="pictures/parents") for size in sizes]
        holders = Holders(family.entities[sides[0]], k)
        found.append({"columns": list(family.columns), **counts(family.training[sides[0]], family.drawn[sides[1]], holders)})
    return found


def _joint(found: Shown, pairs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The pairs furthest below their ceilings, cell by cell."""
    names, best = pairs["columns"], pairs["ceiling"]
    short = {
        (one, other): (best[row][column] or 1.0) - pairs["value"][row][column]
        for (row, one), (column, other) in combinations(enumerate(names), 2)
    }
    weakest = sorted((pair for pair in short if short[pair] > SHORT_OF), key=lambda pair: -short[pair])
    drawn = (joint(*pair, found) for pair in weakest)
    return list(islice((one for one in drawn if one is not None), PAIRS))


def _membership(real: Real, rows: pa.Table) -> dict[str, Any] | None:
    record = tuple(name for name in real.record if name in rows.column_names)
    records = Records(real.table.name, record, real.training.rows, rows, real.floor, real.holdout.rows)
    roc = membership(
        records, training_entities=real.training.entities, holdout_entities=real.holdout.entities, k=real.k, seed=real.seed
    )
    return None if roc is None else roc.to_dict()
