"""The public schema of a PostgreSQL database: views on one release's schema, and the `_release` row that says which.

Every function works inside the caller's transaction. Views are taken in the order of their names, so that two who publish wait
for each other and do not deadlock. What a view reads is asked of the server's own record of dependencies.

The `_release` row is a view too, of constants: PostgreSQL reads a view's definition as it is now, whatever a transaction's
snapshot, and a row of a table as the snapshot has it. So a reader in REPEATABLE READ who waited for a publication would see
the new views beside the old row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from warehouse_twin.errors import SourceError, TerminalError
from warehouse_twin.warehouses import Publication, literal, quoted
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_publishing import RELEASE_TABLE, require_release_schema
from warehouse_twin.warehouses.postgres_catalog import schemas_of
from warehouse_twin.warehouses.postgres_connection import Opened

_RELEASE_COLUMNS = ["twin", "release", "data_digest", "published_at"]
_READERS = """
SELECT DISTINCT vn.nspname, v.relname, tn.nspname
FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace vn ON vn.oid = v.relnamespace
JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE t.oid <> v.oid ORDER BY 1, 2, 3
"""
Grants = Mapping[str, Sequence[tuple[str, str]]]
"""name → (role, privilege)"""


def point_views(opened: Opened, *, public: str, private: str, tables: Sequence[Table], grants: Grants) -> None:
    """Create or repoint a view for each table, in the order of their names, and drop those of tables that have left the twin.

    A view keeps who may read it, whatever becomes of its columns; a new one is given to the readers in `grants` that are there.
    """
    base = require_release_schema(private)
    known = _tables(opened, private)
    if missing := sorted({table.name for table in tables} - known):
        raise SourceError(f"schema {private!r} lacks {', '.join(missing)}; install the release first")
    if public not in schemas_of(opened):
        opened.execute(f"CREATE SCHEMA {quoted(public)}")
    wanted = {table.name for table in tables}
    own = _refuse_others(opened, public=public, base=base, names=wanted)
    _lock(opened, public, own)
    before, there = _tables(opened, public, "'v'"), _granted(opened, public)
    for name in sorted(own - wanted):
        opened.execute(f"DROP VIEW {quoted(public)}.{quoted(name)}")
    roles = {row[0] for row in opened.rows("SELECT rolname FROM pg_roles")} | {"PUBLIC"}
    for table in sorted(tables, key=lambda table: table.name):
        new = table.name not in before
        _point_view(opened, public, private, table, replace=not new and _same_columns(opened, public, private, table))
        readers = [item for item in grants.get(table.name, ()) if item[0] in roles] if new else there.get(table.name, [])
        _grant(opened, public, table.name, readers)


def _lock(opened: Opened, public: str, own: set[str]) -> None:
    """Take hold of all views at once, in the order of their names: whoever reads between two steps would wait, and be waited for."""
    there = _tables(opened, public, "'v'")
    names = ", ".join(f"{quoted(public)}.{quoted(name)}" for name in sorted((own | {RELEASE_TABLE}) & there))
    if names:
        opened.execute(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")


def _point_view(opened: Opened, public: str, private: str, table: Table, *, replace: bool) -> None:
    view, of = f"{quoted(public)}.{quoted(table.name)}", f"{quoted(private)}.{quoted(table.name)}"
    columns = ", ".join(quoted(name) for name in table.column_names)
    if not replace:
        opened.execute(f"DROP VIEW IF EXISTS {view}")
    opened.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM {of}")
    opened.execute(f"COMMENT ON VIEW {view} IS {literal(table.comment) if table.comment else 'NULL'}")
    for column in table.columns:
        if column.comment or replace:
            opened.execute(f"COMMENT ON COLUMN {view}.{quoted(column.name)} IS {literal(column.comment) if column.comment else 'NULL'}")


def _same_columns(opened: Opened, public: str, private: str, table: Table) -> bool:
    """Whether a view's columns have the names and types of the table it is to show: else it cannot be replaced, only made anew."""
    query = (
        "SELECT a.attname, a.atttypid::bigint, a.atttypmod, a.attcollation::bigint "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = {} AND c.relname = {} AND a.attnum > 0 "
        "AND NOT a.attisdropped ORDER BY a.attnum"
    )
    now, then = (opened.rows(query.format(literal(schema), literal(table.name))) for schema in (public, private))
    return now == then


def _grant(opened: Opened, schema: str, name: str, readers: Sequence[tuple[str, str]]) -> None:
    for role, privilege in readers:
        to = "PUBLIC" if role == "PUBLIC" else quoted(role)
        if privilege == "SELECT":
            opened.execute(f"GRANT SELECT ON {quoted(schema)}.{quoted(name)} TO {to}")
            opened.execute(f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {to}")


def _granted(opened: Opened, schema: str) -> dict[str, list[tuple[str, str]]]:
    """View → who may do what with it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for view, role, privilege in opened.rows(
        "SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), g.privilege_type FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, "
        "LATERAL aclexplode(c.relacl) AS g LEFT JOIN pg_roles r ON r.oid = g.grantee "
        f"WHERE n.nspname = {literal(schema)} AND c.relkind = 'v' AND g.grantee <> c.relowner ORDER BY 1, 2, 3"
    ):
        found.setdefault(view, []).append((role, privilege))
    return found


def _tables(opened: Opened, schema: str, kinds: str = "'r', 'p'") -> set[str]:
    found = opened.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE n.nspname = {literal(schema)} AND c.relkind IN ({kinds})"
    )
    return {row[0] for row in found}


def _refuse_others(opened: Opened, *, public: str, base: str, names: set[str]) -> set[str]:
    """The views that publishing made; whatever else is there is somebody's data."""
    if RELEASE_TABLE in names:
        raise TerminalError(f"a table of the twin is called {RELEASE_TABLE}, which the public schema keeps for itself; rename it")
    own = {view for schema, view, of in opened.rows(_READERS) if schema == public and _is_release(of, base)}
    others = _tables(opened, public, "'r', 'p', 'm', 'f'") - {RELEASE_TABLE}
    in_the_way = sorted(others | ((_tables(opened, public, "'v'") & names) - own))
    if in_the_way:
        raise TerminalError(
            f"schema {public!r} holds what publishing did not make: {', '.join(in_the_way)}; "
            "wanted a schema of the twin's own; next: move them, or name another target schema in the manifest"
        )
    return own


def _is_release(schema: str, base: str) -> bool:
    return schema.startswith(f"{base}__r") and schema.removeprefix(f"{base}__r").isdecimal()


def write_release(opened: Opened, public: str, publication: Publication) -> None:
    """Replace the `_release` row. Raises TerminalError when the schema is another twin's."""
    before = read_release(opened, public)
    if before is not None and before.twin != publication.twin:
        raise TerminalError(
            f"schema {public!r} is published by twin {before.twin!r}, got {publication.twin!r}; "
            "wanted a target schema for each twin; next: name another one in the manifest"
        )
    view = f"{quoted(public)}.{quoted(RELEASE_TABLE)}"
    opened.execute(
        f"CREATE OR REPLACE VIEW {view} AS SELECT {literal(publication.twin)}::text AS twin, {publication.release:d}::bigint AS release, "
        f"{literal(publication.data_digest)}::text AS data_digest, {literal(publication.published_at)}::timestamptz AS published_at"
    )
    opened.execute(f"COMMENT ON VIEW {view} IS 'Which release of which twin the views of this schema show: one row.'")
    readers = {role for items in _granted(opened, public).values() for role, privilege in items if privilege == "SELECT"}
    _grant(opened, public, RELEASE_TABLE, [(role, "SELECT") for role in sorted(readers)])


def read_release(opened: Opened, public: str) -> Publication | None:
    """The `_release` row of a schema; None when it has none. Raises TerminalError when the view is not ours."""
    if RELEASE_TABLE not in _tables(opened, public, "'r', 'p', 'v', 'm', 'f'"):
        return None
    columns = opened.rows(
        "SELECT a.attname, c.relkind::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {literal(public)} AND c.relname = {literal(RELEASE_TABLE)} "
        "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
    if columns != [(name, "v") for name in _RELEASE_COLUMNS]:
        raise TerminalError(f"{public}.{RELEASE_TABLE}: wanted columns {', '.join(_RELEASE_COLUMNS)}; it was not made by publishing")
    moment = "(extract(epoch from published_at) * 1000000)::bigint"
    rows = opened.rows(f"SELECT twin, release, data_digest, {moment} FROM {quoted(public)}.{quoted(RELEASE_TABLE)}")
    if len(rows) != 1:
        raise TerminalError(f"{public}.{RELEASE_TABLE}: wanted one row, got {len(rows)}; restore it by publishing a release again")
    twin, release, data_digest, microseconds = rows[0]
    return Publication(twin, release, data_digest, (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat())


def refuse_if_read(opened: Opened, private: str) -> None:
    """Raises TerminalError when a `_release` row names this schema or a view outside it reads from it."""
    public = require_release_schema(private)
    publication = read_release(opened, public)
    if publication is not None and private == f"{public}__r{publication.release}":
        raise TerminalError(f"schema {private!r} is what {public!r} shows ({publication.twin}@{publication.release}); not dropped")
    readers = [f"{schema}.{view}" for schema, view, of in opened.rows(_READERS) if of == private and schema != private]
    if readers:
        raise TerminalError(f"schema {private!r} is read by {', '.join(readers)}; not dropped; next: publish another release first")
