"""What a scaffold proposes: plain values, each with the reason that will stand beside it. No real value is in any of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from warehouse_twin.warehouses.catalog import ForeignKey, Table


@dataclass(frozen=True, slots=True)
class Primary:
    """A primary key; without columns where none was found. `declared`: by the warehouse."""

    columns: tuple[str, ...]
    why: str
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Foreign:
    """A foreign key. `strength`: how much speaks for it, to choose which one goes where not all can stay."""

    key: ForeignKey
    why: str
    declared: bool = False
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class Personal:
    """A column with personal data. `made`: written as `pii:`; else only spoken of."""

    column: str
    kind: str
    locale: str
    why: str
    made: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said about a table, so that it need not be guessed: settings as a manifest has them, each with its reason."""

    foreign: tuple[Foreign, ...] = ()
    table: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    columns: Mapping[str, tuple[Mapping[str, Any], str]] = field(default_factory=dict)
    impersonal: frozenset[str] = frozenset()
    """columns that are no personal data, whatever they look like"""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class TableProposal:
    """One table of the manifest."""

    table: Table
    rows: int
    primary: Primary
    foreign: list[Foreign] = field(default_factory=list)
    keep: str | None = None
    """why it may be passed through as it is"""
    dangling: bool = False
    """whether a declared key is not proposed: its values are keys of a table that may be drawn anew"""
    personal: list[Personal] = field(default_factory=list)
    order_by: tuple[str, str] | None = None
    """column and why"""
    validity: tuple[str, str, str] | None = None
    """from, to and why"""
    accept: str | None = None
    """the reason for accepting undecided scores"""
    notes: list[str] = field(default_factory=list)
    """what is not proposed, and why"""
    said: Said = Said()

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def lists_keys(self) -> bool:
        """Whether the foreign keys must be written down: they are not just those that the warehouse declares."""
        return {foreign.key for foreign in self.foreign} != set(self.table.foreign_keys) or not all(item.declared for item in self.foreign)

    @property
    def makes_columns(self) -> bool:
        """Whether somebody said of a column that it is to be made up."""
        return any("pii" in spec or "generator" in spec for spec, _ in self.said.columns.values())

    def spec(self) -> dict[str, Any]:
        """The table as a manifest says it."""
        said: dict[str, Any] = {}
        if self.keep is not None:
            said["keep"] = "real"
        if self.primary.columns and not self.primary.declared:
            said["primary_key"] = list(self.primary.columns)
        if self.lists_keys:
            said["foreign_keys"] = [key_spec(foreign.key) for foreign in self.foreign]
        if self.order_by is not None:
            said["order_by"] = self.order_by[0]
        if self.validity is not None:
            said["validity"] = {"from": self.validity[0], "to": self.validity[1]}
        said |= {name: value for name, (value, _) in self.said.table.items() if name != "keep"}
        made = {item.column: pii_spec(item) for item in self.personal if item.made}
        made |= {column: dict(spec) for column, (spec, _) in self.said.columns.items()}
        return said | ({"columns": made} if made else {}) | ({"gates": accepting(self.accept)} if self.accept else {})


@dataclass(slots=True)
class Proposal:
    """A manifest: `said` is what stands already, `tables` are all of its tables, of which those in `fresh` are proposed."""

    said: dict[str, Any]
    tables: dict[str, TableProposal] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    entity: str | None = None
    entity_why: str = ""

    def spec(self) -> dict[str, Any]:
        """The manifest as plain values."""
        tables = {**self.said.get("tables", {}), **{name: self.tables[name].spec() for name in self.fresh}}
        return {**self.said, "entity": self.entity, "tables": tables}


def key_spec(key: ForeignKey) -> dict[str, Any]:
    """A foreign key as a manifest says it; a list of one column is written as the column."""
    said: dict[str, Any] = {"columns": key.columns[0] if len(key.columns) == 1 else list(key.columns), "references": key.references}
    return said | ({"references_columns": list(key.references_columns)} if len(key.columns) > 1 else {})


def pii_spec(item: Personal) -> dict[str, str]:
    return {"pii": item.kind} | ({"locale": item.locale} if item.locale != "en_US" else {})


def accepting(reason: str) -> dict[str, Any]:
    return {"undecided": {"accept": True, "reason": reason}}
