"""`meta.twin:` of a dbt project's sources: settings of tables and columns, checked as those of a manifest are.

    sources: [{name: raw, tables: [{name: customers, meta: {twin: {entity: true}}, columns: [{name: email, meta: {twin: {pii: email}}}]}]}]

A column has what a manifest's column has (`pii`, `locale`, `kind`, `generator`), `pii: false` where it is no personal data whatever
it looks like, and `entity: true` where its values tell the entities apart. A table has `entity`, `keep`, `order_by`, `validity`,
`rows`, `factor` and `synthesizer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from warehouse_twin.dbt_projects.claims import own_column
from warehouse_twin.dbt_projects.facts import Described, Key, OwnProject
from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.manifest.loading import parse
from warehouse_twin.manifest.names import shown, unknown
from warehouse_twin.scaffolding.foreign_keys import Known
from warehouse_twin.scaffolding.proposal import Foreign
from warehouse_twin.warehouses.catalog import Table

OF_TABLES = ("entity", "keep", "order_by", "validity", "rows", "factor", "synthesizer")
_TWIN = {"twin": "t", "source": {"warehouse": "w", "schema": "s"}, "target": {"warehouse": "w", "schema": "t"}, "seed": 1}


@dataclass(slots=True)
class Settings:
    """What `meta.twin` says, by the names of the catalog."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    columns: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    impersonal: dict[str, list[str]] = field(default_factory=dict)
    entities: dict[str, str] = field(default_factory=dict)
    """table → the file that says so"""
    faults: list[str] = field(default_factory=list)

    @property
    def entity(self) -> str | None:
        return next(iter(self.entities), None)


def settings_of(project: OwnProject, tables: Mapping[Key, Table], known: Known, foreign: Mapping[str, Sequence[Foreign]]) -> Settings:
    """Raises ConfigurationError with every fault of every block."""
    found = Settings()
    for source in project.sources:
        if source.key in tables:
            name = tables[source.key].name
            _read_table(source, name, found)
            _read_columns(source, tables[source.key], found)
            _read_entity(source, name, found, known, foreign.get(name, ()))
            found.faults += _wrong(source, name, found)
    if len(found.entities) > 1:
        found.faults.append(f"meta.twin names {len(found.entities)} entities, {' and '.join(sorted(found.entities))}; wanted one")
    if found.faults:
        told = "\n".join(f"  {fault}" for fault in found.faults)
        raise ConfigurationError(f"dbt project {project.name} (read from {project.origin}):\n{told}")
    return found


def _place(source: Described, column: str = "") -> str:
    return f"{source.file}: source {source.name}{f', column {column}' if column else ''}: meta.twin"


def _read_table(source: Described, name: str, found: Settings) -> None:
    found.faults += [f"{_place(source)}: {unknown('setting', word, OF_TABLES)}" for word in source.meta if word not in OF_TABLES]
    said = {word: value for word, value in source.meta.items() if word in OF_TABLES and word != "entity"}
    found.tables.setdefault(name, {}).update(said)  # two sources may be one table


def _read_columns(source: Described, table: Table, found: Settings) -> None:
    for name, said in source.columns_meta.items():
        column = own_column(table, name.strip('"`[]'))
        spec = {word: value for word, value in said.items() if word != "entity"}
        if column is None:
            found.faults.append(f"{_place(source, name)}: {unknown('column', name, table.column_names)}")
        elif spec.get("pii") is False:
            found.impersonal.setdefault(table.name, []).append(column)
            spec.pop("pii")
        if column is not None and spec:
            found.columns.setdefault(table.name, {}).setdefault(column, {}).update(spec)


def _read_entity(source: Described, name: str, found: Settings, known: Known, foreign: Sequence[Foreign]) -> None:
    """`entity: true` of the table itself, of its key, or of a column that leads to the entity."""
    if _is_asked(source, "", source.meta, found):
        found.entities[name] = source.file
        if not known.primary[name].columns:
            wanted = "wanted tests unique and not_null on the column that tells its rows apart"
            found.faults.append(f"{_place(source)}: {name} is to be the entity and has no primary key; {wanted}")
    for column, said in source.columns_meta.items():
        if not _is_asked(source, column, said, found):
            continue
        own = own_column(known.catalog[name], column)
        parent = next((item.key.references for item in foreign if item.key.columns == (own,)), None)
        entity = name if known.primary[name].columns == (own,) else parent
        if entity is None:
            wanted = "wanted the primary key of the entity's table, or a foreign key to it"
            found.faults.append(f"{_place(source, column)}: the column tells no entities apart; {wanted} (see its tests)")
        else:
            found.entities[entity] = source.file


def _is_asked(source: Described, column: str, said: Mapping[str, Any], found: Settings) -> bool:
    asked = said.get("entity", False)
    if not isinstance(asked, bool):
        found.faults.append(f"{_place(source, column)}: entity: got {shown(asked)}, wanted true")
    return asked is True


def _wrong(source: Described, name: str, found: Settings) -> Iterator[str]:
    """Faults of the settings of a table, as a manifest with nothing else in it would have them."""
    said = {**found.tables.get(name, {}), "columns": found.columns.get(name, {})}
    text = yaml.safe_dump({**_TWIN, "tables": {"t": said}}, allow_unicode=True)
    try:
        parse(text.encode(), Path("t.yml"))
    except ManifestError as error:
        for fault in error.faults:
            yield f"{_place(source)}: {fault.path.removeprefix('tables.t.')}: {fault.message}"
