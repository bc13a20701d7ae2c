"""Sequences: places by hand, and families drawn one row after another from what was learned of customers and their orders."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tiny_blueprints import frame_of
from tiny_twins import Learned, Tables, broken_promises, digest, learn, link, resolved, twin_of
from warehouse_twin.manifest.resolved import ResolvedTable
from warehouse_twin.relations.drawing import Drawing
from warehouse_twin.relations.families import parts_of
from warehouse_twin.relations.sequences import places_of
from warehouse_twin.synthesizers.registry import load_model, model_digest
from warehouse_twin.synthesizers.sequence_terms import FAMILY
from warehouse_twin.synthesizers.sequences import SequenceModel, load_sequence
from warehouse_twin.synthesizers.sequential import TREE
from warehouse_twin.workspace import write_json

CUSTOMERS = resolved("customers", "id BIGINT", "fast BOOLEAN!", "start DATE!", "finish DATE", key=("id",))
TO_CUSTOMER = link("customer", "customers")
NEXT = {"new": ("paid", "paid", "paid", "void"), "paid": ("sent",), "sent": ("new", "new", "sent"), "void": ("new",)}


def orders(**more: object) -> ResolvedTable:
    columns = ("id BIGINT", "customer BIGINT!", "at TIMESTAMP!", "state VARCHAR!", "balance DECIMAL(9,2)!", "place VARCHAR")
    return resolved("orders", *columns, key=("id",), foreign=(TO_CUSTOMER,), **more)  # type: ignore[arg-type]


def shop(customers: int, *, seed: int, orders_each: float = 7) -> Tables:
    """Fast customers wait two days between orders on average, slow ones twenty; a balance that rises; a place that stays."""
    draw = np.random.default_rng(seed)
    fast = draw.random(customers) < 0.5
    begin = dt.date(2020, 1, 1)
    starts = [begin + dt.timedelta(days=int(day)) for day in draw.integers(0, 500, customers)]
    rows: list[tuple] = []
    for customer in range(customers):
        at = dt.datetime.combine(starts[customer], dt.time())
        state, balance, place = "new", 0.0, str(draw.choice(["here", "there", "nowhere"]))
        for _ in range(draw.poisson(orders_each)):
            at += dt.timedelta(seconds=int(draw.exponential(2 if fast[customer] else 20) * 86_400) + 1)
            state, balance = str(draw.choice(NEXT[state])), balance + round(float(draw.exponential(20)), 2)
            rows.append((len(rows) + 1, customer + 1, at, state, round(balance, 2), place))
    finish = [None if row % 3 == 0 else dt.date(2030, 1, 1) for row in range(customers)]
    columns = dict(zip(("id", "customer", "at", "state", "balance", "place"), map(list, zip(*rows, strict=True)), strict=True))
    found = pa.table(columns)
    found = found.set_column(2, "at", found.column("at").cast(pa.timestamp("us")))
    found = found.set_column(4, "balance", found.column("balance").cast(pa.decimal128(9, 2), safe=False))
    people = pa.table({"id": range(1, customers + 1), "fast": fast, "start": starts, "finish": pa.array(finish, type=pa.date32())})
    return {"customers": people, "orders": found}


def families(rows: pa.Table, *columns: str, by: str = "customer") -> list[list[tuple]]:
    """The values of these columns, family by family, in order of the first."""
    found: dict[object, list[tuple]] = {}
    for row in rows.to_pylist():
        found.setdefault(row[by], []).append(tuple(row[column] for column in columns))
    return [sorted(family) for family in found.values()]


def steps(rows: pa.Table, *columns: str) -> list[tuple[tuple, tuple]]:
    return [pair for family in families(rows, *columns) for pair in pairwise(family)]


@pytest.fixture(scope="module")
def source() -> Tables:
    return shop(400, seed=1)


@pytest.fixture(scope="module")
def learned(source: Tables, tmp_path_factory: pytest.TempPathFactory) -> Learned:
    return learn(twin_of(CUSTOMERS, orders(order_by="at"), entity="customers", k=5), source, tmp_path_factory.mktemp("ordered"))


@pytest.fixture(scope="module")
def drawn(learned: Learned) -> Tables:
    return learned.draw(seed=3)


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_places_are_those_among_all_rows_seen_from_training_rows() -> None:
    """Family 8 in order is rows 2, 0, 4, of which 0 is held out; family 9 is row 1; rows 3 and 5 have no parent."""
    key = pa.chunked_array([[8, 9, 8, None, 8, None]])
    order = np.asarray([2.0, 1.0, 1.0, 5.0, math.nan, 4.0])
    held = np.asarray([True, False, False, False, False, False])
    found = places_of([key], order, np.arange(6) + 100, held)
    assert found.entities.tolist() == [101, 102, 103, 104, 105]
    assert found.place.tolist() == [0, 0, 0, 2, 0]
    assert found.remaining.tolist() == [0, 2, 0, 0, 0]
    assert found.before.tolist() == [-1, -1, -1, -2, -1]
    assert found.first.tolist() == [0, 1, 2, 1, 4]


def test_no_rows_have_no_places() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    found = places_of([pa.chunked_array([nothing])], np.zeros(0), nothing, nothing.astype(bool))
    assert not len(found.place)


# ── what is drawn ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_facts_of_the_families_are_found(learned: Learned) -> None:
    model = learned.blueprint("orders").model
    assert isinstance(model, SequenceModel)
    facts = model.facts
    assert (facts.order, facts.to, facts.by_day, facts.apart) == ("at", None, False, True)
    assert (facts.start, facts.after, facts.before) == ("customers.start", ("customers.start",), ("customers.finish",))
    assert (facts.changes, facts.constant) == (("balance",), ("place",))
    assert facts.step == 1_000_000


def test_the_promises_hold(learned: Learned, source: Tables, drawn: Tables) -> None:
    assert broken_promises(learned.twin, drawn, source) == []
    assert digest(drawn) == digest(learned.draw(seed=3))


def test_no_order_is_before_its_customer_nor_after(drawn: Tables) -> None:
    people = {row["id"]: row for row in drawn["customers"].to_pylist()}
    for row in drawn["orders"].to_pylist():
        assert row["at"].date() >= people[row["customer"]]["start"]
        assert row["at"].date() <= (people[row["customer"]]["finish"] or dt.date.max)


def test_what_never_happens_in_a_family_never_does(drawn: Tables) -> None:
    """No two orders at one time, no balance that falls, no place that changes."""
    for before, now in steps(drawn["orders"], "at", "balance", "place"):
        assert before[0] < now[0]
        assert before[1] <= now[1]
        assert before[2] == now[2]


def gaps(tables: Mapping[str, pa.Table], *, fast: bool) -> np.ndarray:
    chosen = {row["id"] for row in tables["customers"].to_pylist() if row["fast"] == fast}
    mine = tables["orders"].filter(pa.array([customer in chosen for customer in tables["orders"].column("customer").to_pylist()]))
    return np.asarray([(now[0] - before[0]).total_seconds() for before, now in steps(mine, "at")])


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Kolmogorov-Smirnov."""
    knots = np.concatenate([a, b])
    return float(max(abs(np.searchsorted(np.sort(a), knots, "right") / len(a) - np.searchsorted(np.sort(b), knots, "right") / len(b))))


def transitions(rows: pa.Table) -> dict[tuple, float]:
    found = steps(rows, "at", "state")
    counts: dict[tuple, float] = {}
    for before, now in found:
        counts[before[1], now[1]] = counts.get((before[1], now[1]), 0.0) + 1 / len(found)
    return counts


def test_sequences_are_nearer_to_the_source_than_rows_drawn_alone(source: Tables, drawn: Tables, tmp_path: Path) -> None:
    alone = learn(twin_of(CUSTOMERS, orders(), entity="customers", k=5), source, tmp_path).draw(seed=3)
    for fast in (True, False):
        real = gaps(source, fast=fast)
        assert distance(real, gaps(drawn, fast=fast)) < min(0.08, distance(real, gaps(alone, fast=fast)))
    real_steps = transitions(source["orders"])

    def variation(tables: Tables) -> float:
        found = transitions(tables["orders"])
        return sum(abs(real_steps.get(step, 0.0) - found.get(step, 0.0)) for step in {*real_steps, *found}) / 2

    assert variation(drawn) < min(0.06, variation(alone))


# ── how it is drawn ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_rows_come_out_of_any_parts(learned: Learned, drawn: Tables) -> None:
    blueprint = learned.blueprint("orders")
    frame = frame_of(blueprint, {"customers": drawn["customers"]}, seed=9)
    drawing = Drawing("tree", learned.folder, 9, blueprint.types, blueprint.given)
    whole = drawing.complete(frame, blueprint.model)
    parts = [drawing.complete(part, blueprint.model) for part in parts_of(frame, 300)]
    assert len(parts) > 3
    assert pa.concat_tables(parts).combine_chunks().equals(whole.combine_chunks())


def test_a_saved_model_draws_the_same(learned: Learned, drawn: Tables, tmp_path: Path) -> None:
    blueprint = learned.blueprint("orders")
    blueprint.model.save(tmp_path)
    frame = frame_of(blueprint, {"customers": drawn["customers"]}, seed=9)
    context = frame.select([FAMILY, *blueprint.given])
    counters = frame.column("__row").to_numpy()
    loaded = load_sequence(TREE, tmp_path)
    first = blueprint.model.sample(frame.num_rows, seed=4, counters=counters, context=context)
    assert first.equals(loaded.sample(frame.num_rows, seed=4, counters=counters, context=context))
    write_json(tmp_path / "card.json", {"digest": model_digest(tmp_path)})
    assert isinstance(load_model("tree", tmp_path), SequenceModel)


def test_without_context_every_row_is_a_first(learned: Learned, tmp_path: Path) -> None:
    bare = resolved("customers", "id BIGINT", key=("id",))
    source = shop(60, seed=2)
    rows = {"customers": source["customers"].select(["id"]), "orders": source["orders"]}
    alone = learn(twin_of(bare, orders(order_by="at"), entity="customers", k=2), rows, tmp_path)
    model = alone.blueprint("orders").model
    assert model.sample(5, seed=1).num_rows == 5
    assert model.sample(0, seed=1).num_rows == 0
    assert broken_promises(alone.twin, alone.draw(seed=1), rows) == []


# ── windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def versions(customers: int, *, seed: int, never: dt.date | None, gaps: bool) -> Tables:
    """Addresses of customers, one after another; the last one is open."""
    draw = np.random.default_rng(seed)
    rows: list[tuple] = []
    for customer in range(1, customers + 1):
        since, count = dt.date(2020, 1, 1) + dt.timedelta(days=int(draw.integers(0, 200))), int(draw.integers(1, 6))
        for version in range(count):
            until = since + dt.timedelta(days=int(draw.integers(5, 100)))
            rows.append((customer, since, never if version == count - 1 else until, str(draw.choice(["a", "b", "c"]))))
            since = until + dt.timedelta(days=int(draw.integers(0, 9)) if gaps else 0)
    people = pa.table({"id": range(1, customers + 1), "fast": [True] * customers, "start": [dt.date(2019, 1, 1)] * customers})
    people = people.append_column("finish", pa.array([None] * customers, type=pa.date32()))
    table = pa.table({"customer": [row[0] for row in rows], "since": [row[1] for row in rows]})
    table = table.append_column("until", pa.array([row[2] for row in rows], type=pa.date32()))
    return {"customers": people, "addresses": table.append_column("street", pa.array([row[3] for row in rows]))}


@pytest.mark.parametrize(("never", "gaps"), [(None, False), (dt.date(9999, 12, 31), False), (None, True)])
def test_windows_do_not_overlap_and_only_the_last_is_open(tmp_path: Path, never: dt.date | None, gaps: bool) -> None:
    source = versions(150, seed=1, never=never, gaps=gaps)
    columns = ("customer BIGINT", "since DATE", "until DATE", "street VARCHAR!")
    ordered = {"order_by": "since", "validity": ("since", "until")}
    table = resolved("addresses", *columns, key=("customer", "since"), foreign=(TO_CUSTOMER,), **ordered)  # type: ignore[arg-type]
    learned = learn(twin_of(CUSTOMERS, table, entity="customers", k=5), source, tmp_path)
    found = learned.draw(seed=2)
    assert broken_promises(learned.twin, found, source) == []
    passed = []
    for family in families(found["addresses"], "since", "until"):
        assert family[-1][1] == never
        for (since, until), (then, _) in pairwise(family):
            assert since < until <= then
            passed.append((then - until).days)
    assert len(passed) > 100
    assert max(passed) > 3 if gaps else max(passed) == 0


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_of_an_order_are_numbered_one_after_another(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    counts = draw.integers(1, 6, 200)
    lines = pa.table(
        {
            "customer": np.repeat(np.arange(200) + 1, counts),
            "line": np.concatenate([np.arange(count) + 1 for count in counts]),
            "price": draw.integers(1, 50, counts.sum()),
        }
    )
    people = shop(200, seed=1)["customers"]
    columns = ("customer BIGINT", "line BIGINT", "price BIGINT")
    table = resolved("lines", *columns, key=("customer", "line"), foreign=(TO_CUSTOMER,), order_by="line")
    learned = learn(twin_of(CUSTOMERS, table, entity="customers", k=5), {"customers": people, "lines": lines}, tmp_path)
    found = learned.draw(seed=2)
    for family in families(found["lines"], "line"):
        assert [line for (line,) in family] == list(range(1, len(family) + 1))
