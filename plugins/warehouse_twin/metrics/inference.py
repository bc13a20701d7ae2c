"""Attacks by the nearest row of the twin: linking two parts of a record, and guessing a column from the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import Floats, Ints, joint_codes, kind_of
from warehouse_twin.metrics.copies import FEWEST_COLUMNS
from warehouse_twin.metrics.points import Points, Shorts, encode_points
from warehouse_twin.metrics.risks import LEVEL, Attacked, Tried, impossible, of_entities, risk
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import permutation

SUSPECTS, HELD = 1_000, 20_000
"""Rows of each kind that are attacked, and rows of the twin that are searched."""
MOST_COLUMNS = 24
"""Columns that are known of a row: so many tell anybody from anybody."""
CLOSE = 100
"""A number counts as guessed within a hundredth of the twin's rows: who guesses by chance is right one time in fifty."""


def nearest_row_attacks(attacked: Attacked, *, seed: int) -> list[Score]:
    """`linkability` and `attribute_inference` of a table, each a risk in [-1, 1], lower is better.

    *Linkability*: somebody knows the columns of a row in two lists, each half of the columns, and links what has the same nearest row in
    the twin. *Attribute inference*: they know all columns but one and guess it as the row of the twin has it that is nearest by the others;
    the column whose risk is the surest is the score's, with an interval that allows for the choice. Gower's distance as in `points`;
    of rows that are equally near each is as likely to be taken. Up to 1,000 rows of each kind, 20,000 of the twin, 24 columns.
    Without rows of a kind, or two columns, n is 0. (Giomi et al. 2022, arXiv:2211.10459, sections 5.2 and 5.3.)
    """
    if not attacked.possible or len(attacked.columns) < FEWEST_COLUMNS:
        return [impossible(measure, attacked.table) for measure in ("linkability", "attribute_inference")]
    order = permutation(len(attacked.columns), seed=seed, stream="known")[:MOST_COLUMNS]
    columns = [attacked.columns[place] for place in np.sort(order)]
    asked = attacked.some(SUSPECTS, seed=seed, stream="asked")
    held = attacked.some(HELD, seed=seed, stream="held").synthetic
    names, (points, *sides) = _encoded([held, asked.training, asked.holdout], columns)
    one = _half(held, names)
    known = [list(_tries(side, points, one)) for side in sides]
    people = asked.training_entities, asked.holdout_entities
    linked = Tried(*(of_entities(np.asarray([link for link, _ in tries]), owners) for tries, owners in zip(known, people, strict=True)))
    guessed = [np.stack([guess for _, guess in tries]) for tries in known]
    found = []
    for place, name in enumerate(names):
        tried = Tried(*(of_entities(guesses[:, place], owners) for guesses, owners in zip(guessed, people, strict=True)))
        level = LEVEL / len(names)
        found.append(risk("attribute_inference", attacked.table, tried, n=asked.people, columns=(name,), level=level))
    surest = max(found, key=lambda score: (score.low, score.value))
    return [risk("linkability", attacked.table, linked, n=asked.people), surest]


def _encoded(tables: Sequence[pa.Table], columns: Sequence[str]) -> tuple[list[str], list[Points]]:
    """The columns in the order that points have them, ranks first, and the points; ranks are among the rows that the attacker has."""
    ranked = [name for name in columns if kind_of(tables[0].schema.field(name).type) in ("numeric", "datetime")]
    return [*ranked, *(name for name in columns if name not in ranked)], encode_points(tables, columns)


def _half(held: pa.Table, names: Sequence[str]) -> Ints:
    """The places of every second column, those that tell most rows apart first: so either half tells rows apart."""
    distinct = [len(np.unique(joint_codes([held.column(name)], name=name)[0])) for name in names]
    return np.argsort(-np.asarray(distinct), kind="stable")[::2].astype(np.int64)


def _tries(asked: Points, held: Points, one: Ints) -> Iterator[tuple[float, Floats]]:
    """Of every row the chance that its halves are linked, and of each column, shape `(columns,)`, that it is guessed."""
    ranks, scale = len(held.ranks), held.scale
    close = np.r_[np.full(ranks, scale // CLOSE), np.zeros(len(held.codes))].astype(np.int16)
    apart = np.empty((ranks + len(held.codes), len(held)), dtype=np.int16)
    for row in range(len(asked)):
        np.subtract(held.ranks, asked.ranks[:, row, None], out=apart[:ranks])
        np.abs(apart[:ranks], out=apart[:ranks])
        np.minimum(apart[:ranks], scale, out=apart[:ranks])  # missing is as far from every value as values can be from each other
        np.multiply(held.codes != asked.codes[:, row, None], np.int16(scale), out=apart[ranks:])
        whole = apart.sum(axis=0, dtype=np.int16)
        half = apart[one].sum(axis=0, dtype=np.int16)
        yield _linked(half, whole - half), np.asarray([_guessed(whole - mine, mine, close[place]) for place, mine in enumerate(apart)])


def _linked(one: Shorts, other: Shorts) -> float:
    """The chance that one of the rows nearest by one half is taken by the other half, too."""
    first, second = np.flatnonzero(one == one.min()), np.flatnonzero(other == other.min())
    both = len(np.intersect1d(first, second, assume_unique=True))
    return both / (len(first) * len(second))


def _guessed(others: Shorts, mine: Shorts, close: np.int16) -> float:
    """The chance that one of the rows nearest by the other columns has the value."""
    nearest = mine[others == others.min()]
    return float(np.count_nonzero(nearest <= close)) / len(nearest)
