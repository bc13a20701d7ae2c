"""What a synthesizer is trained on: the columns it draws, led by the columns of the driving parent as context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.matching import child_counts, columns_of, match_rows
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.relations.key_plans import KeyPlan

MODELLED_KINDS = ("numeric", "datetime", "categorical")
CHILDREN = "#children"


@dataclass(frozen=True)
class TrainingView:
    """`training` has the columns of `profile` in order; the first are `given`, named `<parent>.<column>`.

    `leading` are those that are drawn before the others, as all rows must be at hand.
    """

    training: pa.Table
    profile: TableProfile
    given: tuple[str, ...]
    leading: tuple[str, ...] = ()

    def alone(self) -> TrainingView:
        """The same without context, for synthesizers that draw a table by itself."""
        own = tuple(column for column in self.profile.columns if column.name not in self.given)
        return TrainingView(self.training.select([column.name for column in own]), replace(self.profile, columns=own), (), self.leading)


def context_columns(plan: KeyPlan, plans: Mapping[str, KeyPlan], profiles: Mapping[str, TableProfile]) -> tuple[str, ...]:
    """The driving parent's columns that its children are drawn given, by their own names."""
    if plan.drive is None:
        return ()
    parent = profiles[plan.drive.references]
    return tuple(name for name in plans[plan.drive.references].modelled if parent.column(name).kind in MODELLED_KINDS)


def training_view(
    table: ResolvedTable,
    plans: Mapping[str, KeyPlan],
    profiles: Mapping[str, TableProfile],
    read: Callable[[str], pa.Table],
) -> TrainingView:
    """The view of a table; `read` gives the training part of a table by name."""
    plan, profile, training = plans[table.name], profiles[table.name], read(table.name)
    own = [profile.column(name) for name in plan.modelled]
    view = training.select(list(plan.modelled))
    names = context_columns(plan, plans, profiles)
    if plan.drive is None or not names:
        return TrainingView(view, replace(profile, columns=tuple(own)), (), plan.leading)
    parent_name = plan.drive.references
    parent = read(parent_name)
    links = match_rows(columns_of(training, plan.drive.columns), columns_of(parent, plan.drive.references_columns))
    context = given_context(parent, parent_name, names, links)
    given = [replace(profiles[parent_name].column(name), name=f"{parent_name}.{name}") for name in names]
    whole = pa.table([*context.columns, *view.columns], names=[*context.column_names, *view.column_names])
    return TrainingView(whole, replace(profile, columns=(*given, *own)), tuple(context.column_names), plan.leading)


def children_view(
    table: ResolvedTable,
    plans: Mapping[str, KeyPlan],
    profiles: Mapping[str, TableProfile],
    read: Callable[[str], pa.Table],
    whole: Callable[[str], pa.Table],
) -> TrainingView | None:
    """How many children the driving parent's rows have, given their columns: one row a parent, `CHILDREN` the last column.

    The parents are those of the training part; `whole` gives all rows of a table, as a parent counts every child it has.
    None where there is nothing to learn from: no context, or too few parents for their counts to be kept.
    """
    plan = plans[table.name]
    names = context_columns(plan, plans, profiles)
    if plan.drive is None or not names:
        return None
    evidence = profiles[table.name].key(plan.drive.columns, plan.drive.references)
    if not evidence.children.cells:
        return None
    parent, profile = read(plan.drive.references), profiles[plan.drive.references]
    links = match_rows(columns_of(whole(table.name), plan.drive.columns), columns_of(parent, plan.drive.references_columns))
    counts = pa.array(child_counts(links, parent.num_rows))
    children = ColumnProfile(CHILDREN, "BIGINT", "numeric", parent.num_rows, 0, 0, (evidence.children,), nullable=False)
    training = parent.select(list(names)).append_column(CHILDREN, counts)
    return TrainingView(training, replace(profile, columns=(*map(profile.column, names), children)), names)


def given_context(parent: pa.Table, parent_name: str, names: tuple[str, ...], links: np.ndarray) -> pa.Table:
    """Each child's parent columns, null where it has no parent (`links` is -1)."""
    index = pa.array(np.where(links < 0, 0, links), mask=links < 0)
    return pa.table([parent.column(name).take(index) for name in names], names=[f"{parent_name}.{name}" for name in names])
