"""Where a training table came from, as MLflow shows it under "Datasets used": a name and a keyed digest, never a row.

Imported by `recording` when it needs it: MLflow's base class must be there when the class is made.
"""

from __future__ import annotations

from typing import Any

from mlflow.data.dataset_source import DatasetSource  # noqa: TID253
from mlflow.data.meta_dataset import MetaDataset  # noqa: TID253
from mlflow.entities import Dataset, DatasetInput, InputTag  # noqa: TID253

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.lineage.naming import DATASET_DIGEST_CHARACTERS

SOURCE_TYPE = "warehouse_table"


class WarehouseTableSource(DatasetSource):
    """A table in a warehouse, by `warehouse://name/schema/table`; the connection behind the name is not told."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @staticmethod
    def _get_source_type() -> str:
        return SOURCE_TYPE

    def load(self) -> Any:
        raise ConfigurationError(f"{self.uri}: MLflow holds no rows of a source; read the table through its warehouse, if you may")

    @staticmethod
    def _can_resolve(raw_source: Any) -> bool:
        return isinstance(raw_source, str) and raw_source.startswith("warehouse://")

    @classmethod
    def _resolve(cls, raw_source: Any) -> WarehouseTableSource:
        return cls(raw_source)

    def to_dict(self) -> dict[str, Any]:
        return {"uri": self.uri}

    @classmethod
    def from_dict(cls, source_dict: dict[Any, Any]) -> WarehouseTableSource:
        return cls(source_dict["uri"])


def dataset_of(*, warehouse: str, schema: str, table: str, keyed_digest: str, context: str) -> DatasetInput:
    """A source table as an input of a run. `context` is `training` or, for a table kept real, `reference`."""
    source = WarehouseTableSource(f"warehouse://{warehouse}/{schema}/{table}")
    described = MetaDataset(source, name=f"{schema}.{table}", digest=keyed_digest[:DATASET_DIGEST_CHARACTERS])
    return DatasetInput(dataset=Dataset.from_dictionary(described.to_dict()), tags=[InputTag("mlflow.data.context", context)])
