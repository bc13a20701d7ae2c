"""The model with canaries, trained beside the one that is published: nothing of it is kept but how well its canaries are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.canaries import canary_score, plant
from warehouse_twin.metrics.score import Score
from warehouse_twin.randomness import derive_seed, first_permuted
from warehouse_twin.relations.training import TrainingView
from warehouse_twin.stages.context import StageContext
from warehouse_twin.synthesizers.registry import find_synthesizer

FACT = "canaries"
ROWS = 20_000
"""Rows that are learned from, at most: fewer rows leave more of each in a model."""


def canaries_of(table: ResolvedTable, view: TrainingView, *, seed: int) -> dict[str, Any]:
    """The score of a second model of a table, as a fact of `train`; nothing where the manifest or the synthesizer has none."""
    if not table.canaries:
        return {}
    synthesizer, seed = find_synthesizer(table.synthesizer), derive_seed(seed, "train", table.name, FACT)
    part = view.in_context() if synthesizer.conditional else view.alone()
    some = first_permuted(len(part.training), ROWS, seed=seed, stream="rows")
    found = plant(part.training.take(pa.array(np.sort(some))), given=part.given, seed=seed)
    rows, columns = found.rows, [name for name in part.training.column_names if name not in part.given]
    parameters = part.parameters(dict(table.parameters), synthesizer.traits)
    model = synthesizer.fit(rows, part.profile, given=part.given, parameters=parameters, seed=seed, leading=part.leading)
    more: dict[str, Any] = {}
    if synthesizer.conditional:
        more["counters"] = np.arange(len(rows), dtype=np.int64)
        more["context"] = rows.select(list(part.given)) if part.given else None
    return {FACT: canary_score(table.name, found, model.sample(len(rows), seed=seed, **more), columns=columns).to_dict()}


def scores(context: StageContext, resolved: ResolvedTwin) -> list[Score]:
    """What `train` found of each table that has canaries."""
    asked = [table.name for table in resolved.protected if table.canaries]
    facts: Mapping[str, Mapping[str, Any]] = {name: context.receipt("train", name).facts for name in asked}
    return [Score.from_dict(facts[name][FACT]) for name in asked if FACT in facts[name]]
