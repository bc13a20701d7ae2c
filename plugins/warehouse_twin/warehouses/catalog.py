"""What a warehouse says about its tables: plain values, no connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column as declared: `sql_type` in the warehouse's own words."""

    name: str
    sql_type: str
    nullable: bool
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of the table that holds it refer to `references_columns` of `references`.

    One that `keeps_orphans` is no constraint; it is the same key all the same.
    """

    columns: tuple[str, ...]
    references: str
    references_columns: tuple[str, ...]
    keeps_orphans: bool = field(default=False, compare=False)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> ForeignKey:
        kept = bool(value.get("keeps_orphans", False))
        return cls(tuple(value["columns"]), value["references"], tuple(value["references_columns"]), kept)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as declared, columns in order."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

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
        )
