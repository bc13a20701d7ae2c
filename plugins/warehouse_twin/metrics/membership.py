"""Whether nearness to the twin tells who was learned from: the receiver operating characteristic of an attack by distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import Floats, Ints
from warehouse_twin.metrics.copies import FEWEST_COLUMNS, Records
from warehouse_twin.metrics.nearest import nearest_in_groups
from warehouse_twin.metrics.points import Shorts, encode_points
from warehouse_twin.metrics.replicates import Replicates, entity_groups
from warehouse_twin.randomness import permuted

SUSPECTS = 1_500
"""Rows of each kind that the attacker asks about: the standard error of the area is then about 0.01."""
REFERENCES = 20_000
"""Rows of the twin that they are compared with."""
FALSE_ALARMS = tuple(place / 50 for place in range(51))
LOW = 0.1
"""An attack that is right about a few, and knows when, shows at a low rate of false alarms (Carlini et al. 2022, arXiv:2112.03570)."""


@dataclass(frozen=True, slots=True)
class Roc:
    """`found[i]` of the rows that were learned from are called so where `FALSE_ALARMS[i]` of those held out are, too.

    `area` under the curve in [0, 1] is 0.5 for an attacker who guesses; `low` and `high` bound its 95 % interval; `n` rows of each kind.
    `floor` is the area for one who holds columns that were drawn alone: what the shares of single values tell.
    """

    found: tuple[float, ...]
    area: float
    low: float
    high: float
    floor: float | None
    n: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "false_alarms": list(FALSE_ALARMS),
            "found": list(self.found),
            "area": round(self.area, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "floor": None if self.floor is None else round(self.floor, 4),
            "found_at": {"false_alarms": LOW, "found": self.found[FALSE_ALARMS.index(LOW)]},
            "n": self.n,
        }


def membership(records: Records, *, training_entities: Ints, holdout_entities: Ints, k: int, seed: int) -> Roc | None:
    """The curve of an attacker who holds the twin and calls those rows learned from that lie closest to a row of it.

    Distances as in `points`. Asked about are as many rows of the training part as of the holdout, at most 1,500, compared with up to
    20,000 of the twin. `distances` looks the other way, from drawn rows to real ones, so nothing of it can be used here. The interval is
    a jackknife over groups of entities of either kind. None for a record of fewer than two columns, without rows on a side, or where
    fewer than k entities are on one.
    """
    holdout = records.holdout
    size = min(SUSPECTS, len(records.training), 0 if holdout is None else len(holdout))
    if len(records.columns) < FEWEST_COLUMNS or holdout is None or not min(size, len(records.synthetic)):
        return None
    suspects = [_chosen(len(rows), size, seed=seed, side=side) for side, rows in (("members", records.training), ("others", holdout))]
    people = [entities[rows] for entities, rows in zip((training_entities, holdout_entities), suspects, strict=True)]
    if min(len(np.unique(owners)) for owners in people) < max(k, 2):
        return None
    asked = [rows.take(chosen) for rows, chosen in zip((records.training, holdout), suspects, strict=True)]
    near, far = _nearness(records.synthetic, asked, records.columns, seed=seed)
    floor = None
    if records.floor is not None and len(records.floor):
        floor = area(*_nearness(records.floor, asked, records.columns, seed=seed))
    groups = [entity_groups(owners, seed=seed) for owners in people]
    replicates = Replicates(
        area(near, far),
        (
            np.asarray([area(near[groups[0][0] != group], far) for group in range(groups[0][1])]),
            np.asarray([area(near, far[groups[1][0] != group]) for group in range(groups[1][1])]),
        ),
    )
    low, high = replicates.interval()
    return Roc(tuple(round(float(rate), 4) for rate in curve(near, far)), replicates.value, low, high, floor, size)


def _nearness(held: pa.Table, asked: Sequence[pa.Table], columns: Sequence[str], *, seed: int) -> tuple[Shorts, Shorts]:
    """The distance of every row that is asked about, on either side, to the closest of those that are held."""
    known = held.take(_chosen(len(held), REFERENCES, seed=seed, side="held"))
    # ranks are those among the rows that the attacker has, which favours neither side
    points, *sides = encode_points([known, *asked], columns)
    start = np.zeros(1, dtype=np.int64)
    near, far = (nearest_in_groups(side, points, starts=start)[:, 0] for side in sides)
    return near, far


def area(members: Shorts | Ints, others: Shorts | Ints) -> float:
    """The chance that a row learned from is nearer than one held out, a tie counting half: Mann and Whitney's statistic."""
    ordered = np.sort(others)
    nearer = len(ordered) - (np.searchsorted(ordered, members, side="left") + np.searchsorted(ordered, members, side="right")) / 2
    return float(nearer.mean() / len(ordered))


def curve(members: Shorts | Ints, others: Shorts | Ints) -> Floats:
    """The share of rows learned from that are found at every rate of `FALSE_ALARMS`; between two distances a straight line."""
    steps = np.unique(np.concatenate([members, others]))
    found, alarms = (
        np.r_[0.0, np.searchsorted(np.sort(side), steps, side="right") / len(side)] for side in (members, others)
    )  # fmt: skip
    highest = np.r_[alarms[1:] != alarms[:-1], True]  # where the curve goes straight up, its upper end
    rates: Floats = np.interp(FALSE_ALARMS, alarms[highest], found[highest])
    return rates


def _chosen(rows: int, size: int, *, seed: int, side: str) -> Ints:
    return permuted(np.arange(min(size, rows)), size=rows, seed=seed, stream=f"membership/{side}")
