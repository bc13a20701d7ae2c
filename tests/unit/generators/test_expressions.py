from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.generators.expressions import (
    ExpressionError,
    castable,
    duckdb_type,
    evaluate,
    named,
    parse_expression,
    result_type,
    row_schema,
)

ROWS = {
    "net": pa.chunked_array([pa.array([10, 20, None], type=pa.int64())]),
    "First Name": pa.chunked_array([["Ada", "Bo", None]]),
    "day": pa.chunked_array([pa.array([date(2024, 1, 30), date(2024, 2, 28), None])]),
}


def computed(text: str, sql_type: str, kind: pa.DataType) -> list[Any]:
    used = {name: ROWS[name] for name in parse_expression(text).columns}
    return evaluate(text, used, 3, sql_type, kind, column="x").to_pylist()


@pytest.mark.parametrize(
    ("text", "sql_type", "kind", "wanted"),
    [
        ("net * 1.19", "DOUBLE", pa.float64(), [11.9, 23.8, None]),
        ("coalesce(net, 0) + 1", "INTEGER", pa.int32(), [11, 21, 1]),
        ("case when net > 15 then 'big' else 'small' end", "VARCHAR", pa.string(), ["small", "big", "small"]),
        ("lower(\"First Name\") || '@corp.example'", "VARCHAR", pa.string(), ["ada@corp.example", "bo@corp.example", None]),
        ("day + 2", "DATE", pa.date32(), [date(2024, 2, 1), date(2024, 3, 1), None]),
        ("day + interval 1 month", "DATE", pa.date32(), [date(2024, 2, 29), date(2024, 3, 28), None]),
        ("extract(year from day) = 2024 and net between 5 and 15", "BOOLEAN", pa.bool_(), [True, False, None]),
        ("net in (20, 30) or net is null", "BOOLEAN", pa.bool_(), [False, True, True]),
        ("net % 3 -- what is left", "TINYINT", pa.int8(), [1, 2, None]),
        ("nullif(net, 10)::varchar", "VARCHAR", pa.string(), [None, "20", None]),
        ("try_cast(\"First Name\" as integer)", "INTEGER", pa.int32(), [None, None, None]),
        ("format('INV-{:05d}', net)", "VARCHAR", pa.string(), ["INV-00010", "INV-00020", None]),
        ("1 + 1", "INTEGER", pa.int32(), [2, 2, 2]),
    ],
)  # fmt: skip
def test_an_expression_is_computed_row_by_row(text: str, sql_type: str, kind: pa.DataType, wanted: list[Any]) -> None:
    assert computed(text, sql_type, kind) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("net +", "at character 6: syntax error"),
        ("", "wanted an expression of at most"),
        ("random()", r"at character 1: random\(…\) is not known here"),
        ("net + now()", r"now\(…\) is not known here"),
        ("sum(net)", r"sum\(…\) is not known here"),
        ("row_number() over ()", "window"),
        ("(select 1)", "subquery"),
        ("exists (select 1 from read_csv('/etc/passwd'))", "subquery"),
        ("1) from read_csv('/etc/passwd') --", "syntax error"),
        ("1) union select (2", "wanted one expression"),
        ("1); drop table x; select (2", "Only SELECT statements"),
        ("1, 2", "row"),
        ("*", "star is not known"),
        ("columns('n.*')", "star is not known"),
        ("orders.net", "at character 1: orders.net names a table"),
        ("getvariable('x')", "getvariable"),
        ("getenv('HOME')", "getenv"),
        ("nextval('s')", "nextval"),
        ("list_transform([1], x -> x)", "not known here"),
        ("$1", "parameter"),
        ("net collate nocase", "collate"),
        ("sum(net) filter (where net > 1)", "sum"),
        ("uuid()", "uuid"),
        ("'a' || pg_sleep(1)", "pg_sleep"),
        ("+".join(["net"] * 300), "deep"),
        ("x" * 5_000, "at most 4,000"),
    ],
)
def test_what_is_more_than_an_expression_over_the_row_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said):
        parse_expression(text)


def test_today_is_no_column() -> None:
    """`current_date` is a bare word to the parser: it must be a column of the row, and so is none."""
    assert parse_expression("current_date").columns == ("current_date",)
    assert named("current_date", ["net"]) is None


def test_a_name_means_the_column_as_sql_does() -> None:
    assert parse_expression('NET + "First Name" || net').columns == ("NET", "First Name", "net")
    assert named("NET", ["net", "x"]) == "net"
    assert named("Net", ["net", "Net"]) == "Net"


def test_the_type_of_an_expression_is_known_before_there_are_rows() -> None:
    schema = row_schema({"net": "DECIMAL(10,2)", "day": "date", "kind": "ENUM('a','b')", "id": "UUID"})
    assert result_type(parse_expression("day + 1"), schema) == "DATE"
    assert result_type(parse_expression("net > 1"), schema) == "BOOLEAN"
    assert result_type(parse_expression("kind || id"), schema) == "VARCHAR"
    with pytest.raises(ExpressionError, match="No function matches"):
        result_type(parse_expression("day * day"), schema)


def test_types_by_any_of_their_names() -> None:
    assert [duckdb_type(name) for name in ("int4", "varchar(20)", "numeric(10,2)", "timestamptz")] == [
        "INTEGER", "VARCHAR", "DECIMAL(10,2)", "TIMESTAMP WITH TIME ZONE",
    ]  # fmt: skip
    with pytest.raises(ExpressionError, match="no type"):
        duckdb_type("geography(point)")


def test_what_is_a_value_of_a_type() -> None:
    assert castable(["1", "x", "1.5"], "INTEGER") == [True, False, True]
    assert castable(["a", "c"], "ENUM('a', 'b')") == [True, False]


def test_a_row_without_a_value_is_named_without_quoting_any() -> None:
    with pytest.raises(ConfigurationError) as caught:
        computed('cast("First Name" as integer)', "INTEGER", pa.int32())
    assert "expression of x: ConversionException in some row" in str(caught.value)
    assert "Ada" not in str(caught.value)
