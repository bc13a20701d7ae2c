"""Common values of columns that are generated: kept beside what is made up, and never those of a direct identifier."""

import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.synthesizers.columns import from_values, to_values
from warehouse_twin.synthesizers.sequential import TREE

CODES = [f"X-{row:03}" for row in range(60)] + ["N/A"] * 40


def profile(name: str, values: list, **task) -> ColumnProfile:
    return profile_column(ColumnTask(name, "VARCHAR", **task), column(values), np.arange(len(values)), k=10)


def column(values: list) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=pa.string())])


def test_common_values_of_a_code_are_a_category_and_the_rest_is_made_up() -> None:
    found = profile("code", CODES)
    assert found.kind == "code"
    assert (found.parts[0].values, found.parts[0].rows) == (("", "N/A"), (60, 40))
    (values,) = to_values(column([*CODES[:2], "N/A", None]), found)
    assert [None if np.isnan(value) else value for value in values] == [0, 0, 1, None]
    made = from_values((values,), found, pa.string(), np.arange(4), seed=1).to_pylist()
    assert made[2:] == ["N/A", None]
    assert all(len(value) == 5 and value.startswith("X-") for value in made[:2])


@pytest.mark.parametrize(
    ("name", "values", "task"),
    [
        ("code", CODES, {"kind": "code"}),
        ("code", [f"X-{row:03}" for row in range(100)], {}),
        ("code", [f"X-{row:03}" for row in range(400)] + ["N/A"] * 15, {}),
        ("email", ["info@corp.example"] * 40 + [f"u{row}@corp.example" for row in range(60)], {}),
        ("city", ["Bonn"] * 40 + [f"Town {row}" for row in range(60)], {"pii": ("city", "de_DE")}),
    ],
    ids=["said to be a code", "none common", "few", "direct", "said to be personal"],
)
def test_nothing_is_kept_beside(name: str, values: list[str], task: dict) -> None:
    assert profile(name, values, **task).parts[0].kind == "presence" or "" not in profile(name, values, **task).parts[0].values


def test_a_common_city_stays_and_the_address_has_it() -> None:
    rows = 600
    letters = "abcdefghijklmnopqrstuvwxyz"
    cities = ["Bonn" if row % 2 else f"Town{letters[row % 26]}{letters[row // 26]}" for row in range(rows)]
    streets = [f"{row % 90 + 1} Main Street, {city}" for row, city in enumerate(cities)]
    table = pa.table({"side": [str(row % 2) for row in range(rows)], "city": cities, "address": streets})
    columns = tuple(profile(name, table[name].to_pylist()) for name in table.column_names)
    assert [found.kind for found in columns] == ["categorical", "pii", "pii"]
    assert "Town" not in str(columns)
    found = TableProfile("t", 10, rows, 0, rows, 0, columns, pairs=(("side", "city", 0.9),))
    drawn = TREE.fit(table, found, given=(), parameters={}, seed=1).sample(300, seed=2).to_pydict()
    for side, city, address in zip(*(drawn[name] for name in table.column_names), strict=True):
        assert (side == "1") == (city == "Bonn")
        assert f", {city}, " in address
    assert len(set(drawn["city"])) > 50


def test_common_texts_stay_texts() -> None:
    found = profile("note", ["call me back"] * 30 + [f"see order {row} please now" for row in range(70)])
    assert found.kind == "text"
    kept = float(found.parts[0].values.index("call me back"))
    made = from_values((np.full(2, kept),), found, pa.string(), np.arange(2), seed=1)
    assert made.to_pylist() == ["call me back"] * 2
