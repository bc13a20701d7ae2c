"""`marginal`: noisy counts of columns and pairs, and rows drawn from them; an (ε, δ)-differentially private synthesizer of schemas.

Nothing is read from the data for free: which values a column has is declared or learned with part of the budget, and so are numbers of
rows and of children. It is fitted with the first protected table and saved there, like `hma`; what is drawn later is post-processing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from warehouse_twin.manifest.traits import Traits
from warehouse_twin.privacy.accounting import Promise
from warehouse_twin.synthesizers.marginal_counting import Counting
from warehouse_twin.synthesizers.marginal_models import MarginalModel
from warehouse_twin.synthesizers.marginal_schemas import Counted, fit_schema
from warehouse_twin.synthesizers.protocol import NoTable, checked

TRAITS = Traits({}, draws="schema", conditional=False, private=True, cost=0.05)


@dataclass(frozen=True)
class MarginalSynthesizer(NoTable):
    """Learns a schema (`fit_schema`) and nothing else."""

    wanted: ClassVar[str] = "marginal draws a whole schema; wanted it as the synthesizer of the twin"
    name: str = "marginal"
    conditional: bool = False
    traits: Traits = TRAITS

    def fit_schema(
        self,
        tables: Mapping[str, Counted],
        *,
        promise: Promise,
        held_out: float,
        parameters: Mapping[str, Any],
        seed: int,
        counting: Counting | None = None,
    ) -> MarginalModel:
        """Measure all tables at once, parents first, at a cost of `promise`; noise is the system's. `counting` says who counts."""
        checked(self.name, self.traits, parameters)
        return fit_schema(tables, promise=promise, held_out=held_out, seed=seed, counting=counting)

    def load(self, folder: Path) -> MarginalModel:
        return MarginalModel.load(folder)


MARGINAL = MarginalSynthesizer()
