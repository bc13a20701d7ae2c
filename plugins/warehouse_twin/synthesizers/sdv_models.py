"""SDV's synthesizers of single tables, imported only when a manifest names one.

They draw a table by itself, as a whole. A model is SDV's own pickle: it stays in the secure zone and is loaded only after its
digest was checked (`synthesizers.registry.load_model`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.traits import Traits
from warehouse_twin.profiling.table_profile import TableProfile
from warehouse_twin.randomness import derive_seed
from warehouse_twin.synthesizers import sdv_parameters
from warehouse_twin.synthesizers.columns import some_rows
from warehouse_twin.synthesizers.protocol import Model, checked
from warehouse_twin.synthesizers.sdv_frames import Coding
from warehouse_twin.synthesizers.sdv_session import load_fitted, losses_of, save_fitted, sdv_session
from warehouse_twin.synthesizers.sequential import TRAIN_ROWS
from warehouse_twin.workspace import read_json, write_json

_TABLE = "table"


@dataclass(frozen=True)
class SdvModel:
    """A fitted synthesizer of SDV, None where no column varies, and how rows are coded for it."""

    fitted: Any | None
    coding: Coding
    losses: Mapping[str, list[float]] = field(default_factory=dict)

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        counters: NDArray[np.int64] | None = None,
        context: pa.Table | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """See `protocol.Model.sample`; draws whole tables only, as SDV's state cannot start at a counter."""
        if counters is not None or context is not None:
            raise ConfigurationError("an SDV synthesizer draws whole tables; wanted no counters and no context")
        table = self.coding.types.empty_table() if not rows else self._drawn(rows, seed=seed)
        return table.select(list(columns)) if columns is not None else table

    def _drawn(self, rows: int, *, seed: int) -> pa.Table:
        frame: Any = {}
        if self.fitted is not None:
            with sdv_session(seed=derive_seed(seed, "sample")):
                self.fitted.reset_sampling()
                self.fitted._set_random_state(seed % 2**32)  # or SDV sets one of its own, the same for every release
                frame = self.fitted.sample(num_rows=rows)[_TABLE]
        return self.coding.decode(frame, rows, seed=seed)

    def save(self, folder: Path) -> None:
        if self.fitted is not None:
            save_fitted(self.fitted, folder, self.losses)
        feather.write_feather(self.coding.types.empty_table(), str(folder / "types.arrow"), compression="uncompressed")
        write_json(folder / "coding.json", self.coding.to_dict())


@dataclass(frozen=True)
class SdvSynthesizer:
    """A single-table synthesizer of SDV, by the name of its class."""

    name: str
    class_name: str
    traits: Traits
    conditional: bool = False

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
        """Fit on what varies; see docs/synthesizers.md for the parameters."""
        checked(self.name, self.traits, parameters, k=profile.k)
        if given:
            raise ConfigurationError(f"{self.name} draws a table by itself and takes no context; got {', '.join(given)}")
        settings = dict(parameters)
        training = some_rows(training, settings.pop("train_rows", TRAIN_ROWS), seed=seed)
        coding = Coding.of(training, profile.columns)
        if not coding.fields:
            return SdvModel(None, coding)
        fitted = self._fitted(coding, training, settings, seed=seed)
        return SdvModel(fitted, coding, losses_of(fitted))

    def _fitted(self, coding: Coding, training: pa.Table, settings: Mapping[str, Any], *, seed: int) -> Any:
        import sdv.single_table
        from sdv.metadata import Metadata

        with sdv_session(seed=seed):
            metadata = Metadata.load_from_dict({"tables": {_TABLE: {"columns": coding.described()}}, "relationships": []})
            machine = {} if self.class_name == "GaussianCopulaSynthesizer" else {"enable_gpu": False}
            fitted = getattr(sdv.single_table, self.class_name)(metadata, **settings, **machine)
            fitted.fit({_TABLE: coding.encode(training, seed=seed)})
        return fitted

    def load(self, folder: Path) -> Model:
        types = feather.read_table(str(folder / "types.arrow")).schema
        return SdvModel(load_fitted(folder), Coding.from_dict(read_json(folder / "coding.json"), types))


GAUSSIAN_COPULA = SdvSynthesizer("gaussian_copula", "GaussianCopulaSynthesizer", sdv_parameters.GAUSSIAN_COPULA)
CTGAN = SdvSynthesizer("ctgan", "CTGANSynthesizer", sdv_parameters.CTGAN)
TVAE = SdvSynthesizer("tvae", "TVAESynthesizer", sdv_parameters.TVAE)
COPULA_GAN = SdvSynthesizer("copula_gan", "CopulaGANSynthesizer", sdv_parameters.COPULA_GAN)
