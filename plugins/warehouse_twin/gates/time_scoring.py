"""Scores of events: how long those of one parent are apart, and what a row says of the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part, Real
from warehouse_twin.gates.sampling import LOOKED_AT, Kinds, owners, samples_of, sides_of
from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.metrics.binning import Holders, fit_bins
from warehouse_twin.metrics.columns import Bools, Ints, decode, kind_of
from warehouse_twin.metrics.pairs import mean_trend, measure_pairs, related
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.times import event_gaps, gaps_of
from warehouse_twin.randomness import permutation, uniforms

EVENTS = 4 * LOOKED_AT
"""Rows of each side that are sorted, about, of whole parents: most of them end a gap."""


@dataclass(frozen=True, slots=True)
class Events:
    """Rows of whole parents: `rows` of `part` and the parent of each."""

    part: Part
    rows: Ints
    parents: Ints


def gap_score(table: str, key: ForeignKey, time: str, real: tuple[Part, Part], drawn: Part, *, seed: int) -> Score:
    """`event_gaps` of real and of drawn rows by the parent that `key` leads to; the floor has the training rows' times in another order."""
    training, held, made = _events(key, (time,), real, drawn, seed=seed)
    mixed = Events(training.part, training.rows[permutation(len(training.rows), seed=seed, stream="gaps/floor")], training.parents)
    sides = Kinds(*(_gaps(events, time) for events in (training, made, mixed, held)))
    return event_gaps(sides_of(table, sides, ("gap", "before"), seed=seed))


def step_score(key: ForeignKey, columns: tuple[str, ...], real: Real, drawn: Part) -> Score:
    """`step_trend`: how a column of a row goes together with the same column of the row before it, of the same parent by the table's
    `order_by`: 1 - total variation distance as `pair_trend`, in [0, 1], the mean over the columns that follow from their past in the
    source. The floor has each row after another one. (Of categories these are the transitions of a Markov chain.)"""
    table, seed, order = real.table, real.seed, real.table.order_by or ""
    events = _events(key, tuple(dict.fromkeys((order, *columns))), real.fair, drawn, seed=seed)
    training, held, made = (_steps(one, order, columns) for one in events)
    if not min(len(training.rows), len(made.rows)):
        return Score("step_trend", table.name, 0.0, 0.0, 1.0, 0)
    other = pa.array(permutation(len(training.rows), seed=seed, stream="steps/floor"))
    moved = training.rows.select([_before(name) for name in columns]).take(other)
    apart = pa.table({name: (training.rows if name in columns else moved).column(name) for name in training.rows.column_names})
    sides = sides_of(table.name, Kinds(training, made, Part(apart, training.entities), held), training.rows.column_names, seed=seed)
    kinds = {**table.kinds, **{_before(name): kind for name, kind in table.kinds.items()}}
    bins = fit_bins(training.rows, sides.columns, kinds=kinds, holders=Holders(training.entities, real.k))
    samples = samples_of(sides, bins)
    pairs = measure_pairs(samples, zip(bins[: len(columns)], bins[len(columns) :], strict=True))
    return mean_trend("step_trend", samples, related(pairs))


def _events(
    key: ForeignKey, columns: tuple[str, ...], real: tuple[Part, Part], drawn: Part, *, seed: int
) -> tuple[Events, Events, Events]:
    """Events that were learned from, held out, and drawn, with these columns.

    A parent is looked at with all its rows, whichever part those are in (the rest alone would be further apart): as held out where all
    are, as learned from where none is; where some are, as many parents count as held out as rows are.
    """
    names = list(dict.fromkeys((*key.columns, *columns)))
    both = Part(pa.concat_tables([part.rows.select(names) for part in real]), np.concatenate([part.entities for part in real]))
    held = np.arange(len(both.rows)) >= len(real[0].rows)
    (events, parents), (drawn_events, drawn_parents) = (_whole(part, key, seed=seed) for part in (both, drawn))
    apart = _held_out(parents, held[events], seed=seed)
    training, holdout = (Events(both, events[side], parents[side]) for side in (~apart, apart))
    return training, holdout, Events(drawn, drawn_events, drawn_parents)


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


def _gaps(events: Events, time: str) -> Part:
    """The gaps between these rows; a gap belongs to the entity of its parent's first row."""
    gaps, ends = gaps_of(events.part.rows.column(time).take(pa.array(events.rows)), events.parents)
    return Part(gaps, _entities(events)[ends])


def _steps(events: Events, order: str, columns: tuple[str, ...]) -> Part:
    """Every row that has one before it, with that one's columns beside its own."""
    rows = events.part.rows.take(pa.array(events.rows))
    values = decode(rows.column(order), kind_of(rows.schema.field(order).type), name=order)
    place = np.lexsort((values.data, values.missing, events.parents))
    same = np.flatnonzero(np.diff(events.parents[place]) == 0)
    now, before = rows.take(pa.array(place[same + 1])), rows.take(pa.array(place[same]))
    joined = {name: now.column(name) for name in columns} | {_before(name): before.column(name) for name in columns}
    return Part(pa.table(joined), _entities(events)[place[same + 1]])


def _entities(events: Events) -> Ints:
    """The entity of each row's parent: that of its first row."""
    _, first, place = np.unique(events.parents, return_index=True, return_inverse=True)
    return events.part.entities[events.rows][first][place] if len(events.rows) else np.zeros(0, dtype=np.int64)


def _before(name: str) -> str:
    return f"{name} before"
