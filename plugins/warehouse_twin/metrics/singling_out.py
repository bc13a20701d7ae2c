"""Singling out: conditions that one row of the twin meets, and that one real row meets, too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from warehouse_twin.metrics.columns import Bools, Floats, Ints, joint_codes
from warehouse_twin.metrics.copies import FEWEST_COLUMNS
from warehouse_twin.metrics.intervals import newcombe, reach
from warehouse_twin.metrics.points import Points, encode_points
from warehouse_twin.metrics.risks import LEVEL, Attacked, impossible, risk_of
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed, first_permuted, permutation

ROWS = 20_000
"""Rows of each kind, at most."""
CONDITIONS = 1_000
"""Conditions of either sort, at most: on one column, and on several."""
MOST_TOGETHER = 5
CLOSE = 200
"""A number is met within half a hundredth of the twin's rows, either way."""


@dataclass(frozen=True, slots=True)
class _Met:
    """Of conditions how many were tried, and the rows that were the only ones to meet one: members first, others after them."""

    tried: int
    alone: Ints

    def and_also(self, other: _Met) -> _Met:
        return _Met(self.tried + other.tried, np.concatenate([self.alone, other.alone]))


def singling_out(attacked: Attacked, *, seed: int) -> Score:
    """How many conditions learned from the twin single out a member, beyond chance: a risk in [-1, 1], lower is better.

    A condition is a value that one row of the twin has, or what two to five columns of one of its rows hold (numbers within half a percent
    of its rows) where no other has all of it. It singles out where exactly one real row, of members and others together, meets it. Where
    the twin knows nothing of single rows that row is as likely to be any, so each of the others stands for as many members as there are
    to one of them: c = rate of others · members / others, and no model has to say what a larger crowd would do. The interval counts
    entities: several conditions that single out the same one are as many fewer trials (design effect, Kish 1965, "Survey Sampling").
    n is the entities of the smaller kind; without rows of a kind, or two columns, 0. (Giomi et al. 2022, arXiv:2211.10459, section 5.1.)
    """
    if not attacked.possible or len(attacked.columns) < FEWEST_COLUMNS:
        return impossible("singling_out", attacked.table)
    seen = attacked.some(ROWS, seed=seed, stream="singled")
    met = _single_values(seen, seed=seed).and_also(_several(seen, seed=seed))
    members = len(seen.training)
    ratio = members / len(seen.holdout)
    people = np.concatenate([seen.training_entities, seen.holdout_entities])
    times = np.concatenate([_times(people[alone]) for alone in (met.alone[met.alone < members], met.alone[met.alone >= members])])
    repeated = float(np.square(times).sum() / times.sum()) if len(times) else 1.0
    trials = met.tried / repeated, met.tried / repeated / ratio
    found = float((met.alone < members).sum()) / repeated, float((met.alone >= members).sum()) / repeated
    if not met.tried:
        return risk_of("singling_out", attacked.table, (0.0, 0.0), (0.0, 0.0), n=seen.people)
    counts = [(min(hits, many), many) for hits, many in zip(found, trials, strict=True)]
    difference = newcombe(counts[0], counts[1], z=reach(None, level=LEVEL))
    a, c = (hits / many for hits, many in counts)
    return risk_of("singling_out", attacked.table, (a, c), difference, n=seen.people)


def _times(people: Ints) -> Floats:
    """How often each entity is there."""
    return np.unique(people, return_counts=True)[1].astype(np.float64)


def _single_values(seen: Attacked, *, seed: int) -> _Met:
    """Values that one row of the twin has."""
    held = len(seen.synthetic)
    values, rows = [], []
    for name in seen.columns:
        sides = joint_codes([seen.synthetic.column(name), seen.training.column(name), seen.holdout.column(name)], name=name)
        codes = np.concatenate(sides)
        once = np.bincount(sides[0], minlength=int(codes.max()) + 1) == 1
        crowd = np.bincount(codes[held:], minlength=len(once))
        owner = np.zeros(len(once), dtype=np.int64)
        owner[codes[held:]] = np.arange(len(codes) - held)
        values.append(crowd[once])
        rows.append(owner[once])
    crowd, owner = np.concatenate(values), np.concatenate(rows)
    chosen = first_permuted(len(crowd), CONDITIONS, seed=seed, stream="values")
    return _Met(len(chosen), owner[chosen][crowd[chosen] == 1])


def _several(seen: Attacked, *, seed: int) -> _Met:
    """What several columns of one row of the twin hold."""
    held, *real = encode_points([seen.synthetic, seen.training, seen.holdout], seen.columns)
    both = Points(
        np.concatenate([side.ranks for side in real], axis=1), np.concatenate([side.codes for side in real], axis=1), held.scale
    )
    tried, alone = 0, []
    for number, row in enumerate(first_permuted(len(held), CONDITIONS, seed=seed, stream="rows")):
        order = permutation(len(seen.columns), seed=derive_seed(seed, "columns", number), stream="columns")
        columns = order[: FEWEST_COLUMNS + number % (min(MOST_TOGETHER, len(order)) - FEWEST_COLUMNS + 1)]
        if np.count_nonzero(_meeting(held, held, int(row), columns)) == 1:
            tried += 1
            found = np.flatnonzero(_meeting(both, held, int(row), columns))
            alone += [int(found[0])] if len(found) == 1 else []
    return _Met(tried, np.asarray(alone, dtype=np.int64))


def _meeting(rows: Points, held: Points, row: int, columns: Ints) -> Bools:
    """Which rows hold in these columns what a row of the twin holds: columns of ranks come first."""
    met = np.ones(len(rows), dtype=bool)
    for place in columns:
        if place < len(held.ranks):
            met &= np.abs(rows.ranks[place] - held.ranks[place, row]) <= held.scale // CLOSE
        else:
            met &= rows.codes[place - len(held.ranks)] == held.codes[place - len(held.ranks), row]
    return met
