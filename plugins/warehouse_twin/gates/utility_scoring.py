"""Scores of models that learn from the twin and are tested on held-out rows."""

from __future__ import annotations

from warehouse_twin.gates.inputs import Part, Real
from warehouse_twin.gates.sampling import LOOKED_AT, samples_of, some
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.binning import ColumnBins
from warehouse_twin.metrics.comparable import predicted_columns
from warehouse_twin.metrics.replicates import entity_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Side, Sides
from warehouse_twin.metrics.utility import utility, utility_worst


def utility_scores(twin: ResolvedTwin, real: Real, drawn: Part, bins: tuple[ColumnBins, ...]) -> list[Score]:
    """`utility` of every column that the manifest names, or `utility_worst` of some that are picked.

    Where a table is rebalanced all models learn from, and are tested on, rows in the shares that were asked for.
    """
    wanted = predicted_columns(twin, real.table)
    if not wanted:
        return []
    samples = _samples(real, drawn, bins)
    if real.table.targets is None:
        return [utility_worst(samples, wanted, seed=real.seed)]
    return [utility(samples, name, seed=real.seed) for name in wanted]


def _samples(real: Real, drawn: Part, bins: tuple[ColumnBins, ...]) -> Samples:
    """As many rows to learn from of each kind, and held-out rows to be tested on, however few or many those are."""
    training, holdout = real.fair
    floor = real.apart
    size = min([LOOKED_AT, *(len(part.rows) for part in (training, drawn, floor) if part is not None)])

    def side(part: Part, rows: int, stream: str) -> Side:
        chosen = some(part, rows, seed=real.seed, stream=f"utility/{stream}")
        return Side(chosen.rows.select([column.name for column in bins]), *entity_groups(chosen.entities, seed=real.seed))

    held = side(holdout, LOOKED_AT, "holdout") if len(holdout.rows) else None
    alone = None if floor is None else side(floor, size, "floor")
    return samples_of(Sides(real.table.name, side(training, LOOKED_AT, "training"), side(drawn, size, "synthetic"), alone, held), bins)
