"""What few people have in common, and whether the twin shows it: rare combinations of values, and rare words in texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from warehouse_twin.metrics.columns import Bools, Floats, Ints, row_hashes
from warehouse_twin.metrics.risks import LEVEL, Attacked, Tried, impossible, of_entities
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import UInts, first_permuted, mix, permutation

SUSPECTS = 1_500
"""Rows of each kind whose rare combinations are looked for."""
MOST_COLUMNS, MOST_TOGETHER = 6, 3
LOOKED_UP = 30_000_000
"""Rows that are gone through, over all sets of columns: of a table of millions few sets are looked at."""
_BITS = np.uint64(44)
"""What is left of a hash to look up at first: 20 bits."""
Combination = tuple[int, ...]


def rare_combinations(attacked: Attacked, *, k: int, seed: int) -> Score:
    """How much of what fewer than k real entities have in common the twin shows of its members: in [0, 1], lower is better.

    Of up to 1,500 rows of each kind, all combinations of one, two or three columns that fewer than k entities hold, of all real rows, and
    that have no rare part (minimal uniques: Elliot, Manning and Ford 2002, doi:10.1142/S0218488502001600); the value is the share
    that the twin holds, the mean over members, the ceiling that over others. The interval is that of the difference, laid at the
    ceiling. Up to six columns, fewer sets of them where tables are long. Where nothing is rare value and ceiling are 0.
    """
    if not attacked.possible:
        return impossible("rare_combinations", attacked.table)
    order = permutation(len(attacked.columns), seed=seed, stream="columns")[:MOST_COLUMNS]
    sides = [attacked.training, attacked.holdout, attacked.synthetic]
    hashes = [row_hashes(sides, [[attacked.columns[place]]] * len(sides)) for place in order]
    members, others = (
        first_permuted(len(side), SUSPECTS, seed=seed, stream=stream) for stream, side in (("members", sides[0]), ("others", sides[1]))
    )
    people = attacked.training_entities[members], attacked.holdout_entities[others]
    owner = numbered(*people)
    rare, shown = np.zeros((2, len(owner)), dtype=np.int64)
    known: dict[Combination, Bools] = {}
    for chosen in _sets(len(order), sum(map(len, sides))):
        training, holdout, synthetic = (_together([hashes[place][side] for place in chosen]) for side in range(len(sides)))
        asked = np.concatenate([training[members], holdout[others]])
        known[chosen] = _rare(asked, owner, [(training, attacked.training_entities), (holdout, attacked.holdout_entities)], k)
        parts = [known[part] for size in range(1, len(chosen)) for part in combinations(chosen, size)]
        least = known[chosen] & ~np.logical_or.reduce([np.zeros(len(asked), dtype=bool), *parts])
        rare += least
        shown[least] += _among(asked[least], synthetic)
    return shown_score("rare_combinations", attacked.table, (rare, shown), people)


def shown_score(measure: str, table: str, counts: tuple[Ints, Ints], people: tuple[Ints, Ints]) -> Score:
    """The score of how much of what is rare in each row is shown: counts of rare and of shown things, members first."""
    split = len(people[0])
    rates: list[Floats] = []
    for rare, shown, owners in zip(*(np.split(count, [split]) for count in counts), people, strict=True):
        some = rare > 0
        rates.append(of_entities(shown[some] / rare[some], owners[some]))
    tried = Tried(*rates)
    value, ceiling = tried.rates
    n = min(len(np.unique(owners)) for owners in people)
    if not len(tried.members):
        return Score(measure, table, 0.0, 0.0, 0.0, n, "lower", ceiling=0.0)
    low, high = (min(1.0, max(0.0, ceiling + bound)) for bound in tried.difference(level=LEVEL))
    return Score(measure, table, value, min(low, value), max(high, value), n, "lower", ceiling=ceiling)


def holders(codes: Ints, owner: Ints, *, size: int) -> Ints:
    """How many owners each of `size` codes has, shape `(size,)`."""
    _, person = np.unique(owner, return_inverse=True)
    people = int(person.max(initial=0)) + 1
    return np.bincount(np.unique(codes * people + person) // people, minlength=size)


def numbered(members: Ints, others: Ints) -> Ints:
    """The entities of rows of both kinds by numbers, members first: those of different kinds are different."""
    one, other = (np.unique(entities, return_inverse=True)[1] for entities in (members, others))
    return np.concatenate([one, other + int(one.max(initial=-1)) + 1])


def _sets(columns: int, rows: int) -> Iterator[Combination]:
    """Sets of one, two and three columns, as many as there is time for: one at least."""
    sets = [chosen for size in range(1, MOST_TOGETHER + 1) for chosen in combinations(range(columns), size)]
    return iter(sets[: max(1, LOOKED_UP // max(rows, 1))])


def _together(columns: Sequence[UInts]) -> UInts:
    found = columns[0]
    for column in columns[1:]:
        found = mix(mix(found) ^ column)
    return found


def _rare(asked: UInts, owner: Ints, sides: Sequence[tuple[UInts, Ints]], k: int) -> Bools:
    """Which of the values asked for fewer than k entities hold; entities of different sides are different."""
    wanted, place = np.unique(asked, return_inverse=True)
    common = holders(place, owner, size=len(wanted)) >= k  # which spares to look for what most rows have
    left = np.flatnonzero(~common)
    held = np.zeros(len(left), dtype=np.int64)
    for hashes, entities in sides:
        found, row = _lookup(wanted[left], hashes)
        held += holders(found, entities[row], size=len(left))
    few = np.zeros(len(wanted), dtype=bool)
    few[left[held < k]] = True
    rare: Bools = few[place]
    return rare


def _among(asked: UInts, hashes: UInts) -> Bools:
    """Which of the values asked for are there."""
    wanted, place = np.unique(asked, return_inverse=True)
    there = np.zeros(len(wanted), dtype=bool)
    there[_lookup(wanted, hashes)[0]] = True
    found: Bools = there[place]
    return found


def _lookup(wanted: UInts, hashes: UInts) -> tuple[Ints, Ints]:
    """Where each row's value is among those wanted, which are sorted, and which rows those are that have one."""
    if not len(wanted):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    maybe = np.zeros(1 << (64 - int(_BITS)), dtype=bool)
    maybe[wanted >> _BITS] = True
    rows = np.flatnonzero(maybe[hashes >> _BITS])
    place = np.minimum(np.searchsorted(wanted, hashes[rows]), len(wanted) - 1)
    same = wanted[place] == hashes[rows]
    return place[same].astype(np.int64), rows[same].astype(np.int64)
