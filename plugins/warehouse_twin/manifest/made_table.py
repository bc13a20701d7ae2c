"""A table some of whose columns are made, as the checks of those look at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.model import TableSpec
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.warehouses.catalog import ForeignKey, Table


@dataclass(frozen=True)
class MadeTable:
    """A table whose columns are looked at, with the keys that hold; `earlier` are the tables that are drawn before it, or itself."""

    positions: Positions
    spec: TableSpec
    table: Table
    primary: Sequence[str]
    foreign: Sequence[ForeignKey]
    earlier: Sequence[str]

    @property
    def keyed(self) -> set[str]:
        """The columns that are part of a foreign key."""
        return {column for key in self.foreign for column in key.columns}

    def path(self, column: str, *more: str | int) -> Steps:
        return ("tables", self.table.name, "columns", column, *more)

    def fault(self, path: Steps, message: str, *, at_key: bool = False) -> Fault:
        return self.positions.fault(path, message, at_key=at_key)
