"""SDV's HMA behind our keys: all tables at once, children with their parents, the sizes that are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import learn, link, resolved, twin_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.randomness import derive_seed
from warehouse_twin.relations.blueprints import Blueprint
from warehouse_twin.relations.whole_schema import schema_frame, schema_rows
from warehouse_twin.synthesizers.registry import load_model, model_digest
from warehouse_twin.synthesizers.sdv_schemas import HMA_SCHEMA, HmaModel
from warehouse_twin.workspace import write_json

pytestmark = pytest.mark.filterwarnings("ignore")  # SDV and what it imports warn about one another's deprecations


def test_a_schema_is_drawn_as_a_whole_with_keys_of_ours(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    owners = [None if number % 10 == 0 else int(owner) for number, owner in enumerate(draw.integers(1, 31, 60))]
    source = {
        "people": pa.table({"id": [f"P{number:03}" for number in range(30)], "size": draw.normal(size=30)}),
        "visits": pa.table({"person": [None if owner is None else f"P{owner - 1:03}" for owner in owners], "dose": draw.normal(size=60)}),
    }
    people = resolved("people", "id VARCHAR", "size DOUBLE", key=("id",))
    twin = twin_of(people, resolved("visits", "person VARCHAR", "dose DOUBLE", foreign=(link("person", "people"),)), k=2)
    (tmp_path / "source").mkdir()
    learned = learn(twin, source, tmp_path / "source")
    rows = schema_rows(twin, learned.plans, learned.profiles, learned.training)
    fitted = HMA_SCHEMA.fit_schema(rows, parameters={}, seed=1)
    (tmp_path / "model").mkdir()
    fitted.save(tmp_path / "model")
    write_json(tmp_path / "model" / "card.json", {"digest": model_digest(tmp_path / "model")})
    model = load_model("hma", tmp_path / "model")
    assert isinstance(model, HmaModel)
    drawn = model.sample_schema({"people": 25, "visits": 50}, seed=3)
    again = fitted.sample_schema({"people": 25, "visits": 50}, seed=3)
    assert all(drawn[name][0].equals(again[name][0]) for name in drawn), "the same seed, the same rows"
    assert {name: len(table) for name, (table, _) in drawn.items()} == {"people": 25, "visits": 50}
    parents: dict[str, pa.Table] = {}
    for name in ("people", "visits"):
        table, links = drawn[name]
        blueprint = Blueprint(
            twin[name], learned.plans[name], learned.profiles[name], model, learned.read(name).schema.remove_metadata(), len(table), ()
        )
        frame = schema_frame(twin, blueprint, (table, links), parents, seed=derive_seed(3, name))
        parents[name] = pa.table({**{column: frame.column(column) for column in frame.column_names[1:]}, "values": table.column(0)})
    keys = parents["people"]["id"].to_pylist()
    assert len(set(keys)) == 25
    assert set(parents["visits"]["person"].drop_null().to_pylist()) <= set(keys)
    assert 0 < parents["visits"]["person"].null_count < 20
    with pytest.raises(ConfigurationError, match="hma draws a schema and no single table"):
        model.sample(3, seed=1)
    with pytest.raises(ConfigurationError, match="people: hma draws a whole schema"):
        HMA_SCHEMA.fit(source["people"], learned.profiles["people"], given=(), parameters={}, seed=1)
