"""The manifest's JSON Schema: what editors complete and check while a manifest is typed.

Exported to `twins/manifest.schema.json`; the first line of a manifest points at it for the YAML language server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from warehouse_twin.manifest.model import Manifest
from warehouse_twin.workspace import write_text

FILE = "manifest.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def manifest_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a manifest as it is written, short forms included."""
    schema = Manifest.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": DIALECT, **schema, "title": "A manifest of warehouse-twin"}


def write(path: Path) -> None:
    """Write the schema, atomically, just as `twin manifest schema` prints it."""
    write_text(path, json.dumps(manifest_schema(), indent=2) + "\n")
