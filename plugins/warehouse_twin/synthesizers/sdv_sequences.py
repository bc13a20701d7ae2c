"""`par`: SDV's autoregressive network for tables with `order_by`, imported only when a manifest names it.

It learns each family (one parent's rows) as a sequence: what changes from row to row, the time between rows, and as its context
what is the same in all of them. How many rows a parent has, keys, and the room between the parent's dates are ours, as in
`synthesizers.sequences`. (Zhang, Patki, Veeramachaneni, "Sequential models in the Synthetic Data Vault", arXiv:2207.14406.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from warehouse_twin.manifest.traits import Traits
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.values import from_whole, whole_number
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.synthesizers.columns import draw_alone
from warehouse_twin.synthesizers.event_times import Room, after
from warehouse_twin.synthesizers.protocol import Model, NoTable, checked
from warehouse_twin.synthesizers.sdv_frames import Coding
from warehouse_twin.synthesizers.sdv_parameters import PAR
from warehouse_twin.synthesizers.sdv_session import load_fitted, losses_of, save_fitted, sdv_session
from warehouse_twin.synthesizers.sequence_terms import FAMILY, Facts, Families, in_units_of
from warehouse_twin.workspace import read_json, write_json

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_TABLE, _KEY, _TIME = "table", "family", "time"


@dataclass(frozen=True)
class FamilyRows:
    """Training rows in the order of their families: whose each is, when it is (counted from `facts.start` where there is one)."""

    rows: pa.Table
    family: Ints
    times: Floats
    facts: Facts
    columns: tuple[ColumnProfile, ...]
    """of `rows`, the order column among them"""


@dataclass(frozen=True)
class ParModel:
    """A fitted network, None where there was no sequence to learn, and what holds in every family."""

    fitted: Any | None
    coding: Coding
    facts: Facts
    order: ColumnProfile
    types: pa.Schema
    losses: Mapping[str, list[float]] = field(default_factory=dict)

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: NDArray[np.int64] | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See `protocol.Model.sample`. `context` has `FAMILY` and the parent's dates; a part of whole families is drawn as a whole."""
        if context is not None and set(self.types.names) <= set(context.column_names):
            return context.select(self.types.names)
        if not rows:
            return self.types.empty_table()
        if context is None or FAMILY not in context.column_names:
            context = pa.table({FAMILY: np.arange(rows, dtype=np.int64)})
        counters = np.arange(rows, dtype=np.int64) if counters is None else counters
        seed = derive_seed(seed, "part", int(counters[0]))
        families = Families.of(context.column(FAMILY).to_numpy())
        frame = self._drawn(families, rows, seed=seed)
        own = self.coding.decode(frame, rows, seed=seed)
        times = self._times(families, frame.get(_TIME), context, counters, seed=seed)
        found = {name: own.column(name) for name in own.column_names}
        found[self.facts.order] = pa.chunked_array([from_whole(times, self.types.field(self.facts.order).type)])
        return pa.table({name: found[name] for name in self.types.names}, schema=self.types)

    def _drawn(self, families: Families, rows: int, *, seed: int) -> dict[str, Any]:
        """The fields of every row: families of equal length are drawn together."""
        if self.fitted is None:
            return {}
        found: dict[str, Any] = {}
        with sdv_session(seed=seed):
            self.fitted._context_synthesizer._set_random_state(seed % 2**32)
            for size in np.unique(families.sizes):
                starts = families.starts[families.sizes == size]
                drawn = self.fitted.sample_sequences(num_sequences=len(starts), sequence_length=int(size))[_TABLE]
                at = families.rows[(starts[:, None] + np.arange(size)).ravel()]
                for name in drawn.columns:
                    found.setdefault(name, np.empty(rows, dtype=object))[at] = drawn[name].to_numpy()
        return found

    def _times(self, families: Families, drawn: Any, context: pa.Table, counters: Ints, *, seed: int) -> Floats:
        """When rows are: as drawn, moved where a parent's dates or the row before leave no room."""
        facts, kind, rows = self.facts, self.types.field(self.facts.order).type, len(counters)
        alone = whole_number(pa.chunked_array([draw_alone(self.order, kind, np.ones(rows, dtype=bool), counters, seed)]))
        times = alone if drawn is None else np.asarray(drawn, dtype=np.float64)
        if facts.start is not None and drawn is not None:
            times = times + in_units_of(context.column(facts.start), kind)
        times = np.where(np.isnan(times), alone, times)
        nothing = np.full(rows, np.nan)
        earliest = np.fmax.reduce([nothing, *(in_units_of(context.column(name), kind) for name in facts.after)])
        latest = np.fmin.reduce([nothing, *(in_units_of(context.column(name), kind) for name in facts.before)])
        end, draws = np.fmin(latest, np.fmax(facts.latest, earliest)), uniforms(counters, seed=seed, stream="room")
        placed, last = times.copy(), nothing
        for place, at in families.steps():
            last = last[: len(at)]
            before = after(last, facts.step) if facts.apart else last
            least = np.fmax(before, earliest[at]) if place else earliest[at]
            room = Room(least, end[at], (families.sizes[: len(at)] - place - 1).astype(np.float64), facts.step, facts.apart, facts.by_day)
            last = placed[at] = room.fit(times[at], draws[at])
        return placed

    def save(self, folder: Path) -> None:
        if self.fitted is not None:
            save_fitted(self.fitted, folder, self.losses)
        feather.write_feather(self.types.empty_table(), str(folder / "types.arrow"), compression="uncompressed")
        write_json(folder / "coding.json", self.coding.to_dict() | {"facts": asdict(self.facts), "order": asdict(self.order)})


@dataclass(frozen=True)
class ParSynthesizer(NoTable):
    """SDV's PAR. It is fitted on families (`fit_families`) and on nothing else."""

    wanted: ClassVar[str] = "par draws sequences, not rows; wanted order_by, and par as its synthesizer"
    name: str = "par"
    conditional: bool = True
    traits: Traits = PAR

    def fit_families(self, lesson: FamilyRows, *, parameters: Mapping[str, Any], seed: int) -> Model:
        """Learn whole families. Raises ConfigurationError for parameters it does not know."""
        checked(self.name, self.traits, parameters)
        facts = lesson.facts
        by_name = {column.name: column for column in lesson.columns}
        coding = Coding.of(lesson.rows, [column for column in lesson.columns if column.name != facts.order])
        types, order = lesson.rows.schema.remove_metadata(), by_name[facts.order]
        if not len(lesson.times):
            return ParModel(None, Coding(coding.columns, coding.types, ()), facts, order, types)
        fitted = self._fitted(lesson, coding, parameters, seed=seed)
        return ParModel(fitted, coding, facts, order, types, losses_of(fitted))

    def _fitted(self, lesson: FamilyRows, coding: Coding, parameters: Mapping[str, Any], *, seed: int) -> Any:
        import sdv.sequential
        from sdv.metadata import Metadata

        frame = coding.encode(lesson.rows, seed=seed)
        frame[_KEY], frame[_TIME] = lesson.family, lesson.times
        same = [field.name for field in coding.fields if coding.columns[field.column].name in lesson.facts.constant]
        for name in same:  # a category that was redrawn is redrawn once a family
            frame[name] = frame.groupby(_KEY)[name].transform("first")
        columns = coding.described() | {_KEY: {"sdtype": "id"}, _TIME: {"sdtype": "numerical"}}
        described = {"columns": columns, "sequence_key": _KEY, "sequence_index": _TIME}
        settings = {name: value for name, value in parameters.items() if name != "train_rows"}  # of which there are no more already
        with sdv_session(seed=seed):
            metadata = Metadata.load_from_dict({"tables": {_TABLE: described}, "relationships": []})
            fitted = sdv.sequential.PARSynthesizer(metadata, context_columns=same, cuda=False, **settings)
            fitted.fit({_TABLE: frame})
        return fitted

    def load(self, folder: Path) -> Model:
        types, stored = feather.read_table(str(folder / "types.arrow")).schema, read_json(folder / "coding.json")
        facts, order = Facts.from_dict(stored["facts"]), ColumnProfile.from_dict(stored["order"])
        own = pa.schema([types.field(column["name"]) for column in stored["columns"]])
        return ParModel(load_fitted(folder), Coding.from_dict(stored, own), facts, order, types)


PAR_SEQUENCES = ParSynthesizer()
