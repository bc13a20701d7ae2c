"""Every score of a release: the measures applied to each table of a twin, its floor, its challengers and the real holdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.across_scoring import across_scores
from warehouse_twin.gates.attack_scoring import attack_scores
from warehouse_twin.gates.inputs import Inputs, Part, Real
from warehouse_twin.gates.key_scoring import Links, key_scores
from warehouse_twin.gates.membership_scoring import membership_scores
from warehouse_twin.gates.picturing import picture, picture_families
from warehouse_twin.gates.sampled_scoring import Look
from warehouse_twin.gates.thinning import Thinning
from warehouse_twin.gates.versions import stamped
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.binning import Binned, ColumnBins, Holders, binned, fit_bins
from warehouse_twin.metrics.closeness import dcr_excess, near_copies
from warehouse_twin.metrics.comparable import record_columns, shape_columns, without_made_up
from warehouse_twin.metrics.copies import exact_copies, repeated_rows, same_rows
from warehouse_twin.metrics.distances import measure_distances
from warehouse_twin.metrics.pairs import measure_pairs, pair_matrices, pair_trend
from warehouse_twin.metrics.replicates import entity_groups
from warehouse_twin.metrics.rules import broken_rules
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.shapes import column_shape, null_share
from warehouse_twin.randomness import derive_seed, first_permuted, uniforms

SAMPLE = 50_000
"""Rows a side in measures of columns and pairs: their sampling error is then below 0.01 for a pair of busy columns."""


@dataclass(frozen=True, slots=True)
class Scored:
    """All scores; those of challengers by table and synthesizer; matrices of pair trends, and what is drawn of it, by table."""

    scores: list[Score]
    challengers: dict[str, dict[str, list[Score]]]
    pairs: dict[str, Mapping[str, Any]]
    pictures: dict[str, dict[str, Any]]


def score_twin(twin: ResolvedTwin, inputs: Inputs, *, seed: int) -> Scored:
    """Score every table of a twin; deterministic in `seed` and what the inputs hold."""
    scored = Scored([], {}, {}, {})
    links, thinning = Links(twin, inputs.twin), Thinning(twin, inputs.real, seed=seed)
    for table in twin.tables:
        training, holdout = inputs.real(table.name)
        rows = inputs.twin(table.name)
        if table.keep_real:
            scored.scores.append(same_rows(table.name, training.rows, rows, columns=table.table.column_names))
        else:
            real = _real(table, (training, holdout), inputs, thinning)
            found, pairs, bins = _candidate(real, rows)
            scored.scores.extend(found)
            scored.scores.extend(_attacks(twin, real, rows, inputs))
            scored.scores.extend(Look(twin, real, rows, bins, links, thinning.real).scores())
            scored.pictures[table.name] = picture(real, rows, pairs)
            if pairs["columns"]:
                scored.pairs[table.name] = pairs
            if table.synthesizer == "tree":
                scored.scores.append(broken_rules(table.name, inputs.rules(table.name), rows=len(rows)))
            for name, drawn in inputs.challengers(table.name).items():
                scored.challengers.setdefault(table.name, {})[name] = _candidate(real, drawn)[0]
        parts = (training, holdout) if table.rebalance else thinning.thinned(table.name, (training, holdout))  # counts of its own rows
        found, families = key_scores(twin, table, rows, parts, links, read=thinning.real, seed=derive_seed(seed, table.name))
        scored.scores.extend(found)
        if not table.keep_real:
            scored.pictures[table.name]["children"] = picture_families(families, k=twin.k, seed=derive_seed(seed, table.name))
    return _stamped(scored)


def privacy_scores(twin: ResolvedTwin, inputs: Inputs, *, seed: int) -> list[Score]:
    """The same scores of privacy alone, in a part of the time."""
    thinning = Thinning(twin, inputs.real, seed=seed)
    found = []
    for table in twin.protected:
        real, rows = _real(table, inputs.real(table.name), inputs, thinning), inputs.twin(table.name)
        found += [*_copies(real, rows, real.record), *_attacks(twin, real, rows, inputs)]
    return stamped(found)


def _real(table: ResolvedTable, parts: tuple[Part, Part], inputs: Inputs, thinning: Thinning) -> Real:
    """What candidates for a table are compared with."""
    twin, seed = thinning.twin, derive_seed(thinning.seed, table.name)
    fair, shapes = thinning.thinned(table.name, parts), shape_columns(twin, table)
    floor = _complete(inputs.floor(table.name), fair[0].rows, shapes, seed=seed)
    record = without_made_up(record_columns(twin, table), inputs.made_up(table.name))
    return Real(table, *parts, fair, floor, shapes, record, twin.k, seed)


def _stamped(scored: Scored) -> Scored:
    challengers = {table: {name: stamped(scores) for name, scores in by_name.items()} for table, by_name in scored.challengers.items()}
    return replace(scored, scores=stamped(scored.scores), challengers=challengers)


def _candidate(real: Real, rows: pa.Table) -> tuple[list[Score], Mapping[str, Any], tuple[ColumnBins, ...]]:
    """Scores of the values in a table drawn for `real`, matrices of its pairs, and the bins it was counted in; columns that a
    challenger does not draw are left out."""
    shapes = tuple(name for name in real.shapes if name in rows.column_names)
    record = tuple(name for name in real.record if name in rows.column_names)
    samples = _samples(real, rows, shapes)
    pairs = measure_pairs(samples)
    scores = [*column_shape(samples), *pair_trend(samples, pairs), *null_share(samples)]
    scores += _copies(real, rows, record)
    return scores, pair_matrices(pairs), samples.bins


def _copies(real: Real, rows: pa.Table, record: tuple[str, ...]) -> list[Score]:
    """Whether rows were copied, by these columns."""
    if not record:
        return []
    records = real.records(rows, record)
    distances = measure_distances(
        records, training_entities=real.training.entities, holdout_entities=real.holdout.entities, seed=real.seed
    )
    copies = [exact_copies(records), near_copies(real.table.name, distances), dcr_excess(real.table.name, distances)]
    return [*copies, repeated_rows(records, seed=real.seed)]


def _attacks(twin: ResolvedTwin, real: Real, rows: pa.Table, inputs: Inputs) -> list[Score]:
    """What an attacker finds out."""
    return [*attack_scores(twin, real, rows), *membership_scores(twin, real, rows, inputs), *across_scores(twin, real, rows, inputs)]


def _samples(real: Real, rows: pa.Table, columns: tuple[str, ...]) -> Samples:
    """Binned samples: as many rows of the candidate and of both yardsticks, so that they compare."""
    training, holdout = real.fair
    bins = fit_bins(training.rows, columns, kinds=real.table.kinds, holders=Holders(training.entities, real.k))
    sizes = [size for size in (len(holdout.rows), len(rows), SAMPLE) if size]
    size = min(sizes)
    return Samples(
        real.table.name,
        bins,
        _sample(training, bins, SAMPLE, seed=derive_seed(real.seed, "training")),
        _sample(Part.alone(rows), bins, size, seed=derive_seed(real.seed, "synthetic")),
        _sample(real.apart, bins, size, seed=derive_seed(real.seed, "floor")) if real.apart is not None else None,
        _sample(holdout, bins, size, seed=derive_seed(real.seed, "holdout")),
    )


def _sample(part: Part, bins: tuple[ColumnBins, ...], size: int, *, seed: int) -> Binned:
    chosen = first_permuted(len(part.rows), size, seed=seed, stream="sample")
    group, groups = entity_groups(part.entities[chosen], seed=seed)
    return binned(part.rows.select([column.name for column in bins]).take(chosen), bins, group=group, groups=groups)


def _complete(floor: pa.Table | None, training: pa.Table, columns: tuple[str, ...], *, seed: int) -> pa.Table | None:
    """The floor with columns that no synthesizer draws (keys with meaning): each drawn alone from the training rows."""
    if floor is None or not len(training):
        return floor
    for name in columns:
        if name not in floor.column_names:
            rows = uniforms(np.arange(len(floor), dtype=np.int64), seed=seed, stream=f"floor/{name}") * len(training)
            floor = floor.append_column(name, training.column(name).take(pa.array(rows.astype(np.int64))))
    return floor
