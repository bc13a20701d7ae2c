"""The model that MLflow serves for a table: a reference into the workspace and the digest of what must be found there.

Models-from-code: MLflow copies this file and runs it when the model is loaded, so nothing is pickled and no model file,
which may hold values, leaves the secure zone. Who loads it needs this package and the workspace (`TWIN_WORKSPACE`, or
`mlflow.pyfunc.load_model(uri, model_config={"workspace": path})`). Nothing else imports this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd  # noqa: TID253
import pyarrow as pa
from mlflow.models import set_model  # noqa: TID253
from mlflow.pyfunc import PythonModel  # noqa: TID253

from warehouse_twin.errors import IntegrityError
from warehouse_twin.settings import from_environment
from warehouse_twin.synthesizers.registry import load_model, model_digest


class ServedSynthesizer(PythonModel):
    """Draws rows of one table. `params` are `rows` and `seed`; the input is the context of a table that is drawn given one."""

    def load_context(self, context: Any) -> None:
        """Load the model, once its files are seen to be those that were registered. Raises IntegrityError."""
        config = context.model_config
        root = Path(config.get("workspace") or from_environment().workspace.root)
        folder = root / config["folder"]
        got = model_digest(folder)
        if got != config["digest"]:
            raise IntegrityError(
                f"model of {config['table']} in {folder}: digest {got[:12]}…, wanted {config['digest'][:12]}…, which was registered; "
                "it was altered, removed or lies in another workspace, and is not loaded"
            )
        self.model = load_model(config["synthesizer"], folder)

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """A DataFrame of `rows` drawn rows, or of one row for each row of the context."""
        wanted = {"rows": 1000, "seed": 0} | (params or {})
        given = None if model_input is None or len(model_input) == 0 else pa.Table.from_pandas(model_input, preserve_index=False)
        rows = int(wanted["rows"]) if given is None else given.num_rows
        drawn: pd.DataFrame = self.model.sample(rows, seed=int(wanted["seed"]), context=given).to_pandas()
        return drawn


set_model(ServedSynthesizer())
