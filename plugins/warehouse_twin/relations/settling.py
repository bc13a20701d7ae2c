"""Columns that are counted, summed up or taken from children, computed in the twin when all its tables are drawn.

A parent is drawn before its children, so that its own draw of such a column can only be a guess. It is computed from the children
that the parent did get, and with it what follows from it. Rules that it could break are let go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.matching import match_rows
from warehouse_twin.profiling.rules.evaluating import beyond, computed, from_scalar, nulls_of, on_grid, scalar
from warehouse_twin.profiling.rules.rule import DERIVING, Rule
from warehouse_twin.relations.children import Family
from warehouse_twin.relations.contexts import Read
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.latest import ENDS, different, latest
from warehouse_twin.relations.terms import Term

Floats = NDArray[np.float64]


def without_settled(found: Mapping[str, tuple[Rule, ...]], plans: Mapping[str, KeyPlan]) -> dict[str, tuple[Rule, ...]]:
    """The rules of all tables but those that a column could break that is settled after its children are drawn."""
    changed = {name: _changed(rules) for name, rules in found.items()}
    kept: dict[str, tuple[Rule, ...]] = {}
    for name, rules in found.items():
        drive = plans[name].drive
        above = {f"{drive.references}.{column}" for column in changed.get(drive.references, ())} if drive is not None else set()
        kept[name] = tuple(
            rule
            for rule in rules
            if rule.ignored
            or rule.kind == "aggregate"
            or (not above.intersection(rule.columns) and (rule.kind in DERIVING or not changed[name].intersection(rule.columns)))
        )
    return kept


def _changed(rules: Sequence[Rule]) -> set[str]:
    """Aggregates, and what is computed from them."""
    changed = {rule.target for rule in rules if rule.kind == "aggregate" and not rule.ignored}
    for rule in _computing(rules):
        if changed.intersection(rule.sources):
            changed.add(rule.target)
    return changed


def _computing(rules: Sequence[Rule]) -> list[Rule]:
    """Rules that say what a column is, sources first."""
    left = [rule for rule in rules if rule.kind in DERIVING and not rule.ignored]
    ordered: list[Rule] = []
    while left:
        targets = {rule.target for rule in left}
        ready = [rule for rule in left if not targets.intersection(rule.sources)] or left
        ordered += ready
        left = [rule for rule in left if rule not in ready]
    return ordered


def settled(table: pa.Table, rules: Sequence[Rule], whole: Read) -> pa.Table:
    """A table of the twin with its aggregates computed from the rows that refer to it, and what follows from them."""
    aggregates = [rule for rule in rules if rule.kind == "aggregate" and not rule.ignored]
    for rule in aggregates:
        column = table.column(rule.target)
        found, missing = _made(table, rule, column.type, whole)
        keep = pa.array(missing & (rule.detail["empty"] == "free" or column.null_count == 0))
        table = table.set_column(table.column_names.index(rule.target), rule.target, pc.if_else(keep, column, found))
    changed = {rule.target for rule in aggregates}
    for rule in _computing(rules):
        if changed.intersection(rule.sources) and set(rule.columns) <= set(table.column_names):
            column = table.column(rule.target)
            found = computed(rule, {name: table.column(name) for name in rule.sources}, column.type)
            array = pc.if_else(pc.and_(column.is_valid(), found.is_valid()), found, column)
            table = table.set_column(table.column_names.index(rule.target), rule.target, array)
            changed.add(rule.target)
    return table


def _made(table: pa.Table, rule: Rule, kind: pa.DataType, whole: Read) -> tuple[pa.ChunkedArray, NDArray[np.bool_]]:
    """The values of an aggregate in a column's type, and where they are null or any."""
    family = _children_of(table, rule, whole)
    if rule.detail["function"] in ENDS:
        found = latest(family, rule).cast(kind)
        return found, nulls_of(found)
    values = _aggregated(family, rule)
    return from_scalar(on_grid(values, float(rule.detail["step"])), kind), np.isnan(values)


def broken_aggregate(table: pa.Table, rule: Rule, whole: Read) -> int:
    """The rows of a table of the twin that are not what the rows that refer to them come to."""
    family, column = _children_of(table, rule, whole), table.column(rule.target)
    if rule.detail["function"] in ENDS:
        return int(different(latest(family, rule), column).sum())
    return int(beyond(_aggregated(family, rule), scalar(column), float(rule.detail["step"])).sum())


def _children_of(table: pa.Table, rule: Rule, whole: Read) -> Family:
    detail = rule.detail
    names = [*detail["columns"], *detail["of"], *([detail["by"]] if "by" in detail else [])]
    children = whole(detail["table"], [*dict.fromkeys(names)])
    links = match_rows([children.column(name) for name in detail["columns"]], [table.column(name) for name in detail["references"]])
    here = pa.array(np.flatnonzero(links >= 0))
    key = ForeignKey(tuple(detail["columns"]), "", tuple(detail["references"]))
    return Family(detail["table"], key, links[links >= 0], table.num_rows, lambda name: children.column(name).take(here))


def _aggregated(family: Family, rule: Rule) -> Floats:
    """What an aggregate comes to in every row of a table, NaN where it is null or any."""
    values = family.aggregate(Term.of_rule(rule.detail), float(rule.detail["step"]))
    return np.where(family.counts == 0, 0.0 if rule.detail["empty"] == "zero" else np.nan, values)
