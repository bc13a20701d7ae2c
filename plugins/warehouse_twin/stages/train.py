"""`train`: fit, for one table, the synthesizer that the manifest names, its challengers, and `independent`, the floor."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.gates.policy import load_policy
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT, Ints, StoredRows, rows_of, sampled_rows, training_part
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.key_plans import KeyPlan, key_plans
from warehouse_twin.relations.link_models import LinkLearner, LinkModels
from warehouse_twin.relations.private_schema import counted_schema, declared_profiles
from warehouse_twin.relations.rebalancing import check_rebalanced
from warehouse_twin.relations.sequence_facts import lesson_of, marks_of
from warehouse_twin.relations.sequences import Lesson
from warehouse_twin.relations.training import TrainingView, children_view, training_view
from warehouse_twin.relations.whole_schema import schema_rows
from warehouse_twin.relations.whole_sequences import fit_ordered
from warehouse_twin.stages.canaries import canaries_of
from warehouse_twin.stages.choosing import choice_of
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.stages.measuring import claim_of, counting_of, measured, measurement_of, promise_of
from warehouse_twin.synthesizers.marginal import MarginalSynthesizer
from warehouse_twin.synthesizers.marginal_models import NOTHING, MarginalModel
from warehouse_twin.synthesizers.protocol import LOSSES, Model
from warehouse_twin.synthesizers.registry import CARD, find_synthesizer, model_digest
from warehouse_twin.synthesizers.sdv_schemas import HmaSynthesizer
from warehouse_twin.synthesizers.sequential import TRAIN_ROWS, TREE
from warehouse_twin.workspace import read_json, write_json

FLOOR = "independent"
CHILDREN_FOLDER = "children"
LINKS_FOLDER = "links"


def parameters(context: StageContext) -> Mapping[str, Any]:
    """What is fitted, on which keys; how many rows are drawn later does not matter here."""
    resolved = context.resolved
    table = resolved[_table(context)]
    plans = key_plans(resolved)
    parent = plans[table.name].drive
    return {
        "table": table.name,
        "seed": resolved.seed,
        "synthesizer": [table.synthesizer, dict(table.parameters)],
        "challengers": [[name, dict(given)] for name, given in table.challengers],
        "choose": [table.choose, load_policy(context.settings.expectations).digest] if table.choose else None,
        "modelled": list(plans[table.name].modelled),
        "leading": list(plans[table.name].leading),
        "rebalance": {name: sorted(shares) for name, shares in table.rebalance.items()},
        "drive": list(parent.columns) if parent else [],
        "canaries": table.canaries,
        "order": [table.order_by, list(table.validity or ())],
        "measurement": measurement_of(context, resolved) if resolved.privacy is not None else None,
    }


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Leaves `<synthesizer>/` with the model's files and `card.json`."""
    resolved = context.resolved
    table = resolved[_table(context)]
    source = _source(context)
    choice = _choice(context, source) if table.choose is not None else {}
    if choice:
        table = resolved.published_from({table.name: choice["chosen"]})[table.name]
    conditional = find_synthesizer(table.synthesizer).conditional
    links = _fit_links(context, source, folder / table.synthesizer / LINKS_FOLDER) if conditional else LinkModels()
    read, whole = source.training, source.whole
    view = training_view(table, source.plans, source.profiles, read, whole, ways=links.ways, ancestry=links.ancestry, kinds=links.kinds)
    sequence = _sequence(source, table, view) if table.order_by is not None else None
    roles = [("published", table.synthesizer, table.parameters)]
    roles += [("challenger", name, given) for name, given in table.challengers]
    if FLOOR not in {name for _, name, _ in roles}:
        roles.append(("floor", FLOOR, {}))
    check_rebalanced(view.profile, table.rebalance, conditional=conditional, synthesizer=table.synthesizer)
    models: dict[str, Any] = {}
    for role, name, given in roles:
        if role == "published" and conditional:
            _fit_children(context, source, folder / name / CHILDREN_FOLDER)
        schema = _whole_schema(context, source, name, dict(given))
        models[name] = _fit(
            role, name, dict(given), view, folder / name, table=table.name, seed=resolved.seed, sequence=sequence, schema=schema,
            claim=claim_of(resolved) if schema is not None else None,
        )  # fmt: skip
    return {"models": models} | ({"choice": choice} if choice else {}) | canaries_of(table, view, seed=resolved.seed)


@dataclass(frozen=True)
class _Source:
    """What training reads: plans, profiles, and the snapshot, of the table itself no more rows than are learned from."""

    snapshot: Path
    table: str
    rows: Ints
    plans: Mapping[str, KeyPlan]
    profiles: Mapping[str, TableProfile]

    def training(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Columns of the training part."""
        path = self.snapshot / f"{name}.parquet"
        return rows_of(path, columns, self.rows) if name == self.table else training_part(path, columns)

    def whole(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Columns of all rows."""
        return pq.read_table(self.snapshot / f"{name}.parquet", columns=list(columns))

    def stored(self, name: str, columns: Sequence[str], rows: Ints) -> StoredRows:
        """Columns of some rows, not read yet."""
        return StoredRows(self.snapshot / f"{name}.parquet", list(columns), rows)


def _source(context: StageContext) -> _Source:
    resolved, table = context.resolved, _table(context)
    wanted = resolved[table].parameters.get("train_rows", TRAIN_ROWS)
    at_most = wanted if isinstance(wanted, int) and wanted > 0 else TRAIN_ROWS  # what makes no sense is refused by the synthesizer
    seed = derive_seed(resolved.seed, "train")
    rows = sampled_rows(context.snapshot / f"{table}.parquet", at_most=at_most, seed=seed)
    return _Source(context.snapshot, table, rows, key_plans(resolved), read_profiles(context))


def _choice(context: StageContext, source: _Source) -> dict[str, Any]:
    """Which synthesizer the table is published from, by a trial on the training part."""
    resolved, table = context.resolved, context.resolved[source.table]
    view = training_view(table, source.plans, source.profiles, source.training, source.whole)
    entities = source.training(table.name, [ENTITY]).column(ENTITY).to_numpy()
    policy = load_policy(context.settings.expectations)
    return choice_of(resolved, table, view, entities, policy, seed=derive_seed(resolved.seed, "train", table.name))


def _fit_links(context: StageContext, source: _Source, folder: Path) -> LinkModels:
    """What is known of the table's other keys, as models inside the published one."""
    resolved, table = context.resolved, _table(context)
    learner = LinkLearner(
        resolved[table],
        source.plans,
        source.profiles,
        source.training,
        source.whole,
        resolved.k,
        derive_seed(resolved.seed, "train", table, LINKS_FOLDER),
    )
    links = learner.learn()
    folder.mkdir(parents=True)
    links.save(folder)
    return links


def _fit_children(context: StageContext, source: _Source, folder: Path) -> None:
    """How many children a row of the driving parent has, as a model of its own inside the published one."""
    resolved, table = context.resolved, _table(context)
    view = children_view(resolved[table], source.plans, source.profiles, source.training, source.whole)
    if view is not None:
        seed = derive_seed(resolved.seed, "train", table, CHILDREN_FOLDER)
        folder.mkdir(parents=True)
        smallest = {"leaf_rows": resolved.k}  # a row is an entity or stands for many: k of them are enough, and counts vary a lot
        TREE.fit(view.training, view.profile, given=view.given, parameters=smallest, seed=seed).save(folder)


def _sequence(source: _Source, table: ResolvedTable, view: TrainingView) -> Lesson:
    """What a table with `order_by` is learned from as a sequence: all its rows say which is whose, those learned from the rest."""
    plan = source.plans[table.name]
    whole = source.whole(table.name, marks_of(table, plan, ENTITY, HOLDOUT))
    others = np.ones(whole.num_rows, dtype=bool)
    others[source.rows] = False
    whole = whole.set_column(whole.column_names.index(HOLDOUT), HOLDOUT, pa.array(others))
    return lesson_of(table, plan, view, whole, entity=ENTITY, holdout=HOLDOUT)


def _whole_schema(context: StageContext, source: _Source, name: str, given: Mapping[str, Any]) -> Model | None:
    """The model of a synthesizer of whole schemas: of all tables, with the first of them, and of none with the others."""
    synthesizer, resolved = find_synthesizer(name), context.resolved
    first = resolved.protected[0].name == source.table
    if isinstance(synthesizer, HmaSynthesizer):
        tables = schema_rows(resolved, source.plans, source.profiles, source.training) if first else {}
        return synthesizer.fit_schema(tables, parameters=given, seed=derive_seed(resolved.seed, "train", source.table, name))
    if not isinstance(synthesizer, MarginalSynthesizer):
        return None
    return measured(context, resolved, lambda: _measure(synthesizer, context, source, given)) if first else NOTHING


def _measure(synthesizer: MarginalSynthesizer, context: StageContext, source: _Source, given: Mapping[str, Any]) -> MarginalModel:
    resolved = context.resolved
    assert resolved.privacy is not None
    kept = {table.name: source.whole(table.name, table.table.column_names) for table in resolved.tables if table.keep_real}
    tables = counted_schema(resolved, source.plans, declared_profiles(resolved, kept), source.whole, source.stored)
    promise, seed = promise_of(resolved.privacy), derive_seed(resolved.seed, "train", "marginal")
    with counting_of(context.settings, context.twin, tables) as counting:
        return synthesizer.fit_schema(tables, promise=promise, held_out=resolved.holdout, parameters=given, seed=seed, counting=counting)


def _table(context: StageContext) -> str:
    if context.table is None:
        raise ConfigurationError(f"{context.twin}: train works on one table at a time; wanted --table")
    return context.table


def read_profiles(context: StageContext) -> dict[str, TableProfile]:
    folder = context.folder("profile")
    return {table.name: TableProfile.from_dict(read_json(folder / f"{table.name}.json")) for table in context.resolved.protected}


def _fit(
    role: str, name: str, given: dict[str, Any], view: TrainingView, folder: Path, *, table: str, seed: int, sequence: Lesson | None = None,
    schema: Model | None = None, claim: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fit and save one synthesizer; returns its card. Only a published one that can use them is given the parent's columns."""
    started = time.monotonic()
    synthesizer = find_synthesizer(name)
    part = view.in_context() if role == "published" and synthesizer.conditional else view.alone()
    given, fit_seed = part.parameters(given, synthesizer.traits), derive_seed(seed, "train", table, name)
    if role == "published" and sequence is not None:
        model: Model = fit_ordered(synthesizer, sequence, parameters=given, seed=fit_seed)
    elif schema is not None:
        model = schema
    else:
        model = synthesizer.fit(part.training, part.profile, given=part.given, parameters=given, seed=fit_seed, leading=part.leading)
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder)
    card = ({} if claim is None else {"privacy": claim}) | {
        "synthesizer": name,
        "role": role,
        "table": table,
        "parameters": given,
        "rows": part.training.num_rows,
        "digest": model_digest(folder),
    }
    write_json(folder / CARD, card)
    losses = {"losses": read_json(folder / LOSSES)} if (folder / LOSSES).exists() else {}
    return card | losses | {"seconds": round(time.monotonic() - started, 4)}


STAGE = Stage(name="train", needs=("resolve", "profile"), zone="secure", parameters=parameters, work=work, reads_snapshot=True)
