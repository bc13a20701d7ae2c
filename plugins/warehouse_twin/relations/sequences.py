"""What a sequence is learned from: the training part's rows in the order of their families, and what holds in all of them.

Only positions, never values, are taken from rows that are held out: a row whose predecessor is held out is left out of what is
learned about the next row, as its gap would be too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.matching import codes_of
from warehouse_twin.profiling.rules.rule import kept
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import as_column, whole_number
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.contexts import MODELLED_KINDS
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.training import TrainingView
from warehouse_twin.synthesizers.constraints import Constraints
from warehouse_twin.synthesizers.protocol import Model, Synthesizer
from warehouse_twin.synthesizers.sequence_terms import CHANGE, PASSED, PREVIOUS, START, Facts, in_units_of, situated
from warehouse_twin.synthesizers.sequences import SequenceModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """Of each training row: its entity, its place in its family, how many rows follow, and which training row is before it
    (-1: it is the first, -2: one that is held out) and first (-2 likewise)."""

    entities: Ints
    place: Ints
    remaining: Ints
    before: Ints
    first: Ints


def places_of(keys: Sequence[pa.ChunkedArray], order: Floats, entities: Ints, holdout: Bools) -> Places:
    """All rows of a table by family and order, seen from its training rows; a row without a parent is a family of its own."""
    (family,) = codes_of(keys)
    rows = len(family)
    family = np.where(family < 0, family.max(initial=0) + 1 + np.arange(rows), family)
    sorted_rows = np.lexsort((order, family))  # stable, and NaN comes last
    changes = np.r_[True, family[sorted_rows][1:] != family[sorted_rows][:-1]] if rows else np.zeros(0, dtype=bool)
    starts = np.flatnonzero(changes)
    sizes = np.diff(np.r_[starts, rows])
    place, remaining, before, first = (np.empty(rows, dtype=np.int64) for _ in range(4))
    begin, size = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    place[sorted_rows] = np.arange(rows) - begin
    remaining[sorted_rows] = size - 1 - (np.arange(rows) - begin)
    before[sorted_rows] = np.where(changes, -1, np.r_[-1, sorted_rows[:-1]][:rows])
    first[sorted_rows] = sorted_rows[begin]
    mine = np.where(holdout, -2, np.cumsum(~holdout) - 1)  # a row's place in the training part
    known = ~holdout
    before = np.where(before >= 0, mine[before], -1)
    return Places(entities[known], place[known], remaining[known], before[known], mine[first][known])


@dataclass(frozen=True)
class Course:
    """The training rows of a sequence table as numbers: when they are, and what they are counted from; NaN for unknown."""

    view: TrainingView
    places: Places
    order: str
    to: str | None
    never: float | None = None
    """what stands for an open end"""

    def number(self, name: str) -> Floats:
        return whole_number(self.view.training.column(name))

    def parents(self, name: str) -> Floats:
        """A date of the parent, in the units of the order column."""
        return in_units_of(self.view.training.column(name), self.view.training.schema.field(self.order).type)

    def earlier(self, values: Floats) -> Floats:
        """The same of the row before."""
        return np.where(self.places.before >= 0, np.r_[values, np.nan][self.places.before], np.nan)

    @property
    def times(self) -> Floats:
        return self.number(self.order)

    @property
    def until(self) -> Floats:
        """Where windows end; NaN for those that are open."""
        assert self.to is not None
        values = self.number(self.to)
        return values if self.never is None else np.where(values == self.never, np.nan, values)

    @property
    def base(self) -> Floats:
        """What the gap to a row's event is counted from: the event before, or the end of its window."""
        before = self.earlier(self.times)
        if self.to is None:
            return before
        ends = self.earlier(self.until)
        return np.where(ends <= self.times, ends, np.nan)  # windows that overlap teach nothing

    @property
    def firsts(self) -> Bools:
        first: Bools = self.places.before == -1
        return first

    @property
    def nexts(self) -> Bools:
        return self.places.before >= 0


def fit_sequence(synthesizer: Synthesizer, lesson: Lesson, *, parameters: Mapping[str, Any], seed: int) -> SequenceModel:
    """The models of a table with `order_by`, each fitted by `synthesizer` on the rows that it is about."""
    course, facts = lesson.course, lesson.facts
    usual = {name: course.view.profile.column(name) for name in facts.changes}
    if facts.start is not None:
        usual[START] = lesson.profile(START, course.parents(facts.start), course.firsts)
    models: dict[str, Model] = {}
    asked: dict[str, tuple[str, ...]] = {}
    for name, part in lesson.parts():
        targets = part.profile.columns[len(part.given) :]
        usual |= {column.name: column for column in targets if column.name.startswith("#")}
        if targets:
            own = derive_seed(seed, name)
            models[name] = synthesizer.fit(
                part.training, part.profile, given=part.given, parameters=parameters, seed=own, leading=part.leading
            )
            asked[name] = part.given
    types = pa.schema([course.view.training.schema.field(name) for name in lesson.columns])
    rules = kept(course.view.profile.rules, course.view.training.column_names)
    rules = tuple(rule for rule in rules if rule.kind == "order" and set(rule.columns) & set(facts.changes))
    return SequenceModel(facts, models, asked, usual, types, course.view.given, Constraints(rules))


class Lesson:
    """The training views of the four models of a table."""

    def __init__(self, course: Course, facts: Facts, plan: KeyPlan) -> None:
        self.course, self.facts = course, facts
        self.rows, self.k = course.view.training, course.view.profile.k
        self.columns = plan.modelled
        self.own = tuple(name for name in plan.modelled if name not in facts.timed)

    def parts(self) -> Iterator[tuple[str, TrainingView]]:
        """Each model's name and what it is fitted on; where there is nothing to draw the view has only what is given."""
        course, facts = self.course, self.facts
        alone = {"#remaining": course.places.remaining.astype(np.float64)}
        lags, timed = self._lags(), {name: self.rows.column(name) for name in facts.timed}
        passed = course.times - course.base
        lengths = facts.length.encode(course.until, course.times) if facts.to is not None else {}
        if facts.start is None:
            absolute = {facts.order: self.rows.column(facts.order)}
            yield "first_time", self._view(course.firsts, alone, {}, lengths, absolute)
        else:
            start = course.parents(facts.start)
            offsets = facts.gap.encode(course.times, start)
            yield "first_time", self._view(course.firsts & self._countable(start), alone, {}, offsets | lengths, {})
        gaps = facts.gap.encode(course.times, course.base)
        here = self._situation()
        yield "next_time", self._view(course.nexts & self._countable(course.base), here, lags, gaps | lengths, {})
        own = {name: self.rows.column(name) for name in self.own}
        yield "first_row", self._view(course.firsts, alone, timed, {}, own)
        settled = timed | {name: own[name] for name in facts.constant}
        drawn = {name: column for name, column in own.items() if name not in (*facts.changes, *facts.constant)}
        changes = {CHANGE + name: course.number(name) - course.earlier(course.number(name)) for name in facts.changes}
        yield "next_row", self._view(course.nexts, here | {PASSED: passed}, lags | settled, changes, drawn)

    def _countable(self, base: Floats) -> Bools:
        """Rows whose gap is known, or that have no time to have a gap to."""
        return ~np.isnan(base) | np.isnan(self.course.times)

    def _situation(self) -> dict[str, Floats]:
        course, facts = self.course, self.facts
        times, places = course.times, course.places
        starts = np.fmax.reduce([np.full(len(times), np.nan), *(course.parents(name) for name in facts.after)])
        ends = np.fmin.reduce([np.full(len(times), np.nan), *(course.parents(name) for name in facts.before)])
        first = np.where(places.first >= 0, np.r_[times, np.nan][places.first], np.nan)
        found = situated(
            place=places.place.astype(np.float64),
            remaining=places.remaining.astype(np.float64),
            first=first,
            last=course.earlier(times),
            end=np.fmin(ends, np.fmax(facts.latest, starts)),
        )
        return found | {PREVIOUS + PASSED: course.earlier(times - course.base)}

    def _lags(self) -> dict[str, pa.ChunkedArray]:
        """The columns of the row before."""
        before = self.course.places.before
        index = pa.array(np.maximum(before, 0), mask=before < 0)
        names = (*self.facts.timed, *self.own)
        kept = [name for name in names if self.course.view.profile.column(name).kind in MODELLED_KINDS]
        return {PREVIOUS + name: self.rows.column(name).take(index) for name in kept}

    def _view(
        self,
        rows: Bools,
        situation: Mapping[str, Floats],
        given: Mapping[str, pa.ChunkedArray],
        coded: Mapping[str, Floats],
        drawn: Mapping[str, pa.ChunkedArray],
    ) -> TrainingView:
        """The training view of these rows: the parent's columns, `situation` and `given`, and then what is to be drawn."""
        view = self.course.view
        mask = pa.array(rows)
        arrays = {name: self.rows.column(name) for name in view.given} | dict(given) | dict(drawn)
        profiles = {name: view.profile.column(name.removeprefix(PREVIOUS)) for name in arrays}
        profiles = {name: replace(found, name=name, nullable=found.nullable or PREVIOUS in name) for name, found in profiles.items()}
        if self.facts.order in drawn:
            profiles[self.facts.order] = self._again(self.facts.order, rows)
        virtual = {name: self.profile(name, values, rows) for name, values in {**situation, **coded}.items()}
        arrays |= {name: as_column(values) for name, values in {**situation, **coded}.items()}
        names = (*view.given, *situation, *given)
        whole = (*names, *coded, *drawn)
        training = pa.table({name: arrays[name].filter(mask) for name in whole})
        columns = tuple((virtual | profiles)[name] for name in whole)
        return TrainingView(training, replace(view.profile, columns=columns), names, tuple(coded))

    def profile(self, name: str, values: Floats, rows: Bools) -> ColumnProfile:
        """The k-safe profile of numbers that are no column of the table, on these rows."""
        task = ColumnTask(name, "DOUBLE", nullable=bool(np.isnan(values[rows]).any()))
        return profile_column(task, as_column(values[rows]), self.course.places.entities[rows], k=self.k)

    def _again(self, name: str, rows: Bools) -> ColumnProfile:
        """The profile of a column on these rows alone."""
        found = self.course.view.profile.column(name)
        task = ColumnTask(name, found.sql_type, nullable=found.nullable)
        return profile_column(task, self.rows.column(name).filter(pa.array(rows)), self.course.places.entities[rows], k=self.k)
