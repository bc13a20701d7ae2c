"""What is learned of a table's keys beside its driving parent: who refers to whom, how often, and what follows from it.

A row chooses a second parent by what it is like: `parent_types` sorts that parent's rows into types, and a model draws a type
for each row given its driving parent's columns, before all others, together with the columns that lead. How many rows a parent
gets is learned from its own columns. Once parents are chosen, those of their columns that say something of the row are context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTable
from warehouse_twin.profiling.matching import codes_of, columns_of, match_rows
from warehouse_twin.profiling.pairs import dependence_of
from warehouse_twin.profiling.snapshot_parts import ENTITY, HOLDOUT
from warehouse_twin.profiling.table_profile import ColumnProfile, Part, TableProfile
from warehouse_twin.randomness import derive_seed, permutation
from warehouse_twin.relations.ancestry import Ancestry, learn_ancestry
from warehouse_twin.relations.contexts import (
    Read,
    Way,
    beside,
    context_profiles,
    driving_way,
    gathered,
    key_label,
    modelled_columns,
    needed_columns,
    parent_features,
    ways_up,
)
from warehouse_twin.relations.hierarchies import Hierarchy, learn_hierarchy
from warehouse_twin.relations.key_plans import KeyPlan
from warehouse_twin.relations.kinds import KIND, Kinds, learn_kinds
from warehouse_twin.relations.parent_types import ParentTypes, fit_types
from warehouse_twin.relations.telling import strongest
from warehouse_twin.relations.training import children_view
from warehouse_twin.synthesizers.protocol import Model
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.workspace import read_json, write_json

Ints = NDArray[np.int64]

SAMPLE = 200_000
"""Rows that links are learned from, at the most."""


def type_column(key: ForeignKey) -> str:
    """The column that says which type of parent a row wants."""
    return f"#type of {key_label(key)}"


@dataclass(frozen=True)
class LinkModels:
    """Ways to further context; by label of a key how many children its parents have and which types they are of; and who chooses."""

    ways: tuple[Way, ...] = ()
    counts: Mapping[str, Model] = field(default_factory=dict)
    types: Mapping[str, ParentTypes] = field(default_factory=dict)
    model: Model | None = None
    late: Mapping[str, Model] = field(default_factory=dict)
    """by label of a cut key who chooses the type of parent, given the table's own columns"""
    hierarchies: Mapping[str, Hierarchy] = field(default_factory=dict)
    ancestry: Ancestry | None = None
    """what rows are drawn given of the row above them, in a table that refers to itself"""
    kinds: Kinds | None = None
    """what the rows of one parent have in common"""

    def save(self, folder: Path) -> None:
        """Write into an empty folder: equal models, equal bytes."""
        folders = {"counts": self.counts, "late": self.late}
        stored = {
            "ways": [asdict(way) for way in self.ways],
            **{name: sorted(models) for name, models in folders.items()},
            "hierarchies": {label: hierarchy.to_dict() for label, hierarchy in self.hierarchies.items()},
            "ancestry": None if self.ancestry is None else self.ancestry.to_dict(),
            "types": {label: types.to_dict() for label, types in self.types.items()},
            "model": self.model is not None,
            "kinds": None if self.kinds is None else list(self.kinds.rows),
        }
        write_json(folder / "links.json", stored)
        for name, models in folders.items():
            for place, label in enumerate(sorted(models)):
                part = folder / f"{name}-{place}"
                part.mkdir()
                models[label].save(part)
        for name, model in (("model", self.model), ("kinds", None if self.kinds is None else self.kinds.model)):
            if model is not None:
                (folder / name).mkdir()
                model.save(folder / name)


def load_links(folder: Path) -> LinkModels:
    """The models that `save` wrote; the caller has checked their digest."""
    stored = read_json(folder / "links.json")
    counts, late = (
        {label: TREE.load(folder / f"{name}-{place}") for place, label in enumerate(stored[name])} for name in ("counts", "late")
    )
    return LinkModels(
        ways=tuple(Way.from_dict(way) for way in stored["ways"]),
        counts=counts,
        late=late,
        hierarchies={label: Hierarchy.from_dict(hierarchy) for label, hierarchy in stored["hierarchies"].items()},
        ancestry=None if stored["ancestry"] is None else Ancestry.from_dict(stored["ancestry"]),
        types={label: ParentTypes.from_dict(types) for label, types in stored["types"].items()},
        model=TREE.load(folder / "model") if stored["model"] else None,
        kinds=None if stored["kinds"] is None else Kinds(TREE.load(folder / "kinds"), tuple(stored["kinds"])),
    )


@dataclass(frozen=True)
class LinkLearner:
    """Learns the links of one table. `read` gives the training part of a table's columns, `whole` all rows of them."""

    table: ResolvedTable
    plans: Mapping[str, KeyPlan]
    profiles: Mapping[str, TableProfile]
    read: Read
    whole: Read
    k: int
    seed: int

    def learn(self) -> LinkModels:
        """The links of the table, and its hierarchies."""
        ancestry, seed = self._ancestry(), derive_seed(self.seed, "kinds")
        kinds = learn_kinds(self.table, self.plans, self.profiles, self.read, self.whole, k=self.k, seed=seed)
        links = self._links(following=ancestry is not None, kinds=kinds)
        return replace(links, hierarchies=self._hierarchies(), ancestry=ancestry, kinds=kinds)

    def _ancestry(self) -> Ancestry | None:
        """What rows follow from the row above them; of a sequence, or where shares are asked for, that is not drawn."""
        plan = self.plans[self.table.name]
        if not plan.itself or self.table.order_by is not None or self.table.rebalance:
            return None
        keys = [column for key in (*plan.links, plan.itself[0]) for column in (*key.columns, *key.references_columns)]
        own = set(self.table.table.column_names)
        rows = self._rows([*plan.modelled, *(column for column in keys if column in own)])
        return learn_ancestry(self.table.name, self.plans, self.profiles, self.read, self.whole, rows)

    def _hierarchies(self) -> dict[str, Hierarchy]:
        plan, found = self.plans[self.table.name], {}
        driving = plan.drive.columns if plan.drive is not None else ()
        for key in plan.itself:
            rows = self.whole(self.table.name, [*dict.fromkeys([*key.columns, *key.references_columns, *driving, ENTITY, HOLDOUT])])
            above = match_rows(columns_of(rows, key.columns), columns_of(rows, key.references_columns))
            families = codes_of(columns_of(rows, driving))[0] if driving else None
            part, entities = ~rows.column(HOLDOUT).to_numpy(), rows.column(ENTITY).to_numpy()
            hierarchy = learn_hierarchy(above, part, entities, k=self.k, families=families)
            if hierarchy is not None:
                found[key_label(key)] = hierarchy
        return found

    def _links(self, *, following: bool, kinds: Kinds | None) -> LinkModels:
        """`following`: whether the table's own model needs to know of the row above, so that another must draw what leads."""
        plan = self.plans[self.table.name]
        counts, late = self._counts(), self._late()
        candidates = [way for way in ways_up(self.table.name, self.plans, self.profiles) if way.keys != (plan.drive,)]
        if self.table.order_by is not None:  # a sequence is drawn before the keys that its own columns lead to
            candidates = [way for way in candidates if way.keys[0] in plan.links]
        alone = following and bool(plan.leading)
        if not candidates and not alone:
            return LinkModels(counts=counts, types={label: sorts for label, (sorts, _) in late.items()}, late=_second(late))
        rows = self._rows([*plan.modelled, *(column for key in (*plan.links, *plan.matched) for column in key.columns)])
        driving = driving_way(self.table.name, self.plans, self.profiles)
        gone = [*([driving] if driving else []), *candidates]
        contexts = {way.prefix: gathered(rows, way, self.read) for way in gone}
        own = rows.select([name for name in modelled_columns(self.table.name, self.plans, self.profiles) if name not in plan.leading])
        ways = self._telling(plan, candidates, contexts, own)
        gone.sort(key=lambda way: way.keys[0] != plan.drive)
        types = {label: sorts for label, (sorts, _) in late.items()}
        wanted: list[tuple[ForeignKey, Ints]] = []
        for key in plan.links[1:]:
            told = [column for way in gone if way.keys[0] != key for column in contexts[way.prefix].columns]
            sorts, found = self._types(key, rows, [way for way in candidates if way.keys[0] == key], told)
            if sorts is not None:
                types[key_label(key)] = sorts
                wanted.append((key, found))
        known = [*([driving] if driving else []), *(way for way in ways if way.keys[0] == plan.drive)]
        model = None
        if wanted or alone or (plan.leading and any(way.keys[0] != plan.drive for way in ways)):
            model = self._chooser(plan, rows, known, contexts, types, wanted, kinds)
        return LinkModels(tuple(ways), counts, types, model, _second(late))

    def _counts(self) -> dict[str, Model]:
        """Children per parent for each key but the driving one."""
        plan, found = self.plans[self.table.name], {}
        for key in (*plan.links[1:], *plan.matched, *plan.cut):
            if key.references not in self.plans:
                continue
            view = children_view(self.table, self.plans, self.profiles, self.read, self.whole, key=key)
            if view is not None:
                seed = derive_seed(self.seed, "counts", key_label(key))
                smallest = {"leaf_rows": self.k}  # counts vary a lot, and a parent is an entity or stands for many rows
                found[key_label(key)] = TREE.fit(view.training, view.profile, given=view.given, parameters=smallest, seed=seed)
        return found

    def _late(self) -> dict[str, tuple[ParentTypes, Model]]:
        """For each cut key the types of parents, and who chooses one given the table's own columns."""
        found = {}
        own, profile = modelled_columns(self.table.name, self.plans, self.profiles), self.profiles[self.table.name]
        for key in self.plans[self.table.name].cut:
            rows = self._rows([*own, *key.columns])
            way = Way((key,), modelled_columns(key.references, self.plans, self.profiles), key.references)
            sorts, wanted = self._types(key, rows, [way], [rows.column(name) for name in own])
            if sorts is not None:
                labels = pa.array(sorts.labels, type=pa.string()).take(pa.array(np.maximum(wanted, 0), mask=wanted < 0))
                training = rows.select(list(own)).append_column(type_column(key), labels).filter(pa.array(wanted > -2))
                whole = replace(profile, columns=(*map(profile.column, own), _type_profile(key, wanted, sorts)), pairs=(), rules=())
                seed = derive_seed(self.seed, "late", key_label(key))
                found[key_label(key)] = sorts, TREE.fit(training, whole, given=own, parameters={}, seed=seed)
        return found

    def _rows(self, names: Sequence[str]) -> pa.Table:
        """A sample of the table's training part."""
        rows = self.read(self.table.name, [*dict.fromkeys(names)])
        return rows.take(pa.array(np.sort(permutation(rows.num_rows, seed=self.seed, stream="links")[:SAMPLE])))

    def _telling(self, plan: KeyPlan, candidates: Sequence[Way], contexts: Mapping[str, pa.Table], own: pa.Table) -> list[Way]:
        """The ways with those columns that say something of the table's own columns or, on the driving side, of other parents."""
        named = [(way, column) for way in candidates for column in way.columns]
        columns = [contexts[way.prefix].column(name) for way in candidates for name in way.names]
        if not named:
            return []
        dependence = dependence_of([*columns, *own.columns])[: len(named)]
        late = np.asarray([way.keys[0] != plan.drive for way, _ in named])
        dependence[:, : len(named)] *= ~late[:, None] & late[None, :]
        return strongest(candidates, dependence.max(axis=1, initial=0.0), own.num_rows)

    def _types(
        self, key: ForeignKey, rows: pa.Table, ways: Sequence[Way], told: Sequence[pa.ChunkedArray]
    ) -> tuple[ParentTypes | None, Ints]:
        """The types of a key's parents, and for each row the type it has: -1 for no parent, -2 for one that is held out."""
        child = columns_of(rows, key.columns)
        columns = [*key.references_columns, *needed_columns(ways)]
        parent = self.read(key.references, [*dict.fromkeys(columns)])
        links = match_rows(child, columns_of(parent, key.references_columns))
        features = parent_features(parent, ways, self.read)
        profiles = [column for way in ways for column in context_profiles(way, self.profiles)]
        sorts = fit_types(features, profiles, links, told, k=self.k, seed=derive_seed(self.seed, "types", key_label(key)))
        if sorts is None:
            return None, links
        used = {column.name for column in sorts.columns}
        kept = [replace(way, columns=tuple(c for c, name in zip(way.columns, way.names, strict=True) if name in used)) for way in ways]
        filled = np.logical_and.reduce([column.is_valid().to_numpy() for column in child])
        found = np.r_[sorts.of(features), -1][links]
        return replace(sorts, ways=tuple(way for way in kept if way.columns)), np.where(filled & (links < 0), -2, found)

    def _chooser(
        self,
        plan: KeyPlan,
        rows: pa.Table,
        known: Sequence[Way],
        contexts: Mapping[str, pa.Table],
        types: Mapping[str, ParentTypes],
        wanted: Sequence[tuple[ForeignKey, Ints]],
        kinds: Kinds | None,
    ) -> Model:
        """The model of types and leading columns given what the driving parent says, from rows whose parents are all in training."""
        profile = self.profiles[self.table.name]
        columns, profiles, fit = {}, [], np.ones(rows.num_rows, dtype=bool)
        for key, found in wanted:
            fit &= found > -2
            labels = pa.array(types[key_label(key)].labels, type=pa.string())
            columns[type_column(key)] = labels.take(pa.array(np.maximum(found, 0), mask=found < 0))
            profiles.append(_type_profile(key, found, types[key_label(key)]))
        given = beside(*(contexts[way.prefix].select(list(way.names)) for way in known))
        if kinds is not None and plan.drive is not None:
            given = given.append_column(KIND, kinds.column(rows, plan.drive.columns))
        training = beside(given, pa.table(columns), rows.select(list(plan.leading)))
        context = [column for way in known for column in context_profiles(way, self.profiles)] + ([kinds.profile] if kinds else [])
        whole = replace(profile, columns=(*context, *profiles, *map(profile.column, plan.leading)), pairs=())
        seed = derive_seed(self.seed, "choose")
        return TREE.fit(
            training.filter(pa.array(fit)), whole, given=tuple(column.name for column in context), parameters={}, seed=seed
        )


def _second(late: Mapping[str, tuple[ParentTypes, Model]]) -> dict[str, Model]:
    return {label: model for label, (_, model) in late.items()}


def _type_profile(key: ForeignKey, found: Ints, sorts: ParentTypes) -> ColumnProfile:
    counts = np.bincount(found[found >= 0], minlength=sorts.types)
    part = Part("category", values=sorts.labels, rows=tuple(int(count) for count in counts))
    return ColumnProfile(type_column(key), "VARCHAR", "categorical", len(found), int((found == -1).sum()), sorts.types, (part,))
