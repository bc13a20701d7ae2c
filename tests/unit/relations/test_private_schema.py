"""What a private synthesizer is given of a schema, and that the rest is known from the catalog alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import learn, link, resolved, twin_of
from warehouse_twin.errors import ConfigurationError
from warehouse_twin.manifest.resolved import ResolvedPrivacy, ResolvedTwin
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.private_schema import counted_schema, declared_profiles, refuse_domains, shared

PEOPLE, ORDERS, LINES = 60, 200, 500
LINES_OF = (link("order_id", "orders"),)
PLACES = pa.table({"code": ["north", "south"]})


def twin(**more: object) -> ResolvedTwin:
    found = twin_of(
        resolved("places", "code VARCHAR", key=("code",), keep_real=True),
        resolved("people", "id INTEGER", "place VARCHAR!", "mail VARCHAR", key=("id",), foreign=(link("place", "places", "code"),), **more),
        resolved("orders", "id INTEGER", "owner INTEGER!", "paid BOOLEAN", key=("id",), foreign=(link("owner", "people"),)),
        resolved("lines", "order_id INTEGER", "nth INTEGER", "price DOUBLE", key=("order_id", "nth"), foreign=LINES_OF),
        entity="people",
    )
    return replace(found, privacy=ResolvedPrivacy(1.0, 1e-6, {"orders": 9, "lines": 40}, (1.0, 1e-6)))


def tables(seed: int = 1) -> dict[str, pa.Table]:
    draw = np.random.default_rng(seed)
    owner, order = draw.integers(1, PEOPLE + 1, ORDERS), np.sort(draw.integers(1, ORDERS + 1, LINES))
    nth = np.arange(LINES) - np.searchsorted(order, order) + 1
    ids = pa.array(np.arange(1, PEOPLE + 1), pa.int32())
    place = np.asarray(["north", "south"], dtype=object)[draw.integers(0, 2, PEOPLE)]
    return {
        "places": PLACES,
        "people": pa.table({"id": ids, "place": pa.array(place.tolist()), "mail": [f"secret{i}@x.org" for i in range(PEOPLE)]}),
        "orders": pa.table(
            {"id": pa.array(np.arange(1, ORDERS + 1), pa.int32()), "owner": pa.array(owner, pa.int32()), "paid": draw.random(ORDERS) < 0.5}
        ),
        "lines": pa.table({"order_id": pa.array(order, pa.int32()), "nth": pa.array(nth, pa.int32()), "price": draw.random(LINES)}),
    }


def test_rows_come_with_their_entity_through_every_key(tmp_path: Path) -> None:
    asked, rows = twin(pii={"mail": ("email", "en_US")}), tables()
    learned = learn(asked, rows, tmp_path)

    def whole(name: str, columns: list[str]) -> pa.Table:
        return learned.read(name, columns)

    def stored(name: str, columns: Sequence[str], places: np.ndarray) -> pa.Table:
        return learned.read(name, list(columns)).take(pa.array(places))

    found = counted_schema(asked, key_plans(asked), declared_profiles(asked, {"places": PLACES}), whole, stored)
    owner = rows["orders"].column("owner").to_numpy() - 1
    held = learned.read("people", ["__holdout"]).column(0).to_numpy()
    of_line = owner[rows["lines"].column("order_id").to_numpy() - 1]
    assert found["orders"].entities.tolist() == owner[~held[owner]].tolist()
    assert found["lines"].entities.tolist() == of_line[~held[of_line]].tolist()
    assert (found["people"].at_most, found["orders"].at_most, found["lines"].at_most) == (1, 9, 40)
    assert found["lines"].drive == ("key0", "orders")
    assert found["people"].rows.column_names == ["place", "mail"]
    assert found["people"].domains == {"place": {"values": ["north", "south"]}}
    assert [profile.name for profile in found["people"].made] == ["mail"]
    assert found["orders"].domains == {"paid": {"values": ("false", "true")}}
    assert shared(asked) == ()


def test_profiles_of_the_catalog_know_nothing_of_any_row() -> None:
    found = declared_profiles(twin(), {"places": PLACES})
    assert found == declared_profiles(twin(), {"places": PLACES})
    assert found["lines"].rules[0].kind == "position"
    assert "secret" not in str(found)


def test_a_row_of_two_entities_is_named() -> None:
    two = twin_of(
        resolved("people", "id INTEGER", key=("id",)),
        resolved("gifts", "giver INTEGER", "taker INTEGER", foreign=(link("giver", "people"), link("taker", "people"))),
        entity="people",
    )
    assert shared(two) == ("gifts",)


@pytest.mark.parametrize(
    ("column", "said", "fault"),
    [
        ("mail", {"from": "a", "to": "b"}, "people.mail: a VARCHAR is in no order; wanted values"),
        ("place", {"values": ["north"]}, ""),
    ],
)
def test_domains_that_are_none_of_a_column(column: str, said: dict[str, object], fault: str) -> None:
    asked = twin(domains={column: said})
    if not fault:
        refuse_domains(asked)
        return
    with pytest.raises(ConfigurationError, match=fault):
        refuse_domains(asked)
