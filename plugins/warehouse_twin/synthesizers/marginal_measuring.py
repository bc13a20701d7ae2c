"""What is measured of coded columns, each count with noise: every column, the pairs of a tree, and all pairs in coarse parts.

The tree joins columns that depend on each other most (Chow and Liu 1968, doi:10.1109/TIT.1968.1054142), chosen privately by how far a
pair is from independence (McKenna, Miklau and Sheldon 2021, arXiv:2108.04978). Coarse parts make all other pairs cheap: a few cells
with many rows each, of which noise takes little.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warehouse_twin.privacy.accounting import Account
from warehouse_twin.privacy.mechanisms import best, deviation, noisy_counts
from warehouse_twin.synthesizers.marginal_counting import Coded, Pair, Runner, dealt, in_process, pairs_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
COLUMNS, CHOICE, TREE, COARSE = 0.10, 0.10, 0.25, 0.55
"""Shares of the budget: of single columns, of choosing pairs, of the pairs chosen, of all pairs in coarse parts."""
PARTS = 8
"""Coarse parts of a column."""
MOVES = 4.0
"""How much a row can change a pair's distance from independence: its own cell by 1, the product of the margins by 3 at the most."""


@dataclass(frozen=True, slots=True)
class Count:
    """Noisy counts of one column or two, and the standard deviation of their noise. `coarse`: of its parts instead of its cells."""

    columns: tuple[int, ...]
    counts: Ints
    deviation: float
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the standard deviation of its noise."""

    value: float
    deviation: float

    def over(self, other: Estimate) -> Estimate:
        """This number a unit of another one, to first order."""
        ratio = self.value / other.value
        return Estimate(ratio, ratio * math.hypot(self.deviation / self.value, other.deviation / other.value))


def combined(estimates: Sequence[Estimate]) -> Estimate:
    """The mean of what was measured several times, weighted by precision; one at least, as what follows divides by it."""
    precision = np.asarray([one.deviation**-2 for one in estimates])
    mean = float(np.average([one.value for one in estimates], weights=precision))
    return Estimate(max(1.0, mean), float(precision.sum() ** -0.5))


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is known of a table's rows; `parts` gives the coarse part of each cell, by column."""

    sizes: tuple[int, ...]
    given: int
    rows: Estimate
    parts: tuple[tuple[int, ...], ...]
    counts: tuple[Count, ...]

    @property
    def tree(self) -> list[Count]:
        return [count for count in self.counts if len(count.columns) == 2 and not count.coarse]

    def single(self, column: int) -> Count:
        return next(count for count in self.counts if count.columns == (column,))

    @property
    def coarse_sizes(self) -> tuple[int, ...]:
        """Coarse parts of the columns that are not given."""
        return tuple(max(self.parts[column]) + 1 for column in range(self.given, len(self.sizes)))

    def coarse_codes(self, codes: Ints, rows: Ints) -> Ints:
        """The coarse parts that some rows fall into, shape `(columns that are not given, rows)`."""
        return np.stack([np.asarray(self.parts[column])[codes[column][rows]] for column in range(self.given, len(self.sizes))])

    def to_dict(self) -> dict[str, Any]:
        counts = [{**asdict(count), "counts": count.counts.tolist()} for count in self.counts]
        return {"sizes": self.sizes, "given": self.given, "rows": asdict(self.rows), "parts": self.parts, "counts": counts}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Measured:
        counts = [
            Count(tuple(item["columns"]), np.asarray(item["counts"], dtype=np.int64), item["deviation"], item["coarse"])
            for item in value["counts"]
        ]
        parts = tuple(tuple(part) for part in value["parts"])
        return cls(tuple(value["sizes"]), value["given"], Estimate(**value["rows"]), parts, tuple(counts))


@dataclass(frozen=True, slots=True)
class Spending:
    """What may be spent on a table: `rho` in all, an entity having at most `distance` rows."""

    rho: float
    distance: int
    account: Account

    def counted(self, what: str, counts: Ints, rho: float) -> tuple[Ints, float]:
        noisy, cost = noisy_counts(counts.ravel(), rho=rho, distance=self.distance)
        self.account.spend(what, cost)
        return noisy.reshape(counts.shape), deviation(cost.rho, distance=self.distance)


def measure(
    coded: Coded, given_parts: Sequence[tuple[int, ...]], rows: Estimate, spending: Spending, run: Runner = in_process
) -> Measured:
    """Measure a table within `spending`; `given_parts` are the coarse parts of the given columns, `rows` how many were counted before.

    `run` counts; noise is added here, to every table of counts that it brings.
    """
    own, found = coded.own, []
    singles = dealt(lambda place: coded.counts(coded.own[place]), len(own), coded.rows, run)
    for column, counts in zip(own, singles, strict=True):
        noisy, noise = spending.counted("columns", counts, spending.rho * COLUMNS / len(own))
        found.append(Count((column,), noisy, noise))
    sums = [Estimate(float(count.counts.sum()), count.deviation * math.sqrt(count.counts.size)) for count in found]
    parts = [*given_parts, *(coarse_parts(count.counts, ordered=coded.ordered[count.columns[0]]) for count in found)]
    pairs = pairs_of(coded, parts, run)
    edges = list(_chosen(coded, pairs, spending))
    tables = dealt(lambda place: coded.table(*edges[place]), len(edges), coded.rows, run)
    for edge, table in zip(edges, tables, strict=True):
        noisy, noise = spending.counted("tree", table, spending.rho * TREE / len(edges))
        found.append(Count(edge, noisy, noise))
    for columns, pair in pairs.items():
        noisy, noise = spending.counted("coarse pairs", pair.coarse, spending.rho * COARSE / len(pairs))
        found.append(Count(columns, noisy, noise, coarse=True))
    return Measured(coded.sizes, coded.given, combined([rows, *sums]), tuple(parts), tuple(found))


def coarse_parts(counts: Ints, *, ordered: bool) -> tuple[int, ...]:
    """A part for each cell. Of ordered cells those that are large by themselves are a part each, and neighbours among the others about
    equal shares of what is left; of unordered ones the largest are a part each and the rest together."""
    held = np.maximum(counts, 0).astype(float)
    if not ordered:
        places = np.empty(len(held), dtype=int)
        places[np.argsort(-held, kind="stable")] = np.minimum(np.arange(len(held)), PARTS - 1)
        return _numbered(places)
    large = held * PARTS > held.sum()
    rest = np.where(large, 0.0, held)
    middle = (np.cumsum(rest) - rest / 2) / max(rest.sum(), 1.0)
    left = PARTS - int(large.sum())
    within = np.minimum((middle * left).astype(int), left - 1)
    return _numbered(np.where(large, 2 * np.cumsum(large) - 1, 2 * np.cumsum(large)) * PARTS + np.where(large, 0, within))


def _numbered(places: NDArray[np.int_]) -> tuple[int, ...]:
    return tuple(int(place) for place in np.unique(places, return_inverse=True)[1])


def _chosen(coded: Coded, pairs: Mapping[tuple[int, int], Pair], spending: Spending) -> Iterator[tuple[int, int]]:
    """The pairs of a tree over all columns, chosen one by one; the given ones hang together already."""
    group = [0 if column < coded.given else column for column in range(len(coded.sizes))]
    edges = len(set(group)) - 1
    for _ in range(edges):
        open_pairs = [pair for pair in pairs if group[pair[0]] != group[pair[1]]]
        distances = [pairs[pair].distance for pair in open_pairs]
        place, cost = best(distances, rho=spending.rho * CHOICE / edges, distance=MOVES * spending.distance)
        spending.account.spend("choice of pairs", cost)
        a, b = open_pairs[place]
        joined = group[b]
        group = [group[a] if one == joined else one for one in group]
        yield a, b
