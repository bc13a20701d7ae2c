"""Numbers that arrive as text: what DuckDB spells is read to the last digit, modelled as numbers, and spelled as DuckDB does."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from warehouse_twin.profiling.columns import ColumnTask, profile_column
from warehouse_twin.profiling.spelled_numbers import PARTS, from_numbers, to_numbers, with_numbers
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.synthesizers.columns import draw_alone
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.warehouses.catalog import Column, Table

SPELLED = {
    "INTERVAL": [
        "1 year 2 months -3 days -04:05:06.789",
        "-14 months",
        "1 month",
        "-1 day",
        "-0.5 seconds",
        "0 days",
        "100 hours",
        "-1 year",
    ],
    "TIME WITH TIME ZONE": ["12:34:00+02", "10:00:00.5+05:30", "00:00:00-15:59:59", "23:59:59.999999+00", "00:00:00.000001-03:30"],
    "BIGNUM": ["0", "-12", "9007199254740992"],
    "UHUGEINT": ["0", "12", "9007199254740992"],
}


def column(values: list[str | None]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, type=pa.string())])


@pytest.mark.parametrize("sql_type", SPELLED)
def test_values_are_read_and_spelled_as_duckdb_spells_them(sql_type: str) -> None:
    with duckdb.connect() as made:
        [texts] = made.execute(f"SELECT list(v::{sql_type}::VARCHAR) FROM unnest(?) t(v)", [SPELLED[sql_type]]).fetchone()
    parts = to_numbers(column([*texts, None]), sql_type)
    assert [len(part) for part in parts] == [len(texts) + 1] * len(PARTS[sql_type])
    assert from_numbers(parts, sql_type) == [*texts, None]


def test_an_interval_is_months_days_and_microseconds() -> None:
    found = to_numbers(column(["1 year 2 months -3 days -00:00:01.5", "2 days", None, "no interval"]), "INTERVAL")
    assert [[None if np.isnan(value) else value for value in part] for part in found] == [
        [14, 0, None, None],
        [-3, 2, None, None],
        [-1_500_000, 0, None, None],
    ]


def test_what_a_type_cannot_hold_is_cut_to_what_it_can() -> None:
    assert from_numbers((np.asarray([-5.0, 1e50]),), "UHUGEINT")[0] == "0"
    with duckdb.connect() as made:
        made.execute("SELECT ?::UHUGEINT", [from_numbers((np.asarray([1e50]),), "UHUGEINT")[0]])
        made.execute("SELECT ?::TIMETZ", [from_numbers((np.asarray([9e11]), np.asarray([1e6])), "TIME WITH TIME ZONE")[0]])
    assert from_numbers((np.asarray([1.005, -2.0]),), "money") == ["1.00", "-2.00"]


def test_rare_values_are_modelled_beside_other_columns() -> None:
    """Loans of a gold customer last about a year, those of others about a week: no two alike, and the tree tells them apart."""
    draw = np.random.default_rng(1)
    gold = draw.random(4_000) < 0.5
    seconds = draw.integers(0, 86_400, 4_000)
    lasted = [
        f"{300 + extra % 60 if high else extra % 14} days {extra // 3600:02}:{extra // 60 % 60:02}:00"
        for high, extra in zip(gold, seconds, strict=True)
    ]
    training = pa.table({"gold": pa.array(np.where(gold, "gold", "plain")), "lasted": pa.array(lasted)})
    entities = np.arange(4_000)
    columns = [
        profile_column(ColumnTask(name, kind), training.column(name), entities, k=10)
        for name, kind in (("gold", "VARCHAR"), ("lasted", "INTERVAL"))
    ]
    assert columns[1].kind == "spelled"
    assert columns[1].parts[2].step == 60_000_000
    profile = TableProfile("t", 10, 4_000, 0, 4_000, 0, tuple(columns))
    drawn = TREE.fit(training, profile, given=(), parameters={}, seed=1).sample(2_000, seed=2)
    days = to_numbers(drawn.column("lasted"), "INTERVAL")[1]
    high = drawn.column("gold").to_numpy() == "gold"
    assert days[high].min() >= 290
    assert days[~high].max() <= 20
    assert drawn.column("lasted").null_count == 0


def test_bits_are_random_and_as_long_as_the_sources() -> None:
    bits = [f"{row:08b}" for row in range(256)]
    profile = profile_column(ColumnTask("c", "BIT"), column(bits), np.arange(256), k=10)
    made = draw_alone(profile, pa.string(), np.ones(200, dtype=bool), np.arange(200), 1).to_pylist()
    assert {len(text) for text in made} == {8}
    assert {letter for text in made for letter in text} == {"0", "1"}
    assert len(set(made)) > 100


def test_they_are_compared_as_numbers() -> None:
    table = Table(
        "t", (Column("lasted", "INTERVAL", True), Column("price", "VARCHAR", True, native_type="money"), Column("note", "VARCHAR", True))
    )
    rows = pa.table({"lasted": ["1 day 00:00:01", None], "price": ["12.50", "x"], "note": ["1", "2"]})
    found = with_numbers(rows, table)
    assert found.to_pydict() == {"lasted": [86_401.0, None], "price": [12.5, None], "note": ["1", "2"]}
