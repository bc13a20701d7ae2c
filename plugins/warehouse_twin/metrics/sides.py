"""As many rows of each kind, side by side: learned from, drawn, columns drawn independently, held out."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from warehouse_twin.metrics.columns import Ints


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of one kind, and the jackknife group of each."""

    rows: pa.Table
    group: Ints
    groups: int


@dataclass(frozen=True, slots=True)
class Sides:
    """Rows of one table. All but those of `training` should be equally many: distances fall with the sample's size."""

    table: str
    training: Side
    synthetic: Side
    floor: Side | None = None
    holdout: Side | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.training.rows.column_names)
