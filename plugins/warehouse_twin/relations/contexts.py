"""Context: columns of a table's ancestors that its own are drawn given, and the ways that lead there.

A way goes over foreign keys from parent to parent, through the driving parent or another one. Every column has a name of its
own: `<parent>.<column>`, or `<columns of the key>.<column>` where two keys lead to the same parent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import columns_of, match_rows
from warehouse_twin.profiling.rules.rule import DERIVING
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.relations.key_plans import KeyPlan

MODELLED_KINDS = ("numeric", "datetime", "categorical")
HOPS = 3
Ints = NDArray[np.int64]
Read = Callable[[str, Sequence[str]], pa.Table]
"""columns of a table, by name"""


@dataclass(frozen=True, slots=True)
class Way:
    """Foreign keys from a table upwards, and columns of the table where they end; `prefix` is what their names begin with."""

    keys: tuple[ForeignKey, ...]
    columns: tuple[str, ...]
    prefix: str

    @property
    def table(self) -> str:
        return self.keys[-1].references

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.prefix}.{column}" for column in self.columns)

    def above(self) -> Way:
        """The rest of the way, as the first parent goes it."""
        return replace(self, keys=self.keys[1:])

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Way:
        return cls(tuple(ForeignKey.from_dict(key) for key in value["keys"]), tuple(value["columns"]), value["prefix"])


def key_label(key: ForeignKey) -> str:
    """A foreign key in one word: no other of its table has the same."""
    return f"{'+'.join(key.columns)}→{key.references}"


def modelled_columns(name: str, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile]) -> tuple[str, ...]:
    """The columns of a table that its descendants may be drawn given, by their own names."""
    return tuple(column for column in plans[name].modelled if profiles[name].column(column).kind in MODELLED_KINDS)


def driving_way(name: str, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile]) -> Way | None:
    """The way to the driving parent, with all of its columns that the table's rows are drawn given."""
    key = plans[name].drive
    if key is None:
        return None
    apart = summed_apart(name, key, profiles)
    columns = tuple(column for column in modelled_columns(key.references, plans, profiles) if column not in apart)
    return Way((key,), columns, key.references)


def summed_apart(name: str, key: ForeignKey, profiles: Mapping[str, TableProfile]) -> frozenset[str]:
    """Columns of a parent that are sums over rows of this table which are no more alike than others, and what follows from them.

    Given such a sum, drawn before they are, siblings would all be large or small; they are drawn without, and the sum is theirs.
    """
    rules = [rule for rule in profiles[key.references].rules if not rule.ignored] if key.references in profiles else []
    sums = [rule for rule in rules if rule.kind == "aggregate" and rule.detail.get("apart")]
    found = {rule.target for rule in sums if (rule.detail["table"], tuple(rule.detail["columns"])) == (name, key.columns)}
    while more := {rule.target for rule in rules if rule.kind in DERIVING and found.intersection(rule.sources)} - found:
        found |= more
    return frozenset(found)


def ways_up(name: str, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile]) -> list[Way]:
    """Every way of at most three foreign keys to an ancestor that is protected, near ones first, the driving parent's before all.

    Where a table's own key and its parent's lead to the same row, only the shorter way is gone.
    """
    found: list[Way] = []
    ends: set[tuple[tuple[str, ...], str]] = set()
    edge = [Way((), (), "")]
    for _ in range(HOPS):
        longer = [_longer(name, way, key, plans, profiles) for way in edge for key in _parents(way.table if way.keys else name, plans)]
        edge = []
        for way in longer:
            end = _end(way)
            if end is not None and end in ends:
                continue
            if end is not None:
                ends.add(end)
            taken = {other.prefix for other in found}
            edge.append(way if way.prefix not in taken else replace(way, prefix=_spelled(way)))
            found.append(edge[-1])
    return found


def _parents(name: str, plans: Mapping[str, KeyPlan]) -> list[ForeignKey]:
    plan = plans[name]
    return [key for key in (*plan.links, *plan.matched) if key.references in plans]


def _longer(name: str, way: Way, key: ForeignKey, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile]) -> Way:
    prefix = f"{way.prefix}.{key.references}" if way.keys else key.references
    plan = plans[way.table if way.keys else name]
    known = key.references_columns if key in plan.matched else ()  # the row has these columns itself
    columns = tuple(column for column in modelled_columns(key.references, plans, profiles) if column not in known)
    return Way((*way.keys, key), columns, prefix)


def _spelled(way: Way) -> str:
    return ".".join("+".join(key.columns) for key in way.keys)


def _end(way: Way) -> tuple[tuple[str, ...], str] | None:
    """The table's own columns that say where a way ends, if there are such."""
    columns = way.keys[0].columns
    for before, key in zip(way.keys, way.keys[1:], strict=False):
        known = dict(zip(before.references_columns, columns, strict=True))
        if not set(key.columns) <= set(known):
            return None
        columns = tuple(known[column] for column in key.columns)
    return columns, way.table


def follow(rows: pa.Table, way: Way, read: Read) -> Ints:
    """For each row the row of the table where the way ends, -1 where it leads nowhere."""
    links = np.arange(rows.num_rows, dtype=np.int64)
    below = rows
    for place, key in enumerate(way.keys):
        following = way.keys[place + 1].columns if place + 1 < len(way.keys) else ()
        parent = read(key.references, [*dict.fromkeys([*key.references_columns, *following])])
        up = match_rows(columns_of(below, key.columns), columns_of(parent, key.references_columns))
        links = np.where(links < 0, -1, np.r_[up, -1][links])
        below = parent
    return links


def gathered(rows: pa.Table, way: Way, read: Read) -> pa.Table:
    """The way's columns for each row, null where it leads nowhere; `rows` has the columns of the way's first key."""
    if not way.columns:
        return pa.table({})
    return given_context(read(way.table, way.columns), way.prefix, way.columns, follow(rows, way, read))


def given_context(parent: pa.Table, prefix: str, names: Sequence[str], links: Ints) -> pa.Table:
    """Each child's parent columns, null where it has no parent (`links` is -1)."""
    index = pa.array(np.where(links < 0, 0, links), mask=links < 0)
    return pa.table([parent.column(name).take(index) for name in names], names=[f"{prefix}.{name}" for name in names])


def context_profiles(way: Way, profiles: Mapping[str, TableProfile]) -> list[ColumnProfile]:
    """Profiles of the way's columns, by the names they have as context."""
    return [replace(profiles[way.table].column(column), name=name) for column, name in zip(way.columns, way.names, strict=True)]


def needed_columns(ways: Sequence[Way]) -> list[str]:
    """What these ways, which begin with the same key, read of the parent that it leads to."""
    own = [column for way in ways if len(way.keys) == 1 for column in way.columns]
    return [*dict.fromkeys([*own, *(column for way in ways if len(way.keys) > 1 for column in way.keys[1].columns)])]


def parent_features(parent: pa.Table, ways: Sequence[Way], read: Read) -> pa.Table:
    """What the ways that begin with a key find, for each row of the parent that it leads to."""
    found = []
    for way in ways:
        if len(way.keys) == 1:
            found.append(parent.select(list(way.columns)).rename_columns(list(way.names)))
        else:
            found.append(gathered(parent, way.above(), read))
    return beside(*found)


def beside(*tables: pa.Table) -> pa.Table:
    """Tables of as many rows side by side; those without columns are left out."""
    columns = {name: table.column(name) for table in tables for name in table.column_names}
    return pa.table(columns)
