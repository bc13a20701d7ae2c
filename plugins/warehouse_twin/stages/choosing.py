"""The trial by which `train` chooses what a table is published from: on the training part alone, as the holdout is the gate's.

Every candidate learns from three quarters of the training entities and is compared with the last quarter: fidelity, privacy and
cost (`metrics.pareto`). Cost is an estimate by rows, columns and epochs: a clock would choose differently from run to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.binning import Binned, ColumnBins, binned, fit_bins
from warehouse_twin.metrics.closeness import dcr_excess
from warehouse_twin.metrics.comparable import record_columns, shape_columns, without_made_up
from warehouse_twin.metrics.copies import Records
from warehouse_twin.metrics.distances import measure_distances
from warehouse_twin.metrics.pairs import measure_pairs, pair_trend
from warehouse_twin.metrics.pareto import Figures, pareto_front
from warehouse_twin.metrics.replicates import entity_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.shapes import column_shape
from warehouse_twin.randomness import derive_seed, permutation, uniforms
from warehouse_twin.relations.contexts import beside
from warehouse_twin.relations.training import TrainingView
from warehouse_twin.synthesizers.registry import find_synthesizer, known_synthesizers

Ints = NDArray[np.int64]
TRIAL_ROWS = 20_000
HELD = 0.25
"""Share of the training entities that a trial compares with."""
AS_GOOD = 0.005
"""Fidelity within so much of the best is as good: then the cheaper one is published."""


@dataclass(frozen=True)
class Tried:
    """A candidate's figures; `safe`: its rows may be no closer to those it learned from than chance makes them."""

    name: str
    figures: Figures
    safe: bool


@dataclass(frozen=True)
class _Part:
    rows: pa.Table
    entities: Ints


def choose(tried: Sequence[Tried]) -> str:
    """The one to publish: of the safe ones on the front the best in fidelity, or the cheapest of those that are as good.

    Where none is safe, the one that keeps most distance. Ties go to the one that comes first.
    """
    front = [one for one, on in zip(tried, pareto_front([one.figures for one in tried]), strict=True) if on] or list(tried)
    safe = [one for one in front if one.safe]
    if not safe:
        return min(front, key=lambda one: _or(one.figures.privacy, 1.0)).name
    best = max(_or(one.figures.fidelity, 0.0) for one in safe)
    as_good = [one for one in safe if _or(one.figures.fidelity, 0.0) >= best - AS_GOOD]
    return min(as_good, key=lambda one: _or(one.figures.cost, np.inf)).name


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def choice_of(twin: ResolvedTwin, table: ResolvedTable, view: TrainingView, entities: Ints, *, seed: int) -> dict[str, Any]:
    """`chosen`, and of every candidate its figures and whether it is on the front, for the receipt."""
    candidates = {table.synthesizer: table.parameters} | dict(table.challengers)
    tried = [_try(name, given, twin, table, view, entities, seed=derive_seed(seed, "trial")) for name, given in candidates.items()]
    front = pareto_front([one.figures for one in tried])
    trial = {one.name: asdict(one.figures) | {"safe": one.safe, "front": on} for one, on in zip(tried, front, strict=True)}
    return {"chosen": choose(tried), "trial": trial}


def _try(
    name: str, given: Mapping[str, Any], twin: ResolvedTwin, table: ResolvedTable, view: TrainingView, entities: Ints, *, seed: int
) -> Tried:
    learned, held = _split(view.training, entities, seed=seed)
    rows = _drawn(name, given, view, learned.rows, seed=derive_seed(seed, name))
    own = [column for column in shape_columns(twin, table) if column in rows.column_names]
    shapes = column_shape(_samples(table, own, learned, held, rows, seed=seed))
    with_parents = _samples(table, [*view.given, *own], learned, held, rows, seed=seed)
    found = [*shapes, *pair_trend(with_parents, measure_pairs(with_parents))]
    scores = {score.measure: score.value for score in found if not score.columns}
    record = without_made_up([column for column in record_columns(twin, table) if column in own], view.profile.made_up)
    closeness = _closeness(table.name, record, learned, held, rows, seed=seed)
    cost = known_synthesizers()[name].seconds(len(view.training), len(rows.column_names), given)
    figures = Figures.of(scores | {"dcr_excess": closeness.value}, cost=cost)
    return Tried(name, figures, closeness.low <= 0)


def _split(training: pa.Table, entities: Ints, *, seed: int) -> tuple[_Part, _Part]:
    """At most `TRIAL_ROWS` rows, in two parts that share no entity."""
    rows = np.sort(permutation(len(training), seed=seed, stream="rows")[:TRIAL_ROWS])
    training, entities = training.take(pa.array(rows)), entities[rows]
    held = uniforms(entities, seed=seed, stream="held") < HELD
    return _Part(training.filter(pa.array(~held)), entities[~held]), _Part(training.filter(pa.array(held)), entities[held])


def _drawn(name: str, given: Mapping[str, Any], view: TrainingView, learned: pa.Table, *, seed: int) -> pa.Table:
    """As many rows as were learned from, with their parents' columns: those they were drawn given, or any."""
    synthesizer = find_synthesizer(name)
    part = TrainingView(learned, view.profile, view.given, view.leading)
    part = part if synthesizer.conditional else part.alone()
    model = synthesizer.fit(part.training, part.profile, given=part.given, parameters=given, seed=seed, leading=part.leading)
    parents = learned.select(list(view.given))
    if part.given:
        return beside(parents, model.sample(len(learned), seed=seed, context=parents))
    mixed = parents.take(pa.array(permutation(len(learned), seed=seed, stream="parents"))) if view.given else None
    drawn = model.sample(len(learned), seed=seed)
    return drawn if mixed is None else beside(mixed, drawn)


def _samples(table: ResolvedTable, columns: Sequence[str], learned: _Part, held: _Part, rows: pa.Table, *, seed: int) -> Samples:
    """As many rows of the candidate as are held: only equal samples compare. Bins are fixed on what was learned from."""
    bins = fit_bins(learned.rows, columns, kinds=table.kinds)
    size = len(held.rows) or len(rows)
    drawn = rows.take(pa.array(permutation(len(rows), seed=seed, stream="drawn")[:size]))
    candidate = _binned(_Part(drawn, np.arange(len(drawn), dtype=np.int64)), bins, seed=seed)
    return Samples(table.name, bins, _binned(held if len(held.rows) else learned, bins, seed=seed), candidate)


def _binned(part: _Part, bins: tuple[ColumnBins, ...], *, seed: int) -> Binned:
    group, groups = entity_groups(part.entities, seed=seed)
    return binned(part.rows.select([column.name for column in bins]), bins, group=group, groups=groups)


def _closeness(table: str, columns: Sequence[str], learned: _Part, held: _Part, rows: pa.Table, *, seed: int) -> Score:
    records = Records(table, tuple(columns), learned.rows, rows, None, held.rows if len(held.rows) else None)
    found = measure_distances(records, training_entities=learned.entities, holdout_entities=held.entities, seed=seed)
    return dcr_excess(table, found)
