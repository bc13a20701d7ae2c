"""Small samples in bins, made in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.metrics.binning import Binned, ColumnBins, binned, fit_bins
from warehouse_twin.metrics.replicates import row_groups
from warehouse_twin.metrics.risks import Attacked
from warehouse_twin.metrics.samples import Samples

Columns = Mapping[str, Any]


def _binned(table: pa.Table, bins: tuple[ColumnBins, ...]) -> Binned:
    group, groups = row_groups(len(table), seed=1)
    return binned(table, bins, group=group, groups=groups)


@pytest.fixture
def samples() -> Callable[..., Samples]:
    """`samples(training, synthetic, floor=…, holdout=…)`, each a mapping of columns or a table."""

    def make(training: Columns, synthetic: Columns, **yardsticks: Columns) -> Samples:
        tables = {name: pa.table(side) for name, side in {"training": training, "synthetic": synthetic, **yardsticks}.items()}
        bins = fit_bins(tables["training"], tables["training"].column_names)
        return Samples("t", bins, **{name: _binned(table, bins) for name, table in tables.items()})

    return make


@pytest.fixture
def attacked() -> Callable[..., Attacked]:
    """`attacked(synthetic, training, holdout)`, every row an entity of its own unless `owners=(…, …)` says whose they are."""

    def make(synthetic: Columns, training: Columns, holdout: Columns, *, owners: tuple[Any, Any] | None = None) -> Attacked:
        tables = [pa.table(side) for side in (synthetic, training, holdout)]
        people = owners or tuple(range(len(side)) for side in tables[1:])
        one, other = (np.asarray(list(side), dtype=np.int64) for side in people)
        return Attacked("t", tuple(tables[1].column_names), *tables, one, other)

    return make
