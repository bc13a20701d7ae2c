"""What draws rows: the two protocols every synthesizer satisfies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.profiling.table_profile import TableProfile

LOSSES = "losses.json"
"""In the folder of a model that is trained in epochs: curve → the value of each epoch, over all training rows."""


class Model(Protocol):
    """A fitted synthesizer. `sample` is a pure function of its arguments."""

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: NDArray[np.int64] | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Draw `rows` rows. With `counters`, shape `(rows,)`, the same counter gives the same row however the work is split;
        without, the rows are drawn as one whole, and may be spread evenly.

        `context` has `rows` rows of columns that are not drawn but conditioned on: all columns that `fit` was `given`, and any
        others. Each row is drawn given its evidence: exactly where the conditioned columns come first in the order, elsewhere
        from weighted candidates (`synthesizers.conditional`). Evidence that the model can never draw is a ConfigurationError, but
        in `given` and `leading` columns, whose values come from other tables. `columns` stops once those are drawn (the `leading`
        of `fit` are before all others); None draws all. The result has the drawn and the conditioned columns but the `given`
        ones, in the order of training.
        """

    def save(self, folder: Path) -> None:
        """Write the model's files into an empty folder: equal models, equal bytes (but SDV's pickles); `LOSSES` where it has any."""


class Synthesizer(Protocol):
    """A way to learn a table. The module-level object named in the registry satisfies this.

    `conditional` says whether its models take counters and context; one that does not draws a table by itself, as a whole.
    """

    name: str
    conditional: bool
    traits: Traits
    """its parameters and the tables it can draw; a third party's may have none"""

    def fit(
        self,
        training: pa.Table,
        profile: TableProfile,
        *,
        given: Sequence[str],
        parameters: Mapping[str, Any],
        seed: int,
        leading: Sequence[str] = (),
    ) -> Model:
        """Learn from the training part alone.

        The columns of `training` are those of `profile`, in the same order, `given` first: context that is never drawn.
        `leading` are drawn before all others, in this order; the order of the others is the synthesizer's own.
        Raises ConfigurationError for parameters it does not know.
        """

    def load(self, folder: Path) -> Model:
        """A model from the files `save` wrote; their digest was checked by the caller."""


class NoTable:
    """A synthesizer that learns no table by itself, but sequences or a schema, by a method of its own."""

    wanted: ClassVar[str]
    """what it learns instead, and what a manifest should say"""

    def fit(
        self,
        training: pa.Table,
        profile: TableProfile,
        *,
        given: Sequence[str],
        parameters: Mapping[str, Any],
        seed: int,
        leading: Sequence[str] = (),
    ) -> Model:
        raise ConfigurationError(f"{profile.table}: {self.wanted}")


class WholeSchema:
    """A model that draws all tables at once, by `sample_schema`."""

    engine: ClassVar[str]

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: NDArray[np.int64] | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        raise ConfigurationError(f"{self.engine} draws a schema and no single table; next: twin synthesize, which draws all of it")


def checked(name: str, traits: Traits, parameters: Mapping[str, Any], *, k: int = 0) -> None:
    """Raise ConfigurationError for parameters that a synthesizer does not take, all of them at once."""
    faults = [f"parameter {parameter}: {fault}" for parameter, fault, _ in traits.faults(parameters, k=k)]
    if faults:
        raise ConfigurationError(f"{name}: {'; '.join(faults)}")
