"""No twin is learned from a twin: what a model drew is not what another may learn, or each generation loses more of the rare.

(Shumailov et al. 2024, "AI models collapse when trained on recursively generated data", doi:10.1038/s41586-024-07566-y.)
A table is recognised by the label in its comment; a schema by its `_release` relation; a copy without either, made by
CREATE TABLE AS, by rows that are to the last one those of a release in this workspace's registry. A part of a copy, or one that
was altered, is not recognised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from warehouse_twin.digests import digest_table, keyed
from warehouse_twin.errors import ManifestError
from warehouse_twin.manifest.loading import LoadedManifest
from warehouse_twin.materializing.naming import release_of_label
from warehouse_twin.releases.registry import Registry, tag_of
from warehouse_twin.warehouses import Warehouse
from warehouse_twin.warehouses.catalog import Table
from warehouse_twin.warehouses.duckdb_publishing import RELEASE_COLUMNS, RELEASE_TABLE

FEWEST_ROWS = 20
"""Of fewer, or of nothing but keys, rows may be a release's by chance."""
_NEXT = "a twin is not learned from a twin; next: name the real source"


def refuse_labelled(loaded: LoadedManifest, declared: Sequence[Table]) -> None:
    """Raises ManifestError when tables of the manifest carry a twin's label, or their schema a twin's `_release`."""
    labels = {table.name: release_of_label(table.comment) for table in declared if table.name in loaded.manifest.tables}
    found = {name: f"its comment says that it is synthetic, of {label}" for name, label in labels.items() if label}
    _refuse(loaded, found)
    if any(table.name == RELEASE_TABLE and table.column_names == RELEASE_COLUMNS for table in declared):
        _refuse_schema(loaded)


def refuse_published(loaded: LoadedManifest, warehouse: Warehouse, declared: Sequence[Table]) -> None:
    """Raises ManifestError when the source is what readers of a twin see: views, of which there is no table to learn."""
    schema = loaded.manifest.source.schema_
    if not declared and schema in warehouse.schemas() and warehouse.published(schema) is not None:
        _refuse_schema(loaded)


def refuse_copied(loaded: LoadedManifest, tables: Mapping[str, pa.Table], registry: Registry, *, secret: bytes) -> None:
    """Raises ManifestError when a table's rows are, to the last one, those that a release in the registry drew."""
    drawn = list(_drawn(registry))
    labels = {name: _copied(rows, drawn, secret) for name, rows in tables.items()}
    _refuse(loaded, {name: f"its rows are those of {label}" for name, label in labels.items() if label})


def _drawn(registry: Registry) -> Iterator[tuple[str, dict[str, Any]]]:
    """`release, table` and what the registry knows of each table that a release drew, but for those of keys alone and of few rows."""
    for twin, number in registry.all_numbers():
        record = registry.read(twin, number)
        for name in record["models"]:
            schema, rows = record["schema"][name], record["tables"][name]
            keys = {*schema["primary_key"], *(column for key in schema["foreign_keys"] for column in key["columns"])}
            columns = [column["name"] for column in schema["columns"]]
            if rows["rows"] >= FEWEST_ROWS and set(columns) - keys:
                facts = {"columns": columns, "primary_key": schema["primary_key"], "source": record["sources"].get(name)}
                yield f"{tag_of(twin, number)}, table {name}", {**rows, **facts}


def _copied(rows: pa.Table, drawn: Sequence[tuple[str, dict[str, Any]]], secret: bytes) -> str | None:
    """The release a table was copied from. One that equalled its own source says nothing: such rows leave no choice."""
    digests: dict[tuple[str, ...], str] = {}
    for label, known in drawn:
        if known["rows"] != rows.num_rows or set(known["columns"]) != set(rows.column_names):
            continue
        order = (*known["columns"], "", *known["primary_key"])
        if order not in digests:
            digests[order] = digest_table(rows.select(known["columns"]), keys=known["primary_key"])
        if digests[order] == known["digest"] and keyed(known["digest"], secret=secret) != known["source"]:
            return label
    return None


def _refuse(loaded: LoadedManifest, found: Mapping[str, str]) -> None:
    if found:
        place = loaded.positions.fault
        raise ManifestError([place(("tables", name), f"{reason}; {_NEXT}", at_key=True) for name, reason in found.items()])


def _refuse_schema(loaded: LoadedManifest) -> None:
    schema = loaded.manifest.source.schema_
    reason = f"schema {schema} has a {RELEASE_TABLE}, as what a twin publishes has"
    raise ManifestError([loaded.positions.fault(("source", "schema"), f"{reason}; {_NEXT}")])
