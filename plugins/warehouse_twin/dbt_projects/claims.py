"""What tests, contracts and constraints of a dbt project say about the keys and domains of the tables it reads.

Most projects test their staging models, not their sources. So what is said about a model that reads one source table and nothing
else counts for that table, where the model's column is one of its own, under the same name or renamed (`id as order_id`). It is
a claim like any other: whether the rows keep it is for the reader to see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from warehouse_twin.dbt_projects.facts import DataTest, Described, Key, OwnProject, items
from warehouse_twin.dbt_projects.references import key_of, without_comments
from warehouse_twin.warehouses.catalog import Table

_TOGETHER = {"unique_combination_of_columns": "combination_of_columns", "expect_compound_columns_to_be_unique": "column_list"}
"""Tests of dbt_utils and dbt_expectations that several columns are unique together, and the argument that lists them."""
_QUOTES = "\"`[]'"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something said of columns of one table of the source. `says`: by what, in words; `some`: of some rows only."""

    kind: Literal["primary key", "unique", "not null", "reference", "values"]
    table: str
    columns: tuple[str, ...]
    says: str
    parent: str = ""
    parent_columns: tuple[str, ...] = ()
    values: int = 0
    some: bool = False


@dataclass
class _Reading:
    """The project, and which table of the catalog each source table is."""

    tables: Mapping[Key, Table]
    described: Mapping[Key, Described]
    strangers: list[str] = field(default_factory=list)

    def table_of(self, key: Key | None) -> Table | None:
        """The table that a source is, or that a model reads and nothing else."""
        if key is None:
            return None
        if key in self.tables:
            return self.tables[key]
        model = self.described.get(key)
        return self.tables.get(model.reads[0]) if model is not None and len(model.reads) == 1 else None

    def column_of(self, key: Key | None, name: object) -> str | None:
        """The column of that table that a column of a source or model is."""
        table = self.table_of(key)
        plain = str(name or "").strip().strip(_QUOTES)
        if table is None or key is None or not plain:
            return None
        if key in self.tables:
            return own_column(table, plain)
        return _renamed(self.described[key].code, plain, table) or own_column(table, plain)


def claims_of(project: OwnProject, tables: Mapping[Key, Table]) -> tuple[list[Claim], list[str]]:
    """All claims about the tables, those of the sources themselves first; and a word for each column that is not there."""
    everything = [*project.sources, *project.models]
    reading = _Reading(tables, {item.key: item for item in everything})
    found = [claim for item in everything if reading.table_of(item.key) is not None for claim in _of_one(item, reading)]
    return found, list(dict.fromkeys(reading.strangers))


def own_column(table: Table, name: str) -> str | None:
    """A table's column by a name of any case, where that leaves no doubt."""
    if name in table.column_names:
        return name
    alike = [column for column in table.column_names if column.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _renamed(code: str, name: str, table: Table) -> str | None:
    """The column that a model selects under another name, and as it is: `, id as order_id`."""
    q = rf"[{re.escape(_QUOTES)}]?"
    pattern = rf"(?:,|\bselect\b(?:\s+distinct\b)?)\s*(?:\w+\.)?{q}(\w+){q}\s+as\s+{q}{re.escape(name)}{q}(?!\w)"
    found = {own_column(table, match[1]) for match in re.finditer(pattern, without_comments(code), re.IGNORECASE)}
    return found.pop() if len(found) == 1 else None


def _of_one(item: Described, reading: _Reading) -> Iterator[Claim]:
    for test in item.tests:
        says = f"test {test.name} of {_what(item)}"
        yield from _of_test(item, test, says, reading)
    for constraint in item.constraints:
        yield from _of_constraint(item, constraint, reading)


def _what(item: Described) -> str:
    return f"source {item.name}" if item.schema else f"model {item.name}, which reads this table alone"


def _of_test(item: Described, test: DataTest, says: str, reading: _Reading) -> Iterator[Claim]:
    table, arguments = reading.table_of(item.key), test.arguments
    together = items(arguments.get(_TOGETHER.get(test.name, "")))
    columns = _columns(item, together or [test.column], reading) if together or test.column else None
    if table is None or columns is None:
        return
    if test.name == "unique" or together:
        yield Claim("unique", table.name, columns, says, some=test.some)
    elif test.name == "not_null":
        yield Claim("not null", table.name, columns, says, some=test.some)
    elif test.name == "accepted_values":
        yield Claim("values", table.name, columns, says, values=len(items(arguments.get("values"))), some=test.some)
    elif test.name == "relationships":
        claim = Claim("reference", table.name, columns, says, some=test.some)
        yield from _reference(claim, str(arguments.get("to", "")), [arguments.get("field")], reading)


def _of_constraint(item: Described, said: Mapping[str, Any], reading: _Reading) -> Iterator[Claim]:
    table, columns = reading.table_of(item.key), _columns(item, items(said.get("columns")), reading)
    if table is None or not columns:
        return
    kind = str(said.get("type")).rpartition(".")[2].lower().replace("_", " ")
    says = f"constraint {kind} of {_what(item)}"
    if kind == "primary key":
        yield Claim("primary key", table.name, columns, says)
    elif kind == "unique":
        yield Claim("unique", table.name, columns, says)
    elif kind == "not null":
        yield Claim("not null", table.name, columns, says)
    elif kind == "foreign key":
        claim = Claim("reference", table.name, columns, says)
        yield from _reference(claim, str(said.get("to", "")), items(said.get("to_columns")), reading)


def _reference(claim: Claim, to: str, fields: Sequence[Any], reading: _Reading) -> Iterator[Claim]:
    """The claim with the parent that it leads to, in the source too; nothing where that is something that dbt builds."""
    key = key_of(to)
    parent = reading.table_of(key)
    theirs = tuple(column for name in fields if (column := reading.column_of(key, name)) is not None)
    if parent is not None and theirs and len(theirs) == len(fields) == len(claim.columns):
        yield replace(claim, parent=parent.name, parent_columns=theirs)


def _columns(item: Described, names: Any, reading: _Reading) -> tuple[str, ...] | None:
    """The table's columns of these names; None where one is not. Of a source that is worth a word: its tests look at the table itself."""
    found = [reading.column_of(item.key, name) for name in names]
    if item.key in reading.tables:
        gone = [str(name) for name, column in zip(names, found, strict=True) if column is None]
        reading.strangers += [f"{item.file} describes column {name} of source {item.name}, which the table does not have" for name in gone]
    return None if None in found else tuple(name for name in found if name)
