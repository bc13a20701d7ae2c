"""Scores of rows joined with their ancestors, over one, two and three foreign keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product

import numpy as np
import pyarrow as pa

from warehouse_twin.gates.inputs import Part, Real
from warehouse_twin.gates.joining import Read, Way, beside, beside_another, climb, ways
from warehouse_twin.gates.sampling import LOOKED_AT, Kinds, samples_of, sides_of, some
from warehouse_twin.manifest.resolved import ResolvedTwin
from warehouse_twin.metrics.binning import Holders, fit_bins
from warehouse_twin.metrics.comparable import shape_columns, time_columns
from warehouse_twin.metrics.pairs import mean_trend, measure_pairs, related
from warehouse_twin.metrics.score import Score
from warehouse_twin.metrics.sides import Sides
from warehouse_twin.metrics.times import time_order
from warehouse_twin.randomness import permutation

MOST_PAIRS = 200
"""Pairs of columns of a way that are looked at: the first ones."""


@dataclass(frozen=True)
class Ancestors:
    """A table with its real and its drawn rows; `links` reads the twin's tables, `real_links` all real rows."""

    twin: ResolvedTwin
    real: Real
    drawn: Part
    links: Read
    real_links: Read

    def scores(self) -> list[Score]:
        """`hop_trend_1` to `hop_trend_3` and `time_order_parent`, of every number of hops that the keys allow.

        `hop_trend_2`: 1 - total variation distance of pairs of a column and one of the parent's parent, as `pair_trend` has it of
        the columns of one table; the mean over the pairs that go together in the source, of the way that is furthest below its
        ceiling, which `columns` names (the k-hop column pairs of Pang and others 2024, ClavaDDPM, arXiv:2405.17724)."""
        asked = {f"hop_trend_{way.hops}" for way in ways(self.twin, self.real.table)}
        asked |= {"time_order_parent" for _ in parents_in_time(self.twin, self.real.table.name)}
        found: dict[str, list[Score]] = defaultdict(list)
        for way, kinds in self._joined() if asked else ():
            for score in self._of_way(way, kinds):
                found[score.measure].append(score)
        return [self._worst(measure, found[measure]) for measure in sorted(asked)]

    def _worst(self, measure: str, scores: list[Score]) -> Score:
        if not scores:
            return Score(measure, self.real.table.name, 0.0, 0.0, 1.0, 0)
        return max(scores, key=lambda score: score.shortfall)

    def _joined(self) -> Iterator[tuple[Way, Kinds]]:
        """For every way the rows of each kind that lead to its end, beside what they lead to."""
        table, seed = self.real.table, self.real.seed
        training, holdout = (some(part, LOOKED_AT, seed=seed, stream=f"joined/{place}") for place, part in enumerate(self.real.fair))
        both = Part(pa.concat_tables([training.rows, holdout.rows]), np.concatenate([training.entities, holdout.entities]))
        drawn = some(self.drawn, LOOKED_AT, seed=seed, stream="joined")
        real_ways = climb(self.twin, table, both.rows, self.real_links)
        for real, twin in zip(real_ways, climb(self.twin, table, drawn.rows, self.links), strict=True):
            own, theirs = shape_columns(self.twin, table), shape_columns(self.twin, self.twin[real.way.tables[-1]])
            joined = beside(both, real, own, theirs)
            split = int((real.rows < len(training.rows)).sum())
            learned, held = _cut(joined, 0, split), _cut(joined, split, len(joined.rows))
            order = permutation(split, seed=seed, stream="joined/floor")
            yield real.way, Kinds(learned, beside(drawn, twin, own, theirs), beside_another(learned, len(own), order), held)

    def _of_way(self, way: Way, kinds: Kinds) -> Iterator[Score]:
        if not min(len(kinds.training.rows), len(kinds.synthetic.rows)):
            return
        sides = sides_of(self.real.table.name, kinds, kinds.training.rows.column_names, seed=self.real.seed)
        yield self._trend(way, sides, kinds.training)
        if way.hops == 1 and way.tables[-1] in parents_in_time(self.twin, way.tables[0]):
            own, theirs = ([f"{name}.{column}" for column in time_columns(self.twin, self.twin[name])] for name in way.tables)
            yield time_order(sides, list(product(own, theirs)), measure="time_order_parent")

    def _trend(self, way: Way, sides: Sides, training: Part) -> Score:
        start, end = way.tables[0], way.tables[-1]
        kinds = {f"{name}.{column}": kind for name in (start, end) for column, kind in self.twin[name].kinds.items()}
        bins = fit_bins(training.rows, sides.columns, kinds=kinds, holders=Holders(training.entities, self.real.k))
        samples, own = samples_of(sides, bins), len(shape_columns(self.twin, self.twin[start]))
        pairs = measure_pairs(samples, islice(product(bins[:own], bins[own:]), MOST_PAIRS))
        return mean_trend(f"hop_trend_{way.hops}", samples, related(pairs), columns=way.tables[1:])


def _cut(part: Part, begin: int, end: int) -> Part:
    return Part(part.rows.slice(begin, end - begin), part.entities[begin:end])


def parents_in_time(twin: ResolvedTwin, table: str) -> list[str]:
    """The parents with days or moments of a table that has some too."""
    ends = [way.tables[-1] for way in ways(twin, twin[table]) if way.hops == 1]
    return [end for end in ends if time_columns(twin, twin[end]) and time_columns(twin, twin[table])]
