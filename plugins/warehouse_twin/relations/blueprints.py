"""What drawing the keys of one table needs to know of it, and what is asked of a single key."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.errors import SourceError
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.contexts import Way
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.kinds import KIND
from warehouse_twin.relations.link_models import LinkModels
from warehouse_twin.relations.siblings import SIBLINGS, siblings_profile
from warehouse_twin.synthesizers.protocol import Model

Ints = NDArray[np.int64]
Columns = dict[str, pa.ChunkedArray]


@dataclass(frozen=True)
class Blueprint:
    """What planning needs to know of one table."""

    table: ResolvedTable
    plan: KeyPlan
    profile: TableProfile
    model: Model
    types: pa.Schema
    source_rows: int
    context: tuple[str, ...]
    """columns of the driving parent, by their own names"""
    children: Model | None = None
    """draws the number of children of the driving parent's rows, given their columns"""
    parent_rows: int = 0
    """rows of the driving parent in the source, to which the number of children is held; 0 where it is not"""
    links: LinkModels = field(default_factory=LinkModels)
    apart: frozenset[str] = frozenset()
    """of `context` what says how many children there are, and nothing else of them: `contexts.summed_apart`"""

    @property
    def ways(self) -> tuple[Way, ...]:
        """Where context is found: the driving parent, then others."""
        drive = self.plan.drive
        context = tuple(name for name in self.context if name not in self.apart)
        return (*((Way((drive,), context, drive.references),) if drive is not None else ()), *self.links.ways)

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the context columns."""
        ancestry = () if self.links.ancestry is None else self.links.ancestry.names
        kinds = () if self.links.kinds is None else (KIND,)
        return (*(name for way in self.ways for name in way.names), *((SIBLINGS,) if self.in_families else ()), *kinds, *ancestry)

    @property
    def in_families(self) -> bool:
        """Whether the rows' number of siblings is context."""
        return bool(set(self.context) - self.apart) and siblings_profile(self.profile, self.plan) is not None

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The tables that keys and context are taken from."""
        ways = [*self.ways, *(way for types in self.links.types.values() for way in types.ways)]
        ways += [] if self.links.ancestry is None else self.links.ancestry.ways
        names = {key.references for way in ways for key in way.keys} | {key.references for key in self.table.table.foreign_keys}
        return tuple(sorted(names - {self.table.name} - {key.references for key in self.plan.cut}))

    def nulls(self, key: ForeignKey) -> float:
        """The share of rows without a parent: whose key is null (none where no column of it may be), or a kept orphan."""
        evidence = self.profile.key(key.columns, key.references)
        orphans = evidence.orphans if key.keeps_orphans else 0.0
        return orphans + (evidence.nulls if any(self.table.table.column(name).nullable for name in key.columns) else 0.0)


def require_rows(blueprint: Blueprint, key: ForeignKey, parent: pa.Table, rows: int) -> None:
    if rows and not parent.num_rows:
        columns = ", ".join(key.columns)
        raise SourceError(
            f"{blueprint.table.name}: {rows:,} rows must refer to {key.references} by ({columns}), which may not be null, but "
            f"{key.references} has no row in the twin; next: give it rows, or list foreign_keys: of {blueprint.table.name} without this one"
        )


def taken(table: ResolvedTable, parent: pa.Table, key: ForeignKey, link: Ints) -> Columns:
    """The key's columns from the parent's rows; without a parent null, or where a part of the key may not be null some row's."""
    index = pa.array(np.where(link < 0, 0, link), mask=link < 0)
    some = pa.array(np.where(link < 0, np.arange(len(link)) % max(1, parent.num_rows), link), mask=(link < 0) & (parent.num_rows == 0))
    pairs = zip(key.columns, key.references_columns, strict=True)
    return {mine: parent.column(theirs).take(index if table.table.column(mine).nullable else some) for mine, theirs in pairs}
