"""The public schema of a DuckDB file: views on one release's schema, and the `_release` row that says which.

Every function works inside the caller's transaction. Definitions of views name a release's schema without the database,
since DuckDB stores them as text and the file may be renamed or attached under another name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from warehouse_twin.errors import SourceError, TerminalError
from warehouse_twin.warehouses import Publication, literal, quoted
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_catalog import columns_of, database_of, schemas_of, tables_of, views_of

RELEASE_TABLE = "_release"
RELEASE_COLUMNS = ("twin", "release", "data_digest", "published_at")
_RELEASE_SCHEMA = re.compile(r"(?P<public>.+)__r\d+", re.DOTALL)


def require_release_schema(schema: str) -> str:
    """The public schema a release's schema belongs to. Schemas of any other name are never made, replaced or dropped."""
    found = _RELEASE_SCHEMA.fullmatch(schema)
    if found is None:
        raise TerminalError(f"schema {schema!r} is not a release's; wanted a name such as {schema}__r1; nothing was touched")
    return found["public"]


def point_views(opened: duckdb.DuckDBPyConnection, *, public: str, private: str, tables: Sequence[Table]) -> None:
    """Create or repoint a view for each table, in the order of their names, and drop those of tables that have left the twin."""
    base = require_release_schema(private)
    known = {table.name for table in tables_of(opened, private)}
    if missing := sorted({table.name for table in tables} - known):
        raise SourceError(f"schema {private!r} lacks {', '.join(missing)}; install the release first")
    opened.execute(f"CREATE SCHEMA IF NOT EXISTS {database_of(opened)}.{quoted(public)}")
    _refuse_others(opened, public=public, base=base, names={table.name for table in tables})
    wanted = {table.name for table in tables}
    for name in [view for view in _own_views(opened, public, base) if view not in wanted]:
        opened.execute(f"DROP VIEW {database_of(opened)}.{quoted(public)}.{quoted(name)}")
    for table in sorted(tables, key=lambda table: table.name):
        _point_view(opened, public, private, table)


def _point_view(opened: duckdb.DuckDBPyConnection, public: str, private: str, table: Table) -> None:
    view = f"{database_of(opened)}.{quoted(public)}.{quoted(table.name)}"
    columns = ", ".join(quoted(name) for name in table.column_names)
    opened.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT {columns} FROM {quoted(private)}.{quoted(table.name)}")
    # A replaced view has lost its comments.
    if table.comment:
        opened.execute(f"COMMENT ON VIEW {view} IS {literal(table.comment)}")
    for column in table.columns:
        if column.comment:
            opened.execute(f"COMMENT ON COLUMN {view}.{quoted(column.name)} IS {literal(column.comment)}")


def _refuse_others(opened: duckdb.DuckDBPyConnection, *, public: str, base: str, names: set[str]) -> None:
    """Tables and views that publishing did not make are somebody's data."""
    if RELEASE_TABLE in names:
        raise TerminalError(f"a table of the twin is called {RELEASE_TABLE}, which the public schema keeps for itself; rename it")
    tables = sorted(table.name for table in tables_of(opened, public) if table.name != RELEASE_TABLE)
    own = _own_views(opened, public, base)
    in_the_way = sorted(view for schema, view, _ in views_of(opened) if schema == public and view in names and view not in own)
    if tables or in_the_way:
        raise TerminalError(
            f"schema {public!r} holds what publishing did not make: {', '.join([*tables, *in_the_way])}; "
            "wanted a schema of the twin's own; next: move them, or name another target schema in the manifest"
        )


def _own_views(opened: duckdb.DuckDBPyConnection, public: str, base: str) -> set[str]:
    reads = _reads(base, r"__r\d+")
    return {view for schema, view, sql in views_of(opened) if schema == public and reads.search(sql)}


def write_release(opened: duckdb.DuckDBPyConnection, public: str, publication: Publication) -> None:
    """Replace the `_release` row. Raises TerminalError when the schema is another twin's."""
    before = read_release(opened, public)
    if before is not None and before.twin != publication.twin:
        raise TerminalError(
            f"schema {public!r} is published by twin {before.twin!r}, got {publication.twin!r}; "
            "wanted a target schema for each twin; next: name another one in the manifest"
        )
    table = f"{database_of(opened)}.{quoted(public)}.{quoted(RELEASE_TABLE)}"
    opened.execute(
        f"CREATE TABLE IF NOT EXISTS {table} "
        "(twin VARCHAR NOT NULL, release BIGINT NOT NULL, data_digest VARCHAR NOT NULL, published_at TIMESTAMPTZ NOT NULL)"
    )
    opened.execute(f"COMMENT ON TABLE {table} IS 'Which release of which twin the views of this schema show: one row.'")
    opened.execute(f"DELETE FROM {table}")
    row = [publication.twin, publication.release, publication.data_digest, publication.published_at]
    opened.execute(f"INSERT INTO {table} VALUES (?, ?, ?, CAST(? AS TIMESTAMPTZ))", row)


def read_release(opened: duckdb.DuckDBPyConnection, public: str) -> Publication | None:
    """The `_release` row of a schema; None when it has none. Raises TerminalError when the table is not ours."""
    columns = columns_of(opened, public).get(RELEASE_TABLE)
    if columns is None:
        return None
    if tuple(column.name for column in columns) != RELEASE_COLUMNS:
        raise TerminalError(f"{public}.{RELEASE_TABLE}: wanted columns {', '.join(RELEASE_COLUMNS)}; it was not made by publishing")
    table = f"{database_of(opened)}.{quoted(public)}.{quoted(RELEASE_TABLE)}"
    rows = opened.execute(f"SELECT twin, release, data_digest, epoch_us(published_at) FROM {table}").fetchall()
    if len(rows) != 1:
        raise TerminalError(f"{public}.{RELEASE_TABLE}: wanted one row, got {len(rows)}; restore it by publishing a release again")
    twin, release, data_digest, microseconds = rows[0]
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return Publication(twin, release, data_digest, moment.isoformat())


def refuse_if_read(opened: duckdb.DuckDBPyConnection, private: str) -> None:
    """Raises TerminalError when a `_release` row names this schema or a view outside it reads from it."""
    for public in schemas_of(opened):
        if RELEASE_TABLE in columns_of(opened, public):
            publication = read_release(opened, public)
            if publication is not None and private == f"{public}__r{publication.release}":
                raise TerminalError(f"schema {private!r} is what {public!r} shows ({publication.twin}@{publication.release}); not dropped")
    reads = _reads(private, "")
    readers = [f"{schema}.{view}" for schema, view, sql in views_of(opened) if schema != private and reads.search(sql)]
    if readers:
        raise TerminalError(f"schema {private!r} is read by {', '.join(readers)}; not dropped; next: publish another release first")


def _reads(schema: str, ending: str) -> re.Pattern[str]:
    """Matches a definition that names `schema` + `ending`, quoted or not, before a dot."""
    plain, within = re.escape(schema), re.escape(schema.replace('"', '""'))
    return re.compile(rf'(?<![\w"])(?:{plain}{ending}|"{within}{ending}")\.', re.IGNORECASE)
