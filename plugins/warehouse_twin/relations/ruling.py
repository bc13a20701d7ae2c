"""Rules of every protected table, one Spark task a table: its training rows joined with the columns of its driving parent.

Columns are read when they are asked for, so that a task holds a few of them at a time.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.profiling.matching import match_rows
from warehouse_twin.profiling.rules.evaluating import violations
from warehouse_twin.profiling.rules.evidence import Evidence
from warehouse_twin.profiling.rules.mining import mine
from warehouse_twin.profiling.rules.rule import Rule, kept
from warehouse_twin.profiling.snapshot_parts import ENTITY, training_part
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.relations.aggregates import aggregate_rules
from warehouse_twin.relations.embedding import code_rules
from warehouse_twin.relations.key_plans import KeyPlan, key_plans
from warehouse_twin.relations.numbering import position_rules
from warehouse_twin.relations.settling import broken_aggregate, without_settled
from warehouse_twin.relations.training import context_columns
from warehouse_twin.spark_session import mapped

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HELD = 8
"""Columns that a task keeps in memory at the most."""


@dataclass
class _Joined:
    """The training rows of a table; columns named `<parent>.<column>` come from the row's parent."""

    snapshot: Path
    table: str
    plan: KeyPlan

    def __post_init__(self) -> None:
        self._held: OrderedDict[str, pa.ChunkedArray] = OrderedDict()
        self._links: pa.Array | None = None

    def own(self, table: str, column: str) -> pa.ChunkedArray:
        return training_part(self.snapshot / f"{table}.parquet", [column]).column(0)

    def read(self, names: Sequence[str]) -> dict[str, pa.ChunkedArray]:
        return {name: self._column(name) for name in names}

    def _column(self, name: str) -> pa.ChunkedArray:
        if name not in self._held:
            drive = self.plan.drive
            if drive is not None and name.startswith(f"{drive.references}."):
                self._held[name] = self.own(drive.references, name.removeprefix(f"{drive.references}.")).take(self._linked())
            else:
                self._held[name] = self.own(self.table, name)
            if len(self._held) > HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(name)
        return self._held[name]

    def _linked(self) -> pa.Array:
        """The parent's row of each row, null where there is none."""
        drive = self.plan.drive
        if self._links is None and drive is not None:
            child = [self.own(self.table, name) for name in drive.columns]
            found = match_rows(child, [self.own(drive.references, name) for name in drive.references_columns])
            self._links = pa.array(np.maximum(found, 0), mask=found < 0)
        return self._links


def rules_of(twin: ResolvedTwin, name: str, profiles: Mapping[str, TableProfile], snapshot: Path) -> tuple[Rule, ...]:
    """The rules of one table, those of its columns that a synthesizer draws and of its driving parent's."""
    plans = key_plans(twin)
    plan, profile = plans[name], profiles[name]
    joined = _Joined(snapshot, name, plan)
    names = context_columns(plan, plans, profiles)
    parent = plan.drive.references if plan.drive else ""
    columns = {f"{parent}.{column}": replace(profiles[parent].column(column), name=f"{parent}.{column}") for column in names}
    given = tuple(columns)
    columns.update({column: profile.column(column) for column in plan.modelled})
    columns = {column: known for column, known in columns.items() if not _held(twin, name, parent, column)}
    evidence = Evidence(
        profiles=columns,
        read=joined.read,
        entities=joined.own(name, ENTITY).to_numpy().astype(np.int64),
        k=twin.k,
        fixed=frozenset((*given, *plan.leading)) & columns.keys(),
        pairs={(a, b): information for a, b, information in profile.pairs},
    )
    ignored = twin[name].ignored_rules
    rules = mine(evidence, ignored=ignored)
    found = aggregate_rules(
        twin,
        name,
        profiles,
        plans,
        rules,
        lambda table, columns: training_part(snapshot / f"{table}.parquet", columns),
        lambda table, columns: pq.read_table(snapshot / f"{table}.parquet", columns=list(columns)),
    )
    codes = code_rules(twin[name], plan, profile, lambda table, columns: training_part(snapshot / f"{table}.parquet", columns))
    numbers = position_rules(twin[name], plan, lambda table, columns: training_part(snapshot / f"{table}.parquet", columns))
    found = (*(rule for rule in found if not _touched(twin, name, rule)), *codes, *numbers)
    return (*rules, *(replace(rule, ignored=rule.text in ignored) for rule in found))


def _held(twin: ResolvedTwin, table: str, parent: str, column: str) -> bool:
    """Whether a column, or one of the driving parent, is learned but held to a range: what holds of it in the source may then break."""
    if column in twin[table].generators:
        return True
    return bool(parent) and column.startswith(f"{parent}.") and column.removeprefix(f"{parent}.") in twin[parent].generators


def _touched(twin: ResolvedTwin, table: str, rule: Rule) -> bool:
    """Whether a count or a sum of children is about such a column."""
    children = twin[rule.detail["table"]].generators
    return rule.target in twin[table].generators or any(name in children for name in (*rule.detail["of"], rule.detail.get("by")))


def mine_twin(spark: SparkSession, twin: ResolvedTwin, profiles: Mapping[str, TableProfile], snapshot: Path) -> dict[str, tuple[Rule, ...]]:
    """The rules of every protected table, by name."""
    names = [table.name for table in twin.protected]
    resolved, known = twin.to_dict(), {name: profile.to_dict() for name, profile in profiles.items()}

    def run(number: int) -> str:
        own, theirs = ResolvedTwin.from_dict(resolved), {name: TableProfile.from_dict(profile) for name, profile in known.items()}
        return json.dumps([asdict(rule) for rule in rules_of(own, names[number], theirs, snapshot)])

    found = zip(names, mapped(spark, run, len(names)), strict=True)
    return without_settled({name: tuple(Rule.from_dict(rule) for rule in json.loads(rules)) for name, rules in found}, key_plans(twin))


def broken_rows(profile: TableProfile, plan: KeyPlan, tables: Mapping[str, pa.Table]) -> dict[str, int]:
    """Rows of a twin's table that break each rule of its profile, by the rule's text; `tables` are the twin's, its
    driving parent and the tables that refer to it among them."""
    rows = tables[profile.table]
    columns = {name: rows.column(name) for name in rows.column_names}
    drive = plan.drive
    if drive is not None and drive.references in tables:
        parent = tables[drive.references]
        links = match_rows([rows.column(name) for name in drive.columns], [parent.column(name) for name in drive.references_columns])
        index = pa.array(np.maximum(links, 0), mask=links < 0)
        wanted = {name for rule in profile.rules for name in rule.columns} - set(columns)
        columns |= {
            name: parent.column(name.removeprefix(f"{drive.references}.")).take(index)
            for name in sorted(wanted)
            if name.startswith(f"{drive.references}.") and name.removeprefix(f"{drive.references}.") in parent.column_names
        }
    counts = {rule.text: int(violations(rule, columns).sum()) for rule in kept(profile.rules, columns) if rule.kind != "offset"}
    for rule in profile.rules:
        if rule.kind == "aggregate" and not rule.ignored and rule.detail["table"] in tables:
            counts[rule.text] = broken_aggregate(rows, rule, lambda name, names: tables[name].select(list(names)))
    return counts


def near(name: str, plan: KeyPlan, profile: TableProfile) -> tuple[str, ...]:
    """The tables that the rules of one are about: itself, its driving parent, and those that it counts or sums up."""
    parent = () if plan.drive is None else (plan.drive.references,)
    return tuple(dict.fromkeys([name, *parent, *(rule.detail["table"] for rule in profile.rules if rule.kind == "aggregate")]))
