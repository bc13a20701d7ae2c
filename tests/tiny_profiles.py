"""Profiles of small tables, every row its own entity."""

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import TableProfile


def profile_of(table: pa.Table, *, k: int = 10, pairs: tuple[tuple[str, str, float], ...] = ()) -> TableProfile:
    entities = np.arange(table.num_rows)
    columns = tuple(profile_column(ColumnTask(name, "T"), table.column(name), entities, k=k) for name in table.column_names)
    return TableProfile("t", k, table.num_rows, 0, table.num_rows, 0, columns, pairs=pairs)
