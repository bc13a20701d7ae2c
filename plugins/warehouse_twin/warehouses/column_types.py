"""Types of columns, from one warehouse's words into another's.

PostgreSQL spells types as its `format_type` does (`numeric(38,10)`, `timestamp with time zone`, `integer[]`), DuckDB as its
catalog does (`DECIMAL(38,10)`, `TIMESTAMP WITH TIME ZONE`, `INTEGER[]`). Every value of a type has one in its translation,
but for times below a microsecond, which no stage keeps. What the other side has no type for becomes text.
"""

from __future__ import annotations

import re

from warehouse_twin.warehouses import Dialect

WIDEST_DECIMAL = 38
ANY_NUMERIC = "DECIMAL(38,10)"
"""What PostgreSQL's `numeric` without a precision is read as, unless its values say otherwise."""

_FROM_POSTGRES = {
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "oid": "UINTEGER",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "character": "VARCHAR",
    "name": "VARCHAR",
    "citext": "VARCHAR",
    "date": "DATE",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "time without time zone": "TIME",
    "time with time zone": "TIME WITH TIME ZONE",
    "interval": "INTERVAL",
    "uuid": "UUID",
    "bytea": "BLOB",
    "json": "JSON",
    "jsonb": "JSON",
    "bit": "BIT",
    "bit varying": "BIT",
}
_FROM_DUCKDB = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric(20,0)",
    "HUGEINT": "numeric(39,0)",
    "UHUGEINT": "numeric(39,0)",
    "BIGNUM": "numeric",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "BLOB": "bytea",
    "BIT": "bit varying",
    "DATE": "date",
    "TIME": "time without time zone",
    "TIME_NS": "time without time zone",
    "TIME WITH TIME ZONE": "time with time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP_S": "timestamp without time zone",
    "TIMESTAMP_MS": "timestamp without time zone",
    "TIMESTAMP_NS": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "INTERVAL": "interval",
    "UUID": "uuid",
    "JSON": "json",  # not jsonb, which does not keep a text as it was written
}
_ARRAY = re.compile(r"(?P<element>.+)\[\d*\]", re.DOTALL)
_NUMERIC = re.compile(r"(?:numeric|decimal)\s*\((?P<digits>\d+)\s*,\s*(?P<scale>-?\d+)\)", re.IGNORECASE)
_WIDTH = re.compile(r"\s*\([^)]*\)")
_RECORD = re.compile(r"(?:STRUCT|MAP)\s*\(", re.IGNORECASE)


def translated(sql_type: str, *, source: Dialect, target: Dialect) -> str:
    """The type of `target` that holds the values of a type of `source`."""
    if source == target:
        return sql_type
    return to_duckdb(sql_type) if target == "duckdb" else to_postgres(sql_type)


def to_duckdb(native: str) -> str:
    """The type that values of a type of PostgreSQL are read as; a type somebody made is read as text."""
    if array := _ARRAY.fullmatch(native):
        return f"{to_duckdb(array['element'])}[]"
    if number := _NUMERIC.fullmatch(native):
        digits, scale = int(number["digits"]), int(number["scale"])
        return f"DECIMAL({digits},{scale})" if digits <= WIDEST_DECIMAL and 0 <= scale <= digits else "DOUBLE"
    if native == "numeric":
        return ANY_NUMERIC
    plain = "interval" if native.startswith("interval ") else _WIDTH.sub("", native).strip()  # `interval day to second(3)`
    return _FROM_POSTGRES.get(plain, "VARCHAR")


def to_postgres(sql_type: str) -> str:
    """The type of PostgreSQL that holds the values of a type of DuckDB. An enumeration without a name of its own is text."""
    if array := _ARRAY.fullmatch(sql_type):
        element = to_postgres(array["element"])
        # Lists within lists may differ in length, which PostgreSQL's arrays of arrays may not.
        return "json" if element == "json" or element.endswith("[]") else f"{element}[]"
    if number := _NUMERIC.fullmatch(sql_type):
        return f"numeric({number['digits']},{number['scale']})"
    if _RECORD.match(sql_type):
        return "json"
    return _FROM_DUCKDB.get(sql_type, "text")


def text_limit(native: str) -> int | None:
    """The most characters that a text column of PostgreSQL takes; None for no limit."""
    found = re.fullmatch(r"character(?: varying)?\((\d+)\)", native)
    return int(found[1]) if found else None
