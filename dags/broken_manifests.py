"""No DAG: shows every fault of the manifests in `twins/` as one Airflow import error, with file, line and column.

It is a file of its own since Airflow takes all DAGs of a file with an import error off the schedule; see `digital_twins.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

from warehouse_twin.errors import ConfigurationError
from warehouse_twin.operators.dag_factory import load_twins

_twins, _faults = load_twins(Path(os.environ.get("TWIN_PROJECT") or Path(__file__).parents[1]))
if _faults:
    raise ConfigurationError("\n".join(_faults))
