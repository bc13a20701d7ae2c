"""Scores of bounded samples of a table: what a model, a calendar, or the rows above and below say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.ancestor_scoring import Ancestors
from warehouse_twin.gates.fairness_scoring import scores_of_fairness
from warehouse_twin.gates.inputs import Part, Real
from warehouse_twin.gates.joining import children_keys, with_children
from warehouse_twin.gates.key_scoring import Links
from warehouse_twin.gates.sampling import LOOKED_AT, Kinds, families, samples_of, sides_of, some
from warehouse_twin.gates.time_scoring import gap_score, step_score
from warehouse_twin.gates.utility_scoring import utility_scores
from warehouse_twin.manifest.resolved import ForeignKey, ResolvedTwin
from warehouse_twin.metrics.binning import Binned, ColumnBins, Holders, fit_bins
from warehouse_twin.metrics.calendars import horizon
from warehouse_twin.metrics.comparable import step_columns, time_columns
from warehouse_twin.metrics.detection import Features, detection, features
from warehouse_twin.metrics.diversity import coverage, mode_coverage, near_duplicates
from warehouse_twin.metrics.missingness import missing_patterns
from warehouse_twin.metrics.samples import Samples
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.series import autocorrelation
from warehouse_twin.metrics.sides import Sides
from warehouse_twin.metrics.tails import ends, tails
from warehouse_twin.metrics.times import seasonality, time_order
from warehouse_twin.metrics.triples import triple_trend
from warehouse_twin.randomness import permutation

TAILED, ENDED = 50_000, 200_000
"""Rows of each kind of which the tails are counted, and of the training part, which say where they begin."""
ReadReal = Callable[[str], tuple[Part, Part]]


@dataclass(frozen=True)
class Look:
    """A table and what is around it. `bins` are those of its columns, `read` gives a table's real parts, `links` the twin's tables."""

    twin: ResolvedTwin
    real: Real
    rows: pa.Table
    bins: tuple[ColumnBins, ...]
    links: Links
    read: ReadReal

    def scores(self) -> list[Score]:
        """All scores that `measures` asks of the table."""
        found = []
        if self.bins:
            sides = self._own()
            samples = samples_of(sides, self.bins)
            found += [self._detection("detection", samples), coverage(samples)]
            found += [self._tails(), *self._of_times(sides)]
            found += utility_scores(self.twin, self.real, self._drawn, self.bins)
            if len(self.bins) > 2:
                found.append(triple_trend(samples))
            found += scores_of_fairness(self.real, self._drawn, self.bins)
            if len(self.bins) > 1:
                found.append(missing_patterns(sides))
            if self.real.record:
                records = sides.select(self.real.record)
                found += [near_duplicates(records), mode_coverage(records)]
        if children_keys(self.twin, self.real.table):
            found.append(self._detection("detection_with_children", self._with_children()))
        return found + Ancestors(self.twin, self.real, self._drawn, self.links.read, self._all_real).scores()

    def _of_times(self, sides: Sides) -> list[Score]:
        """Scores of days and moments; those of parents and children are scored with the ancestors."""
        table, times = self.real.table, time_columns(self.twin, self.real.table)
        found = []
        if times:
            numbers = [column.name for column in self.bins if column.kind == "numeric"]
            found += [seasonality(sides), horizon(sides), autocorrelation(sides, numbers)]
        if len(times) > 1:
            found.append(time_order(sides))
        if self._drive is not None and times:
            time = table.order_by if table.order_by in times else times[0]
            found.append(gap_score(table.name, self._drive, time, self.real.fair, self._drawn, seed=self.real.seed))
        steps = step_columns(self.twin, table)
        if self._drive is not None and steps:
            found.append(step_score(self._drive, steps, self.real, self._drawn))
        return found

    def _tails(self) -> Score:
        """The ends of columns, of many rows: few are there."""
        sides = self._own(most=TAILED)
        training = some(self.real.fair[0], ENDED, seed=self.real.seed, stream="ends")
        known = training.rows.select(list(sides.columns))
        return tails(sides, ends(known, training.entities, self.real.table.kinds, k=self.real.k, rows=sides.n))

    @property
    def _drive(self) -> ForeignKey | None:
        return self.links.plans[self.real.table.name].drive

    @cached_property
    def _drawn(self) -> Part:
        return Part(self.rows, families(self.rows, self._drive))

    def _own(self, *, most: int = LOOKED_AT) -> Sides:
        """The table's own columns."""
        parts = Kinds(self.real.fair[0], self._drawn, self.real.apart, self.real.fair[1])
        return sides_of(self.real.table.name, parts, [column.name for column in self.bins], seed=self.real.seed, most=most)

    def _with_children(self) -> Samples:
        """The table's columns beside their children's aggregates; the floor has each of these in an order of its own."""
        table, seed = self.real.table, self.real.seed
        training, holdout = (some(part, LOOKED_AT, seed=seed, stream=f"parents/{place}") for place, part in enumerate(self.real.fair))
        both = Part(pa.concat_tables([training.rows, holdout.rows]), np.concatenate([training.entities, holdout.entities]))
        enriched = with_children(both, self.twin, table, self._all_real)
        drawn = with_children(some(self._drawn, LOOKED_AT, seed=seed, stream="parents"), self.twin, table, self.links.read)
        split = len(training.rows)
        training, holdout = Part(enriched.rows.slice(0, split), training.entities), Part(enriched.rows.slice(split), holdout.entities)
        columns = (*(column.name for column in self.bins), *enriched.rows.column_names[both.rows.num_columns :])
        apart = _apart(training.rows.select(list(columns)), seed=seed)
        sides = sides_of(table.name, Kinds(training, drawn, apart, holdout), columns, seed=seed)
        return samples_of(sides, fit_bins(training.rows, columns, kinds=table.kinds, holders=Holders(training.entities, self.real.k)))

    def _all_real(self, name: str) -> pa.Table:
        return pa.concat_tables([part.rows for part in self.read(name)])

    def _detection(self, measure: str, samples: Samples) -> Score:
        def told(sample: Binned | None) -> Features | None:
            return None if sample is None else features(sample, samples.bins)

        return detection(
            measure,
            samples.table,
            real=features(samples.training, samples.bins),
            synthetic=features(samples.synthetic, samples.bins),
            floor=told(samples.floor),
            holdout=told(samples.holdout),
            seed=self.real.seed,
        )


def _apart(rows: pa.Table, *, seed: int) -> Part:
    """Every column in an order of its own."""
    orders = {name: pa.array(permutation(len(rows), seed=seed, stream=f"apart/{name}")) for name in rows.column_names}
    alone = pa.table({name: rows.column(name).take(order) for name, order in orders.items()})
    return Part.alone(alone)
