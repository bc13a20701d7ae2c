"""Real rows as a rebalanced twin would have them: thinned to the shares that the manifest asks for.

A twin whose `fraud` is true twice as often as in the source differs from it in every column that has to do with fraud, and was
meant to. Such a table is compared with the source's rows after some of them were left out, so that those that stay have the
shares; tables whose rows follow from its rows with those that lead to parents that stay. Privacy is measured against all real rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.gates.inputs import Part
from warehouse_twin.manifest.resolved import ResolvedTable, ResolvedTwin
from warehouse_twin.metrics.keys import match_parents
from warehouse_twin.randomness import derive_seed, uniforms
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.rebalancing import raked, strata, taken_apart

Bools = NDArray[np.bool_]
Parts = tuple[Part, Part]


class Thinning:
    """Thins the real parts of tables; does nothing where no table is rebalanced."""

    def __init__(self, twin: ResolvedTwin, read: Callable[[str], Parts], *, seed: int) -> None:
        self.twin, self.read, self.seed = twin, read, seed
        self.plans = key_plans(twin)
        self.kept: dict[str, tuple[Bools, Bools] | None] = {}

    def real(self, name: str) -> Parts:
        """The training and the holdout part of a table, thinned."""
        return self.thinned(name, self.read(name))

    def thinned(self, name: str, parts: Parts) -> Parts:
        """The same of parts that were read."""
        kept = self._kept(self.twin[name], parts)
        if kept is None:
            return parts
        first, second = (Part(part.rows.filter(pa.array(mask)), part.entities[mask]) for part, mask in zip(parts, kept, strict=True))
        return first, second

    def _kept(self, table: ResolvedTable, parts: Parts | None = None) -> tuple[Bools, Bools] | None:
        """Which rows of either part stay; None for all."""
        if table.name not in self.kept:
            self.kept[table.name] = self._chosen(table, parts)
        return self.kept[table.name]

    def _chosen(self, table: ResolvedTable, parts: Parts | None) -> tuple[Bools, Bools] | None:
        if table.keep_real:
            return None
        if table.rebalance:
            training, holdout = parts or self.read(table.name)
            return self._in_shares(table, training, "training"), self._in_shares(table, holdout, "holdout")
        key = self.plans[table.name].drive
        above = None if key is None else self._kept(self.twin[key.references])
        if key is None or above is None:
            return None
        parents = zip(self.read(key.references), above, strict=True)
        gone = pa.concat_tables([part.rows.filter(pa.array(~mask)) for part, mask in parents])
        rows = [part.rows for part in parts or self.read(table.name)]
        stay = [match_parents(some, gone, columns=key.columns, references=key.references_columns) < 0 for some in rows]
        return stay[0], stay[1]

    def _in_shares(self, table: ResolvedTable, part: Part, stream: str) -> Bools:
        if not len(part.rows):
            return np.zeros(0, dtype=bool)
        codes = [strata(part.rows.column(name), shares) for name, shares in table.rebalance.items()]
        weights = raked(codes, list(table.rebalance.values()), start=taken_apart(part.rows, table.apart))
        chances = uniforms(np.arange(len(weights)), seed=derive_seed(self.seed, "thinning", table.name), stream=stream)
        kept: Bools = chances * weights.max() < weights
        return kept
