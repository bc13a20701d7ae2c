"""`twin manifest scaffold --from-dbt`: what a dbt project says of its sources, in the place of guesses, where the rows bear it out.

Keys are claimed by tests and constraints; a claim that the rows do not keep, or that no manifest can have, becomes a note. Settings
below `meta.twin:` are taken as they stand, and checked as a manifest's are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.types as pt

from warehouse_twin.dbt_projects.claims import Claim, claims_of
from warehouse_twin.dbt_projects.facts import Described, Key, OwnProject
from warehouse_twin.manifest.foreign_keys import is_text
from warehouse_twin.profiling.matching import duplicated
from warehouse_twin.scaffolding.dbt_settings import Settings, settings_of
from warehouse_twin.scaffolding.foreign_keys import INCLUDED_NAMED, Known, cannot_be, orphans_of
from warehouse_twin.scaffolding.primary_keys import NEARLY, is_joinable
from warehouse_twin.scaffolding.proposal import Foreign, Primary, Proposal, Said, TableProposal
from warehouse_twin.warehouses.catalog import ForeignKey, Table

MARK, GUESS = "dbt: ", "proposed from the data: "
STRENGTH = 50.0
"""Of a key that dbt names: below one that the warehouse declares, above any that is found."""


@dataclass(frozen=True, slots=True)
class FromDbt:
    """A project, and which of its source tables are in the schema that is scaffolded."""

    project: OwnProject
    schema: str

    def tables_in(self, tables: Sequence[Table]) -> tuple[tuple[Table, ...], dict[str, str]]:
        """The schema's tables that are sources; and why the others, and sources without a table, are left out."""
        keys = self.keys({table.name: table for table in tables})
        found = {table.name for table in keys.values()}
        left_out = {
            source.identifier: f"source {source.name} of the dbt project, but the schema has no table of that name"
            for source in self._here()
            if source.key not in keys
        }
        left_out |= {table.name: "no source of the dbt project" for table in tables if table.name not in found}
        return tuple(table for table in tables if table.name in found), left_out

    def keys(self, catalog: Mapping[str, Table]) -> dict[Key, Table]:
        """Source table → the table that it is."""
        folded = {name.casefold(): name for name in catalog}
        found: dict[Key, Table] = {}
        for source in self._here():
            name = source.identifier if source.identifier in catalog else folded.get(source.identifier.casefold())
            if name is not None:
                found[source.key] = catalog[name]
        return found

    def _here(self) -> list[Described]:
        return [source for source in self.project.sources if source.schema == self.schema]


@dataclass(frozen=True, slots=True)
class Told:
    """The tables with what the project says of them, the entity that it names, and a word for each column that is not there."""

    known: Known
    entity: str | None
    strangers: tuple[str, ...]


def with_dbt(known: Known, source: FromDbt) -> Told:
    """The tables with the keys and settings that the project gives them. Raises ConfigurationError for a `meta.twin` that is wrong."""
    tables = source.keys(known.catalog)
    claims, strangers = claims_of(source.project, tables)
    notes: dict[str, list[str]] = {name: [] for name in known.catalog}
    primary = {name: _primary(name, _about(claims, name), claims, known, notes[name]) for name in known.catalog}
    keyed = replace(known, primary=primary)
    foreign = {name: _foreign(name, _about(claims, name), keyed, notes[name]) for name in known.catalog}
    settings = settings_of(source.project, tables, keyed, foreign)
    said = {name: _said(name, _about(claims, name), keyed, foreign[name], settings, notes[name]) for name in known.catalog}
    return Told(replace(keyed, said=said), settings.entity, tuple(strangers))


def _said(name: str, mine: Sequence[Claim], known: Known, foreign: Sequence[Foreign], settings: Settings, notes: list[str]) -> Said:
    keys = {*known.primary[name].columns, *(column for item in foreign for column in item.key.columns)}
    impersonal = settings.impersonal.get(name, [])
    columns: dict[str, tuple[Mapping[str, Any], str]] = {
        column: (spec, f"{MARK}meta.twin") for column, spec in settings.columns.get(name, {}).items()
    }
    columns |= _domains(mine, known, name, {*keys, *columns})
    notes += _broken_not_null(mine, known.rows[name], known.primary[name].columns)
    table = {setting: (value, f"{MARK}meta.twin") for setting, value in settings.tables.get(name, {}).items()}
    return Said(tuple(foreign), table, columns, frozenset(impersonal), tuple(f"{MARK}{note}" for note in notes))


def _about(claims: Sequence[Claim], table: str) -> list[Claim]:
    return [claim for claim in claims if claim.table == table]


# ── primary keys ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _primary(name: str, mine: Sequence[Claim], claims: Sequence[Claim], known: Known, notes: list[str]) -> Primary:
    """The warehouse's key; else the best claim that the rows bear out; else what was found. The other claims become notes."""
    standing, rows = known.primary[name], known.rows[name]
    chosen = standing if standing.declared else None
    referred = {claim.parent_columns for claim in claims if claim.kind == "reference" and claim.parent == name}
    never_null = {claim.columns[0] for claim in mine if claim.kind == "not null" and not claim.some}
    unique = {claim.columns: claim for claim in reversed(mine) if claim.kind in ("unique", "primary key")}  # the first of its columns
    for columns in sorted(unique, key=lambda columns: _rank(unique[columns], referred, never_null)):
        claim, listed = unique[columns], ", ".join(columns)
        why_not = _no_key(claim, known.catalog[name], rows)
        if why_not is not None:
            notes.append(f"{claim.says} makes {listed} unique; no key of it here: {why_not}")
        elif chosen is None:
            chosen = Primary(columns, f"{MARK}{claim.says}{_also(columns, never_null)}{_repairs(rows, columns)}")
        elif chosen.columns != columns:
            notes.append(f"{claim.says} makes {listed} unique too; a table has one key here, so the twin does not promise it")
    return chosen or standing


def _rank(claim: Claim, referred: Collection[tuple[str, ...]], never_null: Collection[str]) -> tuple[bool, ...]:
    """What is called a primary key first, then what others refer to, then what is never null; single columns before several."""
    return (claim.kind != "primary key", claim.columns not in referred, len(claim.columns) > 1, not set(claim.columns) <= set(never_null))


def _also(columns: tuple[str, ...], never_null: Collection[str]) -> str:
    return ", and not_null" if set(columns) <= set(never_null) else ""


def _no_key(claim: Claim, table: Table, rows: pa.Table) -> str | None:
    """Why a unique column, or several, cannot be the primary key."""
    if claim.some:
        return "the test looks at some rows only"
    for column in claim.columns:
        kind = rows.schema.field(column).type
        when = len(claim.columns) > 1 and (pt.is_date(kind) or pt.is_timestamp(kind) or is_text(table.column(column).sql_type))
        if not (is_joinable(kind) or when):
            return f"{column} is of a type that no key has"
    broken = _broken(rows, claim.columns)
    if broken > (1 - NEARLY) * rows.num_rows:
        return f"{broken:,} of {rows.num_rows:,} rows repeat it or have none"
    return None


def _broken(rows: pa.Table, columns: Sequence[str]) -> int:
    parts = [rows.column(column) for column in columns]
    return int(duplicated(parts).sum()) + max((part.null_count for part in parts), default=0)


def _repairs(rows: pa.Table, columns: Sequence[str]) -> str:
    broken = _broken(rows, columns)
    return f"; rows that repeat a key or have none: {broken:,}; the twin's keys are new and hold" if broken else ""


# ── foreign keys, domains, nulls ─────────────────────────────────────────────────────────────────────────────────────


def _foreign(name: str, mine: Sequence[Claim], known: Known, notes: list[str]) -> list[Foreign]:
    table, found = known.catalog[name], dict[tuple[str, ...], Foreign]()
    declared = {key.columns for key in table.foreign_keys}
    for claim in mine:
        key = ForeignKey(claim.columns, claim.parent, claim.parent_columns)
        own = claim.parent == name and claim.columns == claim.parent_columns
        if claim.kind != "reference" or own or claim.columns in declared or claim.columns in found:
            continue
        why = cannot_be(key, table, known)
        rows = pa.table({column: known.rows[name].column(column) for column in claim.columns}).drop_null().num_rows
        orphans = orphans_of(key, name, known) if why is None else 0
        if why is None and orphans > (1 - INCLUDED_NAMED) * rows:
            why = f"{orphans:,} of {rows:,} rows lead nowhere"
        if why is not None:
            notes.append(f"{claim.says} of {', '.join(claim.columns)} to {claim.parent} is no foreign key here: {why}")
            continue
        repaired = f"; rows that lead nowhere: {orphans:,}, repaired in the twin" if orphans else ""
        found[claim.columns] = Foreign(key, f"{MARK}{claim.says}{repaired}", strength=STRENGTH)
    return list(found.values())


def _domains(mine: Sequence[Claim], known: Known, name: str, taken: Collection[str]) -> dict[str, tuple[Mapping[str, Any], str]]:
    """Columns with accepted values: categories, of which the twin has none that the source has not."""
    found: dict[str, tuple[Mapping[str, Any], str]] = {}
    for claim in mine:
        column = claim.columns[0]
        kind = known.rows[name].schema.field(column).type
        fits = is_text(known.catalog[name].column(column).sql_type) or pt.is_integer(kind)
        if claim.kind == "values" and not claim.some and column not in taken and column not in found and fits:
            found[column] = ({"kind": "categorical"}, f"{MARK}{claim.says}, {claim.values} values")
    return found


def _broken_not_null(mine: Sequence[Claim], rows: pa.Table, primary: Collection[str]) -> Iterator[str]:
    for claim in {claim.columns: claim for claim in mine if claim.kind == "not null" and not claim.some}.values():
        nulls = rows.column(claim.columns[0]).null_count
        if nulls and claim.columns[0] not in primary:
            yield f"{claim.says} fails on {nulls:,} rows of the source: {claim.columns[0]} has nulls in the twin too"


# ── marks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def mark(proposal: Proposal) -> None:
    """Say of everything that neither dbt nor the warehouse says that it is proposed."""
    if proposal.entity is not None:
        proposal.entity_why = _marked(proposal.entity_why)
    for table in proposal.tables.values():
        _mark_table(table)


def _mark_table(table: TableProposal) -> None:
    if table.primary.columns and not table.primary.declared:
        table.primary = replace(table.primary, why=_marked(table.primary.why))
    table.foreign = [item if item.declared else replace(item, why=_marked(item.why)) for item in table.foreign]
    table.personal = [replace(item, why=_marked(item.why)) for item in table.personal]
    table.keep = None if table.keep is None else _marked(table.keep)
    if table.order_by is not None:
        table.order_by = (table.order_by[0], _marked(table.order_by[1]))
    if table.validity is not None:
        begin, end, why = table.validity
        table.validity = (begin, end, _marked(why))


def _marked(why: str) -> str:
    return why if why.startswith(MARK) else f"{GUESS}{why}"
