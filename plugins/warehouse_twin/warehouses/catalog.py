"""What a warehouse says about its tables: plain values, no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column as declared.

    `sql_type` is the type its values are read as, in DuckDB's words whatever the warehouse: every stage understands those.
    `native_type` is the type in the warehouse's own words where they are others (`numeric(38,10)`, `mood`).
    """

    name: str
    sql_type: str
    nullable: bool
    comment: str = ""
    native_type: str = ""
    default: str = ""
    """expression, in the warehouse's own words; empty for an identity or generated column"""
    identity: str = ""
    """`ALWAYS` or `BY DEFAULT` where the warehouse numbers the rows"""
    generated: str = ""
    """the expression that the warehouse computes the column with"""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of the table that holds it refer to `references_columns` of `references`.

    One that `keeps_orphans` is no constraint; it is the same key all the same. Neither its `name` nor what else it is
    declared with, `actions` such as `ON DELETE CASCADE`, makes it another key.
    """

    columns: tuple[str, ...]
    references: str
    references_columns: tuple[str, ...]
    keeps_orphans: bool = field(default=False, compare=False)
    name: str = field(default="", compare=False)
    actions: str = field(default="", compare=False)

    def pairs_as(self, other: ForeignKey) -> bool:
        """Whether another key refers with the same columns to the same columns, in any order."""
        mine, theirs = (frozenset(zip(key.columns, key.references_columns, strict=True)) for key in (self, other))
        return self.references == other.references and mine == theirs

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ForeignKey:
        return cls(**{**value, "columns": tuple(value["columns"]), "references_columns": tuple(value["references_columns"])})


@dataclass(frozen=True, slots=True)
class Constraint:
    """A UNIQUE or CHECK constraint; `definition` is what follows its name in DDL: `UNIQUE (a, b)`, `CHECK ((a > 0))`."""

    kind: str
    columns: tuple[str, ...]
    definition: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class UserType:
    """A type somebody made, which columns of the table have: an enumeration's `labels`, or a domain's `definition`.

    `definition` is what follows `CREATE DOMAIN … AS`.
    """

    name: str
    labels: tuple[str, ...] = ()
    definition: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as declared, columns in order."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str = ""
    constraints: tuple[Constraint, ...] = ()
    primary_key_name: str = ""
    types: tuple[UserType, ...] = ()
    grants: tuple[tuple[str, str], ...] = ()
    """(role, privilege), `PUBLIC` for everybody"""

    @property
    def unique(self) -> tuple[tuple[str, ...], ...]:
        """Sets of columns of which no two rows hold the same values, beside the primary key."""
        return tuple(constraint.columns for constraint in self.constraints if constraint.kind == "unique")

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def read_as(self, other: Table) -> Table:
        """This table, its values read as the types of the columns of these names in another."""
        types = {column.name: column.sql_type for column in other.columns}
        return replace(self, columns=tuple(replace(column, sql_type=types.get(column.name, column.sql_type)) for column in self.columns))

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name}")

    def own_columns(self, key: ForeignKey) -> tuple[str, ...]:
        """The columns of a foreign key that are in no other key of the table."""
        others = {name for other in self.foreign_keys if other != key for name in other.columns} | set(self.primary_key)
        return tuple(name for name in key.columns if name not in others)

    def clearable(self, key: ForeignKey) -> str | None:
        """A column of the foreign key that can be null without breaking another key."""
        return next((name for name in self.own_columns(key) if self.column(name).nullable), None)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Table:
        return cls(
            name=value["name"],
            columns=tuple(Column(**column) for column in value["columns"]),
            primary_key=tuple(value["primary_key"]),
            foreign_keys=tuple(ForeignKey.from_dict(key) for key in value["foreign_keys"]),
            comment=value.get("comment", ""),
            constraints=tuple(Constraint(**{**one, "columns": tuple(one["columns"])}) for one in value.get("constraints", ())),
            primary_key_name=value.get("primary_key_name", ""),
            types=tuple(UserType(**{**one, "labels": tuple(one["labels"])}) for one in value.get("types", ())),
            grants=tuple((role, privilege) for role, privilege in value.get("grants", ())),
        )
