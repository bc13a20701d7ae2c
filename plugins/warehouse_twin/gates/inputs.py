"""What scoring reads: the real rows with their entities, and where the tables of a release are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.metrics.columns import Ints
from warehouse_twin.metrics.copies import Records


@dataclass(frozen=True, slots=True)
class Part:
    """Real rows and the entity of each, shape `(rows,)`."""

    rows: pa.Table
    entities: Ints

    @classmethod
    def alone(cls, rows: pa.Table) -> Part:
        """Drawn rows: each is its own entity."""
        return cls(rows, np.arange(len(rows), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the tables of a release are, by name. Each call reads; nothing is kept."""

    real: Callable[[str], tuple[Part, Part]]
    """training and holdout part"""
    twin: Callable[[str], pa.Table]
    floor: Callable[[str], pa.Table | None]
    challengers: Callable[[str], Mapping[str, pa.Table]]
    rules: Callable[[str], Mapping[str, int]] = lambda _: {}
    """rows of the twin that break each rule of a table"""
    made_up: Callable[[str], Collection[str]] = lambda _: ()
    """columns of a table whose values are made up"""
    earlier: Callable[[str], Sequence[pa.Table]] = lambda _: ()
    """the table in releases before, the newest first"""
    present: Callable[[str], Ints] = lambda _: np.zeros(0, dtype=np.int64)
    """the entities of a table's rows when the newest of those was made"""


@dataclass(frozen=True, slots=True)
class Real:
    """What candidates for one table are compared with: all rows for privacy, `fair` ones for columns and pairs."""

    table: ResolvedTable
    training: Part
    holdout: Part
    fair: tuple[Part, Part]
    floor: pa.Table | None
    shapes: tuple[str, ...]
    record: tuple[str, ...]
    k: int
    seed: int

    def records(self, rows: pa.Table, record: tuple[str, ...]) -> Records:
        """Drawn rows as records of these columns, beside the real ones."""
        held = self.holdout.rows if len(self.holdout.rows) else None
        return Records(self.table.name, record, self.training.rows, rows, self.floor, held, self.training.entities)

    @property
    def apart(self) -> Part | None:
        """The floor's rows."""
        return None if self.floor is None else Part.alone(self.floor)
