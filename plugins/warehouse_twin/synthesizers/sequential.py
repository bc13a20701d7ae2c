"""`tree` and `independent`: columns drawn one after another, each given those before it, or each alone.

`tree` fits one decision tree a part of a column (`synthesizers.trees`). `independent` is the same engine without predecessors:
the floor under every score. Both draw values from the profile's k-safe cells, so a model holds no value the profile does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from warehouse_twin.manifest.traits import Parameter, Traits
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.synthesizers.calibrating import calibrated
from warehouse_twin.synthesizers.coding import MAX_CATEGORIES, Codec, codec_of
from warehouse_twin.synthesizers.columns import from_values, some_rows, to_values
from warehouse_twin.synthesizers.conditional import accepted, conditioned
from warehouse_twin.synthesizers.constraints import Constraints, constrained, rule_order, with_virtual
from warehouse_twin.synthesizers.drawing import Drawing
from warehouse_twin.synthesizers.growing import grow, prepared
from warehouse_twin.synthesizers.limits import Limits, cut
from warehouse_twin.synthesizers.ordering import column_order, like_together
from warehouse_twin.synthesizers.personal import with_personal
from warehouse_twin.synthesizers.predecessors import dependence, predecessors
from warehouse_twin.synthesizers.protocol import Model, checked
from warehouse_twin.synthesizers.trees import TREES, Tree
from warehouse_twin.workspace import read_json, write_json

Floats = NDArray[np.float64]
LEAF_ROWS = 50
TRAIN_ROWS = 500_000


@dataclass(frozen=True)
class SequentialModel:
    """A fitted model: columns in the order of drawing, the first `given` of them context, then `leading`; trees by (column, part).

    `types` are the Arrow types of the columns, in the order of training.
    """

    name: str
    columns: tuple[ColumnProfile, ...]
    types: pa.Schema
    given: int
    trees: Mapping[tuple[int, int], Tree]
    leading: int = 0
    fine: Mapping[tuple[int, int], Tree] = field(default_factory=dict)
    """of the place inside a class, where that depends on the columns before"""
    constraints: Constraints = field(default_factory=Constraints)

    @cached_property
    def codecs(self) -> tuple[tuple[Codec, ...], ...]:
        """The codecs of each column's parts: made once, as a sequence is drawn in many small steps."""
        return tuple(tuple(codec_of(part) for part in column.parts) for column in self.columns)

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: NDArray[np.int64] | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See `protocol.Model.sample`. The first drawn column of a whole is drawn at evenly spread quantiles."""
        spread = counters is None
        counters = np.arange(rows, dtype=np.int64) if counters is None else counters
        people, had = (counters, seed), () if context is None else tuple(context.column_names)
        known, evidence = ({}, ()) if context is None else conditioned(self, context)
        if evidence:
            seed, spread = derive_seed(seed, "candidates"), False
            counters = accepted(self, known, evidence, counters, seed=seed)
        drawing, drawn = Drawing(self, counters, seed), dict[str, pa.ChunkedArray]()
        wanted = None if columns is None else set(columns)
        for index, column in enumerate(self.columns):
            if wanted is not None and index >= self.given and not wanted:
                break
            if context is not None and index in known:
                array, values = context.column(column.name).cast(self.types.field(column.name).type, safe=False), known[index]
            else:
                array, values = drawing.draw(index, spread=spread and index == self.given)
            drawing.take(index, array, values)
            if index >= self.given:
                drawn[column.name] = array
                if wanted is not None:
                    wanted.discard(column.name)
        hidden = self.constraints.virtual
        table = pa.table({name: drawn[name] for name in self.types.names if name in drawn and name not in hidden})
        return with_personal(table, self.columns, people[0], seed=people[1], had=had)

    def draw_column(
        self,
        index: int,
        features: list[NDArray[np.float32]],
        counters: NDArray[np.int64],
        *,
        seed: int,
        ruling: Mapping[str, pa.ChunkedArray],
        spread: bool,
    ) -> tuple[pa.ChunkedArray, tuple[Floats, ...]]:
        """A column and the values of its parts, given the features of the columns before it and, in `ruling`, those that rules name."""
        column, kind = self.columns[index], self.types.field(self.columns[index].name).type
        found = self.constraints.computed(column.name, ruling, kind)
        if found is not None:
            return found, to_values(found, column)
        limits = self.constraints.limits(column, ruling)
        values = self._draw_parts(index, features, counters, seed=seed, spread=spread, limits=limits)
        array = pa.chunked_array([from_values(values, column, kind, counters, seed=seed)])
        if column.name not in self.constraints.names:
            return array, values
        array = self.constraints.settled(column.name, array, ruling)
        return array, to_values(array, column)

    def _draw_parts(
        self,
        index: int,
        features: list[NDArray[np.float32]],
        counters: NDArray[np.int64],
        *,
        seed: int,
        spread: bool,
        limits: Limits | None,
    ) -> tuple[Floats, ...]:
        column = self.columns[index]
        own: list[NDArray[np.float32]] = []
        values: list[Floats] = []
        for place, codec in enumerate(self.codecs[index]):
            stream = f"{column.name}/{place}"
            draws = uniforms(counters, seed=seed, stream=f"{stream}/class")
            if spread and place == 0:
                order = permutation(len(counters), seed=seed, stream=f"{stream}/spread")
                draws = (order + draws) / len(counters)
            bounds = None if limits is None else limits.range(column, place, values)
            opening = None if limits is None else limits.opening(codec, place, bounds)
            spare = None if limits is None else np.append(codec.kept, 0.0)
            classes = self.trees[index, place].draw([*features, *own], draws, opening, spare)
            cell = uniforms(counters, seed=seed, stream=f"{stream}/cell")
            spot = uniforms(counters, seed=seed, stream=f"{stream}/spot")
            inside = None
            if (index, place) in self.fine:
                draws = uniforms(counters, seed=seed, stream=f"{stream}/inside")
                inside = self.fine[index, place].draw([*features, *own, classes.astype(np.float32)], draws)
            drawn = codec.decode(classes, cell, spot, inside)
            if bounds is not None:
                drawn = cut(drawn, classes, codec, bounds, spot)
            values.append(np.where(np.isnan(values[0]), np.nan, drawn) if values else drawn)
            if self.name == "tree":
                own += codec.features(drawn)
        return tuple(values)

    def save(self, folder: Path) -> None:
        rows = [
            {"column": column, "part": part, "fine": fine, **trees[column, part].to_row()}
            for fine, trees in ((False, self.trees), (True, self.fine))
            for column, part in sorted(trees)
        ]
        table = pa.Table.from_pylist(rows, schema=_TREES)
        feather.write_feather(table, str(folder / "trees.arrow"), compression="zstd")
        feather.write_feather(self.types.empty_table(), str(folder / "types.arrow"), compression="uncompressed")
        profile = TableProfile("", 0, 0, 0, 0, 0, self.columns).to_dict()
        write_json(
            folder / "model.json",
            {
                "name": self.name,
                "given": self.given,
                "leading": self.leading,
                "columns": profile["columns"],
                "rules": self.constraints.to_list(),
            },
        )


_TREES = pa.schema(
    [
        ("column", pa.int32()),
        ("part", pa.int32()),
        ("fine", pa.bool_()),
        ("feature", pa.list_(pa.int32())),
        ("threshold", pa.list_(pa.float64())),
        ("left", pa.list_(pa.int32())),
        ("right", pa.list_(pa.int32())),
        ("leaf", pa.list_(pa.int32())),
        ("histograms", pa.list_(pa.float32())),
        ("classes", pa.int32()),
        ("roots", pa.list_(pa.int32())),
        ("ranked", pa.list_(pa.int32())),
        ("ranks", pa.list_(pa.list_(pa.float32()))),
        ("groups", pa.list_(pa.int32())),
        ("terms", pa.list_(pa.struct([("feature", pa.int32()), ("bins", pa.list_(pa.int32())), ("logs", pa.list_(pa.float32()))]))),
    ]
)


_SIZES = {"leaf_rows": Parameter("whole", 1, of_k=True), "train_rows": Parameter("whole", 1)}
TRAITS = Traits({**_SIZES, "trees": Parameter("whole", 1, 100)}, conditional=True, cost=0.1)


@dataclass(frozen=True)
class Sequential:
    """The two synthesizers of this module, by whether a column sees those before it."""

    name: str
    conditional: bool = True
    traits: Traits = TRAITS

    def fit(
        self,
        training: pa.Table,
        profile: TableProfile,
        *,
        given: Sequence[str],
        parameters: Mapping[str, Any],
        seed: int,
        leading: Sequence[str] = (),
    ) -> Model:
        """Parameters, whole numbers: `leaf_rows` (at least k and 50 by default), `train_rows` (500,000), of `tree` also `trees` (3)."""
        checked(self.name, self.traits, parameters, k=profile.k)
        leaf_rows, train_rows = parameters.get("leaf_rows", max(LEAF_ROWS, profile.k)), parameters.get("train_rows", TRAIN_ROWS)
        training = some_rows(training, train_rows, seed=seed)
        constraints = Constraints()
        if self.name == "tree":
            profile, constraints = constrained(profile, fixed=(*given, *leading))
            training = with_virtual(training, constraints)
        names = [column.name for column in profile.columns]
        matrix = dependence(training, profile) if self.name == "tree" else np.zeros((len(names), len(names)))
        order = column_order(
            matrix,
            tuple(names.index(name) for name in (*given, *leading)),
            times=[place for place, column in enumerate(profile.columns) if column.kind == "datetime" and self.name == "tree"],
        )
        ruled = rule_order([names[place] for place in order], constraints.rules, first=len({*given, *leading}))
        order = tuple(names.index(name) for name in ruled)
        profile = replace(profile, columns=tuple(_in_order(profile.columns[place], place, matrix, names, training) for place in order))
        earlier = predecessors(matrix[np.ix_(order, order)])
        drawn = [index >= len(given) and not constraints.replaces(column.name) for index, column in enumerate(profile.columns)]
        grounds = prepared(training, profile.columns, drawn, earlier if self.name == "tree" else None)
        trees, fine = grow(grounds, leaf_rows=leaf_rows, trees=parameters.get("trees", TREES), seed=seed)
        types = training.schema.remove_metadata()
        model = SequentialModel(self.name, profile.columns, types, len(given), trees, len(leading), fine, constraints)
        return calibrated(model, grounds, training, leaf_rows=leaf_rows, seed=seed) if self.name == "tree" else model

    def load(self, folder: Path) -> Model:
        stored = read_json(folder / "model.json")
        columns = tuple(ColumnProfile.from_dict(column) for column in stored["columns"])
        rows = feather.read_table(str(folder / "trees.arrow")).to_pylist()
        coarse, fine = (
            {(row["column"], row["part"]): Tree.from_row(row) for row in rows if row["fine"] == wanted} for wanted in (False, True)
        )
        types = feather.read_table(str(folder / "types.arrow")).schema
        rules = Constraints.from_list(stored["rules"])
        return SequentialModel(stored["name"], columns, types, stored["given"], coarse, stored["leading"], fine, rules)


def _in_order(column: ColumnProfile, place: int, matrix: Floats, names: Sequence[str], training: pa.Table) -> ColumnProfile:
    """A column of more categories than classes with like ones together, by the column that says most about it."""
    if column.kind != "categorical" or len(column.parts[0].values) <= MAX_CATEGORIES or not matrix[place].any():
        return column
    return like_together(column, training.column(column.name), training.column(names[int(matrix[place].argmax())]))


TREE = Sequential("tree")
INDEPENDENT = Sequential("independent", traits=Traits(_SIZES, conditional=True, cost=0.02))
_MADE_UP = {"rows": Parameter("whole", 0, 10_000_000), "nulls": Parameter("number", 0, 1)}
DAY_Z = Sequential("day_z", traits=Traits(_MADE_UP, conditional=True, reads=False, cost=0.02))
"""`independent`, of rows that nobody read (`relations.cold_start`)."""
