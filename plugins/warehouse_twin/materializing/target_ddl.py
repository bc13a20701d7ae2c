"""What makes a release's schema in the target: the source's DDL, in the target's own words, and the keys of the manifest where
they are to be declared.

Between two warehouses of one kind all of it is carried over: types (also those somebody made), keys with their names and
actions, UNIQUE and CHECK constraints, defaults, identity, generated columns, comments. From one kind to another types are
translated, and what is an expression in the source's own words stays behind, but for defaults that are a plain value.
"""

# ruff: noqa: S608 - identifiers go through `quoted`; expressions are the source's own

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse_twin.manifest.resolved import Column, ForeignKey, ResolvedTable, ResolvedTwin, Table
from warehouse_twin.materializing.ddl import enforced
from warehouse_twin.materializing.keeping import own_key
from warehouse_twin.materializing.naming import release_schema, table_comment
from warehouse_twin.warehouses import literal, quoted
from warehouse_twin.warehouses.catalog import Constraint, UserType
from warehouse_twin.warehouses.column_types import to_postgres
from warehouse_twin.warehouses.postgres_catalog import sequences_in

_PLAIN = re.compile(
    r"(?P<value>-?\d+(?:\.\d+)?|'(?:[^']|'')*'|true|false|current_date|current_timestamp|now\(\))(?:::[\w \"(),]+)?", re.IGNORECASE
)
_LONGEST_NAME = 63


@dataclass(frozen=True, slots=True)
class TargetSchema:
    """`statements` make the tables; `finishing` are for when they are full, each with a query that counts what breaks it."""

    statements: tuple[str, ...]
    finishing: tuple[tuple[str, str], ...]
    tables: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"statements": list(self.statements), "finishing": [list(one) for one in self.finishing], "tables": list(self.tables)}


def target_schema(resolved: ResolvedTwin, *, release: int, broken: Collection[tuple[str, str]] = ()) -> TargetSchema:
    """The schema of a release in its target. `broken` are (table, definition) of constraints that its rows do not keep."""
    schema = release_schema(resolved, release)
    dialect = _Postgres if resolved.target_dialect == "postgres" else _DuckDB
    writer = dialect(resolved, schema, frozenset(broken))
    statements = [f"CREATE SCHEMA {quoted(schema)}", *writer.before()]
    for item in resolved.tables:
        statements += [writer.table(item), *_comments(resolved, item, schema, release)]
    statements += writer.after()
    return TargetSchema(tuple(statements), tuple(writer.finishing()), tuple(item.name for item in resolved.tables))


def _comments(resolved: ResolvedTwin, item: ResolvedTable, schema: str, release: int) -> Iterator[str]:
    name = f"{quoted(schema)}.{quoted(item.name)}"
    yield f"COMMENT ON TABLE {name} IS {literal(table_comment(resolved, item, release))}"
    for column in item.table.columns:
        if column.comment:
            yield f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {literal(column.comment)}"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)


@dataclass(frozen=True, slots=True)
class _DuckDB:
    """All in CREATE TABLE: DuckDB (2.0) adds no key and no constraint to a table that is made."""

    resolved: ResolvedTwin
    schema: str
    broken: frozenset[tuple[str, str]]

    def before(self) -> list[str]:
        return []

    def table(self, item: ResolvedTable) -> str:
        table = item.declared
        lines = [self._column(column) for column in table.columns]
        lines += [f"PRIMARY KEY ({_listed(table.primary_key)})"] if table.primary_key else []
        lines += [one.definition if one.kind == "check" else f"UNIQUE ({_listed(one.columns)})" for one in self._kept(table)]
        for key in (*enforced(self.resolved, table), *self._own_keys(table)):
            parent = f"{quoted(self.schema)}.{quoted(key.references)} ({_listed(key.references_columns)})"
            lines.append(f"FOREIGN KEY ({_listed(key.columns)}) REFERENCES {parent}")
        return f"CREATE TABLE {quoted(self.schema)}.{quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"

    def _own_keys(self, table: Table) -> list[ForeignKey]:
        """Keys to the table itself that the source declares, where no row leads back to itself."""
        found = [key for key in table.foreign_keys if key.references == table.name and key.name and not key.keeps_orphans]
        return [key for key in found if (table.name, own_key(key)) not in self.broken]

    def _kept(self, table: Table) -> list[Constraint]:
        own = self.resolved.source_dialect == "duckdb"
        kinds = ("unique", "check") if own else ("unique",)
        return [one for one in table.constraints if one.kind in kinds and (table.name, one.definition) not in self.broken]

    def _column(self, column: Column) -> str:
        made = f"{quoted(column.name)} {column.sql_type}"
        own = self.resolved.source_dialect == "duckdb"
        if own and column.generated:
            return f"{made} GENERATED ALWAYS AS {column.generated}"
        default = column.default if own else _plain(column.default)
        return f"{made}{f' DEFAULT {default}' if default else ''}{'' if column.nullable else ' NOT NULL'}"

    def after(self) -> list[str]:
        return []

    def finishing(self) -> list[tuple[str, str]]:
        return []


@dataclass(frozen=True, slots=True)
class _Postgres:
    """Keys between tables and constraints follow when the rows are there: a table may refer to itself, and tables in a circle."""

    resolved: ResolvedTwin
    schema: str
    broken: frozenset[tuple[str, str]]

    @property
    def own(self) -> bool:
        return self.resolved.source_dialect == "postgres"

    def before(self) -> list[str]:
        """Types that somebody made, and sequences that defaults draw from."""
        made: dict[str, UserType] = {}
        for item in self.resolved.tables:
            made |= {one.name: one for one in (item.table.types if self.own else _enumerations(item.table))}
        statements = []
        for name, one in sorted(made.items()):
            here = f"{quoted(self.schema)}.{quoted(name)}"
            labels = ", ".join(literal(label) for label in one.labels)
            statements.append(f"CREATE TYPE {here} AS ENUM ({labels})" if one.labels else f"CREATE DOMAIN {here} AS {one.definition}")
            if one.comment:
                statements.append(f"COMMENT ON {'TYPE' if one.labels else 'DOMAIN'} {here} IS {literal(one.comment)}")
        columns = [column for item in self.resolved.tables for column in item.table.columns if self.own]
        sequences = dict.fromkeys(sequences_in(column.default for column in columns), "")
        for column in columns:
            sequences |= {name: f" AS {column.native_type}" for name in sequences_in([column.default]) if column.identity == "SERIAL"}
        return [*statements, *(f"CREATE SEQUENCE {name}{kind}" for name, kind in sequences.items())]

    def table(self, item: ResolvedTable) -> str:
        table = item.declared
        lines = [self._column(table, column) for column in table.columns]
        if table.primary_key:
            lines.append(f"{self._named(table.primary_key_name)}PRIMARY KEY ({_listed(table.primary_key)})")
        return f"CREATE TABLE {quoted(self.schema)}.{quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"

    def _named(self, name: str) -> str:
        return f"CONSTRAINT {quoted(name)} " if self.own and name else ""

    def _column(self, table: Table, column: Column) -> str:
        null = "" if column.nullable else " NOT NULL"
        if not self.own:
            native = quoted(_type_name(table, column)) if column.sql_type.startswith("ENUM") else to_postgres(column.sql_type)
            default = _plain(column.default)
            return f"{quoted(column.name)} {native}{f' DEFAULT {default}' if default else ''}{null}"
        made = f"{quoted(column.name)} {column.native_type}"
        if column.generated:
            return f"{made} GENERATED ALWAYS AS {column.generated}{null}"
        if column.identity in ("ALWAYS", "BY DEFAULT"):
            return f"{made} GENERATED {column.identity} AS IDENTITY{null}"
        return f"{made}{f' DEFAULT {column.default}' if column.default else ''}{null}"

    def after(self) -> list[str]:
        owned = [
            (name, f"{quoted(self.schema)}.{quoted(item.name)}.{quoted(column.name)}")
            for item in self.resolved.tables
            for column in item.table.columns
            if self.own and column.identity == "SERIAL"
            for name in sequences_in([column.default])
        ]
        return [f"ALTER SEQUENCE {name} OWNED BY {column}" for name, column in owned]

    def finishing(self) -> list[tuple[str, str]]:
        statements = []
        for item in self.resolved.tables:
            for one in item.table.constraints:
                if one.kind == "unique" or self.own:
                    statements.append(self._constraint(item.table, one))
        for item in self.resolved.tables:
            statements += [(self._foreign_key(item.declared, key), "") for key in item.declared.foreign_keys if not key.keeps_orphans]
        return statements

    def _constraint(self, table: Table, one: Constraint) -> tuple[str, str]:
        """A constraint, and the query that counts what breaks it."""
        name = f"{quoted(self.schema)}.{quoted(table.name)}"
        definition = one.definition if self.own else f"UNIQUE ({_listed(one.columns)})"
        statement = f"ALTER TABLE {name} ADD {self._named(one.name)}{definition}"
        if one.kind == "check":
            condition = re.sub(r"\)\s*(?:NO INHERIT|NOT VALID|NOT ENFORCED|\s)*$", ")", definition.removeprefix("CHECK "))
            return statement, f"SELECT count(*) FROM {name} WHERE NOT {condition}"
        columns = _listed(one.columns)
        filled = "" if "NULLS NOT DISTINCT" in definition else f" WHERE ({columns}) IS NOT NULL"  # of a row: all of it
        return statement, f"SELECT count(*) FROM (SELECT 1 FROM {name}{filled} GROUP BY {columns} HAVING count(*) > 1) AS twice"

    def _foreign_key(self, table: Table, key: ForeignKey) -> str:
        parent = f"{quoted(self.schema)}.{quoted(key.references)} ({_listed(key.references_columns)})"
        actions = f" {key.actions}" if self.own and key.actions else ""
        made = f"{self._named(key.name)}FOREIGN KEY ({_listed(key.columns)}) REFERENCES {parent}{actions}"
        return f"ALTER TABLE {quoted(self.schema)}.{quoted(table.name)} ADD {made}"


def _plain(default: str) -> str:
    """A default that means the same in any warehouse; else nothing."""
    found = _PLAIN.fullmatch(default.strip().removeprefix("CAST(").split(" AS ")[0].strip()) if default else None
    return found["value"] if found else ""


def _enumerations(table: Table) -> list[UserType]:
    """The enumerations of a table from a warehouse where they need no name."""
    found = [column for column in table.columns if column.sql_type.startswith("ENUM") and not column.sql_type.endswith("]")]
    return [UserType(_type_name(table, column), _labels(column.sql_type)) for column in found]


def _labels(sql_type: str) -> tuple[str, ...]:
    return tuple(label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", sql_type))


def _type_name(table: Table, column: Column) -> str:
    """A name of its own for a column's enumeration, as long as PostgreSQL takes."""
    name = f"{table.name}_{column.name}"
    while len(name.encode()) > _LONGEST_NAME:
        name = name[:-1]
    return name
