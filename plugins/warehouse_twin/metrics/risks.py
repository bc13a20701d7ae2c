"""What an attacker who holds the twin finds out about those it was learned from, beyond what they find out about anybody.

Every attack is tried on two kinds of real rows: members, which were learned from, and others, which were held out. What succeeds as often
with the others needs nothing of a member in the twin: it is what the source's distribution tells. The risk is how much more often it
succeeds with members, as a share of the room that the others leave: (a - c) / (1 - c), 0 for a twin that gives nobody away, 1 for one that
gives everybody away (Giomi et al. 2022, "A unified framework for quantifying privacy risk in synthetic data", arXiv:2211.10459).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.intervals import newcombe, reach
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed, first_permuted

LEVEL = 0.0003
"""What lies beyond one end of an attack's interval: with five attacks on each of ten tables an honest release is refused by chance in at
most one of sixty. Beyond that of a 95 % interval one table in forty would be."""


@dataclass(frozen=True, slots=True)
class Attacked:
    """A table before an attacker: the rows of the twin that they hold, and all real rows with the entity of each, shape `(rows,)`.

    `columns` are those that make a row somebody's. `holdout` has no rows where nothing was held out.
    """

    table: str
    columns: tuple[str, ...]
    synthetic: pa.Table
    training: pa.Table
    holdout: pa.Table
    training_entities: Ints
    holdout_entities: Ints

    @property
    def possible(self) -> bool:
        """Whether there are rows of each kind, and columns to attack by."""
        return bool(self.columns) and min(len(self.synthetic), len(self.training), len(self.holdout)) > 0

    def some(self, size: int, *, seed: int, stream: str) -> Attacked:
        """The same with so many rows of each kind at most, by chance."""
        chosen = [
            first_permuted(len(rows), size, seed=derive_seed(seed, stream), stream=side)
            for side, rows in (("twin", self.synthetic), ("members", self.training), ("others", self.holdout))
        ]
        synthetic, training, holdout = (
            rows.take(pa.array(places)) for rows, places in zip((self.synthetic, self.training, self.holdout), chosen, strict=True)
        )
        people = self.training_entities[chosen[1]], self.holdout_entities[chosen[2]]
        return Attacked(self.table, self.columns, synthetic, training, holdout, *people)

    @property
    def people(self) -> int:
        """Entities of the smaller kind."""
        return min(len(np.unique(entities)) for entities in (self.training_entities, self.holdout_entities))


@dataclass(frozen=True, slots=True)
class Tried:
    """Of each entity that was attacked how much succeeded, in [0, 1], shape `(entities,)`."""

    members: Floats
    others: Floats

    @property
    def rates(self) -> tuple[float, float]:
        """The mean over members, and over others; 0 where there is none."""
        a, c = (float(found.mean()) if len(found) else 0.0 for found in (self.members, self.others))
        return a, c

    def difference(self, *, level: float) -> tuple[float, float]:
        """The interval of the first less the second: Newcombe's, with entities as trials. Parts of successes vary less than whole ones,
        so it is rather too wide than too narrow."""
        counts = [(float(found.sum()), float(len(found))) for found in (self.members, self.others)]
        return newcombe(counts[0], counts[1], z=reach(None, level=level))


def of_entities(success: Floats, entities: Ints) -> Floats:
    """The mean success of each entity's rows, shape `(entities,)`."""
    _, place = np.unique(entities, return_inverse=True)
    rows = np.bincount(place)
    means: Floats = np.bincount(place, weights=success) / np.maximum(rows, 1)
    return means


def risk(measure: str, table: str, tried: Tried, *, n: int, columns: tuple[str, ...] = (), level: float = LEVEL) -> Score:
    """(a - c) / (1 - c) in [-1, 1] with its interval; where the others leave no room, nothing more can be found out and it is 0."""
    return risk_of(measure, table, tried.rates, tried.difference(level=level), n=n, columns=columns)


def risk_of(
    measure: str, table: str, rates: tuple[float, float], difference: tuple[float, float], *, n: int, columns: tuple[str, ...] = ()
) -> Score:
    """The same of two rates and the interval of their difference."""
    room = 1 - rates[1]
    if room <= 0:
        return Score(measure, table, 0.0, 0.0, 0.0, n, "lower", columns=columns)
    low, value, high = (min(1.0, max(-1.0, part / room)) for part in (difference[0], rates[0] - rates[1], difference[1]))
    return Score(measure, table, value, min(low, value), max(high, value), n, "lower", columns=columns)


def impossible(measure: str, table: str) -> Score:
    """The score of an attack that there is nothing to try on: n is 0 and the interval all of [-1, 1]."""
    return Score(measure, table, 0.0, -1.0, 1.0, 0, "lower")
