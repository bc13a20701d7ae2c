"""SDV's HMA over a schema of two small tables."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from benchmarks import hma, relational
from benchmarks.linked import Linked, Schema, plain

from warehouse_twin.warehouses.catalog import ForeignKey, Table

SCHEMA = Schema(
    (Table("shops", (), ("id",)), Table("sales", (), (), (ForeignKey(("shop",), "shops", ("id",)),))),
)
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in range(40)]
TABLES = {
    "shops": pa.table({"id": np.arange(8), "size": ["small", "large"] * 4}),
    "sales": pa.table({"shop": np.arange(40) % 8, "day": pa.array(DAYS), "total": np.linspace(1.0, 9.0, 40)}),
}


@pytest.mark.filterwarnings("ignore")  # those of SDV's own
def test_hma_draws_tables_that_can_be_measured() -> None:
    drawn = hma.draw(SCHEMA, TABLES, seed=1)
    side = Linked(SCHEMA, drawn.tables)
    assert relational.orphans(side) == {"sales.shop>shops": 0}
    assert drawn.tables["shops"].num_rows == 8
    assert plain(drawn.tables["sales"])["day"].between("2024-01-01", "2024-02-10").all()
    assert relational.shapes(Linked(SCHEMA, TABLES), side)["sales.day"] > 0.2
    assert drawn.fit_cpu_s > 0
    assert drawn.sample_cpu_s > 0
