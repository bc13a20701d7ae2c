"""Kinds of families: planes each of which flies for one carrier, which no column of a plane tells; and families that need none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_twins import Learned, Tables, learn, link, resolved, twin_of
from warehouse_twin.relations.key_plans import key_plans
from warehouse_twin.relations.kinds import KIND, dealt_out, learn_kinds
from warehouse_twin.relations.link_models import load_links
from warehouse_twin.synthesizers.protocol import Model

TO_PLANE = link("plane", "planes")
PLANES = resolved("planes", "id BIGINT", "seats BIGINT", key=("id",))
FLIGHTS = resolved("flights", "plane BIGINT", "carrier VARCHAR!", "miles BIGINT!", foreign=(TO_PLANE,))
TWIN = twin_of(PLANES, FLIGHTS, entity="planes", k=5)
COUNT = 400


def hangar(*, told: bool) -> Tables:
    """Carriers A, B and C, most rows of A; with `told` a plane's seats say whose it is."""
    draw = np.random.default_rng(3)
    carrier = draw.choice(3, COUNT, p=[0.5, 0.3, 0.2])
    plane = np.repeat(np.arange(COUNT), 1 + draw.poisson(8, COUNT))
    none = draw.random(len(plane)) < 0.1
    seats = carrier * 50 + 100 if told else draw.integers(50, 300, COUNT)
    flights = {"plane": pa.array(plane + 1, mask=none), "carrier": np.asarray(["A", "B", "C"])[np.where(none, 2, carrier[plane])]}
    return {
        "planes": pa.table({"id": np.arange(COUNT) + 1, "seats": seats}),
        "flights": pa.table({**flights, "miles": 500 + 100 * carrier[plane] + draw.integers(0, 90, len(plane))}),
    }


def shares(tables: Tables) -> np.ndarray:
    names = tables["flights"].column("carrier").to_pylist()
    return np.asarray([names.count(name) / len(names) for name in "ABC"])


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(TWIN, hangar(told=False), tmp_path_factory.mktemp("planes"))


def test_rows_of_one_parent_are_of_one_kind_and_kinds_have_their_shares(learned: Learned) -> None:
    found = learned.draw(seed=5)
    carriers: dict[object, set[object]] = {}
    for plane, carrier in zip(found["flights"].column("plane").to_pylist(), found["flights"].column("carrier").to_pylist(), strict=True):
        carriers.setdefault(plane, set()).add(carrier)
    carriers.pop(None)
    assert np.mean([len(several) == 1 for several in carriers.values()]) > 0.9
    training = {"flights": learned.training("flights")}
    assert np.abs(shares(found) - shares(training)).sum() / 2 < 0.02


def test_kinds_are_saved_without_the_parents_they_were_learned_from(learned: Learned, tmp_path: Path) -> None:
    links = learned.links("flights")
    assert links.kinds is not None
    assert links.kinds.parents is not None
    links.save(tmp_path)
    again = load_links(tmp_path).kinds
    assert again is not None
    assert again.parents is None
    planes, counts = pa.table({"seats": [100] * 40}), np.arange(40)
    assert again.draw(planes, counts, seed=1, held=True)[1].equals(links.kinds.draw(planes, counts, seed=1, held=True)[1])


def test_a_kind_is_of_k_entities_at_least(learned: Learned) -> None:
    kinds = learned.links("flights").kinds
    assert kinds is not None
    assert kinds.parents is not None
    sizes = kinds.parents.column(KIND).value_counts().field("counts").to_pylist()
    assert min(sizes) >= TWIN.k


def test_families_are_not_told_apart_by_what_the_parent_says_itself(tmp_path: Path) -> None:
    told = learn(TWIN, hangar(told=True), tmp_path)
    assert told.links("flights").kinds is None


class Drawn:
    """A model that draws kinds as they are written."""

    def __init__(self, kinds: str) -> None:
        self.kinds = kinds

    def sample(self, rows: int, *, seed: int, context: pa.Table) -> pa.Table:
        assert context.column_names == ["seats", "#children"]
        return pa.table({KIND: list(self.kinds)})


def test_numbers_of_rows_are_exchanged_until_kinds_have_their_shares(learned: Learned) -> None:
    kinds = learned.links("flights").kinds
    assert kinds is not None
    model: Model = Drawn("0011")  # type: ignore[assignment]
    one, planes = replace(kinds, model=model, rows=(30, 10)), pa.table({"seats": [1, 2, 3, 4]})
    counts, drawn = one.draw(planes, np.asarray([1, 1, 3, 3]), seed=1, held=True)
    assert counts.tolist() == [3, 3, 1, 1]
    assert drawn.to_pylist() == list("0011")
    assert one.draw(planes, np.asarray([1, 1, 3, 3]), seed=1, held=False)[0].tolist() == [1, 1, 3, 3]


def test_a_sequence_and_a_table_without_a_parent_have_no_kinds(learned: Learned) -> None:
    plans = key_plans(TWIN)
    for table in (TWIN["planes"], replace(TWIN["flights"], order_by="miles")):
        assert learn_kinds(table, plans, learned.profiles, learned.training, learned.read, k=5, seed=1) is None


def test_rows_of_which_most_are_alone_are_in_no_family(tmp_path: Path) -> None:
    tables = hangar(told=False)
    few = np.unique(tables["flights"].column("plane").fill_null(0).to_numpy(), return_index=True)[1]
    pairs = np.unique(np.r_[few, np.arange(0, tables["flights"].num_rows, 20)])
    assert learn(TWIN, {**tables, "flights": tables["flights"].take(pairs)}, tmp_path).links("flights").kinds is None


def test_no_kinds_where_parents_are_dealt_out_nearly_one_a_row() -> None:
    """Else the days of deliveries would follow the kind of an address, and no more the number of the line that is delivered."""
    rows = pa.table({"line": np.arange(100), "hour": np.arange(100) % 24})
    assert [dealt_out(rows, names) for names in (("line",), ("hour", "line"), ("hour",), ())] == [True, True, False, False]
