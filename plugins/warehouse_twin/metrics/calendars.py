"""Calendar time: how rows are spread over it, and where it begins and ends.

Moments are whole microseconds since 1970, as in `times`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from warehouse_twin.metrics.columns import Floats, Ints, decode
from warehouse_twin.metrics.replicates import Replicates
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Cells, Counted, Side, Sides, counted, nothing
from warehouse_twin.metrics.times import times_of

PERIODS = 20
BEYOND, FEWEST = 0.005, 10
"""Where time begins and ends: this share of the rows, and so many of them, lie beyond."""
NOTICED = 0.05
"""How far below its ceiling an end is off."""


def horizon(sides: Sides) -> Score:
    """How rows are spread over calendar time, and where it begins and ends: in [0, 1], 1 is equal.

    For every time column three parts: 1 - total variation distance over twenty periods that hold equally many training rows, before
    the first and after the last one a period each (`spread`); and 1 - how far apart the moments are that half a percent of the rows lie
    before, or after, as a share of the time between the two in the training rows. The part that is furthest below its ceiling, named in
    `columns` beside the column: `begins early` or `late`, `ends early` or `late`; a spread also says which end is off. Without a time
    column or rows n is 0 and the interval all of [0, 1].
    """
    found = [part for name in times_of(sides.training.rows) if sides.n for part in _parts(sides, name)]
    return max(found, key=lambda one: one.shortfall).scored("horizon", sides) if found else nothing("horizon", sides)


def _parts(sides: Sides, name: str) -> list[Counted]:
    known = _known(sides.training, name)
    if not len(known):
        return []
    edges = np.quantile(known, np.arange(1, PERIODS) / PERIODS)
    edges = np.unique(np.r_[known.min() - 1, edges, known.max()])
    beyond = max(BEYOND, min(0.5, FEWEST / max(sides.n, 1)))
    span = float(np.subtract(*np.quantile(known, (1 - beyond, beyond))))
    ends = [_end(sides, name, share, span, word) for share, word in ((beyond, "begins"), (1 - beyond, "ends"))]
    off = [end.columns[1] for end in ends if end.shortfall > NOTICED]
    return [counted(sides, partial(_period, name=name, edges=edges), columns=(name, ", ".join(["spread", *off]))), *ends]


def _period(side: Side, name: str, edges: Floats) -> Cells:
    values = decode(side.rows.column(name), "datetime", name=name)
    return Cells(np.where(values.missing, -1, np.searchsorted(edges, values.data, side="left")), len(edges) + 1)


def _end(sides: Sides, name: str, share: float, span: float, word: str) -> Counted:
    """How near the moments are that this share of the rows lies before."""

    def agreement(real: Ints, other: Ints) -> float:
        if not len(real) or not len(other):
            return float(len(real) == len(other))
        away = abs(float(np.quantile(real, share) - np.quantile(other, share)))
        return max(0.0, 1 - away / span) if span else float(away == 0)

    real, drawn = _known(sides.training, name), _known(sides.synthetic, name)
    without = [np.asarray([agreement(part, drawn) for part in _leaving_out(sides.training, name)])]
    without.append(np.asarray([agreement(real, part) for part in _leaving_out(sides.synthetic, name)]))
    late = len(drawn) and np.quantile(drawn, share) > np.quantile(real, share)
    floor, ceiling = (None if side is None else agreement(real, _known(side, name)) for side in (sides.floor, sides.holdout))
    return Counted((name, f"{word} {'late' if late else 'early'}"), Replicates(agreement(real, drawn), tuple(without)), floor, ceiling)


def _known(side: Side, name: str) -> Ints:
    values = decode(side.rows.column(name), "datetime", name=name)
    found: Ints = values.data[~values.missing]
    return found


def _leaving_out(side: Side, name: str) -> Iterator[Ints]:
    """The moments that are known without each group."""
    values = decode(side.rows.column(name), "datetime", name=name)
    return (values.data[~values.missing & (side.group != group)] for group in range(side.groups))
