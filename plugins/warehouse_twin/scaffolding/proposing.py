"""From a schema to a proposal: catalog and rows in, keys, entity, reference tables, personal data, times and gates out.

What is proposed is put through the checks that a manifest goes through, so that a scaffold runs as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from warehouse_twin.errors import ManifestError
from warehouse_twin.manifest.checking import resolve_manifest
from warehouse_twin.manifest.circles import without_circles
from warehouse_twin.manifest.foreign_keys import keys_of
from warehouse_twin.manifest.loading import LoadedManifest
from warehouse_twin.manifest.model import Manifest
from warehouse_twin.manifest.positions import Positions
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.relations.families import unordered
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.scaffolding.foreign_keys import Known, declared_keys, find_keys, without
from warehouse_twin.scaffolding.people import choose_entity, doubts, leads_to, personal_columns
from warehouse_twin.scaffolding.primary_keys import find_primary
from warehouse_twin.scaffolding.proposal import Foreign, Primary, Proposal, Said, TableProposal
from warehouse_twin.scaffolding.reference_tables import find_references
from warehouse_twin.scaffolding.times import propose_times
from warehouse_twin.scaffolding.undecided import why_undecided
from warehouse_twin.synthesizers.registry import known_synthesizers
from warehouse_twin.warehouses.catalog import ForeignKey, Table

NOWHERE = Positions("", {}, {})


def propose(proposal: Proposal, known: Known) -> None:
    """Everything about the tables of a new manifest."""
    for name in known.catalog:
        proposal.tables[name] = _with_keys(name, known)
        proposal.fresh.append(name)
    _open_circles(proposal, known.catalog)
    find_references(proposal, known)
    if proposal.entity is None:
        proposal.entity, proposal.entity_why = choose_entity(proposal.tables)
    _finish(proposal, known)


def propose_one(proposal: Proposal, name: str, known: Known) -> None:
    """Everything about one more table; the others stand as they are."""
    proposal.tables[name] = _with_keys(name, known)
    proposal.fresh.append(name)
    _open_circles(proposal, known.catalog)
    find_references(proposal, known)
    _finish(proposal, known)


def primary_keys(catalog: Mapping[str, Table], rows: Mapping[str, pa.Table]) -> dict[str, Primary]:
    """The primary key of every table: declared, or found."""
    return {
        name: Primary(table.primary_key, "declared", declared=True) if table.primary_key else find_primary(table, rows[name], catalog)
        for name, table in catalog.items()
    }


def _with_keys(name: str, known: Known) -> TableProposal:
    table, rows, primary, said = known.catalog[name], known.rows[name], known.primary[name], known.said.get(name, Said())
    declared, notes = declared_keys(table, known)
    foreign = find_keys(table, known, [*declared, *said.foreign])
    keys = {*primary.columns, *(column for item in foreign for column in item.key.columns)}
    said = replace(said, columns={name: told for name, told in said.columns.items() if name not in keys or set(told[0]) != {"kind"}})
    decided = {*said.columns, *said.impersonal}
    personal = [item for item in personal_columns(table, rows, keys) if item.column not in decided]
    keep = said.table["keep"][1] if "keep" in said.table else None
    dangling = bool(notes)
    notes += [*doubts(table, rows, keys, {*decided, *(item.column for item in personal)}), *said.notes]
    return TableProposal(table, rows.num_rows, primary, foreign, keep=keep, dangling=dangling, personal=personal, notes=notes, said=said)


def _finish(proposal: Proposal, known: Known) -> None:
    twin = resolved(proposal, known.catalog)
    _propose_orders(proposal, known, twin)
    belong = leads_to(proposal.entity, proposal.tables)
    for name in proposal.fresh:
        table = proposal.tables[name]
        if table.keep is None:
            table.accept = why_undecided(table, proposal, twin, belongs=name in belong)


# ── circles ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _open_circles(proposal: Proposal, catalog: Mapping[str, Table]) -> None:
    """Leave out keys that go round in a circle in which none may be null: of each the one that least speaks for."""
    while circles := _circles(proposal, catalog):
        for circle in circles:
            steps = zip(circle, (*circle[1:], circle[0]), strict=True)
            edges = [(name, item) for name, parent in steps for item in proposal.tables[name].foreign if item.key.references == parent]
            name, item = min(edges, key=lambda edge: (edge[1].strength, edge[0], edge[1].key.columns))
            for other in [other for other in proposal.tables[name].foreign if other.key.references == item.key.references]:
                _leave_out(proposal.tables[name], other, circle)


def _leave_out(table: TableProposal, item: Foreign, circle: Sequence[str]) -> None:
    table.foreign = without(table.foreign, item.key)
    table.dangling = True
    way = " -> ".join((*circle, circle[0]))
    table.notes.append(
        f"the {'declared ' if item.declared else ''}foreign key ({', '.join(item.key.columns)}) to {item.key.references} is left out: "
        f"it closes a circle in which no key may be null ({way}), so no table could come first"
    )


def _circles(proposal: Proposal, catalog: Mapping[str, Table]) -> list[tuple[str, ...]]:
    manifest = Manifest.model_validate(proposal.spec())
    return without_circles(keys_of(manifest, catalog, NOWHERE), manifest)[1]


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _propose_orders(proposal: Proposal, known: Known, twin: ResolvedTwin) -> None:
    """Orders and windows of tables whose rows belong to the entity: where rows are held out one by one no order can be learned."""
    belong, plans = leads_to(proposal.entity, proposal.tables), key_plans(twin)
    for name in proposal.fresh:
        table = proposal.tables[name]
        drive = plans[name].drive if name in plans and {"order_by", "validity"}.isdisjoint(table.said.table) else None
        if drive is None or drive.references not in belong or not table.rows or _has_other_parents(table, drive, proposal):
            continue
        propose_times(table, drive, known)
        if not _can_be_drawn(proposal, known.catalog):
            table.order_by = table.validity = None


def _has_other_parents(table: TableProposal, drive: ForeignKey, proposal: Proposal) -> bool:
    """Whether rows belong to others besides: then they are no events of one parent, and their times depend on the others too."""
    return any(item.key != drive and proposal.tables[item.key.references].keep is None for item in table.foreign)


def _can_be_drawn(proposal: Proposal, catalog: Mapping[str, Table]) -> bool:
    try:
        return not any(unordered(resolved(proposal, catalog)))
    except ManifestError:
        return False


def resolved(proposal: Proposal, catalog: Mapping[str, Table]) -> ResolvedTwin:
    """The proposal as `resolve` would have it, but for goals. Raises ManifestError."""
    loaded = LoadedManifest(Manifest.model_validate({**proposal.spec(), "gates": {}}), Path(), NOWHERE, "")
    return resolve_manifest(loaded, tuple(catalog.values()), synthesizers=known_synthesizers(), goals=())
