"""`synthesize`: draw the whole schema in foreign-key order, rows inside Spark; and the floor's and challengers' tables."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse_twin.generators.making import Made, recomputed
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.materializing.fitting import fitted
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.blueprints import Blueprint
from warehouse_twin.relations.contexts import modelled_columns, summed_apart
from warehouse_twin.relations.cutting import fill_cut
from warehouse_twin.relations.drawing import Drawing, draw_here, draw_in_spark
from warehouse_twin.relations.frames import ROW
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.link_models import LinkModels, load_links
from warehouse_twin.relations.making import made_of
from warehouse_twin.relations.orphans import drawn_astray
from warehouse_twin.relations.planning import planned
from warehouse_twin.relations.private_schema import declared_profiles
from warehouse_twin.relations.rebalancing import follows_shares, rebalanced
from warehouse_twin.relations.settling import settled
from warehouse_twin.relations.training import context_columns
from warehouse_twin.relations.whole_schema import links_of, moved_links, named, schema_frame
from warehouse_twin.spark_session import spark_session
from warehouse_twin.stages.context import Stage, StageContext
from warehouse_twin.stages.train import CHILDREN_FOLDER, LINKS_FOLDER, read_profiles
from warehouse_twin.synthesizers.marginal_models import Drawn, MarginalModel
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.registry import find_synthesizer, load_model
from warehouse_twin.synthesizers.sdv_schemas import HmaModel, Ints
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.workspace import WORK_PREFIX

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCORED_ROWS = 100_000
"""Rows drawn of a floor's or challenger's table, at the most: they are scored, not released."""


def release_seed(context: StageContext) -> int:
    return derive_seed(context.manifest.seed, "release", context.release)


def parameters(context: StageContext) -> Mapping[str, Any]:
    tables = {table.name: [table.rows, table.factor, table.rebalance, table.apart] for table in context.resolved.protected}
    made = {table.name: {name: asdict(said) for name, said in table.generators.items()} for table in context.resolved.protected}
    return {"seed": release_seed(context), "tables": tables, "generators": made}


def work(context: StageContext, folder: Path) -> Mapping[str, Any]:
    """Leaves `twin/<table>.parquet`, `floor/<table>.parquet` and `challengers/<table>/<synthesizer>.parquet`."""
    twin = folder / "twin"
    twin.mkdir()
    drawer = _Drawer(context, twin)
    with spark_session(context.settings, name=f"synthesize {context.twin}") as spark:
        for table in context.decided.tables:
            if table.keep_real:
                whole = pq.read_table(context.snapshot / f"{table.name}.parquet").drop_columns([ENTITY, HOLDOUT])
                pq.write_table(whole, twin / f"{table.name}.parquet", compression="zstd")
            else:
                drawer.draw(spark, table)
    drawer.fill()
    drawer.settle()
    drawer.fit()
    for table in context.resolved.protected:
        _draw_scored(context, table, folder)
    rows = {table.name: pq.read_metadata(twin / f"{table.name}.parquet").num_rows for table in context.resolved.tables}
    return {"rows": rows}


class _Drawer:
    """Draws tables of one release, parents before children."""

    def __init__(self, context: StageContext, twin: Path) -> None:
        self.context, self.twin = context, twin
        self.plans = key_plans(context.resolved)
        self.profiles = self._declared() if context.resolved.privacy is not None else read_profiles(context)
        self.rows = context.receipt("resolve").facts["rows"]
        self.cut: list[tuple[Blueprint, int]] = []
        self.schema: dict[str, tuple[pa.Table, dict[str, Ints]]] = {}
        self.moved: dict[str, Ints] = {}

    def _declared(self) -> dict[str, TableProfile]:
        """What is known of tables from their catalog alone: nothing else may go into rows that a promise covers."""
        resolved = self.context.resolved
        read = {table.name: self.context.snapshot / f"{table.name}.parquet" for table in resolved.tables if table.keep_real}
        return declared_profiles(resolved, {name: pq.read_table(path).drop_columns([ENTITY, HOLDOUT]) for name, path in read.items()})

    def draw(self, spark: SparkSession, table: ResolvedTable) -> None:
        folder = self.context.folder("train", table.name) / table.synthesizer
        model = load_model(table.synthesizer, folder)
        conditional = find_synthesizer(table.synthesizer).conditional
        plan = self.plans[table.name]
        schema = pq.read_schema(self.context.snapshot / f"{table.name}.parquet").remove_metadata()
        schema = pa.schema([field for field in schema if field.name not in (ENTITY, HOLDOUT)])
        names = context_columns(plan, self.plans, self.profiles) if conditional else ()
        children = TREE.load(folder / CHILDREN_FOLDER) if (folder / CHILDREN_FOLDER).exists() else None
        held = plan.drive is not None and not follows_shares(self.context.resolved, self.plans, table.name)
        parent_rows = self.rows[plan.drive.references] if plan.drive is not None and held else 0
        links = load_links(folder / LINKS_FOLDER) if (folder / LINKS_FOLDER).exists() else LinkModels()
        rows = self.rows[table.name]
        apart = summed_apart(table.name, plan.drive, self.profiles) if plan.drive is not None else frozenset()
        blueprint = Blueprint(table, plan, self.profiles[table.name], model, schema, rows, names, children, parent_rows, links, apart)
        seed = derive_seed(release_seed(self.context), table.name)
        parents = self._parents(blueprint)
        if isinstance(model, HmaModel | MarginalModel):
            self._draw_of_schema(blueprint, folder, parents, seed=seed)
            return
        frame = planned(blueprint, parents, seed=seed)
        astray = drawn_astray(blueprint, frame.rows, parents, seed=seed)
        self.cut += [(blueprint, seed)] if plan.cut else []
        drawing = Drawing(table.synthesizer, folder, seed, schema, blueprint.given, astray, self._made(table), blueprint.profile.rules)
        target = self.twin / f"{table.name}.parquet"
        if not conditional:
            draw_here(drawing, frame.rows, model, target=target)
            return
        scratch = Path(tempfile.mkdtemp(dir=self.twin.parent, prefix=WORK_PREFIX))
        try:
            draw_in_spark(spark, drawing, frame, scratch=scratch, target=target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _draw_of_schema(self, blueprint: Blueprint, folder: Path, parents: Mapping[str, pa.Table], *, seed: int) -> None:
        """One table of a schema that is drawn as a whole, when the first of its tables is."""
        table, resolved = blueprint.table, self.context.resolved
        if not self.schema:
            self.schema = self._drawn_schema(blueprint.model)
        rows, links = self.schema[table.name]
        keys = {name: key.references for name, key in named(links_of(resolved, table))}
        frame = schema_frame(resolved, blueprint, (rows, moved_links(links, keys, self.moved)), parents, seed=seed)
        if frame.num_rows < len(rows):
            stayed = frame.column(ROW).to_numpy()
            self.moved[table.name] = np.full(len(rows), -1, dtype=np.int64)
            self.moved[table.name][stayed] = np.arange(len(stayed))
            rows = rows.take(pa.array(stayed))
        drawing = Drawing(table.synthesizer, folder, seed, blueprint.types, (), (), self._made(table), blueprint.profile.rules)
        pq.write_table(drawing.typed(frame, rows), self.twin / f"{table.name}.parquet", compression="zstd")

    def _drawn_schema(self, model: Model) -> Drawn:
        """All tables: as many rows as the source has, or as were counted with noise where that is promised."""
        seed, protected = derive_seed(release_seed(self.context), "schema"), self.context.resolved.protected
        if isinstance(model, MarginalModel):
            return model.sample_schema({table.name: (table.rows, table.factor or 1.0) for table in protected}, seed=seed)
        assert isinstance(model, HmaModel)
        return model.sample_schema({table.name: self.rows[table.name] for table in protected}, seed=seed)

    def fill(self) -> None:
        """Fill the keys at which circles of tables were cut."""
        for blueprint, seed in self.cut:
            target = self.twin / f"{blueprint.table.name}.parquet"
            parents = {key.references: pq.read_table(self.twin / f"{key.references}.parquet") for key in blueprint.plan.cut}
            filled = fill_cut(blueprint, pq.read_table(target), parents, seed=seed)
            self._write(blueprint.table, filled)

    def settle(self) -> None:
        """Columns that are counted or summed up from the rows that refer to a table, children before parents."""
        for table in reversed(self.context.resolved.protected):
            rules = self.profiles[table.name].rules
            if any(rule.kind == "aggregate" and not rule.ignored for rule in rules):
                self._write(table, settled(pq.read_table(self.twin / f"{table.name}.parquet"), rules, self._read))

    def _made(self, table: ResolvedTable) -> tuple[Made, ...]:
        return made_of(table, self.profiles[table.name])

    def _write(self, table: ResolvedTable, rows: pa.Table) -> None:
        """A table that was changed after it was drawn, its expressions computed again."""
        rows = recomputed(rows, self._made(table), seed=derive_seed(release_seed(self.context), table.name))
        pq.write_table(rows, self.twin / f"{table.name}.parquet", compression="zstd")

    def fit(self) -> None:
        """Every value as its declared type holds it, generated columns computed."""
        for table in self.context.resolved.protected:
            path = self.twin / f"{table.name}.parquet"
            drawn = pq.read_table(path)
            if (held := fitted(drawn, table.table)) is not drawn:
                pq.write_table(held, path, compression="zstd")

    def _read(self, name: str, columns: Sequence[str]) -> pa.Table:
        return pq.read_table(self.twin / f"{name}.parquet", columns=list(columns))

    def _parents(self, blueprint: Blueprint) -> dict[str, pa.Table]:
        """The twin tables that keys and context are taken from, without the columns that are neither."""
        return {name: pq.read_table(self.twin / f"{name}.parquet", columns=self._useful(name)) for name in blueprint.ancestors}

    def _useful(self, name: str) -> list[str]:
        """The columns of a table that are of a key, or that others may be drawn given."""
        own = self.context.resolved[name].table
        kept = {column for key in own.foreign_keys for column in key.columns} | set(own.primary_key)
        keys = [key for table in self.context.resolved.tables for key in table.table.foreign_keys if key.references == name]
        kept |= {column for key in keys for column in key.references_columns}
        kept |= set(modelled_columns(name, self.plans, self.profiles)) if name in self.plans else set(own.column_names)
        return [column for column in own.column_names if column in kept]


def _draw_scored(context: StageContext, table: ResolvedTable, folder: Path) -> None:
    """Tables of the floor and the challengers: the columns that are modelled, drawn in this process."""
    for name, card in context.receipt("train", table.name).facts["models"].items():
        if card["role"] == "published":
            continue
        target = folder / "floor" / f"{table.name}.parquet"
        if card["role"] == "challenger":
            target = folder / "challengers" / table.name / f"{name}.parquet"
        target.parent.mkdir(parents=True, exist_ok=True)
        model = load_model(name, context.folder("train", table.name) / name)
        rows, seed = min(card["rows"], SCORED_ROWS), derive_seed(release_seed(context), table.name, name)
        shares = table.rebalance if find_synthesizer(name).conditional else {}
        given = pa.table(rebalanced(model, shares, rows, seed=seed, apart=table.apart)) if shares else None
        drawn = model.sample(rows, seed=seed, context=given)
        pq.write_table(drawn, target, compression="zstd")


STAGE = Stage(
    name="synthesize", needs=("resolve", "profile", "train"), zone="secure", parameters=parameters, work=work, reads_snapshot=True
)
