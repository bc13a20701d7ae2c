"""`TableProfile`: what `profile` learns of the training part of a table, safe to leave the secure zone.

Nothing in it is held by fewer than k training entities: cells and categories have at least k behind them, their edges are
moments and not extremes, and what is rarer is counted as `protected` and redrawn from what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from warehouse_twin.profiling.rules.rule import Rule

PartKind = Literal["number", "day", "time", "category", "presence"]
ColumnKind = Literal["numeric", "datetime", "spelled", "categorical", "code", "text", "uuid", "pii", "nested", "opaque", "made"]
SCHEMA_VERSION = 2
MADE_UP = ""
"""Stands, among the common values of a column that is generated, for all that are made up."""


@dataclass(frozen=True, slots=True)
class Part:
    """One modelled quantity of a column; a timestamp has two, the day and the time of day.

    number, day, time: `cells` rows of (low, high, rows), ascending; low == high is a point mass. `step` is the granularity
    (0: none), in the part's own unit (days; microseconds of the day; the column's unit).
    category: `values` with `rows` each, the commonest first. presence: whether there is a value at all.
    A part whose values are all protected has one that stands for them (0, the first day, false), so that rows still have one.
    """

    kind: PartKind
    cells: tuple[tuple[float, float, int], ...] = ()
    step: float = 0.0
    values: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    protected: int = 0

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Part:
        return cls(
            kind=value["kind"],
            cells=tuple((low, high, rows) for low, high, rows in value["cells"]),
            step=value["step"],
            values=tuple(value["values"]),
            rows=tuple(value["rows"]),
            protected=value["protected"],
        )


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column: its kind, how many rows, nulls and (approximately) distinct values, its parts, and what generators need.

    `nullable` is what the twin declares: where it is false every row gets a value, whatever the rows it was learned from had.
    """

    name: str
    sql_type: str
    kind: ColumnKind
    rows: int
    nulls: int
    distinct: int
    parts: tuple[Part, ...]
    formats: Mapping[str, Any] = field(default_factory=dict)
    nullable: bool = True

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ColumnProfile:
        return cls(**{**value, "parts": tuple(Part.from_dict(part) for part in value["parts"])})


@dataclass(frozen=True, slots=True)
class KeyProfile:
    """Evidence on one foreign key of the training part: share of orphans, of nulls, and cells of children per parent."""

    columns: tuple[str, ...]
    references: str
    orphans: float
    nulls: float
    children: Part

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> KeyProfile:
        return cls(**{**value, "columns": tuple(value["columns"]), "children": Part.from_dict(value["children"])})


@dataclass(frozen=True, slots=True)
class TableProfile:
    """A table. `pairs` is the normalised mutual information of two columns; `duplicates` counts repeated primary keys.

    `rules` hold in every row; those of a child may name columns of its driving parent, as `<parent>.<column>`.
    """

    table: str
    k: int
    rows: int
    holdout_rows: int
    entities: int
    duplicates: int
    columns: tuple[ColumnProfile, ...]
    keys: tuple[KeyProfile, ...] = ()
    pairs: tuple[tuple[str, str, float], ...] = ()
    rules: tuple[Rule, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        if self.schema_version != SCHEMA_VERSION:
            raise ValueError(f"profile of {self.table}: schema version {self.schema_version}, wanted {SCHEMA_VERSION}")

    def column(self, name: str) -> ColumnProfile:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"the profile of {self.table} has no column {name}")

    @property
    def made_up(self) -> frozenset[str]:
        """Columns whose values a twin makes up: by their pattern, word after word, at random, or from a generator of people."""
        return frozenset(column.name for column in self.columns if column.kind in ("code", "text", "uuid", "pii"))

    def key(self, columns: tuple[str, ...], references: str) -> KeyProfile:
        for key in self.keys:
            if key.columns == columns and key.references == references:
                return key
        raise KeyError(f"the profile of {self.table} has no foreign key {columns} to {references}")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> TableProfile:
        return cls(
            **{
                **value,
                "columns": tuple(ColumnProfile.from_dict(column) for column in value["columns"]),
                "keys": tuple(KeyProfile.from_dict(key) for key in value["keys"]),
                "pairs": tuple((a, b, mi) for a, b, mi in value["pairs"]),
                "rules": tuple(Rule.from_dict(rule) for rule in value["rules"]),
            }
        )
