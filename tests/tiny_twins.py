"""Whole schemas in memory: from source rows to twin rows through the same pure functions as the stages, without Spark."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.digests import digest_of, digest_table
from warehouse_twin.generators.making import recomputed
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.profiling.computing import Task, assembled, perform, tasks_of
from warehouse_twin.profiling.matching import columns_of, duplicated, match_rows
from warehouse_twin.profiling.snapshot_parts import training_part
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.blueprints import Blueprint
from warehouse_twin.relations.contexts import summed_apart
from warehouse_twin.relations.cutting import fill_cut
from warehouse_twin.relations.drawing import Drawing
from warehouse_twin.relations.entities import memberships
from warehouse_twin.relations.key_plans import KeyPlan, key_plans
from warehouse_twin.relations.link_models import LinkLearner, LinkModels
from warehouse_twin.relations.making import made_of
from warehouse_twin.relations.orphans import drawn_astray
from warehouse_twin.relations.planning import planned
from warehouse_twin.relations.ruling import rules_of
from warehouse_twin.relations.sequence_facts import lesson_of
from warehouse_twin.relations.sequences import fit_sequence
from warehouse_twin.relations.settling import settled, without_settled
from warehouse_twin.relations.training import children_view, context_columns, training_view
from warehouse_twin.stages.snapshots import repair, write_rows
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.warehouses.catalog import Column, ForeignKey, Table

SECRET = b"s" * 32
Tables = dict[str, pa.Table]


def resolved(
    name: str, *columns: str, key: tuple[str, ...] = (), foreign: tuple[ForeignKey, ...] = (), keep_real: bool = False, **more: object
) -> ResolvedTable:
    """A table of columns written `name TYPE`, with `!` at the end where no null is allowed."""
    declared = []
    for column in columns:
        title, _, sql_type = column.partition(" ")
        declared.append(Column(title, sql_type.rstrip("!"), nullable=not (sql_type.endswith("!") or title in key)))
    table = Table(name, tuple(declared), key, foreign)
    return ResolvedTable(table, keep_real=keep_real, synthesizer="" if keep_real else "tree", **more)  # type: ignore[arg-type]


def link(columns: str, references: str, their: str = "id") -> ForeignKey:
    """A foreign key; several columns are written with spaces between them."""
    return ForeignKey(tuple(columns.split()), references, tuple(their.split()))


def twin_of(*tables: ResolvedTable, entity: str | None = None, k: int = 2, holdout: float = 0.2) -> ResolvedTwin:
    """A twin of tables that stand in foreign-key order."""
    return ResolvedTwin("tiny", "prod", "tiny", "dev", "tiny", 7, entity, k, holdout, tables)


@dataclass
class Learned:
    """A snapshot on disk, and what was learned of its training part."""

    twin: ResolvedTwin
    folder: Path
    profiles: dict[str, TableProfile]

    @property
    def plans(self) -> dict[str, KeyPlan]:
        return key_plans(self.twin)

    def read(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Every row of a table."""
        names = self.twin[table].table.column_names if columns is None else columns
        return pq.read_table(self.folder / f"{table}.parquet", columns=list(names))

    def training(self, table: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of its training part."""
        return training_part(self.folder / f"{table}.parquet", self.twin[table].table.column_names if columns is None else columns)

    def blueprint(self, name: str) -> Blueprint:
        table, plans = self.twin[name], self.plans
        links = self.links(name)
        more = {"ways": links.ways, "ancestry": links.ancestry, "kinds": links.kinds}
        view = training_view(table, plans, self.profiles, self.training, self.read, **more).in_context()  # type: ignore[arg-type]
        seed = derive_seed(self.twin.seed, name)
        model: Model
        if table.order_by is not None:
            whole = pq.read_table(self.folder / f"{name}.parquet")
            lesson = lesson_of(table, plans[name], view, whole, entity="__entity", holdout="__holdout")
            model = fit_sequence(TREE, lesson, parameters={}, seed=seed)
        else:
            parameters = view.parameters({}, TREE.traits)
            model = TREE.fit(view.training, view.profile, given=view.given, parameters=parameters, seed=seed, leading=view.leading)
        counted = children_view(table, plans, self.profiles, self.training, self.read)
        children = None
        if counted is not None:
            smallest = {"leaf_rows": self.twin.k}
            children = TREE.fit(counted.training, counted.profile, given=counted.given, parameters=smallest, seed=self.twin.seed)
        rows = {table.name: self.read(table.name).num_rows for table in self.twin.tables}
        names = context_columns(plans[name], plans, self.profiles)
        schema = self.read(name).schema.remove_metadata()
        parents = rows[plans[name].drive.references] if plans[name].drive else 0
        drive = plans[name].drive
        apart = summed_apart(name, drive, self.profiles) if drive is not None else frozenset()
        return Blueprint(table, plans[name], self.profiles[name], model, schema, rows[name], names, children, parents, links, apart)

    def links(self, name: str) -> LinkModels:
        return LinkLearner(self.twin[name], self.plans, self.profiles, self.training, self.read, self.twin.k, self.twin.seed).learn()

    def draw(self, *, seed: int) -> Tables:
        """Every table of the twin, drawn as `synthesize` draws it."""
        found: Tables = {}
        cut: list[tuple[Blueprint, int]] = []
        for table in self.twin.tables:
            if table.keep_real:
                found[table.name] = self.read(table.name)
                continue
            blueprint = self.blueprint(table.name)
            own = derive_seed(seed, table.name)
            cut.append((blueprint, own))
            frame = planned(blueprint, found, seed=own).whole()
            astray = drawn_astray(blueprint, frame, found, seed=own)
            made, rules = made_of(table, blueprint.profile), blueprint.profile.rules
            drawing = Drawing("tree", self.folder, own, blueprint.types, blueprint.given, astray, made, rules)
            found[table.name] = drawing.complete(frame, blueprint.model).drop_columns(["__row"])
        for blueprint, own in cut:
            filled = fill_cut(blueprint, found[blueprint.table.name], found, seed=own)
            found[blueprint.table.name] = recomputed(filled, made_of(blueprint.table, blueprint.profile), seed=own)
        for table in reversed(self.twin.protected):
            profile = self.profiles[table.name]
            whole = settled(found[table.name], profile.rules, lambda name, names: found[name].select(list(names)))
            found[table.name] = recomputed(whole, made_of(table, profile), seed=derive_seed(seed, table.name))
        return found


def learn(twin: ResolvedTwin, tables: Mapping[str, pa.Table], folder: Path, *, secret: bytes = SECRET) -> Learned:
    """Split, repair, write and profile source tables."""
    rows = dict(tables)
    members = memberships(twin, rows, secret=secret)
    repair(twin, rows)
    for name, table in rows.items():
        write_rows(folder / f"{name}.parquet", table, members[name])
    profiles = {}
    for table in twin.protected:
        tasks = tasks_of(twin, table)
        results = [json.loads(json.dumps(perform(task, snapshot=folder, k=twin.k))) for task in map(_sent, tasks)]
        profiles[table.name] = assembled(twin, table, tasks, results)
    rules = without_settled({table.name: rules_of(twin, table.name, profiles, folder) for table in twin.protected}, key_plans(twin))
    profiles = {name: replace(profile, rules=rules[name]) for name, profile in profiles.items()}
    return Learned(twin, folder, profiles)


def _sent(task: Task) -> Task:
    """A task as it comes out of Spark."""
    return Task(**json.loads(json.dumps(asdict(task))))


def broken_promises(twin: ResolvedTwin, found: Mapping[str, pa.Table], source: Mapping[str, pa.Table]) -> list[str]:
    """What is wrong with a twin's tables: types, nulls where none may be, keys that repeat or lead nowhere."""
    wrong: list[str] = []
    for item in twin.tables:
        name, rows = item.name, found[item.name]
        if rows.schema.types != source[name].schema.types or rows.column_names != source[name].column_names:
            wrong.append(f"{name}: {rows.schema} is not {source[name].schema}")
        wrong += [f"{name}.{c.name}: nulls" for c in item.table.columns if not c.nullable and rows.column(c.name).null_count]
        if item.table.primary_key and duplicated(columns_of(rows, item.table.primary_key)).any():
            wrong.append(f"{name}: primary key repeats")
        for key in item.table.foreign_keys:
            child = columns_of(rows, key.columns)
            filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
            links = match_rows(child, columns_of(found[key.references], key.references_columns))
            if (filled & (links < 0)).any() and not key.keeps_orphans:
                wrong.append(f"{name}: {'+'.join(key.columns)} leads nowhere")
    return wrong


def digest(tables: Mapping[str, pa.Table]) -> str:
    return digest_of({name: digest_table(table) for name, table in tables.items()})
