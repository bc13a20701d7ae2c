"""What a mart shows, as shares and sums: how it is looked at is planned on the source's, then every side is read alike.

A number or a time is its quantiles, a text or a boolean the shares of its commonest values, a key nothing but its nulls (a twin's keys
are new). Columns of few values are groups: of every number the sum in each, of every other of them the shares of both together. A mart
without keys whose texts and times tell its rows apart is an aggregate: its rows are held against each other, row by row.
Summaries hold real values, so they stay in memory: only distances between them go on.
"""
# ruff: noqa: S608 - identifiers go through `quoted`

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import duckdb

from warehouse_twin.materializing.redirecting import Keys, Mart
from warehouse_twin.warehouses import quoted

LEVELS = tuple(level / 20 for level in range(1, 20))
COMMONEST, LABELS, GROUPS, FEW = 30, 50, 6, 12
"""Values whose shares are compared; the most labels a group may have; columns taken as groups; values of a number that is one."""
A_GROUP = 20
"""Rows for each value that a number must have to be taken as a group."""
SMALL = 10
"""Rows below which numbers are held against their size and not against their spread."""
_INTEGER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$")
_TIME = re.compile(r"DATE$|TIMESTAMP")
EVERY_ROW = ""
Label = str | None


@dataclass(frozen=True, slots=True)
class Column:
    """How one column is looked at. `number`, `label`: SQL that gives it as a double, and as a group; empty for neither."""

    name: str
    kind: Literal["number", "category", "key"]
    number: str = ""
    label: str = ""
    values: tuple[str, ...] = ()
    """its commonest ones"""
    scale: float = 0.0
    """what a difference between numbers is held against"""


@dataclass(frozen=True, slots=True)
class Look:
    """How a mart is looked at. `row`: SQL that names a row of an aggregate; empty for any other mart."""

    columns: tuple[Column, ...]
    row: str = ""
    small: bool = False
    """whether it has too few rows for quantiles and shares of them to say more than its rows do"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a mart shows. Shares are of all rows; a column that the mart has not is in none of the mappings."""

    rows: int
    nulls: Mapping[str, float]
    quantiles: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sums: Mapping[tuple[str, str], Mapping[Label, float]] = field(default_factory=dict)
    """(number, group) → label → sum; of an aggregate there is a group `EVERY_ROW`"""
    joint: Mapping[tuple[str, str], Mapping[tuple[Label, Label], float]] = field(default_factory=dict)
    """(group, group) → labels → share of rows"""


def plan(opened: duckdb.DuckDBPyConnection, mart: Mart, keys: Keys) -> Look:
    """How the source's mart is to be looked at."""
    described = opened.execute(f"DESCRIBE {_relation(mart)}").fetchall()
    columns = tuple(_column(opened, mart, name, sql_type.upper(), keys) for name, sql_type, *_ in described)
    groups = [column.name for column in columns if column.label][:GROUPS]
    looked_at = tuple(column if column.name in groups else replace(column, label="") for column in columns)
    row = _row(opened, mart, looked_at, {name for name, sql_type, *_ in described if _TIME.match(sql_type.upper())})
    [(rows,)] = opened.execute(f"SELECT count(*) FROM {_relation(mart)}").fetchall()
    return Look(looked_at, row, small=bool(row) and rows <= LABELS)


def summarise(opened: duckdb.DuckDBPyConnection, mart: Mart, look: Look) -> Summary:
    """Read a side's mart as it was planned. Columns it lacks are left out."""
    relation = _relation(mart)
    there = {name for name, *_ in opened.execute(f"DESCRIBE {relation}").fetchall()}
    columns = tuple(column for column in look.columns if column.name in there)
    filled = ", ".join(f"count({quoted(column.name)})" for column in columns) or "0"
    rows, *counts = opened.execute(f"SELECT count(*), {filled} FROM {relation}").fetchall()[0]
    if not rows:
        return Summary(0, {column.name: 0.0 for column in columns})
    nulls = {column.name: 1 - count / rows for column, count in zip(columns, counts, strict=False)}
    numbers = [column for column in columns if column.number]
    groups = [column for column in columns if column.label]
    labels = {column.name: column.label for column in groups}
    if look.row and len(columns) == len(look.columns):
        labels[EVERY_ROW] = look.row
    return Summary(
        rows,
        nulls,
        _quantiles(opened, relation, numbers),
        {column.name: _shares(opened, relation, column, rows) for column in columns if column.kind == "category"},
        {pair: sums for name, label in labels.items() for pair, sums in _sums(opened, relation, name, label, numbers).items()},
        {(one.name, two.name): _joint(opened, relation, one, two, rows) for one, two in itertools.combinations(groups, 2)},
    )


def _relation(mart: Mart) -> str:
    return f"{quoted(mart.schema)}.{quoted(mart.table)}"


def _row(opened: duckdb.DuckDBPyConnection, mart: Mart, columns: tuple[Column, ...], times: set[str]) -> str:
    """What tells the rows of an aggregate apart: all its texts and times together, if they do and there is no key."""
    telling = [quoted(column.name) for column in columns if column.kind == "category" or column.name in times]
    if not telling or any(column.kind == "key" for column in columns):
        return ""
    row = f"[{', '.join(f'{name}::VARCHAR' for name in telling)}]::VARCHAR"
    [(rows, distinct)] = opened.execute(f"SELECT count(*), count(DISTINCT {row}) FROM {_relation(mart)}").fetchall()
    return row if rows == distinct else ""


def _column(opened: duckdb.DuckDBPyConnection, mart: Mart, name: str, sql_type: str, keys: Keys) -> Column:
    quote = quoted(name)
    if _TIME.match(sql_type):
        number = f"CASE WHEN isfinite({quote}) THEN epoch({quote}) END"
        return Column(name, "number", number, _period(opened, mart, quote), (), _scale(opened, mart, number, size=False))
    if sql_type.startswith(("TIME", "INTERVAL")):
        return Column(name, "number", f"epoch({quote})", "", (), _scale(opened, mart, f"epoch({quote})", size=True))
    if _INTEGER.match(sql_type) or sql_type.startswith(("DECIMAL", "DOUBLE", "FLOAT")):
        if _INTEGER.match(sql_type) and keys.holds(name, number=True):
            return Column(name, "key")
        number = f"CASE WHEN isfinite({quote}::DOUBLE) THEN {quote}::DOUBLE END"
        label = _few(opened, mart, quote) if _INTEGER.match(sql_type) else ""
        return Column(name, "number", number, label, (), _scale(opened, mart, number, size=True))
    if sql_type == "BOOLEAN" or sql_type.startswith(("VARCHAR", "ENUM")):
        return Column(name, "key") if keys.holds(name, number=False) else _category(opened, mart, name)
    return Column(name, "key")


def _category(opened: duckdb.DuckDBPyConnection, mart: Mart, name: str) -> Column:
    text = f"{quoted(name)}::VARCHAR"
    [(filled, distinct)] = opened.execute(f"SELECT count({text}), count(DISTINCT {text}) FROM {_relation(mart)}").fetchall()
    if distinct > max(LABELS, filled / 2):
        return Column(name, "key")  # names and comments: no value says anything
    query = f"SELECT {text}, count(*) FROM {_relation(mart)} WHERE {text} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {COMMONEST}"
    values = tuple(value for value, _ in opened.execute(query).fetchall())
    return Column(name, "category", "", text if 0 < distinct <= LABELS else "", values)


def _few(opened: duckdb.DuckDBPyConnection, mart: Mart, quote: str) -> str:
    """A number of few values as a label."""
    [(rows, distinct)] = opened.execute(f"SELECT count(*), count(DISTINCT {quote}) FROM {_relation(mart)}").fetchall()
    return f"{quote}::VARCHAR" if 0 < distinct <= FEW and rows >= A_GROUP * distinct else ""


def _period(opened: duckdb.DuckDBPyConnection, mart: Mart, quote: str) -> str:
    """The finest of month, quarter and year that makes no more labels than a group may have."""
    for period in ("month", "quarter", "year"):
        label = f"date_trunc('{period}', {quote})::VARCHAR"
        [(distinct,)] = opened.execute(f"SELECT count(DISTINCT {label}) FROM {_relation(mart)}").fetchall()
        if 0 < distinct <= LABELS:
            return label
    return ""


def _scale(opened: duckdb.DuckDBPyConnection, mart: Mart, number: str, *, size: bool) -> float:
    """The middle nine tenths of a column; its mean size where these are nothing, or there are too few rows to say."""
    query = f"SELECT count({number}), quantile_cont({number}, [0.05, 0.95]), avg(abs({number})) FROM {_relation(mart)}"
    [(rows, ends, mean)] = opened.execute(query).fetchall()
    if not rows:
        return 0.0
    spread = float(ends[1] - ends[0])
    return spread if spread > 0 and (rows >= SMALL or not size) else float(mean)


def _quantiles(opened: duckdb.DuckDBPyConnection, relation: str, numbers: list[Column]) -> dict[str, tuple[float, ...]]:
    if not numbers:
        return {}
    levels = ", ".join(map(str, LEVELS))
    asked = ", ".join(f"quantile_cont({column.number}, [{levels}])" for column in numbers)
    found = opened.execute(f"SELECT {asked} FROM {relation}").fetchall()[0]
    return {column.name: tuple(values or ()) for column, values in zip(numbers, found, strict=True)}


def _shares(opened: duckdb.DuckDBPyConnection, relation: str, column: Column, rows: int) -> dict[str, float]:
    text = f"{quoted(column.name)}::VARCHAR"
    query = f"SELECT {text}, count(*) FROM {relation} WHERE {text} IN (SELECT unnest($values)) GROUP BY 1"
    counts = opened.execute(query, {"values": list(column.values)}).fetchall() if column.values else []
    return {value: count / rows for value, count in counts}


def _sums(
    opened: duckdb.DuckDBPyConnection, relation: str, group: str, label: str, numbers: list[Column]
) -> dict[tuple[str, str], dict[Label, float]]:
    others = [column for column in numbers if column.name != group]
    if not others:
        return {}
    asked = ", ".join(f"coalesce(sum({column.number}), 0)" for column in others)
    found = opened.execute(f"SELECT {label}, {asked} FROM {relation} GROUP BY 1").fetchall()
    return {(column.name, group): {line[0]: line[place] for line in found} for place, column in enumerate(others, start=1)}


def _joint(opened: duckdb.DuckDBPyConnection, relation: str, one: Column, two: Column, rows: int) -> dict[tuple[Label, Label], float]:
    found = opened.execute(f"SELECT {one.label}, {two.label}, count(*) FROM {relation} GROUP BY 1, 2").fetchall()
    return {(a, b): count / rows for a, b, count in found}
