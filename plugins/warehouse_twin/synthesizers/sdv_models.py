"""Synthesizers of SDV (BUSL-1.1, see README), imported only when a manifest names one.

They save as SDV's own pickle: such a model holds values of the training part, stays in the secure zone, and is loaded only
after its digest was checked (`synthesizers.registry.load_model`).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.types as pt
from numpy.typing import NDArray

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.profiling.table_profile import ColumnProfile, TableProfile
from warehouse_twin.synthesizers.protocol import Model

if TYPE_CHECKING:
    import pandas as pd

_TABLE = "table"
_SDTYPES = {"numeric": "numerical", "datetime": "datetime", "categorical": "categorical"}


@dataclass(frozen=True)
class SdvModel:
    """A fitted SDV single-table synthesizer and the Arrow types its rows are given."""

    fitted: Any
    types: pa.Schema

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
        import torch

        np.random.seed(seed % 2**32)  # SDV reads the global generators
        torch.manual_seed(seed % 2**63)
        if rows == 0:
            return self.types.empty_table().select(list(columns or self.types.names))
        self.fitted.reset_sampling()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = _only(self.fitted.sample(num_rows=rows))
        table = pa.table({field.name: _to_arrow(frame[field.name], field.type) for field in self.types})
        return table.select(list(columns)) if columns is not None else table

    def save(self, folder: Path) -> None:
        self.fitted.save(str(folder / "model.pkl"))
        feather.write_feather(self.types.empty_table(), str(folder / "types.arrow"), compression="uncompressed")


def _only(sampled: Any) -> Any:
    return next(iter(sampled.values())) if isinstance(sampled, dict) else sampled


@dataclass(frozen=True)
class SdvSynthesizer:
    """A single-table synthesizer of SDV, by the name of its class."""

    name: str
    class_name: str
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
        """Fit on the columns that SDV models; codes, texts and personal data become categories of its anonymizer."""
        import sdv.single_table
        import torch
        from sdv.metadata import Metadata

        _quiet()
        if given:
            raise ConfigurationError(f"{self.name} draws a table by itself and takes no context; got {', '.join(given)}")
        columns = {column.name: _described(column) for column in profile.columns}
        metadata = Metadata.load_from_dict({"tables": {_TABLE: {"columns": columns}}, "relationships": []})
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed % 2**63)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                fitted = getattr(sdv.single_table, self.class_name)(metadata, **parameters)
            except TypeError as error:
                raise ConfigurationError(f"{self.name}: SDV's {self.class_name} does not take parameters {sorted(parameters)}") from error
            fitted.fit({_TABLE: _to_pandas(training)})
        return SdvModel(fitted, training.schema.remove_metadata())

    def load(self, folder: Path) -> Model:
        from sdv.utils import load_synthesizer

        _quiet()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted = load_synthesizer(str(folder / "model.pkl"))
        return SdvModel(fitted, feather.read_table(str(folder / "types.arrow")).schema)


def _quiet() -> None:
    for name in ("sdv", "rdt", "copulas", "SingleTableSynthesizer"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _described(column: ColumnProfile) -> dict[str, str]:
    return {"sdtype": _SDTYPES.get(column.kind, "unknown")}


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Times as nanoseconds, which is what SDV reads right (microseconds become dates in 1970); decimals and codes as floats and text."""
    import pandas as pd

    frame = {}
    for field in table.schema:
        column = table.column(field.name)
        if pt.is_date(field.type) or pt.is_timestamp(field.type):
            frame[field.name] = pd.Series(column.cast(pa.timestamp("us")).to_pandas()).astype("datetime64[ns]")
        elif pt.is_decimal(field.type) or pt.is_integer(field.type):
            frame[field.name] = pd.Series(column.cast(pa.float64(), safe=False).to_pandas())
        else:
            frame[field.name] = pd.Series(column.to_pandas())
    return pd.DataFrame(frame)


def _to_arrow(values: pd.Series[Any], kind: pa.DataType) -> pa.Array:
    if pt.is_integer(kind):
        return pa.array(values.astype("float64").round(), from_pandas=True).cast(kind, safe=False)
    if pt.is_decimal(kind):
        return pa.array(values.astype("float64").round(kind.scale), from_pandas=True).cast(pa.decimal128(38, kind.scale)).cast(kind)
    if pt.is_timestamp(kind) or pt.is_date(kind):
        micros = pa.array(values.astype("datetime64[ns]"), from_pandas=True).cast(pa.timestamp("us"), safe=False)
        return micros.cast(pa.int64()).cast(pa.timestamp("us", tz=kind.tz)) if pt.is_timestamp(kind) else micros.cast(kind, safe=False)
    return pa.array(values, from_pandas=True).cast(kind)


GAUSSIAN_COPULA = SdvSynthesizer("gaussian_copula", "GaussianCopulaSynthesizer")
