from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from warehouse_twin.manifest.json_schema import FILE, manifest_schema, write

TWINS = Path(__file__).parents[3] / "twins"
VALID = """
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 7
synthesizer: tree
tables:
  notes:
  customers: {primary_key: id, challengers: [independent, {name: gaussian_copula, parameters: {x: 1}}]}
  orders: {primary_key: [id, line], foreign_keys: [{columns: customer, references: customers}]}
"""


@pytest.fixture
def validator() -> jsonschema.Draft202012Validator:
    schema = manifest_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_committed_schema_is_current(tmp_path: Path) -> None:
    write(tmp_path / FILE)
    assert (TWINS / FILE).read_text() == (tmp_path / FILE).read_text(), f"run: twin manifest schema > twins/{FILE}"
    assert json.loads((TWINS / FILE).read_text())["title"] == "A manifest of warehouse-twin"


@pytest.mark.parametrize("path", sorted(TWINS.glob("*.yml")), ids=lambda path: path.name)
def test_every_manifest_fits_the_schema_and_names_it(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    assert path.read_text().startswith(f"# yaml-language-server: $schema={FILE}\n")
    validator.validate(yaml.safe_load(path.read_text()))


def test_short_forms_fit(validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(yaml.safe_load(VALID))


@pytest.mark.parametrize(
    "change",
    [
        {"sead": 7},
        {"seed": "7"},
        {"tables": {}},
        {"source": {"warehouse": "prod", "schema_": "shop"}},
        {"tables": {"a": {"primary_key": []}}},
        {"tables": {"a": {"primary_key": ""}}},
        {"tables": {"a": {"keep": "reel"}}},
        {"tables": {"a": {"columns": {"b": {"pii": "emial"}}}}},
    ],
)
def test_what_the_model_refuses_does_not_fit(change: dict[str, Any], validator: jsonschema.Draft202012Validator) -> None:
    assert not validator.is_valid({**yaml.safe_load(VALID), **change})
