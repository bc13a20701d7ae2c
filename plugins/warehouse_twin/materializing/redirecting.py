"""What is changed of a parsed dbt project, in memory, before it is built beside production: where it reads and where it writes.

All functions take dbt's own `Manifest` (dbt-core 1.11), which is plain values in dictionaries by unique id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BUILT = ("model", "seed", "snapshot")
_ELSEWHERE = ("external", "materialized_view")
"""Materializations that would write beside the database, or that DuckDB has not: tables here."""
_NO_DATA = ("exposures", "metrics", "semantic_models", "saved_queries", "unit_tests")
_NUMBERED = re.compile(r"(^|_)(id|key|sk|pk|fk)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mart:
    """A model that somebody reads: kept as a table, or read by no other model."""

    name: str
    schema: str
    table: str


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of columns, in small letters, that tell rows apart and say nothing else: a twin's keys are new."""

    always: frozenset[str]
    where_numbers: frozenset[str]
    """keys where they are numbers; texts that are distinct may be names"""
    never: frozenset[str]
    """keys of tables that are passed through"""

    def holds(self, column: str, *, number: bool) -> bool:
        name = column.lower()
        if name in self.never:
            return False
        return name in self.always or (number and (name in self.where_numbers or _NUMBERED.search(name) is not None))


def redirect(manifest: Any, *, database: str, schema: str, tables: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Lead sources to the tables of `schema`: (source's unique id → table, and those that are none → their name).

    A source is a table of the twin when it has its name and is in the source's schema; where the project has no source in a
    schema of that name, its own names for schemas are not the warehouse's, and the table's name alone decides.
    """
    by_name = {table.lower(): table for table in tables}
    sources = manifest.sources
    here = {found for found, source in sources.items() if source.schema.lower() == schema.lower()} or set(sources)
    known = {found: by_name[sources[found].identifier.lower()] for found in here if sources[found].identifier.lower() in by_name}
    for found, table in known.items():
        source = sources[found]
        source.database, source.schema, source.identifier = database, schema, table
        source.relation_name = f'"{database}"."{schema}"."{table}"'
        source.meta, source.source_meta, source.freshness, source.loaded_at_field = {}, {}, None, None
        source.config.meta = {}
        source.config._extra = {}  # dbt-duckdb looks there for files and plugins, too
        source.quoting.database = source.quoting.schema = source.quoting.identifier = True
    return known, {found: f"{sources[found].source_name}.{sources[found].name}" for found in sources.keys() - known.keys()}


def leave_out(manifest: Any, foreign: Mapping[str, str]) -> dict[str, str]:
    """Drop what reads a foreign source, however far away: name → the source. What is not about data goes without a word."""
    reads = dict(foreign)
    pending = True
    while pending:
        pending = False
        for found, node in manifest.nodes.items():
            cause = next((reads[parent] for parent in node.depends_on_nodes if parent in reads), None)
            if cause is not None and found not in reads:
                reads[found], pending = cause, True
    dropped = {node.name: reads[found] for found, node in manifest.nodes.items() if found in reads}
    manifest.nodes = {found: node for found, node in manifest.nodes.items() if found not in reads and node.resource_type != "analysis"}
    for kind in _NO_DATA:
        getattr(manifest, kind).clear()
    return dropped


def bring_together(manifest: Any, *, database: str) -> None:
    """Everything that is built goes into one database, as what DuckDB can make."""
    for node in manifest.nodes.values():
        node.database = database
        if node.resource_type in BUILT and node.config.materialized != "ephemeral":
            node.relation_name = f'"{database}"."{node.schema}"."{node.alias}"'
            if node.config.materialized in _ELSEWHERE:
                node.config.materialized = "table"


def marts_of(manifest: Any, sources: Iterable[str]) -> tuple[Mart, ...]:
    """The project's own marts that read any of these sources, by name."""
    reading, read = set(sources), set()
    pending = True
    while pending:
        size = len(reading)
        reading |= {found for found, node in manifest.nodes.items() if reading & set(node.depends_on_nodes)}
        pending = len(reading) > size
    for node in manifest.nodes.values():
        if node.resource_type in ("model", "snapshot"):
            read |= set(node.depends_on_nodes)
    own = manifest.metadata.project_name
    found = [
        Mart(node.name, node.schema, node.alias)
        for unique_id, node in manifest.nodes.items()
        if node.resource_type == "model" and node.package_name == own and unique_id in reading
        if node.config.materialized != "ephemeral" and (node.config.materialized != "view" or unique_id not in read)
    ]
    return tuple(sorted(found, key=lambda mart: mart.name))


def keep_marts(manifest: Any, marts: Iterable[Mart]) -> None:
    """Marts that are views become tables: one that cannot be computed fails when it is built, and not when it is looked at."""
    names = {mart.name for mart in marts}
    for node in manifest.nodes.values():
        if node.resource_type == "model" and node.name in names and node.config.materialized == "view":
            node.config.materialized = "table"


def keys_of(manifest: Any, *, drawn: Iterable[str], kept: Iterable[str]) -> Keys:
    """Keys by the project's tests and by the twin's tables: `drawn` are columns of keys of drawn tables, `kept` of others."""
    always, numbers = {name.lower() for name in drawn}, set[str]()
    for node in manifest.nodes.values():
        test = getattr(node, "test_metadata", None)  # one that is SQL of its own has none
        if test is not None and node.column_name:
            if test.name == "relationships":
                always |= {node.column_name.lower(), str(test.kwargs.get("field", "")).lower()}
            elif test.name == "unique":
                numbers.add(node.column_name.lower())
    never = {name.lower() for name in kept} - {name.lower() for name in drawn}
    return Keys(frozenset(always), frozenset(numbers), frozenset(never))


def names_of(manifest: Any) -> frozenset[str]:
    """Names that stand in the project: what a message may quote."""
    found = {node.name for node in (*manifest.nodes.values(), *manifest.sources.values())}
    found |= {column for node in (*manifest.nodes.values(), *manifest.sources.values()) for column in node.columns}
    found |= {part for node in manifest.nodes.values() for part in (node.schema, node.alias)}
    found |= {source.identifier for source in manifest.sources.values()}
    return frozenset(found)
