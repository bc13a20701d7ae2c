"""Columns that are a part of a date or timestamp: its year, its hour in some time zone, its date."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from warehouse_twin.profiling.rules.evaluating import PARTS, part_of
from warehouse_twin.profiling.rules.evidence import Evidence
from warehouse_twin.profiling.rules.rule import Rule

USUAL_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
)
PROBE = 2_000


def parts_of_times(evidence: Evidence) -> Iterator[Rule]:
    """For each whole number or date the parts of each other time that it may be."""
    for source in evidence.times:
        column = evidence.sample[source]
        aware = pt.is_timestamp(column.type) and column.type.tz is not None
        for target in evidence.names:
            if target == source or not evidence.free(target):
                continue
            part = _part(column, evidence.sample[target], None)
            if part is not None:
                yield Rule("part", target, (source,), {"part": part})
            elif aware:
                yield from _zoned(evidence, source, target)


def _zoned(evidence: Evidence, source: str, target: str) -> Iterator[Rule]:
    """Parts that depend on the time zone: tried on a few rows in every zone, the usual ones first."""
    found = evidence.sample[target]
    if not (pt.is_integer(found.type) or pt.is_date(found.type)):
        return
    numbers = evidence.scalars.get(target)
    if numbers is None or (pt.is_integer(found.type) and not 1 <= np.nanmax(numbers) <= 9999):
        return
    step = max(1, len(found) // PROBE)
    index = pa.array(np.arange(0, len(found), step))
    few, theirs = evidence.sample[source].take(index), found.take(index)
    if not _nearly(few, theirs):
        return
    others = sorted(name for name in zoneinfo.available_timezones() if "/" in name and name not in USUAL_ZONES)
    for zone in (*USUAL_ZONES, *others):
        part = _part(few, theirs, zone)
        if part is not None:
            yield Rule("part", target, (source,), {"part": part, "zone": zone})
            return


def _nearly(column: pa.ChunkedArray, found: pa.ChunkedArray) -> bool:
    """Whether some part agrees with the number but for a shift that a time zone explains, in nine rows of ten."""
    if pt.is_date(found.type):
        return True
    numbers = found.cast(pa.float64()).to_numpy()
    for part, turn in (("hour", 24.0), ("day", 0.0), ("month", 0.0), ("year", 0.0), ("weekday", 0.0)):
        gap = numbers - part_of(column, part, None).cast(pa.float64()).to_numpy()
        gap = gap[~np.isnan(gap)]
        if turn:
            values, counts = np.unique(gap % turn, return_counts=True)
            if len(values) and np.sort(counts)[-2:].sum() >= 0.9 * len(gap):
                return True
        elif len(gap) and (gap == 0).mean() >= 0.4 and len(np.unique(numbers)) > 1:
            return True
    return False


def _part(column: pa.ChunkedArray, found: pa.ChunkedArray, zone: str | None) -> str | None:
    """The part that the second column is of the first on every row, if there is one."""
    for part in PARTS:
        if pt.is_date(found.type) != (part == "date") or (part == "date" and pt.is_date(column.type)):
            continue
        if not pt.is_date(found.type) and not pt.is_integer(found.type):
            continue
        if not pt.is_timestamp(column.type) and part in ("hour", "minute"):
            continue
        same = pc.equal(part_of(column, part, zone).cast(found.type, safe=False), found)
        if len(same) > same.null_count and pc.all(same).as_py():
            return part
    return None
