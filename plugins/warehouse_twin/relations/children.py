"""The rows that refer to a table's rows, and what they come to for each: a count, a sum, the least and the greatest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.manifest.resolved import ForeignKey
from warehouse_twin.profiling.rules.evaluating import scalar
from warehouse_twin.relations.terms import Term

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Family:
    """A table's rows, as many as are looked at, and the rows of another that refer to them; `links` is the parent's row of each."""

    name: str
    key: ForeignKey
    links: Ints
    parents: int
    read: Callable[[str], pa.ChunkedArray]

    @property
    def counts(self) -> Ints:
        return np.bincount(self.links, minlength=self.parents).astype(np.int64)

    def values(self, term: Term, step: float) -> Floats:
        """The term's product for every child."""
        return term.values(lambda name: scalar(self.read(name)), step)

    def aggregate(self, term: Term, step: float) -> Floats:
        """The function of the children's values for every parent, NaN where there is none."""
        function = term.function
        if function == "count":
            return self.counts.astype(np.float64)
        values = self.values(term, step)
        here = ~np.isnan(values)
        links, values = self.links[here], values[here]
        filled = np.bincount(links, minlength=self.parents) > 0
        if function == "sum":
            return np.where(filled, np.bincount(links, weights=values, minlength=self.parents), np.nan)
        order = np.lexsort((values if function == "max" else -values, links))
        found = np.full(self.parents, np.nan)
        found[links[order]] = values[order]  # written last wins: the greatest, or the least
        return found
