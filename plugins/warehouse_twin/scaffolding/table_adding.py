"""`twin manifest add`: one more table in a manifest that is there; every byte of the rest stays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.foreign_keys import Keys, keys_of
from warehouse_twin.manifest.loading import LoadedManifest, parse
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.reading import read_document
from warehouse_twin.scaffolding.foreign_keys import Known
from warehouse_twin.scaffolding.primary_keys import find_primary
from warehouse_twin.scaffolding.proposal import Foreign, Primary, Proposal, TableProposal
from warehouse_twin.scaffolding.proposing import propose_one
from warehouse_twin.scaffolding.schema_scaffold import prove
from warehouse_twin.scaffolding.usable import usable_tables
from warehouse_twin.scaffolding.writing import table_lines
from warehouse_twin.warehouses import Snapshot, Warehouse
from warehouse_twin.warehouses.catalog import Table

_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Added:
    """The manifest with one more table, the lines that are new, and the tables of the twin that seem to refer to it."""

    text: str
    lines: tuple[str, ...]
    referring: tuple[str, ...]


def with_table(content: bytes, file: Path, table: str, warehouse: Warehouse) -> Added:
    """The text of a manifest with one more table of its source.

    Raises ManifestError for a manifest that is not sound, ConfigurationError where the table cannot be added.
    """
    loaded = parse(content, file)
    manifest, text = loaded.manifest, content.decode("utf-8")
    if table in manifest.tables:
        place = loaded.positions.fault(("tables", table), "", at_key=True)
        raise ConfigurationError(f"{file}:{place.line}: table {table} is in the manifest; nothing to add")
    with warehouse.snapshot(manifest.source.schema_) as snapshot:
        declared = {item.name: item for item in snapshot.tables()}
        catalog = _catalog(declared, table, loaded)
        keys = keys_of(manifest, {name: catalog[name] for name in manifest.tables}, loaded.positions)
        known = _known(snapshot, catalog, table, keys)
    proposal = Proposal({**read_document(content, str(file)).data}, entity=manifest.entity)
    for name in manifest.tables:
        proposal.tables[name] = _standing(loaded, keys, known, name)
    propose_one(proposal, table, known)
    lines = table_lines(proposal.tables[table], _indent(text, file))
    after = inserted(text, lines, file)
    prove(after, file, catalog)
    _compare(content, after, file, table)
    return Added(after, tuple(lines), _referring(table, declared, loaded))


def _catalog(declared: Mapping[str, Table], table: str, loaded: LoadedManifest) -> dict[str, Table]:
    """The manifest's tables and the new one."""
    manifest = loaded.manifest
    where = f"schema {manifest.source.schema_} of warehouse {manifest.source.warehouse}"
    if table not in declared:
        raise ConfigurationError(f"{where}: {unknown('table', table, sorted(declared))}")
    gone = [name for name in manifest.tables if name not in declared]
    if gone:
        raise ConfigurationError(f"{loaded.file}: {where} has no table {gone[0]}; next: twin manifest check {manifest.twin}")
    names = [*manifest.tables, table]
    _, left_out = usable_tables([declared[name] for name in names])
    if table in left_out:
        raise ConfigurationError(f"{where}: table {table} cannot be in a twin: {left_out[table]}")
    return {name: declared[name] for name in names}


def _known(snapshot: Snapshot, catalog: Mapping[str, Table], table: str, keys: Keys) -> Known:
    """All rows of the new table, and of the others their primary keys alone."""
    rows: dict[str, pa.Table] = {table: snapshot.read(catalog[table])}
    primary = {name: Primary(columns, "", declared=True) for name, columns in keys.primary.items()}
    for name, columns in keys.primary.items():
        wanted = tuple(column for column in catalog[name].columns if column.name in columns) or catalog[name].columns[:1]
        rows[name] = snapshot.read(replace(catalog[name], columns=wanted))
    own = catalog[table].primary_key
    primary[table] = Primary(own, "declared", declared=True) if own else find_primary(catalog[table], rows[table], catalog)
    return Known(catalog, rows, primary)


def _standing(loaded: LoadedManifest, keys: Keys, known: Known, name: str) -> TableProposal:
    """A table that is in the manifest, as it stands there."""
    foreign = [Foreign(key, "", declared=True, strength=1_000.0) for _, key in keys.foreign[name]]
    keep = None if loaded.manifest.tables[name].keep is None else "as the manifest says"
    return TableProposal(known.catalog[name], known.rows[name].num_rows, known.primary[name], foreign, keep=keep)


def _referring(table: str, declared: Mapping[str, Table], loaded: LoadedManifest) -> tuple[str, ...]:
    """Tables of the twin that declare a key to the new one, but whose keys the manifest lists by hand."""
    listed = [name for name, spec in loaded.manifest.tables.items() if spec.foreign_keys is not None]
    return tuple(name for name in listed if any(key.references == table for key in declared[name].foreign_keys))


# ── the text ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def inserted(text: str, lines: list[str], file: Path) -> str:
    """The text with these lines after the last table's, comments that belong to it included."""
    last, indent = _last_table(text, file)
    break_found = _BREAK.search(text)
    newline = break_found.group() if break_found else "\n"
    end = _line_end(text, last)
    while (following := _comment_after(text, end, indent)) is not None:
        end = following
    before = text[:end]
    if not _ends_with_break(before):
        before += newline
    blank = [""] if _spaced(text, file) else []
    return before + newline.join([*blank, *lines]) + newline + text[end:]


def _ends_with_break(text: str) -> bool:
    return bool(text) and _BREAK.fullmatch(text[-1]) is not None


def _line_end(text: str, place: int) -> int:
    """Just after the line that `place` is in."""
    found = _BREAK.search(text, place)
    return found.end() if found else len(text)


def _comment_after(text: str, start: int, indent: int) -> int | None:
    """The end of the line at `start`, where that is a comment indented like a table or deeper."""
    end = _line_end(text, start)
    line = text[start:end]
    plain = line.lstrip(" ")
    return end if plain.startswith("#") and len(line) - len(plain) >= indent else None


def _tables_node(text: str, file: Path) -> Any:
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    tables = next(value for key, value in root.value if key.value == "tables")
    if tables.flow_style:
        line = tables.start_mark.line + 1
        raise ConfigurationError(f"{file}:{line}: tables stand in braces; wanted one table a line: write them so first")
    return tables


def _last_table(text: str, file: Path) -> tuple[int, int]:
    """Where the last thing that the last table says ends, and how far tables are indented."""
    tables = _tables_node(text, file)
    name, _ = tables.value[-1]
    return max(_ends(tables, text)), name.start_mark.column


def _ends(node: Any, text: str) -> list[int]:
    """Where scalars, lists and mappings in brackets end; those without brackets end with what is in them."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return [len(text[: node.end_mark.index].rstrip())]
    parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
    return [end for part in parts for end in _ends(part, text)]


def _indent(text: str, file: Path) -> str:
    tables = _tables_node(text, file)
    return " " * int(tables.value[0][0].start_mark.column)


def _spaced(text: str, file: Path) -> bool:
    """Whether the manifest has a blank line between tables."""
    tables = _tables_node(text, file)
    first, last = tables.value[0][0].start_mark.line, tables.value[-1][0].start_mark.line
    lines = _BREAK.split(text)[first:last]
    return any(not line.strip() for line in lines)


def _compare(before: bytes, after: str, file: Path, table: str) -> None:
    """Raises ConfigurationError when anything but the new table reads differently: then the text is not changed."""
    old, new = read_document(before, str(file)).data, read_document(after.encode(), str(file)).data
    new["tables"].pop(table)
    if old != new:
        raise ConfigurationError(f"{file}: the table cannot be put in without changing what is there; next: add a line {table}: by hand")
