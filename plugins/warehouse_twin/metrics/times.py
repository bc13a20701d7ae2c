"""Time: the order of moments within a row and from a parent to its child, calendars, and how long events are apart.

Moments are whole microseconds since 1970 (times with a zone in UTC). Everything is counted in cells that are fixed on the training
rows, and compared as in `sides.counted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from warehouse_twin.metrics.columns import Ints, Values, decode
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Cells, Counted, Side, Sides, any_of, counted, nothing

HOUR = 3_600 * 1_000_000
DAY = 24 * HOUR
CYCLES = ("hour", "weekday", "month")
_SIZES = {"hour": 24, "weekday": 7, "month": 12}
GAP_BINS = 10


def times_of(rows: pa.Table) -> tuple[str, ...]:
    """The columns that hold days or moments."""
    return tuple(field.name for field in rows.schema if pt.is_date(field.type) or pt.is_timestamp(field.type))


def time_order(sides: Sides, pairs: Sequence[tuple[str, str]] | None = None, *, measure: str = "time_order") -> Score:
    """How often one moment lies before, at or after another, or is missing: 1 - total variation distance, in [0, 1].

    The relations of moments in Allen 1983 (doi:10.1145/182.358434). Of all pairs of time columns (or of `pairs`) the one that is
    furthest below its ceiling, named in `columns`. A day and a moment compare as days. Without a pair n is 0 and the interval all
    of [0, 1].
    """
    times = times_of(sides.training.rows)
    asked = list(combinations(times, 2)) if pairs is None else [pair for pair in pairs if set(pair) <= set(times)]
    schema = sides.training.rows.schema
    found = []
    for pair in asked:
        days = any(pt.is_date(schema.field(name).type) for name in pair)
        found.append(counted(sides, partial(_order, pair=pair, unit=DAY if days else 1), columns=pair))
    return _worst(measure, sides, found)


def seasonality(sides: Sides) -> Score:
    """How rows are spread over the hours of the day, the days of the week and the months of the year: 1 - total variation
    distance, in [0, 1].

    Of all time columns and of the three cycles (hours only of moments that have some) the one that is furthest below its ceiling;
    `columns` names column and cycle. The sums over a cycle are the seasonal sub-series of Cleveland and others 1990 (STL, Journal
    of Official Statistics 6(1)), as shares. Without a time column n is 0 and the interval all of [0, 1].
    """
    cycles = cycles_of(sides.training.rows)
    found = [counted(sides, partial(_phase, name=name, cycle=cycle), columns=(name, cycle)) for name, cycle in cycles]
    return _worst("seasonality", sides, found)


def event_gaps(sides: Sides) -> Score:
    """How long the events of one parent are apart, and what a gap says of the next: 1 - total variation distance, in [0, 1].

    Rows are gaps between an event and the one before it of the same parent, `gap`, and the gap before that, `before` (null at the
    first), in microseconds: counted in the cells of two by ten quantile bins of the training gaps, so that both the times
    between events and their autocorrelation at lag one are compared (the ordinal form of Ljung and Box 1978,
    doi:10.1093/biomet/65.2.297). Without a gap n is 0 and the interval all of [0, 1].
    """
    if not min(len(sides.training.rows), len(sides.synthetic.rows)):
        return nothing("event_gaps", sides)
    edges = np.unique(np.quantile(_numbers(sides.training, "gap").data, np.arange(1, GAP_BINS) / GAP_BINS))

    def cells(side: Side) -> Cells:
        gap, before = _numbers(side, "gap"), _numbers(side, "before")
        own = np.searchsorted(edges, gap.data, side="left")
        earlier = np.where(before.missing, len(edges) + 1, np.searchsorted(edges, before.data, side="left"))
        return Cells(own * (len(edges) + 2) + earlier, (len(edges) + 1) * (len(edges) + 2))

    return counted(sides, cells, columns=()).scored("event_gaps", sides)


def gaps_of(times: pa.ChunkedArray, parents: Ints) -> tuple[pa.Table, Ints]:
    """The gaps between events of the same parent (negative: none), and the row of `parents` that each gap ends at."""
    values = decode(times, "datetime", name="time")
    rows = np.flatnonzero((parents >= 0) & ~values.missing)
    rows = rows[np.lexsort((values.data[rows], parents[rows]))]
    same = np.diff(parents[rows]) == 0
    gap = np.diff(values.data[rows])
    twice = np.r_[False, same[:-1]] if len(same) else same
    before = pa.array(np.r_[0, gap[:-1]] if len(gap) else gap, mask=~twice)
    table = pa.table({"gap": pa.array(gap), "before": before}).filter(pa.array(same))
    return table, rows[1:][same]


def _worst(measure: str, sides: Sides, found: Sequence[Counted]) -> Score:
    if not found or not min(len(sides.training.rows), len(sides.synthetic.rows)):
        return nothing(measure, sides)
    return max(found, key=lambda one: one.shortfall).scored(measure, sides)


def _order(side: Side, pair: tuple[str, str], unit: int) -> Cells:
    """0 to 2 for before, at, after, in whole units; 3 to 5 where the one, the other or both are missing."""
    first, second = (_moments(side.rows, name) for name in pair)
    sign = np.sign(first.data // unit - second.data // unit) + 1
    missing = first.missing.astype(np.int64) + 2 * second.missing
    return Cells(np.where(missing > 0, missing + 2, sign), 6)


def cycles_of(rows: pa.Table) -> Iterator[tuple[str, str]]:
    """The time columns, each with the cycles that rows of it can be spread over."""
    for name in times_of(rows):
        for cycle in CYCLES:
            codes = phases(rows, name, cycle).codes
            if any_of(codes) and (cycle != "hour" or (codes > 0).any()):
                yield name, cycle


def _phase(side: Side, name: str, cycle: str) -> Cells:
    return phases(side.rows, name, cycle)


def phases(rows: pa.Table, name: str, cycle: str) -> Cells:
    """The hour (0 to 23), weekday (0 is Monday) or month (0 is January) of every row."""
    values = _moments(rows, name)
    if cycle == "hour":
        codes = values.data // HOUR % 24
    elif cycle == "weekday":
        codes = (values.data // DAY + 3) % 7
    else:
        codes = (values.data // DAY).astype("M8[D]").astype("M8[M]").astype(np.int64) % 12
    return Cells(np.where(values.missing, -1, codes), _SIZES[cycle])


def _moments(rows: pa.Table, name: str) -> Values:
    return decode(rows.column(name), "datetime", name=name)


def _numbers(side: Side, name: str) -> Values:
    return decode(side.rows.column(name), "numeric", name=name)
