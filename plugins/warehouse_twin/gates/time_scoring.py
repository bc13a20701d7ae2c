"""Scores of events: how long those of one parent are apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part
from warehouse_twin.gates.sampling import LOOKED_AT, Kinds, owners, sides_of
from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.times import event_gaps, gaps_of
from warehouse_twin.randomness import permutation, uniforms

EVENTS = 4 * LOOKED_AT
"""Rows of each kind that are sorted, about, of whole parents: most of them end a gap."""


def gap_score(table: str, key: ForeignKey, time: str, parts: tuple[Part, Part, Part], *, seed: int) -> Score:
    """`event_gaps` of training, drawn and held-out rows by the parent that `key` leads to; the floor has the training rows' times in
    another order."""
    training, drawn, holdout = (_some_families(part, key, time, seed=seed) for part in parts)
    order = permutation(len(training[0].rows), seed=seed, stream="gaps/floor")
    mixed = Part(training[0].rows.take(pa.array(order)), training[0].entities)
    kinds = Kinds(_gaps(*training, time), _gaps(*drawn, time), _gaps(mixed, training[1], time), _gaps(*holdout, time))
    return event_gaps(sides_of(table, kinds, ("gap", "before"), seed=seed))


def _some_families(part: Part, key: ForeignKey, time: str, *, seed: int) -> tuple[Part, np.ndarray]:
    """About as many rows as are sorted, and their parents: all that a parent has, or none."""
    found = owners(part.rows, key)
    kept = np.flatnonzero(uniforms(found, seed=seed, stream="gaps") < EVENTS / max(len(found), 1))
    return Part(part.rows.select([time]).take(pa.array(kept)), part.entities[kept]), found[kept]


def _gaps(part: Part, parents: np.ndarray, time: str) -> Part:
    rows, ends = gaps_of(part.rows.column(time), parents)
    return Part(rows, part.entities[ends])
