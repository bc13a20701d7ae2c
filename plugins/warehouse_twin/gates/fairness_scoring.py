"""Scores of tables whose manifest names protected columns."""

from __future__ import annotations

from warehouse_twin.gates.inputs import Part, Real
from warehouse_twin.gates.sampling import some
from warehouse_twin.metrics.binning import Binned, ColumnBins, binned
from warehouse_twin.metrics.fairness import fairness_scores
from warehouse_twin.metrics.replicates import entity_groups
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score

LOOKED_AT = 20_000
"""Rows of each kind, at most: groups of a twentieth still have a thousand."""


def scores_of_fairness(real: Real, drawn: Part, bins: tuple[ColumnBins, ...]) -> list[Score]:
    """The scores that `fairness` of a table asks for; none without it.

    As many rows of each kind to learn from; held-out rows, however many or few. Where a table is rebalanced the source's parity is
    that of its held-out rows as they are, and the twin's is held against the rows in the shares that were asked for.
    """
    asked = real.table.fairness
    if asked is None:
        return []
    training, holdout = real.fair
    floor = real.apart
    size = min([LOOKED_AT, *(len(part.rows) for part in (training, drawn, floor) if part is not None)])

    def inside(part: Part, rows: int, stream: str) -> Binned:
        chosen = some(part, rows, seed=real.seed, stream=f"fairness/{stream}")
        group, groups = entity_groups(chosen.entities, seed=real.seed)
        return binned(chosen.rows.select([column.name for column in bins]), bins, group=group, groups=groups)

    samples = Samples(
        real.table.name,
        bins,
        inside(training, size, "training"),
        inside(drawn, size, "synthetic"),
        None if floor is None else inside(floor, size, "floor"),
        inside(holdout, LOOKED_AT, "holdout") if len(holdout.rows) else None,
    )
    before = inside(real.holdout, LOOKED_AT, "before") if real.table.rebalance and len(real.holdout.rows) else None
    known = {"protected": asked.protected, "outcome": asked.outcome, "favourable": asked.favourable}
    return fairness_scores(samples, before, **known, seed=real.seed)  # type: ignore[arg-type]
