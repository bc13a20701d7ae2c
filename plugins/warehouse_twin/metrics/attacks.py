"""Who was learned from, by an attacker who holds the twin and many other people's rows: the attack by density ratio.

Who was learned from is where the twin is denser than the population is (DOMIAS: van Breugel, Sun, Qian and van der Schaar 2023,
arXiv:2302.12580). Densities are told by distances to the nearest row, by `points`. The population is all real rows that are
asked about, learned from or not, without those of the entity itself: entities of both kinds are treated alike, so where the twin
knows nothing of single ones, which of them were learned from is a matter of the split, and the area is 0.5 but for chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import Bools, Floats, Ints
from warehouse_twin.metrics.copies import FEWEST_COLUMNS, Records
from warehouse_twin.metrics.intervals import newcombe, reach
from warehouse_twin.metrics.nearest import FARTHEST, nearest_in_groups
from warehouse_twin.metrics.points import Points, Shorts, encode_points
from warehouse_twin.metrics.replicates import entity_groups
from warehouse_twin.metrics.risks import LEVEL
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.windows import Window, window
from warehouse_twin.profiling.matching import places_in_runs
from warehouse_twin.randomness import first_permuted, random_bits

ENTITIES = 3_000
"""Entities of each kind that the attacker asks about: the standard error of the area is then 0.0075."""
ROWS = 6_000
"""Rows of them, about, as many of everybody."""
HELD, ALONE = 20_000, 5_000
"""Rows of the twin that they are compared with, and of independent columns, of which no more is asked than what they come to."""
GROUPS = 20
CROWD = 5
"""Whose fifth nearest row of another entity is far away is exposed."""
EXPOSED = 10
"""One entity in so many is called exposed."""
ALARMS = 0.01


@dataclass(frozen=True, slots=True)
class Told:
    """What the attack says of every entity: the higher, the more likely it was learned from. Shapes `(members,)` and `(others,)`.

    `exposed` are those whose rows are the most unusual; `kinds` are the same number for those that were compared by the same columns.
    """

    members: Floats
    others: Floats
    exposed: tuple[Bools, Bools]
    kinds: tuple[Ints, Ints]

    def of_exposed(self) -> Told:
        """The exposed alone, each by how much more it is than the median of its kind: whom a rare value exposes that the twin does not have
        is less likely to have been learned from, and as if nearer to nobody."""
        one, other = self.exposed
        kinds, told = np.concatenate([self.kinds[0][one], self.kinds[1][other]]), np.concatenate([self.members[one], self.others[other]])
        for kind in np.unique(kinds):
            told[kinds == kind] -= np.median(told[kinds == kind])
        cut = int(one.sum())
        return Told(told[:cut], told[cut:], (one[one], other[other]), (kinds[:cut], kinds[cut:]))


@dataclass(frozen=True, slots=True)
class Asked:
    """The rows that are asked about: of `members` entities that were learned from, then of others; `entity` numbers them all."""

    rows: pa.Table
    entity: Ints
    members: int

    @property
    def entities(self) -> int:
        return int(self.entity.max(initial=-1)) + 1


def attack(records: Records, *, holdout_entities: Ints, seed: int) -> tuple[Told, Told | None] | None:
    """What the attack says with the twin in hand, and with independent columns in its place.

    Asked about are up to 3,000 entities of the training part and as many of the holdout, by the same number of rows each. Of a table
    with more than 20,000 rows as many are looked at, through a window. None for
    a record of fewer than two columns, or without rows on a side.
    """
    told = tell(records, [(records.floor, ALONE)] if records.floor is not None else [], holdout_entities=holdout_entities, seed=seed)
    return (told[0], told[1] if len(told) > 1 else None) if told else None


def tell(records: Records, more: Sequence[tuple[pa.Table, int]], *, holdout_entities: Ints, seed: int) -> list[Told]:
    """What the attack says with the twin in hand, then with each of `more` in its place, of which so many rows are looked at; nothing
    where there is nothing to ask."""
    held = records.holdout
    if len(records.columns) < FEWEST_COLUMNS or held is None or records.entities is None:
        return []
    names, known = list(records.columns), [(records.synthetic, HELD), *more]
    sides = [(records.training, records.entities), (held, holdout_entities)]
    if not min(len(rows) for rows, _ in (*sides, *known)):
        return []
    look = _window(records, held, seed=seed)
    asked = _asked([_seen(rows.select(names), look, entities) for rows, entities in sides], seed=seed)
    found = [_few(_seen(rows.select(names), look)[0], most, seed=seed) for rows, most in known]
    if not asked.members or asked.entities == asked.members or not len(found[0]):
        return []
    real, *drawn = encode_points([asked.rows, *found], names)
    people = _People.of(real, asked.entity, seed=seed)
    exposed = _exposed(asked, people.nearest[:, 1], seed=seed)
    return [_told(asked, *_nearer(people, points), exposed) for points in drawn if len(points)]


def _told(asked: Asked, nearer: Floats, kinds: Ints, exposed: Bools) -> Told:
    """The mean over every entity's rows; of its kinds the one with the largest number."""
    whole = np.bincount(asked.entity, weights=nearer) / np.bincount(asked.entity)
    kind = np.zeros(asked.entities, dtype=np.int64)
    np.maximum.at(kind, asked.entity, kinds)
    cut = asked.members
    return Told(whole[:cut], whole[cut:], (exposed[:cut], exposed[cut:]), (kind[:cut], kind[cut:]))


@dataclass(frozen=True, slots=True)
class _People:
    """All rows that are asked about, in order of groups of entities: `group` of each, and where each begins. `nearest` are the distances of
    every row to the nearest of the others and to about the fifth nearest, `(rows, 2)`: rows of its own group, a twentieth of all
    entities, do not count."""

    points: Points
    order: Ints
    group: Ints
    starts: Ints
    nearest: Shorts

    @classmethod
    def of(cls, points: Points, entity: Ints, *, seed: int) -> _People:
        group, groups = entity_groups(entity, seed=seed, groups=GROUPS)
        order = np.argsort(group, kind="stable")
        starts = np.searchsorted(group[order], np.arange(groups))
        return cls(points, order, group, starts, _nearest(points, points.take(order), group, starts))

    def without(self, left_out: Bools, rows: Ints) -> Shorts:
        """The distance of these rows to the nearest of the others, some categories left out."""
        if not left_out.any():
            return self.nearest[:, 0][rows]
        fewer = _kept(self.points, ~left_out)
        return _nearest(fewer.take(rows), fewer.take(self.order), self.group[rows], self.starts)[:, 0]


def _nearer(people: _People, twin: Points) -> tuple[Floats, Ints]:
    """The logarithm of how much nearer the twin is to every row than other people are, `(rows,)`, and a number for what it is compared by.

    A category that the twin does not have at all is compared with nobody's: that what few entities hold was not learned says more of how
    few they are than of any of them. Rows that are compared by other columns differ by as much from their own median.
    """
    real = people.points
    absent = np.zeros((len(real), len(real.codes)), dtype=bool)
    for column, (codes, known) in enumerate(zip(real.codes, twin.codes, strict=True)):
        absent[:, column] = ~np.isin(codes, known)
    patterns, kind = np.unique(absent, axis=0, return_inverse=True)
    nearer = np.zeros(len(real))
    for number, left_out in enumerate(patterns):
        rows = np.flatnonzero(kind.ravel() == number)
        asked, drawn = _kept(real.take(rows), ~left_out), _kept(twin, ~left_out)
        to_twin = nearest_in_groups(asked, drawn, starts=np.zeros(1, dtype=np.int64))[:, 0]
        found = np.log2(1.0 + people.without(left_out, rows)) - np.log2(1.0 + to_twin)
        nearer[rows] = found - np.median(found)
    return nearer, kind.ravel()


def _kept(points: Points, columns: Bools) -> Points:
    """Points by some of their columns of categories."""
    return Points(points.ranks, points.codes[columns], points.scale)


def _nearest(queries: Points, known: Points, group: Ints, starts: Ints) -> Shorts:
    nearest = nearest_in_groups(queries, known, starts=starts)
    nearest[np.arange(len(nearest)), group] = FARTHEST
    crowd = min(CROWD, len(starts)) - 1
    ordered: Shorts = np.partition(nearest, sorted({0, crowd}), axis=1)[:, [0, crowd]]
    return ordered


def _exposed(asked: Asked, crowd: Shorts, *, seed: int) -> Bools:
    """The tenth of the entities with a row that is farthest from the rows of a handful of others; of equally far ones some by chance."""
    farthest = np.zeros(asked.entities, dtype=np.int64)
    np.maximum.at(farthest, asked.entity, crowd)
    order = np.lexsort((random_bits(np.arange(len(farthest)), seed=seed, stream="exposed"), -farthest))
    exposed = np.zeros(len(farthest), dtype=bool)
    exposed[order[: len(order) // EXPOSED]] = True
    return exposed


def _asked(sides: Sequence[tuple[pa.Table, Ints]], *, seed: int) -> Asked:
    """Entities of both kinds, as many rows of each at most. Who has rows in both parts, as rows of two entities do, counts as learned
    from; then one row of everybody is looked at, as the others' are fewer."""
    (_, members), (_, others) = sides
    both = np.intersect1d(members, others)
    people = [
        distinct[first_permuted(len(distinct), ENTITIES, seed=seed, stream=f"asked/{place}")]
        for place, distinct in enumerate((np.unique(members), np.setdiff1d(others, both)))
    ]
    most = 1 if len(both) else max(1, ROWS // max(1, len(people[0]) + len(people[1])))
    (one, who), (other, whom) = (
        _first_rows(entities, chosen, most, seed=seed) for (_, entities), chosen in zip(sides, people, strict=True)
    )
    rows = pa.concat_tables([sides[0][0].take(pa.array(one)), sides[1][0].take(pa.array(other))])
    return Asked(rows, np.concatenate([who, whom + len(people[0])]), len(people[0]))


def _first_rows(entities: Ints, chosen: Ints, most: int, *, seed: int) -> tuple[Ints, Ints]:
    """So many rows, by chance, of each of these entities, and the entity's place among them."""
    theirs = np.flatnonzero(np.isin(entities, chosen))
    theirs = theirs[np.lexsort((random_bits(theirs, seed=seed, stream="asked/rows"), entities[theirs]))]
    kept = theirs[places_in_runs(entities[theirs]) < most]
    order = np.argsort(chosen)
    return kept, order[np.searchsorted(chosen, entities[kept], sorter=order)]


def _window(records: Records, held: pa.Table, *, seed: int) -> Window | None:
    """Through which about as many rows are seen as are looked at, but enough of those that were held out; None where all are."""
    share = max(HELD / max(1, min(len(records.training), len(records.synthetic))), 2 * ENTITIES / max(1, len(held)))
    return window(records.training, records.columns, share=share, seed=seed) if share < 1 else None


def _seen(rows: pa.Table, look: Window | None, entities: Ints | None = None) -> tuple[pa.Table, Ints]:
    owners = np.arange(len(rows), dtype=np.int64) if entities is None else entities
    if look is None:
        return rows, owners
    inside = look.inside(rows)
    return rows.filter(pa.array(inside)), owners[inside]


def _few(rows: pa.Table, most: int, *, seed: int) -> pa.Table:
    return rows.take(pa.array(first_permuted(len(rows), most, seed=seed, stream="held")))


# ── what it comes to ─────────────────────────────────────────────────────────────────────────────────────────────────


def membership_area(measure: str, table: str, told: Told | None, floor: Told | None) -> Score:
    """The area under the ROC curve of the attack: the chance that an entity learned from is told to be rather so than one held out.

    In [0, 1], lower is better, 0.5 is a coin's. The floor is that of independent columns in the twin's place: what the shares of single
    values tell. The interval is DeLong's (1988, doi:10.2307/2531595), with .03 % beyond either end; entities are independent of each
    other, rows of one are not. n is the smaller number of entities; with none on a side it is 0 and the interval all of [0, 1].
    """
    if told is None or not min(len(told.members), len(told.others)):
        return Score(measure, table, 0.5, 0.0, 1.0, 0, "lower")
    value, error = _area(told)
    half = reach(None, level=LEVEL) * error
    below = None if floor is None or not min(len(floor.members), len(floor.others)) else _area(floor)[0]
    n = min(len(told.members), len(told.others))
    return Score(measure, table, value, max(0.0, value - half), min(1.0, value + half), n, "lower", below)


def membership_found(measure: str, table: str, told: Told | None, floor: Told | None) -> Score:
    """The share of entities learned from that the attack finds where it is wrong about one in a hundred of the others: in [0, 1], lower
    is better, .01 is a coin's (the true-positive rate at 1 % false positives: Carlini et al. 2022, arXiv:2112.03570).

    Where ties leave fewer false alarms than that, the rest is guessed. The interval is Newcombe's for the difference of both rates, with
    .03 % beyond either end. n as in `membership_area`.
    """
    if told is None or not min(len(told.members), len(told.others)):
        return Score(measure, table, ALARMS, 0.0, 1.0, 0, "lower")
    found, alarms = _found(told)
    value = _guessed(found[0] / found[1] - alarms[0] / alarms[1])
    low, high = (_guessed(bound) for bound in newcombe(found, alarms, z=reach(None, level=LEVEL)))
    below = None
    if floor is not None and min(len(floor.members), len(floor.others)):
        (hits, members), (wrong, others) = _found(floor)
        below = _guessed(hits / members - wrong / others)
    return Score(measure, table, value, min(low, value), max(high, value), min(found[1], alarms[1]), "lower", below)


def _guessed(more: float) -> float:
    return min(1.0, max(0.0, ALARMS + more))


def _area(told: Told) -> tuple[float, float]:
    """The area and its standard error, by how many of the other kind everybody is placed above."""
    ordered = [np.sort(side) for side in (told.others, told.members)]
    below, above = (
        (np.searchsorted(other, side, side="left") + np.searchsorted(other, side, side="right")) / (2 * len(other))
        for side, other in zip((told.members, told.others), ordered, strict=True)
    )  # fmt: skip
    variance = sum(float(placed.var(ddof=1)) / len(placed) if len(placed) > 1 else 1.0 for placed in (below, above))
    return float(below.mean()), math.sqrt(variance)


def _found(told: Told) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many of how many are above what one in a hundred of the others is above: of those learned from, and of the others."""
    allowed = int(ALARMS * len(told.others))
    limit = np.sort(told.others)[len(told.others) - 1 - allowed]
    found, alarms = (int((side > limit).sum()) for side in (told.members, told.others))
    return (found, len(told.members)), (alarms, len(told.others))
