"""What a dbt project says about the tables it reads, as plain values, whichever file it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, ...]
"""A source table is (source, table), a model (model,)."""


@dataclass(frozen=True, slots=True)
class DataTest:
    """A generic test of a table (`column` is empty) or of one of its columns. `some`: it looks at some rows only (`where`)."""

    name: str
    column: str
    arguments: Mapping[str, Any]
    some: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """A source table, or a model, as somebody described it."""

    key: Key
    file: str
    tests: tuple[DataTest, ...] = ()
    constraints: tuple[Mapping[str, Any], ...] = ()
    """each with its `type` and `columns`, also those that stand at a column"""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """`meta.twin` of the table"""
    columns_meta: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """`meta.twin` of its columns"""
    schema: str = ""
    identifier: str = ""
    reads: tuple[Key, ...] = ()
    """of a model: what it selects from"""
    code: str = ""

    @property
    def name(self) -> str:
        return ".".join(self.key)


@dataclass(frozen=True, slots=True)
class OwnProject:
    """Somebody's project: its sources, its models, and what should be known about how they were read."""

    name: str
    origin: str
    sources: tuple[Described, ...]
    models: tuple[Described, ...]
    notes: tuple[str, ...] = ()

    @property
    def schemas(self) -> dict[str, int]:
        """Schema → how many source tables are in it."""
        found: dict[str, int] = {}
        for source in self.sources:
            found[source.schema] = found.get(source.schema, 0) + 1
        return found


def twin_meta(*said: object) -> dict[str, Any]:
    """`meta.twin` of several places (`meta`, `config.meta`), the later ones before the earlier; what is null is not said.

    One that is no mapping comes back as a setting called `twin`, which none is: it is refused where settings are checked.
    """
    found: dict[str, Any] = {}
    for place in said:
        twin = mapping(place).get("twin")
        found.update(twin if isinstance(twin, Mapping) else {} if twin is None else {"twin": twin})
    return {str(name): value for name, value in found.items() if value is not None}


def mapping(value: object) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one: files of others say what they like."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def constraints_of(described: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The constraints of a table and those of its columns, these with the column's name."""
    own = [dict(said) for said in items(described.get("constraints")) if isinstance(said, Mapping)]
    for column in columns:
        own += [{**said, "columns": [column.get("name")]} for said in items(column.get("constraints")) if isinstance(said, Mapping)]
    return tuple({**said, "type": str(said.get("type"))} for said in own)
