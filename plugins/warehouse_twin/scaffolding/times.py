"""Time columns: which order the events of a parent, and which are the windows that versions of it hold in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.profiling.matching import match_rows
from warehouse_twin.scaffolding.foreign_keys import Known
from warehouse_twin.scaffolding.naming import words_of
from warehouse_twin.scaffolding.proposal import TableProposal
from warehouse_twin.scaffolding.vocabulary import BEGIN, END, NO_EVENTS
from warehouse_twin.warehouses.catalog import ForeignKey

PER_PARENT = 2.0
"""Rows that a parent has on average, of those that have any, from which on their order is worth learning."""
HOLDS = 0.999
_INT64_MAX = np.iinfo(np.int64).max


def propose_times(table: TableProposal, drive: ForeignKey, known: Known) -> None:
    """Windows, else an order, for the rows of a parent; neither where it is not evident."""
    rows = known.rows[table.name]
    parents = match_rows(
        [rows.column(name) for name in drive.columns],
        [known.rows[drive.references].column(name) for name in drive.references_columns],
    )
    for begin, end in _windows(table, rows):
        if _apart(parents, rows.column(begin), rows.column(end)):
            why = f"windows by their names, and those of one row of {drive.references} do not overlap"
            table.validity = (begin, end, why)
            return
    times = _times(table, rows)
    if len(times) == 1 and _per_parent(parents) >= PER_PARENT:
        why = f"its only time that is always there; a row of {drive.references} has {_per_parent(parents):.1f} rows on average"
        table.order_by = (times[0], why)


def _per_parent(parents: NDArray[np.int64]) -> float:
    have = parents[parents >= 0]
    return float(len(have) / max(1, len(np.unique(have))))


def _times(table: TableProposal, rows: pa.Table) -> list[str]:
    """Dates and timestamps that say when something happened."""
    keys = {name for item in table.foreign for name in item.key.columns}
    return [
        name
        for name in rows.column_names
        if _is_time(rows.column(name)) and not rows.column(name).null_count and name not in keys and NO_EVENTS.isdisjoint(words_of(name))
    ]


def _is_time(column: pa.ChunkedArray) -> bool:
    return bool(pt.is_date(column.type) or pt.is_timestamp(column.type))


def _windows(table: TableProposal, rows: pa.Table) -> Iterator[tuple[str, str]]:
    """Pairs of time columns of one type named as begin and end; the begin is always there."""
    times = [name for name in rows.column_names if _is_time(rows.column(name))]
    for begin in times:
        rest = [word for word in words_of(begin) if word not in BEGIN]
        if rows.column(begin).null_count or len(rest) == len(words_of(begin)):
            continue
        for end in times:
            words = words_of(end)
            same_type = table.table.column(begin).sql_type.lower() == table.table.column(end).sql_type.lower()
            if end != begin and same_type and [word for word in words if word not in END] == rest and len(rest) < len(words):
                yield begin, end


def _apart(parents: NDArray[np.int64], begin: pa.ChunkedArray, end: pa.ChunkedArray) -> bool:
    """Whether the windows of a parent follow one another: each begins when, or after, the one before it ends."""
    starts = _numbers(begin)
    ends = _numbers(end)
    order = np.lexsort((starts, parents))
    same = (parents[order][1:] == parents[order][:-1]) & (parents[order][1:] >= 0)
    if not same.any() or (ends < starts).mean() > 1 - HOLDS:
        return False
    follows = ends[order][:-1] <= starts[order][1:]
    return bool(follows[same].mean() >= HOLDS)


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Times as whole numbers; one that is missing comes last of all."""
    whole = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64()) if not pt.is_date(column.type) else _days(column)
    return np.asarray(pc.fill_null(whole, _INT64_MAX).to_numpy(zero_copy_only=False), dtype=np.int64)


def _days(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
