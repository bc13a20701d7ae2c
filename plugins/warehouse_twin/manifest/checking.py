"""From a manifest to a resolved one: every name, type and key checked against the source's catalog, all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from warehouse_twin.errors import Fault, ManifestError
from warehouse_twin.manifest.circles import without_circles
from warehouse_twin.manifest.column_roles import order_faults, orphan_faults, target_faults
from warehouse_twin.manifest.fairness import fairness_faults
from warehouse_twin.manifest.foreign_keys import Keys, has_categories, keys_of
from warehouse_twin.manifest.gating import Gates, canaries_wanted
from warehouse_twin.manifest.loading import LoadedManifest
from warehouse_twin.manifest.made_columns import made_faults, resolved_generators
from warehouse_twin.manifest.made_table import MadeTable
from warehouse_twin.manifest.model import ColumnSpec, Manifest, TableSpec
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.ordering import ordered
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.manifest.private_faults import private_faults, resolved_privacy
from warehouse_twin.manifest.resolved import ResolvedFairness, ResolvedTable, ResolvedTwin
from warehouse_twin.manifest.rule_texts import strangers
from warehouse_twin.manifest.schema_faults import schema_faults
from warehouse_twin.manifest.synthesizer_faults import synthesizer_faults
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.warehouses.catalog import Table

RESERVED_TABLES = ("_release",)
RESERVED_COLUMNS = ("__entity", "__holdout", "__row")


@dataclass(frozen=True)
class _Checked:
    """What the checks look at."""

    manifest: Manifest
    positions: Positions
    catalog: Mapping[str, Table]
    keys: Keys
    synthesizers: Mapping[str, Traits]
    goals: Collection[str]

    @property
    def known(self) -> Iterator[tuple[str, TableSpec, Table]]:
        """The manifest's tables that the source has."""
        for name, spec in self.manifest.tables.items():
            if name in self.catalog:
                yield name, spec, self.catalog[name]

    def protected_parents(self, table: str) -> list[str]:
        tables = self.manifest.tables
        return [parent for parent in self.parents[table] if parent != table and tables[parent].keep is None]

    @property
    def parents(self) -> dict[str, list[str]]:
        """table → the tables that come before it: those it refers to, but where a circle is cut."""
        return self._cut[0]

    @property
    def circles(self) -> list[tuple[str, ...]]:
        """The circles that cannot be cut anywhere."""
        return self._cut[1]

    @cached_property
    def _cut(self) -> tuple[dict[str, list[str]], list[tuple[str, ...]]]:
        return without_circles(self.keys, self.manifest)


def resolve_manifest(
    loaded: LoadedManifest, tables: Sequence[Table], *, synthesizers: Collection[str] | Mapping[str, Traits], goals: Collection[str]
) -> ResolvedTwin:
    """The manifest completed from the source's catalog, its tables in foreign-key order, parents first.

    Of `synthesizers` that are names alone nothing more is checked.
    Raises ManifestError with every fault, each at its line and column.
    """
    manifest, positions = loaded.manifest, loaded.positions
    catalog = {table.name: table for table in tables}
    keys = keys_of(manifest, catalog, positions)
    known = synthesizers if isinstance(synthesizers, Mapping) else {name: Traits() for name in sorted(synthesizers)}
    checked = _Checked(manifest, positions, catalog, keys, known, sorted(goals))
    faults = [*keys.faults, *(fault for check in _CHECKS for fault in check(checked))]
    if faults:
        raise ManifestError(list(dict.fromkeys(faults)))
    order, _ = ordered(checked.parents)
    return ResolvedTwin(
        twin=manifest.twin,
        source_warehouse=manifest.source.warehouse,
        source_schema=manifest.source.schema_,
        target_warehouse=manifest.target.warehouse,
        target_schema=manifest.target.schema_,
        seed=manifest.seed,
        entity=manifest.entity,
        k=manifest.k,
        holdout=manifest.holdout,
        tables=tuple(_resolved(checked, name) for name in order),
        privacy=resolved_privacy(manifest),
    )


def _resolved(checked: _Checked, name: str) -> ResolvedTable:
    spec, declared = checked.manifest.tables[name], checked.catalog[name]
    primary = checked.keys.primary[name]
    columns = tuple(replace(column, nullable=False) if column.name in primary else column for column in declared.columns)
    foreign = tuple(key for _, key in checked.keys.foreign[name])
    table = replace(declared, columns=columns, primary_key=primary, foreign_keys=foreign)
    source = declared if checked.manifest.target.keys == "source" else None
    if spec.keep is not None:
        return ResolvedTable(table=table, keep_real=True, source=source)
    synthesizer = checked.manifest.synthesizer_of(name)
    return ResolvedTable(
        table=table,
        keep_real=False,
        synthesizer=synthesizer.name,
        parameters=synthesizer.parameters,
        challengers=tuple((challenger.name, challenger.parameters) for challenger in spec.challengers),
        rows=spec.rows,
        factor=spec.factor,
        kinds={column: said.kind for column, said in spec.columns.items() if said.kind is not None},
        order_by=spec.validity.from_ if spec.validity is not None else spec.order_by,
        validity=(spec.validity.from_, spec.validity.to) if spec.validity is not None else None,
        pii={column: (said.pii, said.locale) for column, said in spec.columns.items() if said.pii is not None},
        generators=resolved_generators(spec, declared, primary),
        ignored_rules=spec.rules.ignore,
        rebalance=spec.shares,
        choose=spec.choose,
        targets=spec.targets,
        fairness=None if (fair := spec.fairness) is None else ResolvedFairness(fair.protected, fair.outcome, fair.wanted, fair.mend),
        domains={column: said.domain.stated for column, said in spec.columns.items() if said.domain is not None},
        canaries=canaries_wanted(spec.gates, checked.manifest.gates)
        and checked.synthesizers[synthesizer.name].learns_a_table
        and (spec.order_by, spec.validity) == (None, None),
        source=source,
    )


# ── the checks: each yields the faults of one kind ───────────────────────────────────────────────────────────────────


def _tables(checked: _Checked) -> Iterator[Fault]:
    source = checked.manifest.source
    for name in checked.manifest.tables:
        path: Steps = ("tables", name)
        if name not in checked.catalog:
            what = f"{unknown('table', name, sorted(checked.catalog))} (in schema {source.schema_} of warehouse {source.warehouse})"
            yield checked.positions.fault(path, what, at_key=True)
        elif name in RESERVED_TABLES:
            yield checked.positions.fault(path, f"the name {name} is taken by the twin's own table; leave this table out", at_key=True)


def _columns(checked: _Checked) -> Iterator[Fault]:
    for name, spec, table in checked.known:
        for column in spec.columns:
            if column not in table.column_names:
                message = f"{unknown('column', column, table.column_names)} (of {name})"
                yield checked.positions.fault(("tables", name, "columns", column), message, at_key=True)
        for column in RESERVED_COLUMNS:
            if column in table.column_names:
                message = f"column {column} has a name that snapshots and frames need; rename it in the source, or leave the table out"
                yield checked.positions.fault(("tables", name), message, at_key=True)


def _made(checked: _Checked) -> Iterator[Fault]:
    for name, spec, table in checked.known:
        foreign = [key for _, key in checked.keys.foreign[name]]
        earlier = [*checked.protected_parents(name), name]
        yield from made_faults(MadeTable(checked.positions, spec, table, checked.keys.primary[name], foreign, earlier))


def _entity(checked: _Checked) -> Iterator[Fault]:
    entity, manifest = checked.manifest.entity, checked.manifest
    if entity is None:
        return
    if entity not in manifest.tables:
        yield checked.positions.fault(("entity",), unknown("table", entity, tuple(manifest.tables)))
    elif manifest.tables[entity].keep is not None:
        yield checked.positions.fault(("entity",), f"{entity} has keep: real and is not protected; wanted a table that is synthesized")
    elif entity in checked.catalog and not checked.keys.primary[entity]:
        yield checked.positions.fault(("entity",), f"{entity} has no primary key to tell its rows apart; give it primary_key")


def _synthesizers(checked: _Checked) -> Iterator[Fault]:
    yield from synthesizer_faults(checked.positions, checked.manifest, checked.synthesizers)
    yield from schema_faults(checked.positions, checked.manifest, checked.synthesizers, checked.keys)
    yield from private_faults(checked.positions, checked.manifest, checked.synthesizers, checked.keys)


def _goals(checked: _Checked) -> Iterator[Fault]:
    places: list[tuple[Steps, Gates]] = [(("gates", "goals"), checked.manifest.gates)]
    places += [(("tables", name, "gates", "goals"), spec.gates) for name, spec in checked.manifest.tables.items()]
    for path, gates in places:
        for goal in gates.goals:
            if goal not in checked.goals:
                yield checked.positions.fault((*path, goal), unknown("goal", goal, checked.goals), at_key=True)


def _rules(checked: _Checked) -> Iterator[Fault]:
    """A rule to ignore may name the table's columns, other tables and their columns."""
    others = [name for name in checked.manifest.tables if name in checked.catalog]
    foreign = [*others, *(f"{name}.{column}" for name in others for column in checked.catalog[name].column_names)]
    for name, spec, table in checked.known:
        for index, text in enumerate(spec.rules.ignore):
            for stranger in strangers(text, [*table.column_names, *foreign]):
                message = f"{unknown('column', stranger, table.column_names)} (of {name}, in a rule)"
                yield checked.positions.fault(("tables", name, "rules", "ignore", index), message)


def _sizes(checked: _Checked) -> Iterator[Fault]:
    for name, spec, _ in checked.known:
        parents = checked.protected_parents(name)
        for word in ("rows", "factor"):
            if parents and getattr(spec, word) is not None:
                message = f"{name} gets its rows from its parents ({', '.join(dict.fromkeys(parents))}); set {word} there, or remove it"
                yield checked.positions.fault(("tables", name, word), message)


def _rebalanced(checked: _Checked) -> Iterator[Fault]:
    """Whether a value is known is seen when the table was profiled; here, whether its column can have shares at all."""
    for name, spec, table in checked.known:
        path: Steps = ("tables", name, "rebalance" if spec.rebalance else "fairness")
        parents = checked.protected_parents(name)
        if spec.shares and parents:
            message = f"{name} gets its rows from its parents ({', '.join(dict.fromkeys(parents))}); rebalance one that has none"
            yield checked.positions.fault(path, message, at_key=True)
        keys = {*checked.keys.primary[name], *(column for _, key in checked.keys.foreign[name] for column in key.columns)}
        for column in spec.shares:
            if column not in table.column_names:
                message = f"{unknown('column', column, table.column_names)} (of {name})"
                yield checked.positions.fault((*path, column), message, at_key=True)
                continue
            said, sql_type = spec.columns.get(column, ColumnSpec()), table.column(column).sql_type
            if column in keys:
                yield checked.positions.fault((*path, column), f"column {column} is part of a key; wanted one that is not", at_key=True)
            elif said.pii is not None or not (said.kind == "categorical" or (said.kind is None and has_categories(sql_type))):
                what = "personal data" if said.pii is not None else f"{sql_type}, {said.kind}" if said.kind else sql_type
                message = f"column {column} is {what}; wanted a boolean, a text or an enumeration, or one with kind: categorical"
                yield checked.positions.fault((*path, column), message, at_key=True)


def _orders(checked: _Checked) -> Iterator[Fault]:
    for name, spec, table in checked.known:
        yield from order_faults(checked.positions, name, spec, table, checked.protected_parents(name))


def _targets(checked: _Checked) -> Iterator[Fault]:
    for name, spec, table in checked.known:
        drawn = [name, *checked.protected_parents(name)]
        anew = [key for _, key in checked.keys.foreign[name] if key.references in drawn]
        keys = {*checked.keys.primary[name], *(column for key in anew for column in key.columns)}
        yield from target_faults(checked.positions, name, spec, table, keys)
        if spec.fairness is not None:
            made = [column for column, said in spec.columns.items() if said.pii is not None or said.generator is not None]
            yield from fairness_faults(checked.positions, name, spec.fairness, table, keys=keys, made=made)


def _references(checked: _Checked) -> Iterator[Fault]:
    """A table passed through as it is may not refer to one that is made anew: its rows would point at nothing."""
    for name, spec, _ in checked.known:
        for path, key in checked.keys.foreign[name]:
            if spec.keep is not None and key.references in checked.protected_parents(name):
                message = f"{name} has keep: real but refers to {key.references}, whose keys are drawn anew; synthesize both, or keep both"
                yield checked.positions.fault((*path, "references"), message)


def _orphans(checked: _Checked) -> Iterator[Fault]:
    for name, _, table in checked.known:
        yield from orphan_faults(checked.positions, table, checked.keys.primary[name], checked.keys.foreign[name])


def _cycles(checked: _Checked) -> Iterator[Fault]:
    for cycle in checked.circles:
        path = next(path for path, key in checked.keys.foreign[cycle[0]] if key.references == cycle[1])
        way = " -> ".join((*cycle, cycle[0]))
        message = (
            f"foreign keys go round in a circle ({way}) and none of them may be null, so no table can come first; "
            "let one be null in the source, or leave it out of foreign_keys:"
        )
        yield checked.positions.fault((*path, "references"), message)


_CHECKS: tuple[Callable[[_Checked], Iterator[Fault]], ...] = (
    _tables,
    _columns,
    _made,
    _entity,
    _synthesizers,
    _goals,
    _rules,
    _sizes,
    _rebalanced,
    _orders,
    _targets,
    _references,
    _orphans,
    _cycles,
)
