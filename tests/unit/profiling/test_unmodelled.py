"""What is told of columns that are not modelled: each is named, with what was done."""

import numpy as np
import pyarrow as pa

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import ColumnProfile
from warehouse_twin.profiling.unmodelled import lost, made_up


def profile(name: str, sql_type: str, values: list, kind: pa.DataType | None = None) -> ColumnProfile:
    return profile_column(ColumnTask(name, sql_type), pa.chunked_array([pa.array(values, type=kind)]), np.arange(len(values)), k=10)


UNIQUE = range(100)
COLUMNS = [
    profile("shape", "GEOMETRY", [f"POINT ({row} 1)" for row in UNIQUE]),
    profile("place", "GEOMETRY", ["POINT (0 0)"] * 50 + [f"POINT ({row} 1)" for row in UNIQUE]),
    profile("same", "GEOMETRY", ["POINT (0 0)"] * 50),
    profile("either", "UNION(num INTEGER, str VARCHAR)", ["1"] * 50),
    profile("any", "VARIANT", [str(row) for row in UNIQUE]),
    profile("span", "INTERVAL", [f"{row} days" for row in UNIQUE]),
    profile("bits", "BIT", [f"{row:08b}" for row in UNIQUE]),
    profile("blob", "BLOB", [bytes([row]) for row in UNIQUE], pa.binary()),
    profile("code", "VARCHAR", [f"X-{row:03}" for row in UNIQUE] + ["N/A"] * 40),
    profile("note", "VARCHAR", ["the cat sat on it"] * 5 + [f"the cat {row} sat on it" for row in UNIQUE]),
    profile("empty", "VARCHAR", [None] * 20, pa.string()),
    profile("none", "GEOMETRY", [None] * 20, pa.string()),
    profile("list", "INTEGER[]", [[row] for row in UNIQUE]),
    profile("whole", "INTEGER", list(UNIQUE)),
]


def test_columns_that_keep_little_are_told_with_what_was_done() -> None:
    member = ", but which member of the type held one is lost"
    nothing = "as nothing is learned of values like these"
    assert lost(COLUMNS) == {
        "shape": f"every value is 'POINT EMPTY', {nothing}",
        "place": "values that fewer than k entities share are replaced by those that more do",
        "either": f"values are kept{member}",
        "any": f"every value is '', {nothing}",
    }


def test_columns_made_by_kind_are_told_with_how() -> None:
    assert made_up(COLUMNS) == {
        "bits": "random bits, as many as the source has",
        "blob": "random bytes, as many as the source has",
        "code": "made up by pattern, beside common values that are kept",
        "note": "made up word after word",
        "list": "made up part by part, each alone",
    }
