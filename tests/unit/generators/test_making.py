from __future__ import annotations

import string
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.generators.generator import Generator
from warehouse_twin.generators.making import Made, complete, made_columns, made_for_all, numbers_within, recomputed

KINDS: dict[str, pa.DataType] = {
    "TINYINT": pa.int8(),
    "INTEGER": pa.int32(),
    "UBIGINT": pa.uint64(),
    "DECIMAL(10,2)": pa.decimal128(10, 2),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
    "TIME": pa.time64("us"),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "UUID": pa.string(),
    "ENUM('a', 'b')": pa.string(),
    "INTERVAL": pa.string(),
    "INTEGER[]": pa.list_(pa.int32()),
}
VALUES = {
    "TINYINT": ["-128", "7"],
    "INTEGER": ["0", "7"],
    "UBIGINT": ["18446744073709551615"],
    "DECIMAL(10,2)": ["0.01", "-3"],
    "DOUBLE": ["1e9"],
    "DATE": ["0001-01-01", "9999-12-31"],
    "TIMESTAMP": ["1899-12-31 23:59:59.999999"],
    "TIMESTAMP WITH TIME ZONE": ["2024-01-01 00:00+02"],
    "TIME": ["23:59:59"],
    "VARCHAR": ["", "x'y\"z"],
    "BOOLEAN": ["true", "false"],
    "UUID": ["12345678-1234-4123-8123-123456789012"],
    "ENUM('a', 'b')": ["a", "b"],
    "INTERVAL": ["3 days"],
    "INTEGER[]": ["[1, 2]", "[]"],
}
BOUNDS = {
    "TINYINT": (-5, 100),
    "INTEGER": (-5, 10**6),
    "UBIGINT": (0, 10**12),
    "DECIMAL(10,2)": ("-1.5", "99.99"),
    "DOUBLE": (-0.5, 3),
    "DATE": ("1890-01-01", "2100-12-31"),
    "TIMESTAMP": ("2024-01-01", "2024-02-01"),
    "TIMESTAMP WITH TIME ZONE": ("2024-01-01", "2024-02-01"),
    "TIME": ("00:00", "23:59:59"),
}


@some.composite
def generators(draw: some.DrawFn) -> Generator:
    """Any generator that a manifest could have for a column of some type."""
    nulls = draw(some.sampled_from([None, 0.0, 0.3, 1.0]))
    sql_type = draw(some.sampled_from(sorted(KINDS)))
    rules = (
        ["choice", "expression"]
        + (["range", "sequence"] if sql_type in BOUNDS else [])
        + (["faker", "pattern"] if sql_type == "VARCHAR" else [])
    )
    kind: Any = draw(some.sampled_from(rules))
    unique = kind in ("range", "pattern") and sql_type not in ("DOUBLE", "TINYINT") and draw(some.booleans())
    low, high = BOUNDS.get(sql_type, (0, 0))
    values = VALUES[sql_type]
    quoted = values[0].replace("'", "''")
    details: dict[str, dict[str, Any]] = {
        "choice": {"values": values, "weights": [float(place + 1) for place in range(len(values))]},
        "expression": {"text": f"cast('{quoted}' as {sql_type})"},
        "range": {"from": low, "to": high, "step": None, "distribution": "uniform"},
        "sequence": {"start": low, "step": 1, "per": []},
        "faker": {"provider": draw(some.sampled_from(["name", "company", "city", "ean"])), "arguments": {}, "locale": "fr_FR"},
        "pattern": {"text": draw(some.sampled_from([r"[A-Z]\d{6}", "(on|off)-[0-9]{5}", r"\w{12}"]))},
    }
    return Generator(kind, details[kind], sql_type, unique, nulls)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    generator=generators(),
    nullable=some.booleans(),
    share=some.sampled_from([0.0, 0.5, 1.0]),
    rows=some.integers(0, 60),
    cut=some.integers(0, 60),
)
def test_any_generator_keeps_type_nullability_and_counters(generator: Generator, nullable: bool, share: float, rows: int, cut: int) -> None:
    kind, counters = KINDS[generator.sql_type], np.arange(rows, dtype=np.int64)
    types = pa.schema([pa.field("x", kind)])
    made = made_columns({"x": generator}, {"x": nullable}, {"x": share})
    column = complete({}, made, types, counters, seed=5)["x"]
    assert column.type == kind
    assert len(column) == rows
    wanted = 0.0 if not nullable else generator.nulls if generator.nulls is not None else 0.0 if generator.kind == "expression" else share
    assert column.null_count == {0.0: 0, 1.0: rows}.get(wanted, column.null_count)
    assert wanted == 0.0 or column.null_count or rows < 30
    parts = [complete({}, made, types, part, seed=5)["x"].to_pylist() for part in (counters[:cut], counters[cut:])]
    assert parts[0] + parts[1] == column.to_pylist()
    present = [str(value) for value in column.to_pylist() if value is not None]
    assert not generator.unique or len(set(present)) == len(present)
    if generator.kind == "pattern":
        assert all(set(text) <= set(string.ascii_letters + string.digits + "-_") for text in present)


def test_expressions_are_made_after_what_they_need() -> None:
    rules = {
        "c": Generator("expression", {"text": "B + 1"}, "INTEGER"),
        "b": Generator("expression", {"text": "a + 1"}, "INTEGER"),
        "a": Generator("sequence", {"start": 1, "step": 1, "per": []}, "INTEGER"),
    }
    made = made_columns(rules, dict.fromkeys(rules, True), {})
    assert [each.name for each in made] == ["a", "b", "c"]
    types = pa.schema([pa.field(name, pa.int32()) for name in rules])
    columns = complete({}, made, types, np.arange(2), seed=1)
    assert columns["c"].to_pylist() == [3, 4]


def test_expressions_are_computed_again_from_columns_that_changed() -> None:
    made = made_columns({"b": Generator("expression", {"text": "a * 2"}, "INTEGER", nulls=0.5)}, {"b": True}, {})
    types = pa.schema([pa.field("a", pa.int32()), pa.field("b", pa.int32())])
    first = complete({"a": pa.chunked_array([pa.array(range(50), type=pa.int32())])}, made, types, np.arange(50), seed=1)
    changed = pa.table({"a": pa.array([9] * 50, type=pa.int32()), "b": first["b"]}, schema=types)
    again = recomputed(changed, made, seed=1).column("b")
    assert set(again.to_pylist()) == {18, None}
    assert again.is_null().to_pylist() == first["b"].is_null().to_pylist()


def test_rows_are_counted_within_their_parents() -> None:
    one = pa.chunked_array([["x", "y", None], ["x", None, "y", "x"]])
    assert numbers_within([one]).tolist() == [0, 0, 0, 1, 0, 1, 2]
    other = pa.chunked_array([[1, 1, 1, 2, 1, 1, 1]])
    assert numbers_within([one, other]).tolist() == [0, 0, 0, 0, 0, 1, 1]


def test_a_sequence_that_the_type_does_not_hold_is_an_error() -> None:
    made = Made("x", Generator("sequence", {"start": 120, "step": 1, "per": []}, "TINYINT"), nullable=False, nulls=0.0)
    assert made_for_all(made, pa.int8(), 8, [], seed=1).to_pylist() == list(range(120, 128))
    with pytest.raises(ConfigurationError, match="column x: its sequence counts 9 values, more than TINYINT has"):
        made_for_all(made, pa.int8(), 9, [], seed=1)
    endless = Made("x", Generator("sequence", {"start": 1, "step": 2**60, "per": []}, "BIGINT"), nullable=False, nulls=0.0)
    with pytest.raises(ConfigurationError, match="more than BIGINT has"):
        made_for_all(endless, pa.int64(), 9, [], seed=1)


@pytest.mark.parametrize(
    ("sql_type", "values", "wanted"),
    [("DOUBLE", [0.0, 1.25, None, 9.0], [0.5, 1.25, None, 2.0]), ("DECIMAL(4,1)", [0, 1, None, 9], ["0.5", "1.0", None, "2.0"])],
)
def test_a_learned_range_moves_what_lies_outside_to_the_nearer_end(sql_type: str, values: list[Any], wanted: list[Any]) -> None:
    kind = pa.float64() if sql_type == "DOUBLE" else pa.decimal128(4, 1)
    rule = Generator("range", {"from": 0.5, "to": 2, "step": None, "distribution": "learned"}, sql_type)
    made = made_columns({"x": rule}, {"x": True}, {"x": 0.0})
    column = pa.chunked_array([pa.array(values, type=kind)])
    found = complete({"x": column}, made, pa.schema([pa.field("x", kind)]), np.arange(4), seed=1)["x"]
    assert found.type == kind
    assert [value if value is None else str(value) for value in found.to_pylist()] == [
        value if value is None else str(value) for value in wanted
    ]


def test_texts_are_no_longer_than_their_warehouse_takes() -> None:
    types = pa.schema([pa.field("x", pa.string())])
    faker = Generator("faker", {"provider": "company", "arguments": {}, "locale": "en_US"}, "VARCHAR", length=5)
    found = complete({}, made_columns({"x": faker}, {"x": False}, {}), types, np.arange(20), seed=1)["x"].to_pylist()
    assert {len(text) for text in found} <= {4, 5}
    rule = Generator("expression", {"text": "'abcdef'"}, "VARCHAR", length=5)
    with pytest.raises(ConfigurationError, match=r"more than 5 characters in some row; next: use left"):
        complete({}, made_columns({"x": rule}, {"x": True}, {}), types, np.arange(2), seed=1)
