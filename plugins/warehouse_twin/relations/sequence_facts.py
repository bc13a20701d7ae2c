"""What holds without exception in the families of a sequence table, and so in its twin: bounds, steps, what never changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.matching import codes_of, columns_of
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import DAY_MICROSECONDS, is_day, part_names, whole_number
from warehouse_twin.relations.families import unique_by_order
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.sequences import Course, Lesson, Places, places_of
from warehouse_twin.relations.training import TrainingView
from warehouse_twin.synthesizers.event_times import keeps_hours
from warehouse_twin.synthesizers.sequence_terms import Facts

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SUPPORT = 30
"""Rows in which something must hold without exception to count as a rule (or k, if that is more)."""
SMALL_CHANGE = 0.3
"""A number that moves by less than this share of its spread from row to row is drawn as its change."""


def marks_of(table: ResolvedTable, plan: KeyPlan, entity: str, holdout: str) -> list[str]:
    """The columns of a snapshot that say which rows of a table belong together, and in what order."""
    assert plan.drive is not None
    assert table.order_by is not None
    return list(dict.fromkeys([*plan.drive.columns, table.order_by, entity, holdout]))


def lesson_of(table: ResolvedTable, plan: KeyPlan, view: TrainingView, whole: pa.Table, *, entity: str, holdout: str) -> Lesson:
    """What a table with `order_by` is learned from; `whole` has the columns of `marks_of`, held out rows too."""
    assert plan.drive is not None
    assert table.order_by is not None
    keys, order = columns_of(whole, plan.drive.columns), whole_number(whole.column(table.order_by))
    held = whole.column(holdout).to_numpy()
    places = places_of(keys, order, whole.column(entity).to_numpy(), held)
    course = course_of(table, view, places)
    return Lesson(course, facts_of(table, plan, course), plan)


def course_of(table: ResolvedTable, view: TrainingView, places: Places) -> Course:
    """The training rows of a table with `order_by`; the value that marks open windows is told apart from real ends."""
    assert table.order_by is not None
    course = Course(view, places, table.order_by, table.validity[1] if table.validity is not None else None)
    return course if course.to is None else replace(course, never=_never(course))


def facts_of(table: ResolvedTable, plan: KeyPlan, course: Course) -> Facts:
    """The facts of a table with `order_by`."""
    kind, times = course.view.training.schema.field(course.order).type, course.times
    profile = course.view.profile.column(course.order)
    after, before = _bounds(course)
    known = course.nexts & ~np.isnan(course.earlier(times)) & ~np.isnan(times)
    ties = bool((times[known] == course.earlier(times)[known]).any())
    last = course.places.remaining == 0
    changes, constant = _changes(course, plan)
    return Facts(
        order=course.order,
        to=course.to,
        by_day=bool(pt.is_timestamp(kind) and keeps_hours(times)),
        start=_start(course, after),
        after=after,
        before=before,
        latest=_latest(profile, kind),
        step=_step(profile, kind),
        apart=unique_by_order(table, plan) or (not ties and _enough(course, int(known.sum()))),
        never=course.never,
        always_open=course.to is not None and bool(np.isnan(course.until[last]).all()),
        changes=changes,
        constant=constant,
    )


def _enough(course: Course, rows: int) -> bool:
    return rows >= max(SUPPORT, course.view.profile.k)


def _never(course: Course) -> float | None:
    """The value, held by at least k entities, that stands at the end of most last windows and that no window goes beyond."""
    assert course.to is not None
    ends = course.number(course.to)
    last = ends[course.places.remaining == 0]
    if not len(last) or np.isnan(last).all():
        return None
    latest = float(np.nanmax(ends))
    holders = len(np.unique(course.places.entities[ends == latest]))
    return latest if (last == latest).sum() * 2 > len(last) and holders >= course.view.profile.k else None


def _bounds(course: Course) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Dates of the parent that no event is before, and those that no event is after."""
    schema = course.view.training.schema
    if not is_day(schema.field(course.order).type):
        return (), ()
    after, before = [], []
    let_go = [set(rule.columns) for rule in course.view.profile.rules if rule.ignored and rule.kind == "order"]
    for name in course.view.given:
        if not is_day(schema.field(name).type) or {name, course.order} in let_go:
            continue
        bound, times = course.parents(name), course.times
        known = ~np.isnan(bound) & ~np.isnan(times)
        if not _enough(course, int((known & course.firsts).sum())):
            continue
        if (times[known] >= bound[known]).all():
            after.append(name)
        last = times if course.to is None else np.fmax(times, course.until)
        if (last[known] <= bound[known]).all():
            before.append(name)
    return tuple(after), tuple(before)


def _start(course: Course, after: tuple[str, ...]) -> str | None:
    """The bound from which first events are nearest, if it says more about them than the calendar does."""
    times = course.times
    spreads = {}
    for name in after:
        offset = (times - course.parents(name))[course.firsts]
        if not np.isnan(offset).all():
            spreads[name] = float(np.nanstd(offset))
    nearest = min(spreads, key=lambda name: spreads[name], default=None)
    return nearest if nearest is not None and spreads[nearest] < float(np.nanstd(times[course.firsts])) else None


def _latest(profile: ColumnProfile, kind: pa.DataType) -> float:
    """About the last time there is, k-safe; NaN where every time is protected."""
    if not profile.parts or not profile.parts[0].cells or len(profile.parts) != len(part_names(kind)):
        return float("nan")
    high = profile.parts[0].cells[-1][1]
    return float(np.floor(high) + 1) * DAY_MICROSECONDS - 1 if len(profile.parts) == 2 else float(high)


def _step(profile: ColumnProfile, kind: pa.DataType) -> float:
    """The grid that times are on."""
    if not profile.parts or len(profile.parts) != len(part_names(kind)):
        return 0.0
    step = profile.parts[-1].step
    return float(np.gcd(np.int64(step), np.int64(DAY_MICROSECONDS))) if len(profile.parts) == 2 else step


def _changes(course: Course, plan: KeyPlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Numbers that are drawn as changes, if no rule says what they are, and columns that are the same in all rows of a family."""
    rules = [rule for rule in course.view.profile.rules if not rule.ignored and rule.kind not in ("order", "offset")]
    ruled = {name for rule in rules for name in rule.columns}
    changes: list[str] = []
    constant: list[str] = []
    before, rows = course.places.before, course.nexts
    if not _enough(course, int(rows.sum())):
        return (), ()
    for name in plan.modelled:
        if name in (course.order, course.to):
            continue
        column, profile = course.view.training.column(name), course.view.profile.column(name)
        (codes,) = codes_of([column]) if not pt.is_nested(column.type) else (np.arange(len(before)),)
        if (codes[rows] == codes[before[rows]]).all() and len(np.unique(codes)) > 1:
            constant.append(name)
        elif profile.kind == "numeric" and not column.null_count and name not in ruled:
            values = course.number(name)
            if _smooth(values, course.earlier(values), rows):
                changes.append(name)
    return tuple(changes), tuple(constant)


def _smooth(values: Floats, earlier: Floats, rows: Bools) -> bool:
    """Whether a number only ever rises, or falls, in every family, or moves little from row to row."""
    change = (values - earlier)[rows]
    if np.isnan(change).any() or not change.any():
        return False
    one_way = bool((change >= 0).all() or (change <= 0).all())
    return one_way or float(change.std()) < SMALL_CHANGE * float(values.std())
