"""What a PostgreSQL database says about the tables of a schema: columns, keys, constraints, types somebody made, grants.

Expressions and types are read with the schema itself in the search path, so that they name its own things without it and
hold in another schema just as well. A partitioned table is one table; its partitions are none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from warehouse_twin.errors import SourceError
from warehouse_twin.warehouses import literal, quoted
from warehouse_twin.warehouses.catalog import Column, Constraint, ForeignKey, Table
from warehouse_twin.warehouses.column_types import ANY_NUMERIC, WIDEST_DECIMAL, to_duckdb
from warehouse_twin.warehouses.duckdb_connection import nearest
from warehouse_twin.warehouses.postgres_connection import Opened, set_search
from warehouse_twin.warehouses.postgres_types import UserTypes, user_types

_KINDS = "'r', 'p'"
_ACTIONS = {"c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}
_COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid::bigint, a.attnotnull,
       coalesce(col_description(c.oid, a.attnum), ''), a.attidentity::text, a.attgenerated::text,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
       EXISTS (SELECT 1 FROM pg_depend p WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
               AND p.refclassid = 'pg_proc'::regclass AND p.refobjid >= 16384),
       coalesce(pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname), '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE n.nspname = {schema} AND c.relkind IN ({kinds}) AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.relname, a.attnum
"""
_TABLES = """
SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = {schema} AND c.relkind IN ({kinds}) AND NOT c.relispartition ORDER BY c.relname
"""
_CONSTRAINTS = """
SELECT c.relname, k.contype::text, k.conname, pg_get_constraintdef(k.oid),
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY AS u(attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
       coalesce(f.relname, ''), coalesce(f.relnamespace = c.relnamespace, false),
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY AS u(attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
       k.confupdtype::text, k.confdeltype::text, k.confmatchtype::text, k.condeferrable, k.condeferred,
       EXISTS (SELECT 1 FROM pg_depend p WHERE p.classid = 'pg_constraint'::regclass AND p.objid = k.oid
               AND p.refclassid = 'pg_proc'::regclass AND p.refobjid >= 16384)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class f ON f.oid = k.confrelid
WHERE n.nspname = {schema} AND c.relkind IN ({kinds}) AND NOT c.relispartition AND k.contype IN ('p', 'u', 'c', 'f')
ORDER BY c.relname, k.conkey, k.conname
"""
_GRANTS = """
SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), g.privilege_type
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL aclexplode(c.relacl) AS g
LEFT JOIN pg_roles r ON r.oid = g.grantee
WHERE n.nspname = {schema} AND c.relkind IN ({kinds}) AND g.grantee <> c.relowner ORDER BY 1, 2, 3
"""


def schemas_of(opened: Opened) -> tuple[str, ...]:
    found = opened.rows("SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'")
    return tuple(sorted(row[0] for row in found))


def require_schema(opened: Opened, schema: str) -> None:
    known = list(schemas_of(opened))
    if schema not in known:
        raise SourceError(f"no schema {schema!r} in the database{nearest(schema, known)}")


def readable_tables(opened: Opened, schema: str) -> tuple[str, ...]:
    """The base tables of a schema that we may read, by name."""
    return tuple(name for name, _, readable in opened.rows(_asked(_TABLES, schema)) if readable)


def tables_of(opened: Opened, schema: str) -> tuple[Table, ...]:
    """The base tables of a schema, by name. Raises SourceError when there is no such schema."""
    require_schema(opened, schema)
    made = user_types(opened)
    # Names of types in the schemas they come from are as short as those of the schema's own.
    set_search(opened, (schema, *sorted(made.schemas_used_by(opened, schema) - {schema})))
    columns, given = _columns_of(opened, schema, made, _KINDS), _constraints_of(opened, schema)
    grants: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for table, role, privilege in opened.rows(_asked(_GRANTS, schema)):
        grants[table].append((role, privilege))
    tables = []
    for name, comment, readable in opened.rows(_asked(_TABLES, schema)):
        held = given[name]
        table = Table(
            name,
            tuple(column for column, _ in columns[name]),
            held.primary_key,
            tuple(held.foreign_keys),
            comment,
            tuple(held.constraints),
            held.primary_key_name,
            made.described({type_id for _, type_id in columns[name]}),
            tuple(grants[name]),
        )
        tables.append(_with_numerics(opened, schema, table) if readable else table)
    return tuple(sorted(tables, key=lambda table: table.name))


def views_of(opened: Opened, schema: str) -> tuple[Table, ...]:
    """The views of a schema, by name: columns and types alone."""
    made = user_types(opened)
    set_search(opened, (schema,))
    views = _columns_of(opened, schema, made, "'v'")
    return tuple(_with_numerics(opened, schema, Table(name, tuple(column for column, _ in views[name]))) for name in sorted(views))


def _asked(query: str, schema: str, kinds: str = _KINDS) -> str:
    return query.replace("{schema}", literal(schema)).replace("{kinds}", kinds)


def _columns_of(opened: Opened, schema: str, made: UserTypes, kinds: str) -> dict[str, list[tuple[Column, int]]]:
    """Table → its columns, each with the number of its type."""
    found: dict[str, list[tuple[Column, int]]] = defaultdict(list)
    for table, name, native, type_id, not_null, comment, identity, generated, expression, foreign, sequence in opened.rows(
        _asked(_COLUMNS, schema, kinds)
    ):
        sql_type = made.read_as(type_id) or to_duckdb(native)
        how = {"a": "ALWAYS", "d": "BY DEFAULT"}.get(identity, "SERIAL" if sequence and "nextval(" in expression else "")
        computed = f"({expression}) {'STORED' if generated == 's' else 'VIRTUAL'}" if generated else ""
        # An expression that calls somebody's own function holds where that function is, and nowhere else.
        default = "" if generated or foreign else expression
        column = Column(name, sql_type, not not_null, comment, made.named(type_id) or native, default, how, "" if foreign else computed)
        found[table].append((column, type_id))
    return found


class _Given:
    """The keys and constraints of one table."""

    def __init__(self) -> None:
        self.primary_key: tuple[str, ...] = ()
        self.primary_key_name = ""
        self.foreign_keys: list[ForeignKey] = []
        self.constraints: list[Constraint] = []


def _constraints_of(opened: Opened, schema: str) -> dict[str, _Given]:
    found: dict[str, _Given] = defaultdict(_Given)
    for row in opened.rows(_asked(_CONSTRAINTS, schema)):
        table, kind, name, definition, columns, parent, same_schema, parent_columns, *how, foreign = row
        given, columns = found[table], tuple(columns or ())
        if kind == "p":
            given.primary_key, given.primary_key_name = columns, name
        elif kind == "f" and same_schema:
            given.foreign_keys.append(ForeignKey(columns, parent, tuple(parent_columns), name=name, actions=_actions(*how)))
        elif kind in ("u", "c") and not foreign:
            given.constraints.append(Constraint("unique" if kind == "u" else "check", columns, definition, name))
    return found


def _actions(update: str, delete: str, match: str, deferrable: bool, deferred: bool) -> str:
    """What a foreign key is declared with beyond its columns, in the order of the standard."""
    words = ["MATCH FULL"] if match == "f" else []
    words += [f"ON UPDATE {_ACTIONS[update]}"] if update in _ACTIONS else []
    words += [f"ON DELETE {_ACTIONS[delete]}"] if delete in _ACTIONS else []
    words += [f"DEFERRABLE INITIALLY {'DEFERRED' if deferred else 'IMMEDIATE'}"] if deferrable else []
    return " ".join(words)


def _with_numerics(opened: Opened, schema: str, table: Table) -> Table:
    """`numeric` without a precision is read as the narrowest decimal that holds every value, else as a double."""
    loose = [column.name for column in table.columns if column.native_type == "numeric"]
    if not loose:
        return table
    parts = ", ".join(_extent(quoted(name)) for name in loose)
    [found] = opened.rows(f"SELECT {parts} FROM {quoted(schema)}.{quoted(table.name)}")
    types = {name: _holding(*found[3 * place : 3 * place + 3]) for place, name in enumerate(loose)}
    return replace(table, columns=tuple(replace(column, sql_type=types.get(column.name, column.sql_type)) for column in table.columns))


def _extent(name: str) -> str:
    """Most places behind the point, most before it, and whether every value is a number."""
    number = f"{name} NOT IN ('NaN', 'Infinity', '-Infinity')"
    return f"max(scale({name})) FILTER (WHERE {number}), max(length(trunc(abs({name}))::text)) FILTER (WHERE {number}), bool_and({number})"


def _holding(places: Any, digits: Any, numbers: Any) -> str:
    if digits is None and numbers is None:
        return ANY_NUMERIC
    if not numbers or digits + places > WIDEST_DECIMAL:
        return "DOUBLE"
    # Room for numbers a little larger than any that is there.
    return f"DECIMAL({min(max(digits + places + 2, 18), WIDEST_DECIMAL)},{places})"


def sequences_in(expressions: Iterable[str]) -> tuple[str, ...]:
    """The sequences that default expressions draw from, as they are quoted there."""
    found = [match for text in expressions for match in re.findall(r"nextval\('((?:[^']|'')+)'::regclass\)", text)]
    return tuple(dict.fromkeys(name.replace("''", "'") for name in found))
