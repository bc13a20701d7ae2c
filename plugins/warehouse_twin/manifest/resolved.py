"""The resolved manifest: what the manifest says, checked against the catalog and completed by it.

Written by `resolve`, read by every later stage. It holds names, types and settings, and no value of any row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from warehouse_twin.generators.generator import Generator
from warehouse_twin.warehouses import Dialect
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table


@dataclass(frozen=True, slots=True)
class ResolvedFairness:
    """Protected columns, an outcome, and its favourable value as text."""

    protected: tuple[str, ...]
    outcome: str
    favourable: str
    mend: bool = False

    @property
    def apart(self) -> tuple[tuple[str, ...], str] | None:
        """(columns, column) that shall have nothing to do with each other in the twin."""
        return (self.protected, self.outcome) if self.mend else None


@dataclass(frozen=True, slots=True)
class ResolvedPrivacy:
    """(ε, δ) of one measurement, rows of one entity that are counted by table, and (ε, δ) of the account."""

    epsilon: float
    delta: float
    rows_per_entity: Mapping[str, int]
    budget: tuple[float, float]
    measure: str = "once"
    measure_anew: str = ""
    """A date; with another one, releases draw from another measurement."""


@dataclass(frozen=True, slots=True)
class ResolvedTable:
    """One table. `table` carries the keys that hold in the twin, declared or from the manifest."""

    table: Table
    keep_real: bool
    synthesizer: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    challengers: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    rows: int | None = None
    factor: float | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    pii: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """column → (kind, locale)"""
    generators: Mapping[str, Generator] = field(default_factory=dict)
    """column → the rule by which its values are made"""
    order_by: str | None = None
    """the column that orders the rows of each parent"""
    validity: tuple[str, str] | None = None
    """where windows begin (also `order_by`) and end"""
    ignored_rules: tuple[str, ...] = ()
    rebalance: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """column → share by value, as text"""
    choose: str | None = None
    """how `train` chooses between the synthesizer and its challengers; None: it does not"""
    targets: tuple[str, ...] | None = None
    """the columns whose prediction is scored; None: the gate picks some"""
    fairness: ResolvedFairness | None = None
    domains: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """column → `values`, or `from` and `to`: what the manifest says that it can hold"""
    canaries: bool = False
    """whether a second model is trained, with canaries, to see what it says of them"""
    source: Table | None = None
    """the table as the source declares it, where the release's DDL shall have no key that the source's has not"""

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def apart(self) -> tuple[tuple[str, ...], str] | None:
        """(columns, column) that shall have nothing to do with each other; they have shares, or at least places, in `rebalance`."""
        return self.fairness.apart if self.fairness is not None else None

    @property
    def declared(self) -> Table:
        """The table with the keys, and the nullability, that the release's schema declares: a key of the manifest's alone may hold
        in every row and be no constraint."""
        if self.source is None:
            return self.table
        nullable = {column.name: column.nullable for column in self.source.columns}
        return replace(
            self.table,
            columns=tuple(replace(column, nullable=nullable[column.name]) for column in self.table.columns),
            primary_key=self.table.primary_key if self.table.primary_key == self.source.primary_key else (),
            foreign_keys=tuple(key for key in self.table.foreign_keys if any(map(key.pairs_as, self.source.foreign_keys))),
        )

    @property
    def made(self) -> tuple[str, ...]:
        """The columns of which nothing is learned but, where the rule asks for it, the share of nulls."""
        return tuple(name for name, generator in self.generators.items() if not generator.learned)


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A query of the workload, the table whose score its answer is, and the measures that are taken of it; nothing of its text."""

    name: str
    table: str
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvedTwin:
    """A twin, its tables in foreign-key order: every parent before its children."""

    twin: str
    source_warehouse: str
    source_schema: str
    target_warehouse: str
    target_schema: str
    seed: int
    entity: str | None
    k: int
    holdout: float
    tables: tuple[ResolvedTable, ...]
    source_dialect: Dialect = "duckdb"
    target_dialect: Dialect = "duckdb"
    drawn_before: tuple[str, ...] = ()
    """tables that the release before has drawn too; found anew by each gate"""
    released_before: tuple[str, ...] = ()
    """of those the ones that had the same columns to be compared by; found anew by each gate"""
    grown: tuple[str, ...] = ()
    """of those the ones that enough entities came to since, on either side of the holdout; found anew by each gate"""
    privacy: ResolvedPrivacy | None = None
    """what `marginal` promises; None: nothing is promised"""
    queries: tuple[AskedQuery, ...] = ()
    """what the gate asks of source and twin; read anew from the manifest's files by each gate"""

    def __getitem__(self, name: str) -> ResolvedTable:
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)

    def cut(self, name: str) -> tuple[ForeignKey, ...]:
        """The foreign keys of a table that lead to one that comes after it: where a circle of keys was cut.

        They are filled when both tables are drawn, and tested but not declared.
        """
        place = {table.name: index for index, table in enumerate(self.tables)}
        return tuple(key for key in self[name].table.foreign_keys if place[key.references] > place[name])

    @property
    def protected(self) -> tuple[ResolvedTable, ...]:
        return tuple(table for table in self.tables if not table.keep_real)

    def published_from(self, chosen: Mapping[str, str]) -> ResolvedTwin:
        """The twin with the synthesizers that were chosen, by table, in the place of those they challenged."""
        return replace(self, tables=tuple(_published_from(table, chosen.get(table.name, table.synthesizer)) for table in self.tables))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ResolvedTwin:
        tables = tuple(_table_from(item) for item in value["tables"])
        queries = tuple(AskedQuery(**{**item, "measures": tuple(item["measures"])}) for item in value.get("queries", ()))
        promised = value.get("privacy")
        privacy = ResolvedPrivacy(**{**promised, "budget": tuple(promised["budget"])}) if promised else None
        before = {name: tuple(value.get(name, ())) for name in ("drawn_before", "released_before", "grown")}
        return cls(**{**value, "tables": tables, "queries": queries, "privacy": privacy, **before})


def _published_from(table: ResolvedTable, chosen: str) -> ResolvedTable:
    if chosen == table.synthesizer:
        return table
    everybody = {table.synthesizer: table.parameters} | dict(table.challengers)
    rest = tuple((name, given) for name, given in everybody.items() if name != chosen)
    return replace(table, synthesizer=chosen, parameters=everybody[chosen], challengers=rest)


def _fairness_from(value: Mapping[str, Any] | None) -> ResolvedFairness | None:
    return ResolvedFairness(**{**value, "protected": tuple(value["protected"])}) if value else None


def _table_from(value: Mapping[str, Any]) -> ResolvedTable:
    return ResolvedTable(
        **{
            **value,
            "table": Table.from_dict(value["table"]),
            "source": Table.from_dict(value["source"]) if value.get("source") else None,
            "challengers": tuple((name, parameters) for name, parameters in value["challengers"]),
            "validity": tuple(value["validity"]) if value.get("validity") else None,
            "pii": {column: (kind, locale) for column, (kind, locale) in value["pii"].items()},
            "generators": {column: Generator.from_dict(said) for column, said in value.get("generators", {}).items()},
            "fairness": _fairness_from(value.get("fairness")),
            "ignored_rules": tuple(value["ignored_rules"]),
            "targets": None if value.get("targets") is None else tuple(value["targets"]),
        }
    )


__all__ = ["Column", "ForeignKey", "ResolvedTable", "ResolvedTwin", "Table"]
