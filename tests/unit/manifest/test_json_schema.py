from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from warehouse_twin.manifest.json_schema import FILE, manifest_schema, write
from warehouse_twin.manifest.loading import load

TWINS = Path(__file__).parents[3] / "twins"
VALID = """
twin: shop
source: {warehouse: prod, schema: shop}
target: {warehouse: dev, schema: shop}
seed: 7
synthesizer: tree
tables:
  notes:
  customers: {primary_key: id, challengers: [independent, {name: tree, parameters: {leaf: 30}}]}
  orders: {primary_key: [id, line], foreign_keys: [{columns: customer, references: customers}]}
"""
SHORT = {
    "notes:": "notes: {}",
    "primary_key: id": "primary_key: [id]",
    "challengers: [independent,": "challengers: [{name: independent},",
    "columns: customer,": "columns: [customer],",
}
"""Short forms of `VALID`, and what they stand for."""


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


def test_short_forms_fit_and_say_what_the_long_ones_say(validator: jsonschema.Draft202012Validator, tmp_path: Path) -> None:
    long = VALID
    for short, full in SHORT.items():
        assert long.count(short) == 1
        long = long.replace(short, full)
    assert [error.message for text in (VALID, long) for error in validator.iter_errors(yaml.safe_load(text))] == []
    models = []
    for folder, text in (("short", VALID), ("long", long)):
        path = tmp_path / folder / "shop.yml"
        path.parent.mkdir()
        path.write_text(text)
        models.append(load(path).manifest)
    assert models[0] == models[1]


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
