"""What a table that refers to itself is drawn given: the row above each row, its level, and how many rows are directly below it.

A row is drawn given columns of the row above it, and of that one's own parents, as children are drawn given their parent: of those
columns that say something of its own that its level does not say. What level and row above say alike is better learned of the level,
as whatever the few rows at the top have wrong would else come down to all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.cells import numeric_cells
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.relations.contexts import Read, Way, beside, context_profiles, driving_way, gathered, modelled_columns
from warehouse_twin.relations.hierarchies import levels_of
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.telling import enough, strengths, strengths_within, strongest

Ints = NDArray[np.int64]
LEVEL, BELOW = "#level", "#below"


@dataclass(frozen=True)
class Ancestry:
    """The key that says which row is above a row, ways that begin with it, and the profiled levels."""

    key: ForeignKey
    ways: tuple[Way, ...]
    levels: Part

    @property
    def names(self) -> tuple[str, ...]:
        return (*(name for way in self.ways for name in way.names), LEVEL, BELOW)

    def profiles(self, name: str, profiles: Mapping[str, TableProfile]) -> list[ColumnProfile]:
        """Profiles of `names`."""
        profile = profiles[name]
        children = profile.key(self.key.columns, self.key.references).children
        level = ColumnProfile(LEVEL, "BIGINT", "numeric", profile.rows, 0, 0, (self.levels,), nullable=False)
        below = ColumnProfile(BELOW, "BIGINT", "numeric", profile.rows, 0, 0, (children,), nullable=False)
        return [*(column for way in self.ways for column in context_profiles(way, profiles)), level, below]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Ancestry:
        ways = tuple(map(Way.from_dict, value["ways"]))
        return cls(ForeignKey.from_dict(value["key"]), ways, Part.from_dict(value["levels"]))


def rows_above(rows: pa.Table, key: ForeignKey) -> Ints:
    """For each row the one that its key leads to, -1 for nobody: a row that is above itself has nobody above it."""
    above = match_rows(columns_of(rows, key.columns), columns_of(rows, key.references_columns))
    return np.where(above == np.arange(len(above)), -1, above)


def standing(above: Ints) -> pa.Table:
    """The level of each row, 0 at the top, and how many rows are directly below it."""
    below = np.bincount(above[above >= 0], minlength=len(above)).astype(np.int64)
    return pa.table({LEVEL: levels_of(above, above < 0), BELOW: below})


def in_training(whole: Read, name: str, columns: Sequence[str]) -> pa.Table:
    """Columns of all rows of the training part, also where fewer are learned from."""
    rows = whole(name, [*dict.fromkeys([*columns, HOLDOUT])])
    return rows.filter(pa.array(~rows.column(HOLDOUT).to_numpy())).select(list(columns))


def ancestral_context(
    ancestry: Ancestry, name: str, training: pa.Table, read: Read, whole: Read
) -> tuple[pa.Table, NDArray[np.bool_]]:
    """The ancestry's columns for rows of the training part, and whether all is known of the row above that may be learned from:
    there is none, or it is no held-out one. `training` has the key's columns on both of its sides; nothing is known of a row that
    the source left without a key of its own.
    """
    key = ancestry.key
    rows = whole(name, [*dict.fromkeys([*key.columns, *key.references_columns, HOLDOUT])])
    above, held = rows_above(rows, key), rows.column(HOLDOUT).to_numpy()
    here = match_rows(columns_of(training, key.references_columns), columns_of(rows, key.references_columns))
    contexts = [gathered(training, way, _reading(name, read, whole)) for way in ancestry.ways]
    known = (here >= 0) & ~np.r_[held, False][above[here]]
    return beside(*contexts, standing(above).take(pa.array(np.maximum(here, 0)))), known


def _reading(name: str, read: Read, whole: Read) -> Read:
    return lambda table, columns: in_training(whole, name, columns) if table == name else read(table, columns)


def learn_ancestry(
    name: str, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile], read: Read, whole: Read, rows: pa.Table
) -> Ancestry | None:
    """What rows of a table are to be drawn given of the row above them, by the first of its keys to itself, from `rows` of its
    training part; None where they depend on nothing of it. `rows` has the table's modelled and key columns.
    """
    plan, profile = plans[name], profiles[name]
    key = plan.itself[0]
    if not profile.key(key.columns, key.references).children.cells or not rows.num_rows:
        return None
    keys = whole(name, [*dict.fromkeys([*key.columns, *key.references_columns, ENTITY, HOLDOUT])])
    part = ~keys.column(HOLDOUT).to_numpy()
    levels = standing(rows_above(keys, key)).column(LEVEL).to_numpy()[part].astype(np.float64)
    cells, protected = numeric_cells(levels, keys.column(ENTITY).to_numpy()[part], k=profile.k)
    if not cells:
        return None
    own = modelled_columns(name, plans, profiles)
    ways = [Way((key,), own, key.references)]
    driving = driving_way(name, plans, profiles)
    if driving is not None:
        ways.append(replace(driving, keys=(key, *driving.keys), prefix=f"{key.references}.{driving.prefix}"))
    ancestry = Ancestry(key, tuple(ways), Part("number", cells=cells, step=1.0, protected=protected))
    context, known = ancestral_context(ancestry, name, rows, read, whole)
    here = pa.array(known)
    table, context = rows.select(list(own)).filter(here), context.filter(here)
    level = context.column(LEVEL).to_numpy()
    found = strongest(ways, strengths_within(context.columns[:-2], table, level), table.num_rows)
    standings = strengths(context.columns[-2:], table)
    return replace(ancestry, ways=tuple(found)) if found or enough(standings, table.num_rows).any() else None
