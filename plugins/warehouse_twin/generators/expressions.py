"""Expressions: a column computed from others of its row, in SQL.

The text is parsed by DuckDB and its syntax tree held against lists: only columns of the row, literals, `case`, `cast`,
comparisons and the functions below pass, all of which depend on nothing but their arguments. What passes is computed by a
connection of its own, in memory, that reads no file, loads no extension and cannot be told otherwise.
"""
# ruff: noqa: S608 - an expression was held against the lists; identifiers go through `quoted`

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.warehouses import quoted
from warehouse_twin.warehouses.catalog import Column
from warehouse_twin.warehouses.duckdb_catalog import as_read

MAX_TEXT, MAX_DEPTH = 4_000, 200
_BEFORE = "SELECT (\n"
_CONFIG: dict[str, Any] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "2GB",
    "threads": 1,
}
_NAMES = """
    + - * / // % || ~~ !~~ ~~* !~~* abs ceil ceiling floor round trunc sign sqrt power pow exp ln log log10 mod greatest least
    lower upper length char_length character_length trim ltrim rtrim lpad rpad left right substring substr replace reverse strpos
    position instr concat concat_ws contains starts_with ends_with prefix suffix printf format translate ascii chr initcap md5
    split_part regexp_matches regexp_replace regexp_extract regexp_full_match strip_accents ord unicode
    if ifnull nullif coalesce date_part datepart date_trunc date_add date_sub date_diff datediff datesub year quarter month week day
    dayofweek dayofmonth dayofyear isodow weekday hour minute second epoch last_day make_date make_time make_timestamp
    strftime strptime monthname dayname to_days to_hours to_minutes to_seconds to_months to_years to_weeks
"""
FUNCTIONS = frozenset(_NAMES.split())
"""What an expression may call: each gives the same for the same arguments, whenever and wherever it is called."""
_CLASSES = frozenset({"COLUMN_REF", "CONSTANT", "FUNCTION", "COMPARISON", "CONJUNCTION", "CAST", "CASE", "OPERATOR", "BETWEEN", "TYPE"})
_OPERATORS = frozenset(
    {"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "OPERATOR_COALESCE", "OPERATOR_NULLIF", "COMPARE_IN", "COMPARE_NOT_IN",
     "OPERATOR_CAST"}
)  # fmt: skip


_ROW = pa.field("__row", pa.int8())
"""Beside the columns that an expression names, so that one that names none is computed for every row too."""


class ExpressionError(ValueError):
    """An expression that cannot be read, or is not let pass."""


@dataclass(frozen=True, slots=True)
class Expression:
    """The text of an expression, and the columns it names as they are spelled in it."""

    text: str
    columns: tuple[str, ...]


@lru_cache(maxsize=1_000)
def parse_expression(text: str) -> Expression:
    """Read an expression. Raises ExpressionError, which says what is wrong."""
    if len(text) > MAX_TEXT or not text.strip():
        raise ExpressionError(f"wanted an expression of at most {MAX_TEXT:,} characters")
    with _opened() as connection:
        (found,) = connection.execute("SELECT json_serialize_sql(?)", [_query(text)]).fetchone() or ("{}",)
    tree = json.loads(found)
    if tree.get("error"):
        place = int(tree.get("position") or len(_BEFORE)) - len(_BEFORE) + 1
        raise ExpressionError(f"at character {max(1, min(place, len(text) + 1))}: {tree.get('error_message', 'no expression')}")
    statements = tree["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    if not _is_bare(node):
        raise ExpressionError("wanted one expression over the row's columns, such as net + tax")
    columns: list[str] = []
    _held(node["select_list"][0], text, columns, 0)
    return Expression(text, tuple(dict.fromkeys(columns)))


def named(name: str, known: Iterable[str]) -> str | None:
    """The known column that a name in an expression means: case matters only where it must, as in SQL."""
    if name in (names := list(known)):
        return name
    return next((each for each in names if each.casefold() == name.casefold()), None)


def _query(text: str) -> str:
    return f"{_BEFORE}{text}\n) AS value"


def _is_bare(node: Mapping[str, Any]) -> bool:
    """A SELECT of one value, and nothing else."""
    empty = ("modifiers", "where_clause", "group_expressions", "group_sets", "having", "sample", "qualify")
    return (
        node.get("type") == "SELECT_NODE"
        and node.get("from_table", {}).get("type") == "EMPTY"
        and len(node.get("select_list", ())) == 1
        and not any(node.get(name) for name in empty)
        and not node.get("cte_map", {}).get("map")
    )


def _held(node: Any, text: str, columns: list[str], depth: int) -> None:
    """Hold a part of the tree, and all below it, against the lists; the columns it names are added to `columns`."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"the expression is more than {MAX_DEPTH} deep")
    if isinstance(node, list):
        for part in node:
            _held(part, text, columns, depth + 1)
    if not isinstance(node, dict):
        return
    kind = node.get("class")
    if kind is not None and (kind not in _CLASSES or (kind == "OPERATOR" and node.get("type") not in _OPERATORS)):
        raise ExpressionError(f"{_at(node, text)}: {str(node.get('type')).lower().replace('_', ' ')} is not known here; {_WANTED}")
    if kind == "FUNCTION":
        name = str(node["function_name"]).lower()
        if name not in FUNCTIONS or node.get("schema") or node.get("catalog") or node.get("filter") or node.get("distinct"):
            raise ExpressionError(f"{_at(node, text)}: {name}(…) is not known here; {_WANTED}")
    if kind == "COLUMN_REF":
        if len(node["column_names"]) != 1:
            raise ExpressionError(f"{_at(node, text)}: {'.'.join(node['column_names'])} names a table; wanted a column of the row alone")
        columns.append(node["column_names"][0])
    for part in node.values():
        _held(part, text, columns, depth + 1)


_WANTED = "wanted columns, literals, case, cast, comparisons and the functions that docs/manifest.md lists"


def _at(node: Mapping[str, Any], text: str) -> str:
    place = int(node.get("query_location", 0)) - len(_BEFORE) + 1
    return f"at character {place}" if 1 <= place <= len(text) else "in it"


# ── types ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def duckdb_type(sql_type: str) -> str:
    """A type's name as DuckDB says it: `int4` is INTEGER, `varchar(20)` VARCHAR. Raises ExpressionError for one it does not know."""
    try:
        with _opened() as connection:
            (name,) = connection.execute(f"SELECT typeof(CAST(NULL AS {sql_type}))").fetchone() or ("",)
    except duckdb.Error:
        raise ExpressionError(f"{sql_type} is no type that values can be made for") from None
    return str(name)


def row_schema(columns: Mapping[str, str]) -> pa.Schema:
    """The Arrow types that columns of these types are read as: what an expression sees of a row."""
    if not columns:
        return pa.schema([])
    with _opened() as connection:
        casts = ", ".join(f"CAST(NULL AS {sql_type}) AS {quoted(name)}" for name, sql_type in columns.items())
        read = ", ".join(as_read(Column(name, sql_type, nullable=True)) for name, sql_type in columns.items())
        schema: pa.Schema = connection.sql(f"SELECT {read} FROM (SELECT {casts}) LIMIT 0").to_arrow_table().schema
    return schema


def result_type(expression: Expression, schema: pa.Schema) -> str:
    """The type of an expression over the columns of this schema, in DuckDB's words. Raises ExpressionError where it has none."""
    try:
        with _opened() as connection:
            connection.register("row", pa.schema([*schema, _ROW]).empty_table())
            described = connection.execute(f'DESCRIBE {_query(expression.text)} FROM "row"').fetchone()
    except duckdb.Error as error:
        raise ExpressionError(_first_line(error)) from None
    return str(described[1]) if described else ""


def _first_line(error: duckdb.Error) -> str:
    text = str(error).splitlines()[0]
    return text.partition("Error: ")[2] or text


def castable(texts: Sequence[str], sql_type: str) -> list[bool]:
    """Whether each text is a value of a type."""
    with _opened() as connection:
        rows = pa.table({"text": pa.array(texts, type=pa.string())})
        connection.register("row", rows)
        found = connection.execute(f'SELECT TRY_CAST("text" AS {sql_type}) IS NOT NULL FROM "row"').fetchall()
    return [bool(good) for (good,) in found]


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def values_of(texts: Sequence[str], sql_type: str, kind: pa.DataType) -> pa.Array:
    """Texts as values of a type, as rows of it are read."""
    rows = pa.table({"text": pa.array(texts, type=pa.string())})
    return _computed("constants", '"text"', rows, sql_type, kind)


def evaluate(text: str, columns: Mapping[str, pa.ChunkedArray], rows: int, sql_type: str, kind: pa.DataType, *, column: str) -> pa.Array:
    """An expression's value in each of some rows, cast to a type. Raises ConfigurationError where that cannot be had."""
    row = pa.table({**columns, _ROW.name: pa.nulls(rows, pa.int8())})
    return _computed(f"expression of {column}", f"(\n{text}\n)", row, sql_type, kind)


def _computed(what: str, sql: str, rows: pa.Table, sql_type: str, kind: pa.DataType) -> pa.Array:
    read = as_read(Column("value", sql_type, nullable=True))
    try:
        with _opened() as connection:
            connection.register("row", rows)
            found = connection.sql(f'SELECT {read} FROM (SELECT CAST({sql} AS {sql_type}) AS "value" FROM "row")').to_arrow_table()
    except duckdb.Error as error:  # its text may quote a value
        raise ConfigurationError(
            f"{what}: {type(error).__name__} in some row; next: guard it, as in try_cast(…), nullif(…, 0) or case when … end"
        ) from None
    return found.column(0).cast(kind).combine_chunks()


@contextmanager
def _opened() -> Iterator[duckdb.DuckDBPyConnection]:
    """A session of its own: what is registered in one is seen by no other."""
    with _database(os.getpid()).cursor() as session:
        yield session


@cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    """An empty database in memory, one a process: what a process was forked with is not its own."""
    connection = duckdb.connect(":memory:", config=_CONFIG)
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET lock_configuration = true")
    return connection
