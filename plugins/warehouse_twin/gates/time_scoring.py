"""Scores of events: how long those of one parent are apart."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part
from warehouse_twin.gates.sampling import LOOKED_AT, Kinds, owners, sides_of
from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.metrics.columns import Bools, Ints
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.times import event_gaps, gaps_of
from warehouse_twin.randomness import permutation, uniforms

EVENTS = 4 * LOOKED_AT
"""Rows of each side that are sorted, about, of whole parents: most of them end a gap."""


def gap_score(table: str, key: ForeignKey, time: str, real: tuple[Part, Part], drawn: Part, *, seed: int) -> Score:
    """`event_gaps` of real and of drawn rows by the parent that `key` leads to; the floor has the training rows' times in another order.

    A parent is looked at with all its rows, whichever part those are in (the rest alone would be further apart): as held out where all
    are, as learned from where none is; where some are, as many parents count as held out as rows are.
    """
    both = Part(
        pa.concat_tables([part.rows.select([*key.columns, time]) for part in real]), np.concatenate([part.entities for part in real])
    )
    held = np.arange(len(both.rows)) >= len(real[0].rows)
    (events, parents), (drawn_events, drawn_parents) = (_whole(part, key, seed=seed) for part in (both, drawn))
    apart = _held_out(parents, held[events], seed=seed)
    training, holdout = (_gaps(both, events[side], parents[side], time) for side in (~apart, apart))
    mixed = events[~apart][permutation(int((~apart).sum()), seed=seed, stream="gaps/floor")]
    kinds = Kinds(training, _gaps(drawn, drawn_events, drawn_parents, time), _gaps(both, mixed, parents[~apart], time), holdout)
    return event_gaps(sides_of(table, kinds, ("gap", "before"), seed=seed))


def _whole(part: Part, key: ForeignKey, *, seed: int) -> tuple[Ints, Ints]:
    """About as many rows as are sorted, and their parents: all rows that a parent has, or none."""
    found = owners(part.rows, key)
    kept = np.flatnonzero((found >= 0) & (uniforms(found, seed=seed, stream="gaps") < EVENTS / max(len(found), 1)))
    return kept, found[kept]


def _held_out(parents: Ints, held: Bools, *, seed: int) -> Bools:
    """Which rows belong to a parent that counts as held out."""
    rows, out = np.bincount(parents), np.bincount(parents, weights=held)
    chance = uniforms(np.arange(len(rows)), seed=seed, stream="gaps/held") < held.mean() if len(rows) else np.zeros(0, dtype=bool)
    known: Bools = np.where(out == 0, False, np.where(out == rows, True, chance))
    return known[parents]


def _gaps(part: Part, rows: Ints, parents: Ints, time: str) -> Part:
    """The gaps between these rows; a gap belongs to the entity of its parent's first row."""
    gaps, ends = gaps_of(part.rows.column(time).take(pa.array(rows)), parents)
    _, first, place = np.unique(parents, return_index=True, return_inverse=True)
    return Part(gaps, part.entities[rows][first][place][ends] if len(rows) else np.zeros(0, dtype=np.int64))
