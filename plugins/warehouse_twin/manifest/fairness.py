"""What the manifest says of groups of people that an outcome should not depend on."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import Field

from warehouse_twin.errors import Fault
from warehouse_twin.manifest.names import unknown
from warehouse_twin.manifest.positions import Positions, Steps
from warehouse_twin.manifest.shapes import Name, Names, Scalar, Strict
from warehouse_twin.warehouses.catalog import Table


class Fairness(Strict):
    """Protected columns of a table, and what is good for those in it."""

    protected: Names = Field(description="Columns whose values are groups of people, such as sex.")
    outcome: Name = Field(description="The column with what happens to them.")
    favourable: Scalar = Field(description="Its value that is good for them, as it stands in the source.")

    mend: bool = Field(
        default=False,
        strict=True,
        description="true: in the twin the outcome does not depend on the protected columns; everything else is drawn given them.",
    )

    @property
    def mended(self) -> tuple[str, ...]:
        """The columns that are drawn as if they had nothing to do with each other; the last from the others."""
        return (*self.protected, self.outcome) if self.mend else ()

    @property
    def wanted(self) -> str:
        """The favourable value as text."""
        return str(self.favourable).lower() if isinstance(self.favourable, bool) else str(self.favourable)


def fairness_faults(
    positions: Positions, name: str, asked: Fairness, table: Table, *, keys: Collection[str], made: Collection[str]
) -> Iterator[Fault]:
    """Faults of `fairness` of one table, whose columns `keys` are part of keys that are drawn anew, and `made` are not learned."""
    path: Steps = ("tables", name, "fairness")
    for field, column in [("outcome", asked.outcome), *(("protected", column) for column in asked.protected)]:
        if column not in table.column_names:
            yield positions.fault((*path, field), f"{unknown('column', column, table.column_names)} (of {name})")
        elif column in keys or column in made:
            yield positions.fault((*path, field), f"column {column} has values of its own in the twin; wanted one that is learned")
    if asked.outcome in asked.protected:
        yield positions.fault((*path, "outcome"), f"column {asked.outcome} is protected, too; wanted what depends on the protected ones")
