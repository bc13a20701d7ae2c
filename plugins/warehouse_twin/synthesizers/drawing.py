"""A model in the middle of drawing: column by column, what those drawn so far say to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.synthesizers.coding import column_features

if TYPE_CHECKING:
    from warehouse_twin.synthesizers.sequential import SequentialModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Features = list[NDArray[np.float32]]


@dataclass
class Drawing:
    """Rows of a model by their `counters`: the features of the columns drawn so far, and in `ruling` those columns that rules name."""

    model: SequentialModel
    counters: Ints
    seed: int
    features: Features = field(default_factory=list)
    ruling: dict[str, pa.ChunkedArray] = field(default_factory=dict)

    def draw(self, index: int, *, spread: bool = False) -> tuple[pa.ChunkedArray, tuple[Floats, ...]]:
        """The column at `index`, which comes next, and the values of its parts; at evenly spread quantiles if asked."""
        return self.model.draw_column(index, self.features, self.counters, seed=self.seed, ruling=self.ruling, spread=spread)

    def before(self, index: int, place: int) -> Features:
        """What the tree of a part sees: the columns before it, and the parts of its own before it."""
        if not place:
            return self.features
        codecs, (_, values) = self.model.codecs[index], self.draw(index)
        return [*self.features, *(feature for one in range(place) for feature in codecs[one].features(values[one]))]

    def take(self, index: int, array: pa.ChunkedArray, values: tuple[Floats, ...]) -> None:
        """Go on to the next column, with these for the one at `index`."""
        name = self.model.columns[index].name
        if name in self.model.constraints.names:
            self.ruling[name] = array
        if self.model.name == "tree":
            self.features += column_features(self.model.codecs[index], values)
