"""Canaries: rows that nobody has, planted for a model that is never published. Does the model say more of them than of their like?

Rows that are as unlikely, but were not planted, show what anybody could say (after Carlini, Liu, Erlingsson, Kos and Song 2019, "The Secret
Sharer", arXiv:1802.08232; here of drawn rows, without a look into the model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.attacks import Told, membership_area
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.nearest import nearest_in_groups
from warehouse_twin.metrics.points import encode_points
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed, permutation, uniforms

PLANTED = 300
"""Canaries of a table, at most: the interval of the area then reaches .08 to either side."""
PART = 4
"""Of so many rows one is planted, at most."""


@dataclass(frozen=True, slots=True)
class Canaries:
    """`rows`, in which the first `planted` ones replace rows of a training part; `likes` were made in the same way and stay out."""

    rows: pa.Table
    planted: int
    likes: pa.Table


def plant(training: pa.Table, *, given: Sequence[str], seed: int) -> Canaries:
    """Put canaries in the place of some rows: each column's value from a row of its own, what is `given` from the row replaced.

    So every value is one that many may have, and hardly any combination is anybody's.
    """
    count = min(PLANTED, len(training) // PART)
    order = permutation(len(training), seed=seed, stream="places")
    places, others, rest = order[:count], order[count : 2 * count], order[count:]
    made = _recombined(training, np.concatenate([places, others]), given=given, seed=seed)
    rows = pa.concat_tables([made.slice(0, count), training.take(pa.array(rest))]).combine_chunks()
    return Canaries(rows, count, made.slice(count))


def _recombined(training: pa.Table, bases: Ints, *, given: Sequence[str], seed: int) -> pa.Table:
    columns = {}
    for name in training.column_names:
        chance = uniforms(np.arange(len(bases), dtype=np.int64), seed=derive_seed(seed, "canaries"), stream=name)
        rows = bases if name in given else (chance * len(training)).astype(np.int64)
        columns[name] = training.column(name).take(pa.array(rows))
    return pa.table(columns, schema=training.schema)


def canary_score(table: str, canaries: Canaries, drawn: pa.Table, *, columns: Sequence[str]) -> Score:
    """The area under the ROC curve of telling planted canaries from their like by how near a drawn row is: as `membership_area`."""
    planted = canaries.rows.slice(0, canaries.planted)
    if not columns or not canaries.planted or not len(drawn):
        return membership_area("canaries", table, None, None)
    names = list(columns)
    asked, made = encode_points([pa.concat_tables([planted, canaries.likes]).select(names), drawn.select(names)], names)
    nearest = nearest_in_groups(asked, made, starts=np.zeros(1, dtype=np.int64))[:, 0].astype(np.float64)
    sides = -nearest[: canaries.planted], -nearest[canaries.planted :]
    nobody, alike = np.zeros(canaries.planted, dtype=bool), np.zeros(canaries.planted, dtype=np.int64)
    return membership_area("canaries", table, Told(*sides, (nobody, nobody), (alike, alike)), None)
