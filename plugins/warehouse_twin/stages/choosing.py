"""The trial by which `train` chooses what a table is published from: on the training part alone, as the holdout is the gate's.

Every candidate learns from three quarters of the training entities and is compared with the last quarter: fidelity, privacy and
cost (`metrics.pareto`), and by the policy that the gate judges releases by. Cost is an estimate by rows, columns and epochs: a
clock would choose differently from run to run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.gates.judging import status_of
from warehouse_twin.gates.measures import MEASURES
from warehouse_twin.gates.policy import Policy
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.binning import Binned, ColumnBins, binned, fit_bins
from warehouse_twin.metrics.closeness import dcr_excess, near_copies
from warehouse_twin.metrics.comparable import record_columns, shape_columns, without_made_up
from warehouse_twin.metrics.copies import Records, exact_copies
from warehouse_twin.metrics.distances import measure_distances
from warehouse_twin.metrics.pairs import measure_pairs, pair_trend
from warehouse_twin.metrics.pareto import SCORE_DIGITS, Figures, pareto_front
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
AS_GOOD, AS_BOUND = 0.005, 0.05
"""Fidelity within so much of the best, and a worst pair of columns no more than so much worse, is as good: then the cheaper one is
published. A mean over many pairs hardly shows that the one that matters is lost."""


@dataclass(frozen=True)
class Tried:
    """A candidate's figures; whether the policy would fail it for privacy (`safe`: no) or for fidelity (`faithful`: no); and how far
    its worst pair of columns is from what real rows have (`lost`)."""

    name: str
    figures: Figures
    safe: bool
    faithful: bool
    lost: float = 0.0


@dataclass(frozen=True)
class _Part:
    rows: pa.Table
    entities: Ints


def choose(tried: Sequence[Tried]) -> str:
    """The one to publish: of those on the front that the policy would not fail the best in fidelity, or the cheapest that is as good.

    Where all would fail for fidelity, of those that are safe; where none is safe, the one that keeps most distance. Ties go to the
    one that comes first.
    """
    front = [one for one, on in zip(tried, pareto_front([one.figures for one in tried]), strict=True) if on] or list(tried)
    safe = [one for one in front if one.safe]
    if not safe:
        return min(front, key=lambda one: _or(one.figures.privacy, 1.0)).name
    able = [one for one in safe if one.faithful] or safe
    best = max(able, key=lambda one: _or(one.figures.fidelity, 0.0))
    enough, bound = _or(best.figures.fidelity, 0.0) - AS_GOOD, best.lost + AS_BOUND
    as_good = [one for one in able if _or(one.figures.fidelity, 0.0) >= enough and one.lost <= bound]
    return min(as_good, key=lambda one: _or(one.figures.cost, np.inf)).name


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def choice_of(twin: ResolvedTwin, table: ResolvedTable, view: TrainingView, entities: Ints, policy: Policy, *, seed: int) -> dict[str, Any]:
    """`chosen`, and of every candidate its figures and whether it is on the front, for the receipt."""
    candidates = {table.synthesizer: table.parameters} | dict(table.challengers)
    trial = _Trial(twin, table, view, entities, policy, derive_seed(seed, "trial"))
    tried = [trial.of(name, given) for name, given in candidates.items()]
    front = pareto_front([one.figures for one in tried])
    shown = {
        one.name: asdict(one.figures) | {"safe": one.safe, "faithful": one.faithful, "lost": one.lost, "front": on}
        for one, on in zip(tried, front, strict=True)
    }
    return {"chosen": choose(tried), "trial": shown}


@dataclass(frozen=True)
class _Trial:
    """What all candidates for a table are tried on."""

    twin: ResolvedTwin
    table: ResolvedTable
    view: TrainingView
    entities: Ints
    policy: Policy
    seed: int

    def of(self, name: str, given: Mapping[str, Any]) -> Tried:
        table, view, seed = self.table, self.view, self.seed
        learned, held = _split(view.training, self.entities, seed=seed)
        rows = _drawn(name, given, view, learned.rows, seed=derive_seed(seed, name))
        own = [column for column in shape_columns(self.twin, table) if column in rows.column_names]
        alone = _apart(learned.rows, own, seed=seed)
        with_parents = _samples(table, [*view.given, *own], learned, held, (rows, alone), seed=seed)
        scores = column_shape(_samples(table, own, learned, held, (rows, alone), seed=seed))
        scores += pair_trend(with_parents, measure_pairs(with_parents))
        record = without_made_up([column for column in record_columns(self.twin, table) if column in own], view.profile.made_up)
        records = Records(table.name, record, learned.rows, rows, None, held.rows if len(held.rows) else None, learned.entities)
        private = _privacy(records, learned, held, seed=seed)
        values = {score.measure: score.value for score in [*scores, *private] if not score.columns}
        cost = known_synthesizers()[name].seconds(len(view.training), len(rows.column_names), given)
        lost = max((_or(score.ceiling, 1.0) - score.value for score in scores if score.measure == "pair_trend_min"), default=0.0)
        safe, faithful = (not fails(self.policy, found) for found in (private, scores))
        return Tried(name, Figures.of(values, cost=cost), safe, faithful, round(lost, SCORE_DIGITS))


def fails(policy: Policy, scores: Sequence[Score]) -> list[str]:
    """The scores of a whole table that the policy would fail, as it stands: what a manifest loosens is for releases."""
    asked = {one.score: (one, one.judged or suite.judged) for suite, one in policy.expectations if one.scope == "table" and one.blocks}
    found = []
    for score in scores:
        if score.measure not in asked or (score.columns and not MEASURES[score.measure].worst):
            continue
        one, burden = asked[score.measure]
        interval, goal = (score.low, score.value, score.high), one.bound(score)
        if status_of(interval, n=score.n, goal=goal, better=score.better, burden=burden, min_n=one.min_n) == "fail":
            found.append(score.measure)
    return found


def _privacy(records: Records, learned: _Part, held: _Part, *, seed: int) -> list[Score]:
    if not records.columns:
        return []
    found = measure_distances(records, training_entities=learned.entities, holdout_entities=held.entities, seed=seed)
    return [exact_copies(records), near_copies(records.table, found), dcr_excess(records.table, found)]


def _apart(rows: pa.Table, own: Sequence[str], *, seed: int) -> pa.Table:
    """The floor: each of the table's own columns in an order of its own, beside its parents' as they are."""
    for name in own:
        order = permutation(len(rows), seed=seed, stream=f"apart/{name}")
        rows = rows.set_column(rows.column_names.index(name), rows.schema.field(name), rows.column(name).take(pa.array(order)))
    return rows


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
    parameters = part.parameters(given, synthesizer.traits)
    model = synthesizer.fit(part.training, part.profile, given=part.given, parameters=parameters, seed=seed, leading=part.leading)
    parents = learned.select(list(view.given))
    if part.given:
        return beside(parents, model.sample(len(learned), seed=seed, context=parents))
    mixed = parents.take(pa.array(permutation(len(learned), seed=seed, stream="parents"))) if view.given else None
    drawn = model.sample(len(learned), seed=seed)
    return drawn if mixed is None else beside(mixed, drawn)


def _samples(
    table: ResolvedTable, columns: Sequence[str], learned: _Part, held: _Part, drawn: tuple[pa.Table, pa.Table], *, seed: int
) -> Samples:
    """What was held, beside as many rows of the candidate, of the floor and, for the ceiling, of what was learned from: only equal
    samples compare. Bins are fixed on what was learned from."""
    bins = fit_bins(learned.rows, columns, kinds=table.kinds)
    real = held if len(held.rows) else learned
    candidate, floor, ceiling = (_drawn_sample(rows, bins, len(real.rows), seed=seed) for rows in (*drawn, learned.rows))
    return Samples(table.name, bins, _binned(real, bins, seed=seed), candidate, floor, ceiling)


def _drawn_sample(rows: pa.Table, bins: tuple[ColumnBins, ...], size: int, *, seed: int) -> Binned:
    drawn = rows.take(pa.array(permutation(len(rows), seed=seed, stream="drawn")[: size or len(rows)]))
    return _binned(_Part(drawn, np.arange(len(drawn), dtype=np.int64)), bins, seed=seed)


def _binned(part: _Part, bins: tuple[ColumnBins, ...], *, seed: int) -> Binned:
    group, groups = entity_groups(part.entities, seed=seed)
    return binned(part.rows.select([column.name for column in bins]), bins, group=group, groups=groups)
