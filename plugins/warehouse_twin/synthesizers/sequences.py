"""Sequences: the rows of each family (one parent's children) drawn one after another, each given the one before it.

Four models of any conditional synthesizer: when the first event of a family is, when the next, and what else stands in the
first row and in the next. Times are drawn as gaps (`synthesizers.event_times`), so they ascend; a row's other columns are drawn
given its time, its place in the family and the row before it. All families advance together, so a step is one draw per column.
Markov models of order one with covariates, as in Kulkarni & Begleiter, "Marked temporal point processes for synthetic data"
only in spirit: inter-event times and marks factorise as in Du et al., "Recurrent marked temporal point processes", KDD 2016.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import as_column, from_whole, whole_number
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.synthesizers.constraints import Constraints
from warehouse_twin.synthesizers.event_times import Room, Usual, after
from warehouse_twin.synthesizers.protocol import Model, Synthesizer
from warehouse_twin.synthesizers.sequence_terms import (
    CHANGE,
    FAMILY,
    GAP,
    PASSED,
    PREVIOUS,
    START,
    Facts,
    Families,
    in_units_of,
    situated,
    within,
)
from warehouse_twin.workspace import read_json, write_json

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FILE = "sequence.json"


@dataclass(frozen=True)
class SequenceModel:
    """Fitted models by name, the profiles that stand in where they have nothing to give, and the table's modelled columns."""

    facts: Facts
    models: Mapping[str, Model]
    asked: Mapping[str, tuple[str, ...]]
    """what each model is given"""
    usual: Mapping[str, ColumnProfile]
    types: pa.Schema
    given: tuple[str, ...]
    rules: Constraints = field(default_factory=Constraints)
    """of the columns that are drawn as changes, which no model sees"""

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: NDArray[np.int64] | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See `protocol.Model.sample`. `context` has `FAMILY` beside the `given` columns; all columns are drawn, unless all are known."""
        if context is not None and set(self.types.names) <= set(context.column_names):
            return context.select(self.types.names)
        if context is None or FAMILY not in context.column_names:
            context = pa.table({FAMILY: np.arange(rows, dtype=np.int64)})
        if not rows:
            return self.types.empty_table()
        counters = np.arange(rows, dtype=np.int64) if counters is None else counters
        families = Families.of(context.column(FAMILY).to_numpy())
        given = context.select([FAMILY, *self.given])
        state = _State(self, families.sizes, seed)
        drawn = [state.draw(place, given.take(pa.array(at)), counters[at]) for place, at in families.steps()]
        back = np.empty(rows, dtype=np.int64)
        back[np.concatenate([at for _, at in families.steps()])] = np.arange(rows)
        return pa.concat_tables(drawn).take(pa.array(back))

    def save(self, folder: Path) -> None:
        for name, model in self.models.items():
            (folder / name).mkdir()
            model.save(folder / name)
        feather.write_feather(self.types.empty_table(), str(folder / "sequence.arrow"), compression="uncompressed")
        usual = {name: asdict(profile) for name, profile in self.usual.items()}
        asked = {name: list(given) for name, given in self.asked.items()}
        rules = self.rules.to_list()
        stored = {"facts": asdict(self.facts), "given": list(self.given), "asked": asked, "usual": usual, "rules": rules}
        write_json(folder / FILE, stored)


def load_sequence(synthesizer: Synthesizer, folder: Path) -> SequenceModel:
    """A model from the files that `save` wrote."""
    stored = read_json(folder / FILE)
    models = {name: synthesizer.load(folder / name) for name in stored["asked"]}
    asked = {name: tuple(given) for name, given in stored["asked"].items()}
    facts = Facts.from_dict(stored["facts"])
    usual = {name: ColumnProfile.from_dict(value) for name, value in stored["usual"].items()}
    types = feather.read_table(str(folder / "sequence.arrow")).schema
    return SequenceModel(facts, models, asked, usual, types, tuple(stored["given"]), Constraints.from_list(stored["rules"]))


class _State:
    """All families at one step, and the row before it."""

    def __init__(self, model: SequenceModel, sizes: Ints, seed: int) -> None:
        self.model, self.facts, self.sizes, self.seed = model, model.facts, sizes, seed
        nothing = np.full(len(sizes), np.nan)
        self.first: Floats = nothing
        self.last: Floats = nothing
        self.base: Floats = nothing
        self.before: pa.Table | None = None

    def draw(self, place: int, parents: pa.Table, counters: Ints) -> pa.Table:
        """The rows of one step, each with its `parents`' columns."""
        rows, facts, seed = len(counters), self.facts, derive_seed(self.seed, "first" if place == 0 else "next")
        self.first, self.last, self.base = self.first[:rows], self.last[:rows], self.base[:rows]
        usual = Usual(self.model.usual, counters, seed)
        remaining = (self.sizes[:rows] - place - 1).astype(np.float64)
        earliest, latest = self._bounds(parents)
        end = np.fmin(latest, np.fmax(facts.latest, earliest))
        known = {name: parents.column(name) for name in self.model.given} | self._situation(place, remaining, end)
        drawn = self._model("first_time" if place == 0 else "next_time", known, counters, seed)
        times = self._times(place, drawn, parents, earliest, usual)
        room = Room(self._least(place, earliest), end, remaining, facts.step, facts.apart, facts.by_day)
        times = room.fit(times, uniforms(counters, seed=seed, stream="room"))
        passed, until = times - self.base, times
        found = {facts.order: self._typed(facts.order, times)}
        if facts.to is not None:
            until = self._until(drawn, times, remaining, usual, latest)
            found[facts.to] = self._typed(facts.to, until)
        self._advance(place, times, until)
        known |= found | ({PASSED: as_column(passed)} if place else {})
        others = self._model("first_row" if place == 0 else "next_row", known, counters, seed)
        whole = self._completed(found, known, others, place, rows)
        self.before = whole.append_column(PASSED, as_column(passed))
        return whole

    def _bounds(self, parents: pa.Table) -> tuple[Floats, Floats]:
        """When rows may be at the earliest and at the latest."""
        kind, nothing = self.model.types.field(self.facts.order).type, np.full(parents.num_rows, np.nan)
        earliest = np.fmax.reduce([nothing, *(in_units_of(parents.column(name), kind) for name in self.facts.after)])
        end = np.fmin.reduce([nothing, *(in_units_of(parents.column(name), kind) for name in self.facts.before)])
        return earliest, end

    def _situation(self, place: int, remaining: Floats, end: Floats) -> dict[str, pa.ChunkedArray]:
        """Where each family stands, and its row before."""
        if self.before is None:
            return {"#remaining": as_column(remaining)}
        here = situated(place=float(place), remaining=remaining, first=self.first, last=self.last, end=end)
        before = {PREVIOUS + name: self.before.column(name).slice(0, len(remaining)) for name in self.before.column_names}
        known = {name: as_column(values) for name, values in here.items()} | before
        return known | {name: known[PREVIOUS + name] for name in self.facts.constant}

    def _model(self, name: str, known: Mapping[str, pa.ChunkedArray], counters: Ints, seed: int) -> Mapping[str, pa.ChunkedArray]:
        model = self.model.models.get(name)
        if model is None:
            return {}
        given = pa.table({column: known[column] for column in self.model.asked[name]})
        drawn = model.sample(len(counters), seed=derive_seed(seed, name), counters=counters, context=given if given.num_columns else None)
        return {column: drawn.column(column) for column in drawn.column_names}

    def _times(self, place: int, drawn: Mapping[str, pa.ChunkedArray], parents: pa.Table, earliest: Floats, usual: Usual) -> Floats:
        """When the events are, before they are fitted into their room."""
        facts, base = self.facts, self.base
        if place == 0 and facts.start is None:
            times = whole_number(drawn[facts.order])
            return np.where(times < earliest, earliest + usual.draw(GAP), times)
        if place == 0 and facts.start is not None:
            start = in_units_of(parents.column(facts.start), self.model.types.field(facts.order).type)
            base = np.where(np.isnan(start), usual.draw(START), start)
        return facts.gap.decode({name: whole_number(drawn[name]) for name in facts.gap.columns}, base, usual)

    def _least(self, place: int, earliest: Floats) -> Floats:
        """The earliest time of the next event: after the one before, or where its window ends, and not before its parents."""
        last = after(self.last, self.facts.step) if self.facts.apart else self.last
        least: Floats = np.fmax(np.fmax(last, self.base), earliest) if place else earliest
        return least

    def _until(self, drawn: Mapping[str, pa.ChunkedArray], times: Floats, remaining: Floats, usual: Usual, latest: Floats) -> Floats:
        """Where windows end: only the last one of a family is open, and where none ends in the source it always is."""
        facts = self.facts
        lengths = {name: whole_number(drawn[name]) for name in facts.length.columns}
        some = {name: usual.draw(name) for name in facts.length.columns}
        closed = facts.length.decode(lengths, times, usual)
        forced = facts.length.decode(some, times, usual)
        until = np.where(np.isnan(closed) & (remaining > 0), np.where(np.isnan(forced), times + facts.step, forced), closed)
        until = np.where(until > latest, np.maximum(latest, times), until)
        return np.where((remaining == 0) & facts.always_open, np.nan, until)

    def _advance(self, place: int, times: Floats, until: Floats) -> None:
        self.first = times if place == 0 else self.first
        self.last = np.where(np.isnan(times), self.last, times)
        self.base = np.where(np.isnan(times), self.base, np.where(np.isnan(until), self.last, until))

    def _typed(self, name: str, values: Floats) -> pa.ChunkedArray:
        kind = self.model.types.field(name).type
        if name == self.facts.to and self.facts.never is not None:
            values = np.where(np.isnan(values), self.facts.never, values)
        return pa.chunked_array([from_whole(values, kind)])

    def _completed(
        self,
        found: Mapping[str, pa.ChunkedArray],
        known: Mapping[str, pa.ChunkedArray],
        others: Mapping[str, pa.ChunkedArray],
        place: int,
        rows: int,
    ) -> pa.Table:
        """The step's rows: what was drawn, what stays as it was, what changed by so much."""
        columns: dict[str, pa.ChunkedArray] = {}
        for name in self.model.types.names:
            before = self.before.column(name).slice(0, rows) if self.before is not None else None
            if name in found:
                column = found[name]
            elif place and name in self.facts.constant and before is not None:
                column = before
            elif place and name in self.facts.changes and before is not None:
                moved = whole_number(before) + whole_number(others[CHANGE + name])
                column = pa.chunked_array([from_whole(within(moved, self.model.usual[name]), self.model.types.field(name).type)])
            else:
                column = others[name]
            columns[name] = column.cast(self.model.types.field(name).type, safe=False)
        for name in self.facts.changes if place else ():
            columns[name] = self.model.rules.settled(name, columns[name], {**known, **columns})
        return pa.table(columns, schema=self.model.types)


