"""Windows on tables that are too large to compare in full: all rows, real and drawn, with a value of one column in a few spans of it.

Of rows picked by chance a copy and what it was copied from are hardly ever both there; in a window they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from warehouse_twin.metrics.columns import Bools, Floats, decode, kind_of
from warehouse_twin.randomness import first_permuted, uniforms

SPANS = 3
LOOKED_AT = 20_000
"""Rows of the training part whose values say where spans begin and end."""


@dataclass(frozen=True, slots=True)
class Window:
    """Spans of a column's values, `(spans, 2)`, both ends inside."""

    column: str
    spans: Floats

    def inside(self, rows: pa.Table) -> Bools:
        """Which rows are seen, shape `(rows,)`: none without a value."""
        values = decode(rows.column(self.column), kind_of(rows.schema.field(self.column).type), name=self.column)
        seen = np.zeros(len(values), dtype=bool)
        for low, high in self.spans:
            seen |= (values.data >= low) & (values.data <= high)
        return seen & ~values.missing


def window(training: pa.Table, columns: Sequence[str], *, share: float, seed: int) -> Window | None:
    """A window that about this share of the rows is seen through, on the column of numbers or times with the most values; None where no
    column has enough of them to be cut so finely."""
    few = training.take(pa.array(first_permuted(len(training), LOOKED_AT, seed=seed, stream="window")))
    present = {name: _present(few, name) for name in columns}
    finest = max(present, key=lambda name: len(np.unique(present[name])))
    if len(np.unique(present[finest])) < 2 * SPANS / share:
        return None
    begin = float(uniforms(np.zeros(1, dtype=np.int64), seed=seed, stream="window/begin")[0]) * (1 - share)
    begins = (np.arange(SPANS) + begin) / SPANS
    return Window(finest, np.quantile(present[finest], np.stack([begins, begins + share / SPANS], axis=1)))


def _present(rows: pa.Table, name: str) -> Floats:
    """The values of a column of numbers or times; none of another."""
    kind = kind_of(rows.schema.field(name).type)
    if kind not in ("numeric", "datetime"):
        return np.zeros(0)
    values = decode(rows.column(name), kind, name=name)
    present: Floats = values.data[~values.missing].astype(np.float64)
    return present
