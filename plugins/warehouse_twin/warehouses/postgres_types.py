"""Types that somebody made in a PostgreSQL database: enumerations and domains, and arrays of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from warehouse_twin.warehouses import literal, quoted
from warehouse_twin.warehouses.catalog import UserType
from warehouse_twin.warehouses.column_types import to_duckdb
from warehouse_twin.warehouses.postgres_connection import Opened, set_search

# Types of extensions are the server's to have: they are called by their name, and not made.
_TYPES = """
SELECT t.oid::bigint, n.nspname, t.typname, t.typtype::text, t.typarray::bigint, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
       coalesce(t.typdefault, ''), coalesce(obj_description(t.oid, 'pg_type'), ''),
       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
       (SELECT array_agg('CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid) ORDER BY k.conname)
        FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
"""


@dataclass(frozen=True, slots=True)
class _Made:
    schema: str
    type: UserType
    base: str


@dataclass(frozen=True, slots=True)
class UserTypes:
    """Every enumeration and domain of a database, by number; `arrays` leads from the number of an array of one to it."""

    known: Mapping[int, _Made]
    arrays: Mapping[int, int]

    def named(self, type_id: int) -> str:
        """The type's own name, quoted where it must be; empty for a type that nobody made."""
        if type_id in self.arrays:
            return f"{quoted(self.known[self.arrays[type_id]].type.name)}[]"
        return quoted(self.known[type_id].type.name) if type_id in self.known else ""

    def read_as(self, type_id: int) -> str:
        """The type of DuckDB that values are read as: labels for an enumeration, the base's for a domain, text for their arrays."""
        if type_id in self.arrays:
            return "VARCHAR"
        made = self.known.get(type_id)
        if made is None:
            return ""
        return f"ENUM({', '.join(literal(label) for label in made.type.labels)})" if made.type.labels else to_duckdb(made.base)

    def described(self, type_ids: set[int]) -> tuple[UserType, ...]:
        """The made types among those of these numbers, by name."""
        found = {self.known[self.arrays.get(type_id, type_id)].type for type_id in type_ids if type_id in {*self.arrays, *self.known}}
        return tuple(sorted(found, key=lambda one: one.name))

    def schemas_used_by(self, opened: Opened, schema: str) -> set[str]:
        """The schemas of the made types that columns of a schema's tables have."""
        used = opened.rows(
            "SELECT DISTINCT a.atttypid::bigint FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {literal(schema)} AND a.attnum > 0"
        )
        ids = {self.arrays.get(type_id, type_id) for (type_id,) in used}
        return {self.known[type_id].schema for type_id in ids if type_id in self.known}


def user_types(opened: Opened) -> UserTypes:
    """The types that are there."""
    set_search(opened, ())
    known: dict[int, _Made] = {}
    arrays: dict[int, int] = {}
    for type_id, schema, name, kind, array, base, not_null, default, comment, labels, checks in opened.rows(_TYPES):
        made = (
            UserType(name, tuple(labels), "", comment)
            if kind == "e"
            else UserType(name, (), _domain(base, not_null, default, checks), comment)
        )
        known[type_id] = _Made(schema, made, base if kind == "d" else "")
        if array:
            arrays[array] = type_id
    return UserTypes(known, arrays)


def _domain(base: str, not_null: bool, default: str, checks: list[str] | None) -> str:
    """What follows `CREATE DOMAIN … AS`."""
    return " ".join([base, *([f"DEFAULT {default}"] if default else []), *(["NOT NULL"] if not_null else []), *(checks or ())])
