"""`twin manifest scaffold`: a schema in, the text of a manifest out, checked before anybody sees it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from warehouse_twin.dbt_projects.facts import OwnProject
from warehouse_twin.errors import ConfigurationError, ManifestError
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.loading import parse
from warehouse_twin.manifest.model import FILE_NAME, NAME
from warehouse_twin.manifest.reading import can_be_written
from warehouse_twin.scaffolding.foreign_keys import Known
from warehouse_twin.scaffolding.from_dbt import MARK, FromDbt, mark, with_dbt
from warehouse_twin.scaffolding.proposal import Proposal
from warehouse_twin.scaffolding.proposing import primary_keys, propose
from warehouse_twin.scaffolding.usable import usable_tables
from warehouse_twin.scaffolding.writing import manifest_text
from warehouse_twin.synthesizers.registry import known_synthesizers
from warehouse_twin.warehouses import Warehouse
from warehouse_twin.warehouses.catalog import Table

Progress = Callable[[str], None]
SEED = 1


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The text of a manifest, and what it is about."""

    text: str
    tables: tuple[str, ...]
    left_out: Mapping[str, str]
    entity: str | None


def twin_name(schema: str) -> str:
    """A twin's name made of a schema's: small letters, digits and underscores."""
    words = re.sub(r"[^a-z0-9]+", "_", schema.lower()).strip("_")
    name = (words if re.match(r"[a-z]", words) else f"twin_{words}").rstrip("_")[:40].rstrip("_")
    return f"{name}_twin" if name == "scratch" else name


def scaffold(
    warehouse: Warehouse,
    *,
    schema: str,
    twin: str,
    target: tuple[str, str],
    file: Path,
    project: OwnProject | None = None,
    on_progress: Progress = lambda text: None,
) -> Scaffold:
    """The manifest of a schema, or of the sources that a dbt project has in it. `file` is where it will stand.

    Raises ConfigurationError for names that no manifest can have, and for settings of the project that no table can.
    """
    _check_names(twin, warehouse.name, schema, target)
    own = FromDbt(project, schema) if project is not None else None
    known, left_out = _read(warehouse, schema, own, on_progress)
    proposal = Proposal(
        {
            "twin": twin,
            "source": {"warehouse": warehouse.name, "schema": schema},
            "target": {"warehouse": target[0], "schema": target[1], "keys": "source"},
            "seed": SEED,
        }
    )
    if own is None:
        propose(proposal, known)
        text = manifest_text(proposal, left_out, editor=_has_schema(file))
        prove(text, file, known.catalog)
    else:
        text = _proposed_from_dbt(proposal, known, own, left_out, file)
    return Scaffold(text, tuple(known.catalog), left_out, proposal.entity)


def _read(warehouse: Warehouse, schema: str, own: FromDbt | None, on_progress: Progress) -> tuple[Known, dict[str, str]]:
    """All rows of the tables that a twin can have, their primary keys, and why the other tables are left out."""
    with warehouse.snapshot(schema) as snapshot:
        tables, strange = (snapshot.tables(), {}) if own is None else own.tables_in(snapshot.tables())
        catalog, unusable = usable_tables(tables)
        left_out = strange | unusable
        if not catalog:
            raise ConfigurationError(_nothing(warehouse.name, schema, left_out))
        rows: dict[str, pa.Table] = {}
        for name, table in catalog.items():
            on_progress(f"reading {name} …")
            rows[name] = snapshot.read(table)
    on_progress(f"comparing the keys of {len(catalog)} tables …")
    return Known(catalog, rows, primary_keys(catalog, rows)), left_out


def _has_schema(file: Path) -> bool:
    """Whether the JSON Schema for editors lies beside it."""
    return (file.parent / "manifest.schema.json").is_file()


def _proposed_from_dbt(proposal: Proposal, known: Known, own: FromDbt, left_out: dict[str, str], file: Path) -> str:
    told = with_dbt(known, own)
    proposal.entity, proposal.entity_why = told.entity, f"{MARK}meta.twin"
    try:
        propose(proposal, told.known)
        mark(proposal)
        text = manifest_text(proposal, left_out, editor=_has_schema(file), project=own.project, strangers=told.strangers)
        prove(text, file, known.catalog)
    except ManifestError as error:
        told_faults = "\n".join(f"  {fault.path}: {fault.message}" for fault in error.faults)
        raise ConfigurationError(f"dbt project {own.project.name}: what its meta.twin asks for cannot be:\n{told_faults}") from None
    return text


def prove(text: str, file: Path, catalog: Mapping[str, Table]) -> None:
    """Read the text as `resolve` will. Raises ManifestError: nothing is written that would not run."""
    loaded = parse(text.encode(), file)
    resolve_manifest(loaded, tuple(catalog.values()), synthesizers=known_synthesizers(), goals=())


def _check_names(twin: str, warehouse: str, schema: str, target: tuple[str, str]) -> None:
    if re.match(NAME, twin) is None or twin == "scratch":
        wanted = "small letters, digits and _, at most 40, a letter first"
        raise ConfigurationError(f"got {twin!r} as a twin's name, wanted {wanted}; next: --twin NAME")
    for name in (schema, target[1]):
        if re.match(FILE_NAME, name) is None or not can_be_written(name):
            raise ConfigurationError(f"schema {name!r}: a manifest cannot name it (no slash, no dot first, at most 100 characters)")
    if target == (warehouse, schema):
        raise ConfigurationError(
            f"the target is the source, schema {schema} of warehouse {warehouse}; a twin never replaces its source; next: --target"
        )


def _nothing(warehouse: str, schema: str, left_out: Mapping[str, str]) -> str:
    why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
    return f"warehouse {warehouse}: schema {schema} has no table that a twin can have{f' ({why})' if why else ''}; wanted at least one"
