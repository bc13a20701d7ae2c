"""Keys of a parent's key and a number: where the source's rows are numbered 1, 2, 3 … for each parent, the twin's are too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.matching import columns_of
from warehouse_twin.profiling.rules.evidence import SURPRISE
from warehouse_twin.profiling.rules.positions import position_rule, positions
from warehouse_twin.profiling.rules.rule import Rule, kept
from warehouse_twin.relations.contexts import Read
from warehouse_twin.relations.key_plans import KeyPlan


def position_rules(table: ResolvedTable, plan: KeyPlan, rows: Read) -> Iterator[Rule]:
    """The rule of a primary key that is the driving key and one number more, if it holds in every row of the training part."""
    own = [] if plan.drive is None else [name for name in table.table.primary_key if name not in plan.drive.columns]
    if plan.drive is None or len(own) != 1 or own[0] not in plan.leading or own[0] in table.generators or table.order_by is not None:
        return
    if not set(plan.drive.columns) <= set(table.table.primary_key) or any(own[0] in key.columns for key in table.table.foreign_keys):
        return
    rule = position_rule(own[0], plan.drive.columns, rows(table.name, [own[0], *plan.drive.columns]), least=SURPRISE)
    if rule is not None:
        yield rule


def with_positions(frame: pa.Table, rules: Sequence[Rule]) -> pa.Table:
    """The frame, its rows numbered as the rules say. Numbers are drawn like other columns, and rows keep their order by them."""
    for rule in kept(rules, frame.column_names):
        if rule.kind == "position":
            numbered = positions(frame.column(rule.target), columns_of(frame, rule.sources), first=rule.detail["first"])
            frame = frame.set_column(frame.column_names.index(rule.target), rule.target, numbered)
    return frame
