"""Rows drawn inside Spark: each frame row is completed by the model, which every worker loads once from the workspace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.generators.making import Made, complete
from warehouse_twin.profiling.rules.rule import Rule
from warehouse_twin.relations.embedding import with_keys
from warehouse_twin.relations.frames import ROW, Frame
from warehouse_twin.relations.orphans import Astray
from warehouse_twin.spark_session import mapped
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.registry import load_model
from warehouse_twin.synthesizers.sequence_terms import FAMILY

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCH = 50_000
SEQUENCES = 200_000
"""Rows of a batch of families, which are drawn a row of each at a time: a step costs about as much for a few as for many."""


@dataclass(frozen=True)
class Drawing:
    """What to draw: the model's name and folder, the seed, the table's schema, and the context columns of the frame."""

    synthesizer: str
    folder: Path
    seed: int
    schema: pa.Schema
    given: tuple[str, ...]
    astray: tuple[Astray, ...] = ()
    made: tuple[Made, ...] = ()
    rules: tuple[Rule, ...] = ()
    """of the table: those about codes are kept here"""

    def complete(self, frame: pa.Table, model: Model) -> pa.Table:
        """The table's rows for these frame rows, columns in the schema's order and types, `__row` first."""
        rows = self.typed(frame, self._drawn(frame, model))
        return pa.table([frame.column(ROW), *rows.columns], schema=pa.schema([pa.field(ROW, pa.int64()), *self.schema]))

    def _drawn(self, frame: pa.Table, model: Model) -> pa.Table:
        known = [name for name in self.schema.names if name in frame.column_names]
        if len(known) == len(self.schema.names):
            return frame
        families = [FAMILY] if FAMILY in frame.column_names else []
        context = frame.select([*self.given, *families, *known]) if families or self.given or known else None
        counters = frame.column(ROW).to_numpy()
        return model.sample(frame.num_rows, seed=self.seed, counters=counters, context=context)

    def typed(self, frame: pa.Table, drawn: pa.Table) -> pa.Table:
        """The table's rows, each column from the frame where that has it, else drawn, else made."""
        counters = frame.column(ROW).to_numpy()
        found = {name: frame if name in frame.column_names else drawn for name in self.schema.names}
        columns = {name: rows.column(name) for name, rows in found.items() if name in rows.column_names}
        columns = with_keys(columns, self.rules, [name for name in columns if name not in frame.column_names])
        columns |= {part.column: part.apply(columns[part.column], counters, seed=self.seed) for part in self.astray}
        columns = complete(columns, self.made, self.schema, counters, seed=self.seed)
        return pa.table([columns[field.name].cast(field.type, safe=False) for field in self.schema], schema=self.schema)


@lru_cache(maxsize=4)
def _model(synthesizer: str, folder: Path) -> Model:
    return load_model(synthesizer, folder)


def draw_in_spark(spark: SparkSession, drawing: Drawing, frame: Frame, *, scratch: Path, target: Path) -> None:
    """Complete `frame` in Spark and write `target`, one Parquet file in the order of `__row`; memory is flat in the rows."""
    source, parts = scratch / "frame", scratch / "parts"
    source.mkdir(parents=True)
    parts.mkdir()
    names: list[str] = []
    for part in frame.parts(SEQUENCES if FAMILY in frame.rows.column_names else BATCH):
        names.append(f"{len(names):06}.parquet")
        pq.write_table(part, source / names[-1], compression="lz4")

    def run(number: int) -> int:
        # Real types are written here, with Arrow: Spark has no type for some of them.
        rows = drawing.complete(pq.read_table(source / names[number]), _model(drawing.synthesizer, drawing.folder))
        pq.write_table(rows.drop_columns([ROW]), parts / names[number], compression="lz4")
        return int(rows.num_rows)

    if sum(mapped(spark, run, len(names))) != frame.rows.num_rows:
        raise AssertionError("Spark completed another number of rows than it was given")
    merge([parts / name for name in names], target, drawing.schema)


def merge(parts: Sequence[Path], target: Path, schema: pa.Schema) -> None:
    """Several Parquet files as one, in order, one at a time in memory."""
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for part in parts:
            writer.write_table(pq.read_table(part).cast(schema))


def draw_here(drawing: Drawing, frame: pa.Table, model: Model, *, target: Path) -> None:
    """The same in this process, for synthesizers that draw a table as a whole."""
    drawn = model.sample(frame.num_rows, seed=drawing.seed)
    pq.write_table(drawing.typed(frame, drawn), target, compression="zstd")
