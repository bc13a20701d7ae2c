"""What a synthesizer is trained on: the columns it draws, led by the columns of the driving parent as context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.profiling.matching import child_counts, columns_of, match_rows
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.relations.ancestry import LEVEL, Ancestry, ancestral_context
from warehouse_twin.relations.contexts import Read, Way, beside, context_profiles, driving_way, gathered, modelled_columns
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.siblings import siblings, siblings_profile

if TYPE_CHECKING:
    from warehouse_twin.relations.kinds import Kinds

CHILDREN = "#children"


@dataclass(frozen=True)
class TrainingView:
    """`training` has the columns of `profile` in order; the first are `given`, named `<parent>.<column>`.

    `leading` are those that are drawn before the others, as all rows must be at hand. `known` says of which rows all the context
    is known that there is; None where that is so of all.
    """

    training: pa.Table
    profile: TableProfile
    given: tuple[str, ...]
    leading: tuple[str, ...] = ()
    known: NDArray[np.bool_] | None = None

    def in_context(self) -> TrainingView:
        """The same without rows that look, by what is known of their context, like others that have none."""
        return self if self.known is None else replace(self, training=self.training.filter(pa.array(self.known)), known=None)

    def alone(self) -> TrainingView:
        """The same without context, for synthesizers that draw a table by itself."""
        own = tuple(column for column in self.profile.columns if column.name not in self.given)
        return TrainingView(self.training.select([column.name for column in own]), replace(self.profile, columns=own), (), self.leading)

    def parameters(self, said: Mapping[str, Any], traits: Traits) -> dict[str, Any]:
        """The parameters of a synthesizer: those that are `said`, and what it has for rows drawn given the row above them.

        These take one tree that sees all: what the few rows at the top have wrong comes down to all below where a split that does
        not see the level goes by the row above.
        """
        return {"trees": 1, **said} if LEVEL in self.given and "trees" in (traits.parameters or {}) else dict(said)


def context_columns(plan: KeyPlan, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile]) -> tuple[str, ...]:
    """The driving parent's columns that its children are drawn given, by their own names."""
    return modelled_columns(plan.drive.references, plans, profiles) if plan.drive is not None else ()


def training_view(
    table: ResolvedTable,
    plans: Mapping[str, KeyPlan],
    profiles: Mapping[str, TableProfile],
    read: Read,
    whole: Read,
    *,
    ways: Sequence[Way] = (),
    ancestry: Ancestry | None = None,
    kinds: Kinds | None = None,
) -> TrainingView:
    """The view of a table; `read` gives columns of the training part of a table, of the table itself as many rows as are learned
    from, and `whole` columns of all rows.

    Its context is what the driving parent says, how many rows it has and of which of the `kinds` they are, what is found at the end
    of `ways`, and what `ancestry` says of the row above.
    """
    plan, profile = plans[table.name], profiles[table.name]
    own = [profile.column(name) for name in plan.modelled]
    driving = driving_way(table.name, plans, profiles)
    ways = [*([driving] if driving else []), *ways]
    keys = [column for way in ways for column in way.keys[0].columns]
    if ancestry is not None:
        keys += [*ancestry.key.columns, *ancestry.key.references_columns]
    training = read(table.name, [*dict.fromkeys([*plan.modelled, *keys])])
    contexts = [gathered(training, way, read) for way in ways]
    given = [column for way in ways for column in context_profiles(way, profiles)]
    family = siblings_profile(profile, plan) if driving and driving.columns else None
    if plan.drive is not None and family is not None:
        key = plan.drive.columns
        contexts.append(siblings(columns_of(training, key), columns_of(whole(table.name, key), key)))
        given.append(family)
    if plan.drive is not None and kinds is not None:
        contexts.append(pa.table({kinds.profile.name: kinds.column(training, plan.drive.columns)}))
        given.append(kinds.profile)
    known = None
    if ancestry is not None:
        context, known = ancestral_context(ancestry, table.name, training, read, whole)
        contexts.append(context)
        given += ancestry.profiles(table.name, profiles)
    view = beside(*contexts, training.select(list(plan.modelled)))
    return TrainingView(view, replace(profile, columns=(*given, *own)), tuple(column.name for column in given), plan.leading, known)


def children_view(
    table: ResolvedTable,
    plans: Mapping[str, KeyPlan],
    profiles: Mapping[str, TableProfile],
    read: Read,
    whole: Read,
    *,
    key: ForeignKey | None = None,
) -> TrainingView | None:
    """How many children a parent's rows have, given their columns: one row a parent, `CHILDREN` the last column.

    The parent is the one that `key` leads to, the driving one unless told otherwise. Its rows are those of the training part;
    `whole` gives columns of all rows of a table, as a parent counts every child it has.
    None where there is nothing to learn from: no context, or too few parents for their counts to be kept.
    """
    key = plans[table.name].drive if key is None else key
    names = modelled_columns(key.references, plans, profiles) if key is not None else ()
    if key is None or not names:
        return None
    evidence = profiles[table.name].key(key.columns, key.references)
    if not evidence.children.cells:
        return None
    parent, profile = read(key.references, [*dict.fromkeys([*key.references_columns, *names])]), profiles[key.references]
    links = match_rows(columns_of(whole(table.name, key.columns), key.columns), columns_of(parent, key.references_columns))
    counts = pa.array(child_counts(links, parent.num_rows))
    children = ColumnProfile(CHILDREN, "BIGINT", "numeric", parent.num_rows, 0, 0, (evidence.children,), nullable=False)
    training = parent.select(list(names)).append_column(CHILDREN, counts)
    return TrainingView(training, replace(profile, columns=(*map(profile.column, names), children)), names)
